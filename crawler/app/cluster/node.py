"""The work of one run on one worker of a cluster: engine, transfer and committer in one event loop.

It lasts from shard to shard, so that connections are kept. The client decides how many connections to a host it may
have, and must be heard from: a worker that has lost its client writes nothing any more, because another run may have
locked DIR meanwhile, or another worker may have got the shard.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

from crawler.app.cluster.flight import Flight
from crawler.app.cluster.reporting import Reporter
from crawler.app.cluster.work import Unfit, open_gate, work
from crawler.http.credentials.keyring import NO_CREDENTIALS, Credentials, Keyring
from crawler.http.pacing.gate import Gate
from crawler.model.errors import DestinationError, innermost
from crawler.model.interfaces import Redirects
from crawler.model.values import Job, Outcome, Rejection, Result
from crawler.pipeline import engine
from crawler.text.urls import Origin
from crawler.workers.cluster import shards
from crawler.workers.cluster.carrier import Host
from crawler.workers.cluster.shards import Done, Settings, unseal

LEASE = 20.0
"""Seconds without a word of the client after which the work ends, for good: its shards may be with others."""
_WATCH_SECONDS = 0.25
"""How often it is checked whether the client is still there."""
_CLOSING_SECONDS = 0.01
"""How soon after a lower share it is first checked whether the connections beyond it have been closed."""
_EARLY_TICKS = 4
"""After how many of these checks the results so far of a shard are reported, so that a slow file delays no other."""


class Node:
    """The work of the run ``token`` on ``host``. All methods but ``hear`` and ``check`` belong to its event loop."""

    def __init__(self, host: Host, token: str) -> None:
        self.host, self._token = host, token
        self.has_ended = self.is_stopped = self.is_lost = False
        self._share: tuple[int, int] | None = None
        self._fits = -1
        """The share that the client knows to be kept to."""
        self._heard = time.monotonic()
        self._flights: dict[str, Flight] = {}
        """Name of a shard → the shard."""
        self._done = Done()
        self._jobs: asyncio.Queue[Sequence[Job] | None] = asyncio.Queue()
        """The jobs of each shard, then None if no more will come."""
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._stopped = asyncio.Event()
        self._redirects: Redirects | None = None
        self._pauses: list[tuple[str, float]] = []
        """(URL, seconds) of the pauses that hosts asked for before there was a gate."""
        self._gate: Gate | None = None
        self.keyring = Keyring(NO_CREDENTIALS, self._obtain)
        """The credentials that came with the shards."""
        self._numbers = count()

    @property
    def is_over(self) -> bool:
        """Whether another shard needs a new Node; not if the client wants no more."""
        return (self.has_ended or self.is_lost) and not self.is_stopped

    def hear(self, message: list[Any] | None = None) -> None:
        """Note that the client is there, and what ``message`` says that must be known at once. Called in any thread."""
        now = time.monotonic()
        self.is_lost = self.is_lost or now - self._heard > LEASE
        self._heard = now
        if message is None:
            return
        if message[0] == shards.ALIVE:
            self._send(shards.HEARD)
        elif message[0] == shards.SHARE:
            self._share = (message[1], message[2])
            self._fits = -1
            if self._gate is None:
                self._report_fit()
        elif message[0] == shards.PAUSE and self._gate is None:
            self._pauses.append((message[1], message[2]))
        elif message[0] == shards.STOP:
            self.is_stopped = True

    async def serve(self, settings: Settings) -> None:
        """Do the jobs of all shards, until the client says that no more come, or is lost."""
        self._gate = gate = open_gate(settings, self._paused)
        if self._share is not None:
            self._limit(*self._share)
        self._rest(self._pauses)
        reporter = Reporter(self.host, self._token, settings, self._finished)
        working = asyncio.create_task(work(self, settings, gate, reporter))
        watch = asyncio.create_task(self._watch(gate))
        try:
            await asyncio.wait([working, watch], return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
            working.cancel()
            await self._end(working)
            reporter.close()
            error = None if working.cancelled() else working.exception()
            self._done = self._ending(gate, None if error is None else innermost(error))
            self.finish()

    async def _end(self, working: asyncio.Task[None]) -> None:
        """Wait until the work has ended. It may ask the client for something, which a lost client does not answer."""
        while not working.done():
            await asyncio.wait([working], timeout=_WATCH_SECONDS)
            if not self.is_in_touch:
                for number in tuple(self._asked):
                    self._refuse(number)

    def finish(self) -> None:
        """End all shards: nothing more is done here."""
        self.has_ended = True
        for flight in list(self._flights.values()):
            flight.end()

    def _ending(self, gate: Gate, error: BaseException | None) -> Done:
        learnt = gate.learnt()
        if error is None:
            return Done(learnt=learnt)
        if isinstance(error, Unfit):
            return Done(refusal=str(error))
        if isinstance(error, DestinationError):
            lost = not self.is_in_touch
            return Done(learnt=learnt) if lost else Done(failure=str(error), learnt=learnt)
        return Done(bug=f"{type(error).__name__}: {error}", learnt=learnt)

    async def _watch(self, gate: Gate) -> None:
        """Return when the client has said that nothing more comes, or is gone."""
        for tick in count(1):
            if not self.is_in_touch or self._stopped.is_set():
                return
            self._done = Done(learnt=gate.learnt())
            self._report_fit()
            if tick % _EARLY_TICKS == 0:
                self._report_early()
            try:
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._stopped.wait()
            except TimeoutError:
                continue

    def _report_fit(self) -> None:
        """Tell the client once no more connections are open than the share allows."""
        share = None if self._share is None else self._share[0]
        if share is not None and share != self._fits and (self._gate is None or self._gate.open <= share):
            self._fits = share
            self._send(shards.FITS, share)

    def _report_early(self) -> None:
        for flight in self._flights.values():
            if results := flight.early():
                self._send(shards.EARLY, flight.name, results)

    @property
    def is_in_touch(self) -> bool:
        """Whether the client still wants what is done here."""
        if self.is_lost or not self.host.is_running or time.monotonic() - self._heard > LEASE:
            return False
        return not self._flights or any(map(self.host.is_wanted, tuple(self._flights)))

    def check(self) -> None:
        """Raise DestinationError if nothing may be written any more."""
        if not self.is_in_touch:
            raise DestinationError(f"worker {self.host.address} has lost its client")

    def take(self, flight: Flight) -> None:
        """Do a shard. ``flight.done`` tells when it has been done, or will not be."""
        shard = flight.shard
        if self._share is None:
            self._share = shard.share
            if self._gate is not None:
                self._limit(*shard.share)
        if self.has_ended or self.is_stopped:
            flight.end()
            return
        self._redirects = shard.redirects
        self._rest(shard.pauses)
        self.keyring.add(shard.credentials)
        busy = {path for other in self._flights.values() for path in other.left}
        self._flights[flight.name] = flight
        flight.done.add_done_callback(lambda _done: self._flights.pop(flight.name, None))
        # Others are under way, for a shard that was taken back.
        self._jobs.put_nowait([job for job in shard.jobs if job.path not in busy] if busy else shard.jobs)

    def done(self, flight: Flight) -> Done:
        """What became of a shard."""
        done = self._done
        return Done(
            results=flight.results, failure=done.failure, bug=done.bug, refusal=done.refusal, learnt=done.learnt
        )

    def obey(self, message: list[Any]) -> None:
        """Do what a message of the client says."""
        kind, *values = message
        if kind == shards.SHARE:
            self._limit(*values)
            asyncio.get_running_loop().call_later(_CLOSING_SECONDS, self._report_fit)
        elif kind == shards.PAUSE and self._gate is not None:
            self._rest([(values[0], values[1])])
        elif kind == shards.GRANTED:
            (self._answer if values[1] else self._refuse)(values[0])
        elif kind == shards.CREDENTIALS:
            self._answer(values[0], unseal(values[1]))
        elif kind == shards.END:
            self._jobs.put_nowait(None)
        elif kind == shards.STOP:
            self._stopped.set()

    async def _ask(self, kind: int, *values: object) -> Any:
        """Ask the client for something. Raises DestinationError if it refuses, or is lost."""
        number = next(self._numbers)
        self._asked[number] = answer = asyncio.get_running_loop().create_future()
        self._send(kind, number, *values)
        return await answer

    def _answer(self, number: int, value: object = None) -> None:
        answer = self._asked.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_result(value)

    def _refuse(self, number: int) -> None:
        answer = self._asked.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_exception(DestinationError("the state could not be changed"))

    def leave(self) -> None:
        """End the work, as no more messages will come: cancel what is left, if the client has not waited for it."""
        self.is_stopped = True
        self.obey([shards.STOP if self._flights else shards.END])

    def _limit(self, connections: int, total: int) -> None:
        if self._gate is not None:
            self._gate.limit_connections(connections, total)

    def _rest(self, pauses: Sequence[tuple[str, float]]) -> None:
        if self._gate is None:
            self._pauses += pauses
        else:
            for url, seconds in pauses:
                self._gate.host(url).rest(seconds)

    def _send(self, kind: int, *values: object) -> None:
        self.host.send(self._token, [kind, self.host.address, *values])

    # --- for the work ----------------------------------------------------------------------------------

    async def produce(self, put: engine.Put) -> None:
        """The engine's producer: the jobs of all shards, until the client says that no more will come."""
        while (jobs := await self._jobs.get()) is not None:
            await put(*jobs)

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        """Decide by the rules for redirects that came with the last shard."""
        assert self._redirects is not None, "jobs come with them"
        return self._redirects.file_redirect(source, target)

    async def doubt(self, paths: list[str]) -> None:
        """Have the client call ``StateStore.doubt``. Raises DestinationError if that fails, or the client is lost."""
        await self._ask(shards.DOUBT, paths)

    async def _obtain(self, where: Origin) -> Credentials:
        """The credentials of an origin of which there was no job yet. Raises DestinationError if the client is lost."""
        found: Credentials = await self._ask(shards.WANTED, where)
        return found

    def warn(self, text: str) -> None:
        """Report a problem that does not end the work."""
        self._send(shards.WARN, text)

    def _paused(self, url: str, seconds: float) -> None:
        self._send(shards.PAUSE, url, seconds)

    def _finished(self, result: Result) -> None:
        if result.outcome is Outcome.FAILED and not self.is_in_touch:
            return  # perhaps for that reason; the job is done again
        for flight in list(self._flights.values()):
            flight.add(result)
