"""Connections that are opened ahead of the requests that will use them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from crawler.http.lane.dial import Dialer
from crawler.http.lane.lane import Lane
from crawler.http.sockets.endpoint import Endpoint

_KEPT = 3.0
"""Seconds for which an unused connection is kept. Servers wait for at least five for the first request."""


class Spares:
    """The lanes that have been opened ahead, or are being opened, and have carried nothing.

    ``dial`` opens a lane to an endpoint; ``rest`` is called with one that is open and that nobody waits for.
    """

    def __init__(
        self, dialer: Dialer, dial: Callable[[Endpoint], Awaitable[Lane]], rest: Callable[[Endpoint, Lane], None]
    ) -> None:
        self._dialer = dialer
        self._dial, self._rest = dial, rest
        self._dials: dict[Endpoint, deque[asyncio.Future[Lane]]] = {}
        self._openings = set[asyncio.Task[None]]()

    def open(self, where: Endpoint, lanes: Callable[[], int]) -> None:
        """Open as many lanes as ``lanes`` says once a connection to the host has been made."""
        opening = asyncio.ensure_future(self._open(where, lanes))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)

    async def _open(self, where: Endpoint, lanes: Callable[[], int]) -> None:
        await self._dialer.reached(where)
        for _ in range(lanes() - len(self._dials.get(where, ()))):
            self._begin(where)

    def _begin(self, where: Endpoint) -> None:
        dial = asyncio.ensure_future(self._dial(where))
        dial.add_done_callback(lambda _done: self._note(where, dial))
        self._dials.setdefault(where, deque()).append(dial)
        asyncio.get_running_loop().call_later(_KEPT, self._expire, where, dial)

    async def take(self, where: Endpoint) -> Lane | None:
        """A lane that nothing else uses, as soon as it is open; None if there is none. Raises RequestError."""
        dials = self._dials.get(where)
        while dials:
            dial = dials.popleft()
            if not dial.done():
                return await dial
            lane = _opened(dial)
            if lane is not None and lane.is_quiet():
                return lane
            _drop(dial)
        return None

    def _note(self, where: Endpoint, dial: asyncio.Future[Lane]) -> None:
        """Note that a lane is open, or could not be opened."""
        lane = _opened(dial)
        if lane is not None and dial in self._dials.get(where, ()):
            self._rest(where, lane)

    def _expire(self, where: Endpoint, dial: asyncio.Future[Lane]) -> None:
        dials = self._dials.get(where)
        if dials and dial in dials:
            dials.remove(dial)
            _drop(dial)

    def drop(self, where: Endpoint) -> None:
        """Close all lanes to ``where``."""
        for dial in self._dials.pop(where, ()):
            _drop(dial)

    async def close(self) -> None:
        """Close all lanes, and open no more."""
        tasks: list[asyncio.Future[Any]] = [
            *self._openings,
            *(dial for dials in self._dials.values() for dial in dials),
        ]
        for opening in self._openings:
            opening.cancel()
        for where in list(self._dials):
            self.drop(where)
        await asyncio.gather(*tasks, return_exceptions=True)


def _opened(dial: asyncio.Future[Lane]) -> Lane | None:
    """The lane; None if there is none. An error that nobody waited for is dropped: nobody needs that connection."""
    return None if dial.cancelled() or dial.exception() is not None else dial.result()


def _drop(dial: asyncio.Future[Lane]) -> None:
    if not dial.done():
        dial.cancel()
    elif (lane := _opened(dial)) is not None:
        lane.close()
