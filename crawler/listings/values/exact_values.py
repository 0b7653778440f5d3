"""Reads exact values as JSON and XML listings print them: sizes, times with a zone, digests, entity tags.

The functions accept a value of any type and return None if it is not of the form in question: an invalid field is
ignored, and the entry is kept.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from crawler.model.values import Span
from crawler.text.http_fields import http_datetime

_FIRST_YEAR, _LAST_YEAR = 1902, 9000
"""Range of plausible years. 1902 is the first full year of 32-bit Unix time. The range excludes the zeros of the 1,
1601 and 1900 epochs."""
_PLACEHOLDER_DATES = frozenset({date(1904, 1, 1), date(1969, 12, 31)})
"""Dates that stand for an unknown time: 0 in classic Mac OS time; -1 in Unix time, or 0 in zones west of Greenwich."""
_MAX_DIGITS = 19
# Seconds since 1970 reach this value in the year 5138; a larger number counts milliseconds (since 1973).
_MILLISECONDS_FROM = 100_000_000_000
_EARLIEST = -(2**31)
_MINUTES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?")
_HEX_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
_HEX = re.compile(r"[0-9a-fA-F]+")


def exact_size(value: object) -> Span[int] | None:
    """A size in bytes, from a non-negative integer or a string of digits."""
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
    """An ISO 8601 date and time (RFC 3339); aware in UTC if it has a zone, else naive.

    A fraction of a second only extends ``high``, because the Last-Modified header of the same file has none and the
    span must contain both.
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
    """Same as :func:`iso_time`, but a time without a zone is taken as UTC."""
    span = iso_time(value)
    if span is None or span.low.tzinfo is not None:
        return span
    return Span(span.low.replace(tzinfo=UTC), span.high.replace(tzinfo=UTC))


def http_time(value: object) -> Span[datetime] | None:
    """An HTTP date (RFC 9110 section 5.6.7), including obsolete forms, as a span in UTC."""
    when = http_datetime(value.strip()) if isinstance(value, str) else None
    return None if when is None else _span(when, when)


def epoch_time(value: object) -> Span[datetime] | None:
    """Seconds or milliseconds since 1970 UTC, as a number or string. None for 0 and -1, which stand for unknown."""
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
    """A time in ISO 8601, as an HTTP date, or as seconds or milliseconds since 1970 UTC."""
    return iso_time(value) or http_time(value) or epoch_time(value)


def hex_digest(algorithm: str, value: object) -> str | None:
    """``algorithm:hex``, in lower case, if ``value`` is hexadecimal and has the length of that algorithm's digests."""
    if not isinstance(value, str) or len(value) != _HEX_LENGTHS.get(algorithm) or not _HEX.fullmatch(value):
        return None
    return f"{algorithm}:{value.lower()}"


def entity_tag(value: object) -> str | None:
    """An entity tag with its quotes (RFC 9110 section 8.8.3), which some listings omit."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    return text if text.endswith('"') else f'"{text}"'


def printed(size: object, time: object) -> str:
    """The row as printed: size and time joined by a space, without those that are None."""
    first, second = "" if size is None else str(size), "" if time is None else str(time)
    return f"{first} {second}" if first and second else first or second


def _span(low: datetime, high: datetime) -> Span[datetime] | None:
    """The span, or None for a time that is a mistake or a placeholder, such as one in the year 1."""
    is_placeholder = low.year < 1970 and low.date() in _PLACEHOLDER_DATES
    return Span(low, high) if _FIRST_YEAR <= low.year < _LAST_YEAR and not is_placeholder else None
