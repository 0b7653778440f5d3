"""Fetches listings with requests that share connections, if their titles say which directory each one is about.

A listing has no row that describes it in advance. But most servers put the path of the directory into the title, which
proves to which request a response belongs (see ``rules.responses.page_place``). A host has to show this first, with a
page that was requested alone. Whatever is not proven is requested again, alone, in the ordinary way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import takewhile, zip_longest

from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import Client, FetchedPage, Permit, Take
from crawler.model.network.responses import WholeResponse
from crawler.model.values import Validators
from crawler.pipeline.rules.responses.page_place import requested_place, title_place
from crawler.pipeline.walk.groups.line import Line, Wanted
from crawler.pipeline.walk.pages import Share
from crawler.text.urls import Origin, origin


class Siblings:
    """Implements ``Pages`` and ``GroupedPages``. ``most_alone``: maximum number of concurrent requests for one page."""

    def __init__(self, client: Client, most_alone: int) -> None:
        self._client = client
        self._most = most_alone
        self._alone = asyncio.Semaphore(most_alone)
        self._lines: dict[Origin | None, Line] = {}
        self._failed = set[str]()
        """The URLs of pages that have to be requested alone, and have not been."""

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        fresh: bool = False,
        take: Take | None = None,
    ) -> FetchedPage:
        """Fetch a listing page, together with others if possible. Raises FetchError, VerificationError."""
        line = self._lines.setdefault(origin(url), Line(self._most))
        sharing = self._client.sharing
        is_failed = url in self._failed
        self._failed.discard(url)
        if line.is_naming and not (html_only or fresh or is_failed) and take is None and sharing.depth(url) > 1:
            wanted = self._wanted()(url, validators)
            response = None if wanted is None else await self._together(line, wanted)
            if response is not None:
                return await self._page(response)
        async with self._alone:
            page = await self._client.fetch_page(
                url, validators=validators, permit=permit, html_only=html_only, fresh=fresh, take=take
            )
        if line.is_naming is None and page.status == 200:
            place = requested_place(url)
            if place is not None and title_place(page.body) == place:
                line.note_titles(name_directories=True)
        return page

    async def _page(self, response: WholeResponse) -> FetchedPage:
        return self._client.sharing.page_at_once(response) or await self._client.sharing.page(response)

    def may_share(self, url: str) -> bool:
        """See ``GroupedPages``."""
        line = self._lines.get(origin(url))
        return line is not None and bool(line.is_naming) and self._client.sharing.depth(url) > 1

    def is_quick(self, url: str) -> bool:
        """See ``GroupedPages``."""
        return self._client.sharing.is_quick(url)

    async def fetch_together(
        self, wanted: Sequence[tuple[str, Validators]], share: Share
    ) -> Sequence[FetchedPage | None]:
        """See ``GroupedPages``."""
        pages, failed, as_page = list[Wanted](), self._failed, self._wanted()
        for url, validators in wanted:
            page = None if url in failed else as_page(url, validators)
            if page is None:
                break
            pages.append(page)
        if not pages:
            self._failed.add(wanted[0][0])
            return []
        url = pages[0].url
        await self._send(self._lines.setdefault(origin(url), Line(self._most)), url, deque(pages), share)
        found = list[FetchedPage | None]()
        for page in takewhile(lambda page: page.is_settled, pages):
            try:
                found.append(None if page.response is None else await self._page(page.response))
            except (FetchError, VerificationError):
                found.append(None)
        self._failed.update(page.url for page, response in zip(pages, found, strict=False) if response is None)
        return found

    async def _together(self, line: Line, wanted: Wanted) -> WholeResponse | None:
        """Wait until a group has fetched ``wanted``; send one if those that wait for a connection are too few."""
        line.waiting.append(wanted)
        await asyncio.sleep(0)  # other readers, which were woken by the same page, join
        sharing = self._client.sharing
        try:
            while not wanted.is_settled:
                if line.may_send and line.needs_sender(sharing.depth(wanted.url)):
                    await self._send(line, wanted.url, line.waiting, line.share)
                else:
                    await wanted.changed()
                    line.runs(wanted)
        finally:
            line.runs(wanted)
            if not wanted.is_settled and wanted in line.waiting:
                line.waiting.remove(wanted)
            if line.may_send:
                line.call(sharing.depth(wanted.url))
        return wanted.response

    def _wanted(self) -> Callable[[str, Validators], Wanted | None]:
        """Returns the page at a URL, to be requested with validators; None if it has to be requested alone."""
        from crawler.pipeline.walk.groups.sibling_group import wanted_page

        headers = self._client.sharing.page_headers
        return lambda url, validators: wanted_page(url, headers(validators), validators)

    async def _send(self, line: Line, url: str, waiting: deque[Wanted], share: Share) -> None:
        """Request some of ``waiting`` together, with the page at ``url``. ``share``: how many."""
        from crawler.pipeline.walk.groups.sibling_group import Group

        group = Group(line, url, waiting, share)
        try:
            responses = await self._client.sharing.send(group)
            for each, response in zip_longest(group.pages, responses):
                each.settle(response)
        finally:
            group.close()
