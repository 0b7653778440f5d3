"""Keeps the workers that take part in a run, as they join, leave or fall silent, and their shares of connections.

The connections to a host are divided again at each change. Workers that lose some are told, and others get more only
once those have been closed. So a host never sees more connections than one process would open.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from crawler.http.pacing.gate import Gate
from crawler.workers.cluster import shards
from crawler.workers.cluster.carrier import ClusterError, Connection, Deliver, lost
from crawler.workers.cluster.connection_shares import granted, own_share, shares
from crawler.workers.cluster.members import Member

_LOG = logging.getLogger("crawler")
_BEAT_SECONDS = 5.0
"""Seconds between messages that tell the workers that the client is present."""
_REPEAT_SECONDS = 0.5
"""Seconds until a reply that did not reach its worker is sent again."""
_LOOK_SECONDS = 0.2
"""Seconds until it is checked again whether this process has closed the connections that others are to get."""
WAIT_SECONDS = 300.0
"""Seconds that a run waits for a worker, at its start and after the last one has gone."""


class Roster:
    """The workers of one run."""

    def __init__(self, connection: Connection, gate: Gate, *, listers: int | None, warn: Callable[[str], None]) -> None:
        self._connection, self._gate = connection, gate
        self._total, self._listers, self._warn = gate.ceiling, listers, warn
        self.members: dict[str, Member] = {}
        """Address → worker, in the order in which they joined."""
        self._refused: dict[str, str] = {}
        self._silent: set[str] = set()
        """Addresses of workers that have fallen silent. They take part again once they are heard."""
        self._is_walked = self._has_idle = False
        self._change = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lonely_since: float | None = None
        self._changed: Callable[[], None] = lambda: None
        self._gone: Callable[[Member], None] = lambda _member: None
        self._failed: Callable[[Exception], None] = lambda _error: None

    async def begin(
        self,
        deliver: Deliver,
        *,
        changed: Callable[[], None],
        gone: Callable[[Member], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Wait for the first worker, and divide. Raises ClusterError if none comes.

        From then on ``deliver`` gets the messages of workers, ``changed`` is called after each division, ``gone`` for a
        worker that has ended or must have, and ``failed`` once the cluster cannot be used any longer.
        """
        self._changed, self._gone, self._failed = changed, gone, failed
        self._connection.listen(deliver, self._joined_or_left)
        until, is_said = time.monotonic() + WAIT_SECONDS, False
        while not self.members:
            for address in await self._connection.workers():
                self._joined_or_left(address, True)
            if not self.members:
                if not self._connection.can_grow:
                    break
                if time.monotonic() > until:
                    raise ClusterError(self._nobody())
                if not is_said:
                    is_said = True
                    reason = f"{self._connection.address} has no worker yet"
                    _LOG.warning("waiting", extra={"fields": {"reason": reason}})
                await asyncio.sleep(0.5)
        await self._divide()
        for work in (self._divide_after_changes(), self._beat_regularly()):
            self._keep(asyncio.get_running_loop().create_task(work))

    def _nobody(self) -> str:
        because = f": {next(iter(self._refused.values()))}" if self._refused else ""
        return f"no worker of {self._connection.address} can be used since {WAIT_SECONDS:.0f} s{because}"

    @property
    def is_deserted(self) -> bool:
        """Whether no worker is left, and none can join."""
        return not self.members and not self._connection.can_grow

    def everyone(self) -> list[Member]:
        return list(self.members.values())

    def with_room(self) -> Member | None:
        """The worker with the fewest shards; None if all have enough."""
        return min((one for one in self.members.values() if one.has_room), key=lambda one: one.load, default=None)

    @property
    def idle(self) -> int:
        """Number of workers that could do a shard and have none."""
        return sum(one.has_room and not one.load for one in self.members.values())

    def walked(self) -> None:
        """Note that all listings have been read."""
        self._is_walked = True
        self._change.set()

    def refuse(self, member: Member, reason: str) -> None:
        """Note that a worker cannot take part, for ``reason``."""
        if self._refused.setdefault(member.address, reason) is reason:
            self._warn(f"worker {member.address} of the cluster is not used: {reason}")
        self._leave(member.address)

    def has_refused(self, member: Member) -> bool:
        """Whether the user has been told why ``member`` is not used."""
        return member.address in self._refused

    def heard(self, address: str) -> None:
        """Note that a worker has confirmed that it is present."""
        member = self.members.get(address)
        if member is not None:
            member.hear()
        elif address in self._silent:
            self._joined_or_left(address, True)

    def fail(self, error: Exception) -> None:
        """End the run with ``error``, which happened on behalf of a worker."""
        self._failed(error)

    def _joined_or_left(self, address: str, has_joined: bool) -> None:
        if has_joined and address not in self.members and address not in self._refused:
            self._silent.discard(address)
            self.members[address] = Member(address)
            _LOG.info("worker-joined", extra={"fields": {"worker": address}})
            self._change.set()
        elif not has_joined:
            self._silent.discard(address)
            self._leave(address)

    def _leave(self, address: str) -> None:
        member = self.members.pop(address, None)
        if member is not None:
            _LOG.info("worker-left", extra={"fields": {"worker": address}})
            self._gone(member)
            self._change.set()

    async def _divide_after_changes(self) -> None:
        while True:
            await self._change.wait()
            await self._divide()
            self._changed()

    async def _beat_regularly(self) -> None:
        """Tell the workers that the client is there, even while a division waits for one that does not answer."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)
            self._beat(is_late=time.monotonic() - before > 2 * _BEAT_SECONDS)

    def _beat(self, *, is_late: bool) -> None:
        """``is_late``: this process was stopped for a while, and could hear nobody."""
        if self._connection.is_lost:
            self._failed(ClusterError(lost(self._connection.address)))
        for member in self.everyone():
            if is_late:
                member.hear()
            elif member.is_silent:
                self._silent.add(member.address)
                self._leave(member.address)
        for addresses in (tuple(self.members), tuple(self._silent)):
            if addresses:
                self.tell([shards.ALIVE], addresses)
        if self.members:
            self._lonely_since = None
        elif self._connection.can_grow:
            self._keep(asyncio.get_running_loop().create_task(self._look_again()))

    async def _look_again(self) -> None:
        """While there are no workers, take those that the cluster has. After a time without any, the run fails."""
        now = time.monotonic()
        self._lonely_since = self._lonely_since or now
        if now - self._lonely_since > WAIT_SECONDS:
            self._failed(ClusterError(self._nobody()))
            return
        try:
            for address in await self._connection.workers():
                if address not in self._silent:
                    self._joined_or_left(address, True)
        except ClusterError as error:
            self._failed(error)

    async def _divide(self) -> None:
        """Divide the connections to a host among the workers and this process, as far as nobody has them open."""
        self._change.clear()
        everyone = self.everyone()
        own = own_share(self._total, len(everyone), listers=self._listers, is_walked=self._is_walked)
        wanted = shares(self._total - own, [member.address for member in everyone])
        idle = sum(not connections for connections in wanted.values())
        if idle and not self._has_idle:
            self._has_idle = True
            self._warn(f"{idle} workers of the cluster have no connection and do nothing: raise --workers")
        if own < self._gate.ceiling:
            self._gate.limit_connections(own, self._total)
        held = {member.address: member.held for member in everyone}
        free = self._total - max(own, self._gate.open) - sum(held.values())
        now = granted(free, wanted, held)
        changed = [member for member in everyone if now[member.address] != member.share]
        told = await asyncio.gather(*[self._give(member, now[member.address]) for member in changed])
        free = self._total - sum(member.held for member in everyone if member.is_alive)
        if max(1, min(own, free)) != self._gate.ceiling:
            self._gate.limit_connections(max(1, min(own, free)), self._total)
        if not all(told):  # a worker that did not get the message keeps its connections until it has gone
            asyncio.get_running_loop().call_later(_BEAT_SECONDS, self._change.set)
        elif now != wanted or free < own:
            asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._change.set)

    async def _give(self, member: Member, connections: int) -> bool:
        if not member.is_alive:
            return True
        member.offer(connections)
        message = [shards.SHARE, connections, self._total]
        if not await self._connection.tell(message, [member.address]):
            return not member.is_alive
        member.give(connections)
        return True

    def fits(self, address: str, connections: int) -> None:
        """Note that a worker has no more connections open than its share of ``connections``."""
        member = self.members.get(address)
        if member is not None and member.held > connections:
            member.fits(connections)
            self._change.set()

    def tell(self, message: Sequence[object], addresses: Collection[str]) -> None:
        """Send a message to some of the workers, without waiting for them."""
        telling = self._connection.tell(message, list(addresses))
        self._keep(asyncio.get_running_loop().create_task(telling))

    def reply(self, message: Sequence[object], address: str) -> None:
        """Send a message to a worker that waits for it: again, until it has been handled or the worker is gone."""

        async def send() -> None:
            while not await self._connection.tell(message, [address]):
                if address not in self.members:
                    return
                await asyncio.sleep(_REPEAT_SECONDS)

        self._keep(asyncio.get_running_loop().create_task(send()))

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self, kind: int) -> None:
        """Tell all workers that no more jobs will come (END), or that they must stop (STOP)."""
        if kind == shards.END:
            self._connection.unsubscribe()
            for task in tuple(self._tasks):
                task.cancel()
        if self.members and not self._connection.is_lost:
            await self._connection.tell([kind], list(self.members))
