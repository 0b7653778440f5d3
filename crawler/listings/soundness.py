"""What a page proves, seen as a whole, after its entries have been read: rows without a link, errors, scripts."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from crawler.listings import diagnostics, linkless
from crawler.listings.passages import passages, visible
from crawler.models import Listing, Rejection


def weighed(listing: Listing, markup: str) -> Listing:
    """``listing`` with what ``markup``, its whole page, says besides the rows that were read."""
    if not listing.is_listing:
        return listing
    shown = visible(markup)
    said = list(passages(shown))
    names = {entry.name for entry in listing.entries}
    regions = linkless.listing_regions(said, names)
    known = names | {rejection.row for rejection in listing.rejections}
    found: dict[int, str] = {}
    inside = sorted((passage for passage in said if passage.region in regions), key=lambda passage: passage.region)
    for _, held in groupby(inside, key=lambda passage: passage.region):
        found.update(linkless.names_without_link(held))
    lost = {name: None for name in found.values() if name.removesuffix("/") not in known}
    rows = {id(p) for p in said if p.region in regions and not linkless.is_useless(p)} | set(found)
    is_empty = not listing.entries and not lost
    in_trouble = diagnostics.is_in_trouble(said, regions, rows, is_empty=is_empty)
    is_part = not listing.next_pages and diagnostics.shows_a_part(said, rows)
    ends = [passage.at for passage in said if passage.region in regions]
    another = bool(ends) and diagnostics.error_document_follows(shown, max(ends))
    doubtful = diagnostics.writes_links(markup) or (is_empty and diagnostics.names_another(markup, listing.url))
    return replace(
        listing,
        complete=listing.complete and not (in_trouble or is_part or another),
        conclusive=listing.conclusive and not doubtful,
        rejections=listing.rejections + tuple(Rejection("no-link", name, "", name) for name in lost),
        mentioned=listing.mentioned | {name.removesuffix("/") for name in lost},
    )
