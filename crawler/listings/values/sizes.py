"""Reads size cells: the range of bytes that a printed size stands for.

``1.2K`` is an interval whose width depends on the program that printed it. Rounding rules, from the servers' sources:

nearest  Apache's ``apr_strfsize`` and nginx's autoindex: to the nearest unit of the last digit, base 1024. Apache drops
         the lower bits before rounding, so the interval extends up to 1/1024 of a unit further.
floor    lighttpd's ``http_list_directory_sizefmt``: the decimal is the remainder in 1024ths divided by 100, truncated;
         a file that is not empty has at least 0.1K.
by 103   Tomcat's ``renderSize``: the decimal is the remainder in 1024ths divided by 103, truncated, so ``1.8 kb`` may
         be slightly more than 1.9: as ``safe``, plus that margin.
safe     all others: one unit of the last digit either way, base 1000 or 1024. Three digits after the point may be
         thousands, so the interval contains both readings.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from math import ceil, floor

from crawler.model.values import Span
from crawler.text.patterns import pattern


class Rounding(Enum):
    """The way in which a program rounds the sizes it prints."""

    NEAREST = "nearest"
    FLOOR = "floor"
    BY_103 = "by 103"
    SAFE = "safe"


_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫", "01234567890123456789.")
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6, "к": 1, "м": 2, "г": 3, "т": 4}
_UNIT = (
    r"(?:(?P<power>[kmgtpe])(?:i?[bo]|i|[bo]ytes?)?|(?P<bytes>b|o|bytes?|octets?|bytes?\s+in\s+size|байт\w*|字节|バイト)"
    r"|(?P<local>[кмгт])(?:и?б|байт)?)"
)
_NUMBER = r"(?P<whole>\d{1,3}(?:[,' \u00a0\u2009\u202f]\d{3})+|\d+)(?P<point>\s?[.,]\d+)?"
_SIZE = pattern(rf"[\[(]?\s*(?:~\s*)?{_NUMBER}\s*{_UNIT}?\.?\s*[\])]?", re.IGNORECASE)
_EXACT_INSIDE = pattern(r"\(\s*(\d{1,3}(?:[,\s]\d{3})+|\d+)\s*bytes?\s*\)", re.IGNORECASE)
_MARKED = pattern(rf"(?<![\w.,]){_NUMBER}\s?{_UNIT}(?![\w/])", re.IGNORECASE)
_NONE = pattern(
    r"[-‐-―−_]{1,5}|\[?(?:<\s*)?(?:dir(?:ectory)?|folder|n/?a|null|none|link|dossier|ordner|carpeta|папка)(?:\s*>)?\]?",
    re.I,
)
_MAX_CELL = 64


def is_no_size(text: str) -> bool:
    """True for text printed instead of a size for directories: ``-``, ``—``, ``<dir>``, ``DIR``, ``Folder``, …"""
    return bool(_NONE.fullmatch(text.strip()))


@lru_cache(4096)
def read_size(text: str, rounding: Rounding = Rounding.SAFE, unit: int = 0) -> Span[int] | None:
    """The interval in bytes that a cell stands for; None if the cell is not a size.

    ``unit`` is the power of 1024 that the column heading gives to bare numbers: 1 for ``Size (KB)``.
    """
    if not text or len(text) > _MAX_CELL:
        return None
    if not unit and text.isascii() and text.isdigit():
        return Span(int(text), int(text))
    found = _SIZE.fullmatch(text.translate(_DIGITS).strip())
    if found is None:
        inside = _EXACT_INSIDE.search(text)
        return _exactly(inside[1]) if inside else None
    return _interval(found, rounding, unit)


def is_near(size: int, printed: Span[int]) -> bool:
    """True if an exact size is near a printed one, with a margin: lighttpd 2 prints ``0.9M`` for 1049251 bytes."""
    margin = (printed.high - printed.low) // 8
    return printed.low - margin <= size <= printed.high + margin


def are_apart(first: Span[int] | None, second: Span[int] | None) -> bool:
    """True if two printed sizes cannot both be of the same file."""
    return first is not None and second is not None and (first.high < second.low or second.high < first.low)


def find_marked_size(text: str, rounding: Rounding = Rounding.SAFE) -> tuple[str, Span[int]] | None:
    """(text, interval in bytes) of the first number with a unit in a longer text."""
    found = _MARKED.search(text[:500].translate(_DIGITS))
    if found is None:
        return None
    span = _interval(found, rounding, 0)
    return (found[0], span) if span else None


def _exactly(digits: str) -> Span[int]:
    value = int(re.sub(r"\D", "", digits))
    return Span(value, value)


def _interval(found: re.Match[str], rounding: Rounding, unit: int) -> Span[int] | None:
    whole, point = int(re.sub(r"\D", "", found["whole"])), found["point"]
    letter = (found["power"] or found["local"] or "").lower()
    power = _POWERS[letter] if letter else (0 if found["bytes"] else unit)
    if rounding not in {Rounding.SAFE, Rounding.BY_103} and found[0].strip()[-1:] not in "KMGTPE":
        rounding = Rounding.SAFE  # those servers print a single capital letter: another program printed this cell
    if power == 0:
        return Span(whole, whole) if not point else _fraction_of_bytes(whole, point)
    fraction = re.sub(r"[\s.,]", "", point) if point else ""
    steps = 10 ** len(fraction)
    number = whole * steps + int(fraction or 0)
    scale = 1024**power
    if len(fraction) == 3 and 0 < whole < 1000 and rounding is Rounding.SAFE:
        # 1.000 KB is about one or exactly a thousand, depending on the locale of the server
        return Span(max(0, (number - 1) * 1000**power // steps), (number + 1) * scale)
    if rounding is Rounding.NEAREST:
        margin = scale // 512
        low = (2 * number - 1) * scale // (2 * steps) - margin
        high = -(-(2 * number + 1) * scale // (2 * steps)) + margin
    elif rounding is Rounding.FLOOR:
        low = 0 if number == 0 else max(1, _lighttpd_low(whole, int(fraction or 0), scale))
        high = 0 if number == 0 else (number + 1) * scale // steps
    else:
        low = (number - 1) * 1000**power // steps
        high = -(-(number + 1) * scale // steps) + (scale // 200 if rounding is Rounding.BY_103 else 0)
    return Span(max(0, low), max(0, high))


def _lighttpd_low(whole: int, tenth: int, scale: int) -> int:
    if whole == 0 and tenth == 1 and scale == 1024:
        return 1
    return whole * scale + tenth * 100 * scale // 1024


def _fraction_of_bytes(whole: int, point: str) -> Span[int]:
    """The interval for bytes with a fraction: three digits after the point may be thousands, ``1.000`` is 1 to 1000."""
    digits = re.sub(r"[^0-9]", "", point)
    value = float(f"{whole}.{digits}")
    if len(digits) == 3 and 0 < whole < 1000:
        return Span(whole, whole * 1000 + int(digits))
    return Span(floor(value), ceil(value))
