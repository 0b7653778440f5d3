"""A fetched page as the parsers see it: its bytes, its text computed on demand, and the tree of its markup."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crawler.model.struct import Value
from crawler.model.values import Listing
from crawler.text.patterns import pattern

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

_HEAD = 4096
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEADER_CHARSET = pattern(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_META_CHARSET = pattern(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML_CHARSET = pattern(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_XML_DECLARATION = pattern(r"<\?[^>]{0,300}>")
_UNFIT = pattern("[\0\ud800-\udfff]")
_MARKUP_LIMIT = 64 << 20
WINDOW = 1 << 20
"""Number of bytes of a long page that are decoded together."""
SELF_CONTAINED = {"utf-8", "cp1252"}
"""Codecs in which a newline is one byte, which is part of no other character and does not change what follows."""
_DEEPEST = 100  # levels of elements; libxml2 stops at 256, browsers at 512; listings nest some 40 levels


class Page(Value, frozen=True, kw_only=True, dict=True):
    """One response of a server. ``text`` is computed once, on first use."""

    body: bytes
    url: str
    """The URL of the response, after redirects, with its bytes kept."""
    content_type: str = ""
    """The Content-Type header as received, or ""."""

    @cached_property
    def media_type(self) -> str:
        """Type and subtype in lower case, without parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @cached_property
    def start(self) -> bytes:
        """The first 4 KiB without byte order mark and leading white space: enough to tell JSON, XML and HTML apart."""
        head = self.body[:_HEAD]
        for mark, _ in _BOMS:
            head = head.removeprefix(mark)
        return head.lstrip()

    @cached_property
    def charset(self) -> str:
        """Codec of the text, from the first that names one: header, byte order mark, meta element, XML declaration.

        Otherwise UTF-8 if the body is valid UTF-8, else windows-1252.
        """
        head = self.body[:_HEAD]
        declared = _HEADER_CHARSET.search(self.content_type)
        if declared and (name := _codec(declared[1])):
            return name
        for mark, name in _BOMS:
            if head.startswith(mark):
                return name
        for charset in (_META_CHARSET, _XML_CHARSET):
            found = charset.search(head)
            if found and (known := _codec(found[1].decode("ascii"))):
                return known
        return "utf-8" if _is_utf8(self.body) else "cp1252"

    @cached_property
    def text(self) -> str:
        """The body as text. Bytes that are invalid in the charset become U+FFFD; a byte order mark is removed."""
        return self.body.decode(self.charset, "replace").removeprefix("\ufeff")

    def windows(self) -> Iterator[str]:
        """``text`` in parts that end after a newline; in a single part if the page is short or its charset forbids it.

        A page of a hundred megabytes would otherwise be in memory twice.
        """
        if len(self.body) <= WINDOW or self.charset not in SELF_CONTAINED:
            yield self.text
            return
        start = 0
        while start < len(self.body):
            end = self.body.find(b"\n", start + WINDOW - 1) + 1 or len(self.body)
            text = self.body[start:end].decode(self.charset, "replace")
            yield text if start else text.removeprefix("\ufeff")
            start = end

    @property
    def markup(self) -> str:
        """The text prepared for a tree parser, at most 64 Mi characters.

        XML declarations, which are valid in XHTML but make bs4 warn, are removed. Characters that no parser accepts
        become U+FFFD: NUL, and lone surrogates, which UTF-7 can encode.
        """
        return _XML_DECLARATION.sub("", _UNFIT.sub("\ufffd", self.text[:_MARKUP_LIMIT]))


def tree_of(markup: str) -> BeautifulSoup:
    """The tolerant tree of a page (BeautifulSoup on lxml), ``_DEEPEST`` levels deep at most."""
    from bs4 import BeautifulSoup  # here, because most runs never need it

    class Shallow(BeautifulSoup):
        """Limits the depth, because building a tree is quadratic in it: deeper elements become siblings."""

        def handle_starttag(self, *names: Any, **more: Any) -> Any:
            if len(self.tagStack) > _DEEPEST:
                self.popTag()
            return super().handle_starttag(*names, **more)

    return Shallow(markup, "lxml")


Parser = Callable[[Page], Listing | None]
"""Reads a page of its families; returns None for any other page. Never raises, whatever the bytes."""


def _is_utf8(body: bytes) -> bool:
    """Whether ``body`` is valid UTF-8. A long one is decoded in parts, which need little memory."""
    if body.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), WINDOW):
            decoder.decode(body[start : start + WINDOW], final=start + WINDOW >= len(body))
    except UnicodeDecodeError:
        return False
    return True


def _codec(label: str) -> str | None:
    """The Python codec for a declared charset; None if no text codec has that name."""
    try:
        info = codecs.lookup(label)
        "".encode(info.name)
    except (LookupError, UnicodeError, ValueError, TypeError):
        return None
    # On the web the label Latin-1 means windows-1252 (WHATWG Encoding Standard, section 4.2).
    return "cp1252" if info.name in ("iso8859-1", "ascii") else info.name
