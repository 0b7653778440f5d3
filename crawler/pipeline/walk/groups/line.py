"""The pages of a host that wait to be requested together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from crawler.model.network.responses import WholeResponse

if TYPE_CHECKING:
    from crawler.pipeline.rules.responses.neighbours import Row


class Wanted:
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


class Line:
    """The pages of one host that are waiting, and what its titles have shown."""

    def __init__(self, most: int) -> None:
        self.waiting = deque[Wanted]()
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

    def runs(self, page: Wanted) -> None:
        """The reader of ``page`` runs again, whoever has woken it."""
        self._called -= page.runs()
