"""What holds requests back: connections per host, pauses a host asked for, rates, and giving a host up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from crawler.http.pacing.circuit_breaker import CircuitBreaker
from crawler.http.pacing.concurrency import START, ConcurrencyLimit, begun, disturbed, with_ceiling
from crawler.http.pacing.meter import Meter
from crawler.http.pacing.rate_limits import RateLimiter, RateLimits
from crawler.model import limits
from crawler.model.errors import FetchError
from crawler.model.state.host_limits import HostLimits
from crawler.text.escape import masked
from crawler.text.http_fields import parse_http_date, parse_retry_after
from crawler.text.urls import Origin, origin, origin_name

_LOG = logging.getLogger("crawler")
_OVERLOAD_PAUSE = 1.0
"""Seconds that everybody leaves a host alone after a 429 that does not say how long."""
_BREATH = 0.1
"""The same where fewer requests at once, which follow, may be all that the host asks for."""


Ask = Callable[[str, "Host"], Awaitable[None]]
"""Sends one request for the URL, on a connection that its caller has, and tells the host how it went."""


class Host:
    """One origin during a run: its connections, its rate and its troubles."""

    __slots__ = ("_breaker", "_meter", "_on_rest", "_paused_until", "_probing", "_requests", "_waiting", "name")

    def __init__(
        self,
        name: str,
        pace: ConcurrencyLimit,
        requests: RateLimiter | None,
        on_rest: Callable[[str, float], None] | None,
    ) -> None:
        self.name = name
        """As it is logged and remembered."""
        self._meter = Meter(pace, time.monotonic())
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._requests = requests
        self._on_rest = on_rest
        self._breaker = CircuitBreaker(f"{name}/robots.txt")  # what everybody may ask for
        self._probing = asyncio.Lock()
        self._paused_until = 0.0

    @property
    def pace(self) -> ConcurrencyLimit:
        return self._meter.pace

    @property
    def has_learnt(self) -> bool:
        return bool(self.pace.reason)

    @property
    def generation(self) -> int:
        """Of the requests that are sent now: see ``refused``."""
        return self._meter.generation

    async def enter(self, url: str, ask: Ask) -> None:
        """Take one of the connections for ``url``, to be given back by ``leave``. Waits for pauses and rates.

        Where it is in doubt that the host still answers, ``ask`` finds out on that connection. Raises FetchError, and
        holds nothing, once the host is given up.
        """
        meter = self._meter
        if meter.active >= meter.limit or self._waiting:
            await self._turn()
        else:
            meter.entered(time.monotonic())
        try:
            await self._admit(url, ask)
        except BaseException:
            self._withdraw()
            raise

    async def _turn(self) -> None:
        """Wait until a connection is free; it is taken for us by whoever gives it back."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._withdraw()
            raise

    def _withdraw(self) -> None:
        now = time.monotonic()
        self._meter.withdrew(now)
        self._call_in(now)

    def _call_in(self, now: float) -> None:
        """Give free connections to those who have waited longest."""
        meter = self._meter
        while self._waiting and meter.active < meter.limit:
            turn = self._waiting.popleft()
            if not turn.done():  # else it was cancelled
                meter.entered(now)
                turn.set_result(None)

    async def _admit(self, url: str, ask: Ask) -> None:
        while True:  # a pause may grow, and the host be in doubt again, while we wait
            if self._paused_until and (wait := self._paused_until - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            elif self._breaker.is_in_doubt:
                await self._probe(ask)
            else:
                break
        if self._breaker.is_open:
            raise FetchError(
                f"given up: {self._breaker.failures} failures in a row to talk to this host ({masked(url)})",
                url=url,
                retryable=False,
                connection=True,
            )
        if self._requests is not None:
            await self._requests.acquire()

    async def _probe(self, ask: Ask) -> None:
        """One asks, the others wait for what comes of it."""
        async with self._probing:
            if self._breaker.is_in_doubt:
                if self._requests is not None:
                    await self._requests.acquire()
                await ask(self._breaker.answered, self)
                self._breaker.asked()

    def leave(self) -> None:
        """The request has ended, well or not."""
        now = time.monotonic()
        pace = self._meter.pace
        self._meter.left(now)
        if self._waiting:
            self._call_in(now)
        if self._meter.pace is not pace:
            self._tell(pace)

    def received(self, count: int, now: float) -> None:
        """``count`` bytes of a body have arrived; ``now`` is that of ``time.monotonic``."""
        pace = self._meter.pace
        self._meter.received(count, now)
        if self._meter.pace is not pace:
            self._call_in(now)
            self._tell(pace)

    def overloaded(self, status: int, headers: Mapping[str, str], generation: int) -> bool:
        """It answered 429 or 503 to a request of ``generation``, which it had when it was sent.

        True if our other requests are why, so that it may be asked again: fewer are sent at once from now on.
        """
        now = parse_http_date(headers.get("Date")) or time.time()
        wait = parse_retry_after(headers.get("Retry-After"), now)
        if wait is not None and wait > limits.RETRY_AFTER:
            return False
        if wait is None and status != 429:
            self._meter.unavailable()
            return False
        pace = self.pace
        if self._meter.refused(generation, time.monotonic()):
            self._rest(_BREATH if wait is None else wait)
            self._tell(pace)
            return status == 429
        self.pause(_OVERLOAD_PAUSE if wait is None else wait)
        return False

    def rest(self, seconds: float) -> None:
        """Nobody talks to this host for that long."""
        now = time.monotonic()
        self._paused_until = max(self._paused_until, now + seconds)
        self._meter.follow(disturbed(self.pace), now)

    def _rest(self, seconds: float) -> None:
        self.rest(seconds)
        if self._on_rest is not None:
            self._on_rest(self.name, seconds)

    def pause(self, seconds: float) -> None:
        """Nobody talks to this host for that long: it said that it is overloaded. Counts as a failure."""
        self._rest(seconds)
        self._breaker.failed()

    def failed(self) -> None:
        """The host could not be talked to."""
        self._meter.troubled()
        self._breaker.failed()

    def troubled(self) -> None:
        """A body ended in a reset or in silence."""
        self._meter.troubled()

    def succeeded(self, url: str | None) -> None:
        """It has answered something; ``url`` if that was asked for with GET."""
        self._breaker.succeeded(url)

    def follow(self, pace: ConcurrencyLimit) -> None:
        """Go on with ``pace``, decided elsewhere."""
        now = time.monotonic()
        self._meter.follow(pace, now)
        self._call_in(now)

    def _tell(self, before: ConcurrencyLimit) -> None:
        pace = self.pace
        if pace.base != before.base:
            fields = {"url": self.name, "connections": pace.base, "before": before.base, "reason": pace.reason}
            _LOG.info("pace", extra={"fields": fields})


class Gate:
    """One for all mirrors of a process, so that the bounds hold for each host over all of them.

    ``connections`` is the most that a host ever gets at once: how many it does get is found by ``pace``.
    ``on_rest`` hears the URL of a host that asked for a pause, and its seconds. An unknown host gets ``start``.
    """

    def __init__(
        self,
        connections: int,
        rates: RateLimits | None = None,
        *,
        on_rest: Callable[[str, float], None] | None = None,
        start: int = START,
    ) -> None:
        self._ceiling, self._start = connections, start
        self._hosts: dict[Origin | None, Host] = {}
        self.known: dict[str, HostLimits] = {}
        """What earlier runs have learnt of hosts."""
        self._noted: dict[str, HostLimits] = {}
        self._rates = rates or RateLimits()
        self._on_rest = on_rest

    def host(self, url: str) -> Host:
        """What stands between us and the host of ``url``."""
        where = origin(url)
        host = self._hosts.get(where)
        if host is None:
            name = origin_name(where)
            host = self._hosts[where] = Host(
                name, begun(self._ceiling, self.known.get(name), self._start), self._rates.requests, self._on_rest
            )
        return host

    @property
    def ceiling(self) -> int:
        """The most connections that a host gets at once."""
        return self._ceiling

    def limit_connections(self, connections: int) -> None:
        """Change ``ceiling``, to 1 or more, for all hosts from now on."""
        self._ceiling = connections
        for host in self._hosts.values():
            host.follow(with_ceiling(host.pace, connections))

    def add_known(self, known: Mapping[str, HostLimits]) -> None:
        """What earlier runs have learnt, by the names of hosts, for those that are not talked to yet."""
        self.known = {**known, **self.known}

    def add_learnt(self, learnt: Mapping[str, HostLimits]) -> None:
        """What processes have learnt that ask in our name."""
        self._noted.update(learnt)

    def learnt(self) -> dict[str, HostLimits]:
        """What this run has learnt of the hosts that it talked to."""
        own = {host.name: host.pace.learnt for host in self._hosts.values() if host.has_learnt}
        return own | self._noted

    @property
    def limits_bytes(self) -> bool:
        return self._rates.bytes is not None

    async def acquire_request(self) -> None:
        """Wait until one more request fits into the rate."""
        if self._rates.requests is not None:
            await self._rates.requests.acquire()

    async def acquire_bytes(self, count: int) -> None:
        """Wait until ``count`` more bytes fit into the rate."""
        rate = self._rates.bytes
        while rate is not None and count > 0:
            share = min(count, int(rate.max_rate))
            await rate.acquire(share)
            count -= share
