"""The process that receives and stores bodies for ``filler``, with an interpreter lock of its own.

Standard input is a socket to the parent. Each message names a new part and brings the descriptor of a connection from
which its body is to be received; it is answered when the body is complete or nothing more can arrive. Nothing is
decided here: the parent sees in shared memory how much has arrived, watches the time, and ends a body by ending its
connection. One loop receives all bodies, because threads would pass the interpreter lock on with each call.

For the way in which the process ends, and why it imports so little, see ``saver_process``.
"""

from __future__ import annotations

import _socket
import marshal
import mmap
import os
import select

from crawler.storage.directory.incoming.receiving.part_stream import EIO, PartStream
from crawler.storage.life_line import COUNTS, begun, received

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.storage.directory.incoming.receiving.series_process import Series, SeriesOrder

    Order = tuple[int, str, Sequence[bytes], int, bool]
    """What to receive: (number of the body, name of its part, its first bytes, number of further bytes, whether a
    digest is wanted)."""

    Outcome = tuple[int, int, int, int, str, bytes]
    """(Number of the body, how many bytes were received, error number of the connection or 0, that of the disk or 0,
    SHA-256 in hex if all is there, its last bytes from a possible status line on)."""

READY = b"ready"
BODIES = 8
"""Maximum number of bodies and series at a time, whose numbers are below this."""
MESSAGE = 64 * 1024
"""Maximum size of a message with an order; a longer one is in memory of its own."""
OUTCOME = 128 * 1024
"""Enough bytes for an outcome."""
_PIECE = 1024 * 1024
"""Number of bytes that are received at once, if so many have arrived."""


def main() -> None:
    """Serve until the parent closes the connection."""
    given = begun()
    if given is None:
        return
    connection, (memory, parts) = given
    connection.send(READY)
    serve(connection, parts, memoryview(mmap.mmap(memory, 0)).cast("d"))


def serve(connection: _socket.socket, parts: int, shared: memoryview[float]) -> None:
    """Receive what is ordered on ``connection`` into ``parts``, an open directory, until it is closed."""
    ready, orders = select.epoll(), connection.fileno()
    ready.register(orders, select.EPOLLIN)
    bodies: dict[int, Body | Series] = {}
    memory = memoryview(bytearray(_PIECE))
    while True:
        readable = {number for number, _ in ready.poll()}
        if orders in readable:
            message, descriptors = received(connection, 2, MESSAGE)
            if not message:
                return
            source, *own = descriptors
            body = _begun(marshal.loads(_content(own[0]) if own else message), source, parts, shared)
            bodies[source] = body
            ready.register(source, select.EPOLLIN)
        else:
            body = next(each for number, each in bodies.items() if number in readable)
            body.receive(memory)
        if body.is_over:
            ready.unregister(body.source)
            del bodies[body.source]
            connection.send(marshal.dumps(body.outcome()))


def _begun(order: Order | SeriesOrder, source: int, parts: int, shared: memoryview[float]) -> Body | Series:
    if isinstance(order[1], str):
        return Body(order, source, parts, shared)
    from crawler.storage.directory.incoming.receiving.series_process import Series  # imported only if needed

    return Series(order, source, parts, shared)


def _content(memory: int) -> bytes:
    """What is in ``memory``, which is closed."""
    try:
        return os.pread(memory, os.fstat(memory).st_size, 0)
    finally:
        os.close(memory)


class Body:
    """A body that is being received."""

    def __init__(self, order: Order, source: int, parts: int, shared: memoryview[float]) -> None:
        """``source``: the connection, which does not block, and is closed at the end."""
        self._number, name, pieces, self._left, is_hashed = order
        self.source, self._shared = source, shared
        self._part: PartStream | None = None
        self._count = 0
        self._network = self._disk = 0
        """The numbers of the errors that have ended it."""
        self.is_over = False
        """Whether all has arrived or nothing more can."""
        shared[COUNTS + self._number] = 0
        try:
            self._part = PartStream(name, parts, shared, is_hashed=is_hashed)
            for piece in pieces:
                self._part.store(piece)
        except OSError as error:
            self._disk, self.is_over = error.errno or EIO, True

    def receive(self, memory: memoryview) -> None:
        """Store what has arrived."""
        if self.is_over or self._part is None:
            return
        try:
            size = os.readv(self.source, (memory[: self._left],))
        except BlockingIOError:
            return
        except OSError as error:
            self._network, self.is_over = error.errno or EIO, True
            return
        self._count += size
        self._left -= size
        self._shared[COUNTS + self._number] = self._count
        try:
            self._part.store(memory[:size])
        except OSError as error:
            self._disk, self.is_over = error.errno or EIO, True
        if not size or not self._left:
            self.is_over = True

    def outcome(self) -> Outcome:
        """What has become of it. Closes its files."""
        os.close(self.source)
        digest, ending = "", b""
        if (part := self._part) is not None:
            try:
                if not (self._left or self._network or self._disk):
                    ending, digest = part.ending(), part.digest
                part.close()
            except OSError as error:
                self._disk, ending, digest = error.errno or EIO, b"", ""
        start = ending.find(b"HTTP/1.")
        return self._number, self._count, self._network, self._disk, digest, ending[start:] if start >= 0 else b""
