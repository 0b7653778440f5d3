"""Exact values as JSON and XML listings print them: sizes, times with a zone, digests, entity tags.

Every reader takes what the document holds, of whatever type, and returns None for what it does not
mean: a wrong field costs that field, never the entry.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from crawler.model.values import Span
from crawler.text.http_fields import http_datetime

_FIRST_YEAR, _LAST_YEAR = 1902, 9000
"""From the first whole year of 32 bits on: so the zeros of those who count from the years 1, 1601 and 1900 are none."""
_NO_DAYS = frozenset({date(1904, 1, 1), date(1969, 12, 31)})
"""Zero of Mac OS; -1, and zero in the zones west of Greenwich, of Unix."""
_MAX_DIGITS = 19
# Seconds since 1970 reach this value in the year 5138; a larger number counts milliseconds (since 1973).
_MILLISECONDS_FROM = 100_000_000_000
_EARLIEST = -(2**31)
_MINUTES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?")
_HEX_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
_HEX = re.compile(r"[0-9a-fA-F]+")


def exact_size(value: object) -> Span[int] | None:
    """Bytes from a number that is not negative, or from its digits."""
    if type(value) is int and value >= 0:
        return Span(value, value)
    if isinstance(value, str):
        text = value.strip()
        if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
            return None
        number = int(text)
        return Span(number, number)
    return None


def iso_time(value: object) -> Span[datetime] | None:
    """ISO 8601 date and time (RFC 3339); aware when it has a zone, else naive.

    A fraction is kept in ``high`` only: the Last-Modified header of the same file has none, and both
    must lie inside.
    """
    if not isinstance(value, str):
        return None
    text = value.strip()
    if len(text) < 16 or text[10] not in "T ":
        return None
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is not None and when.tzinfo is not UTC:
            when = when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if text[16:17] != ":" and _MINUTES.fullmatch(text):
        return _span(when, when + timedelta(seconds=59))
    return _span(when.replace(microsecond=0) if when.microsecond else when, when)


def utc_time(value: object) -> Span[datetime] | None:
    """As :func:`iso_time`, for documents whose times are in UTC whether they say so or not."""
    span = iso_time(value)
    if span is None or span.low.tzinfo is not None:
        return span
    return Span(span.low.replace(tzinfo=UTC), span.high.replace(tzinfo=UTC))


def http_time(value: object) -> Span[datetime] | None:
    """An HTTP date (RFC 9110 section 5.6.7), obsolete forms included, as a span in UTC; None if it is not one."""
    when = http_datetime(value.strip()) if isinstance(value, str) else None
    return None if when is None else _span(when, when)


def epoch_time(value: object) -> Span[datetime] | None:
    """Seconds or milliseconds since 1970 UTC, as a number or as its digits. Zero means none, and so does -1."""
    if isinstance(value, str):
        try:
            value = float(value) if len(value) <= _MAX_DIGITS else None
        except ValueError:
            return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not (value and -1e14 < value < 1e14):
        return None
    seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
    if seconds < _EARLIEST:
        return None
    when = datetime.fromtimestamp(seconds, UTC)
    return _span(when.replace(microsecond=0), when)


def any_time(value: object) -> Span[datetime] | None:
    """Whichever of the forms above it is."""
    return iso_time(value) or http_time(value) or epoch_time(value)


def hex_digest(algorithm: str, value: object) -> str | None:
    """``algorithm:hex`` if ``value`` is a digest of that algorithm's length, in hexadecimal."""
    if not isinstance(value, str) or len(value) != _HEX_LENGTHS.get(algorithm) or not _HEX.fullmatch(value):
        return None
    return f"{algorithm}:{value.lower()}"


def entity_tag(value: object) -> str | None:
    """An entity tag with its quotes (RFC 9110 section 8.8.3), which some listings leave out."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    return text if text.endswith('"') else f'"{text}"'


def printed(size: object, time: object) -> str:
    """The row as printed: the cells that are there, joined by a space."""
    first, second = "" if size is None else str(size), "" if time is None else str(time)
    return f"{first} {second}" if first and second else first or second


def _span(low: datetime, high: datetime) -> Span[datetime] | None:
    """None for times that only a mistake or a placeholder gives, such as the year 1."""
    is_none = low.year < 1970 and low.date() in _NO_DAYS
    return Span(low, high) if _FIRST_YEAR <= low.year < _LAST_YEAR and not is_none else None
