"""Reads one listing without saving anything, for --list."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from crawler.app.lifetime import explained, first_error
from crawler.app.resources import shared_gate
from crawler.http.client import HttpClient
from crawler.http.client_options import client_options
from crawler.model.config import Config
from crawler.model.errors import CrawlerError
from crawler.model.flaws import Flaw
from crawler.model.observer import Observer
from crawler.model.options.combinations import refuse_ages
from crawler.model.values import Entry, Kind, Listing, Rejection
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.runs.build import build_reader, build_walker
from crawler.pipeline.runs.components import is_first_contact
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.storage.state.read_only import NullState
from crawler.text import urls
from crawler.text.arguments import start_url
from crawler.workers.page_parsers import PageParsers


class _Look(Observer):
    """Records how the first page of a listing was recognised, and everything that is not an entry."""

    def __init__(self) -> None:
        self.url, self.family, self.confidence = "", "", 0.0
        self.rejections: list[Rejection] = []
        self.problem = ""
        """The reason why the listing is incomplete; "" if it is complete."""
        self.flaws: list[Flaw] = []

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self.problem = reason

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        if not self.url:
            self.url, self.family, self.confidence = url, family, confidence

    def rejected(self, path: str, rejection: Rejection) -> None:
        self.rejections.append(rejection)


async def read_listing(url: str, config: Config) -> tuple[Listing, str]:
    """Read one listing with all of its pages, for --list. Returns it, and the reason why it is incomplete or "".

    Entries that the filters of ``config`` refuse are left out, as far as the listing can tell.

    Raises ConfigError, ListingError, RobotsForbidden.
    """
    start = start_url(url)
    bare, _ = urls.userinfo(start)
    options = client_options(config, [start])
    look, entries = _Look(), list[Entry]()
    filters = Filters(config, now := datetime.now(UTC))
    refuse_ages(config.newer_than, config.older_than, now)

    async def visit(page: DirectoryPage) -> bool:
        entries.extend(entry for entry in page.entries if _is_wanted(entry, filters))
        look.rejections.extend(page.unusable)
        look.flaws.extend(page.flaws)
        return True

    async with HttpClient(options, shared_gate([config])) as client, PageParsers() as parser:
        rules = RobotsTxt(client, config, options.user_agent, is_new=is_first_contact(config, NullState()))
        await rules.enter(bare)
        reader = build_reader(config, client, NullState(), look, parser)
        walker = build_walker(dataclasses.replace(config, no_recursive=True), reader, look, rules=rules)
        try:
            await walker.walk([Directory(path="", url=bare)], visit)
        except* CrawlerError as group:
            raise explained(first_error(group), bare, config) from None
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


def _is_wanted(entry: Entry, filters: Filters) -> bool:
    """Whether a run would fetch the file, or enter the directory."""
    if entry.kind is Kind.DIRECTORY:
        return filters.prunes(entry.path) is None
    return filters.rejects(entry.path, entry.name, entry.size, entry.modified) is None
