"""Bytes → JSON value, tolerant where servers are wrong, and never raising."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from crawler.listings.page import Page

_STARTS = (b"[", b"{", b"/")
# nginx answers ?callback=f with "/* callback */\r\nf([…]);"
_CALLBACK = re.compile(r"\s*(?:/\*[^*]{0,80}\*/\s*)?[A-Za-z_$][\w.$]{0,200}\s*\(\s*(?=[\[{])")
_CALLBACK_END = re.compile(r"(?<!\s)\s*\)\s*;?\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonDocument:
    """A decoded document and the URL that answered with it."""

    value: Any
    url: str
    text: str
    whole: bool = True
    """False when the end was missing and only the elements before the cut are here."""
    wrapped: bool = False
    """True when it was wrapped into a function call (JSONP)."""


def read_json(page: Page) -> JsonDocument | None:
    """The JSON of a page; None when it holds none.

    nginx writes file names byte for byte, so the text may be invalid UTF-8: those bytes are kept by
    surrogateescape. A document nested deeper than the interpreter's stack is refused.
    """
    if not page.start.startswith(_STARTS) and "javascript" not in page.media_type:
        return None
    text = _text(page.body)
    wrapped = _CALLBACK.match(text)
    if wrapped:
        inner, cut = _CALLBACK_END.subn("", text[wrapped.end() :])
        if not cut:
            return None
        text = inner
    value = _load(text)
    if value is not None:
        return JsonDocument(value=value, url=page.url, text=text, wrapped=wrapped is not None)
    value = _load_cut(text)
    return None if value is None else JsonDocument(value=value, url=page.url, text=text, whole=False)


def _text(body: bytes) -> str:
    encoding = json.detect_encoding(body)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return body.decode(encoding, errors).lstrip("\ufeff")


def _load(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _load_cut(text: str) -> Any:
    """The elements of an array before the place where it was cut, None when there are none."""
    if not text.lstrip().startswith("["):
        return None
    end = text.rfind("}")
    return _load(text[: end + 1] + "]") if end > 0 and not text[end + 1 :].strip().endswith("]") else None
