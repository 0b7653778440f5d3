"""The parent's side of ``--processes``: worker processes fetch and save while this one walks, records and reports.

A job goes to the worker with the least load and comes back as a Result. The connections to a host are divided among all
processes, this one included; rate limits are enforced here. Jobs of a worker that dies go to the others, or are done in
this process if none is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from crawler.http.pacing.gate import Gate
from crawler.model.interfaces import Redirects
from crawler.model.state.host_limits import HostLimits, added
from crawler.model.values import Job, Outcome, Result, Staged
from crawler.workers import messages
from crawler.workers.child_process import WorkerProcesses
from crawler.workers.messages import WorkerSetup
from crawler.workers.worker import PoolCallbacks, Worker, WorkerDied

_ATTEMPTS = 3
"""Number of workers that may die with a job before it counts as failed."""
_MAX_LOAD = 128
"""Maximum number of small files queued at one worker. They share frames, as a frame costs as much as a small file."""
_LISTERS = 4
"""Number of connections that the parent keeps for listings during the walk, unless --listers is larger."""
_END_SECONDS = 60.0
"""How long, in seconds, a worker may take to commit its files after it was told to end."""

Process = Callable[[Job], Awaitable[Result | Staged]]


class ProcessPool:
    """Implements ``pipeline.pool.WorkerPool``.

    An async context manager: entering it sets up the workers, leaving it waits for them to end.
    """

    def __init__(self, children: WorkerProcesses, setup: WorkerSetup, gate: Gate, callbacks: PoolCallbacks) -> None:
        self._gate, self._callbacks = gate, callbacks
        self._setup, self._config, self._ceiling = setup, setup.config, gate.ceiling
        self._missing, self._wanted = children.wanted - len(children.started), children.wanted
        self._workers = [Worker(self, child, gate, callbacks) for child in children.started]
        self._late: list[Result] = []
        self._learnt: dict[str, list[HostLimits]] = {}
        """Host → what each worker has learnt about it."""
        self.error: Exception | None = None
        """The first error of a worker that could not continue; every remaining job ends with it."""
        self._room = asyncio.Event()
        self._is_walked = False

    async def __aenter__(self) -> Self:
        try:
            if self._missing:
                self._callbacks.warn(f"could not start {self._missing} of {self._wanted} worker processes")
            for worker in self._workers:
                await worker.set_up(self._setup)
            self.divide_connections()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._close()

    async def _close(self) -> None:
        await self._end(messages.END)
        self._gate.limit_connections(self._ceiling)
        self._gate.add_learnt({name: added(shares) for name, shares in self._learnt.items()})

    @property
    def capacity(self) -> int:
        """Number of jobs in flight that keep all workers busy, or this process if there are no workers."""
        return max(self._config.workers, len(self._workers) * _MAX_LOAD)

    def walked(self) -> None:
        """All listings have been read: the workers get the connections that listings needed."""
        self._is_walked = True
        self.divide_connections()

    def divide_connections(self) -> None:
        """Divide the connections to one host among the processes, this one included."""
        alive, total = self._alive(), self._config.workers
        own = (
            total if not alive else 1 if self._is_walked else min(self._config.listers or _LISTERS, total - len(alive))
        )
        self._gate.limit_connections(own)
        for number, worker in enumerate(alive):
            share, extra = divmod(total - own, len(alive))
            worker.send((messages.CEILING, share + (number < extra)))

    def pause(self, url: str, seconds: float, source: Worker) -> None:
        """The host of ``url`` requested a pause from ``source``: all processes observe it."""
        self._gate.host(url).rest(seconds)
        for worker in self._alive():
            if worker is not source:
                worker.send((messages.PAUSE, url, seconds))

    async def process(self, job: Job, *, redirects: Callable[[], Redirects], fallback: Process) -> Result | Staged:
        """Have a worker do ``job``, or ``fallback`` if none is left. Raises DestinationError if a worker's disk fails.

        ``redirects`` returns the rules for redirects as of when the job is sent.
        """
        for _ in range(_ATTEMPTS):
            while (worker := self._available()) is None and self._alive():
                self._room.clear()
                await self._room.wait()
            self.check()
            if worker is None:
                return await fallback(job)
            with suppress(WorkerDied):
                return await worker.fetch(job, redirects())
        reason = "the worker processes handling it died"
        return Result(path=job.path, url=job.url, outcome=Outcome.FAILED, reason=reason)

    def _alive(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.is_alive]

    def _available(self) -> Worker | None:
        """The worker with the least load; None if all workers have enough jobs."""
        alive = self._alive()
        if not alive:
            return None
        worker = min(alive, key=lambda worker: worker.load)
        has_room = worker.load < _MAX_LOAD or len(worker.in_flight) * len(alive) < self._config.workers
        return worker if has_room else None

    def wake(self) -> None:
        """A worker has room again, or has died."""
        self._room.set()

    def check(self) -> None:
        """Raise the error of a worker that could not continue, if any."""
        if self.error is not None:
            raise self.error

    def fail(self, error: Exception) -> None:
        """A worker cannot continue: the run ends with the first such error."""
        self.error = self.error or error

    def late(self, result: Result) -> None:
        """Keep a result whose caller was cancelled, for ``stop``."""
        self._late.append(result)

    def learnt(self, hosts: dict[str, HostLimits]) -> None:
        """Record what a worker has learnt about hosts."""
        for name, learnt in hosts.items():
            self._learnt.setdefault(name, []).append(learnt)

    async def stop(self) -> list[Result]:
        """Have the workers cancel their jobs and keep complete files.

        Returns the results of jobs that were cancelled here but had ended in their worker.
        """
        await self._end(messages.STOP)
        late, self._late = self._late, []
        return late

    async def _end(self, kind: int) -> None:
        """Tell the workers to end, and kill those that do not."""
        for worker in self._workers:
            worker.send((kind,))
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                for worker in self._workers:
                    await worker.gone.wait()
        for worker in self._workers:
            worker.kill()
