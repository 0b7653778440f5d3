"""Reads the file name in a Content-Disposition header (RFC 6266). Pure functions."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from crawler.model.reasons import Reason
from crawler.model.values import Rejection
from crawler.text.patterns import pattern
from crawler.text.urls import file_name_problem

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = pattern(rf'\s*;\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))')
_EXTENDED = pattern(r"([A-Za-z0-9_-]+)'[^']*'((?:[^%]|%[0-9A-Fa-f]{2})*)")
_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}


def disposition_name(field: str | None) -> str | Rejection | None:
    """The name that a server gives a file; None if it gives none, a Rejection if it cannot name a file.

    ``filename*`` (RFC 8187) takes precedence over ``filename`` if it can be decoded. A name is never repaired: one with
    a separator, a control character or ``..`` is rejected.
    """
    found: dict[str, str] = {}
    text = field or ""
    for match in _PARAMETER.finditer(text):
        value = (match[3] or "").strip() if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
        found.setdefault(match[1].lower(), value)
    name = _decoded(found.get("filename*")) or found.get("filename")
    if not name:
        return None
    problem = file_name_problem(name) or ("contains a backslash" if "\\" in name else None)
    return Rejection(Reason.BAD_NAME, name, problem) if problem else name


def _decoded(value: str | None) -> str | None:
    """``UTF-8'en'%e2%82%ac`` → ``€``; None if it is malformed or in another charset."""
    found = _EXTENDED.fullmatch(value or "")
    charset = _CHARSETS.get(found[1].lower()) if found else None
    if found is None or charset is None or not found[2].isascii():
        return None
    try:
        return unquote_to_bytes(found[2]).decode(charset)
    except UnicodeDecodeError:
        return None
