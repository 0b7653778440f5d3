"""What crosses between the processes of a run: messages of plain values, many in one frame.

A frame is four bytes that say how long it is, and a pickled list of tuples whose first element names the message. Both
ends are processes of one run that one of them started, with one code and one user: what a server sent is only ever text
or bytes in a tuple here, so pickle opens no door that was not open.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterator
from typing import Any, TypeAlias

from crawler.model.values import Currency, Dating, Job, Kind, Known, Local, Outcome, Result, Span, Validators

Message: TypeAlias = tuple[Any, ...]
Packed: TypeAlias = tuple[Any, ...]

# From the parent.
SETUP, SCOPE, JOB, CEILING, GRANTED, END, STOP = range(7)
"""(SETUP, Setup), (SCOPE, what decides about redirects), (JOB, number, job), (CEILING, connections to one host),
(GRANTED, number): what was asked for, (END,): nothing more will come, (STOP,): cancel what is under way."""
# From both.
PAUSE = 7
"""(PAUSE, URL, seconds): a host asked to be left alone."""
# From a child.
RESULT, PROGRESS, PAY, LOG, RETRY, BROKEN, LEARNT, WARN, DOUBT = range(10, 19)
"""(RESULT, number, result), (PROGRESS, number, bytes), (PAY, number, what, count): wait until that many fit into a
rate, (LOG, level, event, fields), (RETRY, attempt, seconds, URL, reason), (BROKEN, exit code, text),
(LEARNT, host → what was learnt of it), (WARN, text), (DOUBT, number, paths): files are about to get these."""
REQUESTS, BYTES = "requests", "bytes"
"""The rates that are paid for."""

_LENGTH = struct.Struct("!I")


def pack_frame(messages: list[Message]) -> bytes:
    """One frame with all of ``messages``."""
    data = pickle.dumps(messages, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


class Frames:
    """Puts the pieces in which bytes arrive together to messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that ``data`` completes."""
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, start)
            end = start + _LENGTH.size + length
            if len(buffer) < end:
                break
            messages: list[Message] = pickle.loads(memoryview(buffer)[start + _LENGTH.size : end])
            yield from messages
            start = end
        if start:
            del buffer[:start]


def pack_job(job: Job) -> Packed:
    """``job`` without the names of its fields."""
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
    )


def unpack_job(packed: Packed) -> Job:
    url, path, reason, kind, size, modified, row, digest, known, local, probe, *caching = packed
    copy, moment, dating, vouched, fresh = caching
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
    )


def pack_result(result: Result) -> Packed:
    """``result`` without the names of its fields and without its path, which the job has as well."""
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
    )


def unpack_result(packed: Packed, path: str) -> Result:
    url, outcome, reason, size, received, seconds, attempts, digest, old_size, known, currency, dating = packed
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
        known.checked,
    )


def _unpack_known(packed: Packed) -> Known:
    path, url, row, size, mtime, etag, last_modified, digest, checked = packed
    return Known(
        path=path,
        url=url,
        row=row,
        size=size,
        mtime=mtime,
        validators=Validators(etag=etag, last_modified=last_modified),
        digest=digest,
        checked=checked,
    )
