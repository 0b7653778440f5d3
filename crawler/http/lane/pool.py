"""The lanes of a client that are idle, and how a request gets one: like a browser, one request at a time on each."""

from __future__ import annotations

import asyncio
from functools import partial

from crawler.http.lane.deadline import Patience
from crawler.http.lane.dial import Dialer, Endpoint
from crawler.http.lane.exchange import Exchange, LostExchange
from crawler.http.lane.lane import Lane

_KEPT = 15.0
"""Seconds for which an idle lane is kept."""


class LanePool:
    """Sends requests on idle lanes, or on new ones."""

    def __init__(self, dialer: Dialer, patience: Patience) -> None:
        self._dialer = dialer
        self._patience = patience
        self._idle: dict[Endpoint, list[tuple[Lane, float]]] = {}
        """Idle lanes, and when they became idle."""
        self._is_closed = False

    async def send(self, where: Endpoint, data: bytes, *, is_head: bool) -> Exchange:
        """Send a request, the header section ``data``, and wait for the header section of its response.

        Once more if the server closed an idle connection at that moment (RFC 9112 section 9.3.1). Raises RequestError.
        """
        lane = self._take(where)
        if lane is not None:
            try:
                return await self._send_on(lane, data, is_head=is_head)
            except LostExchange:
                pass
        lane = await self._dialer.dial(where, lambda: Lane(self._patience, partial(self._put, where)))
        return await self._send_on(lane, data, is_head=is_head)

    async def _send_on(self, lane: Lane, data: bytes, *, is_head: bool) -> Exchange:
        exchange = Exchange(lane, self._patience.silence)
        await exchange.send(data, is_head=is_head)
        return exchange

    def _put(self, where: Endpoint, lane: Lane) -> None:
        if self._is_closed:
            lane.close()
        elif not lane.in_flight:
            self._idle.setdefault(where, []).append((lane, asyncio.get_running_loop().time()))

    def _take(self, where: Endpoint) -> Lane | None:
        """The lane that became idle last; those that are not fit for use are closed."""
        idle = self._idle.get(where)
        oldest = asyncio.get_running_loop().time() - _KEPT
        while idle:
            lane, since = idle.pop()
            if since >= oldest and lane.is_quiet():
                return lane
            lane.close()
        return None

    async def close(self) -> None:
        """Close all idle lanes, and those in use as soon as their responses have arrived."""
        self._is_closed = True
        for idle in self._idle.values():
            for lane, _ in idle:
                lane.close()
        self._idle.clear()
        await asyncio.sleep(0)  # the event loop closes the sockets
