"""HTML listings: short pages in one tree, long ones in parts."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from itertools import pairwise

from bs4.element import Tag

from crawler.listings import verdict
from crawler.listings.page import Page
from crawler.listings.reader import HtmlReader
from crawler.listings.regions import labels_of
from crawler.models import Listing

_NOT_HTML = ("image/", "audio/", "video/", "font/", "application/zip", "application/octet-stream", "application/pdf")
_ROW_STARTS = ("<tr", "<TR", "<li", "<LI", "\n<a ", "\n<A ", "\n<img ", "\n<IMG ", "<br><a ", "<br/><a ")
PART = 1 << 18
"""Characters of a page that are made a tree at a time."""


def read_html(page: Page) -> Listing | None:
    """The listing that an HTML page shows; None when it is called something else than text."""
    if page.media_type.startswith(_NOT_HTML):
        return None
    if len(page.text) > 2 * PART:
        listing = _read_in_parts(page, PART)
        if listing is not None:
            return listing
    return HtmlReader(page).listing()


def _read_in_parts(page: Page, size: int) -> Listing | None:
    """A long page, a tree for about ``size`` characters at a time: the tree takes 75 times the memory of the text.

    The first part has to be a listing with one region whose rows begin alike; the others follow under its heading.
    None when the page is not made that way.
    """
    text = page.text
    cuts = _cuts(text, size)
    if len(cuts) < 2:
        return None
    first = HtmlReader(_part(page, text[: cuts[0]]))
    listing = first.listing()
    if not listing.is_listing or len(first.regions) != 1:
        return None
    region = first.regions[0].element
    before = _opening(region, first.survey.named["base"])
    entries, rejections, pages = list(listing.entries), list(listing.rejections), dict.fromkeys(listing.next_pages)
    last = first.last_row()
    for start, end in pairwise(cuts):
        reader = HtmlReader(_part(page, before + text[start:end]), first)
        entries += reader.entries()
        rejections += reader.rejections(recognised=True)
        pages.update(dict.fromkeys(reader.next_pages()))
        last = reader.last_row() if reader.regions else last
    return replace(
        listing,
        complete=verdict.is_whole(text, region, last[1], proved=first.family.proves),
        entries=tuple(entries),
        rejections=tuple(rejections),
        next_pages=tuple(pages),
    )


def _cuts(text: str, size: int) -> list[int]:
    """Where to cut a text: at the beginning of rows, and at its end."""
    row = max(_ROW_STARTS, key=lambda start: text.count(start, 0, 4 * size))
    cuts, position = [], max(0, text.find(row)) + size
    while (position := text.find(row, position)) >= 0:
        cuts.append(position)
        position += size
    return [*cuts, len(text)]


def _part(page: Page, text: str) -> Page:
    return Page(body=text.encode("utf-8", "replace"), url=page.url, content_type="text/html; charset=utf-8")


def _opening(region: Tag, bases: list[Tag]) -> str:
    """The markup that makes rows of a later part stand where those of the first stood."""
    base = "".join(str(tag) for tag in bases[:1])
    heading = "".join(f"<th>{escape(label)}</th>" for label in labels_of(region))
    return f"{base}<{region.name}>" + (f"<tr>{heading}</tr>" if heading else "")
