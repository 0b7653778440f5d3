"""The work of one run on one worker of a cluster: engine, transfer and committer in a thread with its own event loop.

It lasts from shard to shard, so that connections are kept. The client decides how many connections to a host it may
have, and must be heard from: a worker that has lost its client writes nothing any more, because another run may have
locked DIR meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from itertools import count
from typing import Any

from crawler.app.cluster.reporting import Reporter
from crawler.app.cluster.work import Unfit, open_gate, work
from crawler.http.pacing.gate import Gate
from crawler.model.errors import DestinationError, innermost
from crawler.model.interfaces import Redirects
from crawler.model.values import Job, Rejection, Result
from crawler.pipeline import engine
from crawler.workers.cluster import shards
from crawler.workers.cluster.remote import DaskWorker
from crawler.workers.cluster.shards import Done, Settings, Shard
from crawler.workers.event_loop import loop_factory

LEASE = 20.0
"""Seconds without a word of the client after which the work ends."""
_WATCH_SECONDS = 0.25
"""How often it is checked whether the client is still there."""


class _Flight:
    """A shard on its way."""

    def __init__(self, name: str, shard: Shard) -> None:
        self.name = name
        self.left = {job.path for job in shard.jobs}
        self.results: list[Result] = []
        self.done: Future[None] = Future()

    def add(self, result: Result) -> None:
        if result.path in self.left:
            self.left.discard(result.path)
            self.results.append(result)
            if not self.left:
                self.end()

    def end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class Node:
    """The work of the run ``token`` on ``worker``. ``receive`` and ``do`` are called in other threads."""

    def __init__(self, worker: DaskWorker, token: str) -> None:
        self.worker, self.token = worker, token
        self.has_ended = self.is_stopped = False
        self._turn = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._share: tuple[int, int] | None = None
        self._heard = time.monotonic()
        self._flights: dict[str, _Flight] = {}
        """Name of a task → its shard."""
        self._done = Done()
        self._jobs: asyncio.Queue[Job | None] = asyncio.Queue()
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._stopped = asyncio.Event()
        self._redirects: Redirects | None = None
        self._gate = Gate(1)
        self._numbers = count()
        self._ready = threading.Event()

    # --- called in threads of dask -------------------------------------------------------------------

    def receive(self, message: list[Any]) -> None:
        """Take a message of the client."""
        self._heard = time.monotonic()
        kind = message[0]
        if kind == shards.ALIVE:
            self.worker.send(self.token, [shards.HEARD, self.worker.address])
        if kind == shards.SHARE:
            self._share = (message[1], message[2])
        if kind == shards.STOP:
            self.is_stopped = True
        if self._ready.is_set() and not self.has_ended:
            self._call(self._obey, message)

    def do(self, name: str, settings: Settings, shard: Shard) -> Done:
        """Do the jobs of a shard, as the task ``name``. Blocks."""
        self._heard = time.monotonic()
        with self._turn:
            if self.is_stopped:
                return Done()
            if self._loop is None:
                self._share = self._share or shard.share
                self._start(settings)
        self._ready.wait()
        flight = _Flight(name, shard)
        if not self._call(self._take, flight, shard):
            flight.end()
        flight.done.result()
        done = self._done
        return Done(
            results=flight.results, failure=done.failure, bug=done.bug, refusal=done.refusal, learnt=done.learnt
        )

    def _call(self, function: Any, *arguments: object) -> bool:
        """Call ``function`` in the loop. False if that has ended."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # closed
            return False
        return True

    def _start(self, settings: Settings) -> None:
        self._loop = (loop_factory() or asyncio.new_event_loop)()
        threading.Thread(target=self._run, args=(settings,), name="crawler", daemon=True).start()

    # --- in the thread of the loop ---------------------------------------------------------------------

    def _run(self, settings: Settings) -> None:
        assert self._loop is not None
        loop = self._loop
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            try:
                runner.run(self._serve(settings))
            finally:
                self._finish()
        self._finish()  # what came in while the loop was closing

    def _finish(self) -> None:
        self.has_ended = True
        self._ready.set()
        for flight in list(self._flights.values()):
            flight.end()

    async def _serve(self, settings: Settings) -> None:
        self._gate = open_gate(settings, self._paused)
        assert self._share is not None
        self._limit(*self._share)
        reporter = Reporter(self.worker, self.token, settings, self._finished)
        working = asyncio.create_task(work(self, settings, self._gate, reporter))
        watch = asyncio.create_task(self._watch())
        self._ready.set()
        await asyncio.wait([working, watch], return_when=asyncio.FIRST_COMPLETED)
        watch.cancel()
        working.cancel()
        await asyncio.wait([working])
        reporter.close()
        error = None if working.cancelled() else working.exception()
        self._done = self._ending(None if error is None else innermost(error))

    def _ending(self, error: BaseException | None) -> Done:
        learnt = self._gate.learnt()
        if error is None:
            return Done(learnt=learnt)
        if isinstance(error, Unfit):
            return Done(refusal=str(error))
        if isinstance(error, DestinationError):
            lost = not self.is_in_touch
            return Done(learnt=learnt) if lost else Done(failure=str(error), learnt=learnt)
        return Done(bug=f"{type(error).__name__}: {error}", learnt=learnt)

    async def _watch(self) -> None:
        """Return when the client has said that nothing more comes, or is gone."""
        while self.is_in_touch and not self._stopped.is_set():
            self._done = Done(learnt=self._gate.learnt())
            try:
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._stopped.wait()
            except TimeoutError:
                continue

    @property
    def is_in_touch(self) -> bool:
        """Whether the client still wants what is done here."""
        if not self.worker.is_running or time.monotonic() - self._heard > LEASE:
            return False
        return not self._flights or any(map(self.worker.is_wanted, tuple(self._flights)))

    def check(self) -> None:
        """Raise DestinationError if nothing may be written any more."""
        if not self.is_in_touch:
            raise DestinationError(f"worker {self.worker.address} has lost its client")

    def _take(self, flight: _Flight, shard: Shard) -> None:
        if self.has_ended:
            flight.end()
            return
        self._redirects = shard.redirects
        busy = {path for other in self._flights.values() for path in other.left}
        self._flights[flight.name] = flight
        flight.done.add_done_callback(lambda _done: self._flights.pop(flight.name, None))
        for job in shard.jobs:
            if job.path not in busy:  # otherwise it is under way, for a shard that was taken back
                self._jobs.put_nowait(job)

    def _obey(self, message: list[Any]) -> None:
        kind, *values = message
        if kind == shards.SHARE:
            self._limit(*values)
        elif kind == shards.PAUSE:
            self._gate.host(values[0]).rest(values[1])
        elif kind == shards.GRANTED:
            answer = self._asked.pop(values[0], None)
            if answer is not None and not answer.done():
                answer.set_result(None)
        elif kind == shards.END:
            self._jobs.put_nowait(None)
        elif kind == shards.STOP:
            self._stopped.set()

    def _limit(self, connections: int, total: int) -> None:
        self._gate.limit_connections(max(1, connections), total)

    # --- for the work ----------------------------------------------------------------------------------

    async def produce(self, put: engine.Put) -> None:
        """The engine's producer: the jobs of all shards, until the client says that no more will come."""
        while (job := await self._jobs.get()) is not None:
            await put(job)

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        """Decide by the rules for redirects that came with the last shard."""
        assert self._redirects is not None, "jobs come with them"
        return self._redirects.file_redirect(source, target)

    async def doubt(self, paths: list[str]) -> None:
        """Have the client call ``StateStore.doubt``."""
        number = next(self._numbers)
        self._asked[number] = answer = asyncio.get_running_loop().create_future()
        self.worker.send(self.token, [shards.DOUBT, self.worker.address, number, paths])
        await answer

    def warn(self, text: str) -> None:
        """Report a problem that does not end the work."""
        self.worker.send(self.token, [shards.WARN, self.worker.address, text])

    def _paused(self, url: str, seconds: float) -> None:
        self.worker.send(self.token, [shards.PAUSE, self.worker.address, url, seconds])

    def _finished(self, result: Result) -> None:
        for flight in list(self._flights.values()):
            flight.add(result)
