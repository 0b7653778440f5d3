"""The client's side of ``--cluster``: implements ``pipeline.pool.WorkerPool`` with the workers of a cluster.

Jobs are collected in shards. A shard goes to the worker with the fewest, and its results come back together. If a
worker dies, its shards go to others. This process walks, decides, records and reports; it divides the connections to a
host and the rates among the workers that are present.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Self

from crawler.http.pacing.gate import Gate
from crawler.model.errors import DestinationError
from crawler.model.interfaces import Redirects
from crawler.model.state.host_limits import HostLimits, added
from crawler.model.values import Job, Outcome, Result, Staged
from crawler.workers.cluster import shards
from crawler.workers.cluster.carrier import ClusterError, Connection, ShardLost, lost
from crawler.workers.cluster.desk import Desk
from crawler.workers.cluster.members import IN_FLIGHT, Gathering, Member, Pending, ShardInFlight
from crawler.workers.cluster.roster import Roster
from crawler.workers.cluster.shards import Done, Shard, seal_shard, unseal_done

_ATTEMPTS = 3
"""Number of workers that may die with a job before it counts as failed."""
_GATHER_SECONDS = 0.02
"""Seconds that an incomplete shard waits for more jobs while a worker has nothing to do."""
_END_SECONDS = 60.0
"""Seconds that workers may take to end their shards when the run is stopped."""

Process = Callable[[Job], Awaitable[Result | Staged]]


class ClusterPool:
    """Implements ``pipeline.pool.WorkerPool``. An async context manager, in which the workers have their shares."""

    def __init__(self, connection: Connection, roster: Roster, desk: Desk, gate: Gate, token: str) -> None:
        """``token`` distinguishes the shards of this run from those of others on the same cluster."""
        self._connection, self._roster, self._desk, self._gate, self._token = connection, roster, desk, gate, token
        self._total = gate.ceiling
        self._gathering = Gathering(*connection.shard_limits)
        self._ready: deque[list[Pending]] = deque()
        """Complete shards for which no worker has room yet."""
        self._timer: asyncio.TimerHandle | None = None
        self._names = count(1)
        self._late: list[Result] = []
        self._learnt: dict[str, dict[str, HostLimits]] = {}
        """Address of a worker → what the worker has learnt about hosts."""
        self._error: Exception | None = None
        self._has_failed = asyncio.Event()
        self._is_stopping = False

    async def __aenter__(self) -> Self:
        self._desk.begin(self._take_early)
        self._gate.listen(self._desk.pause)
        try:
            await self._roster.begin(
                self._desk.deliver, changed=self._send_ready, gone=self._give_back, failed=self._fail
            )
        except BaseException:
            await self._end()
            raise
        return self

    async def _end(self) -> None:
        self._gate.unlisten(self._desk.pause)
        await self._roster.end(shards.END)

    async def __aexit__(self, *exception: object) -> None:
        await self._end()
        self._gate.limit_connections(self._total)
        by_host: dict[str, list[HostLimits]] = {}
        for hosts in self._learnt.values():
            for name, learnt in hosts.items():
                by_host.setdefault(name, []).append(learnt)
        self._gate.add_learnt({name: added(learnt) for name, learnt in by_host.items()})

    @property
    def capacity(self) -> int:
        """Number of jobs in flight that keeps all workers busy, including those that may still join."""
        usable = min(self._total - 1, max(4, 2 * len(self._roster.members)))
        return max(self._total, usable * IN_FLIGHT * self._connection.shard_limits[0])

    def walked(self) -> None:
        """Note that all listings have been read, so that the workers get the connections used for listings."""
        self._roster.walked()

    async def process(self, job: Job, *, redirects: Callable[[], Redirects], fallback: Process) -> Result | Staged:
        """Have a worker do ``job``, or call ``fallback`` if all workers of this machine have died, or after ``stop``.

        Raises DestinationError, ClusterError.
        """
        for _ in range(_ATTEMPTS):
            self.check()
            if self._roster.is_deserted or self._is_stopping:
                return await fallback(job)
            done: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()
            self._gather(Pending(job=job, done=done, redirects=redirects()))
            result = await done
            if result is not None:
                return result
        reason = "the workers of the cluster that were handling it died"
        return Result(path=job.path, url=job.url, outcome=Outcome.FAILED, reason=reason)

    def check(self) -> None:
        """Raise the error of a worker that could not continue, or of the cluster, if any."""
        if self._error is not None:
            raise self._error

    async def watch(self) -> None:
        await self._has_failed.wait()
        self.check()

    def _fail(self, error: Exception) -> None:
        """End the run with ``error``, if it is the first one."""
        if self._error is None and not self._is_stopping:
            self._error = error
            self._has_failed.set()
            self._return_waiting(error)
            for member in self._roster.everyone():
                self._give_back(member)

    def _return_waiting(self, outcome: Exception | None) -> None:
        """Settle the jobs that no worker has yet."""
        waiting = [*self._gathering.take(), *(each for some in self._ready for each in some)]
        self._ready.clear()
        for pending in waiting:
            _settle(pending, outcome)

    # --- jobs → shards → workers ---------------------------------------------------------------------

    def _gather(self, pending: Pending) -> None:
        if self._gathering.add(pending):
            self._ready.append(self._gathering.take())
            self._send_ready()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._send_ready()

    def _send_ready(self) -> None:
        """Send the complete shards to workers that have room, and an incomplete one if a worker would be idle."""
        while (member := self._roster.with_room()) is not None and not self._is_stopping:
            if self._ready:
                pending = self._ready.popleft()
            elif len(self._gathering) and self._timer is None:
                pending = self._gathering.take()
            else:
                break
            idle = 0 if self._ready else self._roster.idle
            if idle > 1:  # this is all that there is: each gets a part
                part = -(-len(pending) // idle)
                if pending[part:]:
                    self._ready.append(pending[part:])
                pending = pending[:part]
            self._send(member, pending)

    def _send(self, member: Member, pending: list[Pending]) -> None:
        wanted = [each for each in pending if not each.done.done()]  # the others were cancelled
        if not wanted:
            return
        name = f"crawler-{self._token}-{next(self._names)}"
        jobs = [each.job for each in wanted]
        work = Shard(
            jobs=jobs,
            redirects=wanted[-1].redirects,
            credentials=self._desk.credentials_of(jobs),
            share=(member.share, self._total),
            pauses=self._gate.pauses(),
        )
        submitted = self._connection.submit(seal_shard(work), member.address, name)
        flight = ShardInFlight(name=name, pending=wanted, submitted=submitted)
        member.shards[name] = flight
        self._desk.sent(wanted)
        waiting = asyncio.get_running_loop().create_task(self._wait(member, flight))
        waiting.add_done_callback(self._waited)
        flight.wait_in(waiting)

    async def _wait(self, member: Member, flight: ShardInFlight) -> None:
        try:
            done = unseal_done(await self._connection.result(flight.submitted))
        except ShardLost:
            done = Done()
            if self._connection.is_lost:
                self._fail(ClusterError(lost(self._connection.address)))
        finally:
            self._connection.release(flight.submitted)
        if member.shards.pop(flight.name, None) is not None:
            self._take(member, flight, done)
        self._send_ready()

    def _waited(self, task: asyncio.Task[None]) -> None:
        """End the run if what a worker returned could not be handled."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._fail(error)

    def _take(self, member: Member, flight: ShardInFlight, done: Done) -> None:
        """Pass on the results of a shard, each once; jobs without a result are done again."""
        self._learnt[member.address] = dict(done.learnt)
        if done.refusal:
            self._roster.refuse(member, done.refusal)
        if done.failure or done.bug:
            error = DestinationError(f"worker {member.address}: {done.failure}") if done.failure else None
            self._error = self._error or error or RuntimeError(f"worker {member.address}: {done.bug}")
            self._has_failed.set()
        found = {result.path: result for result in done.results}
        for pending in flight.pending:
            self._take_one(pending, found.get(pending.job.path), is_refused=bool(done.refusal))

    def _take_early(self, address: str, name: str, results: Sequence[Result]) -> None:
        """Pass on some results of a shard before the others, unless its worker has lost it."""
        member = self._roster.members.get(address)
        flight = member.shards.get(name) if member is not None else None
        if flight is not None:
            found = {result.path: result for result in results}
            for pending in flight.drop(found):
                self._take_one(pending, found[pending.job.path], is_refused=False)

    def _take_one(self, pending: Pending, result: Result | None, *, is_refused: bool) -> None:
        self._desk.ended(pending, result)
        if result is not None and pending.done.cancelled():
            self._late.append(result)
        elif not pending.done.done():
            self._settle_or_repeat(pending, result, is_refused=is_refused)

    def _settle_or_repeat(self, pending: Pending, result: Result | None, *, is_refused: bool) -> None:
        if result is None and self._error is not None:
            _settle(pending, self._error)
        elif result is None and is_refused:
            self._gather(pending)
        else:
            _settle(pending, result)

    def _give_back(self, member: Member) -> None:
        """Give the jobs of a worker that has ended, or must have, to others. Nothing that it still returns is used."""
        flights = member.leave()
        for flight in flights.values():
            if flight.waiting is not None:
                flight.waiting.cancel()
            self._connection.release(flight.submitted)
            self._take(member, flight, Done(learnt=self._learnt.get(member.address, {})))
        if self._roster.is_deserted:
            self._return_waiting(None)
        files = sum(len(flight.pending) for flight in flights.values())
        how = self._connection.why_gone(member.address)
        if (files or how) and self._error is None and not self._roster.has_refused(member):
            again = f"; its {files} files are done again" if files and not self._is_stopping else ""
            self._desk.warn(f"worker {member.address} {how or 'of the cluster is gone'}{again}")

    async def stop(self) -> Sequence[Result]:
        """Have the workers cancel their jobs and keep complete files.

        Returns the results of jobs that were cancelled here but had ended in their worker.
        """
        self._is_stopping = True
        waiting = [
            flight.waiting
            for member in self._roster.everyone()
            if not member.is_silent
            for flight in member.shards.values()
            if flight.waiting is not None
        ]
        await self._roster.end(shards.STOP)
        if waiting:
            await asyncio.wait(waiting, timeout=_END_SECONDS)
        late, self._late = self._late, []
        return late


def _settle(pending: Pending, outcome: Result | Exception | None) -> None:
    if pending.done.done():
        return
    if isinstance(outcome, Exception):
        pending.done.set_exception(outcome)
    else:
        pending.done.set_result(outcome)
