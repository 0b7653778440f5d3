"""What holds requests back: connections per host, pauses a host asked for, rates, and giving a host up."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from crawler import limits
from crawler.errors import FetchError
from crawler.escape import masked
from crawler.urls import Origin, origin

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter


class Host:
    """One origin during a run: its connections, its rate and its troubles."""

    __slots__ = ("_connections", "_failures", "_paused_until", "_requests")

    def __init__(self, connections: int, requests: AsyncLimiter | None) -> None:
        self._connections = asyncio.Semaphore(connections)
        self._requests = requests
        self._failures = 0
        self._paused_until = 0.0

    async def enter(self, url: str) -> None:
        """Take one of the connections for ``url``, to be given back by ``leave``. Waits for pauses and rates.

        Raises FetchError, and holds nothing, once the host is given up.
        """
        await self._connections.acquire()
        try:
            await self._admit(url)
        except BaseException:
            self._connections.release()
            raise

    async def _admit(self, url: str) -> None:
        if self._paused_until and (wait := self._paused_until - time.monotonic()) > 0:
            await asyncio.sleep(wait)
            await self._admit(url)  # the pause may have grown meanwhile, or the host be given up
            return
        if self._failures >= limits.CONNECTION_FAILURES:
            raise FetchError(
                f"given up: {self._failures} failures in a row to talk to this host ({masked(url)})",
                url=url,
                retryable=False,
                connection=True,
            )
        if self._requests is not None:
            await self._requests.acquire()

    def leave(self) -> None:
        self._connections.release()

    def pause(self, seconds: float) -> None:
        """Nobody talks to this host for that long: it said that it is overloaded. Counts as a failure."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)
        self._failures += 1

    def failed(self) -> None:
        """The host could not be talked to."""
        self._failures += 1

    def succeeded(self) -> None:
        self._failures = 0


class Gate:
    """One for all mirrors of a process, so that the bounds hold for each host over all of them.

    ``requests_per_second`` and ``bytes_per_second`` are None for no limit.
    """

    def __init__(
        self, connections: int, *, requests_per_second: int | None = None, bytes_per_second: int | None = None
    ) -> None:
        requests = _limiter(requests_per_second, 1.0)
        self._hosts: defaultdict[Origin | None, Host] = defaultdict(lambda: Host(connections, requests))
        self._bytes = _limiter(bytes_per_second, 0.25)

    def host(self, url: str) -> Host:
        """What stands between us and the host of ``url``."""
        return self._hosts[origin(url)]

    @property
    def limits_bytes(self) -> bool:
        return self._bytes is not None

    async def spend(self, count: int) -> None:
        """Wait until ``count`` more bytes fit into the rate."""
        while self._bytes is not None and count > 0:
            share = min(count, int(self._bytes.max_rate))
            await self._bytes.acquire(share)
            count -= share


def _limiter(per_second: int | None, period: float) -> AsyncLimiter | None:
    """A bucket that holds what ``period`` seconds allow, so that the start is no burst."""
    if per_second is None:
        return None
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(max(1.0, per_second * period), period if per_second * period >= 1 else 1 / per_second)
