"""A worker process of ``--processes``: it fetches and saves what its parent sends, and nothing else.

It has a client and a destination of its own; the parent holds the lock of DIR. The parent decides how many connections
to a host this process may have, and enforces the rates.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Collection, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from crawler.http.client import HttpClient
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.rate_limits import RateLimits
from crawler.model.errors import DestinationError, innermost
from crawler.model.interfaces import Redirects
from crawler.model.values import Job, Known, Rejection, Result, Staged
from crawler.pipeline import engine
from crawler.pipeline.attempts import announce_to, prepare
from crawler.pipeline.runs.build import Tools
from crawler.pipeline.runs.worker_jobs import do_jobs
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.fd_limits import are_few
from crawler.storage.state import NullState
from crawler.workers import messages
from crawler.workers.channel import Channel, ForwardingHandler
from crawler.workers.event_loop import loop_factory
from crawler.workers.messages import WorkerSetup
from crawler.workers.page_parsers import PageParsers
from crawler.workers.reporter import Reporter


def main() -> None:
    """Do the jobs of the parent process, received on standard input, until it announces that there are no more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the parent decides how its workers react to these
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=os.dup(0))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(connection))


async def _serve(connection: socket.socket) -> None:
    parent = _Parent()
    await parent.connect(connection)
    setup, gate = await parent.setup
    log = logging.getLogger("crawler")
    log.addHandler(ForwardingHandler(parent))
    log.setLevel(setup.log_level)
    log.propagate = False
    announce_to(parent.retried)
    work = asyncio.create_task(_work(parent, setup, gate))
    stopped = asyncio.create_task(parent.stopped.wait())
    await asyncio.wait([work, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if parent.stopped.is_set():
        work.cancel()
    await asyncio.wait([work])
    error = None if work.cancelled() else work.exception()  # the parent has asked for the cancellation
    if error is not None:
        parent.broke(innermost(error))
    await parent.close()


async def _work(parent: _Parent, setup: WorkerSetup, gate: Gate) -> None:
    """Do all jobs that the parent sends. Complete files get their names even if the parent stops this process."""
    reporter = Reporter(parent)
    if are_few():
        prepare()
    async with (
        _Destination(parent, setup) as destination,
        HttpClient(setup.options, gate) as client,
        PageParsers(parent.warn) as parser,
        reporter,
    ):
        await destination.join()
        tools = Tools(client=client, destination=destination, observer=reporter, parser=parser)
        state = _State(parent, knew_files=setup.knew_files)
        try:
            await do_jobs(parent, tools, state, setup.config, setup.options.user_agent)
        finally:
            parent.send((messages.LEARNT, gate.learnt()))


class _Parent(Channel):
    """The connection to the parent."""

    def __init__(self) -> None:
        super().__init__()
        self.setup: asyncio.Future[tuple[WorkerSetup, Gate]] = asyncio.get_running_loop().create_future()
        """Settings of the run and the gate to its hosts, set by the first message of the parent."""
        self.stopped = asyncio.Event()
        self._jobs: asyncio.Queue[Job | None] = asyncio.Queue()
        self._flights: dict[str, int] = {}
        """Path of the file of each job in flight → number of the job."""
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._redirects: Redirects | None = None
        self._numbers = count()
        self._closed = asyncio.Event()
        self._is_over = False

    # --- messages from the parent -------------------------------------------------------------------

    def received(self, name: int, *values: Any) -> None:
        if name == messages.JOB:
            self._take(*values)
        elif name == messages.GRANTED:
            self._granted(*values)
        elif name == messages.CEILING:
            self._limit(*values)
        elif name == messages.PAUSE:
            self._rest(*values)
        elif name == messages.REDIRECTS:
            self._redirects = values[0]
        elif name == messages.SETUP:
            self.setup.set_result((values[0], self._gate(values[0])))
        elif name == messages.END:
            self._jobs.put_nowait(None)
        elif name == messages.STOP:
            self.stopped.set()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_over:  # the parent was killed, so another run may lock DIR at any time
            os._exit(1)
        self._closed.set()

    async def close(self) -> None:
        """Send the pending messages and close the connection."""
        self._is_over = True
        self.flush()
        assert self.transport is not None
        self.transport.close()
        await self._closed.wait()

    async def ask(self, name: int, *values: object) -> None:
        """Send a request to the parent, and wait until it is granted."""
        number = next(self._numbers)
        self._asked[number] = answer = asyncio.get_running_loop().create_future()
        self.send((name, number, *values))
        await answer

    def _granted(self, number: int) -> None:
        answer = self._asked.pop(number)
        if not answer.done():  # it is done if the caller was cancelled
            answer.set_result(None)

    def _gate(self, setup: WorkerSetup) -> Gate:
        """The gate of this process, at first with one connection per host. The parent raises that, and limits rates."""
        config = setup.config
        rates = RateLimits(
            requests=None if config.requests_per_second is None else _Rate(self, messages.REQUESTS),
            bytes=None if config.limit_rate is None else _Rate(self, messages.BYTES),
        )
        gate = Gate(1, rates, on_pause=self.rested, start=setup.start)
        gate.add_known(setup.hosts)
        return gate

    def _limit(self, ceiling: int) -> None:
        _, gate = self.setup.result()
        gate.limit_connections(ceiling)

    def _rest(self, url: str, seconds: float) -> None:
        """Note that a host has asked another process for a pause of ``seconds``."""
        _, gate = self.setup.result()
        gate.host(url).rest(seconds)

    # --- for the work -----------------------------------------------------------------------------

    def _take(self, number: int, packed: messages.Packed) -> None:
        job = messages.unpack_job(packed)
        self._flights[job.path] = number
        self._jobs.put_nowait(job)

    async def produce(self, put: engine.Put) -> None:
        """The engine's producer: puts the jobs that the parent sends, until it announces that there are no more."""
        while (job := await self._jobs.get()) is not None:
            await put(job)

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        """Decide by the rules for redirects that the parent sent last."""
        assert self._redirects is not None, "jobs come after it"
        return self._redirects.file_redirect(source, target)

    def progress(self, path: str, size: int, offset: int | None = None) -> None:
        number = self._flights.get(path)
        if number is not None:
            self.send((messages.PROGRESS, number, size, offset))

    def finished(self, result: Result) -> None:
        self.send((messages.RESULT, self._flights.pop(result.path), messages.pack_result(result)))

    def rested(self, url: str, seconds: float) -> None:
        """A host asked for a pause."""
        self.send((messages.PAUSE, url, seconds))

    def retried(self, attempt: int, wait: float, error: Exception) -> None:
        self.send((messages.RETRY, attempt, wait, getattr(error, "url", ""), str(error)))

    def warn(self, text: str) -> None:
        """Report a problem that does not end this process."""
        self.send((messages.WARN, text))

    def broke(self, error: BaseException) -> None:
        """Report the error because of which this process cannot continue."""
        if isinstance(error, DestinationError):
            self.send((messages.FATAL, error.exit_code, str(error)))
        else:
            self.send((messages.FATAL, 1, f"{type(error).__name__}: {error}"))


class _Rate:
    """A rate that the parent enforces, with the interface of ``aiolimiter.AsyncLimiter`` that the gate uses."""

    max_rate = float(1 << 62)
    """Maximum amount of one request, practically unlimited: the parent splits large ones."""

    def __init__(self, parent: _Parent, what: str) -> None:
        self._parent, self._what = parent, what

    async def acquire(self, amount: float = 1) -> None:
        await self._parent.ask(messages.ACQUIRE, self._what, amount)


class _Destination(LocalDestination):
    """The destination of this process; reports a failed disk to the parent before the files that were lost by it."""

    def __init__(self, parent: _Parent, setup: WorkerSetup) -> None:
        config = setup.config
        super().__init__(Path(setup.directory), fsync=config.fsync, trash_seconds=config.trash_seconds, own=setup.own)
        self._parent = parent

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        try:
            return await super().commit(batch)
        except DestinationError as error:
            self._parent.broke(error)
            raise


class _State(NullState):
    """Stands in for the state, which the parent keeps: has it doubt its records before a batch of files is named."""

    def __init__(self, parent: _Parent, *, knew_files: bool) -> None:
        super().__init__()
        self._parent, self.knew_files = parent, knew_files

    async def doubt(self, paths: Collection[str]) -> None:
        await self._parent.ask(messages.DOUBT, list(paths))
