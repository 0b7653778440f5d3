"""The parent's side of ``--processes``: children fetch and save while this process walks, records and reports.

The engine calls ``ProcessPool.process`` where it would call ``Downloader.process``. A job goes to the child with the
least to do and comes back as a Result. The connections to a host are divided among all processes, this one included;
the rate limits are kept here. The jobs of a child that dies go to the others, or are done here.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from itertools import count
from typing import Any

from crawler.http.pacing.gate import Gate
from crawler.model.errors import DestinationError, FetchError
from crawler.model.interfaces import Redirects
from crawler.model.observer import Observer
from crawler.model.state.host_limits import HostLimits, added
from crawler.model.values import Job, Outcome, Result, Staged
from crawler.workers import wire
from crawler.workers.link import Channel, Flight, WorkerSetup
from crawler.workers.spawn import Spawned, SpawnedProcesses

_LIVES = 3
"""So many children may die of a job, or beside it, before it counts as failed."""
_LOAD = 128
"""Small files that a child is given ahead. They travel together: a message for each would cost as much as the file."""
_PATIENCE = 60.0
"""Seconds that a child gets to bring what it holds to the disk once it was told to end."""

Alone = Callable[[Job], Awaitable[Result | Staged]]
Doubt = Callable[[Collection[str]], Awaitable[None]]
"""As in ``StateStore``."""
Warn = Callable[[str], None]
Announce = Callable[[int, float, Exception], None]
"""As in ``attempts``: (number of the attempt to come, seconds until then, what failed)"""


class _Died(Exception):
    """The child that had the job is gone."""


class ProcessPool:
    """The children of a run. ``open`` gives them their work, ``close`` lets them end."""

    def __init__(self, company: SpawnedProcesses, doubt: Doubt) -> None:
        self._company = company
        self.doubt = doubt
        self._children = [_WorkerProcess(self, member) for member in company.members]
        self.redirects: Callable[[], Redirects]
        """What decides about redirects now. Set by whoever runs the engine, like ``alone``."""
        self.alone: Alone
        """Does a job in this process, once no child is left."""
        self.late: list[Result] = []
        """What ended after its worker was cancelled."""
        self.learnt: dict[str, list[HostLimits]] = {}
        """Host → what each child has learnt of it."""
        self.error: Exception | None = None
        """Of a child that cannot go on; every job that is still to be done ends with it."""
        self._room = asyncio.Event()
        self._is_walked = False

    @property
    def places(self) -> int:
        """So many jobs keep all children busy, or this process where there is none."""
        return max(self._config.workers, len(self._children) * _LOAD)

    async def open(self, setup: WorkerSetup, gate: Gate, observer: Observer, warn: Warn, announce: Announce) -> None:
        """Join the children to the running loop and tell them what the run is about."""
        self.gate, self.observer, self.warn, self.announce = gate, observer, warn, announce
        self._config, self._ceiling = setup.config, gate.ceiling
        if missing := self._company.wanted - len(self._children):
            warn(f"{missing} of {self._company.wanted} processes could not be started")
        for child in self._children:
            await child.join(setup)
        self.share()

    def walked(self) -> None:
        """No more listings are to be read: the connections for them are the children's now."""
        self._is_walked = True
        self.share()

    def share(self) -> None:
        """Divide the connections that one host gets among the processes, this one included."""
        alive, total = self._alive(), self._config.workers
        own = total if not alive else 1 if self._is_walked else min(self._config.listers, total - len(alive))
        self.gate.ceiling = own
        for number, child in enumerate(alive):
            left, more = divmod(total - own, len(alive))
            child.send((wire.CEILING, left + (number < more)))

    def pause(self, url: str, seconds: float, teller: _WorkerProcess) -> None:
        """A host asked one of us for a pause: everybody makes it."""
        self.gate.host(url).rest(seconds)
        for child in self._alive():
            if child is not teller:
                child.send((wire.PAUSE, url, seconds))

    async def process(self, job: Job) -> Result | Staged:
        """What the engine's workers call. Raises DestinationError when a child's disk does."""
        for _ in range(_LIVES):
            while (child := self._free()) is None and self._alive():
                self._room.clear()
                await self._room.wait()
            self.check()
            if child is None:
                return await self.alone(job)
            with suppress(_Died):
                return await child.fetch(job)
        return Result(path=job.path, url=job.url, outcome=Outcome.FAILED, reason="processes that had it died")

    def _alive(self) -> list[_WorkerProcess]:
        return [child for child in self._children if child.is_alive]

    def _free(self) -> _WorkerProcess | None:
        """The child that has the least to do, unless it has so much that others could be done with theirs before."""
        alive = self._alive()
        if not alive:
            return None
        child = min(alive, key=lambda child: child.load)
        return child if child.load < _LOAD or len(child.flights) * len(alive) < self._config.workers else None

    def wake(self) -> None:
        """A child has room again, or is no more."""
        self._room.set()

    def check(self) -> None:
        """Raises the DestinationError that a child met."""
        if self.error is not None:
            raise self.error

    async def settle(self) -> list[Result]:
        """Let the children cancel what they do, and keep what is complete. Returns what ended meanwhile."""
        for child in self._children:
            child.send((wire.STOP,))
        await self._ended()
        late, self.late = self.late, []
        return late

    async def close(self) -> None:
        """Let the children end by themselves, once nothing is left to do."""
        for child in self._children:
            child.send((wire.END,))
        await self._ended()
        self.gate.ceiling = self._ceiling
        self.gate.note({name: added(shares) for name, shares in self.learnt.items()})

    async def _ended(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                for child in self._children:
                    await child.gone.wait()
        for child in self._children:
            child.kill()


class _WorkerProcess(Channel):
    """One child, its connection, and what it has of ours."""

    def __init__(self, crew: ProcessPool, spawned: Spawned) -> None:
        super().__init__()
        self._crew = crew
        self._spawned = spawned
        self._numbers = count(1)
        self._redirects: Redirects | None = None
        self._asked: set[asyncio.Task[None]] = set()
        self.flights: dict[int, Flight] = {}
        self.load = 0
        self.is_alive = True
        self.gone = asyncio.Event()

    async def join(self, setup: WorkerSetup) -> None:
        """Connect, and tell it what the run is about."""
        await self.connect(self._spawned.connection)
        self.send((wire.SETUP, setup))

    def kill(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self._spawned.kill()

    async def fetch(self, job: Job) -> Result:
        """Have the child do ``job``. Raises _Died, or the error of a child that cannot go on."""
        redirects = self._crew.redirects()
        if redirects is not self._redirects:
            self._redirects = redirects
            self.send((wire.SCOPE, redirects))
        number = next(self._numbers)
        flight = Flight(job=job, done=asyncio.get_running_loop().create_future())
        self.flights[number] = flight
        self.load += flight.weight
        self.send((wire.JOB, number, wire.pack_job(job)))
        return await flight.done

    def received(self, name: int, *values: object) -> None:
        _ON[name](self, *values)

    def connection_lost(self, error: Exception | None) -> None:
        """It has ended: as it was told to, or it died."""
        self.is_alive = False
        for task in self._asked:
            task.cancel()
        self._crew.share()
        self._crew.wake()
        flights, self.flights = self.flights, {}
        for flight in flights.values():
            if not flight.done.done():
                flight.done.set_exception(self._crew.error or _Died())
        reaping = asyncio.get_running_loop().run_in_executor(None, self._spawned.process.wait)
        reaping.add_done_callback(lambda done: self._reaped(done.result(), len(flights)))

    def _reaped(self, code: int, flights: int) -> None:
        if code and self._crew.error is None:
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
            self._crew.warn(f"process {self._spawned.process.pid} ended {how}: others do its {flights} files again")
        self.gone.set()

    def _pay(self, number: int, what: str, size: int) -> None:
        gate = self._crew.gate
        self._grant(number, gate.spend(size) if what == wire.BYTES else gate.ask())

    def _doubt(self, number: int, paths: list[str]) -> None:
        self._grant(number, self._crew.doubt(paths))

    def _grant(self, number: int, asked: Awaitable[None]) -> None:
        task = asyncio.get_running_loop().create_task(self._granting(number, asked))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _granting(self, number: int, asked: Awaitable[None]) -> None:
        await asked
        self.send((wire.GRANTED, number))

    def _result(self, number: int, packed: wire.Packed) -> None:
        flight = self.flights.pop(number)
        result = wire.unpack_result(packed, flight.job.path)
        self.load -= flight.weight
        self._crew.wake()
        self._show(flight, result.received - flight.reported)
        if flight.done.done():
            self._crew.late.append(result)
        else:
            flight.done.set_result(result)

    def _progress(self, number: int, size: int) -> None:
        flight = self.flights.get(number)
        if flight is not None:
            self._show(flight, size)

    def _show(self, flight: Flight, size: int) -> None:
        observer = self._crew.observer
        if not flight.started:
            flight.started = True
            observer.started(flight.job)
        flight.reported += size
        observer.received(flight.job, size)

    def _pause(self, url: str, seconds: float) -> None:
        self._crew.pause(url, seconds, self)

    def _log(self, level: int, event: str, fields: dict[str, Any]) -> None:
        _LOG.log(level, event, extra={"fields": fields})

    def _retry(self, attempt: int, wait: float, url: str, reason: str) -> None:
        self._crew.announce(attempt, wait, FetchError(reason, url=url))

    def _learnt(self, hosts: dict[str, HostLimits]) -> None:
        for name, learnt in hosts.items():
            self._crew.learnt.setdefault(name, []).append(learnt)

    def _broken(self, code: int, text: str) -> None:
        if self._crew.error is None:
            self._crew.error = DestinationError(text) if code == DestinationError.exit_code else RuntimeError(text)


_LOG = logging.getLogger("crawler")
_ON: dict[int, Callable[..., None]] = {
    wire.RESULT: _WorkerProcess._result,
    wire.PROGRESS: _WorkerProcess._progress,
    wire.PAUSE: _WorkerProcess._pause,
    wire.PAY: _WorkerProcess._pay,
    wire.DOUBT: _WorkerProcess._doubt,
    wire.LOG: _WorkerProcess._log,
    wire.RETRY: _WorkerProcess._retry,
    wire.BROKEN: _WorkerProcess._broken,
    wire.LEARNT: _WorkerProcess._learnt,
    wire.WARN: lambda child, text: child._crew.warn(text),
}
"""Message of a child → what is done about it."""
