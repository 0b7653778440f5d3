"""Messages between the processes of ``--processes``: tuples of plain values whose first element is the kind.

A frame carries many messages, as a pickled list. Both ends belong to one run, with the same code and user, and data
from servers is only text or bytes inside a tuple, so pickle adds no risk.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from crawler.http.client import ClientOptions
from crawler.model.config import Config
from crawler.model.currency import Currency, Dating, Source
from crawler.model.state.host_limits import HostLimits
from crawler.model.struct import Value
from crawler.model.values import Job, Kind, Known, Local, Outcome, Result, Span, Validators
from crawler.storage.directory.boundaries.spared import OwnFile

Message: TypeAlias = tuple[Any, ...]
Packed: TypeAlias = tuple[Any, ...]
"""A value as a tuple, without its field names, which every message would repeat."""

# Kinds of messages, and the values that follow. Not an enum: pickle would refer to its class for each member.

# From the parent to a worker.
SETUP = 0
"""(WorkerSetup): the first message."""
REDIRECTS = 1
"""(Redirects): the rules for redirects of the following jobs."""
JOB = 2
"""(number, packed Job): a job to do."""
CEILING = 3
"""(count): the maximum number of connections of this worker to one host."""
GRANTED = 4
"""(number): the reply to ACQUIRE and DOUBT."""
END = 5
"""(): no more jobs will come."""
STOP = 6
"""(): cancel the jobs in flight."""

# In both directions.
PAUSE = 7
"""(URL, seconds): a host requested a pause, which all processes observe."""

# From a worker to the parent.
RESULT = 10
"""(number, packed Result): how a job ended."""
PROGRESS = 11
"""(number, count, offset or None): bytes received since the last report; then the body continues after ``offset``."""
ACQUIRE = 12
"""(number, REQUESTS or BYTES, count): wait until the rate limit allows that much. The reply is GRANTED."""
LOG = 13
"""(level, event, fields): a log record."""
RETRY = 14
"""(attempt, seconds, URL, reason): another attempt follows after that wait."""
FATAL = 15
"""(exit code, text): the worker cannot continue."""
LEARNT = 16
"""(mapping of host to HostLimits): what this worker learnt, sent when it ends."""
WARN = 17
"""(text): a problem that does not end the worker."""
DOUBT = 18
"""(number, paths): call ``StateStore.doubt``. The reply is GRANTED."""

REQUESTS, BYTES = "requests", "bytes"
"""The two rate limits that ACQUIRE can name."""


class WorkerSetup(Value, frozen=True, kw_only=True):
    """The settings that a worker needs before its first job."""

    config: Config
    options: ClientOptions
    directory: str
    """DIR, absolute or relative to the working directory, which parent and worker share."""
    own: Sequence[OwnFile]
    """Files of the program, which a worker must not replace."""
    log_level: int
    hosts: Mapping[str, HostLimits]
    """What earlier runs learnt about hosts, divided by the number of workers."""
    start: int
    """Initial limit of requests in flight to an unknown host."""
    knew_files: bool
    """The value of ``StateStore.knew_files``."""


def encode(messages: list[Message]) -> bytes:
    """The payload of a frame that carries ``messages``."""
    return pickle.dumps(messages, protocol=pickle.HIGHEST_PROTOCOL)


def decode(payload: bytes) -> list[Message]:
    """The messages of a frame."""
    messages: list[Message] = pickle.loads(payload)
    return messages


def pack_job(job: Job) -> Packed:
    """``job`` as a tuple."""
    size, modified, known, local = job.size, job.modified, job.known, job.local
    return (
        job.url,
        job.path,
        job.reason,
        job.kind.value,
        None if size is None else (size.low, size.high),
        None if modified is None else (modified.low, modified.high),
        job.row,
        job.digest,
        None if known is None else _pack_known(known),
        None if local is None else (local.kind.value, local.size, local.mtime),
        job.probe,
        None if job.copy is None else _pack_known(job.copy),
        None if job.moment is None else (job.moment.low, job.moment.high),
        job.dating.value,
        job.vouched,
        job.fresh,
        job.source.value,
        job.mirrors,
        job.spent,
        None if job.recorded is None else _pack_known(job.recorded),
    )


def unpack_job(packed: Packed) -> Job:
    url, path, reason, kind, size, modified, row, digest, known, local, probe, *caching = packed
    copy, moment, dating, vouched, fresh, source, mirrors, spent, recorded = caching
    return Job(
        url=url,
        path=path,
        reason=reason,
        kind=Kind(kind),
        size=None if size is None else Span(*size),
        modified=None if modified is None else Span(*modified),
        row=row,
        digest=digest,
        known=None if known is None else _unpack_known(known),
        local=None if local is None else Local(Kind(local[0]), local[1], local[2]),
        probe=probe,
        copy=None if copy is None else _unpack_known(copy),
        moment=None if moment is None else Span(*moment),
        dating=Dating(dating),
        vouched=vouched,
        fresh=fresh,
        source=Source(source),
        mirrors=mirrors,
        spent=spent,
        recorded=None if recorded is None else _unpack_known(recorded),
    )


def pack_result(result: Result) -> Packed:
    """``result`` as a tuple, without its path, which the parent knows from the job."""
    return (
        result.url,
        result.outcome.value,
        result.reason,
        result.size,
        result.received,
        result.seconds,
        result.attempts,
        result.digest,
        result.old_size,
        None if result.known is None else _pack_known(result.known),
        result.currency.value,
        result.dating.value,
        result.upstream,
    )


def unpack_result(packed: Packed, path: str) -> Result:
    url, outcome, reason, size, received, seconds, attempts, digest, old_size, known, *judged = packed
    currency, dating, upstream = judged
    return Result(
        path=path,
        url=url,
        outcome=Outcome(outcome),
        reason=reason,
        size=size,
        received=received,
        seconds=seconds,
        attempts=attempts,
        digest=digest,
        old_size=old_size,
        known=None if known is None else _unpack_known(known),
        currency=Currency(currency),
        dating=Dating(dating),
        upstream=upstream,
    )


def _pack_known(known: Known) -> Packed:
    validators = known.validators
    return (
        known.path,
        known.url,
        known.row,
        known.size,
        known.mtime,
        validators.etag,
        validators.last_modified,
        known.digest,
        known.version,
        known.checked,
        known.adopted,
    )


def _unpack_known(packed: Packed) -> Known:
    path, url, row, size, mtime, etag, last_modified, digest, version, checked, adopted = packed
    return Known(
        path=path,
        url=url,
        row=row,
        size=size,
        mtime=mtime,
        validators=Validators(etag=etag, last_modified=last_modified),
        digest=digest,
        version=version,
        checked=checked,
        adopted=adopted,
    )
