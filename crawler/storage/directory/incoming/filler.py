"""Hands long bodies to processes that receive and store them (``filler_process``) while the event loop goes on.

Threads that receive bodies pass the interpreter lock back and forth with the loop, and with each other. The processes
do what such a thread does, for parts that are new; what a response means, and how long it may take, is decided here.
"""

from __future__ import annotations

import asyncio
import marshal
import mmap
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from crawler.model.interfaces import BulkBody
from crawler.model.network.receiving import Order
from crawler.model.struct import Struct
from crawler.storage.directory.incoming.filler_process import BODIES, MESSAGE, OUTCOME, READY
from crawler.storage.directory.incoming.receiving.series import Series
from crawler.storage.directory.tree import close_quietly, write_all
from crawler.storage.life_line import COUNTS, SINCE, STORED
from crawler.storage.processes import HelperProcess, is_stopped
from crawler.text.http_fields import ENDING

_MEMORY = 8 * (COUNTS + BODIES)
_LOOK_SECONDS = 0.1
"""How often it is looked how much has arrived, and whether a process goes on."""
_START_SECONDS = 10.0
"""Seconds within which a process must have started."""
_HURRY_SECONDS = 3.0
"""Seconds within which a body must end once nobody waits for more of it."""


class Filled(Struct):
    """What a process has done."""

    count: int
    """Number of bytes received."""
    network: int | None
    """Number of the error of the connection, 0 for none; None if the process is gone: what it has stored is there."""
    disk: int = 0
    """Number of the error of the disk; 0 for none."""
    digest: str = ""
    """SHA-256 of the part in hex; "" if it is incomplete, or none was wanted."""
    ending: bytes = b""
    """The last bytes of a complete part from a possible status line on; empty if there is none in the last ENDING."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing has failed."""
        return self.network == 0 and not self.disk

    @property
    def padded_ending(self) -> bytes:
        """As many bytes as are looked at, with zeros in which no response begins before ``ending``."""
        return bytes(ENDING - len(self.ending)) + self.ending


class _Ordered(Struct):
    body: BulkBody
    size: int
    """Number of bytes that are due."""
    settle: Callable[[Sequence[Any]], None]
    """Called with the outcome."""
    lose: Callable[[int], None]
    """Called instead with the number of bytes that had arrived if the process is gone."""
    parts: Sequence[str] = ()
    """The names of parts that are nobody's before the outcome is known."""
    useless_since: float = float("inf")
    """Since when nobody waits for more."""


class Filler:
    """One of the processes. Belongs to the event loop. Raises OSError if there can be none.

    ``parts``: descriptor of DIR/.crawler/parts, which belongs to the caller.
    """

    def __init__(self, parts: int) -> None:
        self._bodies: dict[int, _Ordered] = {}
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._look: asyncio.TimerHandle | None = None
        self._looks = 0
        self._stored = 0.0
        """Seconds that the process had spent on storing at the last look."""
        self._began = time.monotonic()
        self._is_ready = self.is_lost = False
        """Whether it has started, and whether it was given up after that."""
        self.is_open = True
        self._reserved = 0
        """Number of series that are still to be ordered."""
        memory = os.memfd_create("counts", os.MFD_CLOEXEC)
        try:
            os.truncate(memory, _MEMORY)
            self._memory = mmap.mmap(memory, _MEMORY)
            self._shared = memoryview(self._memory).cast("d")
            self._process = HelperProcess(f"{__name__}_process", [memory, parts])
        finally:
            close_quietly(memory)
        self._connection = self._process.connection
        self._connection.setblocking(False)
        self._loop.add_reader(self._connection, self._read)

    @property
    def load(self) -> int:
        """Number of bytes that it is to receive."""
        return sum(each.size - int(self._shared[COUNTS + number]) for number, each in self._bodies.items())

    @property
    def is_able(self) -> bool:
        """Whether it takes another body."""
        return self.is_open and len(self._bodies) + self._reserved < BODIES

    def reserve(self, count: int) -> None:
        """Keep room for ``count`` more series, or for fewer if that is negative."""
        self._reserved += count

    def fill(self, name: str, pieces: Sequence[bytes], body: BulkBody, *, is_hashed: bool) -> asyncio.Future[Filled]:
        """Order the process to store ``pieces`` and ``body`` in a new part; which it must be able to.

        ``body.end_elsewhere`` must follow.
        """
        filled: asyncio.Future[Filled] = self._loop.create_future()
        self._order(
            [name, list(pieces), body.length, is_hashed],
            _Ordered(
                body,
                body.length,
                lambda outcome: filled.set_result(Filled(*outcome)),
                lambda count: filled.set_result(Filled(count, None)),
            ),
        )
        return filled

    def receive(
        self, names: Sequence[str], order: Order, body: BulkBody, *, is_hashed: bool
    ) -> asyncio.Future[Series | None]:
        """Order the process to carry out ``order`` in new parts called ``names``; which it must be able to.

        ``body`` stands for all responses. The parts are removed if the result is None, because the process is gone, and
        if the future is cancelled.
        """
        received: asyncio.Future[Series | None] = self._loop.create_future()

        def settle(count: int, outcome: Series | None) -> None:
            body.end_elsewhere(count, None if outcome is None else 0, b"", b"")
            if outcome is None or received.done():
                self._remove(names)
            if not received.done():
                received.set_result(outcome)

        self._order(
            [list(names), order.requests, order.sizes, order.depth, is_hashed],
            _Ordered(
                body,
                sum(order.sizes),
                lambda outcome: settle(outcome[0], Series(*outcome[1:])),
                lambda count: settle(count, None),
                names,
            ),
        )
        return received

    def _order(self, order: Sequence[Any], ordered: _Ordered) -> None:
        """Pass ``order`` to the process, without its number."""
        number = next(number for number in range(BODIES) if number not in self._bodies)
        self._shared[COUNTS + number] = 0
        self._bodies[number] = ordered
        try:
            self._send(marshal.dumps((number, *order)), ordered.body)
        except OSError:
            self._lose()
        if self._look is None and self._bodies:
            self._stored = self._busy()
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_at_all)

    def _send(self, order: bytes, body: BulkBody) -> None:
        """Send ``order``, in memory of its own if there is more than fits in a message. Raises OSError."""
        descriptors = [body.begin_elsewhere()]
        try:
            if len(order) > MESSAGE:
                descriptors.append(os.memfd_create("order", os.MFD_CLOEXEC))
                write_all(descriptors[1], order)
                order = b"-"
            socket.send_fds(self._connection, [order], descriptors)
        finally:
            for descriptor in descriptors[1:]:
                close_quietly(descriptor)

    def _remove(self, parts: Sequence[str]) -> None:
        for name in parts:
            with suppress(OSError):  # some have not been created
                os.unlink(name, dir_fd=self._parts)

    def _read(self) -> None:
        try:
            message = self._connection.recv(OUTCOME)
            if message == READY:
                self._is_ready = True
                return
            number, *outcome = marshal.loads(message)
            taken = self._bodies.pop(number)
        except BlockingIOError:
            return
        except (OSError, ValueError, EOFError, TypeError, KeyError):
            self._lose()
            return
        taken.settle(outcome)

    def _busy(self) -> float:
        stored, since = self._shared[STORED], self._shared[SINCE]
        return float(stored + (time.monotonic() - since if since else 0.0))

    def _look_at_all(self) -> None:
        """Tell all bodies how much has arrived, and end the process if it does not go on."""
        self._look, now = None, time.monotonic()
        before, self._stored = self._stored, self._busy()
        for number, each in tuple(self._bodies.items()):
            if not each.body.arrived(int(self._shared[COUNTS + number]), max(0.0, self._stored - before)):
                each.useless_since = min(each.useless_since, now)
        self._looks += 1
        is_late = not self._is_ready and now - self._began >= _START_SECONDS
        is_late = is_late or any(now - each.useless_since >= _HURRY_SECONDS for each in self._bodies.values())
        if is_late or (self._looks % 5 == 0 and is_stopped(self._process.number)):
            self._lose()
        elif self._bodies:
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_at_all)

    def _lose(self) -> None:
        self.is_lost = self._is_ready
        self._end()
        counts = [int(self._shared[COUNTS + number]) for number in self._bodies]
        self.reap()  # nothing may be written any more
        bodies, self._bodies = self._bodies, {}
        for each, count in zip(bodies.values(), counts, strict=True):
            each.lose(count)

    def _end(self) -> None:
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._connection)
            self._process.leave()
            if self._look is not None:
                self._look.cancel()

    def close(self) -> None:
        """End the process, which must not be receiving anything; ``reap`` must follow."""
        self._end()

    def reap(self) -> None:
        """Wait until the process has ended."""
        self._process.close()
        for each in self._bodies.values():
            self._remove(each.parts)
        self._shared.release()
        self._memory.close()
