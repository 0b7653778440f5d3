"""Takes the files of plain responses to plain jobs in one step: nearly every small file of a first run.

``Transfer`` applies one rule after another, most of which have nothing to decide about a new file of exactly the listed
size. This is the same outcome for a sixth of the calls. Whenever one of those rules might decide something, the result
is None, and ``Transfer`` does the job.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from crawler.model import limits
from crawler.model.columns.new_files import Columns, NewFiles, Row, columns_of
from crawler.model.freshness import Currency, Source
from crawler.model.network.responses import WholeResponse
from crawler.model.network.shapes import Varying
from crawler.model.struct import replace
from crawler.model.values import UNCONFIRMED, Job, Kind, Known, Outcome, Result, Span, Staged
from crawler.pipeline.fetch.transfer import Shared
from crawler.pipeline.rules.compare import NANOSECONDS
from crawler.pipeline.rules.responses.alike import is_ordinary
from crawler.pipeline.rules.responses.content_type import are_special, is_never_the_file
from crawler.pipeline.rules.responses.evidence import currency, known_of, mtime_of, prove
from crawler.text.digests import sha256_of
from crawler.text.http_fields import parse_http_date

if TYPE_CHECKING:
    from crawler.model.network.receiving import HeldBody, StoredPart

B = TypeVar("B")

_SAVED, _FILE, _FIRST = Outcome.SAVED, Kind.FILE, Source.FIRST  # a member of an enumeration takes 80 ns to look up
_LISTED, _OLDER, _OTHER = Currency.LISTED, Currency.OLDER, Currency.OTHER


def plain_file(shared: Shared, job: Job, reply: WholeResponse, began: float) -> Staged | None:
    """The complete body of ``reply`` as the file of ``job``, requested at ``began``; None if it is not that simple.

    ``began`` is as given by ``time.monotonic``.
    """
    size, body, headers = job.size, reply.body, reply.headers
    length = len(body)
    if reply.status != 200 or size is None or not size.low == length == size.high or length > limits.SMALL_BODY:
        return None
    if not _is_plain(job) or headers.get("Content-Length") != str(length) or are_special(tuple(headers)):
        return None
    if is_never_the_file(job.path, headers.get("Content-Type", ""), body):
        return None
    if shared.rejects_headers(job, length, parse_http_date(headers.get("Last-Modified"))):
        return None
    proof = prove(job, 200, headers, time.time())
    if proof.currency is _OLDER:
        return None
    shared.observer.received(job, length)
    mtime = mtime_of(job, headers)
    lacks_digest = shared.destination.adds_digests
    known = known_of(job, proof, length, mtime or 0, None if lacks_digest else sha256_of(body))
    return _staged(job, body, mtime, known, proof.currency, time.monotonic() - began, lacks_digest=lacks_digest)


Reply = tuple[Varying, "bytes | HeldBody", int]
"""Of a response with a header section of an ordinary shape: what varies in it, the body, and its size."""


def new_files(
    shared: Shared, jobs: Sequence[Job], replies: Sequence[WholeResponse | None], began: float
) -> tuple[NewFiles, list[tuple[Job, WholeResponse | None]]]:
    """The new files among ``jobs`` whose replies have header sections of an ordinary shape, with a time; the others.

    They are what ``plain_file`` would make of each, without a digest.
    """
    several = list[Reply | None]()
    for reply in replies:
        if reply is None or (shape := reply.shape) is None or not is_ordinary(shape):
            several.append(None)
        else:
            several.append((reply.varying, reply.body, len(reply.body)))
    files, left = files_of(shared, jobs, several, began)
    return files, [(jobs[place], replies[place] if place < len(replies) else None) for place in left]


def files_of(
    shared: Shared, jobs: Sequence[Job], replies: Iterable[Reply | None], began: float
) -> tuple[NewFiles, list[int]]:
    """The new files among ``jobs``, and the places of the other jobs. There may be fewer ``replies``."""
    columns, bodies, others = _columns_of(shared, jobs, replies, began)
    return NewFiles(columns, bodies), others


def _columns_of(
    shared: Shared, jobs: Sequence[Job], replies: Iterable[tuple[Varying, B, int] | None], began: float
) -> tuple[Columns, list[B], list[int]]:
    """The new files among ``jobs``, their bodies, and the places of the other jobs."""
    now, seconds, rejects = time.time(), time.monotonic() - began, shared.rejects_headers
    found, bodies, others = list[Row](), list[B](), list[int]()
    last_row: Span[datetime] | None = None  # a row and a Last-Modified that agree
    last: str | None = None
    for place, (job, reply) in enumerate(zip_longest(jobs, replies)):
        if reply is None or job.local is not None or not _is_plain(job):
            others.append(place)
            continue
        (modified, etag, date), body, length = reply
        size, version = job.size, _OLDER
        moment, sent = parse_http_date(modified), parse_http_date(date)
        made = now if sent is None or now < sent else sent
        is_whole = size is not None and size.low == length == size.high
        if moment is not None and is_whole and not rejects(job, length, moment):
            row, version = job.moment or job.modified, _LISTED
            if not job.vouched and (row is None or row is not last_row or modified != last):
                version = currency(job, modified, made)
                last_row, last = (row, modified) if version is _LISTED else (None, None)
        if moment is None or version is _OLDER:
            others.append(place)
            continue
        checked = UNCONFIRMED if version is _OTHER else made
        found.append((job, length, int(moment) * NANOSECONDS, etag, modified, checked, version, seconds))
        bodies.append(body)
    columns = columns_of(found)
    shared.observer.all_received(columns.jobs, columns.sizes)
    return columns, bodies, others


def parts_of(
    shared: Shared, jobs: Sequence[Job], replies: Iterable[tuple[Varying, StoredPart, int] | None], began: float
) -> tuple[list[Staged], list[int]]:
    """``files_of`` files whose bodies are stored in parts."""
    columns, parts, others = _columns_of(shared, jobs, replies, began)
    found = list[Staged]()
    for place, part in enumerate(parts):
        known = columns.record(place, part.digest)
        result = columns.result(place, known)
        job, size, mtime = columns.jobs[place], known.size, known.mtime
        found.append(Staged(job=job, part=part.name, body=b"", size=size, mtime=mtime, result=result))
    return found, others


def hashed(staged: Staged) -> Staged:
    """``staged`` for a destination that does not add digests."""
    known, digest = staged.result.known, sha256_of(staged.body)
    result = replace(staged.result, digest=digest, known=known and replace(known, digest=digest))
    return replace(staged, result=result, lacks_digest=False)


def _staged(
    job: Job, body: bytes, mtime: int | None, known: Known, found: Currency, seconds: float, *, lacks_digest: bool
) -> Staged:
    """The complete file of ``job``, whose record will be ``known``."""
    length, local = len(body), job.local
    result = Result(
        path=job.path,
        url=job.url,
        outcome=_SAVED,
        reason=job.reason,
        size=length,
        received=length,
        seconds=seconds,
        attempts=job.spent + 1,
        digest=known.digest,
        old_size=local.size if local else None,
        known=known,
        currency=found,
        dating=job.dating,
    )
    return Staged(job=job, part="", body=body, size=length, mtime=mtime, result=result, lacks_digest=lacks_digest)


def _is_plain(job: Job) -> bool:
    """Whether ``job`` is a file without a copy or a published digest, listed by the first host."""
    return (
        job.known is None
        and job.copy is None
        and job.digest is None
        and job.kind is _FILE
        and job.source is _FIRST
        and not (job.probe or job.fresh)
    )
