"""The value of ``--limit-rate``: one rate, or a timetable of rates in rclone's notation.

A timetable follows the local wall clock. Whatever changes that clock, daylight saving time included, shifts the rates
with it, so the rate in force depends only on the table and the local time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from crawler.model.options.readers import parse_rate
from crawler.model.struct import Value

DAY, WEEK = 24 * 60, 7 * 24 * 60
"""Length of a day and of a week, in minutes."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TOKEN = r"(?i)(?:([a-z]+)-)?([01]\d|2[0-3]):([0-5]\d),([^,]+)"
_BAD = "expected a rate such as 2M, or a timetable such as '08:00,2M 19:00,off' or 'Mon-08:00,2M Sat-00:00,off'"


class Slot(Value, frozen=True):
    """A rate, and the minute of the week from which it applies until the next slot."""

    minute: int
    """Minutes since Monday 00:00, local time."""
    rate: int | None
    """Bytes per second; None for no limit."""


class Timetable(Value, frozen=True):
    """The slots of a week, ordered by time. The last one applies until the first one of the next week."""

    slots: tuple[Slot, ...]


def parse_limit_rate(text: str) -> int | Timetable | None:
    """``2M`` → bytes per second; ``off`` → None; ``08:00,2M Sat-00:00,off`` → a Timetable. Raises ValueError.

    Slots are separated by white space or semicolons. A slot without a day applies every day; of two slots for the same
    minute the later one counts.
    """
    text = text.strip()
    if "," not in text:
        try:
            return None if text.lower() == "off" else parse_rate(text)
        except ValueError as error:
            raise ValueError(f"{error}; by time of day: '08:00,2M 19:00,off'") from None
    rates: dict[int, int | None] = {}
    for token in re.split(r"[\s;]+", text):
        if token:
            rates |= _slots_of(token)
    return Timetable(tuple(Slot(minute, rates[minute]) for minute in sorted(rates)))


def check_timetable(table: Timetable) -> Timetable:
    """``table`` unchanged. Raises ValueError if ``parse_limit_rate`` could not return it."""
    minutes = [slot.minute for slot in table.slots]
    is_ordered = minutes == sorted(set(minutes)) and all(0 <= minute < WEEK for minute in minutes)
    if not minutes or not is_ordered or any(slot.rate is not None and slot.rate < 1 for slot in table.slots):
        raise ValueError(_BAD)
    return table


def rate_at(table: Timetable, moment: datetime) -> tuple[int | None, float]:
    """(rate in force at ``moment``, seconds until the next slot begins).

    ``moment`` is local wall-clock time, and the seconds are counted on the same clock.
    """
    from bisect import bisect_right  # imported only by a run that has a timetable

    seconds = moment.weekday() * 86400 + moment.hour * 3600 + moment.minute * 60 + moment.second
    now = seconds + moment.microsecond / 1e6
    following = bisect_right(table.slots, now, key=lambda slot: slot.minute * 60)
    current, after = table.slots[following - 1], table.slots[following % len(table.slots)]
    week = WEEK * 60
    return current.rate, (after.minute * 60 - now) % week or week


def strictest(limits: Iterable[int | Timetable | None], moment: datetime) -> tuple[int | None, float]:
    """(lowest rate of ``limits`` that is in force at ``moment``, seconds until one of the rates may change)."""
    lowest, soonest = None, float(WEEK * 60)
    for limit in limits:
        rate, left = rate_at(limit, moment) if isinstance(limit, Timetable) else (limit, soonest)
        soonest = min(soonest, left)
        if rate is not None and (lowest is None or rate < lowest):
            lowest = rate
    return lowest, soonest


def _slots_of(token: str) -> dict[int, int | None]:
    """Minute of the week → rate, for one slot as written, such as ``Sat-00:00,off``. Raises ValueError."""
    match = re.fullmatch(_TOKEN, token)
    if not match:
        raise ValueError(_BAD)
    day, hour, minute, rate = match.groups()
    days = range(7) if day is None else [_day_of(day.lower())]
    value = None if rate.lower() == "off" else parse_rate(rate)
    return {number * DAY + int(hour) * 60 + int(minute): value for number in days}


def _day_of(name: str) -> int:
    for number, day in enumerate(_DAYS):
        if name in {day, day[:3]}:
            return number
    raise ValueError(f"{_BAD}; a day is {', '.join(day[:3].title() for day in _DAYS)}, or its full name")
