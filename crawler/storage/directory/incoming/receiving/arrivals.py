"""What the process that stores new files (``saver_process``) does about their bodies before: it receives them.

It requests small files on connections that its parent lends it, and leaves their bodies in memory that it shares with
the parent. Nothing is decided here: at the first response that is not like those before it, of exactly the size that
was ordered, a connection is done with, and the parent requests the rest itself. What is here is stored when the parent
says so.
"""

from __future__ import annotations

import marshal
import mmap
import os
import select
import time

from crawler.model.network.alike_responses import AlikeResponses
from crawler.storage.life_line import COUNTS, SINCE, STORED, acknowledge, has_more, received

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Sequence

    from crawler.model.network.receiving import HeadPattern

    Order = tuple[int, list[bytes], list[int], int, Sequence[HeadPattern], bytes]
    """What to receive: (number of its place in memory, requests, sizes of the bodies, how many requests may be in
    flight, patterns of the header sections, a regular expression for what no body may hold)."""

    Answer = tuple[int, bool, bool, int, list[str | None], list[str | None], list[str | None]]
    """(Number of the place, whether all has arrived, whether more has followed, size of a body that is not the ordered
    one or -1, and of each response: Last-Modified, ETag, Date)."""

FILES = 256
"""Maximum number of files of an order."""
PLACE = 1024 * 1024
"""Maximum total size of the bodies of an order."""
PLACES = 24
"""Maximum number of orders whose bodies are in memory: of those that are being received, or wait to be stored."""
COUNTED = mmap.PAGESIZE
"""Size of the part of the shared memory with the numbers; the bodies are behind it."""
SIZE = COUNTED + PLACES * PLACE
MESSAGE = 256 * 1024
"""Enough bytes for an order, or for an answer."""
_BUFFER = PLACE + 256 * 1024
"""Size of the memory for what arrives: a body that is not complete, and what is received at once."""


class Arrivals:
    """All orders that are being carried out. The oldest goes first, so that its files can be stored soon."""

    def __init__(self, orders: int, memory: int) -> None:
        """``orders``: a socket on which they arrive; ``memory``: see SIZE."""
        from _socket import socket

        self._orders = socket(fileno=orders)
        self._memory = memoryview(mmap.mmap(memory, SIZE))
        self._shared = self._memory[:COUNTED].cast("d")
        self._buffer = bytearray(_BUFFER)
        self._ready = select.poll()
        self._ready.register(self._orders, select.POLLIN)
        self._open: dict[int, _Arrival] = {}
        self._orders.send(b"%d" % os.getpid())

    def bodies(self, starts: Sequence[int], sizes: Sequence[int]) -> list[memoryview]:
        """Bodies in the shared memory, of which each has its start and its size."""
        return [self._memory[start : start + size] for start, size in zip(starts, sizes, strict=True)]

    def storing(self, *, is_over: bool) -> None:
        """Note that files are stored from now on, or that this is over: nothing is received meanwhile."""
        now, since = time.monotonic(), self._shared[SINCE]
        self._shared[SINCE] = 0.0 if is_over else now
        if is_over:
            self._shared[STORED] += now - since

    def until_readable(self, other: socket) -> None:
        """Receive until ``other`` has a message."""
        number, orders = other.fileno(), self._orders.fileno()
        self._ready.register(number, select.POLLIN)
        while True:
            ready = {each for each, _ in self._ready.poll()}
            if number in ready:
                return
            if orders in ready:
                self._begin()
            else:
                self._go_on(next(each for each in self._open if each in ready))

    def _begin(self) -> None:
        message, descriptors = received(self._orders, 1, MESSAGE)
        if not message:  # nobody waits for what is being received
            self._ready.unregister(self._orders)
            for number in tuple(self._open):
                self._end(number)
            return
        order = marshal.loads(message)
        if not descriptors:  # no more may be open here
            self._orders.send(marshal.dumps((order[0], False, False, -1, [], [], [])))
            return
        number = descriptors[0]
        self._open[number] = _Arrival(order, number, self._memory, self._shared, self._buffer)
        self._ready.register(number, select.POLLIN)
        self._look(number)

    def _go_on(self, number: int) -> None:
        self._open[number].receive()
        self._look(number)

    def _look(self, number: int) -> None:
        if self._open[number].is_over:
            self._orders.send(marshal.dumps(self._open[number].answer()))
            self._end(number)

    def _end(self, number: int) -> None:
        self._ready.unregister(number)
        self._open.pop(number).close()


class _Arrival:
    """The responses to one order."""

    def __init__(
        self, order: Order, connection: int, memory: memoryview, shared: memoryview[float], buffer: bytearray
    ) -> None:
        """``buffer``: of _BUFFER bytes, which all use in turn."""
        from _socket import socket

        self._place, self._requests, sizes, self._depth, patterns, status_line = order
        self._connection, self._shared, self._memory = socket(fileno=connection), shared, memory
        self._connection.setblocking(False)
        self._responses = AlikeResponses(patterns, status_line, sizes)
        self._buffer = buffer
        self._start = COUNTED + self._place * PLACE
        """Where the next body begins in the memory."""
        self._sent, self._rest = 0, b""
        self.is_over = self._is_followed = False
        self._send()

    def _send(self) -> None:
        """Send more requests, once half of those in flight have a response."""
        done, total = len(self._responses), len(self._requests)
        most = min(done + self._depth, total)
        if most > self._sent and (2 * (self._sent - done) <= self._depth or most == total):
            data = b"".join(self._requests[self._sent : most])
            self._sent = most
            try:
                self.is_over = self._connection.send(data) != len(data)
            except OSError:
                self.is_over = True

    def receive(self) -> None:
        """Receive what has arrived."""
        buffer, before = self._buffer, len(self._rest)
        buffer[:before] = self._rest
        view = memoryview(buffer)
        try:
            count = self._connection.recv_into(view[before:])
        except BlockingIOError:
            return
        except OSError:
            count = 0
        self._shared[COUNTS + self._place] += count
        bodies, at = self._responses.read(buffer, before + count)
        for start, stop in bodies:
            after = self._start + stop - start
            self._memory[self._start : after] = view[start:stop]
            self._start = after
        self._rest = bytes(view[at : before + count])
        if not count or self._responses.is_unexpected:
            self.is_over = True
        elif len(self._responses) == len(self._requests):
            self.is_over, self._is_followed = True, bool(self._rest) or has_more(self._connection)
        else:
            acknowledge(self._connection)
            self._send()

    def answer(self) -> Answer:
        """What has become of the order."""
        found, size = self._responses, self._responses.other_size
        is_whole = len(found) == len(self._requests)
        return (
            self._place,
            is_whole,
            self._is_followed,
            -1 if size is None else size,
            found.modified,
            found.etags,
            found.dates,
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
