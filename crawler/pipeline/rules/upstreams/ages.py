"""Decides whether the listing of a fallback is as new as the local files: only then are its rows used.

Rows of different servers differ in format, rounding and zone. So their meaning is compared with the size and the
Last-Modified of the local files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from crawler.model.limits import EASTERNMOST_ZONE, WESTERNMOST_ZONE
from crawler.model.struct import Value
from crawler.model.values import Entry, Kind, Known, Span
from crawler.pipeline.rules.time_zones import offset_of, shows
from crawler.pipeline.rules.upstreams.agreement import time_of_copy
from crawler.text.http_fields import parse_http_date

_SUMMER = 2 * 3600
"""The largest change of summer time in seconds (Troll)."""
_WEST, _EAST = WESTERNMOST_ZONE.total_seconds(), EASTERNMOST_ZONE.total_seconds()


class Age(Enum):
    """The age of a listed version of a file, compared with the local one."""

    SAME = auto()
    """The row describes the local file."""
    NEWER = auto()
    """The row is later in any zone."""
    OLDER = auto()
    """The row is earlier in any zone, so the listing is out of date."""
    UNCLEAR = auto()
    """The row does not tell; only a request for the file can."""


class Comparison(Value, frozen=True, kw_only=True):
    """The result of comparing the listing of a fallback with the local files."""

    behind: str | None = None
    """Path of a file that is older there, or missing although the first upstream lists it; None if none is."""
    same: frozenset[str] = frozenset()
    """Paths, relative to the listing, of files that are the same locally and need no request."""


def compare(entries: Iterable[Entry], known: Mapping[str, Known], first: Iterable[Entry] = ()) -> Comparison:
    """Compare ``entries``, the complete listing of a fallback, with the ``known`` files by path relative to it.

    ``first``: rows of the same directory that the first upstream showed before its listing was cut short. A listing
    without any entry, as of a disk that is not mounted, is behind if files are known.
    """
    rows = {entry.path: entry for entry in entries}
    for entry in first:
        other = rows.get(entry.path)
        is_directory = entry.kind is Kind.DIRECTORY
        if other is None or (not is_directory and is_older(other.modified, entry.modified)):
            return Comparison(behind=entry.path)
    if not rows and known:
        return Comparison(behind=min(known))
    files = {path: entry for path, entry in rows.items() if entry.kind is not Kind.DIRECTORY}
    offset = common_offset((entry, known[path]) for path, entry in files.items() if path in known)
    same = set()
    for path, entry in files.items():
        if path not in known:
            continue
        age = age_of(entry, known[path], offset)
        if age is Age.OLDER:
            return Comparison(behind=path)
        if age is Age.SAME:
            same.add(path)
    return Comparison(same=frozenset(same))


def common_offset(pairs: Iterable[tuple[Entry, Known]]) -> int | None:
    """The offset from UTC, in seconds, that explains most rows without a zone; None unless two files agree on one."""
    offsets = Counter(
        offset
        for entry, known in pairs
        if _fits(entry, known) and (offset := _row_offset(entry.modified, known)) is not None
    )
    best = offsets.most_common(1)
    return best[0][0] if best and best[0][1] > 1 else None


def age_of(entry: Entry, known: Known, offset: int | None) -> Age:
    """The age of a row, compared with the file that ``known`` describes.

    ``offset``: that of the server's zone from UTC in seconds, from ``common_offset``. A row without a zone is the same
    only if it has this offset: an hourly file of constant size has the row of another hour in another zone. It is newer
    or older only beyond a change of summer time or, if the zone is unknown, in all zones.
    """
    span = entry.modified
    if span is None:
        return Age.UNCLEAR
    moment = _moment(known)
    low, high = _seconds(span.low), _seconds(span.high)
    if not _is_local(span):
        if shows(span, moment):
            return Age.SAME if _fits(entry, known) else Age.UNCLEAR
        return Age.OLDER if high < moment else Age.NEWER
    if offset is not None and _row_offset(span, known) == offset:
        return Age.SAME if _fits(entry, known) else Age.UNCLEAR
    west, east = (_WEST, _EAST) if offset is None else (offset - _SUMMER, offset + _SUMMER)
    if high - west < moment:
        return Age.OLDER
    return Age.NEWER if low - east > moment else Age.UNCLEAR


class Zone:
    """The time zone of a server, learnt from files of which row and Last-Modified are known."""

    def __init__(self) -> None:
        self._offsets: Counter[int] = Counter()

    def learn(self, span: Span[datetime] | None, last_modified: str | None) -> None:
        """Note the row and the Last-Modified of a file that this server has sent."""
        moment = parse_http_date(last_modified)
        offset = offset_of(span, int(moment)) if span is not None and moment is not None and _is_local(span) else None
        if offset is not None:
            self._offsets[offset] += 1

    def localize(self, span: Span[datetime] | None) -> Span[datetime] | None:
        """``span`` in UTC; None if it has a zone, or unless at least two files agree and none contradicts."""
        if span is None or not _is_local(span) or len(self._offsets) != 1 or self._offsets.total() < 2:
            return None
        offset = timedelta(seconds=next(iter(self._offsets)))
        try:
            return Span(span.low.replace(tzinfo=UTC) - offset, span.high.replace(tzinfo=UTC) - offset)
        except OverflowError:  # in the year 1 or 9999, so not a real time
            return None


def _is_local(span: Span[datetime]) -> bool:
    return span.low.tzinfo is None


def is_older(span: Span[datetime] | None, other: Span[datetime] | None) -> bool:
    """Whether a row with the time ``span`` is certainly earlier than a row of another server with ``other``."""
    if span is None or other is None:
        return False
    doubt = (-_WEST if _is_local(span) else 0.0) + (_EAST if _is_local(other) else 0.0)
    return _seconds(span.high) + doubt < _seconds(other.low)


def _seconds(time: datetime) -> float:
    """A time in seconds since the epoch; one without a zone as if it were in UTC."""
    return time.replace(tzinfo=time.tzinfo or UTC).timestamp()


def _fits(entry: Entry, known: Known) -> bool:
    return entry.size is None or known.size in entry.size


def _moment(known: Known) -> float:
    return time_of_copy(known.validators, known.mtime)


def _row_offset(span: Span[datetime] | None, known: Known) -> int | None:
    """The offset from UTC at which ``span`` is the time of the local file; None if there is none."""
    return offset_of(span, int(_moment(known))) if span is not None and _is_local(span) else None
