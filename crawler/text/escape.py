"""Makes text from servers safe to show in terminals and logs.

Names come from servers. A terminal acts on C0 and C1 control characters, a log reader on newlines, and
a reader's eye on bidirectional overrides; all of them are shown as ``\\x1b`` or ``\\u202e`` here.
"""

from __future__ import annotations

import re

# Up to the last @ before the path: "user:p@ss@host" has the password "p@ss" (RFC 3986 section 3.2.1 forbids
# a bare @ there, but people type it and urlsplit reads it so).
_USERINFO = re.compile(r"(?<=//)[^/?#\s]*@")

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_AFTER_USER = re.compile(r"([^/?#\\:]{2,}|\[[^\]]*\]):(?!\d*(?:$|[/?#\\]))", re.DOTALL)


def _picture(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str) -> str:
    """``text`` with every character that acts instead of showing replaced by its escape.

    Those are Unicode's categories "other" (controls, bidi and zero-width marks, tags, surrogates) and
    "separator", the space excepted.
    """
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else _picture(char) for char in text])


def masked(url: str) -> str:
    """``url``, or a text with URLs in it, without user names and passwords, printable."""
    return printable(_USERINFO.sub("", url) if "@" in url else url)


def redacted(text: str) -> str:
    """``text``, which is no URL that could be read, without what may be a user or a password, printable.

    A password may hold an unencoded ``/``, ``?``, ``#`` or ``@``, so nothing before the last ``@`` is shown, wherever
    it stands. Nor is what follows ``name:``, unless it is a port.
    """
    scheme = _SCHEME.match(text)
    start = scheme.end() if scheme else 0
    head, rest = text[:start], text[start:]
    if "@" in rest:
        rest = rest.rpartition("@")[2]
    elif (user := _AFTER_USER.match(rest)) is not None:
        rest = user[0] + "…"
    return printable(head + rest)
