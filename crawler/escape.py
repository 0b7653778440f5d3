"""Text for people: no byte of a foreign name reaches a terminal or a log as more than a picture of itself.

Names come from servers. A terminal acts on C0 and C1 control characters, a log reader on newlines, and
a reader's eye on bidirectional overrides; all of them are shown as ``\\x1b`` or ``\\u202e`` here.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1 (ECMA-48)
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # bidi marks, zero width, line and paragraph separators
    "\ud800-\udfff]"  # surrogateescaped bytes: not printable as UTF-8
)

_USERINFO = re.compile(r"(?<=://)[^/?#@\s]*(?::[^/?#@\s]*)?@")


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable(text: str) -> str:
    """``text`` with every character that acts instead of showing replaced by its escape."""
    return _UNSAFE.sub(_picture, text) if not text.isascii() or not text.isprintable() else text


def masked(url: str) -> str:
    """``url`` without user name and password, printable."""
    return printable(_USERINFO.sub("", url) if "@" in url else url)
