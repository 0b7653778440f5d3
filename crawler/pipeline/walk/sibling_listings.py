"""Fetches listings with requests that share connections, if their titles say which directory each one is about.

A listing has no row that describes it in advance. But most servers put the path of the directory into the title, which
proves to which request a response belongs (see ``rules.responses.page_place``). A host has to show this first, with a
page that was requested alone. Whatever is not proven is requested again, alone, in the ordinary way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import takewhile, zip_longest

from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import Client, FetchedPage, Permit, Take
from crawler.model.network.pipelining import Carried, Verdict
from crawler.model.network.responses import WholeResponse
from crawler.model.values import Validators
from crawler.pipeline.rules.responses.carried import may_follow
from crawler.pipeline.rules.responses.neighbours import Facts, Row, all_facts
from crawler.pipeline.rules.responses.page_place import requested_place, title_place
from crawler.pipeline.rules.responses.pipelined import pages_verdict, verdict
from crawler.pipeline.walk.pages import Share
from crawler.text.http_fields import is_strong_tag
from crawler.text.urls import Origin, origin


class _Wanted:
    """A page that is waiting for a connection."""

    __slots__ = ("_woken", "headers", "is_called", "is_settled", "response", "row", "url")

    def __init__(self, url: str, headers: Mapping[str, str], row: Row) -> None:
        self.url, self.headers, self.row = url, headers, row
        self.is_called = self.is_settled = False
        """``is_called``: its reader has been woken to send the next group, and has not run yet."""
        self.response: WholeResponse | None = None
        """The response that is proven to be that of the page, or None if the page has to be requested alone."""
        self._woken: asyncio.Future[None] | None = None

    def settle(self, response: WholeResponse | None) -> None:
        if not self.is_settled:
            self.is_settled, self.response = True, response
            self.wake()

    def wake(self) -> bool:
        """Whether somebody was waiting in ``changed``."""
        is_waiting = self._woken is not None and not self._woken.done()
        if self._woken is not None and is_waiting:
            self._woken.set_result(None)
        return is_waiting

    def call(self) -> bool:
        """Have the reader send the next group; returns whether it was waiting in ``changed``."""
        is_called = self.wake()
        self.is_called = self.is_called or is_called
        return is_called

    def runs(self) -> bool:
        """The reader runs again; returns whether ``call`` has woken it."""
        was_called, self.is_called = self.is_called, False
        return was_called

    async def changed(self) -> None:
        """Wait until the page is settled, or its reader is to send the next group."""
        self._woken = asyncio.get_running_loop().create_future()
        await self._woken


class _Line:
    """The pages of one host that are waiting, and what its titles have shown."""

    def __init__(self, most: int) -> None:
        self.waiting = deque[_Wanted]()
        self.senders = 0
        """Number of groups that are waiting for a connection; each takes pages when it gets one."""
        self._called = 0
        """Number of readers that are about to run and to send a group, if it is still needed."""
        self._most = most
        """Maximum of ``senders``: files wait for the same connections."""
        self.is_naming: bool | None = None
        """Whether titles name their directories; None: no page has shown that they do."""

    def began(self) -> None:
        """A group has begun to wait for a connection."""
        self.senders += 1

    def entered(self) -> None:
        """A group waits no longer."""
        self.senders -= 1

    def note_titles(self, *, name_directories: bool) -> None:
        """Set ``is_naming``."""
        self.is_naming = name_directories

    def share(self, most: int, free: int) -> int:
        """See ``Share``."""
        return min(most, -(-len(self.waiting) // (free + 1)))

    def needs_sender(self, depth: int) -> bool:
        """Whether more pages are waiting than the groups that wait for a connection will take, ``depth`` each."""
        return self.may_send and (self.senders + self._called) * depth < len(self.waiting)

    @property
    def may_send(self) -> bool:
        """Whether pages are waiting, and another group may wait for a connection."""
        return bool(self.waiting) and self.senders + self._called < self._most

    def call(self, depth: int) -> None:
        """Have one of the readers that wait send the next group, if that is needed."""
        if self.needs_sender(depth):
            self._called += any(page.call() for page in self.waiting)

    def runs(self, page: _Wanted) -> None:
        """The reader of ``page`` runs again, whoever has woken it."""
        self._called -= page.runs()


class Siblings:
    """Implements ``Pages`` and ``GroupedPages``. ``most_alone``: maximum number of concurrent requests for one page."""

    def __init__(self, client: Client, most_alone: int) -> None:
        self._client = client
        self._most = most_alone
        self._alone = asyncio.Semaphore(most_alone)
        self._lines: dict[Origin | None, _Line] = {}
        self._failed = set[str]()
        """The URLs of pages that have to be requested alone, and have not been."""

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        take: Take | None = None,
    ) -> FetchedPage:
        """Fetch a listing page, together with others if possible. Raises FetchError, VerificationError."""
        line = self._lines.setdefault(origin(url), _Line(self._most))
        sharing = self._client.sharing
        is_failed = url in self._failed
        self._failed.discard(url)
        if line.is_naming and not (html_only or is_failed) and take is None and sharing.depth(url) > 1:
            row = _row_of(url, validators)
            response = None
            if row is not None:
                response = await self._together(line, _Wanted(url, sharing.page_headers(validators), row))
            if response is not None:
                return await self._page(response)
        async with self._alone:
            page = await self._client.fetch_page(
                url, validators=validators, permit=permit, html_only=html_only, take=take
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

    async def fetch_together(
        self, wanted: Sequence[tuple[str, Validators]], share: Share
    ) -> Sequence[FetchedPage | None]:
        """See ``GroupedPages``."""
        sharing, pages = self._client.sharing, list[_Wanted]()
        for url, validators in wanted:
            row = _row_of(url, validators)
            if row is None or url in self._failed:
                break
            pages.append(_Wanted(url, sharing.page_headers(validators), row))
        if not pages:
            self._failed.add(wanted[0][0])
            return []
        url = pages[0].url
        await self._send(_Group(self._lines.setdefault(origin(url), _Line(self._most)), url, deque(pages), share))
        found = list[FetchedPage | None]()
        for page in takewhile(lambda page: page.is_settled, pages):
            try:
                found.append(None if page.response is None else await self._page(page.response))
            except (FetchError, VerificationError):
                found.append(None)
        self._failed.update(page.url for page, response in zip(pages, found, strict=False) if response is None)
        return found

    async def _together(self, line: _Line, wanted: _Wanted) -> WholeResponse | None:
        """Wait until a group has fetched ``wanted``; send one if those that wait for a connection are too few."""
        line.waiting.append(wanted)
        await asyncio.sleep(0)  # other readers, which were woken by the same page, join
        sharing = self._client.sharing
        try:
            while not wanted.is_settled:
                if line.may_send and line.needs_sender(sharing.depth(wanted.url)):
                    await self._send(_Group(line, wanted.url, line.waiting, line.share))
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

    async def _send(self, group: _Group) -> None:
        try:
            responses = await self._client.sharing.send(group)
            for each, response in zip_longest(group.pages, responses):
                each.settle(response)
        finally:
            group.close()


class _Group:
    """Pages of one host that are requested together. Implements ``sharing.Together``."""

    are_small = False

    def __init__(self, line: _Line, url: str, waiting: deque[_Wanted], share: Share) -> None:
        """``waiting``: the pages of which it takes some. ``share``: how many."""
        self._line, self._waiting, self._share = line, waiting, share
        self.url = url
        self.pages: list[_Wanted] = []
        self._is_waiting = True
        line.began()

    def requests(self, most: int, free: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        """See ``Together``. Servers may take long for a listing, so pages do not queue while connections are free."""
        if not self._line.is_naming:
            return []
        self._enter()
        waiting, places = self._waiting, set[str | None]()
        share = self._share(most, free)
        while waiting and len(self.pages) < share and waiting[0].row.place not in places:
            self.pages.append(waiting.popleft())
            places.add(self.pages[-1].row.place)
        self._line.call(most)
        return [(page.url, page.headers) for page in self.pages]

    @property
    def size(self) -> int:
        """See ``Together``."""
        return len(self.pages)

    def following(self, carried: Carried) -> Sequence[int]:
        """See ``Together``."""
        return range(len(self.pages)) if may_follow([page.row for page in self.pages], carried) else ()

    def keep(self, places: Sequence[int]) -> None:
        """See ``Together``. Pages that were not sent are requested alone."""
        for page in self.pages[len(places) :]:
            page.settle(None)
        del self.pages[len(places) :]

    def judge(self, responses: Sequence[WholeResponse | None], carried: Carried | None, *, is_ended: bool) -> Verdict:
        """See ``Together``. A host whose titles do not name its directories gets one request at a time from now on."""
        rows = [page.row for page in self.pages]
        if (found := pages_verdict(rows, responses, carried, is_ended=is_ended)) is not None:
            return found
        facts = all_facts(rows, responses)
        if any(_is_unnamed(row, fact) for row, fact in zip(rows, facts, strict=True)):
            self._line.note_titles(name_directories=False)
        return verdict(rows, facts, carried, is_ended=is_ended)

    def _enter(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._line.entered()

    def close(self) -> None:
        """Settle the pages that have no response; all that are waiting, if the host gets no groups any more."""
        if self._is_waiting:
            self._enter()
            self.pages += self._waiting
            self._waiting.clear()
        for page in self.pages:
            page.settle(None)


def _is_unnamed(row: Row, fact: Facts | None) -> bool:
    """Whether the title of a page does not name its directory; a body that is too long counts, too."""
    return fact is None or (fact.status == 200 and fact.place != row.place)


def _row_of(url: str, validators: Validators) -> Row | None:
    """The facts known in advance about the response to a request for a page; None if it has to be alone.

    Only a strong entity tag says which page a 304 is about.
    """
    place, etag = requested_place(url), validators.etag if is_strong_tag(validators.etag) else None
    return None if place is None or (validators and etag is None) else Row(place=place, etag=etag)
