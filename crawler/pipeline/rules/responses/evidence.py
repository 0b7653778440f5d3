"""Decides what a response proves about a file, and what the state may remember of it.

A listing row and a response describe the same file, at different times and perhaps from different machines. If their
times contradict each other, one of them comes from a stale cache, or the server dates files and rows by different
clocks. Then the response does not prove that the copy is the listed version: ``Known.checked`` is UNCONFIRMED, and the
next run asks again. ``compare.needs_fetch`` and ``racy`` use what is remembered here. The same rule applies to 200,
206, 304 and HEAD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from enum import Enum, auto

from crawler.model.errors import FetchError, VerificationError
from crawler.model.freshness import Currency, Dating, Source
from crawler.model.limits import EASTERNMOST_ZONE
from crawler.model.state.store import REPLACING
from crawler.model.struct import Value, replace
from crawler.model.values import UNCONFIRMED, Job, Known, Local, Validators
from crawler.pipeline.rules.compare import NANOSECONDS
from crawler.pipeline.rules.racy import is_racy
from crawler.pipeline.rules.responses.conditional_requests import confirms, is_before, is_other_tag
from crawler.pipeline.rules.responses.verdict import Action, Verdict
from crawler.pipeline.rules.time_zones import job_agrees, only_by_summer_time
from crawler.pipeline.rules.upstreams.agreement import refusal
from crawler.text.http_fields import (
    coding_of,
    content_length,
    is_strong_tag,
    parse_age,
    parse_http_date,
    validators_of,
    value_of,
)

_MADE_UP = 60
"""A Last-Modified at most this many seconds before the response may be its own time (RFC 9110 section 8.8.2.2)."""


class Proof(Value, frozen=True, kw_only=True):
    """The facts that one response proves about the requested file."""

    currency: Currency
    validators: Validators
    """Validators of the version that the response describes."""
    generated: float
    """Latest time at which the origin server generated the response, by its clock; seconds since the epoch."""
    is_another: bool = False
    """True for a 304 that is not about the copy, or not about its row: it does not say what the server has."""
    is_undated: bool = False
    """True for a 304 that does not say which time the server gives the file now: the one known is that of an earlier
    response. A 304 with an entity tag should have no Last-Modified (RFC 9110 section 15.4.5), and a weak tag may stay
    the same although the bytes change."""

    @property
    def checked(self) -> float:
        """The value of ``Known.checked`` that this response justifies."""
        return UNCONFIRMED if self.currency in {Currency.OLDER, Currency.OTHER} else self.generated


def prove(job: Job, status: int, headers: Mapping[str, str], now: float, *, is_head: bool = False) -> Proof:
    """What a 200, 206 or 304 for ``job`` proves. ``now``: local time in seconds since the epoch."""
    made = generated(headers, now)
    said = validators_of(headers)
    if status != 304 or job.known is None:
        is_hashed = not is_head or _has_listed_copy(job)
        found = Currency.LISTED if job.vouched and is_hashed else currency(job, said.last_modified, made)
        return Proof(currency=found, validators=said, generated=made)
    known, is_row_changed = job.known.validators, job.known.row != job.row
    if not confirms(said, known, is_row_changed=is_row_changed):
        return Proof(currency=Currency.OTHER, validators=known, generated=made, is_another=True)
    is_dated = parse_http_date(said.last_modified) is not None and is_strong_tag(known.etag)
    if is_dated:
        known = replace(known, last_modified=said.last_modified)  # the same bytes were uploaded again
    if _has_listed_copy(job):
        return Proof(currency=Currency.LISTED, validators=known, generated=made)
    found = currency(job, known.last_modified, made)
    is_same_time = known.last_modified == job.known.validators.last_modified
    is_reliable = job.dating is not Dating.UNRELIABLE
    if is_reliable and is_row_changed and is_same_time and (found is Currency.OTHER or only_by_summer_time(job)):
        return Proof(currency=Currency.OTHER, validators=known, generated=made, is_another=True)
    return Proof(currency=found, validators=known, generated=made, is_undated=known.etag is not None and not is_dated)


def _has_listed_copy(job: Job) -> bool:
    """Whether the intact copy has the digest that was published with the listing, so that its times do not matter."""
    copy = job.known or job.copy
    return job.vouched and copy is not None and copy.digest is not None and copy.digest == job.digest


def currency(job: Job, last_modified: str | None, made: float) -> Currency:
    """Whether a version with this Last-Modified can be the one that the row of ``job`` shows.

    ``made``: time at which the response was generated. A Last-Modified close to it does not tell the file's time.
    """
    row, moment = job.moment or job.modified, parse_http_date(last_modified)
    if row is None or moment is None or moment < 0:  # no file is older than the epoch, so this is no real time
        return Currency.UNKNOWN
    if job_agrees(job, last_modified):
        return Currency.LISTED
    zones = timedelta() if row.low.tzinfo else EASTERNMOST_ZONE
    if moment < row.low.replace(tzinfo=row.low.tzinfo or UTC).timestamp() - zones.total_seconds():
        return Currency.OLDER
    return Currency.UNKNOWN if moment >= made - _MADE_UP else Currency.OTHER


def generated(headers: Mapping[str, str], now: float) -> float:
    """The latest time at which the origin server generated a response, in seconds since the epoch.

    A cache should keep the origin's Date, but many send the current time with an Age (RFC 9111 sections 4.2.3 and 5.1),
    and a clock that runs ahead makes Date useless (RFC 9110 section 6.6.1). So this is the earlier of Date and local
    time minus Age. A value that is too early costs a request; one that is too late would hide a change.
    """
    date, age = parse_http_date(headers.get("Date")), parse_age(headers.get("Age"))
    return now - age if date is None else min(date, now - age)


# --- what to do with the response ---------------------------------------------------------------------


class Ruling(Enum):
    """The decision about a response."""

    TAKE = auto()
    """Save the body, or accept the 304."""
    KEEP = auto()
    """Keep the copy: it is this version, so the body need not be read."""
    ASK_AGAIN = auto()
    """Repeat the request, bypassing all caches."""
    ASK_ANEW = auto()
    """Repeat it so, and without conditions: another 304 would prove no more than the first."""
    REFUSE = auto()
    """Fail: the copy is newer than the version that was sent, or nothing proves that a fallback has the listed one."""


def rule(job: Job, proof: Proof, length: int | None, *, fresh: bool) -> Ruling:
    """Decide on a response for a file of ``length`` bytes (None for a 304). ``fresh``: caches were bypassed."""
    if proof.is_another:
        return Ruling.ASK_ANEW
    if job.source is not Source.FIRST and refusal(job, proof.validators) is not None:
        return Ruling.REFUSE
    if job.source is Source.ELSEWHERE:
        return Ruling.TAKE
    is_same = _is_same_version(job, proof.validators, length)
    if job.dating is Dating.UNRELIABLE:
        return Ruling.KEEP if is_same else Ruling.TAKE
    copy, said = job.copy, proof.validators
    is_listed_copy = copy is not None and job_agrees(job, copy.validators.last_modified)
    is_back = copy is not None and is_before(said.last_modified, copy.validators.last_modified)
    is_worse = is_back and is_listed_copy and proof.currency is Currency.OTHER
    if proof.currency is not Currency.OLDER and not is_worse:
        is_same = is_same or (copy is not None and _is_unnamed(job, copy, proof, length))
        return Ruling.KEEP if is_same else Ruling.TAKE
    if proof.is_undated:
        return Ruling.ASK_ANEW
    if not fresh:
        return Ruling.ASK_AGAIN
    if copy is None or (job.known is not None and length is None):
        return Ruling.TAKE
    if said == copy.validators and length == copy.size:
        return Ruling.KEEP
    return Ruling.REFUSE if is_back or is_listed_copy else Ruling.TAKE


def _is_same_version(job: Job, said: Validators, length: int | None) -> bool:
    """Whether a 200 has the strong ETag, length and time of the copy, because the server ignored the conditions.

    A response without a time does not contradict the copy (RFC 9110 section 8.8.3.2). False for a 304.
    """
    copy = job.known or job.copy
    if copy is None or length != copy.size or job.digest not in (None, copy.digest):
        return False
    is_same_tag = is_strong_tag(said.etag) and said.etag == copy.validators.etag
    return is_same_tag and said.last_modified in (None, copy.validators.last_modified)


def is_same_body(job: Job, size: int, mtime: int | None, digest: str | None) -> bool:
    """Whether a body of ``size`` bytes with this SHA-256 is the intact copy, and no time says otherwise.

    ``mtime`` is as in ``mtime_of``.
    """
    copy = job.known or job.copy
    if copy is None or digest is None:
        return False
    return (size, digest) == (copy.size, copy.digest) and mtime in (None, copy.mtime)


def _is_unnamed(job: Job, copy: Known, proof: Proof, length: int | None) -> bool:
    """True if the copy is this version and only its validators are unknown, as after "same published digest"."""
    if copy.validators or copy.digest is None or copy.row != job.row or job.modified is None:
        return False
    is_listed = proof.currency is Currency.LISTED and length == copy.size
    return is_listed and not is_racy(job.modified, replace(copy, validators=proof.validators))


# --- what to remember ---------------------------------------------------------------------------------


def known_of(job: Job, proof: Proof, size: int, mtime: int, digest: str | None) -> Known:
    """The record of a saved body. ``size`` in bytes, ``mtime`` in nanoseconds since the epoch."""
    return Known(
        path=job.path,
        url=job.url,
        row=job.row,
        size=size,
        mtime=mtime,
        validators=proof.validators,
        digest=digest,
        checked=proof.checked,
    )


def confirmed(job: Job, proof: Proof) -> Known:
    """The record of a copy that a 304, or a 200 with the validators of the copy, has confirmed.

    Its ``mtime`` is the time that the copy should get: a strong ETag may stay the same while the time changes, as after
    an upload of the same bytes.
    """
    known = job.known or job.copy
    assert known is not None
    mtime = known.mtime
    if proof.validators.last_modified != known.validators.last_modified:
        moment = parse_http_date(proof.validators.last_modified)
        mtime = mtime if moment is None else int(moment) * NANOSECONDS
    return replace(known, row=job.row, url=job.url, mtime=mtime, validators=proof.validators, checked=proof.checked)


def adopted(job: Job, headers: Mapping[str, str], proof: Proof) -> Known | None:
    """The record of a local copy that has the size and the time in a response to HEAD or GET.

    None if they differ, or if one of them is missing.
    """
    local, modified = job.local, parse_http_date(headers.get("Last-Modified"))
    if local is None or modified is None or int(modified) != local.mtime // NANOSECONDS:
        return None
    if content_length(headers) != local.size:
        return None
    copy = job.copy or job.known
    known = known_of(job, proof, local.size, local.mtime, copy.digest if copy else None)
    return replace(known, version=local.version, adopted=not _is_saved(copy, local))


def _is_saved(copy: Known | None, local: Local) -> bool:
    """Whether ``local`` is the file that a run saved, by its record."""
    if copy is None or copy.adopted or copy.digest == REPLACING:
        return False
    return (copy.size, copy.mtime) == (local.size, local.mtime)


def mtime_of(job: Job, headers: Mapping[str, str]) -> int | None:
    """Modification time in nanoseconds, from the response, else from a row with a time zone; None if unknown."""
    modified = parse_http_date(headers.get("Last-Modified"))
    if modified is None and job.modified is not None and job.modified.low.tzinfo is not None:
        modified = job.modified.low.timestamp()
    return None if modified is None else int(modified) * NANOSECONDS


def refused(action: Action, url: str, status: int, logins: Sequence[str] = ()) -> FetchError:
    """The error for a response that is not the requested file; it tells whether to try again."""
    return FetchError(
        action.reason or f"HTTP {status}",
        url=url,
        status=status,
        retryable=action.verdict is Verdict.RETRY,
        retry_after=action.delay,
        logins=logins,
    )


class Unwanted(VerificationError):
    """Raised if a filter refuses the file by the headers of its response, so that it is skipped."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retryable=False)


def is_served(status: int, headers: Mapping[str, str], saved: Validators, size: int) -> bool | None:
    """Whether a response from the URL of a file proves that the server still has the file.

    ``saved`` and ``size`` (in bytes) are those of the copy: this is the version that was saved if the ETags are equal
    or, where one has none, times and lengths, as far as both have them. None for any other version: some servers
    respond to every URL with status 200. A response from a cache (RFC 9111 section 5.1) does not tell what the server
    has now, and one with a Content-Location may be another file with a similar name (RFC 9110 section 8.7).
    """
    if status != 200 or value_of(headers, "Age") not in {"", "0"}:
        return False
    said = validators_of(headers)
    if said.etag and saved.etag:
        is_saved = not is_other_tag(said.etag, saved.etag)
    else:
        times = {parse_http_date(said.last_modified), parse_http_date(saved.last_modified)}
        length = None if coding_of(headers) else content_length(headers)
        is_dated = len(times) == 1 and None not in times
        is_saved = (is_dated or None in times) and (length == size if length is not None else is_dated)
    return is_saved or (None if value_of(headers, "Content-Location") == "" else False)
