"""Decodes JSON, tolerating common server mistakes. Never raises."""

from __future__ import annotations

import json
import re
from typing import Any

from crawler.listings.page import Page
from crawler.model.struct import Value

_STARTS = (b"[", b"{", b"/")
# nginx answers ?callback=f with "/* callback */\r\nf([…]);"
_CALLBACK = re.compile(r"\s*(?:/\*[^*]{0,80}\*/\s*)?[A-Za-z_$][\w.$]{0,200}\s*\(\s*(?=[\[{])")
_CALLBACK_END = re.compile(r"(?<!\s)\s*\)\s*;?\s*\Z")


class JsonDocument(Value, frozen=True, kw_only=True):
    """A decoded document and the URL of the response."""

    value: Any
    url: str
    text: str
    whole: bool = True
    """False if the document was truncated; ``value`` then holds the elements before the cut."""
    wrapped: bool = False
    """True if the document was wrapped in a function call (JSONP)."""


def read_json(page: Page) -> JsonDocument | None:
    """The JSON document in a page; None if there is none.

    nginx prints file names byte for byte, so the text may be invalid UTF-8: surrogateescape preserves such bytes.
    None for a document nested too deeply for the interpreter's stack.
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
    """The elements of a truncated array before the cut; None if there are none."""
    if not text.lstrip().startswith("["):
        return None
    end = text.rfind("}")
    return _load(text[: end + 1] + "]") if end > 0 and not text[end + 1 :].strip().endswith("]") else None
