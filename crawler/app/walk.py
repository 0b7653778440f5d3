"""``walk``: yields the entries of a tree of listings to a program. Nothing is saved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Unpack

from crawler.app.keywords import config_of
from crawler.app.lifetime import explained, first_error
from crawler.app.resources import shared_gate
from crawler.http.client import HttpClient
from crawler.http.client_options import client_options
from crawler.model.config import Config
from crawler.model.errors import CrawlerError
from crawler.model.options.keywords import WalkOptions
from crawler.model.options.names.known import errors_in_keywords
from crawler.model.struct import replace
from crawler.model.values import Entry
from crawler.pipeline.runs.build import build_reader, build_walker, lister_count
from crawler.pipeline.runs.components import is_first_contact
from crawler.pipeline.tally import Tally
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.storage.state.read_only import NullState
from crawler.text import urls
from crawler.text.arguments import UrlObject, start_url
from crawler.text.escape import masked
from crawler.workers.page_parsers import PageParsers


def walk(
    url: str | UrlObject, config: Config | None = None, **options: Unpack[WalkOptions]
) -> AbstractAsyncContextManager[AsyncIterator[Entry]]:
    """The entries of the listing at ``url`` and of all listings below it, as they are read; nothing is saved.

        async with crawler.walk("https://files.example.org/pub/", max_depth=2) as entries:
            async for entry in entries:
                print(entry.path, entry.kind)

    ``Entry.path`` is relative to ``url``. ``config`` and ``options`` are as in ``mirror``, but only WalkOptions, since
    every entry is yielded and none is saved. Entering raises ConfigError or RobotsForbidden, iterating ListingError.
    """
    return _Walk(_walk(url, config, options))


class _Walk(AbstractAsyncContextManager[AsyncIterator[Entry]]):
    """What ``walk`` returns. Says what to write if it is used in another way than in one ``async with``."""

    def __init__(self, opening: AbstractAsyncContextManager[_Entries]) -> None:
        self._opening = opening
        self._is_entered = False

    async def __aenter__(self) -> AsyncIterator[Entry]:
        if self._is_entered:
            raise RuntimeError("walk can be entered only once: call crawler.walk again")
        self._is_entered = True
        with errors_in_keywords():
            return await self._opening.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return await self._opening.__aexit__(kind, error, traceback)

    def _refuse(self) -> NoReturn:
        raise TypeError(
            "walk: write 'async with crawler.walk(...) as entries:', and in it 'async for entry in entries:'"
        )

    if not TYPE_CHECKING:  # type checkers report these uses themselves
        __aiter__ = __anext__ = __iter__ = __enter__ = __exit__ = __await__ = lambda self, *_: self._refuse()


@asynccontextmanager
async def _walk(url: str | UrlObject, config: Config | None, options: WalkOptions) -> AsyncIterator[_Entries]:
    config = config_of("walk", config, options)
    start = start_url(url)
    bare, _ = urls.userinfo(start)
    client_settings = client_options(config, [start])
    pages: asyncio.Queue[DirectoryPage | None] = asyncio.Queue(lister_count(config))
    async with HttpClient(client_settings, shared_gate([config])) as client, PageParsers() as parser:
        rules = RobotsTxt(client, config, client_settings.user_agent, is_new=is_first_contact(config, NullState()))
        await rules.enter(bare)
        tally = Tally(masked(bare), "")
        reader = build_reader(config, client, NullState(), tally, parser)
        walker = build_walker(config, reader, tally, rules=rules, refuse=rules.refuse)

        async def visit(page: DirectoryPage) -> bool:
            await pages.put(page)
            return True

        async def produce() -> None:
            try:
                await walker.walk([Directory(path="", url=bare)], visit)
            except* CrawlerError as group:
                raise explained(first_error(group), bare, config) from None
            finally:
                if not closed.is_set():
                    await pages.put(None)

        closed = asyncio.Event()
        task = asyncio.create_task(produce())
        entries = _Entries(pages, task)
        try:
            yield entries
        finally:
            closed.set()
            entries.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _Entries(AsyncIterator[Entry]):
    """The entries of the pages that ``task`` puts into ``pages``, until None; then ``task`` has ended."""

    def __init__(self, pages: asyncio.Queue[DirectoryPage | None], task: asyncio.Task[None]) -> None:
        self._pages = pages
        self._task = task
        self._current: Iterator[Entry] = iter(())
        self._is_last = self._is_closed = self._is_waiting = False

    if not TYPE_CHECKING:

        def __iter__(self):
            raise TypeError("walk: write 'async for entry in entries:'")

    def close(self) -> None:
        """Let the iteration end with an error, also one that another task waits in."""
        self._is_closed = True
        if self._pages.empty():
            self._pages.put_nowait(None)

    async def __anext__(self) -> Entry:
        while (entry := next(self._current, None)) is None or self._is_closed:
            if self._is_closed:
                raise RuntimeError("walk: its 'async with' block has ended: iterate over the entries in it")
            if self._is_last:
                with errors_in_keywords():
                    await self._task
                raise StopAsyncIteration
            page = await self._next_page()
            self._is_last = page is None
            self._current = iter(()) if page is None else map(partial(_placed, page.directory.path), page.entries)
        return entry

    async def _next_page(self) -> DirectoryPage | None:
        if self._is_waiting:
            raise RuntimeError("walk: another task iterates over these entries already")
        self._is_waiting = True
        try:
            return await self._pages.get()
        finally:
            self._is_waiting = False


def _placed(directory: str, entry: Entry) -> Entry:
    """``entry`` of a page of ``directory``, with the path of its directory relative to the start of the walk."""
    return replace(entry, folder="/".join(filter(None, (directory, entry.folder))))
