"""Reads HTML listings: short pages as one tree, long ones in parts, to bound memory."""

from __future__ import annotations

import re
from html import escape

from bs4.element import Tag

from crawler.listings.html.reader import HtmlReader
from crawler.listings.html.soundness.page_end import PageEnd, end_of
from crawler.listings.html.soundness.page_flaws import with_flaws
from crawler.listings.html.specimens.abridged_page import Abridged, Abridger
from crawler.listings.html.specimens.row_copies import NotAbridgeable
from crawler.listings.html.tree.regions import labels_of
from crawler.listings.page import Page
from crawler.listings.values.hrefs import Resolver
from crawler.listings.values.mentioned_names import has_files
from crawler.model.struct import replace
from crawler.model.values import Listing

_NOT_HTML = ("image/", "audio/", "video/", "font/", "application/zip", "application/octet-stream", "application/pdf")
_BASE = re.compile(r"<base\b", re.IGNORECASE)
_RAW = [("<!--", "-->"), *((f"<{name}", f"</{name}") for name in ("script", "style", "textarea", "title"))]
"""Start and end of comments and of elements in which tags are text. They do not nest."""
_TEMPLATE = re.compile(r"<!--.*?-->|<(script|style|textarea|title).*?</\1|<(?P<ends>/?)template", re.DOTALL)
"""The start or end tag of a template, in lower-case markup."""
PART = 1 << 18
"""Number of characters of a long page that are parsed into a tree at a time."""
ROWS = 5_000
"""Number of rows of a long page that are read at a time if they are so alike that their abridged tree is small."""


def read_html(page: Page) -> Listing | None:
    """The listing that an HTML page shows; None if its media type is not text."""
    if page.media_type.startswith(_NOT_HTML):
        return None
    text = page.markup
    abridger = Abridger(text)
    part = abridger.part(0, size=2 * PART, rows=ROWS)
    if part.end < len(text):
        read = _read_in_parts(page, abridger)
        if read is not None:
            return with_flaws(read[0], text, read[1])
        part = abridger.part(0, size=len(text), rows=len(text))
    reader = _read(page, text, part)
    return with_flaws(reader.listing(), text, reader.resolver)


def _read(page: Page, text: str, part: Abridged, leader: HtmlReader | None = None, before: str = "") -> HtmlReader:
    """A reader of ``part``, or of the unabridged ``text`` if that is impossible, with ``before`` in front of it."""
    try:
        return HtmlReader(page.url, text, replace(part, text=before + part.text), leader)
    except NotAbridgeable:
        return HtmlReader(page.url, text, Abridged(before + text, [], part.end), leader)


def _read_in_parts(page: Page, abridger: Abridger) -> tuple[Listing, Resolver] | None:
    """Reads a long page part by part, because a tree takes 75 times the memory of its text.

    The first part must be a listing with one region whose rows begin alike; the later parts are read under its heading.
    Returns the listing and the resolver of its links; None if the page is not structured this way.
    """
    text = abridger.text
    part = abridger.part(0, size=PART, rows=ROWS)
    first = _read(page, text[: part.end], part)
    listing = first.listing()
    if part.end == len(text) or not listing.is_listing or not _may_go_on(first, text, part.end):
        return None
    region = first.regions[0].element
    before = _opening(region, first.survey.named["base"])
    entries, rejections = list(listing.entries), list(listing.rejections)
    last, conclusive = first.last_row(), listing.conclusive
    while part.end < len(text):
        start, part = part.end, abridger.part(part.end, size=PART, rows=ROWS)
        markup = text[start : part.end]
        if _spans_parts(markup) or (part.end < len(text) and _closes(markup, region.name)):
            return None
        reader = _read(page, markup, part, first, before)
        found = reader.entries()
        conclusive &= reader.is_conclusive(found)
        entries += found
        rejections += reader.rejections(recognised=True)
        if reader.regions:  # a later part has the element of its rows only; the first part knows the ones around it
            last = replace(last, href=reader.last_row().href)
    end = end_of(text, last, proved=first.family.proves)
    whole = replace(
        listing,
        complete=end is not PageEnd.CUT,
        closed=end is PageEnd.CLOSED,
        entries=tuple(entries),
        rejections=tuple(rejections),
        mentioned=frozenset(first.mentioned),
        conclusive=conclusive or has_files(entries),
    )
    return whole, first.resolver


def _may_go_on(first: HtmlReader, text: str, end: int) -> bool:
    """True if the rest of a page, after the first part that ends at ``end``, can be read separately."""
    has_base = bool(first.survey.named["base"]) or _BASE.search(text, end) is None
    return len(first.regions) == 1 and has_base and not _spans_parts(text[:end])


def _spans_parts(markup: str) -> bool:
    """True if a comment, script, style or template that begins in ``markup`` is still open at its end."""
    lower = markup.lower()
    if any(lower.rfind(opening) > lower.rfind(closing) for opening, closing in _RAW):
        return True
    depth = 0
    for match in _TEMPLATE.finditer(lower) if "<template" in lower else ():
        if match["ends"] is not None:
            depth = max(0, depth - 1) if match["ends"] else depth + 1
    return depth > 0


def _closes(markup: str, name: str) -> bool:
    """Whether ``markup`` ends an element ``name`` that began before it, so that the rows after it are elsewhere."""
    depth = 0
    for tag in re.findall(rf"<(/?){name}\b", markup, re.IGNORECASE):
        depth += -1 if tag else 1
        if depth < 0:
            return True
    return False


def _opening(region: Tag, bases: list[Tag]) -> str:
    """The start tags that put the rows of a later part in the same place of the tree as those of the first."""
    base = "".join(str(tag) for tag in bases[:1])
    heading = "".join(f"<th>{escape(label)}</th>" for label in labels_of(region))
    return f"{base}<{region.name}>" + (f"<tr>{heading}</tr>" if heading else "")
