"""Walks the tree of listings: fetches a page, parses it, follows its folders, and hands on what it says.

The walker owns the frontier of folders, so the engine's queue carries files only. It goes depth first, which
keeps the frontier short, with a few listings in flight at once.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from crawler import limits
from crawler.attempts import persist
from crawler.errors import CrawlerError, FetchError, ListingError, VerificationError
from crawler.escape import masked
from crawler.interfaces import Client, ListingMemo, Observer, Page, Permit, StateStore
from crawler.loops import Seen, fingerprint, loop
from crawler.models import Entry, Job, Kind, Listing, Rejection, Validators
from crawler.plan import Verdict, interpret
from crawler.scope import Scope, scope_base
from crawler.urls import entry_path

Parse = Callable[[bytes, str, str], Listing]
"""(body, URL, content type) → Listing"""
Refuse = Callable[[str, str], Rejection | None]
"""(path under DIR, URL) of a folder → why it is not entered, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A directory to walk: where its listing is, and where it lies under DIR."""

    path: str
    url: str
    depth: int = 0
    above: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPage:
    """One page of a folder's listing."""

    folder: Folder
    url: str
    entries: tuple[Entry, ...]
    complete: bool
    """True on the last page of a listing that was read to its end: what it does not show is not there."""
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far a walk goes."""

    listers: int = 4
    attempts: int = 5
    max_depth: int | None = None
    recursive: bool = True


class Walker:
    """One walk. ``visit`` gets every page; what is refused or fails goes to the observer."""

    def __init__(
        self,
        client: Client,
        state: StateStore,
        parse: Parse,
        observer: Observer,
        *,
        bounds: Bounds,
        scope: Scope | None = None,
        refuse: Refuse = lambda _path, _url: None,
        hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._client = client
        self._state = state
        self._parse = parse
        self._observer = observer
        self._bounds = bounds
        self._refuse = refuse
        self._hosts = hosts
        self.scope = scope or Scope("", hosts)
        """Known once the root has answered."""
        self.stopped = False
        """Set it to end the walk early: no further listing is read."""
        self.failures = 0

    async def walk(self, starts: Sequence[Folder], visit: Callable[[FolderPage], Awaitable[None]]) -> None:
        """Visit every listing at or below ``starts``. Raises ListingError if the root itself fails."""
        self._frontier: asyncio.LifoQueue[Folder | None] = asyncio.LifoQueue()
        self._open = 0
        self._push(starts)
        if not self._open:
            return
        async with asyncio.TaskGroup() as group:
            for number in range(self._bounds.listers):
                group.create_task(self._lister(visit), name=f"lister-{number}")

    def _push(self, folders: Iterable[Folder]) -> None:
        for folder in folders:
            self._open += 1
            self._frontier.put_nowait(folder)

    async def _lister(self, visit: Callable[[FolderPage], Awaitable[None]]) -> None:
        while (folder := await self._frontier.get()) is not None:
            if not self.stopped:
                await self._read(folder, visit)
            self._open -= 1
            if self._open == 0:
                for _ in range(self._bounds.listers):
                    self._frontier.put_nowait(None)

    async def _read(self, folder: Folder, visit: Callable[[FolderPage], Awaitable[None]]) -> None:
        """All pages of one folder. A failure concerns this folder alone, unless it is the root."""
        is_root = not folder.path and not self.scope.base
        try:
            await self._pages(folder, visit)
        except (FetchError, VerificationError, ListingError) as error:
            if is_root:
                raise ListingError(f"{masked(folder.url)}: {error}: is it the page of a directory?") from error
            self._fail(folder, str(error))

    def _fail(self, folder: Folder, reason: str) -> None:
        self.failures += 1
        self._observer.listing_failed(folder.path, folder.url, reason)

    async def _pages(self, folder: Folder, visit: Callable[[FolderPage], Awaitable[None]]) -> None:
        todo, done, entered = [folder.url], set[str](), set[str]()
        whole = True
        while todo and not self.stopped:
            url = todo.pop(0)
            done.add(url)
            listing = await persist(lambda url=url: self._listing(folder, url), self._bounds.attempts)  # type: ignore[misc]
            if not self.scope.base:
                self.scope = Scope(scope_base(listing.url, [entry.url for entry in listing.entries]), self._hosts)
            whole = whole and listing.complete
            todo += [page for page in listing.next_pages if page not in done and not self._out_of_scope(page)]
            if todo and len(done) >= limits.LISTING_PAGES:
                raise ListingError(f"the listing has more than {limits.LISTING_PAGES} pages")
            ancestor = loop(folder.above, listing)
            if ancestor is not None:
                raise ListingError(f"suspected loop: the same listing as its ancestor {masked(ancestor)}")
            last = not todo
            page = FolderPage(
                folder=folder, url=listing.url, entries=listing.entries, complete=whole and last, last=last
            )
            self._push(self._folders(folder, listing, entered))
            await visit(page)
        if not whole:
            raise ListingError("the listing was cut short: its end is missing")

    def _out_of_scope(self, url: str) -> bool:
        return self.scope.listing(url) is not None

    async def _listing(self, folder: Folder, url: str) -> Listing:
        """Fetch one page and read it, from memory where the server or its bytes say that it is the same."""
        memo = await self._state.listing(url)
        page = await self._client.fetch_page(
            url, validators=memo.validators if memo else Validators(), permit=self._permit()
        )
        if page.status == 304 and memo is not None:
            return self._recalled(memo, folder)
        if page.status != 200:
            raise _refused(page, url)
        body_digest = hashlib.sha256(page.body).hexdigest()
        if memo is not None and memo.body_digest == body_digest and memo.answered == page.url:
            return self._recalled(memo, folder)
        listing = await asyncio.to_thread(self._parse, page.body, page.url, page.content_type)
        if not listing.is_listing and "json" in page.content_type:
            # An empty array proves nothing; the same folder as HTML does.
            page = await self._client.fetch_page(url, validators=Validators(), permit=self._permit(), html_only=True)
            listing = await asyncio.to_thread(self._parse, page.body, page.url, page.content_type)
        if page.status != 200 or not listing.is_listing:
            raise ListingError(f"the answer is not a directory listing ({page.content_type or 'no content type'})")
        self._noted(folder, listing)
        for rejection in listing.rejections:
            self._observer.rejected(folder.path, rejection)
        if listing.complete:
            self._state.remember_listing(_memo(url, folder, page, listing, body_digest))
        return listing

    def _permit(self) -> Permit:
        return self.scope.listing_redirect if self.scope.base else self.scope.root_redirect

    def _recalled(self, memo: ListingMemo, folder: Folder) -> Listing:
        listing = Listing(
            url=memo.answered,
            family=memo.family,
            confidence=1.0,
            is_listing=True,
            entries=memo.entries,
            next_pages=memo.next_pages,
        )
        self._noted(folder, listing)
        return listing

    def _noted(self, folder: Folder, listing: Listing) -> None:
        self._observer.listing_read(
            folder.path, listing.url, len(listing.entries), family=listing.family, confidence=listing.confidence
        )

    def _folders(self, folder: Folder, listing: Listing, entered: set[str]) -> list[Folder]:
        """The folders of this page that are to be walked, last one first: the frontier is a stack.

        ``entered``: URLs that earlier pages of this listing showed; object stores repeat them.
        """
        if not self._bounds.recursive:
            return []
        found = []
        seen = fingerprint(listing)
        for entry in reversed(listing.entries):
            if entry.kind is Kind.DIRECTORY and entry.url not in entered:
                entered.add(entry.url)
                below = self._below(folder, entry)
                if below is not None:
                    above = (*folder.above, Seen(listing.url, *seen, entry.name))
                    found.append(Folder(path=below, url=entry.url, depth=folder.depth + 1, above=above))
        return found

    def _below(self, folder: Folder, entry: Entry) -> str | None:
        """The path of a folder that is to be entered, or None; why not goes to the observer."""
        name = f"{entry.folder}/{entry.name}" if entry.folder else entry.name
        path = entry_path(folder.path, name)
        if isinstance(path, Rejection):
            self._fail(Folder(path=folder.path, url=entry.url), f"{path.subject!r} {path.detail}")
            return None
        if self._bounds.max_depth is not None and folder.depth >= self._bounds.max_depth:
            self._observer.rejected(path, Rejection("depth", entry.url, "below --max-depth"))
            return None
        if folder.depth + 1 >= limits.DEPTH and self._bounds.max_depth is None:
            self._fail(Folder(path=path, url=entry.url), f"deeper than {limits.DEPTH} levels: a loop? (--max-depth)")
            return None
        rejection = self.scope.listing(entry.url) or self._refuse(path, entry.url)
        if rejection is not None:
            self._observer.rejected(path, rejection)
            return None
        return path

    def late(self, folders: Iterable[tuple[str, str]]) -> list[Folder]:
        """Folders that looked like files until they were fetched: (path, URL), to be walked in turn."""
        found = []
        for path, url in folders:
            depth = path.count("/") + 1
            deepest = limits.DEPTH if self._bounds.max_depth is None else self._bounds.max_depth
            rejection = self.scope.listing(url) or self._refuse(path, url)
            if rejection is None and (not self._bounds.recursive or depth > deepest):
                rejection = Rejection("depth", url, "below --max-depth")
            if rejection is not None:
                self._observer.rejected(path, rejection)
            else:
                found.append(Folder(path=path, url=url, depth=depth))
        return found


def _refused(page: Page, url: str) -> CrawlerError:
    """A listing that was answered with something else than 200, as an error that says if it is worth another try."""
    job = Job(url=url, path="", reason="listing")
    headers = {"Retry-After": page.retry_after} if page.retry_after else {}
    action = interpret(page.status, headers, job, None, page.date or 0.0)
    return FetchError(
        action.reason if action.reason else f"HTTP {page.status}",
        url=url,
        status=page.status,
        retryable=action.verdict is Verdict.RETRY,
        retry_after=action.delay,
    )


def _memo(url: str, folder: Folder, page: Page, listing: Listing, body_digest: str) -> ListingMemo:
    return ListingMemo(
        url=url,
        answered=listing.url,
        path=folder.path,
        validators=page.validators,
        body_digest=body_digest,
        family=listing.family,
        complete=listing.complete,
        entries=listing.entries,
        next_pages=listing.next_pages,
    )
