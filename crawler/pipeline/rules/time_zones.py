"""Learns the zone of a listing's times from the Last-Modified of files that are already here. It is never required.

A row without a zone shows the server's local time. If a file has the same row as in the last run, its Last-Modified
shows the offset from UTC. Apache and lighttpd apply summer time to each row by its own date; nginx
(``autoindex_localtime``) applies today's offset to all rows. So an offset is used only where neighbouring rows agree.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice

from crawler.model.freshness import Dating
from crawler.model.limits import EASTERNMOST_ZONE, WESTERNMOST_ZONE
from crawler.model.struct import Value, replace
from crawler.model.values import UNPROVEN, Entry, Job, Known, Span
from crawler.pipeline.rules.racy import timestamp_in_utc
from crawler.text.http_fields import parse_http_date

Pair = tuple[Span[datetime], float]
"""(Time of a row without a zone, Last-Modified of its file in seconds since the epoch)."""

_VOTES = 100
"""Maximum number of files in a directory whose two times are compared."""
_HOUR = 3600
_QUARTER = 900
"""Seconds of which all offsets from UTC are multiples (IANA tz database; the only exception ended in 1972)."""
_WEST, _EAST = int(WESTERNMOST_ZONE.total_seconds()), int(EASTERNMOST_ZONE.total_seconds())
_NEAR = 30 * 24 * _HOUR
_STEADY = 7 * 24 * _HOUR
"""Seconds: the shortest time in which a zone left and resumed its offset (tz database, 1990 to 2035: Brazil 2000)."""
_SUMMER = timedelta(hours=2)
"""The largest change of summer time (Troll); elsewhere it is one hour or half an hour."""


class _Run(Value, frozen=True, kw_only=True):
    """Consecutive rows, ordered by time, that agree on an offset. Times are in seconds, as printed without a zone."""

    low: int
    high: int
    offset: int | None
    """Offset from UTC in seconds, positive to the east; None if no zone explains the rows."""
    is_several: bool = False
    """True if the run has more than one row."""


class Zone(Value, frozen=True, kw_only=True):
    """The known facts about the time zone of one listing page."""

    runs: tuple[_Run, ...] = ()
    """The runs of rows, ordered by time."""

    def localize(self, span: Span[datetime]) -> Span[datetime] | None:
        """``span``, a time without a zone, in UTC; None if too little is known.

        At least two rows within 30 days must agree, and none may contradict. Between rows that are at most a week
        apart, the span stays as narrow as it was; elsewhere it is widened by a possible change of summer time.
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
    """The offsets of the runs that a zone explains."""
    return [timedelta(seconds=run.offset) for run in runs if run.offset is not None]


def _in_utc(span: Span[datetime], offsets: Sequence[timedelta], doubt: timedelta) -> Span[datetime] | None:
    """``span`` in UTC by any of ``offsets``, widened by ``doubt`` on both sides; None if it is not a real time."""
    try:
        low = span.low.replace(tzinfo=UTC) - max(offsets) - doubt
        return Span(low, span.high.replace(tzinfo=UTC) - min(offsets) + doubt)
    except OverflowError:  # in the year 1 or 9999, so not a real time
        return None


def learn(pairs: Iterable[Pair]) -> Zone:
    """Learn the zone of a listing. Rows with spans over 15 minutes allow several offsets and prove nothing."""
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
    """Converts the times of one listing page to UTC if its zone can be learnt, which is tried on first use."""

    def __init__(self, rows: Sequence[Entry] = ()) -> None:
        self._rows = rows
        self._zone: Zone | None = None
        self._votes: dict[str, bool] | None = None

    def timed(self, entry: Entry, known: Mapping[str, Known]) -> Entry:
        """``entry`` with its time in UTC if possible. ``known``: name → the record of each file of the directory."""
        if entry.modified is None or not _is_local(entry):
            return entry
        if self._zone is None:
            self._zone = learn(_pairs(self._rows, known))
        if not self._zone.runs:
            return entry
        return replace(entry, modified=self._zone.localize(entry.modified) or entry.modified)

    def dating(self, entry: Entry, known: Mapping[str, Known]) -> Dating:
        """Whether the rows show the Last-Modified of their files, judged by the files in ``known``."""
        if self._votes is None:
            self._votes = dict(islice(_votes(self._rows, known), _VOTES))
        if not self._votes:
            return Dating.UNKNOWN
        votes = [agrees for name, agrees in self._votes.items() if name != entry.name]
        if not votes:
            return Dating.UNKNOWN
        return Dating.RELIABLE if 2 * sum(votes) > len(votes) else Dating.UNRELIABLE


def _votes(rows: Iterable[Entry], known: Mapping[str, Known]) -> Iterator[tuple[str, bool]]:
    """Yield (name, whether its two times agree) for each file whose row is that of the last run."""
    for entry in rows:
        one = known.get(entry.name)
        if one is None or one.row != entry.row or entry.modified is None or entry.folder:
            continue
        if parse_http_date(one.validators.last_modified) is not None:
            yield entry.name, row_agrees(entry.modified, one.validators.last_modified)


def _is_local(entry: Entry) -> bool:
    """Whether ``entry`` has a time without a zone and lies in the listed directory itself."""
    return entry.modified is not None and entry.modified.low.tzinfo is None and not entry.folder


def _pairs(rows: Iterable[Entry], known: Mapping[str, Known]) -> Iterator[Pair]:
    """Yield the pairs of the files whose rows have not changed since the server confirmed them."""
    for entry in rows:
        one = known.get(entry.name)
        if one is None or one.row != entry.row or entry.modified is None or not _is_local(entry):
            continue
        if one.checked in UNPROVEN:  # the Last-Modified may be that of another version
            continue
        modified = parse_http_date(one.validators.last_modified)
        if modified is not None:
            yield entry.modified, modified


def _run(span: Span[datetime], modified: float) -> _Run:
    return _Run(low=_seconds(span.low), high=_seconds(span.high), offset=offset_of(span, int(modified)))


def offset_of(span: Span[datetime], moment: int) -> int | None:
    """The offset from UTC, in seconds, at which ``span`` contains ``moment`` (seconds since the epoch).

    None if there is none, and for a row wider than 15 minutes, which allows several.
    """
    low, high = _seconds(span.low), _seconds(span.high)
    offset = -((moment - low) // _QUARTER) * _QUARTER  # the first offset that puts the moment at or after ``low``
    fits = high - low < _QUARTER and offset <= high - moment and _WEST <= offset <= _EAST
    return offset if fits else None


def _seconds(naive: datetime) -> int:
    return math.floor(timestamp_in_utc(naive))


@lru_cache(maxsize=1024)  # files of a release often have the same times
def row_agrees(modified: Span[datetime] | None, last_modified: str | None) -> bool:
    """Whether a row's time can be that of the version with this Last-Modified, in any zone.

    Zones differ from UTC by multiples of 15 minutes.
    """
    moment = parse_http_date(last_modified)
    if modified is None or moment is None:
        return True
    low, high = modified.low, modified.high
    if low.tzinfo is not None:
        return shows(modified, moment)
    first = -((moment - int(timestamp_in_utc(low))) // _QUARTER)  # the smallest shift that reaches the span
    return abs(first) * _QUARTER <= _EAST and moment + first * _QUARTER <= timestamp_in_utc(high)


def job_agrees(job: Job, last_modified: str | None) -> bool:
    """Whether the listed time of ``job`` can be that of the version with this Last-Modified, by the zone that is known.

    ``moment`` may be widened by a change of summer time, which no zone fills minute by minute, so the row counts, too.
    """
    return row_agrees(job.modified, last_modified) and row_agrees(job.moment, last_modified)


def only_by_summer_time(job: Job) -> bool:
    """Whether ``moment`` is widened by a change of summer time.

    Rows that have not changed taught the zone. So the listing as a whole has not moved, and a row that has moved is of
    another version than before.
    """
    moment, row = job.moment, job.modified
    return moment is not None and row is not None and moment.high - moment.low > row.high - row.low


def shows(modified: Span[datetime], moment: float) -> bool:
    """Whether a row's time, whose zone is known, can be that of a file with the Last-Modified ``moment``.

    Swift rounds Last-Modified up to whole seconds, while its listings have fractions.
    """
    high = modified.high.timestamp()
    return int(modified.low.timestamp()) <= moment <= (math.ceil(high) if modified.exact else high)
