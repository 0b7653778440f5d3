"""Reads listings without saving anything: --list, and ``walk`` for programs."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crawler.app.accounting import first_error
from crawler.app.resources import shared_gate
from crawler.http.client import HttpClient
from crawler.http.client_options import client_options
from crawler.model.config import Config
from crawler.model.errors import CrawlerError
from crawler.model.flaws import Flaw
from crawler.model.observer import Observer
from crawler.model.struct import replace
from crawler.model.values import Entry, Listing, Rejection
from crawler.pipeline.runs.build import build_walker
from crawler.pipeline.tally import Tally
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.storage.state import NullState
from crawler.text import urls
from crawler.text.arguments import start_url
from crawler.text.escape import masked
from crawler.workers.page_parsers import PageParsers


class _Look(Observer):
    """Records how the first page of a listing was recognised, and everything that is not an entry."""

    def __init__(self) -> None:
        self.url, self.family, self.confidence = "", "", 0.0
        self.rejections: list[Rejection] = []
        self.problem = ""
        """Why the listing is not complete."""
        self.flaws: list[Flaw] = []

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self.problem = reason

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        if not self.url:
            self.url, self.family, self.confidence = url, family, confidence

    def rejected(self, path: str, rejection: Rejection) -> None:
        self.rejections.append(rejection)


async def read_listing(url: str, config: Config) -> tuple[Listing, str]:
    """One listing with all its pages, for --list, and why it is not complete, or "".

    Raises ConfigError, ListingError, RobotsForbidden.
    """
    start = start_url(url)
    bare, _ = urls.userinfo(start)
    options = client_options(config, [start])
    look, entries = _Look(), list[Entry]()

    async def visit(page: DirectoryPage) -> bool:
        entries.extend(page.entries)
        look.rejections.extend(page.unusable)
        look.flaws.extend(page.flaws)
        return True

    async with HttpClient(options, shared_gate([config])) as client, PageParsers() as parser:
        rules = RobotsTxt(client, config, options.user_agent)
        await rules.enter(bare)
        walker = build_walker(
            dataclasses.replace(config, no_recursive=True), client, NullState(), look, parser, rules=rules
        )
        try:
            await walker.walk([Directory(path="", url=bare)], visit)
        except* CrawlerError as group:
            raise first_error(group) from None
    listing = Listing(
        url=look.url,
        family=look.family,
        confidence=look.confidence,
        is_listing=True,
        complete=not look.problem,
        flaws=tuple(look.flaws),
        entries=tuple(entries),
        rejections=tuple(look.rejections),
    )
    return listing, look.problem


@asynccontextmanager
async def walk(url: str, config: Config | None = None) -> AsyncIterator[AsyncIterator[Entry]]:
    """The entries of the listing at ``url`` and of all listings below it, as they are read; nothing is saved.

    ``async with crawler.walk(url) as entries: async for entry in entries: …``. ``Entry.folder`` is the path of the
    entry's directory relative to ``url``. Raises ConfigError, ListingError, RobotsForbidden.
    """
    config = Config.ensure(config)
    start = start_url(url)
    bare, _ = urls.userinfo(start)
    options = client_options(config, [start])
    pages: asyncio.Queue[DirectoryPage | None] = asyncio.Queue(config.listers)
    async with HttpClient(options, shared_gate([config])) as client, PageParsers() as parser:
        rules = RobotsTxt(client, config, options.user_agent)
        await rules.enter(bare)
        tally = Tally(masked(bare), "")
        walker = build_walker(config, client, NullState(), tally, parser, rules=rules, refuse=rules.refuse)

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
            folder = "/".join(filter(None, (page.directory.path, entry.folder)))
            yield replace(entry, folder=folder)
    await task
