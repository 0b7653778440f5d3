"""Directory listings: ``parse_listing`` turns the bytes of an index page into a ``Listing``.

A parser is a function that takes a ``Page`` and returns a ``Listing``, or None for "not mine". They are tried in the
order of ``PARSERS``: what the first byte or a root element tells for certain (JSON, XML) stands before HTML; among the
HTML readers the strict ones for pages that a server printed row by row stand before the tolerant one, which takes every
page that is markup; data that a page carries for its own script comes last. A family of its own format is one module
and one line here; an HTML family is one line in ``families``.

The readers are imported when a page needs them: a run in which no listing has changed parses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from crawler.listings.page import Page, Parser
from crawler.model.values import Listing

__all__ = ["parse_listing", "parse_listing_pieces", "parse_without_grammar", "pieces_by_grammar", "without"]

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


def _lean(page: Page) -> Listing | None:
    if page.start[:1] != b"<":
        return None
    from crawler.listings.html.grammar import read_lean

    return read_lean(page)


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


PARSERS: tuple[Parser, ...] = (_json, _xml, _lean, _html, _embedded)
_OTHERS = tuple(parser for parser in PARSERS if parser is not _lean)


def parse_listing(body: bytes, url: str, content_type: str) -> Listing:
    """What the page ``body``, fetched from ``url`` (after redirects), lists. Never raises, whatever the bytes are.

    ``content_type`` is the header as received, or "". The first parser that recognises a listing has the word. A page
    that none recognises gives a ``Listing`` with ``is_listing`` False and no entries, of the family ``none``, with
    the rejections of the reader that came nearest.
    """
    return _parse(Page(body=body, url=url, content_type=content_type), PARSERS)


def parse_listing_pieces(body: bytes, url: str, content_type: str) -> Iterator[Listing]:
    """``parse_listing`` in pieces of about 2,000 entries, for pages so long that downloads should begin meanwhile.

    Only the last piece has the verdict (``is_listing``, ``complete``), the rejections and the next pages; those before
    it say ``is_listing=False`` and ``complete=False``. No entry comes twice, and all pieces together are what
    ``parse_listing`` returns. Pages that no server printed row by row come in one piece.
    """
    seen: set[str] = set()
    for piece in pieces_by_grammar(body, url, content_type, seen):
        yield piece
        if piece.is_listing:
            return
    yield without(seen, parse_without_grammar(body, url, content_type))


def pieces_by_grammar(body: bytes, url: str, content_type: str, seen: set[str]) -> Iterator[Listing]:
    """The pieces of a page that a server printed row by row, which is read fast; ``seen`` gets the URLs of its entries.

    For any other page they end without a verdict, after those that were read before it showed: the page is then to be
    read by ``parse_without_grammar``, and that ``without`` what was seen.
    """
    from crawler.listings.html.grammar import PIECE, Reading

    reading = Reading.begin(Page(body=body, url=url, content_type=content_type), seen)
    if reading is None:
        return
    for piece in reading.pieces(PIECE):
        if reading.matched:
            yield reading.verdict(tuple(piece))
            return
        yield reading.part(piece)


def parse_without_grammar(body: bytes, url: str, content_type: str) -> Listing:
    """``parse_listing`` for a page that no grammar fits: by a tree, or as JSON or XML."""
    return _parse(Page(body=body, url=url, content_type=content_type), _OTHERS)


def without(seen: Collection[str], listing: Listing) -> Listing:
    """``listing`` without the entries whose URLs are ``seen``."""
    if not seen:
        return listing
    return replace(listing, entries=tuple(entry for entry in listing.entries if entry.url not in seen))


def _parse(page: Page, parsers: tuple[Parser, ...]) -> Listing:
    refused: Listing | None = None
    for parser in parsers:
        listing = parser(page)
        if listing is not None and listing.is_listing:
            return listing
        refused = refused or listing
    return refused or Listing(url=page.url, family="none", confidence=0.0, is_listing=False)
