"""Translates values in other notations: units spelled out, decimal commas, dates of other countries, foreign paths.

Imported only for the message about a value that could not be read. A translation is proposed only if the option takes
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from difflib import get_close_matches
from unicodedata import normalize

_CHOICES = "expected one of "
"""How the message about a word begins that is none of a few."""
_LONGEST = 60
"""Maximum length of a value that is translated."""
_QUOTES = "'\"`\u2018\u2019\u201c\u201d\u00ab\u00bb"
_GROUPED = re.compile(r"(\d{1,3})((?:[,. _'\u2019]\d{3})+)(\D*)")
_GROUPS = re.compile(r"[,. _'\u2019]")
_UNITS_OF_TIME = (
    ("s", 1, r"s|secs?|seconds?"), ("s", 0.001, r"ms|msecs?|milliseconds?"), ("m", 1, r"m|mins?|minutes?"),
    ("h", 1, r"h|hrs?|hours?"), ("d", 1, r"d|days?"), ("w", 1, r"w|wks?|weeks?"), ("d", 30, r"mo|mon|months?"),
    ("d", 365, r"y|yrs?|years?"),
)  # fmt: skip
"""Unit of this program, how many of it make one of another unit, and the words for that."""
_WORDS_OF_TIME = {
    "yesterday": "1d", "today": "1d", "last week": "7d", "last month": "30d", "last year": "365d", "hourly": "1h",
    "daily": "1d", "weekly": "7d", "monthly": "30d",
}  # fmt: skip
_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_AGO = re.compile(r"(?:now\s*-?|-)?\s*(.*?)\s*(?:ago|old)?", re.I)
_COMPOUND = re.compile(r"(?:\d+(?:\.\d+)?\s*[wdhms]\s*){2,}", re.I)
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)")
_SIZE_WORDS = re.compile(r"([\d.]+)\s*([kmgt])[a-z]*(?:/s(?:ec)?)?", re.I)
_BITS = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt])(?:[Bb]its?|b)(?:ps|/s|/sec)?", re.I)
_DEFAULTS = frozenset(
    ("none", "unlimited", "infinite", "infinity", "inf", "\u221e", "no", "never", "false", "off", "disabled", "all",
     "any", "auto", "default", "-1", "no limit")
)  # fmt: skip
"""Words for no limit, or for what the program does by itself."""
_TRUE = frozenset({"yes", "true", "on", "auto", "localhost", "dask"})
"""Words for a cluster of which nothing else is said."""
_DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ T].*)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MINUTES_OR_MONTHS = re.compile(r"[\d.,]+\s*M")
_NUMBER = re.compile(
    r"(\d+(?:\.\d+)?)(?:e(\d))?(?:x|\s*(?:workers?|files?|times|threads?|connections?|requests?|attempts?))?[,;.]?"
)
_EPOCH = re.compile(r"@?(\d{9,11})")


def meant(text: str, parse: Callable[[str], object], said: str = "") -> str:
    """The end of a message about ``text``, which ``parse`` refuses: what may have been meant, or "" if unknown.

    ``said``: why it is refused, which may be a list of choices.
    """
    if text.startswith(("http://", "https://")):
        return ": that is a URL: give the option a value of its own, before URL"
    if len(text) > _LONGEST:
        return ""
    plain = normalize("NFKC", text).replace("\u2212", "-").strip(_QUOTES + " ")
    choices = said.removeprefix(_CHOICES).split(", ") if said.startswith(_CHOICES) else []
    for each in dict.fromkeys((*_translations(plain), *get_close_matches(plain.lower(), choices, 1, 0.7))):
        try:
            parse(each)
        except ValueError:
            continue
        if each != text and each.strip():
            return f": did you mean {each}?"
    return ": leave the option out for its default" if plain.lower() in _DEFAULTS else ""


def foreign(path: str) -> str:
    """Why ``path`` is none of this machine, and what to write: it begins with ~ or $, is one of Windows, or a URL."""
    if path[0] in "~$":
        return (
            f"a shell expands {path[0]}, but not in quotes, and not after =: write the path in full, "
            f"or ./{path} if that is its name"
        )
    if "://" in path:
        return "a URL: name a file on this machine; to read one from elsewhere, fetch it first"
    return f"a path of Windows: write it as here, such as /mnt/c/data, or ./{path} if that is its name"


def _translations(plain: str) -> Iterator[str]:
    yield plain
    is_ambiguous = _MINUTES_OR_MONTHS.fullmatch(plain) is not None
    if not is_ambiguous:
        yield plain.lower()
    yield plain.lstrip("+<>=\u2265\u2264 ")
    if plain.lower() in _DEFAULTS:
        yield "off"
    if share := re.fullmatch(r"([\d.,]+)\s*(?:%|percent|pct)", plain.lower()):
        yield share[1].replace(",", ".") + "%"
        return
    if grouped := _GROUPED.fullmatch(plain):
        yield grouped[1] + _GROUPS.sub("", grouped[2]) + grouped[3]
    point = re.sub(r"(?<=\d),(?=\d)", ".", plain)
    yield point
    if not is_ambiguous:
        yield from _times(point.lower())
    yield from _sizes(point)
    yield from _dates(plain)
    yield f"local:{plain}" if plain.isdigit() else "local" if plain.lower() in _TRUE else ""
    if not is_ambiguous and (number := _NUMBER.fullmatch(point.lower())):
        value = float(number[1]) * 10 ** int(number[2] or 0)
        yield f"{value:g}" if value < 1_000_000 else f"{value:.0f}"


def _times(text: str) -> Iterator[str]:
    """Durations and ages."""
    found = _AGO.fullmatch(text)
    bare = found[1] if found else text
    if (words := bare.replace("-", " ").replace("_", " ")) in _WORDS_OF_TIME:
        yield _WORDS_OF_TIME[words]
    if count := re.fullmatch(r"(an?|\d+(?:\.\d+)?)\s*([a-z]+)", bare):
        number = 1.0 if count[1][0] == "a" else float(count[1])
        for unit, factor, words in _UNITS_OF_TIME:
            if re.fullmatch(words, count[2]):
                yield f"{number * factor:g}{unit}"
    if _COMPOUND.fullmatch(bare):
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([wdhms])", bare)
        yield _seconds(sum(float(number) * _SECONDS[unit] for number, unit in parts))
    for form, units in ((_ISO, "wdhms"), (_CLOCK, "hms")):
        if whole := form.fullmatch(bare.upper()):
            total = sum(int(number or 0) * _SECONDS[unit] for number, unit in zip(whole.groups(), units, strict=True))
            yield _seconds(total)


def _seconds(total: float) -> str:
    unit = next((each for each in "dhms" if total >= _SECONDS[each] and total % _SECONDS[each] == 0), "s")
    return f"{total / _SECONDS[unit]:g}{unit}"


def _sizes(text: str) -> Iterator[str]:
    """Sizes and rates; a rate in bits becomes one in bytes."""
    bits, words = _BITS.fullmatch(text), _SIZE_WORDS.fullmatch(text)
    if bits and ("b" in text or "it" in text.lower()):  # B stands for bytes
        factor = 1000 ** ("kmgt".index(bits[2].lower()) + 1)
        yield f"{float(bits[1]) * factor / 8 / 1024:.0f}K"
    if words:
        yield f"{words[1]}{words[2].upper()}"


def _dates(text: str) -> Iterator[str]:
    """Dates, as in ISO 8601."""
    if found := _DATE.fullmatch(text):
        first, middle, last = int(found[1]), int(found[3]), int(found[4])
        orders = [(first, middle, last)] if len(found[1]) == 4 else [(last, middle, first), (last, first, middle)]
        if found[2] == "/" and len(found[1]) < 4:
            orders = [order for order in orders if max(order[1:]) > 12 or order[1] == order[2]]  # else it is ambiguous
        yield from (_iso(*order) for order in orders if order[0] > 99)
    words = re.findall(r"\d+|[a-z]+", text.lower())
    months = [_MONTHS.index(word[:3]) + 1 for word in words if word[:3] in _MONTHS]
    numbers = [int(word) for word in words if word.isdecimal()]
    if len(months) == 1 and len(numbers) >= 2:
        day, year = sorted(numbers[:2])
        yield _iso(year, months[0], day)
    if epoch := _EPOCH.fullmatch(text):
        yield datetime.fromtimestamp(int(epoch[1]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
