"""The zone of a listing's times, learnt from the Last-Modified of files that are here anyway. It is never needed.

A row that names no zone is in the server's own. Where the row of last time still stands, the Last-Modified of its file
says how far that is from UTC. Apache and lighttpd apply summer time to each row by its own date, nginx
(``autoindex_localtime``) the offset of today to all: so an offset holds only where rows around agree on it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from crawler.model.currency import Dating
from crawler.model.limits import EASTERNMOST_ZONE, WESTERNMOST_ZONE
from crawler.model.values import UNCONFIRMED, Entry, Known, Span
from crawler.text.http_fields import parse_http_date

Pair = tuple[Span[datetime], float]
"""The naive time of a row, and the Last-Modified of its file in seconds since the epoch."""

_VOTES = 100
"""Files of a folder that are asked whether their two times agree."""
_HOUR = 3600
_QUARTER = 900
"""Zones are multiples of 15 minutes from UTC (IANA tz database; none in use since 1972 is another)."""
_WEST, _EAST = int(WESTERNMOST_ZONE.total_seconds()), int(EASTERNMOST_ZONE.total_seconds())
_NEAR = 30 * 24 * _HOUR
_STEADY = 7 * 24 * _HOUR
"""No zone left its offset and came back in less time (tz database, 1990 to 2035; the quickest was Brazil's in 2000)."""
_SUMMER = timedelta(hours=2)
"""The largest step of summer time (Troll); elsewhere it is one hour or half of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Rows that follow each other in time and agree. Times are seconds of the calendar as printed."""

    low: int
    high: int
    offset: int | None
    """Seconds east of UTC; None: no zone explains it."""
    is_several: bool = False
    """More than one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What could be learnt about the zone of one listing page."""

    runs: tuple[_Run, ...] = ()
    """In the order of time."""

    def localize(self, span: Span[datetime]) -> Span[datetime] | None:
        """The naive ``span`` in UTC; None where too little is known.

        At least two rows within 30 days must agree, and none contradict. Among rows that are at most a week apart
        it is as narrow as it was; beside them it is wider by a change to or from summer time.
        """
        low, high = _seconds(span.low), _seconds(span.high)
        place = bisect_right(self.runs, low, key=lambda run: run.low)
        around = self.runs[max(place - 2, 0) : place + 1]
        near = [run for run in around if run.low - _NEAR <= low and high <= run.high + _NEAR]
        offsets = _offsets(near)
        agree = any(run.is_several for run in near) or len(set(offsets)) < len(offsets)
        if len(offsets) < len(near) or not agree or max(offsets) - min(offsets) > _SUMMER:
            return None
        within = [run for run in near if run.low <= low and high <= run.high]
        if [run.is_several for run in within] == [True]:
            return _in_utc(span, _offsets(within), timedelta())
        return _in_utc(span, offsets, _SUMMER)


def _offsets(runs: Iterable[_Run]) -> list[timedelta]:
    """Of those that a zone explains."""
    return [timedelta(seconds=run.offset) for run in runs if run.offset is not None]


def _in_utc(span: Span[datetime], offsets: Sequence[timedelta], doubt: timedelta) -> Span[datetime] | None:
    """By all of ``offsets``, and ``doubt`` wider on both sides."""
    try:
        low = span.low.replace(tzinfo=UTC) - max(offsets) - doubt
        return Span(low, span.high.replace(tzinfo=UTC) - min(offsets) + doubt)
    except OverflowError:  # in the year 1 or 9999: nobody's time
        return None


def learn(pairs: Iterable[Pair]) -> Zone:
    """What neighbours agree on. Rows wider than 15 minutes allow several offsets, and say nothing."""
    found = [_run(span, modified) for span, modified in pairs if span.high - span.low < timedelta(seconds=_QUARTER)]
    runs: list[_Run] = []
    for pair in sorted(found, key=lambda run: (run.low, math.inf if run.offset is None else run.offset)):
        last = runs[-1] if runs else None
        if last is not None and last.offset == pair.offset and pair.low - last.high <= _STEADY:
            runs[-1] = replace(last, high=max(last.high, pair.high), is_several=True)
        else:
            runs.append(pair)
    return Zone(runs=tuple(runs))


class ZoneLearner:
    """Gives the rows of one listing page their times in UTC, if that can be learnt. It learns when first asked."""

    def __init__(self, rows: Sequence[Entry] = ()) -> None:
        self._rows = rows
        self._zone: Zone | None = None
        self._votes: dict[str, bool] | None = None

    def timed(self, entry: Entry, known: Mapping[str, Known]) -> Entry:
        """``entry``, its time in UTC if possible. ``known``: of the folder that is listed, by name."""
        if entry.modified is None or not _is_local(entry):
            return entry
        if self._zone is None:
            self._zone = learn(_pairs(self._rows, known))
        return replace(entry, modified=self._zone.localize(entry.modified) or entry.modified)

    def dating(self, entry: Entry, known: Mapping[str, Known]) -> Dating:
        """Whether Last-Modified tells the times of the rows, by the other files of the page that ``known`` holds."""
        if self._votes is None:
            self._votes = dict(islice(_votes(self._rows, known), _VOTES))
        votes = [agrees for name, agrees in self._votes.items() if name != entry.name]
        if not votes:
            return Dating.UNKNOWN
        return Dating.RELIABLE if 2 * sum(votes) > len(votes) else Dating.UNRELIABLE


def _votes(rows: Iterable[Entry], known: Mapping[str, Known]) -> Iterator[tuple[str, bool]]:
    """Of each file whose row is that of last time: whether the two times agree."""
    for entry in rows:
        one = known.get(entry.name)
        if one is None or one.row != entry.row or entry.modified is None or entry.folder:
            continue
        if parse_http_date(one.validators.last_modified) is not None:
            yield entry.name, row_agrees(entry.modified, one.validators.last_modified)


def _is_local(entry: Entry) -> bool:
    """True if its time is in the server's own zone, and its folder the one that is listed."""
    return entry.modified is not None and entry.modified.low.tzinfo is None and not entry.folder


def _pairs(rows: Iterable[Entry], known: Mapping[str, Known]) -> Iterator[Pair]:
    """Of the rows that stand as they stood when the server last confirmed their files."""
    for entry in rows:
        one = known.get(entry.name)
        if one is None or one.row != entry.row or entry.modified is None or not _is_local(entry):
            continue
        if one.checked == UNCONFIRMED:  # of another version than the row
            continue
        modified = parse_http_date(one.validators.last_modified)
        if modified is not None:
            yield entry.modified, modified


def _run(span: Span[datetime], modified: float) -> _Run:
    low, high, moment = _seconds(span.low), _seconds(span.high), int(modified)
    offset = -((moment - low) // _QUARTER) * _QUARTER  # the first that puts it at or after ``low``
    fits = offset <= high - moment and _WEST <= offset <= _EAST
    return _Run(low=low, high=high, offset=offset if fits else None)


def _seconds(naive: datetime) -> int:
    return math.floor(naive.replace(tzinfo=UTC).timestamp())


def row_agrees(modified: Span[datetime] | None, last_modified: str | None) -> bool:
    """False if a row's time cannot be that of the version with this Last-Modified, in any zone there is.

    Zones differ from UTC by multiples of 15 minutes.
    """
    moment = parse_http_date(last_modified)
    if modified is None or moment is None:
        return True
    low, high = (time if time.tzinfo else time.replace(tzinfo=UTC) for time in (modified.low, modified.high))
    if modified.low.tzinfo is not None:
        # Swift rounds Last-Modified up to whole seconds where its listings have fractions.
        last = math.ceil(high.timestamp()) if modified.exact else high.timestamp()
        return int(low.timestamp()) <= moment <= last
    first = -((moment - int(low.timestamp())) // _QUARTER)  # the smallest shift that is not below the span
    return abs(first) * _QUARTER <= _EAST and moment + first * _QUARTER <= high.timestamp()
