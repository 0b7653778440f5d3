"""HTTP header fields as values: dates, lengths, codings, validators (RFC 9110, RFC 9111, RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from crawler.model.values import Validators
from crawler.text.patterns import pattern

RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses worth a retry (timeouts, overload, gateways without a server): curl's --retry list and Cloudflare's 52x."""
OVERLOAD_STATUS = frozenset({429, 503})
"""Statuses by which a server asks for fewer requests (RFC 6585 section 4, RFC 9110 section 15.6.4)."""
REDIRECT_STATUS = frozenset({301, 302, 303, 307, 308})
"""Statuses of redirects, whose target is in Location (RFC 9110 section 15.4)."""
_BEGUN = rb"HTTP/1\.[01] [1-9][0-9]{2}"
STATUS_LINE = pattern(_BEGUN)
"""The beginning of a response (RFC 9112 section 4), up to its status."""
_FOREIGN = pattern(_BEGUN + rb"|H(?:T(?:T(?:P(?:/(?:1(?:\.(?:[01](?: (?:[1-9][0-9]?)?)?)?)?)?)?)?)?)?\Z")
"""STATUS_LINE, or the beginning of it at the end."""
_LENGTH_LINE = pattern(rb"\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r?\n", re.IGNORECASE)
MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
"""Abbreviation of a month, as in HTTP dates → its number. ``calendar.month_abbr`` depends on the locale."""
_IMF_FIXDATE = pattern(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
"""The date format that servers send; obsolete formats take a slower path."""


def may_hold_response(body: bytes) -> bool:
    """Whether another HTTP/1 response may begin in ``body``, because a status line (RFC 9112 section 4) is in it."""
    return body.rfind(b"HTTP/1.") >= 0 and STATUS_LINE.search(body) is not None  # ``in`` takes twice as long


ENDING = 65536
"""Number of bytes at the end of a complete body in which ``ends_in_response`` looks."""


class Tail:
    """Keeps the last pieces: at least ``least`` bytes, if so many have arrived. Nothing is copied before ``joined``."""

    __slots__ = ("_least", "_pieces", "_size")

    def __init__(self, least: int) -> None:
        self._least = least
        self._pieces: list[bytes] = []
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, piece: bytes) -> None:
        """``piece`` follows."""
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size - len(self._pieces[0]) >= self._least:
            self._size -= len(self._pieces.pop(0))

    def clear(self) -> None:
        """Forget everything: another body begins."""
        self._pieces.clear()
        self._size = 0

    def joined(self) -> bytes:
        """The pieces that are kept."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)


def ends_in_response(end: bytes) -> bool:
    """Whether ``end``, the last bytes of a body, are the beginning of another HTTP/1 response, or end with all of it.

    A server that sends fewer bytes than it announced may go on with another response, which fills the rest.
    """
    if not may_hold_response(end):
        return False
    stop = response_stop(end, max(found.start() for found in STATUS_LINE.finditer(end)))
    return stop is None or stop >= len(end)


def response_stop(data: bytes, begin: int) -> int | None:
    """The offset behind the response that begins at ``begin`` of ``data``, even if that is behind ``data``.

    None if its header section is not complete or states no length.
    """
    head_end = data.find(b"\r\n\r\n", begin) + 4
    length = _LENGTH_LINE.search(data, begin, head_end)
    return None if length is None else head_end + int(length[1])


def certain_length(end: bytes) -> int:
    """The number of bytes of ``end``, the last ones of an incomplete body, that certainly belong to it.

    A server that stops in the middle of a body may send another response on the connection before closing it, such as
    a 408 or the page of a 500: from a status line (RFC 9112 section 4) on, the bytes may belong to that one.
    """
    found = _FOREIGN.search(end)
    return len(end) if found is None else found.start()


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Retry-After (RFC 9110 section 10.2.3, either form) in seconds from ``now``; never negative.

    ``now``: the server's clock in seconds since the epoch. None if the field is absent or invalid.
    """
    if value is None:
        return None
    if re.fullmatch(r"\d{1,12}", value.strip()):
        return float(value)
    moment = parse_http_date(value)
    return None if moment is None else max(0.0, moment - now)


def parse_age(value: str | None) -> int:
    """Age in seconds (RFC 9111 section 5.1), the largest if there are several. 0 if it is absent or not a number."""
    numbers = re.findall(r"(?<![^ ,])\d{1,10}(?![^ ,])", value) if value else []
    return max(map(int, numbers), default=0)


@lru_cache(maxsize=1024)
def http_datetime(value: str) -> datetime | None:
    """An HTTP date (RFC 9110 section 5.6.7), including obsolete formats, as an aware datetime in UTC, or None.

    A leap second becomes the second before it, because datetime has none.
    """
    fixed = _IMF_FIXDATE.fullmatch(value)
    try:
        if fixed and fixed[2] in MONTHS:
            day, month, year, hour, minute, second = fixed.groups()
            moment = (int(year), MONTHS[month], int(day), int(hour), int(minute), min(int(second), 59))
            return datetime(*moment, tzinfo=UTC)
        from email.utils import parsedate_to_datetime

        parsed = parsedate_to_datetime(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@lru_cache(maxsize=1024)
def parse_http_date(value: str | None) -> float | None:
    """An HTTP date (RFC 9110 section 5.6.7) as seconds since the epoch, or None."""
    moment = http_datetime(value) if value else None
    return None if moment is None else moment.timestamp()


_LENGTH = re.compile(r"\d{1,18}")


def value_of(headers: Mapping[str, str], name: str) -> str:
    """The value of a field, stripped; "" if it is absent."""
    return headers.get(name, "").strip()


def content_length(headers: Mapping[str, str]) -> int | None:
    """Content-Length in bytes; None if it is absent, invalid or overridden by chunking (RFC 9112 section 6.3)."""
    text = value_of(headers, "Content-Length")
    if "Transfer-Encoding" in headers or not _LENGTH.fullmatch(text):
        return None
    return int(text)


def coding_of(headers: Mapping[str, str]) -> str:
    """The Content-Encoding in lower case; "" for an unencoded body."""
    coding = value_of(headers, "Content-Encoding").lower()
    return "" if coding == "identity" else coding


def is_multipart(headers: Mapping[str, str]) -> bool:
    """True if the body consists of ranges that have headers of their own (RFC 9110 section 14.6)."""
    return value_of(headers, "Content-Type").lower().startswith("multipart/byteranges")


def is_chunked(headers: Mapping[str, str]) -> bool:
    """True if the body is sent in chunks (RFC 9112 section 7.1)."""
    return "chunked" in value_of(headers, "Transfer-Encoding").lower()


_CHALLENGE = pattern(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9._~+-]*)(?=\s+[^\s=,]|\s*(?:,|$))")


def login_schemes(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Authentication schemes that WWW-Authenticate offers, such as ``Basic`` (RFC 9110 section 11.6.1); up to five."""
    all_of = getattr(headers, "getall", None)  # a multidict: the field may be repeated
    offered = ", ".join(all_of("WWW-Authenticate", ())) if all_of else value_of(headers, "WWW-Authenticate")
    value = re.sub(r'"(?:[^"\\]|\\.)*"', '""', offered[:2000])
    return tuple(dict.fromkeys(match[1][:20].capitalize() for match in _CHALLENGE.finditer(value)))[:5]


def has_definite_end(headers: Mapping[str, str]) -> bool:
    """True if truncation of the body would be detected, by length, last chunk or coding (RFC 9112 section 6.3)."""
    return bool(coding_of(headers)) or content_length(headers) is not None or is_chunked(headers)


def is_strong_tag(etag: str | None) -> bool:
    """True if ``etag`` is a strong validator (RFC 9110 section 8.8.1)."""
    return etag is not None and etag[:2] not in {"", "W/"}


def validators_of(headers: Mapping[str, str]) -> Validators:
    """The validators in response headers."""
    return Validators(etag=headers.get("ETag"), last_modified=headers.get("Last-Modified"))
