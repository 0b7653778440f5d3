"""Decides what to do with the response to a job: save it, keep the copy, retry, restart or give up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto

from crawler.model import limits
from crawler.model.struct import Value
from crawler.model.values import Job, Span, Validators
from crawler.model.versions.hashing import sha256_hex
from crawler.pipeline.rules.responses.content_type import is_coded_name
from crawler.text.http_fields import (
    RETRYABLE_STATUS,
    coding_of,
    content_length,
    is_chunked,
    is_multipart,
    is_strong_tag,
    parse_http_date,
    parse_retry_after,
    validators_of,
    value_of,
)
from crawler.text.patterns import pattern
from crawler.text.resuming import Resume
from crawler.text.urls import without_query


class Verdict(Enum):
    SAVE = auto()
    UNCHANGED = auto()
    RETRY = auto()
    RESTART = auto()
    """Discard the partial body and fetch the whole file."""
    GIVE_UP = auto()


class Action(Value, frozen=True, kw_only=True):
    verdict: Verdict
    reason: str = ""
    delay: float | None = None
    """For RETRY: the delay in seconds that the server asked for; None if it asked for none."""
    length: int | None = None
    """For SAVE: exact size of the whole file in bytes; None if the response does not state it."""
    limit: int = 0
    """For SAVE: maximum size of the whole file in bytes; more contradict the listing or the response."""
    offset: int = 0
    """For SAVE: offset in the file at which the body starts."""


UNLIMITED = 1 << 62
_CONTENT_RANGE = pattern(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)


def interpret(status: int, headers: Mapping[str, str], job: Job, resume: Resume | None, now: float) -> Action:
    """Decide what to do with a response to the request for ``job``. ``now``: seconds since the epoch."""
    if status == 200:
        return _whole(headers, job)
    if status == 206 and resume is not None:
        return _rest(headers, job, resume)
    if status == 304:
        if job.known is not None:
            return Action(verdict=Verdict.UNCHANGED, reason="confirmed by the server")
        return Action(verdict=Verdict.GIVE_UP, reason="304 in response to an unconditional request")
    if status == 416 and resume is not None:
        return Action(verdict=Verdict.RESTART, reason="the partial file no longer matches")
    if status in RETRYABLE_STATUS:
        delay = parse_retry_after(headers.get("Retry-After"), parse_http_date(headers.get("Date")) or now)
        if delay is not None and delay > limits.RETRY_AFTER:
            return Action(verdict=Verdict.GIVE_UP, reason=f"HTTP {status}, and the server asks to wait {delay:.0f} s")
        return Action(verdict=Verdict.RETRY, reason=f"HTTP {status}", delay=delay)
    return Action(verdict=Verdict.GIVE_UP, reason=f"HTTP {status}")


def _whole(headers: Mapping[str, str], job: Job) -> Action:
    length = content_length(headers)
    problem = contradiction(headers, job, length)
    if problem:
        return Action(verdict=Verdict.GIVE_UP, reason=problem)
    limit = length if length is not None else job.size.high if job.size is not None else UNLIMITED
    return Action(verdict=Verdict.SAVE, length=length, limit=limit)


def _rest(headers: Mapping[str, str], job: Job, resume: Resume) -> Action:
    """Decide on a 206, which is used only if it is exactly the requested range (RFC 9110 section 15.3.7)."""
    match = _CONTENT_RANGE.fullmatch(value_of(headers, "Content-Range"))
    if match is None or is_multipart(headers) or int(match[1]) != resume.offset:
        return Action(verdict=Verdict.RESTART, reason="the server sent another range")
    if match[3] == "*" or int(match[2]) + 1 != int(match[3]):
        return Action(verdict=Verdict.RESTART, reason="the server sent another range")
    total = int(match[3])
    if not is_same_version(validators_of(headers), resume.validators) or resume.length not in (None, total):
        return Action(verdict=Verdict.RESTART, reason="the file changed meanwhile")
    if content_length(headers) not in (None, total - resume.offset):
        return Action(verdict=Verdict.RESTART, reason="length and range of the response disagree")
    problem = contradiction(headers, job, total)
    if problem:
        return Action(verdict=Verdict.GIVE_UP, reason=problem)
    return Action(verdict=Verdict.SAVE, length=total, limit=total, offset=resume.offset)


def is_same_version(now: Validators, asked: Validators) -> bool:
    """True if a response repeats the strong validator of its If-Range (RFC 9110 section 15.3.7.3).

    A server that omits it may not support If-Range, so that its bytes may belong to any version.
    """
    return now.etag == asked.etag if asked.etag else now == asked


def is_confirmed(job: Job, length: int | None) -> bool:
    """True if the listing states the exact size of the file, and the response states the same."""
    return job.size is not None and job.size.exact and job.size.low == length


def is_recorded(job: Job, length: int | None, said: Validators, body: bytes | None) -> bool:
    """True if the response is the file that was saved before and is not as it was saved any more, by its record.

    ``length``: exact size of the file in bytes, if the response states it. ``body``: all of the body, if it is at hand.
    The digest decides; without it the strong ETag or the size. Only the size may be compared with that of another URL.
    """
    known = job.recorded
    if known is None:
        return False
    if body is not None and known.digest is not None:
        return f"sha256:{sha256_hex(body)}" == known.digest
    if length is None and body is not None:
        length = len(body)
    if length is not None:
        return length == known.size
    is_same_url = without_query(known.url) == without_query(job.url)
    return is_same_url and is_strong_tag(said.etag) and said.etag == known.validators.etag


def contradiction(headers: Mapping[str, str], job: Job, length: int | None) -> str | None:
    """Explain why this response cannot be the listed file; None if it can. A contradicting file is never saved."""
    size = job.size
    if size is not None and length is not None and length not in size:
        return f"the listing says {_size_text(size)} bytes, the server sends {length}"
    coding = coding_of(headers)
    if not coding or is_confirmed(job, length) or is_recorded(job, length, validators_of(headers), None):
        return None
    if not is_coded_name(job.path, coding):
        return f"the server encoded the body ({coding[:40]}) although identity was requested"
    return None


def length_proven(job: Job, action: Action, headers: Mapping[str, str], received: int) -> str | None:
    """Explain why a file of ``received`` bytes is not provably complete; None if it is.

    The proof is Content-Length, the end of a chunked body (checked by the client), or the listed size.
    """
    if action.length is not None:
        return None if received == action.length else f"got {received} of {action.length} bytes"
    if job.size is not None and received not in job.size:
        return f"got {received} bytes, the listing says {_size_text(job.size)}"
    if is_chunked(headers) or job.size is not None:
        return None
    return "neither the server nor the listing says how long it is"


def _size_text(size: Span[int]) -> str:
    return str(size.low) if size.exact else f"{size.low} to {size.high}"
