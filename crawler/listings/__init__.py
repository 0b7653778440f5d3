"""Directory listings: ``parse_listing`` turns the bytes of an index page into a ``Listing``.

A parser is a function that takes a ``Page`` and returns a ``Listing``, or None for "not mine". They are tried in the
order of ``PARSERS``: what a content type or a root element tells for certain (JSON, XML) stands before HTML, whose
reader takes every page that is markup. Adding a family of its own format is one module and one line here; an HTML
family is one line in ``families``.
"""

from __future__ import annotations

from crawler.listings.page import Page, Parser
from crawler.models import Listing

__all__ = ["parse_listing"]


def _html(page: Page) -> Listing | None:
    from crawler.listings.html import read_html

    return read_html(page)


PARSERS: tuple[Parser, ...] = (_html,)


def parse_listing(body: bytes, url: str, content_type: str) -> Listing:
    """What the page ``body``, fetched from ``url`` (after redirects), lists. Never raises, whatever the bytes are.

    ``content_type`` is the header as received, or "". A page that is not recognised gives a ``Listing`` of the family
    ``none`` with ``is_listing`` False.
    """
    page = Page(body=body, url=url, content_type=content_type)
    for parser in PARSERS:
        listing = parser(page)
        if listing is not None:
            return listing
    return Listing(url=url, family="none", confidence=0.0, is_listing=False)
