"""What holds requests back: connections per host, pauses a host asked for, rates, and giving a host up."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from crawler import limits
from crawler.errors import FetchError
from crawler.escape import masked
from crawler.urls import Origin, origin

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter


class _Host:
    """What is known of one origin during a run."""

    __slots__ = ("connections", "failures", "paused_until")

    def __init__(self, connections: int) -> None:
        self.connections = asyncio.Semaphore(connections)
        self.failures = 0
        self.paused_until = 0.0


class Gate:
    """One for all mirrors of a process, so that the bounds hold for each host over all of them.

    ``requests_per_second`` and ``bytes_per_second`` are None for no limit.
    """

    def __init__(
        self, connections: int, *, requests_per_second: int | None = None, bytes_per_second: int | None = None
    ) -> None:
        self._hosts: defaultdict[Origin | None, _Host] = defaultdict(lambda: _Host(connections))
        self._requests = _limiter(requests_per_second, 1.0)
        self._bytes = _limiter(bytes_per_second, 0.25)

    @asynccontextmanager
    async def slot(self, url: str) -> AsyncIterator[None]:
        """Hold one of the host's connections. Waits for pauses and rates; raises FetchError once it is given up."""
        host = self._hosts[origin(url)]
        async with host.connections:
            await _until(host)
            if host.failures >= limits.CONNECTION_FAILURES:
                raise FetchError(
                    f"given up: {host.failures} failures in a row to talk to this host ({masked(url)})",
                    url=url,
                    retryable=False,
                    connection=True,
                )
            if self._requests is not None:
                await self._requests.acquire()
            yield

    def pause(self, url: str, seconds: float) -> None:
        """Nobody talks to this host for that long: it said that it is overloaded. Counts as a failure."""
        host = self._hosts[origin(url)]
        host.paused_until = max(host.paused_until, time.monotonic() + seconds)
        host.failures += 1

    def failed(self, url: str) -> None:
        """The host could not be talked to."""
        self._hosts[origin(url)].failures += 1

    def succeeded(self, url: str) -> None:
        self._hosts[origin(url)].failures = 0

    @property
    def limits_bytes(self) -> bool:
        return self._bytes is not None

    async def spend(self, count: int) -> None:
        """Wait until ``count`` more bytes fit into the rate."""
        while self._bytes is not None and count > 0:
            share = min(count, int(self._bytes.max_rate))
            await self._bytes.acquire(share)
            count -= share


async def _until(host: _Host) -> None:
    """Sleep while the host is paused; the pause may grow meanwhile."""
    wait = host.paused_until - time.monotonic()
    if wait > 0:
        await asyncio.sleep(wait)
        await _until(host)


def _limiter(per_second: int | None, period: float) -> AsyncLimiter | None:
    """A bucket that holds what ``period`` seconds allow, so that the start is no burst."""
    if per_second is None:
        return None
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(max(1.0, per_second * period), period if per_second * period >= 1 else 1 / per_second)
