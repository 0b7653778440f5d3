"""The decisions: is a file to be fetched, and what does an answer mean. Values in, values out.

How "unchanged" is decided without a request is described in ``docs/incremental.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from crawler.model import limits
from crawler.model.reasons import Reason
from crawler.model.state.store import BY_ROW, REPLACING
from crawler.model.values import UNCONFIRMED, Entry, Job, Kind, Known, Local, Span, Validators
from crawler.pipeline.rules.content_type import is_coded_name
from crawler.pipeline.rules.extraneous import in_its_place
from crawler.pipeline.rules.racy import is_racy
from crawler.text.http_fields import (
    RETRYABLE_STATUS,
    coding_of,
    content_length,
    is_chunked,
    is_strong_tag,
    parse_age,
    parse_http_date,
    parse_retry_after,
    validators_of,
    value_of,
)
from crawler.text.resuming import Resume, range_headers
from crawler.text.urls import without_query

NANOSECONDS = 1_000_000_000


class Need(Enum):
    """What a listed file costs."""

    NOTHING = auto()
    """The local copy is current."""
    CONFIRM = auto()
    """The local copy is intact, but the row does not prove it current: one conditional request."""
    PROBE = auto()
    """Something lies there that could be it, and nothing is known: one HEAD."""
    FETCH = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    need: Need
    reason: str
    is_disproved: bool = False
    """The local copy has a digest that it should not have: nothing may be concluded from its size and time."""


def needs_fetch(entry: Entry, known: Known | None, local: Local | None, *, check: str = "listing") -> Decision:
    """Compare the row with what is known and with what lies on the disk. ``check`` is the option of that name."""
    if local is None:
        return Decision(Need.FETCH, "new" if known is None else "missing locally")
    if local.kind is not Kind.FILE:
        return Decision(Need.FETCH, in_its_place(local.kind))
    is_touched = known is not None and not is_intact(known, local)
    if known is None or is_touched or known.checked == BY_ROW:
        return _without_state(entry, local, touched=is_touched)
    if known.digest == REPLACING:  # of the version before, or of another one with the same size and time
        return Decision(Need.FETCH, Reason.INTERRUPTED_REPLACEMENT, is_disproved=True)
    if entry.size is not None and known.size not in entry.size:
        return Decision(Need.FETCH, "size differs")
    if without_query(known.url) != without_query(entry.url):
        return Decision(Need.PROBE, "another URL")
    if entry.row != known.row:
        # If-Modified-Since would hide a rollback to an older file; only an ETag tells all versions apart.
        return Decision(Need.CONFIRM if known.validators.etag else Need.FETCH, "row changed")
    if entry.modified is None:
        return Decision(Need.CONFIRM if known.validators.etag else Need.PROBE, "the row has no time")
    if known.checked == UNCONFIRMED:  # an ETag tells all versions apart, If-Modified-Since hides older ones
        return Decision(Need.CONFIRM if known.validators.etag else Need.PROBE, Reason.NOT_CONFIRMED)
    if check != "listing":
        return Decision(Need.CONFIRM, f"--check {check}")
    if is_racy(entry.modified, known):
        return Decision(Need.CONFIRM, "racy")
    return Decision(Need.NOTHING, Reason.SAME_ROW)


def is_intact(known: Known | None, local: Local | None) -> bool:
    """True if the local file has the size and time that it was given when it was saved."""
    is_file = local is not None and local.kind is Kind.FILE
    return (
        known is not None and local is not None and is_file and (known.size, known.mtime) == (local.size, local.mtime)
    )


def _without_state(entry: Entry, local: Local, *, touched: bool) -> Decision:
    """Nothing trustworthy is remembered: only an exact row decides by itself."""
    if entry.size is not None and local.size not in entry.size:
        return Decision(Need.FETCH, "size differs")
    agrees = _time_agrees(entry.modified, local.mtime)
    if agrees is False:
        return Decision(Need.FETCH, "time differs")
    if agrees and entry.size is not None and entry.size.exact and not touched and _is_exact(entry.modified):
        return Decision(Need.NOTHING, "same size and time")
    return Decision(Need.PROBE, "touched locally" if touched else "not brought by us")


def _is_exact(modified: Span[datetime] | None) -> bool:
    return (
        modified is not None and modified.low.tzinfo is not None and modified.high - modified.low < timedelta(seconds=1)
    )


def _time_agrees(modified: Span[datetime] | None, mtime: int) -> bool | None:
    """True or False where the row can decide, None where it cannot (no time, or the server's own zone)."""
    if modified is None:
        return None
    try:
        moment = datetime.fromtimestamp(mtime // NANOSECONDS, UTC)
    except (ValueError, OverflowError, OSError):
        return False  # a local time beyond the years that a listing can show
    if modified.low.tzinfo is None:
        plain = moment.replace(tzinfo=None)
        doubt = limits.EASTERNMOST_ZONE
        return None if modified.low - doubt <= plain <= modified.high + doubt else False
    return modified.low.replace(microsecond=0) <= moment <= modified.high


# --- what an answer means ------------------------------------------------------------------------------


class Verdict(Enum):
    SAVE = auto()
    UNCHANGED = auto()
    RETRY = auto()
    RESTART = auto()
    """The partial body is of no use: fetch it all."""
    GIVE_UP = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    verdict: Verdict
    reason: str = ""
    delay: float | None = None
    """For RETRY: what the server asked for, in seconds."""
    length: int | None = None
    """For SAVE: the exact size of the whole file in bytes, if the answer says so."""
    limit: int = 0
    """For SAVE: more bytes than this contradict the listing or the answer."""
    offset: int = 0
    """For SAVE: where in the file this body starts."""


UNLIMITED = 1 << 62
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)


def interpret(status: int, headers: Mapping[str, str], job: Job, resume: Resume | None, now: float) -> Action:
    """What to do with an answer to the request for ``job``. ``now`` is seconds since the epoch."""
    if status == 200:
        return _whole(headers, job)
    if status == 206 and resume is not None:
        return _rest(headers, job, resume)
    if status == 304:
        if job.known is not None:
            return Action(verdict=Verdict.UNCHANGED, reason="confirmed by the server")
        return Action(verdict=Verdict.GIVE_UP, reason="answered 304 to a request without conditions")
    if status == 416 and resume is not None:
        return Action(verdict=Verdict.RESTART, reason="the partial file does not fit any more")
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
    """RFC 9110 section 15.3.7: a 206 is only used if it is exactly the range that was asked for."""
    match = _CONTENT_RANGE.fullmatch(value_of(headers, "Content-Range"))
    if match is None or int(match[1]) != resume.offset or match[3] == "*" or int(match[2]) + 1 != int(match[3]):
        return Action(verdict=Verdict.RESTART, reason="the server answered with another range")
    total = int(match[3])
    if not is_same_version(validators_of(headers), resume.validators) or resume.length not in (None, total):
        return Action(verdict=Verdict.RESTART, reason="the file changed meanwhile")
    if content_length(headers) not in (None, total - resume.offset):
        return Action(verdict=Verdict.RESTART, reason="length and range of the answer disagree")
    problem = contradiction(headers, job, total)
    if problem:
        return Action(verdict=Verdict.GIVE_UP, reason=problem)
    return Action(verdict=Verdict.SAVE, length=total, limit=total, offset=resume.offset)


def is_same_version(now: Validators, asked: Validators) -> bool:
    """True if an answer repeats the strong validator on which its range was conditional (RFC 9110 section 15.3.7.3).

    A server that leaves it out may not know If-Range at all: then nothing says what its bytes are of.
    """
    return now.etag == asked.etag if asked.etag else now == asked


def is_confirmed(job: Job, length: int | None) -> bool:
    """True if the listing says to the byte how long the file is, and the answer says the same."""
    return job.size is not None and job.size.exact and job.size.low == length


def contradiction(headers: Mapping[str, str], job: Job, length: int | None) -> str | None:
    """Why this answer cannot be the listed file, or None. What contradicts the listing is never installed."""
    size = job.size
    if size is not None and length is not None and length not in size:
        return f"the listing says {_size_text(size)} bytes, the server sends {length}"
    coding = coding_of(headers)
    if coding and not is_confirmed(job, length) and not is_coded_name(job.path, coding):
        return f"the server encoded the body ({coding[:40]}) although identity was asked for"
    return None


def length_proven(job: Job, action: Action, headers: Mapping[str, str], received: int) -> str | None:
    """Why ``received`` bytes (of the whole file) are not provably all of it, or None.

    A body is complete by Content-Length, by chunking (whose end the client checks) or by the listed size.
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


def is_strong(validators: Validators, date: str | None, age: str | None = None) -> bool:
    """True if the validators prove byte-for-byte identity (RFC 9110 sections 8.8.1 and 8.8.2.2).

    A strong ETag does; a Last-Modified does only when the answer's Date is at least a second younger
    (sixty seconds are asked for where the clocks could differ: they are the same clock here). A cache may have
    replaced the Date and says so by an Age.
    """
    if validators.etag:
        return is_strong_tag(validators.etag)
    modified, sent = parse_http_date(validators.last_modified), parse_http_date(date)
    return modified is not None and sent is not None and sent - parse_age(age) - modified >= 1


def request_headers(job: Job, resume: Resume | None, *, fresh: bool = False) -> dict[str, str]:
    """Headers for the request: identity bodies only, and the conditions that a copy or a part allows.

    With ``fresh``, caches are asked to have the answer confirmed by the origin server (RFC 9111 section 5.2.1.4).
    """
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if fresh or job.fresh:
        headers["Cache-Control"] = "no-cache"
    if resume is not None:
        headers |= range_headers(resume.offset, None, resume.validators)
    elif job.known is not None:
        headers |= job.known.validators.unless
    return headers
