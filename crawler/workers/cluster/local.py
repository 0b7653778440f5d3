"""``--cluster local``: workers in child processes of this machine, each at the other end of a socket."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Self

from crawler.model import limits
from crawler.workers.channel import Channel
from crawler.workers.child_process import ChildProcess, WorkerProcesses
from crawler.workers.cluster import shards
from crawler.workers.cluster.carrier import Changed, Deliver
from crawler.workers.cluster.shards import Sealed, Settings, seal

# Kinds of messages between the two ends, followed by their values.

# From the client to a worker.
SETTINGS = 0
"""(token, sealed Settings): the first message."""
TELL = 1
"""(number, message of ``shards``): the reply is TOLD."""
SHARD = 2
"""(name, sealed Shard): the reply is DONE."""
LEAVE = 3
"""(): no more messages will come."""

# From a worker to the client.
TOLD = 10
"""(number): the message has been handled."""
DONE = 11
"""(name, sealed Done): what became of a shard."""
EVENT = 12
"""(message of ``shards``)."""

PATIENCE = 10.0
"""Time limit in seconds for the reply to TELL."""
_END_SECONDS = 10.0
"""How long, in seconds, a worker may take to end after it was told to. By then it has nothing left to do but to close
its connections."""
_LOOK_SECONDS = 0.2
"""How often it is then checked whether somebody has stopped a worker."""


def name_of(pid: int) -> str:
    """What a worker is called in messages, and by its client."""
    return f"process {pid}"


class LocalConnection:
    """Implements ``carrier.Connection`` with sockets to child processes.

    An async context manager: entering it connects them, leaving it waits for them to end.
    """

    can_grow = is_lost = False
    shard_limits = (limits.BATCH_FILES, 16 * limits.MIB)
    """With fewer files, a worker would find fewer that can share a connection, and open more connections."""
    address = "local"

    def __init__(self, children: WorkerProcesses, warn: Callable[[str], None]) -> None:
        self._missing, self._wanted, self._warn = children.wanted - len(children.started), children.wanted, warn
        self._workers = {name_of(child.process.pid): _Worker(self, child) for child in children.started}
        self._left: list[str] = []
        """Addresses of workers of whose end nobody was told yet."""
        self._deliver: Deliver = lambda _message: None
        self._changed: Changed | None = None
        self._looking: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        if self._missing:
            self._warn(f"could not start {self._missing} of {self._wanted} worker processes")
        for worker in self._workers.values():
            await worker.connect(worker.child.connection)
        return self

    async def __aexit__(self, *exception: object) -> None:
        for worker in self._workers.values():
            worker.send((LEAVE,))
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                for worker in self._workers.values():
                    await worker.gone.wait()
        for worker in self._workers.values():
            worker.kill()
        if self._looking is not None:
            self._looking.cancel()

    def set_up(self, token: str, settings: Settings) -> None:
        """Send what workers need to know of the run."""
        sealed = seal(settings)
        for worker in self._workers.values():
            worker.send((SETTINGS, token, sealed))

    async def workers(self) -> list[str]:
        return list(self._workers)

    def listen(self, deliver: Deliver, changed: Changed) -> None:
        self._deliver, self._changed = deliver, changed
        asyncio.get_running_loop().call_soon(self._tell_who_left)

    def unsubscribe(self) -> None:
        self._changed = None

    async def tell(self, message: Sequence[Any], workers: Sequence[str]) -> bool:
        if message[0] in {shards.STOP, shards.END} and self._looking is None:
            self._kill_stopped()
        replies = [self._workers[address].ask(message) for address in workers]
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                return all(await asyncio.gather(*replies))
        return False

    def _kill_stopped(self) -> None:
        """From now on kill workers that somebody has stopped with a signal: nobody should wait for them any more."""
        from crawler.storage.processes import is_stopped  # imported only if needed

        for worker in self._workers.values():
            if not worker.gone.is_set() and is_stopped(worker.child.process.pid):
                worker.child.process.kill()
        self._looking = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._kill_stopped)

    def submit(self, shard: Sealed, worker: str, name: str) -> Any:
        return self._workers[worker].do(name, shard)

    async def result(self, submitted: asyncio.Future[Sealed]) -> Sealed:
        return await submitted

    def release(self, submitted: asyncio.Future[Sealed]) -> None:
        submitted.cancel()

    def why_gone(self, address: str) -> str:
        return self._workers[address].how_ended

    def deliver(self, message: list[Any]) -> None:
        """Pass on a message of a worker."""
        self._deliver(message)

    def left(self, worker: _Worker) -> None:
        """Note that a worker process has been reaped."""
        self._left.append(name_of(worker.child.process.pid))
        self._tell_who_left()

    def _tell_who_left(self) -> None:
        if self._changed is not None:
            left, self._left = self._left, []
            for address in left:
                self._changed(address, False)


class _Worker(Channel):
    """The connection to one worker process."""

    def __init__(self, connection: LocalConnection, child: ChildProcess) -> None:
        super().__init__()
        self._connection, self.child = connection, child
        self.gone = asyncio.Event()
        """Set once the process has been reaped."""
        self.how_ended = ""
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[bool]] = {}
        self._shards: dict[str, asyncio.Future[Sealed]] = {}
        self._is_alive = True

    def ask(self, message: Sequence[Any]) -> asyncio.Future[bool]:
        """Send a message of ``shards``. Returns whether the worker has handled it."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        number = next(self._numbers)
        if self._is_alive:
            self._asked[number] = answer
            self.send((TELL, number, list(message)))
        else:
            answer.set_result(False)
        return answer

    def do(self, name: str, shard: Sealed) -> asyncio.Future[Sealed]:
        """Send a shard. Its result never arrives if the process ends first."""
        self._shards[name] = done = asyncio.get_running_loop().create_future()
        self.send((SHARD, name, shard))
        return done

    def kill(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self.child.kill()

    def received(self, kind: int, *values: Any) -> None:
        if kind == EVENT:
            self._connection.deliver(values[0])
        elif kind == TOLD:
            _settle(self._asked.pop(values[0], None), True)
        elif kind == DONE:
            _settle(self._shards.pop(values[0], None), values[1])

    def connection_lost(self, error: Exception | None) -> None:
        """The process has ended, on request or by itself."""
        self._is_alive = False
        asked, self._asked = self._asked, {}
        for answer in asked.values():
            _settle(answer, False)
        reaping = asyncio.get_running_loop().run_in_executor(None, self.child.process.wait)
        reaping.add_done_callback(lambda done: self._reaped(done.result()))

    def _reaped(self, code: int) -> None:
        how = f" by {signal.Signals(-code).name}" if code < 0 else f" with code {code}" if code else ""
        self.how_ended = f"ended{how}"
        self.gone.set()
        self._connection.left(self)


def _settle(future: asyncio.Future[Any] | None, value: object) -> None:
    if future is not None and not future.done():
        future.set_result(value)
