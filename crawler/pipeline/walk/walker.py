"""Walks the tree of listings: reads pages, enters their directories, and passes their entries on.

It owns the frontier of directories, so the engine's queue carries files only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError, VerificationError
from crawler.model.interfaces import Permit
from crawler.model.observer import Observer, Silent
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Rejection
from crawler.pipeline.rules.listings.loops import Fingerprint, seen
from crawler.pipeline.rules.listings.read_pages import pages_from
from crawler.pipeline.rules.robots import is_of_robots
from crawler.pipeline.rules.scope import Bounds, Scope, scope_base, upward
from crawler.pipeline.rules.unusable_rows import sorted_rows
from crawler.pipeline.walk.frontier import Frontier
from crawler.pipeline.walk.groups.group_reader import Begun, GroupReader
from crawler.pipeline.walk.lookahead import Level, Lookahead, directory_links
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.page_versions import settle, shows_all_files, trusted, up_to_the_end
from crawler.pipeline.walk.pages import (
    Directory,
    DirectoryPage,
    First,
    PagePiece,
    Shown,
    Source,
    Visit,
    VisitAll,
    one_by_one,
    only,
)
from crawler.text.escape import masked
from crawler.text.names.places import place_of_entry
from crawler.text.url_parameters import is_later_page
from crawler.text.urls import directory_of, entry_path, is_same

PermitAs = Callable[[Callable[[str, str], Rejection | None]], Permit]
"""Combines a rule for redirects with everything else that may forbid them."""
Refuse = Callable[[str, str], Rejection | None]
"""Returns the rejection of a directory, by (path under DIR, URL); None if it is entered."""


class Walker:
    """Reads the listings of a tree and passes every page to a visitor; refusals and failures go to the observer."""

    def __init__(
        self,
        reader: PageReader,
        observer: Observer,
        *,
        bounds: Bounds,
        scope: Scope | None = None,
        refuse: Refuse = lambda _path, _url: None,
        permit_as: PermitAs,
        source: Source | None = None,
    ) -> None:
        """``source``: reads listings from one of several hosts, in place of ``reader``."""
        self._reader, self._source = reader, source
        self._groups = GroupReader(reader, reader.groups) if reader.groups is not None and source is None else None
        self._quiet = replace(reader, observer=Silent(), unchanged=None)
        """Reads pages without reporting them: those read before, and those that may not belong to the walk."""
        self._observer, self._bounds = observer, bounds
        self._refuse, self._permit_as = refuse, permit_as
        self.scope = scope or Scope("", bounds.hosts)
        """The scope of the walk; it has no base until the root has been read."""
        self._stopped = False
        self.failures = 0
        """Number of listings that failed."""
        self.refused: set[str] = set()
        """Paths of the listed directories that were not entered, for any reason other than a failure."""

    async def walk(self, starts: Sequence[Directory], visit: Visit, visit_all: VisitAll | None = None) -> None:
        """Visit every listing at or below ``starts``. Raises ListingError if the root itself fails."""
        visits = visit, visit_all or one_by_one(visit)
        async with asyncio.TaskGroup() as group:
            frontier = Frontier(self._bounds.listers, lambda: group.create_task(self._lister(frontier, *visits)))
            frontier.add(starts)

    async def read_anew(self, directory: Directory, visit: Visit) -> None:
        """Fetch, parse and visit the listing of one directory again. Raises the errors of ``PageReader.read``."""
        reader, bounds = replace(self._quiet, anew=True), replace(self._bounds, recursive=False)
        walker = Walker(reader, Silent(), bounds=bounds, scope=self.scope, permit_as=self._permit_as)
        await walker.read_one(directory, visit)

    async def read_one(self, directory: Directory, visit: Visit) -> None:
        """Visit the listing of one directory. Raises the errors of ``PageReader.read``; ListingError if incomplete."""
        await self._pages(directory, visit, Frontier(readers=0))

    async def _lister(self, frontier: Frontier, visit: Visit, visit_all: VisitAll) -> None:
        while (directory := await frontier.next()) is not None:
            groups = None if self._stopped else self._groups
            if groups is not None and (others := groups.others(directory, frontier)):
                reading = groups.read([directory, *others], frontier)
                await self._read_together(reading, visit, visit_all, frontier)
                continue
            if not self._stopped:
                await self._read(directory, visit, frontier)
            frontier.done()

    async def _read_together(self, reading: Begun, visit: Visit, visit_all: VisitAll, frontier: Frontier) -> None:
        """Request the pages of a group together, and read on in each. Some are put back, to be read alone or later."""
        found, leaves = await reading, list[DirectoryPage]()
        begun = [(directory, page) for directory, page in found if page is not None]
        frontier.put_back([directory for directory, page in found if page is None])
        wholes = {} if self._stopped else self._reader.wholes(begun)
        for directory, page in begun:
            if self._stopped:
                break
            read = await self._read(directory, visit, frontier, (page, wholes.get(directory.path)))
            leaves += [] if read is None else [read]
        if leaves and not self._stopped:
            self._stopped = not await visit_all(leaves)
        frontier.done(len(begun))

    async def _read(
        self, directory: Directory, visit: Visit, frontier: Frontier, first: First = (None, None)
    ) -> DirectoryPage | None:
        """Read all pages of one directory. A failure affects only this directory, unless it is the root and unread.

        Returns the page that was begun if it shows only files: it has not been visited.
        """
        try:
            if (whole := first[1]) is not None and shows_all_files(whole.listing):
                return self._page(directory, whole, complete=True, last=True)
            await self._pages(directory, visit, frontier, first)
        except (FetchError, VerificationError, ListingError) as error:
            rejection = error.rejection if isinstance(error, FetchError) else None
            if not directory.path and not self.scope.base:
                from crawler.pipeline.rules.single_file import root_error  # imported only if needed

                raise root_error(directory.url, error) from error
            is_alone = isinstance(error, FetchError) and not is_later_page(error.url, directory.url)
            if rejection is not None and rejection.reason == Reason.ROBOTS and is_alone:
                self._reject(directory.path, rejection)
            else:
                self.fail(directory, str(error))
        return None

    def fail(self, directory: Directory, reason: str) -> None:
        """Count and report a listing that cannot be used."""
        self.failures += 1
        self._observer.listing_failed(directory.path, directory.url, reason)

    async def _pages(self, directory: Directory, visit: Visit, frontier: Frontier, first: First = (None, None)) -> None:
        """Visit the pieces of each page as they are read; enter its directories once the page is complete."""
        pages, shown = pages_from(directory.url, trusts=self._bounds.trusts_pages), Shown()
        state = self._reader.state
        while pages.todo and not self._stopped:
            url = pages.begin()
            if not pages.is_first and is_of_robots(self._refuse(directory.path, url)):
                raise ListingError(f"robots.txt forbids its page {masked(url)}: --no-robots continues without it")
            mark, directories = Fingerprint(url), list[Entry]()
            parts = self._parts(directory, url, first if pages.is_first else (None, None), is_first=pages.is_first)
            async with aclosing(up_to_the_end(parts, url, pages, state)) as pieces:
                async for part in pieces:
                    piece = part.listing
                    self._settle_scope(directory, part)
                    directories += [entry for entry in piece.entries if entry.kind is Kind.DIRECTORY]
                    if directories or not piece.is_listing:  # a page without directories is no part of a loop
                        mark.add(piece.entries)
                    pages.add(piece.entries)
                    below: list[Directory] = []
                    if piece.is_listing:
                        for memo in pages.end(piece, self.scope, part.known, part.memo):
                            state.remember_listing(memo)
                        mark.answered(piece.url)
                        if directories:
                            below = await self._directories(directory, directories, mark, shown)
                    last = piece.is_listing and not pages.todo
                    page = self._page(directory, part, complete=pages.whole and last, last=last)
                    if not await visit(replace(page, recalled=page.recalled or pages.may_have_moved(piece))):
                        self._stopped = True
                    frontier.add(below)  # not before, so that obstacles to a directory are known when it is visited
        settle(pages, directory.path, is_told=self._reader.anew)

    def _parts(
        self, directory: Directory, url: str, first: First, *, is_first: bool
    ) -> AsyncGenerator[PagePiece, None]:
        begun, read = first
        if read is not None:
            return only(read)
        if self._source is not None:
            return self._source(directory, self.scope)
        return self._reader.read(directory.path, url, self._permit(directory), begun, is_first=is_first)

    def _page(self, directory: Directory, part: PagePiece, *, complete: bool, last: bool) -> DirectoryPage:
        piece = trusted(part.listing) if self._bounds.trusts_pages else part.listing
        scope = part.elsewhere.scope if part.elsewhere else self.scope
        entries, unusable = sorted_rows(piece, scope, enters=self._bounds.enters(directory.depth))
        return DirectoryPage(
            directory=directory, url=piece.url, scope=scope, entries=entries, complete=complete, last=last,
            mentioned=piece.mentioned, conclusive=piece.conclusive, flaws=piece.flaws, recalled=piece.recalled,
            unusable=unusable, version=part.version, elsewhere=part.elsewhere,
        )  # fmt: skip

    def _settle_scope(self, directory: Directory, part: PagePiece) -> None:
        """Set the scope, by the first piece of the root. Raises FetchError if the root lies above the requested URL."""
        piece = part.listing
        if self.scope.base:
            return
        if part.elsewhere is not None:
            self.scope = Scope(part.elsewhere.base, self._bounds.hosts)
            return
        base = scope_base(piece.url, [entry.url for entry in piece.entries])
        rejection = upward(directory_of(directory.url), base)
        if rejection is not None:
            raise FetchError(
                f"its listing is that of {masked(base)}: {rejection.detail}", url=directory.url, rejection=rejection
            )
        self.scope = Scope(base, self._bounds.hosts)

    def _permit(self, directory: Directory) -> Permit:
        if self.scope.base:
            return self._permit_as(self.scope.listing_redirect)
        return self._permit_as(partial(self.scope.root_redirect, start=directory.url))

    async def _directories(
        self, directory: Directory, entries: Sequence[Entry], mark: Fingerprint, shown: Shown
    ) -> list[Directory]:
        """The directories of a page that are to be walked, in reverse order, because the frontier is a stack.

        ``mark``: the fingerprint of the page. ``shown``: the directories of earlier pages, which object stores repeat.
        Raises ListingError if the page is proven to repeat one of its own ancestors.
        """
        lookahead = Lookahead(self._quiet, self._permit(directory), self._may_enter)
        await lookahead.refuse_loop(
            directory.above, Level(path=directory.path, mark=mark, links=directory_links(entries))
        )
        found = []
        for entry in reversed(entries) if self._bounds.recursive else ():
            if entry.url in shown.urls:
                continue
            shown.urls.add(entry.url)
            below = self._below(directory, entry)
            if below is not None and not self._is_taken(below, entry.url, shown):
                above = (*directory.above, seen(mark, entry.name))
                found.append(Directory(path=below, url=entry.url, depth=directory.depth + 1, above=above))
        return found

    def _may_enter(self, path: str, url: str, depth: int) -> bool:
        deepest = limits.DEPTH - 1 if self._bounds.max_depth is None else self._bounds.max_depth
        return depth <= deepest and self.scope.listing(url) is None and self._refuse(path, url) is None

    def _is_taken(self, path: str, url: str, shown: Shown) -> bool:
        """Whether a directory with this path has been entered: the same one in another spelling, or a clashing one."""
        first = shown.entered.setdefault(path, url)
        if first != url and not is_same(first, url):
            self.fail(Directory(path=path, url=url), f"{Reason.NAME_CLASH}: {masked(first)} would be stored here, too")
        return first != url

    def _below(self, directory: Directory, entry: Entry) -> str | None:
        """The path of a directory that is to be entered; None if it is not, for a reason that is reported."""
        path, where = entry_path(directory.path, entry.path), place_of_entry(directory.path, entry.path)
        rejection = self.scope.listing(entry.url) or self._refuse(where, entry.url)
        if rejection is None and self._bounds.max_depth is not None and directory.depth >= self._bounds.max_depth:
            rejection = Rejection(Reason.DEPTH, entry.url, "below --max-depth")
        if rejection is not None:
            self._reject(where, rejection)
            return None
        if isinstance(path, Rejection):
            self.fail(Directory(path=where, url=entry.url), f"{path.subject!r} {path.detail}")
            return None
        if directory.depth + 1 >= limits.DEPTH and self._bounds.max_depth is None:
            self.fail(Directory(path=path, url=entry.url), f"deeper than {limits.DEPTH} levels: a loop? (--max-depth)")
            return None
        return path

    def _reject(self, path: str, rejection: Rejection) -> None:
        self.refused.add(path)
        self._observer.rejected(path, rejection)

    def admit(self, directories: Iterable[tuple[str, str]]) -> list[Directory]:
        """The directories to walk of those that looked like files until they were fetched: (path, URL)."""
        found = []
        for path, url in directories:
            depth = path.count("/") + 1
            deepest = limits.DEPTH if self._bounds.max_depth is None else self._bounds.max_depth
            rejection = self.scope.listing(url) or self._refuse(path, url)
            if rejection is None and (not self._bounds.recursive or depth > deepest):
                rejection = Rejection(Reason.DEPTH, url, "below --max-depth")
            if rejection is not None:
                self._reject(path, rejection)
            else:
                found.append(Directory(path=path, url=url, depth=depth))
        return found
