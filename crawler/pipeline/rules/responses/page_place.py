"""Which directory an index page is about: the path that its title names, as in ``<title>Index of /pub/</title>``."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from crawler.text.http_fields import coding_of
from crawler.text.patterns import pattern

_SEARCHED = 2048
"""Number of bytes at the beginning of a page in which the title is searched for."""
_TITLE = pattern(rb"(?i:<title>)[^</]*(/[^<]*)(?i:</title>)")
_PLAIN_URL = pattern(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(/[A-Za-z0-9_.~/-]*(?<=/))")
"""URL of a page whose path has nothing to be decoded."""


def page_place(headers: Mapping[str, str], body: bytes) -> str | None:
    """The path of the directory that an HTML page names in its title; it ends in a slash. None if there is none."""
    if not headers.get("Content-Type", "").startswith("text/html"):
        return None
    start, coding = body[:_SEARCHED], coding_of(headers)
    if coding:
        if coding not in {"gzip", "x-gzip"}:
            return None
        try:
            start = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, _SEARCHED)
        except zlib.error:
            return None
    return title_place(start)


def title_place(page: bytes) -> str | None:
    """Like ``page_place``, for the decompressed bytes of a page."""
    found = _TITLE.search(page[:_SEARCHED])
    if found is None:
        return None
    title = found[1].decode("utf-8", "surrogateescape")
    if "&" in title:
        from html import unescape  # knows two thousand names of characters, so it is imported only if needed

        title = unescape(title)
    return _place(title)


def requested_place(url: str) -> str | None:
    """The path that the title of the index page at ``url`` should name; None if that is not unique, as in a query."""
    plain = _PLAIN_URL.fullmatch(url)
    if plain is not None:
        return _place(plain[1])
    parts = urlsplit(url)
    if parts.query or not parts.path.endswith("/"):
        return None
    return _place(unquote(parts.path, errors="surrogateescape"))


def _place(path: str) -> str:
    """``path`` with a single slash at its end: Apache writes none."""
    return path.strip().rstrip("/") + "/"
