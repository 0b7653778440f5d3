"""What identifies a version of a page, and what the state remembers of it: pure functions of its response.

Also what takes the place of a page after the last one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from typing import TYPE_CHECKING

from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import DEAD_ENDS, Claim, ClaimKind, Flaw, FlawKind, dead_end, is_stated
from crawler.model.interfaces import FetchedPage
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Value, replace
from crawler.model.values import Entry, Job, Kind, Listing
from crawler.pipeline.rules.listings.page_links import is_gone, is_paged
from crawler.pipeline.walk.pages import PageMemory, PagePiece, PageVersion
from crawler.text.escape import masked
from crawler.text.web_links import next_pages

if TYPE_CHECKING:
    from crawler.pipeline.rules.listings.read_pages import ReadPages

_STATED = {FlawKind.PART: ClaimKind.PART, FlawKind.ERROR: ClaimKind.ERROR}
"""Flaws of which a page tells by words or fields that may mean something else → what it claims."""
_DIRECTORY = Kind.DIRECTORY  # a member of an enumeration takes 80 ns to look up


class PageResponse(Value, frozen=True):
    """A page of the directory ``path``, requested at ``url``, and what is known of it."""

    path: str
    url: str
    page: FetchedPage
    known: ListingMemo | None = None
    digest: DirectoryDigest | None = None
    is_first: bool = True
    """Whether it is the first page of the directory."""

    @property
    def was(self) -> ListingMemo | DirectoryDigest | None:
        """What the state has of it, or of the directory of which it is the only page."""
        return self.digest or self.known


def is_memorable(listing: Listing) -> bool:
    """Whether the state may remember the page: every row is an entry, and unlisted names are proven absent."""
    return listing.conclusive and not any(rejection.row for rejection in listing.rejections)


def version_of(url: str, page: FetchedPage, listing: Listing) -> PageVersion | None:
    """The version of ``page``, requested at ``url``, if it is the whole listing of its directory; otherwise None."""
    is_all = listing.is_listing and listing.complete and not is_paged(listing)
    if not is_all or not is_memorable(listing) or _is_doubtful(listing.claims):
        return None
    return PageVersion(
        url=url,
        answered=listing.url,
        body_digest=page.digest,
        validators=page.validators,
        family=listing.family,
    )


def recalled_version(memo: ListingMemo) -> PageVersion | None:
    """The version of a page that was recalled, if it is the whole listing of its directory; otherwise None."""
    if is_paged(memo) or _is_doubtful(memo.claims):
        return None
    return PageVersion(
        url=memo.url,
        answered=memo.answered,
        body_digest=memo.body_digest,
        validators=memo.validators,
        family=memo.family,
    )


def _is_doubtful(claims: Collection[Claim]) -> bool:
    """Whether ``claims`` tell against a page, so that a digest of its directory, which forgets them, is not enough."""
    return dead_end(claims) is not None or is_stated(claims)


def is_same(known: ListingMemo | DirectoryDigest, page: FetchedPage) -> bool:
    """Whether the response proves, by its status or its bytes, that the page is the ``known`` one."""
    return page.status == 304 or (known.body_digest, known.answered) == (page.digest, page.url)


def memo_of(url: str, path: str, page: FetchedPage, listing: Listing, entries: tuple[Entry, ...]) -> ListingMemo:
    """The record of ``page``, requested at ``url``, of the directory ``path``."""
    return ListingMemo(
        url=url,
        answered=listing.url,
        path=path,
        validators=page.validators,
        body_digest=page.digest,
        family=listing.family,
        complete=True,
        entries=entries,
        next_pages=listing.next_pages,
        linked=listing.linked,
        claims=listing.claims,
        mentioned=listing.mentioned,
    )


def is_part(memo: ListingMemo, known: ListingMemo | None) -> bool:
    """Whether the page of ``memo``, or as it was ``known``, may be one of several that are remembered together."""
    pages = (memo,) if known is None else (memo, known)
    return "?" in memo.url or any(is_paged(page) or page.claims for page in pages)


def after(known: ListingMemo | None, piece: PagePiece) -> PagePiece:
    """``piece``, given ``known``, the page as an earlier run saw it.

    If that linked to others, and this one does not, it is read again before it justifies a deletion.
    """
    now = piece.listing
    if known is None or not now.is_listing:
        return piece
    piece = replace(piece, known=known)
    if not is_paged(known) or is_paged(now):
        return piece
    return replace(piece, listing=replace(now, recalled=True), version=None)


def refused_page(page: FetchedPage, url: str) -> FetchError:
    """The error for a response to a page request other than 200; it tells whether to try again."""
    headers = {"Retry-After": page.retry_after} if page.retry_after else {}
    from crawler.pipeline.rules.responses.evidence import refused
    from crawler.pipeline.rules.responses.verdict import interpret

    action = interpret(page.status, headers, Job(url=url, path="", reason="listing"), None, page.date or time.time())
    return refused(action, url, page.status, page.logins)


def linked_pages(page: FetchedPage) -> tuple[str, ...]:
    """The next pages according to the Link header. Raises ListingError if the header cannot be parsed."""
    found = () if page.link is None else next_pages(page.link, page.url)
    if found is None:
        raise ListingError("its Link header names a next page but cannot be parsed")
    return found


def with_link(listing: Listing, linked: tuple[str, ...]) -> Listing:
    """``listing``, whose Link header names ``linked``: what it says of its length is about all pages together."""
    if not linked:
        return listing
    quotes = {claim.quote for claim in listing.claims}
    flaws = tuple(flaw for flaw in listing.flaws if not (flaw.kind is FlawKind.PART and flaw.quote in quotes))
    is_whole = len(flaws) < len(listing.flaws) and not any(flaw.is_incomplete for flaw in flaws)
    return replace(listing, linked=linked, flaws=flaws, complete=listing.complete or is_whole)


def with_claims(listing: Listing) -> Listing:
    """``listing``; that a control leads nowhere, or that it is not whole, is a claim, which may be disproved.

    That is up to all of its pages together, or to the user. Without rows, what the page says is the reason for that.
    """
    if not listing.flaws:
        return listing
    kinds = {**DEAD_ENDS, **_STATED} if listing.entries else DEAD_ENDS
    numbers = {claim.quote: claim.number for claim in listing.claims}
    said = [
        Claim(kinds[each.kind], each.quote, numbers.get(each.quote, 0)) for each in listing.flaws if each.kind in kinds
    ]
    if not said:
        return listing
    flaws = tuple(flaw for flaw in listing.flaws if flaw.kind not in kinds)
    is_whole = not any(flaw.is_incomplete for flaw in flaws)
    return replace(listing, flaws=flaws, claims=(*listing.claims, *said), complete=is_whole)


def trusted(listing: Listing) -> Listing:
    """``listing``, which the user says is complete: what is unknown on its page without rows is no message."""
    is_unknown = bool(listing.flaws) and all(flaw.kind is FlawKind.UNKNOWN for flaw in listing.flaws)
    return replace(listing, conclusive=True, flaws=()) if listing.is_listing and is_unknown else listing


def shows_all_files(listing: Listing) -> bool:
    """Whether ``listing`` is complete in itself, and shows no directory."""
    is_all = listing.is_listing and listing.complete and not (is_paged(listing) or listing.claims)
    return is_all and _DIRECTORY not in [entry.kind for entry in listing.entries]


async def up_to_the_end(
    parts: AsyncGenerator[PagePiece, None], url: str, pages: ReadPages, state: PageMemory
) -> AsyncGenerator[PagePiece, None]:
    """Yield ``parts``, the pieces of the page at ``url``: an empty page if it is not found after the last one."""
    async with aclosing(parts):
        try:
            async for part in parts:
                yield part
        except (FetchError, ListingError) as error:
            is_missing = not pages.is_first and is_gone(error)
            missing = Flaw(FlawKind.NOT_FOUND, f"{masked(url)}: {error}")
            if not (is_missing and pages.may_be_missing(missing)):
                for memo in pages.unconfirmed:
                    state.remember_listing(memo)
                if is_missing:
                    raise ListingError(str(missing)) from error
                raise
            yield PagePiece(listing=Listing(url=url, family="none", confidence=1.0, is_listing=True))


def settle(pages: ReadPages, path: str, *, is_told: bool) -> None:
    """Raise ListingError if anything is missing on ``pages``, of the directory ``path``.

    What is believed all the same is logged, unless ``is_told``.
    """
    if pages.believed and not is_told:
        fields = {"path": path, "reason": str(pages.believed[0])}
        logging.getLogger("crawler").info("trusted", extra={"fields": fields})
    pages.check()
