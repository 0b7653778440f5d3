"""Decides what a page proves."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from crawler.model.errors import ListingError
from crawler.model.flaws import Flaw, FlawKind, is_cut_short
from crawler.model.interfaces import FetchedPage
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.struct import replace
from crawler.model.values import Listing
from crawler.pipeline.rules.listings.page_links import is_bare, is_paged
from crawler.pipeline.walk.page_versions import linked_pages, with_claims, with_link

Pieces = AsyncGenerator[Listing, None]
_HEADED = 0.3
"""Confidence in a page that has nothing of a listing but the heading, with the path of its directory."""


async def sound(
    parsed: Pieces, page: FetchedPage, url: str, was: ListingMemo | DirectoryDigest | None, *, is_first: bool = True
) -> Pieces:
    """Yield the pieces of ``page``, the response to ``url`` that ``was`` known, without an uncertain last row.

    ``is_first``: whether it is the first page of its directory; a later one may be the end, without rows.
    Raises ListingError if it is not a listing.
    """
    piece: Listing | None = None
    async with aclosing(parsed) as pieces:
        async for piece in pieces:
            piece = with_belief(was, piece) if is_first or not is_bare(piece) else replace(piece, is_listing=True)
            if piece.is_listing:
                piece = with_claims(with_link(piece, linked_pages(page)))
            is_cut = not piece.complete and is_cut_short(piece.flaws)
            if piece.is_listing and not (page.end_proven or piece.closed):
                piece = replace(piece, complete=False, flaws=(*piece.flaws, Flaw(FlawKind.UNBOUNDED)))
                is_cut = is_cut or not page.body.rstrip(b" ").endswith((b">", b"\n"))
            if piece.is_listing and is_cut:
                piece = replace(piece, entries=piece.entries[:-1])  # the last row of a truncated page may be cut off
            if piece.is_listing or piece.entries:
                yield piece
    if piece is None or not piece.is_listing:
        from crawler.pipeline.rules.single_file import why_no_listing  # imported only for the message

        kind, why = page.content_type, why_no_listing(url, page.url, page.content_type, page.body)
        text = f"the response is not a directory listing ({kind or 'no content type'})"
        is_empty = piece is not None and not (piece.entries or why or _has_links(piece)) and piece.confidence > _HEADED
        raise ListingError(
            f"{text}: {why}" if why else text, content_type=kind, is_advised=bool(why), is_empty=is_empty
        )


def _has_links(listing: Listing) -> bool:
    """Whether a page that is no listing links to what could be its rows: under the heading of an error, they are.

    Links with a query are those of a pager.
    """
    found = [rejection.subject for rejection in listing.rejections if rejection.reason == Reason.NAVIGATION]
    return any("?" not in link for link in found)


def with_belief(was: ListingMemo | DirectoryDigest | None, listing: Listing) -> Listing:
    """``listing``; if the page ``was`` one, and has no rows now, and nothing else, its directory is empty.

    Little software prints more for an empty directory than the heading of its listings. What was not a listing before
    may be anything.
    """
    is_empty = listing.is_blank and listing.confidence >= _HEADED and listing.complete and not listing.entries
    if was is None or listing.is_listing or not is_empty or is_paged(listing):
        return listing
    if isinstance(was, ListingMemo) and is_paged(was):
        return listing
    return replace(listing, is_listing=True, family=was.family, conclusive=True, flaws=())
