"""Makes text from servers safe to show in terminals and logs.

Servers choose the names of files. Control characters can act on a terminal, newlines can forge log lines, and
bidirectional overrides can deceive readers; all of these are shown as escapes such as ``\\x1b`` and ``\\u202e``.
"""

from __future__ import annotations

import re

from crawler.text.patterns import pattern

# Up to the last @ before the path: "user:p@ss@host" has the password "p@ss". RFC 3986 section 3.2.1 forbids a bare @
# there, but people type it, and urlsplit accepts it.
_USERINFO = pattern(r"(?<=//)[^/?#\s]*@")

_SCHEME = pattern(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_AFTER_USER = pattern(r"([^/?#\\:]{2,}|\[[^\]]*\]):(?!\d*(?:$|[/?#\\]))", re.DOTALL)


def _picture(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str) -> str:
    """``text`` with every non-printable character replaced by its escape.

    Non-printable are Unicode's categories "other" (controls, bidi and zero-width marks, tags, surrogates) and
    "separator", except for the space.
    """
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else _picture(char) for char in text])


def masked(url: str) -> str:
    """``url``, or any text that contains URLs, printable and without user names and passwords."""
    return printable(_USERINFO.sub("", url) if "@" in url else url)


def redacted(text: str) -> str:
    """``text``, an invalid URL, printable and without anything that may be a user name or a password.

    A password may contain an unencoded ``/``, ``?``, ``#`` or ``@``, so everything before the last ``@`` is removed,
    wherever that is, and so is everything after ``name:`` unless it is a port.
    """
    scheme = _SCHEME.match(text)
    start = scheme.end() if scheme else 0
    head, rest = text[:start], text[start:]
    if "@" in rest:
        rest = rest.rpartition("@")[2]
    elif (user := _AFTER_USER.match(rest)) is not None:
        rest = user[0] + "…"
    return printable(head + rest)
