"""One host during a run: when a request may be sent there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from crawler.http.pacing.circuit_breaker import CircuitBreaker
from crawler.http.pacing.concurrency import ConcurrencyLimit, disturbed, most_open, with_ceiling
from crawler.http.pacing.meter import Meter
from crawler.http.pacing.rate_limits import RateLimiter
from crawler.http.sockets.open_connections import OpenConnections
from crawler.model import limits
from crawler.model.errors import FetchError
from crawler.text.escape import masked
from crawler.text.http_fields import parse_http_date, parse_retry_after

_LOG = logging.getLogger("crawler")
_OVERLOAD_PAUSE = 1.0
"""Seconds of pause after a 429 without Retry-After."""
_SHORT_PAUSE = 0.1
"""Seconds of pause instead of _OVERLOAD_PAUSE if the limit has been lowered, which may be enough."""

Probe = Callable[[str, "Host"], Awaitable[None]]
"""Sends one request for the URL, without entering the host again, and reports the outcome to the host."""


class Host:
    """One origin during a run: its connections, pauses and failures."""

    __slots__ = (
        "_breaker",
        "_meter",
        "_on_pause",
        "_paused_until",
        "_probing",
        "_requests",
        "_waiting",
        "connections",
        "name",
    )

    def __init__(
        self,
        name: str,
        state: ConcurrencyLimit,
        requests: RateLimiter | None,
        on_pause: Callable[[str, float], None] | None,
    ) -> None:
        self.name = name
        """The origin, in the form in which it is logged and remembered."""
        self._meter = Meter(state, time.monotonic())
        self.connections = OpenConnections(most_open(state))
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._requests = requests
        self._on_pause = on_pause
        self._breaker = CircuitBreaker(f"{name}/robots.txt")
        self._probing = asyncio.Lock()
        self._paused_until = 0.0

    @property
    def state(self) -> ConcurrencyLimit:
        """The state of the search for the best limit."""
        return self._meter.state

    @property
    def free(self) -> int:
        """Number of connections that could be used now; if negative, how many are missing for requests that wait."""
        return self._meter.limit - self._meter.active - len(self._waiting)

    @property
    def generation(self) -> int:
        """The generation of requests sent now; pass it to ``overloaded``."""
        return self._meter.generation

    async def enter(self, url: str, probe: Probe) -> None:
        """Take a connection for ``url``, to be released by ``leave``. Waits for pauses and rate limits.

        If the circuit breaker is in doubt, ``probe`` is called on that connection first. Raises FetchError, without
        taking a connection, if the host is given up.
        """
        meter = self._meter
        if meter.active >= meter.limit or self._waiting:
            await self._wait_for_turn()
        else:
            meter.entered(time.monotonic())
        try:
            await self._admit(url, probe)
        except BaseException:
            self.withdraw()
            raise

    async def _wait_for_turn(self) -> None:
        """Wait until a connection is free. ``_admit_waiting`` takes it on behalf of the waiter."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.withdraw()
            raise

    def withdraw(self) -> None:
        """Return a connection on which nothing was sent."""
        now = time.monotonic()
        self._meter.withdrew(now)
        self._admit_waiting(now)

    def _admit_waiting(self, now: float) -> None:
        """Give free connections to the callers that have waited longest."""
        meter = self._meter
        while self._waiting and meter.active < meter.limit:
            turn = self._waiting.popleft()
            if not turn.done():  # otherwise it was cancelled
                meter.entered(now)
                turn.set_result(None)

    async def _admit(self, url: str, probe: Probe) -> None:
        while True:  # during a wait the pause may grow, and the host may come into doubt again
            if self._paused_until and (wait := self._paused_until - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            elif self._breaker.is_in_doubt:
                await self._probe_once(probe)
            else:
                break
        if self._breaker.is_open:
            raise FetchError(
                f"host given up after {self._breaker.failures} consecutive failures ({masked(url)})",
                url=url,
                retryable=False,
                connection=True,
            )
        if self._requests is not None:
            await self._requests.acquire()

    async def _probe_once(self, probe: Probe) -> None:
        """Probe the host; concurrent callers wait for the one probe."""
        async with self._probing:
            if self._breaker.is_in_doubt:
                if self._requests is not None:
                    await self._requests.acquire()
                await probe(self._breaker.probe_url, self)
                self._breaker.probed()

    def began_before(self, seconds: float) -> None:
        """A request that is in flight was sent ``seconds`` before ``enter`` was called."""
        self._meter.began_before(seconds)

    def leave(self, requests: int = 1) -> None:
        """Note that ``requests`` requests on one connection have ended, successfully or not."""
        now = time.monotonic()
        state = self._meter.state
        self._meter.left(now, requests)
        if self._waiting:
            self._admit_waiting(now)
        if self._meter.state is not state:
            self._changed(state)

    def received(self, count: int, now: float) -> None:
        """``count`` bytes of a body have arrived; ``now`` is from ``time.monotonic``."""
        state = self._meter.state
        self._meter.received(count, now)
        if self._meter.state is not state:
            self._admit_waiting(now)
            self._changed(state)

    def overloaded(self, status: int, headers: Mapping[str, str], generation: int) -> bool:
        """The host sent 429 or 503 for a request; ``generation`` is the host's generation when the request was sent.

        True if concurrent requests are the reason: the limit has been lowered, and the request may be repeated.
        """
        wait = parse_retry_after(headers.get("Retry-After"), parse_http_date(headers.get("Date")) or time.time())
        if wait is not None and wait > limits.RETRY_AFTER:
            return False
        if wait is None and status != 429:
            self._meter.unavailable()
            return False
        state = self.state
        if self._meter.refused(generation, time.monotonic()):
            self._rest_all(_SHORT_PAUSE if wait is None else wait)
            self._changed(state)
            return status == 429
        self.pause(_OVERLOAD_PAUSE if wait is None else wait)
        return False

    @property
    def pause_left(self) -> float:
        """Seconds until this host may be sent requests again; 0 or less if it may."""
        return self._paused_until - time.monotonic() if self._paused_until else 0.0

    def rest(self, seconds: float) -> None:
        """Send this host no requests for ``seconds``."""
        now = time.monotonic()
        self._paused_until = max(self._paused_until, now + seconds)
        self._meter.follow(disturbed(self.state), now)

    def _rest_all(self, seconds: float) -> None:
        self.rest(seconds)
        if self._on_pause is not None:
            self._on_pause(self.name, seconds)

    def pause(self, seconds: float) -> None:
        """Send this host no requests for ``seconds``: it reported an overload, which counts as a failure."""
        self._rest_all(seconds)
        self._breaker.failed()

    def failed(self) -> None:
        """The host could not be reached."""
        self._meter.troubled()
        self._breaker.failed()

    def troubled(self) -> None:
        """A body ended in a reset or a timeout."""
        self._meter.troubled()

    def succeeded(self, url: str | None) -> None:
        """The host has sent a response; ``url`` is the URL of the request if it was a GET, else None."""
        self._breaker.succeeded(url)

    def change_ceiling(self, connections: int) -> None:
        """Change the maximum number of connections; 0 closes those that are idle, and counts as 1 for requests."""
        now = time.monotonic()
        self._meter.follow(with_ceiling(self.state, max(1, connections)), now)
        self.connections.limit_to(min(connections, most_open(self.state)))
        self._admit_waiting(now)

    def _changed(self, before: ConcurrencyLimit) -> None:
        """Apply the state that has followed ``before``."""
        state = self.state
        self.connections.limit_to(most_open(state))
        if state.base != before.base:
            fields = {"url": self.name, "connections": state.base, "before": before.base, "reason": state.reason}
            _LOG.info("pace", extra={"fields": fields})
