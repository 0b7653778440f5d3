"""Reads time cells: the interval that a printed date stands for, in every format that listings use.

A time printed to the minute covers sixty seconds, a date the whole day. A time is aware only if the cell itself gives
its zone (``Z``, ``GMT``, an offset, RFC 1123, epoch seconds); otherwise it is in the server's zone and naive.
Abbreviations such as CET are ambiguous and ignored. A date without a year cannot be computed without a clock, so it is
only part of the row's text. If day and month cannot be told apart, the interval spans both readings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import Enum
from functools import lru_cache

from crawler.model.struct import Value
from crawler.model.values import Span

_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_MONTHS = {
    1: "jan ene gen янв janv jän janeiro",
    2: "feb fev fév février фев febr",
    3: "mar mär mrt mars мар märz maa",
    4: "apr abr avr апр avril",
    5: "may mai mei mag maj май мая toukokuuta",
    6: "jun juin giu июн juni",
    7: "jul juil lug июл juli juillet",
    8: "aug ago aoû авг août",
    9: "sep set сен sept",
    10: "oct okt ott out окт",
    11: "nov ноя",
    12: "dec dez dic déc дек des",
}
_MONTH_OF = {word: number for number, words in _MONTHS.items() for word in words.split()}
_MORNING = {"am", "a.m.", "오전", "上午", "午前", "πμ", "π.μ."}
_EVENING = {"pm", "p.m.", "오후", "下午", "午後", "μμ", "μ.μ."}

_HALF = r"(?:[ap]\.?\s?m\.?|오전|오후|上午|下午|午前|午後|π\.?μ\.?|μ\.?μ\.?)"
_CLOCK = (
    rf"(?P<before>{_HALF}\s*)?(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{{1,9}}))?)?"
    rf"(?:\s*(?P<after>{_HALF})(?!\w))?"
)
_ZONE = (
    r"(?:\s*(?P<zone>Z\b|(?:UTC|GMT)?[+-]\d\d:?\d\d\b|UTC\b|GMT\b|[A-Z]{3,5}\b(?=\s+\d{4}))"
    r"(?:\s+UTC\b|\s*\([\w ]+\))?)?"
)
_TIME = rf"(?:(?:\s*,)?(?:\s+at\s+|\s*-\s+|\s*T\s*|\s*\|\s*|\s+à\s+|\s+um\s+|[.:/]?\s*){_CLOCK}{_ZONE})?"
_MONTH = r"(?P<name>[^\W\d_]{3,10})\.?"
_WEEKDAY = r"(?:[^\W\d_]{2,9}\.?,?\s+)?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_SHORT_YEAR = r"(?P<year>(?:19|20)\d\d|\d\d)"

_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # 2025-05-06 03:08:09, 2025/05/06, 2025.05.06, ISO 8601, 2025年5月6日
        rf"(?<![\d.-]){_YEAR}(?P<mark>[-/.]|年)(?P<month>\d{{1,2}})(?:(?P=mark)|月){_DAY}日?(?![\d-]){_TIME}",
        # 06-May-2025 03:08, 6 May 2025 3:08 PM, Tue, 06 May 2025 03:08:09 GMT, 06May2025 03:08
        rf"(?<![\w.]){_WEEKDAY}{_DAY}[-/.\s]*(?:de\s+)?{_MONTH}[-/.,\s]*(?:de\s+)?{_YEAR}(?!\d){_TIME}",
        # 06-May-25 03:08, 06/May/25
        rf"(?<![\w.]){_DAY}(?P<mark>[-/]){_MONTH}(?P=mark){_SHORT_YEAR}(?![\d/-]){_TIME}",
        # 2025-May-06 03:08:09
        rf"(?<![\w.]){_YEAR}[-/.\s]{_MONTH}[-/.\s]{_DAY}(?!\d){_TIME}",
        # Tue May 06 03:08:09 CET 2025
        rf"(?<!\w){_WEEKDAY}{_MONTH}\s+{_DAY}\s+{_CLOCK}{_ZONE}\s+{_YEAR}(?!\d)",
        # May 6, 2025 at 3:08 PM, Tuesday, May 06, 2025 3:08 AM, May-06-2025 03:08
        rf"(?<!\w){_WEEKDAY}{_MONTH}[-/.\s]*{_DAY}(?:\s*,\s*|[-/.\s]+){_YEAR}(?!\d){_TIME}",
        # 5/6/2025 3:08 AM, 06.05.2025 03:08, 06-05-25
        rf"(?<![\d./-])(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second_>\d{{1,2}})(?P=mark)(?P<year>(?:19|20)\d\d|\d\d)(?![\d.]*[./-]?\d){_TIME}",
    )
)
_NUMERIC = _FORMS[-1]
_PLAIN = re.compile(
    r"(?:((?:19|20)\d\d)-(\d\d)-(\d\d)|(\d\d)-([A-Za-z]{3})-((?:19|20)\d\d)) (\d\d):(\d\d)(?::(\d\d))?", re.ASCII
)
"""The two formats that most servers print, as the whole text of a cell."""
_JALALI = re.compile(r"1[34]\d\d[/-]\d{1,2}[/-]\d{1,2}")
_SHORT = re.compile(
    r"(?<!\w)(?:[a-z]{3}\s+)?(?:\d{1,2}\s+[a-z]{3,9}|[a-z]{3,9}\s+\d{1,2}),?\s+(?:at\s+)?\d{1,2}:\d\d(?::\d\d)?(?!\w)",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"(?:last|yesterday|today|just now)\b.*|"
    r"(?:\d+(?:\.\d+)?|an?|one|a few)\s*(?:second|minute|hour|day|week|month|year|sec|min|hr|mo|yr)s?\b.*",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"-?\d{9,10}(?:\.\d+)?|\d{12,13}")
_STAMP = re.compile(r"((?:19|20)\d\d)([01]\d)([0-3]\d)(?:T?([0-2]\d)([0-5]\d)([0-5]\d)?)?")
_MAX_CELL = 200
_REMEMBERED = 4096
"""Maximum number of cached texts: a page repeats its dates, within a cell and from row to row."""


class Order(Enum):
    """The order of day, month and year in a column of numeric dates."""

    UNKNOWN = "unknown"
    DAY_FIRST = "d/m"
    MONTH_FIRST = "m/d"
    YEAR_FIRST = "y-m-d"


class Moment(Value, frozen=True):
    """A date found in a text: its position, and its value under each possible order of day and month."""

    start: int
    end: int
    readings: tuple[tuple[Order, datetime], ...]
    width: timedelta
    """Length of the interval that the text covers, minus one second."""

    def span(self, order: Order = Order.UNKNOWN) -> Span[datetime]:
        """The interval; ``order`` decides if the text is ambiguous."""
        chosen = [when for reading, when in self.readings if reading is order] or [when for _, when in self.readings]
        return Span(min(chosen), max(chosen) + self.width)


@lru_cache(_REMEMBERED)
def find_date(text: str) -> Moment | None:
    """The first complete date in ``text``; forms without a year are not dates."""
    if len(text) < 6:
        return None
    if plain := _plain(text):
        return plain
    text = text[:_MAX_CELL].translate(_DIGITS)
    best: Moment | None = None
    for form in _FORMS:
        for found in form.finditer(text):
            moment = _moment(found, form is _NUMERIC)
            if moment is not None:
                if best is None or moment.start < best.start:
                    best = moment
                break
        if best is not None and best.start == 0:
            break
    return best


def _plain(text: str) -> Moment | None:
    """The date in one of the two most common formats, else None; five times as fast as the general patterns."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], _month(found[5]), found[4])
    hour, minute, second = found[7], found[8], found[9]
    try:
        when = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return None
    return Moment(0, len(text), ((Order.UNKNOWN, when),), timedelta() if second else timedelta(seconds=59))


def is_time_like(text: str) -> bool:
    """True for a cell that holds a time but no usable date: no year, an age, another calendar."""
    text = text.strip()[:_MAX_CELL].translate(_DIGITS)
    return bool(_SHORT.search(text) or _JALALI.search(text) or (len(text) < 40 and _AGE.fullmatch(text)))


def find_short_date(text: str) -> tuple[int, int] | None:
    """(start, end) of an ``ls``-style date without a year in ``text``, or None."""
    found = _SHORT.search(text[:_MAX_CELL])
    return found.span() if found else None


def read_stamp(text: str) -> Span[datetime] | None:
    """A machine-readable sort key: epoch seconds or milliseconds (UTC), or ``yyyymmddhhmmss`` (naive)."""
    text = text.strip()
    try:
        if found := _STAMP.fullmatch(text):
            numbers = [int(group or 0) for group in found.groups()]
            start = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - in the server's zone
            width = {8: 86399, 12: 59}.get(len(text), 0)
            return Span(start, start + timedelta(seconds=width))
        if _EPOCH.fullmatch(text):
            seconds = float(text) / (1000 if len(text) >= 12 and "." not in text else 1)
            when = datetime.fromtimestamp(int(seconds), UTC)
            return Span(when, when)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def column_order(moments: Iterable[Moment]) -> Order:
    """The only order of day and month that fits all dates of a column; UNKNOWN if there are several or none."""
    left: set[Order] | None = None
    for moment in moments:
        if len(moment.readings) == 1 and moment.readings[0][0] is Order.UNKNOWN:
            continue
        here = {order for order, _ in moment.readings}
        left = here if left is None else left & here
    return left.pop() if left is not None and len(left) == 1 else Order.UNKNOWN


def _moment(found: re.Match[str], numeric: bool) -> Moment | None:
    groups = found.groupdict()
    clock = _clock(groups)
    if clock is None:
        return None
    hour, minute, second, width, zone = clock
    readings = []
    for order, year, month, day in _dates(groups, numeric):
        try:
            readings.append((order, datetime(year, month, day, hour, minute, second, tzinfo=zone)))
        except ValueError:
            continue
    if not readings:
        return None
    start = found.start()
    if (word := groups.get("name")) and found[0][0].isalpha() and _MONTH_OF.get(word.lower()[:3]) is None:
        start = found.start("name")
    return Moment(start, found.end(), tuple(readings), width)


def _dates(groups: dict[str, str | None], numeric: bool) -> Iterable[tuple[Order, int, int, int]]:
    year, short = int(groups["year"] or 0), len(groups["year"] or "") == 2
    full = year + (2000 if year < 69 else 1900) if short else year
    if not numeric:
        name = groups.get("name")
        month = _month(name) if name else int(groups["month"] or 0)
        return [(Order.UNKNOWN, full, month, int(groups["day"] or 0))] if month else []
    first, second = int(groups["first"] or 0), int(groups["second_"] or 0)
    readings = [(Order.DAY_FIRST, full, second, first)]
    if groups["mark"] != ".":
        readings.append((Order.MONTH_FIRST, full, first, second))
        if short and groups["mark"] == "-":
            readings.append((Order.YEAR_FIRST, first + (2000 if first < 69 else 1900), second, year))
    return readings


def _month(name: str) -> int:
    lower = name.lower()
    return _MONTH_OF.get(lower) or _MONTH_OF.get(lower[:4]) or _MONTH_OF.get(lower[:3]) or 0


def _clock(groups: dict[str, str | None]) -> tuple[int, int, int, timedelta, tzinfo | None] | None:
    if not groups.get("hour"):
        return 0, 0, 0, timedelta(seconds=86399), None
    hour, minute, second = int(groups["hour"] or 0), int(groups["minute"] or 0), int(groups.get("second") or 0)
    half = (groups.get("before") or groups.get("after") or "").strip().lower().replace(" ", "")
    if half:
        bare = half.replace(".", "")
        evening = half in _EVENING or bare in _EVENING
        if hour > 12 and not (evening or half in _MORNING or bare in _MORNING):
            return None
        hour = hour % 12 + (12 if evening else 0) if hour <= 12 else hour
    if hour > 23 or minute > 59:
        return None
    width = timedelta() if groups.get("second") else timedelta(seconds=59)
    return hour, minute, min(second, 59), width, _zone(groups.get("zone") or "")


def _zone(text: str) -> tzinfo | None:
    text = text.strip().upper()
    if text in {"Z", "UTC", "GMT"}:
        return UTC
    digits = text.removeprefix("UTC").removeprefix("GMT").replace(":", "")
    if len(digits) == 5 and digits[0] in "+-":
        minutes = int(digits[1:3]) * 60 + int(digits[3:5])
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=-minutes if digits[0] == "-" else minutes))
    return None
