"""Reads one page of a listing, from the server or, if it is proven to be unchanged, from the state."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from crawler.model import limits
from crawler.model.interfaces import FetchedPage, Permit, Response
from crawler.model.observer import Observer
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Value, replace
from crawler.model.values import Entry, Listing, Validators
from crawler.pipeline.attempts import persist
from crawler.pipeline.walk.page_versions import (
    PageResponse,
    after,
    is_memorable,
    is_part,
    is_same,
    linked_pages,
    memo_of,
    recalled_version,
    refused_page,
    version_of,
)
from crawler.pipeline.walk.pages import BegunPage, Directory, GroupedPages, PageMemory, PagePiece, Pages
from crawler.pipeline.walk.sound_pages import Pieces, sound
from crawler.pipeline.walk.unchanged_directories import EarlyComparison, UnchangedDirectories

Parse = Callable[[bytes, str, str], Pieces]
"""Parses a page: (body, URL, content type) → the listing, if long in pieces, of which the last has the verdict.

Raises ListingError for a page that takes too much time or memory.

"""


ParseWhole = Callable[[bytes, str, str], Listing | None]
"""Parses a page as ``Parse`` does, if that is possible at once; otherwise the result is None."""


class Root(Protocol):
    """Decides whether the response to the root is a file, and then takes it."""

    @property
    def may_be_file(self) -> bool:
        """Whether the response that ``take`` received counts as a file if it is not a listing."""

    @property
    def is_taken(self) -> bool:
        """Whether the response that it took is, or may be, a file: then no listing is looked for elsewhere."""

    async def take(self, reply: Response) -> bytes | None:
        """Take the response if it is a file (see ``interfaces.Take``)."""

    def found_at_fallback(self) -> None:
        """Note that a fallback has sent a file instead of a listing."""


class PageReader(Value, frozen=True, kw_only=True):
    """Reads the listings of a walk."""

    client: Pages
    state: PageMemory
    observer: Observer
    parse: Parse
    parse_whole: ParseWhole | None = None
    """Parses short pages; None if ``parse`` does it."""
    groups: GroupedPages | None = None
    """Fetches pages together; None if none are."""
    attempts: int
    unchanged: UnchangedDirectories | None = None
    """Directories that are recognised by a digest; None if none are."""
    is_new: bool = False
    """Whether nothing is known of the host of the root (see ``retry.attempts_after``)."""
    root: Root | None = None
    """Takes the response to the root if it is a file; None if the root is always read as a page."""
    anew: bool = False
    """True if every page is fetched unconditionally, bypassing caches, and parsed."""

    async def read(
        self, path: str, url: str, permit: Permit, begun: BegunPage | None = None, *, is_first: bool = True
    ) -> AsyncGenerator[PagePiece, None]:
        """Yield the listing at ``url`` of the directory ``path``, piece by piece; nothing if it is unchanged.

        Everything in an unchanged directory has been reported already. Only the last piece has ``is_listing`` True; it
        tells whether the listing is complete. ``begun``: its first page, if that has been fetched already.
        ``is_first``: whether ``url`` is that of the first page.

        Raises FetchError, VerificationError, ListingError.
        """
        begun = begun or await self._begun(path, url, permit)
        if begun is None:
            return
        digest, memo, page = begun.digest, begun.memo, begun.page
        known = await self.state.listing(url) if self.anew or digest is not None else memo
        if digest is not None:
            memo = known
            if page.status == 304 and (memo is None or memo.body_digest != digest.body_digest):
                page = await self._fetch(url, Validators(), permit)  # it confirmed a version that is not known
        if memo is not None and is_same(memo, page):
            yield self._unchanged(path, page, memo)
            return
        response = PageResponse(path, url, page, known, digest, is_first)
        if (whole := self._parsed(page)) is not None:
            yield after(known, self._wholes([(response, whole)])[0])
            return
        parsed = self.parse(page.body, page.url, page.content_type)
        if "json" in page.content_type:
            found = [piece async for piece in parsed]
            parsed = _again(found)
            if is_first and not found[-1].is_listing and not (self.root is not None and self.root.may_be_file):
                # An empty array proves nothing; the HTML page of the same directory does.
                page = await self._fetch(url, Validators(), permit, html_only=True)
                parsed = self.parse(page.body, page.url, page.content_type)
                response = replace(response, page=page)
        async with aclosing(self._noted(response, sound(parsed, page, url, response.was, is_first=is_first))) as pieces:
            async for piece in pieces:
                yield after(known, piece)

    async def _begun(self, path: str, url: str, permit: Permit) -> BegunPage | None:
        """The page at ``url`` of the directory ``path``; None if the directory is unchanged, which is reported."""
        digest, memo = await self.recorded(url)
        known = digest or memo
        early = self.unchanged.begin(path, digest) if digest is not None and self.unchanged is not None else None
        try:
            page = await self._fetch(url, known.validators if known else Validators(), permit, is_root=not path)
            self.state.visited(path, url)
            if digest is not None and self.may_be_kept(digest, page) and await self._is_kept(path, url, digest, early):
                return None
        finally:
            if early is not None:
                await early.close()
        return BegunPage(page=page, digest=digest, memo=memo)

    async def recorded(self, url: str) -> tuple[DirectoryDigest | None, ListingMemo | None]:
        """What earlier runs know of the page at ``url``: the digest of its directory or, without one, the page."""
        digest = await self.unchanged.of(url) if self.unchanged else None
        return digest, await self.state.listing(url) if digest is None and not self.anew else None

    def may_be_kept(self, digest: DirectoryDigest, page: FetchedPage) -> bool:
        """Whether ``page`` is that of ``digest``, so that no entry needs a decision if the local directory is, too."""
        return is_same(digest, page) and not (page.link is not None and linked_pages(page))

    async def _is_kept(self, path: str, url: str, digest: DirectoryDigest, early: EarlyComparison | None) -> bool:
        """Whether the local directory is that of ``digest``, given that its page is."""
        is_kept = self.unchanged is not None and await self.unchanged.is_kept(path, digest, early)
        if is_kept:
            self.announce_kept(path, url, digest)
        return is_kept

    def announce_kept(self, path: str, url: str, digest: DirectoryDigest) -> None:
        """Report the listing, at ``url``, of a directory that is unchanged."""
        self._announce(path, digest.answered, digest.family, digest.files + len(digest.skipped))

    def wholes(self, begun: Sequence[tuple[Directory, BegunPage]]) -> dict[str, PagePiece]:
        """The only pieces that ``read`` would yield of pages of which nothing is known, if these can be read at once.

        By the paths of their directories.
        """
        new = [(each, page.page) for each, page in begun if page.digest is None and page.memo is None]
        read = [(each, page, self._parsed(page)) for each, page in new]
        whole = [(PageResponse(each.path, each.url, page), found) for each, page, found in read if found is not None]
        return {each.path: piece for (each, _), piece in zip(whole, self._wholes(whole), strict=True)}

    def _parsed(self, page: FetchedPage) -> Listing | None:
        """The complete listing on ``page``, if it can be read at once."""
        if self.parse_whole is None or page.link is not None or not page.end_proven:
            return None
        whole = self.parse_whole(page.body, page.url, page.content_type)
        return None if whole is None or not whole.complete else whole

    def _wholes(self, pages: Sequence[tuple[PageResponse, Listing]]) -> list[PagePiece]:
        """The only pieces that ``_noted`` would yield of ``pages``.

        Each step is taken for all of them before the next one: the code and the data of one step fit into the caches of
        the processor, those of all steps do not.
        """
        for each, listing in pages:
            self._announce(each.path, listing.url, listing.family, len(listing.entries), listing.confidence)
            self._account(each.path, listing)
        pieces = list[PagePiece]()
        for each, listing in pages:
            url, page = each.url, each.page
            memo = memo_of(url, each.path, page, listing, listing.entries) if is_memorable(listing) else None
            held, version = self._held(memo, each.known), version_of(url, page, listing)
            pieces.append(PagePiece(listing=listing, version=version, memo=held))
        return pieces

    def _unchanged(self, path: str, page: FetchedPage, memo: ListingMemo) -> PagePiece:
        """The page of ``memo``, which is unchanged."""
        linked = memo.linked if page.status == 304 and page.link is None else linked_pages(page)
        now = memo if linked == memo.linked else replace(memo, linked=linked)
        if page.validators and not memo.validators:  # it was to be read without a condition
            now = replace(now, validators=page.validators)
        version, held = (recalled_version(memo), None) if now is memo else (None, now)
        return PagePiece(listing=self._recall(now, path), version=version, known=memo, memo=held)

    def _held(self, memo: ListingMemo | None, known: ListingMemo | None) -> ListingMemo | None:
        """Return ``memo`` if it is to be remembered later; otherwise remember it at once, if any."""
        if memo is None or is_part(memo, known):
            return memo
        self.state.remember_listing(memo)
        return None

    async def _noted(self, response: PageResponse, parsed: Pieces) -> AsyncGenerator[PagePiece, None]:
        """Yield each piece of the page; report the listing, and remember it if that is worthwhile."""
        path, url, page, known = response.path, response.url, response.page, response.known
        most = limits.REMEMBERED_ENTRIES if page.validators else limits.READ_AGAIN_ENTRIES
        if len(page.body) > most * limits.ROW_BYTES:
            most = 0
        count, number, entries = 0, 0, list[Entry]()
        async with aclosing(parsed) as pieces:
            async for piece in pieces:
                count, number = count + len(piece.entries), number + 1
                if number == 1 or count <= most:
                    entries += piece.entries
                else:
                    entries.clear()
                memo, version = None, None
                if piece.is_listing:
                    self._announce(path, piece.url, piece.family, count, piece.confidence)
                    self._account(path, piece)
                    is_short = count == len(entries) and len(piece.mentioned) <= limits.READ_AGAIN_ENTRIES
                    if piece.complete and is_short and is_memorable(piece):
                        memo = self._held(memo_of(url, path, page, piece, tuple(entries)), known)
                    version = version_of(url, page, piece)
                yield PagePiece(listing=piece, version=version, memo=memo)

    async def _fetch(
        self, url: str, known: Validators, permit: Permit, *, html_only: bool = False, is_root: bool = False
    ) -> FetchedPage:
        take = self.root.take if is_root and self.root is not None else None

        async def fetch() -> FetchedPage:
            page = await self.client.fetch_page(
                url, validators=known, permit=permit, html_only=html_only, fresh=self.anew, take=take
            )
            if page.status == 304 and known:
                from crawler.pipeline.rules.responses.conditional_requests import confirms

                if confirms(page.validators, known):
                    return page
                page = await self.client.fetch_page(url, validators=Validators(), permit=permit, html_only=html_only)
            if page.status == 200:
                return page
            raise refused_page(page, url)

        return await persist(fetch, self.attempts, is_new=self.is_new and is_root)

    def _recall(self, memo: ListingMemo, path: str) -> Listing:
        listing = Listing(
            url=memo.answered, family=memo.family, confidence=1.0, is_listing=True, entries=memo.entries,
            next_pages=memo.next_pages, mentioned=memo.mentioned, linked=memo.linked, claims=memo.claims, recalled=True,
        )  # fmt: skip
        self._announce(path, listing.url, listing.family, len(listing.entries))
        return listing

    def _account(self, path: str, listing: Listing) -> None:
        for rejection in listing.rejections:
            if not rejection.row:  # a rejected row is counted as an entry, not as a link
                self.observer.rejected(path, rejection)

    def _announce(self, path: str, url: str, family: str, count: int, confidence: float = 1.0) -> None:
        self.observer.listing_read(path, url, count, family=family, confidence=confidence)


async def _again(pieces: list[Listing]) -> Pieces:
    for piece in pieces:
        yield piece
