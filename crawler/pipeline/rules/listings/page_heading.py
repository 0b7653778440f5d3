"""The heading of an HTML page, also in a form that stays the same while its numbers and dates change."""

from __future__ import annotations

from crawler.text.patterns import pattern

_BEGINNING = 16_384
"""Number of bytes of a page in which its heading is looked for."""
_LONGEST = 200
"""Maximum number of characters of a heading."""
_HEADING = pattern(rb"(?is)<(title|h1)\b[^<>]{0,300}>(.{0,600}?)</\1\b")
_TAG = pattern(rb"(?s)<[^<>]{0,300}>")
_CHANGING = pattern(
    r"(?i)\d[\d.,:/]*\s?\w*"  # a number, and what it counts
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*\b"
)


def heading_of(page: bytes) -> str:
    """The text of the first title and of the first first-level heading of ``page``; one of them if they are equal.

    Empty if there is neither. Bytes that are not UTF-8 are replaced, so that the result never depends on a header.
    """
    found: dict[bytes, bytes] = {}
    for kind, text in _HEADING.findall(page[:_BEGINNING]):
        found.setdefault(kind.lower(), text)
    texts = (" ".join(_TAG.sub(b"", text).decode("utf-8", "replace").split()) for text in found.values())
    return " | ".join(dict.fromkeys(text for text in texts if text))[:_LONGEST]


def settled(heading: str) -> str:
    """``heading`` without what may change each day: letter case, numbers and what they count, months and weekdays."""
    return _CHANGING.sub("0", heading).lower()
