"""One worker process of ``--processes``, as the parent sees it: its jobs, and the messages that it sends."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Collection
from itertools import count
from typing import Any, Protocol

from crawler.http.pacing.gate import Gate
from crawler.model import limits
from crawler.model.errors import DestinationError, FetchError
from crawler.model.interfaces import Redirects
from crawler.model.observer import Observer
from crawler.model.state.host_limits import HostLimits
from crawler.model.struct import Struct, Value
from crawler.model.values import Job, Result
from crawler.workers import messages
from crawler.workers.channel import Channel
from crawler.workers.child_process import ChildProcess
from crawler.workers.messages import Packed, WorkerSetup

_LOG = logging.getLogger("crawler")
_LOAD_BYTES = limits.MIB
"""Bytes of a file that count as much load as a small file."""


class WorkerDied(Exception):
    """The worker that was doing the job has ended."""


class PoolCallbacks(Value, frozen=True, kw_only=True):
    """Callbacks that the pool calls on behalf of its workers."""

    observer: Observer
    doubt: Callable[[Collection[str]], Awaitable[None]]
    """Calls ``StateStore.doubt``."""
    warn: Callable[[str], None]
    announce_retry: Callable[[int, float, Exception], None]
    """Called with (number of the next attempt, seconds until it starts, error of the last attempt)."""


class _JobInFlight(Struct, kw_only=True):
    """A job that a worker is doing."""

    job: Job
    done: asyncio.Future[Result]
    reported: int = 0
    """Number of bytes reported to the observer."""
    started: bool = False
    """Whether the observer was told that the job has started."""

    @property
    def load(self) -> int:
        return 1 if self.job.size is None else 1 + self.job.size.low // _LOAD_BYTES


class Pool(Protocol):
    """The part of ``ProcessPool`` that a worker uses, besides the callbacks."""

    @property
    def error(self) -> Exception | None: ...
    def fail(self, error: Exception) -> None: ...
    def divide_connections(self) -> None: ...
    def wake(self) -> None: ...
    def pause(self, url: str, seconds: float, source: Worker) -> None: ...
    def late(self, result: Result) -> None: ...
    def learnt(self, hosts: dict[str, HostLimits]) -> None: ...


class Worker(Channel):
    """One worker process, the connection to it, and its jobs."""

    def __init__(self, pool: Pool, child: ChildProcess, gate: Gate, callbacks: PoolCallbacks) -> None:
        super().__init__()
        self._pool, self._child, self._gate, self._callbacks = pool, child, gate, callbacks
        self._numbers = count(1)
        self._redirects: Redirects | None = None
        """The rules for redirects that were last sent to the worker."""
        self._requests: set[asyncio.Task[None]] = set()
        """Tasks for the worker's requests for which GRANTED has not been sent."""
        self.in_flight: dict[int, _JobInFlight] = {}
        self.load = 0
        self.is_alive = True
        self.gone = asyncio.Event()
        """Set once the process has been reaped."""

    async def set_up(self, setup: WorkerSetup) -> None:
        """Connect, and send the settings of the run."""
        await self.connect(self._child.connection)
        self.send((messages.SETUP, setup))

    def kill(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self._child.kill()

    async def fetch(self, job: Job, redirects: Redirects) -> Result:
        """Have the worker do ``job``. Raises WorkerDied, or the error of a worker that cannot continue."""
        if redirects is not self._redirects:
            self._redirects = redirects
            self.send((messages.REDIRECTS, redirects))
        number = next(self._numbers)
        pending = _JobInFlight(job=job, done=asyncio.get_running_loop().create_future())
        self.in_flight[number] = pending
        self.load += pending.load
        self.send((messages.JOB, number, messages.pack_job(job)))
        return await pending.done

    def received(self, kind: int, *values: object) -> None:
        _HANDLERS[kind](self, *values)

    def connection_lost(self, error: Exception | None) -> None:
        """The process has ended, on request or by itself."""
        self.is_alive = False
        for task in self._requests:
            task.cancel()
        self._pool.divide_connections()
        self._pool.wake()
        lost, self.in_flight = self.in_flight, {}
        for pending in lost.values():
            if not pending.done.done():
                pending.done.set_exception(self._pool.error or WorkerDied())
        reaping = asyncio.get_running_loop().run_in_executor(None, self._child.process.wait)
        reaping.add_done_callback(lambda done: self._reaped(done.result(), len(lost)))

    def _reaped(self, code: int, lost: int) -> None:
        if code and self._pool.error is None:
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
            self._callbacks.warn(
                f"worker process {self._child.process.pid} ended {how}; its {lost} files are retried by others"
            )
        self.gone.set()

    def _on_acquire(self, number: int, rate: str, amount: int) -> None:
        gate = self._gate
        self._grant(number, gate.acquire_bytes(amount) if rate == messages.BYTES else gate.acquire_request())

    def _on_doubt(self, number: int, paths: list[str]) -> None:
        self._grant(number, self._callbacks.doubt(paths))

    def _grant(self, number: int, request: Awaitable[None]) -> None:
        task = asyncio.get_running_loop().create_task(self._grant_after(number, request))
        self._requests.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        """Handle the end of a request of the worker. If it failed, it is not granted, so the worker must not wait."""
        self._requests.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._pool.fail(error)
            self.kill()

    async def _grant_after(self, number: int, request: Awaitable[None]) -> None:
        await request
        self.send((messages.GRANTED, number))

    def _on_result(self, number: int, packed: Packed) -> None:
        pending = self.in_flight.pop(number)
        result = messages.unpack_result(packed, pending.job.path)
        self.load -= pending.load
        self._pool.wake()
        self._report(pending, result.received - pending.reported)
        if pending.done.done():
            self._pool.late(result)
        else:
            pending.done.set_result(result)

    def _on_progress(self, number: int, size: int, offset: int | None) -> None:
        pending = self.in_flight.get(number)
        if pending is not None:
            self._report(pending, size)
            if offset is not None:
                self._callbacks.observer.resumed(pending.job, offset)

    def _report(self, pending: _JobInFlight, size: int) -> None:
        observer = self._callbacks.observer
        if not pending.started:
            pending.started = True
            observer.started(pending.job)
        pending.reported += size
        observer.received(pending.job, size)

    def _on_pause(self, url: str, seconds: float) -> None:
        self._pool.pause(url, seconds, self)

    def _on_log(self, level: int, event: str, fields: dict[str, Any]) -> None:
        _LOG.log(level, event, extra={"fields": fields})

    def _on_retry(self, attempt: int, wait: float, url: str, reason: str) -> None:
        self._callbacks.announce_retry(attempt, wait, FetchError(reason, url=url))

    def _on_fatal(self, code: int, text: str) -> None:
        self._pool.fail(DestinationError(text) if code == DestinationError.exit_code else RuntimeError(text))

    def _on_learnt(self, hosts: dict[str, HostLimits]) -> None:
        self._pool.learnt(hosts)

    def _on_warn(self, text: str) -> None:
        self._callbacks.warn(text)


_HANDLERS: dict[int, Callable[..., None]] = {
    messages.RESULT: Worker._on_result,
    messages.PROGRESS: Worker._on_progress,
    messages.PAUSE: Worker._on_pause,
    messages.ACQUIRE: Worker._on_acquire,
    messages.DOUBT: Worker._on_doubt,
    messages.LOG: Worker._on_log,
    messages.RETRY: Worker._on_retry,
    messages.FATAL: Worker._on_fatal,
    messages.LEARNT: Worker._on_learnt,
    messages.WARN: Worker._on_warn,
}
"""Kind of a worker's message → its handler."""
