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
from hashlib import sha256
from time import monotonic

from crawler.storage.life_line import begun, received

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Sequence

    Order = tuple[int, str, Sequence[bytes], int, bool]
    """What to receive: (number of the body, name of its part, its first bytes, number of further bytes, whether a
    digest is wanted)."""

    Outcome = tuple[int, int, int, int, str, bytes]
    """(Number of the body, how many bytes were received, error number of the connection or 0, that of the disk or 0,
    SHA-256 in hex if all is there, its last bytes from a possible status line on)."""

READY = b"ready"
BODIES = 8
"""Maximum number of bodies at a time, whose numbers are below this."""
MESSAGE = 64 * 1024
"""Enough bytes for an order."""
OUTCOME = 128 * 1024
"""Enough bytes for an outcome."""
STORED, SINCE, COUNTS = 0, 1, 2
"""Places in the shared memory, of floats: the seconds spent on hashing and writing, since when it is doing that or 0,
and for each body how many bytes have arrived."""
_PIECE = 1024 * 1024
"""Number of bytes that are received at once, if so many have arrived."""
_ENDING = 64 * 1024
"""Number of bytes at the end of a body in which a status line is looked for; see ``text.http_fields.ENDING``."""
_EIO = 5
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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
    bodies: dict[int, Body] = {}
    memory = memoryview(bytearray(_PIECE))
    while True:
        for number, _ in ready.poll():
            if number == orders:
                message, descriptors = received(connection, 2, MESSAGE)
                if not message:
                    return
                body = Body(marshal.loads(message), descriptors[0], _content(descriptors[1:]), parts, shared)
                bodies[body.source] = body
                ready.register(body.source, select.EPOLLIN)
            else:
                body = bodies[number]
                body.receive(memory)
            if body.is_over:
                ready.unregister(body.source)
                del bodies[body.source]
                connection.send(marshal.dumps(body.outcome()))


def _content(memories: Sequence[int]) -> list[bytes]:
    """What is in memory that came with an order. Closes it."""
    found = []
    for memory in memories:
        found.append(os.pread(memory, os.fstat(memory).st_size, 0))
        os.close(memory)
    return found


class Body:
    """A body that is being received."""

    def __init__(
        self, order: Order, source: int, first: Sequence[bytes], parts: int, shared: memoryview[float]
    ) -> None:
        """``source``: the connection, which does not block, and is closed at the end. ``first``: its first bytes."""
        self._number, name, pieces, self._left, is_hashed = order
        pieces = [*first, *pieces]
        self.source, self._shared = source, shared
        self._hashing = sha256() if is_hashed else None
        self._part, self._count, self._ending = -1, 0, b""
        self._network = self._disk = 0
        """The numbers of the errors that have ended it."""
        self.is_over = False
        """Whether all has arrived or nothing more can."""
        shared[COUNTS + self._number] = 0
        try:
            self._part = os.open(name, _CREATE, 0o666, dir_fd=parts)
            for piece in pieces:
                self._store(piece)
        except OSError as error:
            self._disk, self.is_over = error.errno or _EIO, True
        self._ending = b"".join(pieces)[-_ENDING:]

    def receive(self, memory: memoryview) -> None:
        """Store what has arrived."""
        if self.is_over:
            return
        try:
            size = os.readv(self.source, (memory[: self._left],))
        except BlockingIOError:
            return
        except OSError as error:
            self._network, self.is_over = error.errno or _EIO, True
            return
        self._count += size
        self._left -= size
        self._shared[COUNTS + self._number] = self._count
        try:
            self._store(memory[:size])
        except OSError as error:
            self._disk, self.is_over = error.errno or _EIO, True
        if self._left <= 2 * _ENDING:
            self._ending = (self._ending + bytes(memory[:size][-_ENDING:]))[-_ENDING:]
        if not size or not self._left:
            self.is_over = True

    def _store(self, data: bytes | memoryview) -> None:
        shared = self._shared
        shared[SINCE] = began = monotonic()
        try:
            if self._hashing is not None:
                self._hashing.update(data)
            while len(data):
                data = data[os.write(self._part, data) :]
        finally:
            shared[STORED] += monotonic() - began
            shared[SINCE] = 0

    def outcome(self) -> Outcome:
        """What has become of it. Closes its files."""
        os.close(self.source)
        if self._part >= 0:
            try:
                os.close(self._part)  # may report a write that failed late: NFS, quota
            except OSError as error:
                self._disk = error.errno or _EIO
        is_whole = not (self._left or self._network or self._disk)
        digest = self._hashing.hexdigest() if is_whole and self._hashing is not None else ""
        start = self._ending.find(b"HTTP/1.")
        ending = self._ending[start:] if is_whole and start >= 0 else b""
        return self._number, self._count, self._network, self._disk, digest, ending
