"""``walk``: yields the entries of a tree of listings to a program. Nothing is saved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Unpack

from crawler.app.keywords import config_of
from crawler.app.lifetime import first_error
from crawler.app.resources import shared_gate
from crawler.http.client import HttpClient
from crawler.http.client_options import client_options
from crawler.model.config import Config
from crawler.model.errors import CrawlerError
from crawler.model.options.keywords import WalkOptions
from crawler.model.struct import replace
from crawler.model.values import Entry
from crawler.pipeline.runs.build import build_reader, build_walker, is_first_contact, lister_count
from crawler.pipeline.tally import Tally
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.storage.state import NullState
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
    return _walk(url, config, options)


@asynccontextmanager
async def _walk(
    url: str | UrlObject, config: Config | None, options: WalkOptions
) -> AsyncIterator[AsyncIterator[Entry]]:
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
                raise first_error(group) from None
            finally:
                if not closed.is_set():
                    await pages.put(None)

        closed = asyncio.Event()
        task = asyncio.create_task(produce())
        try:
            yield _entries(pages, task)
        finally:
            closed.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _entries(pages: asyncio.Queue[DirectoryPage | None], task: asyncio.Task[None]) -> AsyncIterator[Entry]:
    while (page := await pages.get()) is not None:
        for entry in page.entries:
            directory = "/".join(filter(None, (page.directory.path, entry.folder)))
            yield replace(entry, folder=directory)
    await task
