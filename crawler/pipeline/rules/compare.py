"""Decides whether a file has to be fetched, by its row in the listing, the state and the local copy.

The rules are described in ``docs/incremental.md``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from crawler.model import limits
from crawler.model.reasons import Reason
from crawler.model.state.store import BY_ROW, REPLACING
from crawler.model.struct import Value
from crawler.model.values import UNPROVEN, Entry, Kind, Known, Local, Span
from crawler.pipeline.rules.directory_digest import is_as_saved
from crawler.pipeline.rules.extraneous import in_its_place
from crawler.pipeline.rules.racy import is_racy
from crawler.text.urls import without_query

NANOSECONDS = 1_000_000_000


class Need(Enum):
    """The work that is needed to have the current version of a listed file."""

    NOTHING = auto()
    """The local copy is current."""
    CONFIRM = auto()
    """Send a conditional request: the local copy is intact, but its row does not prove it current."""
    PROBE = auto()
    """Request HEAD: the local file may be the listed one, but the state has no record of it."""
    FETCH = auto()


class Decision(Value, frozen=True):
    need: Need
    reason: str
    is_disproved: bool = False
    """True if the digest of the local copy is wrong, so that its size and time prove nothing."""


_SAME_ROW = Decision(Need.NOTHING, Reason.SAME_ROW)


def needs_fetch(entry: Entry, known: Known | None, local: Local | None, *, check: str = "listing") -> Decision:
    """Decide on ``entry`` by its row, the state and the local copy. ``check``: the value of --check."""
    if local is None:
        return Decision(Need.FETCH, "new" if known is None else "missing locally")
    if local.kind is not Kind.FILE:
        return Decision(Need.FETCH, in_its_place(local.kind))
    is_touched = known is not None and not is_intact(known, local)
    if known is None or is_touched or known.checked == BY_ROW:
        return _without_state(entry, local, touched=is_touched)
    if known.digest == REPLACING:  # the local file may be the old version, or a new one with the same size and time
        return Decision(Need.FETCH, Reason.INTERRUPTED_REPLACEMENT, is_disproved=True)
    if entry.size is not None and known.size not in entry.size:
        return Decision(Need.FETCH, "size differs")
    if known.url != entry.url and without_query(known.url) != without_query(entry.url):
        return Decision(Need.PROBE, "another URL")
    if entry.row != known.row:
        # If-Modified-Since cannot detect a rollback to an older file; only an ETag distinguishes all versions.
        return Decision(Need.CONFIRM if known.validators.etag else Need.FETCH, "row changed")
    if entry.modified is None:
        return Decision(Need.CONFIRM if known.validators.etag else Need.PROBE, "the row has no time")
    if known.checked in UNPROVEN:  # an ETag distinguishes all versions; If-Modified-Since does not detect older ones
        return Decision(Need.CONFIRM if known.validators.etag else Need.PROBE, Reason.NOT_CONFIRMED)
    if check != "listing":
        return Decision(Need.CONFIRM, f"--check {check}")
    if is_racy(entry.modified, known):
        return Decision(Need.CONFIRM, "racy")
    return _SAME_ROW


def is_intact(known: Known | None, local: Local | None) -> bool:
    """True if the local file has the size, and the time or version, that it was given when it was saved."""
    return known is not None and local is not None and is_as_saved(known, local)


def lost(known: Known | None, local: Local | None, url: str) -> Known | None:
    """The record of a file from ``url`` whose local copy is not as it was saved; None if there is no such record."""
    if known is None or known.digest == REPLACING or is_intact(known, local):
        return None
    return known if without_query(known.url) == without_query(url) else None


def _without_state(entry: Entry, local: Local, *, touched: bool) -> Decision:
    """Decide without a usable record: then only a row with exact size and time proves anything."""
    if entry.size is not None and local.size not in entry.size:
        return Decision(Need.FETCH, "size differs")
    agrees = _time_agrees(entry.modified, local.mtime)
    if agrees is False:
        return Decision(Need.FETCH, "time differs")
    if agrees and entry.size is not None and entry.size.exact and not touched and _is_exact(entry.modified):
        return Decision(Need.NOTHING, "same size and time")
    return Decision(Need.PROBE, "touched locally" if touched else "not saved by this program")


def _is_exact(modified: Span[datetime] | None) -> bool:
    return (
        modified is not None and modified.low.tzinfo is not None and modified.high - modified.low < timedelta(seconds=1)
    )


def _time_agrees(modified: Span[datetime] | None, mtime: int) -> bool | None:
    """Whether the row's time is that of the local file; None if the row has no time or no zone."""
    if modified is None:
        return None
    try:
        moment = datetime.fromtimestamp(mtime // NANOSECONDS, UTC)
    except (ValueError, OverflowError, OSError):
        return False  # the local time is outside the years that a listing can show
    if modified.low.tzinfo is None:
        plain = moment.replace(tzinfo=None)
        doubt = limits.EASTERNMOST_ZONE
        return None if modified.low - doubt <= plain <= modified.high + doubt else False
    return modified.low.replace(microsecond=0) <= moment <= modified.high
