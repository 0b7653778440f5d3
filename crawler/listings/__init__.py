"""Directory listings: ``parse_listing`` turns the bytes of an index page into a ``Listing``.

A parser is a function that takes a ``Page`` and returns a ``Listing``, or None if it does not recognise the page.
Parsers are tried in the order of ``PARSERS``: formats that the first byte or the root element identifies (JSON, XML)
come before HTML; the strict HTML reader, for pages that match a known server's output exactly, comes before the
tolerant one, which takes any markup; data embedded in a page for its own script comes last. A new format is one module
and one line here; a new HTML family is one line in ``families``.

Readers are imported when a page needs them: a run in which no listing has changed parses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from crawler.listings.page import Page, Parser
from crawler.model.errors import ConfigError
from crawler.model.struct import replace
from crawler.model.values import Listing
from crawler.text.arguments import UrlObject, url_text

__all__ = ["parse_listing", "parse_listing_pieces", "parse_without_grammar", "pieces_by_grammar", "without_first"]

_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<title")


def _json(page: Page) -> Listing | None:
    if page.start[:1] == b"<":
        return None
    from crawler.listings.json.formats import parse_json

    return parse_json(page)


def _xml(page: Page) -> Listing | None:
    if page.start[:1] != b"<" or page.start[:14].lower().startswith(_HTML_STARTS):
        return None
    from crawler.listings.xml.formats import parse_xml

    return parse_xml(page)


def _by_grammar(page: Page) -> Listing | None:
    if page.start[:1] != b"<":
        return None
    from crawler.listings.html.grammar import read_by_grammar

    return read_by_grammar(page)


def _html(page: Page) -> Listing | None:
    if b"<" not in page.body:
        return None
    from crawler.listings.html.document import read_html

    return read_html(page)


def _embedded(page: Page) -> Listing | None:
    if b"<" not in page.body:
        return None
    from crawler.listings.html.embedded import read_embedded

    return read_embedded(page)


PARSERS: tuple[Parser, ...] = (_json, _xml, _by_grammar, _html, _embedded)
_OTHERS = tuple(parser for parser in PARSERS if parser is not _by_grammar)


def parse_listing(body: bytes | str, url: str | UrlObject, content_type: str | None = "") -> Listing:
    """The listing in the page ``body``, fetched from ``url`` (after redirects). Never raises, whatever the bytes.

    ``content_type`` is the header as received, or "". The first parser to recognise a listing wins. If none does, the
    result has ``is_listing`` False and no entries; its family and rejections are those of the first parser that read
    the page without recognising a listing, or ``none`` and empty. Raises ConfigError for arguments of other types.
    """
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogateescape")
        content_type = f"{(content_type or 'text/html').partition(';')[0]}; charset=utf-8"
    elif not isinstance(body, bytes | bytearray | memoryview):
        raise ConfigError(f"body: expected bytes, not {type(body).__name__}")
    if not isinstance(content_type, str | None):
        raise ConfigError(f"content_type: expected text, not {type(content_type).__name__}")
    page = Page(body=bytes(body), url=url_text(url, "url"), content_type=content_type or "")
    return _parse(page, PARSERS)


def parse_listing_pieces(body: bytes, url: str, content_type: str) -> Iterator[Listing]:
    """``parse_listing`` in pieces of about 2,000 entries, so that downloads can begin before a long page is parsed.

    Only the last piece has the verdict (``is_listing``, ``complete``), the rejections and the next pages; earlier ones
    have ``is_listing=False`` and ``complete=False``. No entry occurs twice; together the pieces hold what
    ``parse_listing`` returns. A page that no grammar matches comes in one piece.
    """
    count = 0
    for piece in pieces_by_grammar(body, url, content_type):
        yield piece
        count += len(piece.entries)
        if piece.is_listing:
            return
    listing = parse_without_grammar(body, url, content_type)
    yield without_first(count, listing, body, url, content_type) if count else listing


def pieces_by_grammar(body: bytes, url: str, content_type: str) -> Iterator[Listing]:
    """The pieces of a page that matches a grammar.

    If the page turns out not to match, the pieces end without a verdict. The caller then reads the page with
    ``parse_without_grammar`` and removes the entries already yielded with ``without_first``.
    """
    from crawler.listings.html.grammar import PIECE, Reading

    reading = Reading.begin(Page(body=body, url=url, content_type=content_type))
    if reading is None:
        return
    for piece in reading.pieces(PIECE):
        if reading.matched:
            yield reading.verdict(tuple(piece))
            return
        yield reading.part(piece)


def parse_without_grammar(body: bytes, url: str, content_type: str) -> Listing:
    """``parse_listing`` for a page that no grammar matches: tries every parser except the grammars."""
    return _parse(Page(body=body, url=url, content_type=content_type), _OTHERS)


def without_first(count: int, listing: Listing, body: bytes, url: str, content_type: str) -> Listing:
    """``listing`` of the page ``body`` without the first ``count`` entries that ``pieces_by_grammar`` yields."""
    pieces = pieces_by_grammar(body, url, content_type)
    first = islice((entry.url for piece in pieces for entry in piece.entries), count)
    seen = set(first)  # read again, because nobody keeps them of a page that matches, as nearly all do
    return replace(listing, entries=tuple(entry for entry in listing.entries if entry.url not in seen))


def _parse(page: Page, parsers: tuple[Parser, ...]) -> Listing:
    refused: Listing | None = None
    for parser in parsers:
        listing = parser(page)
        if listing is not None and listing.is_listing:
            return listing
        refused = refused or listing
    return refused or Listing(url=page.url, family="none", confidence=0.0, is_listing=False)
