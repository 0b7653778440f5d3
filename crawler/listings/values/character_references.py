"""Resolves character references in HTML attributes as browsers do.

WHATWG HTML, sections 13.2.5.72 to 13.2.5.80 ("character reference state" and the states after it). ``html.unescape``
follows the rules for text, where ``&notes`` means ``¬es``; it also raises ValueError for very long numbers.
"""

from __future__ import annotations

import re
from html.entities import html5

from crawler.text.patterns import pattern

_REFERENCE = pattern(r"&(?:#(?:[xX](?P<hex>[0-9A-Fa-f]+)|(?P<decimal>[0-9]+));?|(?P<name>[A-Za-z][A-Za-z0-9]*;?))")
_UNDEFINED = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
"""Code points in 80–9F that windows-1252 leaves undefined. They are kept; the others are read as windows-1252."""
_LAST = 0x10FFFF
_LONGEST = 7
"""Number of decimal digits of ``_LAST``; a number with more digits is larger than it."""


def attribute_value(text: str) -> str:
    """The value of an attribute, given the ``text`` between its quotes.

    A name without a semicolon is not a reference if a letter, a digit or ``=`` follows, as in ``drum&notes``.
    """
    return _REFERENCE.sub(_resolved, text) if "&" in text else text


def _resolved(found: re.Match[str]) -> str:
    name = found["name"]
    if name is None:
        return _character(found["hex"], 16) if found["hex"] else _character(found["decimal"], 10)
    if not name.endswith(";") and found.string.startswith("=", found.end()):
        return found[0]
    return html5.get(name, found[0])


def _character(digits: str, base: int) -> str:
    digits = digits.lstrip("0")
    number = int(digits or "0", base) if len(digits) <= _LONGEST else _LAST + 1
    if number == 0 or number > _LAST or 0xD800 <= number <= 0xDFFF:
        return "\ufffd"
    if 0x80 <= number <= 0x9F and number not in _UNDEFINED:
        return bytes([number]).decode("cp1252")
    return chr(number)
