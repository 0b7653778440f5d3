"""Fetches the first pages of several directories with requests that are sent together, and keeps what is unchanged.

A walk without a task, a future and a scan for each directory. What this cannot settle is left to ``PageReader``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from crawler.model.interfaces import FetchedPage
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.values import Validators
from crawler.pipeline.walk.frontier import Frontier
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.pages import BegunPage, Directory, GroupedPages
from crawler.text.hosts import origin_of
from crawler.text.urls import origin

_MOST = 32
"""Maximum number of directories that are read together: a connection takes no more requests at once."""
_FEW = 4
"""Number of listings that a quick host gets at once although connections are free: dividing them takes longer."""
_SLOW = 0.1
"""Seconds for so few listings after which a host is no longer taken for quick."""
Begun = Awaitable[list[tuple[Directory, BegunPage | None]]]
"""The directories of a group with their first pages, once these have arrived; None stands for one to be read alone."""
_Recorded = tuple[DirectoryDigest | None, ListingMemo | None]


class GroupReader:
    """Reads the first pages of directories for ``reader``; ``pages`` fetches them."""

    def __init__(self, reader: PageReader, pages: GroupedPages) -> None:
        self._reader, self._pages = reader, pages
        self._alone = set[str]()
        """The paths of directories whose pages have to be requested alone."""
        self._recorded: dict[str, _Recorded] = {}
        """What was known of the pages of directories that were put back: reading it twice takes a query."""
        self._are_slow = False
        """Whether a group of few pages has taken long."""
        self._held = 0
        """Number of directories whose readers are waiting for a connection."""

    def others(self, directory: Directory, frontier: Frontier) -> list[Directory]:
        """Take the directories from ``frontier`` that are to be read together with ``directory``."""
        if not frontier.waiting or not directory.path or directory.path in self._alone:
            return []
        if not self._pages.may_share(directory.url):
            return []
        host = origin(directory.url)
        root = origin_of(directory.url) or directory.url

        def fits(other: Directory) -> bool:
            is_there = other.url.startswith(root) or origin(other.url) == host
            return is_there and bool(other.path) and other.path not in self._alone

        return frontier.more(_MOST - 1, fits)

    async def read(
        self, directories: Sequence[Directory], frontier: Frontier
    ) -> list[tuple[Directory, BegunPage | None]]:
        """Read some of ``directories`` together; the others are put back into ``frontier``.

        The result is without those that are unchanged, which are reported. None stands for a page to be read alone.
        """
        recorded = [
            self._recorded.pop(url) if (url := directory.url) in self._recorded else await self._reader.recorded(url)
            for directory in directories
        ]
        pages = await self._fetch(directories, recorded, frontier)
        found = [
            self._begun(directory, known, page)
            for directory, known, page in zip(directories, recorded, pages, strict=False)
        ]
        self._alone.update(
            directory.path for directory, begun in zip(directories, found, strict=False) if begun is None
        )
        kept = await self._kept(directories, found)
        frontier.done(len(kept))
        return [
            (directory, begun)
            for directory, begun in zip(directories, found, strict=False)
            if directory.path not in kept
        ]

    async def _fetch(
        self, directories: Sequence[Directory], recorded: Sequence[_Recorded], frontier: Frontier
    ) -> list[FetchedPage | None]:
        """Fetch the pages of the first of ``directories``; the others are put back as soon as there is a connection.

        Servers may take long for a listing, so pages do not queue while connections are free.
        """
        wanted = [
            (directory.url, known.validators if (known := digest or memo) else Validators())
            for directory, (digest, memo) in zip(directories, recorded, strict=True)
        ]
        count = held = len(directories)
        self._held += held
        clock, began = asyncio.get_running_loop().time, 0.0
        are_known = not self._are_slow and all(digest or memo for digest, memo in recorded)
        least = _FEW if are_known and self._pages.is_quick(directories[0].url) else 1

        def share(most: int, free: int) -> int:
            nonlocal count, held, began
            count, began = min(most, count, max(least, -(-(self._held + frontier.waiting) // (free + 1)))), clock()
            self._held, held = self._held - held, 0
            for place in range(count, len(directories)):
                self._recorded[directories[place].url] = recorded[place]
            frontier.put_back(directories[count:])
            return count

        try:
            pages = await self._pages.fetch_together(wanted, share)
        finally:
            self._held -= held
        self._are_slow = self._are_slow or (0 < began < clock() - _SLOW and count <= _FEW)
        return [*pages, *[None] * (count - len(pages))]

    def _begun(self, directory: Directory, recorded: _Recorded, page: FetchedPage | None) -> BegunPage | None:
        digest, memo = recorded
        if page is None or not self._is_usable(page, digest or memo):
            return None
        self._reader.state.visited(directory.path, directory.url)
        return BegunPage(page=page, digest=digest, memo=memo)

    def _is_usable(self, page: FetchedPage, known: DirectoryDigest | ListingMemo | None) -> bool:
        """Whether the response is the page, or confirms what is known of it."""
        if page.status != 304:
            return page.status == 200
        from crawler.pipeline.rules.responses.conditional_requests import confirms

        return known is not None and bool(known.validators) and confirms(page.validators, known.validators)

    async def _kept(self, directories: Sequence[Directory], found: Sequence[BegunPage | None]) -> set[str]:
        """The paths of those directories that are unchanged; they are reported."""
        urls = {directory.path: directory.url for directory in directories}
        same = {
            directory.path: begun.digest
            for directory, begun in zip(directories, found, strict=False)
            if begun is not None and begun.digest is not None and self._reader.may_be_kept(begun.digest, begun.page)
        }
        if not same or self._reader.unchanged is None:
            return set()
        kept = await self._reader.unchanged.kept(same)
        for path, digest in same.items():
            if path in kept:
                self._reader.announce_kept(path, urls[path], digest)
        return kept
