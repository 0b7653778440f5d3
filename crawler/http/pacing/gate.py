"""The hosts of a process, and the limits that apply to all of them: connections per host, and rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crawler.http.pacing.concurrency import START, initial
from crawler.http.pacing.host import Host
from crawler.http.pacing.host_depths import Depths
from crawler.http.pacing.rate_limits import RateLimits
from crawler.model.state.host_limits import HostLimits
from crawler.text.urls import Origin, origin, origin_name


class Gate:
    """The hosts of all mirrors of a process, so that the limits of a host apply to all of them together.

    A host gets at most ``connections``, first ``start``; ``concurrency`` finds the best number. ``on_pause``
    is called with the URL of a host that requests a pause, and the seconds. Whoever holds a connection, or a lock that
    another holder wants, must not wait for what may need another connection, such as robots.txt of a redirect's target.
    """

    def __init__(
        self,
        connections: int,
        rates: RateLimits | None = None,
        *,
        on_pause: Callable[[str, float], None] | None = None,
        start: int = START,
    ) -> None:
        self._ceiling, self._start = connections, start
        self._hosts: dict[Origin | None, Host] = {}
        self.known: dict[str, HostLimits] = {}
        """What earlier runs learnt about hosts."""
        self.depths = Depths()
        """How many requests may share a connection, for each host."""
        self._learnt_elsewhere: dict[str, HostLimits] = {}
        self._rates = rates or RateLimits()
        self._listeners = [] if on_pause is None else [on_pause]

    def listen(self, listener: Callable[[str, float], None]) -> None:
        """From now on call ``listener``, too, for each pause that a host requests of this process."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[str, float], None]) -> None:
        """Call ``listener`` no more."""
        self._listeners.remove(listener)

    def _paused(self, url: str, seconds: float) -> None:
        for listener in self._listeners:
            listener(url, seconds)

    def pauses(self) -> list[tuple[str, float]]:
        """(URL, remaining seconds) of the hosts that have requested a pause which has not ended."""
        return [(host.name, left) for host in self._hosts.values() if (left := host.pause_left) > 0]

    def host(self, url: str) -> Host:
        """The host of ``url``."""
        where = origin(url)
        host = self._hosts.get(where)
        if host is None:
            name = origin_name(where)
            state = initial(self._ceiling, self.known.get(name), self._start)
            host = self._hosts[where] = Host(name, state, self._rates.requests, self._paused)
        return host

    @property
    def ceiling(self) -> int:
        """Maximum number of connections of a host."""
        return self._ceiling

    def limit_connections(self, connections: int, of: int | None = None) -> None:
        """Set ``ceiling`` to ``connections`` for all hosts; shared rates too, to that part ``of`` all.

        Idle connections beyond it are closed, with 0 all of them; ``ceiling`` is 1 then.
        """
        self._ceiling = max(1, connections)
        self._rates.take(self._ceiling, of or self._ceiling)
        for host in self._hosts.values():
            host.change_ceiling(connections)

    @property
    def open(self) -> int:
        """The largest number of connections that are open to any host."""
        return max((host.connections.count for host in self._hosts.values()), default=0)

    def add_known(self, known: Mapping[str, HostLimits]) -> None:
        """Add what earlier runs learnt, by host name, for hosts that have not been contacted yet."""
        self.known = {**known, **self.known}
        self.depths.add_known(known)

    def add_learnt(self, learnt: Mapping[str, HostLimits]) -> None:
        """Add what worker processes learnt, by host name."""
        self._learnt_elsewhere.update(learnt)

    def learnt(self) -> dict[str, HostLimits]:
        """The limits of hosts that this run has learnt, worker processes included."""
        own = {host.name: host.state.learnt for host in self._hosts.values() if host.state.reason}
        return self.depths.added_to(own, START) | self._learnt_elsewhere

    @property
    def limits_bytes(self) -> bool:
        return self._rates.bytes is not None

    @property
    def limits_requests(self) -> bool:
        return self._rates.requests is not None

    async def acquire_bytes(self, count: int) -> None:
        """Wait until the rate limit allows another ``count`` bytes."""
        rate = self._rates.bytes
        while rate is not None and count > 0:
            share = min(count, int(rate.max_rate))
            await rate.acquire(share)
            count -= share
