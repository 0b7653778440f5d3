"""What identifies a version of a page, and what the state remembers of it: pure functions of its response.

Also what takes the place of a page after the last one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import DEAD_ENDS, Claim, ClaimKind, Flaw, FlawKind, dead_end, is_stated
from crawler.model.interfaces import FetchedPage
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.state.surroundings import UNKNOWN, Surroundings
from crawler.model.struct import Value, replace
from crawler.model.values import Entry, Job, Kind, Listing, Validators
from crawler.pipeline.rules.listings.page_links import is_gone, is_paged
from crawler.pipeline.walk.pages import Directory, PageMemory, PagePiece, PageVersion, Remembered
from crawler.text.escape import masked
from crawler.text.web_links import next_pages

if TYPE_CHECKING:
    from crawler.pipeline.rules.listings.read_pages import ReadPages
    from crawler.pipeline.rules.listings.several_pages import SeveralPages

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
    def was(self) -> Remembered:
        """What the state has of its last version."""
        return last_version(self.known, self.digest)


def is_memorable(listing: Listing) -> bool:
    """Whether the state may remember the page: every row is an entry, and unlisted names are proven absent."""
    return listing.conclusive and not any(rejection.row for rejection in listing.rejections)


def version_of(url: str, page: FetchedPage, listing: Listing, surroundings: Surroundings) -> PageVersion | None:
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
        surroundings=surroundings,
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
        surroundings=memo.surroundings,
    )


def _is_doubtful(claims: Collection[Claim]) -> bool:
    """Whether ``claims`` tell against a page, so that a digest of its directory, which forgets them, is not enough."""
    return dead_end(claims) is not None or is_stated(claims)


def is_same(known: ListingMemo | DirectoryDigest, page: FetchedPage) -> bool:
    """Whether the response proves, by its status or its bytes, that the page is the ``known`` one."""
    return page.status == 304 or (known.body_digest, known.answered) == (page.digest, page.url)


def memo_of(
    url: str, path: str, page: FetchedPage, listing: Listing, entries: tuple[Entry, ...], surroundings: Surroundings
) -> ListingMemo:
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
        surroundings=surroundings,
    )


def last_version(known: ListingMemo | None, digest: DirectoryDigest | None) -> Remembered:
    """The last version of a page that the state has: the page, which may be older, or the digest of its directory."""
    if digest is None or known is None or known.body_digest != digest.body_digest:
        return digest or known
    return replace(known, surroundings=digest.surroundings)  # doubts are noted there


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


def shows_all_files(listing: Listing) -> bool:
    """Whether ``listing`` is complete in itself, and shows no directory."""
    is_all = listing.is_listing and listing.complete and not (is_paged(listing) or listing.claims)
    return is_all and _DIRECTORY not in [entry.kind for entry in listing.entries]


async def up_to_the_end(
    parts: AsyncGenerator[PagePiece, None],
    directory: Directory,
    url: str,
    pages: ReadPages,
    state: PageMemory,
    *,
    is_again: bool,
) -> AsyncGenerator[PagePiece, None]:
    """Yield ``parts``, the pieces of the page of ``directory`` at ``url``.

    That is an empty page if it is not found after the last one. ``is_again``: as in ``settled``.
    """
    async with aclosing(parts):
        if pages.together is not None and len(pages.queue.done) == 2:
            pages.together.expect(await _unplaced(directory, state, is_again=is_again))
        try:
            async for part in parts:
                if part.listing.is_listing and (part.known is None or pages.is_former):
                    await _note_unread(pages.together, state)  # pages may begin elsewhere now, or have other URLs
                yield _settled(part) if pages.is_former else part
        except (FetchError, ListingError) as error:
            known = None if pages.is_first else await state.listing(url)
            missing = Flaw(FlawKind.NOT_FOUND, f"{masked(url)}: {error}")
            is_end = pages.may_be_the_end(error, known)
            if not (is_end or pages.believe_without(error, missing)):
                if not pages.is_unsettled(error, known, missing):
                    for memo in () if pages.together is None else pages.together.unconfirmed:
                        state.remember_listing(memo)
                    if pages.is_first or not is_gone(error):
                        raise
                    raise ListingError(str(missing)) from error
                await _note_unread(pages.together, state)
            listing = Listing(url=url, family="none", confidence=1.0, is_listing=True)
            # What it was is not to be compared with other pages any more.
            gone = _without_rows(known) if is_end and known is not None else None
            yield PagePiece(listing=listing, known=known, memo=gone)


def _without_rows(known: ListingMemo) -> ListingMemo:
    """What is remembered of a page that is not there any more: no rows and no links, and nothing to confirm."""
    none = replace(known, entries=(), next_pages=(), linked=(), claims=(), mentioned=frozenset())
    return replace(none, body_digest="", validators=Validators(), surroundings=UNKNOWN)


@contextmanager
def settled(pages: ReadPages, directory: Directory, state: PageMemory, *, is_again: bool) -> Iterator[None]:
    """Raise ListingError at the end if anything is missing on ``pages``, of ``directory``.

    However the visit ends, rows that it has shown, and that are on no page that is remembered, are remembered, too.
    ``is_again``: whether this run has read the pages before.
    """
    is_whole = False
    try:
        yield
        _check(pages, directory.path, is_told=is_again)
        is_whole = not pages.todo
    finally:
        together = None if is_again else pages.together
        unplaced = None if together is None else together.unplaced(is_whole=is_whole)
        if unplaced is not None:
            state.remember_listing(unplaced)
            if unplaced.entries or unplaced.surroundings.doubts:  # otherwise it is forgotten
                state.visited(directory.path, unplaced.url)


async def _unplaced(directory: Directory, state: PageMemory, *, is_again: bool) -> ListingMemo:
    """What is remembered of rows of ``directory`` that are on no page that is: they have a URL that no page has."""
    url = f"{directory.url}#"
    none = ListingMemo(
        url=url, answered=url, path=directory.path, validators=Validators(), body_digest="", family="none",
        complete=True, entries=(), next_pages=(),
    )  # fmt: skip
    found = await state.listing(url) or none
    if not (is_again and found.surroundings.doubts):
        return found
    return replace(found, surroundings=Surroundings(doubts=found.surroundings.doubts - 1))  # this visit is counted


def _check(pages: ReadPages, path: str, *, is_told: bool) -> None:
    """Raise ListingError if anything is missing on ``pages``; log what is believed, unless ``is_told``."""
    if pages.believed and not is_told:
        fields = {"path": path, "reason": str(pages.believed[0])}
        logging.getLogger("crawler").info("trusted", extra={"fields": fields})
    pages.check()


async def _note_unread(pages: SeveralPages | None, state: PageMemory) -> None:
    """Note the pages to which ``pages``, as they were known, led, and these in turn, unless they have been read."""
    while pages is not None and (url := pages.next_unread()) is not None:
        pages.note_unread(url, await state.listing(url))


def _settled(part: PagePiece) -> PagePiece:
    """``part`` of a page to which nothing leads any more. Without rows, it proves as little as one that is missing."""
    listing = part.listing
    if listing.entries or listing.conclusive:
        return part
    flaws = tuple(flaw for flaw in listing.flaws if flaw.is_incomplete)
    return replace(part, listing=replace(listing, conclusive=True, flaws=flaws))
