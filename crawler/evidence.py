"""What an answer says of a file: for the state to remember, for the copy to show, or as the error of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crawler.errors import FetchError, VerificationError
from crawler.models import Job, Known
from crawler.plan import NANOSECONDS, Action, Verdict, content_length, is_strong_tag, validators_of
from crawler.retry import parse_http_date
from crawler.zones import row_agrees


def known_of(job: Job, headers: Mapping[str, str], size: int, mtime: int, digest: str | None, now: float) -> Known:
    """What to remember of a body. ``mtime`` in nanoseconds, ``now`` in seconds since the epoch."""
    return Known(
        path=job.path,
        url=job.url,
        row=job.row,
        size=size,
        mtime=mtime,
        validators=validators_of(headers),
        digest=digest,
        checked=_server_time(headers, now),
    )


def confirmed(job: Job, headers: Mapping[str, str], now: float) -> Known:
    """What to remember after a 304 to the request for ``job``, whose ``known`` it confirms.

    Its ``mtime`` is the one that the copy should have: a strong ETag may stay while the time changes, as after an
    upload of the same bytes.
    """
    known = job.known
    assert known is not None
    said, mtime = validators_of(headers), mtime_of(job, headers)
    validators = known.validators
    moved = said.last_modified != validators.last_modified and parse_http_date(said.last_modified) is not None
    if moved and is_strong_tag(validators.etag) and said.etag in (None, validators.etag) and mtime is not None:
        known = replace(known, mtime=mtime, validators=replace(validators, last_modified=said.last_modified))
    # A 304 beside a row of another time comes from a cache that lags behind: keep the old row, so that the next
    # run asks again.
    agrees = row_agrees(job.modified, known.validators.last_modified)
    return replace(known, row=job.row if agrees else known.row, checked=_server_time(headers, now))


def adopted(job: Job, headers: Mapping[str, str], now: float) -> Known | None:
    """What to remember of the copy that lies there, if an answer to HEAD or GET gives the file its size and time.

    None if it gives others, or not both.
    """
    local, modified = job.local, parse_http_date(headers.get("Last-Modified"))
    if local is None or modified is None or int(modified) != local.mtime // NANOSECONDS:
        return None
    if content_length(headers) != local.size:
        return None
    return known_of(job, headers, local.size, local.mtime, job.known.digest if job.known else None, now)


def mtime_of(job: Job, headers: Mapping[str, str]) -> int | None:
    """When the file was modified, nanoseconds since the epoch: by the answer, else by a row that names its zone."""
    modified = parse_http_date(headers.get("Last-Modified"))
    if modified is None and job.modified is not None and job.modified.low.tzinfo is not None:
        modified = job.modified.low.timestamp()
    return None if modified is None else int(modified) * NANOSECONDS


def refused(action: Action, url: str, status: int) -> FetchError:
    """An answer that is not what was asked for, as an error that says if it is worth another try."""
    return FetchError(
        action.reason or f"HTTP {status}",
        url=url,
        status=status,
        retryable=action.verdict is Verdict.RETRY,
        retry_after=action.delay,
    )


def _server_time(headers: Mapping[str, str], now: float) -> float:
    """The server's clock; ours if it does not say."""
    date = parse_http_date(headers.get("Date"))
    return now if date is None else date


class Unwanted(VerificationError):
    """A filter decided by the headers of a response that the file is not wanted: it is skipped."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retryable=False)
