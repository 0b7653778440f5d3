"""Decides what a page proves, given what the state remembers of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from crawler.model.errors import ListingError
from crawler.model.flaws import DEAD_ENDS, Flaw, FlawKind, is_cut_short
from crawler.model.interfaces import FetchedPage
from crawler.model.reasons import Reason
from crawler.model.state.store import ListingMemo
from crawler.model.state.surroundings import UNKNOWN, Surroundings
from crawler.model.struct import Value, replace
from crawler.model.values import Entry, Listing
from crawler.pipeline.rules.listings.page_links import is_bare, is_paged
from crawler.pipeline.rules.listings.page_texts import are_known, is_another_format, judge, shown
from crawler.pipeline.walk.page_versions import linked_pages, with_claims, with_link
from crawler.pipeline.walk.pages import Remembered
from crawler.text.escape import masked

if TYPE_CHECKING:
    from crawler.pipeline.rules.listings.text_numbers import Counts

Pieces = AsyncGenerator[Listing, None]
_HEADED = 0.3
"""Confidence in a page that has nothing of a listing but the heading, with the path of its directory."""


class Compared(Value, frozen=True, kw_only=True):
    """A page compared with what it was."""

    flaw: Flaw | None = None
    """What shows that it is not the page of its listing, if anything."""
    surroundings: Surroundings
    """What is to be remembered with it."""
    doubted: Surroundings | None = None
    """What is to be remembered with the page as it was while text on this one is doubted."""


async def sound(parsed: Pieces, page: FetchedPage, url: str, was: Remembered, *, is_first: bool = True) -> Pieces:
    """Yield the pieces of ``page``, the response to ``url`` that ``was`` known, without an uncertain last row.

    ``is_first``: whether it is the first page of its directory; a later one may be the end, without rows.
    Raises ListingError if it is not a listing.
    """
    piece: Listing | None = None
    async with aclosing(parsed) as pieces:
        async for piece in pieces:
            piece = with_belief(was, page, piece) if is_first or not is_bare(piece) else replace(piece, is_listing=True)
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


def compared(
    was: Remembered, url: str, page: FetchedPage, listing: Listing, entries: Sequence[Entry], *, is_first: bool = True
) -> Compared:
    """Whether ``page``, the first one of its directory or a later one, has another heading or new text, and lacks rows.

    The page of a login, an error or a search, or of another directory, may show some of the files. ``was``: the only
    page of its directory, as it was last remembered. Of several pages, each may have lost rows to the others.
    """
    from crawler.pipeline.rules.listings import page_heading  # not needed for unchanged pages

    text = page_heading.heading_of(page.body)
    heading = page_heading.settled(text)
    is_alone = not (is_paged(listing) or (isinstance(was, ListingMemo) and is_paged(was)))
    if was is None:  # nearly all of a first run: there is nothing to compare with
        counts = _counts(listing, entries) if is_alone and is_first else None
        texts = judge("", _texts_apart(None, listing, ()), is_lossy=False, counts=counts)
        return Compared(surroundings=Surroundings(heading=heading, texts=texts.noted))
    known = UNKNOWN if is_another_format(was.family, listing.family) else was.surroundings
    is_lossy = is_alone and listing.conclusive and _has_lost_rows(was, entries)
    now = page_heading.with_heading(known, heading, is_lossy=is_lossy)
    # A later page is one of several, which show each other's rows when there are fewer.
    texts = judge(
        known.texts,
        _texts_apart(was, listing, page_heading.changing_parts(known, text) or page_heading.changing_parts(now, text)),
        is_lossy=is_lossy and is_first,
        doubts=known.doubts,
        counts=_counts(listing, entries) if is_alone and is_first else None,
        names=listing.mentioned,
    )
    flaw, doubted = None, None
    if texts.doubt is not None:
        flaw = Flaw(FlawKind.UNLIKE, f"{masked(url)}: it says {texts.doubt!r}")
        doubted = replace(known, doubts=known.doubts + 1)
    if is_lossy and known.heading and not page_heading.is_same(known, heading):
        flaw = Flaw(FlawKind.UNLIKE, f"{masked(url)}: its heading is {f'now {text!r}' if text else 'gone'}")
        doubted = page_heading.with_doubt(doubted or known, heading)
    return Compared(flaw=flaw, surroundings=replace(now, texts=texts.noted, doubts=0), doubted=doubted)


def _texts_apart(was: Remembered, listing: Listing, heading: Collection[str]) -> list[str] | None:
    """The texts of ``listing`` but ``heading``, controls that lead nowhere, and names of its rows in links elsewhere.

    What those mean is found out by other means.
    """
    if listing.texts is None:
        return None
    settled = {claim.quote for claim in listing.claims if claim.kind in DEAD_ENDS.values()}.union(heading)
    if isinstance(was, ListingMemo):
        settled.update(listing.mentioned.intersection(entry.name for entry in was.entries))
    return [text for text in listing.texts if shown(text) not in settled]


def _counts(listing: Listing, entries: Sequence[Entry]) -> Counts | None:
    """The numbers in the texts of ``listing`` that its ``entries`` explain; None if there are no texts."""
    if not listing.texts:
        return None
    from crawler.pipeline.rules.listings.text_numbers import counts_of  # not needed for pages of known servers

    return counts_of(entries)


def _has_lost_rows(was: Remembered, entries: Sequence[Entry]) -> bool:
    if isinstance(was, ListingMemo):
        return not {entry.name for entry in was.entries} <= {entry.name for entry in entries}
    return was is not None and len(entries) < was.files + len(was.skipped)


def with_belief(was: Remembered, page: FetchedPage, listing: Listing) -> Listing:
    """``listing``; if ``page`` has no rows, and nothing but what ``was`` there beside them, its directory is empty."""
    if was is None or listing.entries or not listing.complete or (listing.is_listing and listing.conclusive):
        return listing
    is_known_flaw = all(flaw.kind is FlawKind.UNKNOWN for flaw in listing.flaws)
    if not is_known_flaw or is_paged(listing) or (isinstance(was, ListingMemo) and is_paged(was)):
        return listing
    from crawler.pipeline.rules.listings import page_heading  # not needed for other pages

    text, known = page_heading.heading_of(page.body), was.surroundings
    heading, texts = page_heading.settled(text), _texts_apart(None, listing, page_heading.changing_parts(known, text))
    is_identified = bool(heading) or (listing.is_listing and listing.family == was.family)
    is_doubted = bool(known.doubts) or not are_known(known.texts, texts, _counts(listing, ()))
    if not is_identified or not page_heading.is_same(known, heading) or is_doubted:
        return listing
    return replace(listing, is_listing=True, family=was.family, conclusive=True, flaws=())
