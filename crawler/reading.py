"""Reads one page of a listing: fetched, or recalled where the server or its bytes say that it is the same."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from crawler import limits
from crawler.attempts import persist
from crawler.errors import FetchError, ListingError
from crawler.evidence import refused
from crawler.interfaces import Client, ListingMemo, Observer, Page, Permit, StateStore
from crawler.models import Entry, Job, Listing, Outcome, Rejection, Result, Validators
from crawler.plan import interpret

Pieces = AsyncGenerator[Listing, None]
Parse = Callable[[bytes, str, str], Pieces]
"""(body, URL, content type) → the listing, a long one in pieces; the verdict comes with the last piece. Raises
ListingError for a page that takes too much time or memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What reads the listings of a walk."""

    client: Client
    state: StateStore
    observer: Observer
    parse: Parse
    attempts: int

    async def read(self, path: str, url: str, permit: Permit) -> Pieces:
        """The listing at ``url`` of the folder ``path``, in pieces as they are parsed.

        The last piece alone has ``is_listing`` True, and says if the listing is complete. Raises FetchError,
        VerificationError, ListingError.
        """
        memo = await self.state.listing(url)
        known = memo.validators if memo else Validators()
        page = await persist(lambda: self._fetch(url, known, permit), self.attempts)
        digest = hashlib.sha256(page.body).hexdigest()
        if memo is not None and (page.status == 304 or (memo.body_digest, memo.answered) == (digest, page.url)):
            yield self._recall(memo, path)
            return
        parsed = self.parse(page.body, page.url, page.content_type)
        if "json" in page.content_type:
            begun = [piece async for piece in parsed]
            parsed = _again(begun)
            if not begun[-1].is_listing:
                # An empty array proves nothing; the same folder as HTML does.
                page = await persist(lambda: self._fetch(url, Validators(), permit, html_only=True), self.attempts)
                digest = hashlib.sha256(page.body).hexdigest()
                parsed = self.parse(page.body, page.url, page.content_type)
        most = limits.REMEMBERED_ENTRIES if page.validators else limits.READ_AGAIN_ENTRIES
        count, number, entries = 0, 0, list[Entry]()
        async with aclosing(_sound(parsed, page.content_type)) as pieces:
            async for piece in pieces:
                count, number = count + len(piece.entries), number + 1
                if number == 1 or count <= most:
                    entries += piece.entries
                else:
                    entries.clear()
                if piece.is_listing:
                    self._announce(path, piece, count)
                    self._account(path, piece)
                    if piece.complete and count == len(entries):
                        self.state.remember_listing(_memo(url, path, page, piece, tuple(entries), digest))
                yield piece

    async def _fetch(self, url: str, known: Validators, permit: Permit, *, html_only: bool = False) -> Page:
        page = await self.client.fetch_page(url, validators=known, permit=permit, html_only=html_only)
        if page.status == 200 or (page.status == 304 and known):
            return page
        raise _refused(page, url)

    def _recall(self, memo: ListingMemo, path: str) -> Listing:
        listing = Listing(
            url=memo.answered,
            family=memo.family,
            confidence=1.0,
            is_listing=True,
            entries=memo.entries,
            next_pages=memo.next_pages,
        )
        self._announce(path, listing, len(listing.entries))
        return listing

    def _account(self, path: str, listing: Listing) -> None:
        for rejection in listing.rejections:
            self.observer.rejected(path, rejection)
            if rejection.reason == "bad-name":
                self._count_unsavable(path, rejection)

    def _count_unsavable(self, path: str, rejection: Rejection) -> None:
        """What the listing shows and no file can be called is an entry that failed, not a link of the page."""
        reason = f"{rejection.subject!r} {rejection.detail}"
        self.observer.listed(path, None)
        self.observer.finished(Result(path=path, url=rejection.subject, outcome=Outcome.FAILED, reason=reason))

    def _announce(self, path: str, listing: Listing, count: int) -> None:
        self.observer.listing_read(path, listing.url, count, family=listing.family, confidence=listing.confidence)


def _memo(url: str, path: str, page: Page, listing: Listing, entries: tuple[Entry, ...], digest: str) -> ListingMemo:
    return ListingMemo(
        url=url,
        answered=listing.url,
        path=path,
        validators=page.validators,
        body_digest=digest,
        family=listing.family,
        complete=True,
        entries=entries,
        next_pages=listing.next_pages,
    )


async def _sound(parsed: Pieces, content_type: str) -> Pieces:
    """What is certain of a page. Raises ListingError if it is no listing."""
    piece: Listing | None = None
    async with aclosing(parsed) as pieces:
        async for piece in pieces:
            if piece.is_listing and not piece.complete:
                piece = replace(piece, entries=piece.entries[:-1])  # where it was cut, half a row may say anything
            if piece.is_listing or piece.entries:
                yield piece
    if piece is None or not piece.is_listing:
        raise ListingError(f"the answer is not a directory listing ({content_type or 'no content type'})")


async def _again(pieces: list[Listing]) -> Pieces:
    for piece in pieces:
        yield piece


def _refused(page: Page, url: str) -> FetchError:
    """A page that was answered with something else than 200, as an error that says if it is worth another try."""
    headers = {"Retry-After": page.retry_after} if page.retry_after else {}
    action = interpret(page.status, headers, Job(url=url, path="", reason="listing"), None, page.date or 0.0)
    return refused(action, url, page.status)
