"""Receives the rest of a long body where it is stored: in a thread, or in another process.

That takes half the CPU time of passing on pieces.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from struct import Struct
from typing import Protocol

from crawler.http.lane.deadline import Deadline, Patience
from crawler.http.lane.loss import End, Ending, explained
from crawler.http.sockets.tcp import has_no_bytes
from crawler.model import limits
from crawler.model.struct import Value
from crawler.text.http_fields import ENDING

_MOMENT = 0.1
"""Seconds between two reports of the number of bytes that have arrived, and for which a full buffer is awaited."""
_TIMEVAL = Struct("@ll")
_FOLLOWING = 4 * limits.KIB
"""Number of bytes behind a body that are enough to see that there are some."""


class Taken(Value, frozen=True):
    """What a receiver has received."""

    count: int
    """Number of bytes of the body."""
    following: bytes = b""
    """The bytes behind the body that have arrived together with its end."""
    ending: bytes = b""
    """The last bytes of the body, up to DOUBTED, if there are such bytes."""


class Lender(Protocol):
    """The lane whose connection a receiver uses."""

    def take_back(self, taken: Taken, end: End | None) -> None:
        """Go on after the receiver, which has ``taken`` something; ``end``: why the connection cannot be used."""


class Loan(Value, frozen=True):
    """The connection of a lane, while a receiver reads from it."""

    lender: Lender
    connection: socket.socket
    """A duplicate, non-blocking."""
    length: int
    """Number of bytes to be received."""
    is_rest: bool
    """Whether these are all that the body still lacks."""
    before: int
    """Number of bytes of the body that have been received already."""
    deadline: Deadline
    """Paused; used by the receiver alone until ``take_back``."""
    patience: Patience


class BulkReceiver:
    """Implements ``responses.BulkBody``. ``receive`` is called in a thread, everything else in the event loop."""

    def __init__(self, loan: Loan, pieces: Sequence[bytes], received: Callable[[int], None]) -> None:
        """``pieces``: bytes of the body that precede the loan. ``received``: called with numbers of bytes of both."""
        self._loan = loan
        self.pieces = pieces
        self._received = received
        self._loop = asyncio.get_running_loop()
        self.length = loan.length
        """Number of bytes that are due."""
        self.count = 0
        """Number of bytes received by this object."""
        self.ending = b""
        """The last ones of them, up to ENDING, once all have been received."""
        self._taken: Taken | None = None
        self._following = b""
        self._late: End | None = None
        """Why another process was to stop receiving."""
        self._looked_at = self._silent = 0.0
        """When ``arrived`` was called last, and for how long nothing had arrived then."""
        self._reported = -sum(map(len, pieces))
        """The part of ``count`` that ``received`` knows."""
        self._reported_at = time.monotonic()
        self._turn = threading.Lock()
        self._has_begun = self._is_stopped = False

    def stop(self) -> None:
        """Make ``receive`` return soon, or at once if it has not been called: nobody waits for more."""
        with self._turn:
            self._is_stopped = True
            if not self._has_begun:
                self._loan.connection.close()
                return
        with suppress(OSError):  # no longer connected
            self._loan.connection.shutdown(socket.SHUT_RD)

    @property
    def is_whole(self) -> bool:
        return self._taken is not None and not self._taken.following

    def receive(self, write: Callable[[bytes | memoryview], memoryview | None], memory: memoryview) -> None:
        with self._turn:
            self._has_begun = True
        end: End | None = None
        try:
            for piece in self.pieces:
                write(piece)
            if not self._is_stopped:
                with _blocking(self._loan.connection):
                    end = self._receive(write, memory)
        finally:
            self._loop.call_soon_threadsafe(self._end, end)

    def _receive(self, write: Callable[[bytes | memoryview], memoryview | None], memory: memoryview) -> End | None:
        """Receive and write until all has arrived or nothing more can; returns why, unless the lane sees it itself.

        Data are written in amounts of BODY_CHUNK even if they arrive in packets, the last ones, which ``_note_end``
        looks at, together.
        """
        left, filled, end = self.length, 0, None
        last = min(left, limits.DOUBTED)
        is_over = False
        while left and not is_over:
            due = left - last if left > last else left
            size, end = self._receive_some(memory[filled:due])
            filled += size
            is_over = not size or end is not None or self._is_stopped
            if is_over or filled == due or (left > last and filled >= limits.BODY_CHUNK):
                if filled == left and end is None:
                    self._note_end(memory[:filled])
                memory = write(memory[:filled]) or memory
                left, filled = left - filled, 0
        return end

    def _note_end(self, data: memoryview) -> None:
        """Note how the body ends, whose last bytes are ``data``: at least DOUBTED, or all that was to be received."""
        self.ending = bytes(data[-ENDING:])
        if self._loan.is_rest:
            following = _arrived(self._loan.connection)
            self._taken = Taken(self.count, following, bytes(data) if following else b"")

    def _receive_some(self, buffer: memoryview) -> tuple[int, End | None]:
        """Wait until ``buffer`` is full, or for a moment, but at least for some data.

        Returns (number of bytes, 0 at the end of the connection; why the lane must end, or None).
        """
        loan, deadline = self._loan, self._loan.deadline
        deadline.resume(time.monotonic())
        size = -1
        while size < 0:
            try:
                size = loan.connection.recv_into(buffer, len(buffer), socket.MSG_WAITALL)
            except BlockingIOError:  # nothing within a moment
                if deadline.until is not None and time.monotonic() >= deadline.until:
                    return 0, End(Ending.SILENT, "")
            except OSError as error:
                return 0, explained(error, has_begun=True, has_head=True, is_first=False)
        now = time.monotonic()
        self.count += size
        is_fast = not size or deadline.received(loan.before + self.count, now)
        deadline.pause(now)
        if now - self._reported_at >= _MOMENT:
            self._reported_at = now
            self._loop.call_soon_threadsafe(self._report)
        return size, None if is_fast else End(Ending.SLOW, loan.patience.too_slow)

    def _report(self) -> None:
        count = self.count
        new, self._reported = count - self._reported, count
        if new:
            self._received(new)

    # --- in another process -------------------------------------------------------------------------

    def begin_elsewhere(self) -> int:
        with self._turn:
            self._has_begun = True
        self._looked_at = time.monotonic()
        return self._loan.connection.fileno()

    def arrived(self, count: int, busy: float) -> bool:
        now, loan = time.monotonic(), self._loan
        reading = max(0.0, now - self._looked_at - busy)
        is_new, self.count, self._looked_at = count > self.count, count, now
        self._silent = 0.0 if is_new else self._silent + reading
        loan.deadline.resume(now - reading)
        is_fast = not is_new or loan.deadline.received(loan.before + count, now)
        loan.deadline.pause(now)
        self._report()
        if not is_fast:
            self._late = End(Ending.SLOW, loan.patience.too_slow)
        elif self._silent >= loan.patience.silence:
            if has_no_bytes(loan.connection):
                self._late = End(Ending.SILENT, "")
            else:  # it is the process that does not go on
                self._silent = 0.0
        if self._late is not None and not self._is_stopped:
            self.stop()
        return not self._is_stopped

    def is_followed(self) -> bool:
        self._following = _arrived(self._loan.connection) if self._loan.is_rest else b""
        return bool(self._following) or not self._loan.is_rest

    def end_elsewhere(self, count: int, error: int | None, ending: bytes, last: bytes) -> None:
        self.count, self.ending = count, ending
        if ending and self._loan.is_rest:
            self._taken = Taken(count, self._following, last)
        end = self._late
        if error is None:
            end = end or End(Ending.RECEIVER_LOST, "")
        elif error:
            end = end or explained(OSError(error, os.strerror(error)), has_begun=True, has_head=True, is_first=False)
        self._end(end)

    def _end(self, end: End | None) -> None:
        self._loan.connection.close()
        self._report()
        self._loan.lender.take_back(self._taken or Taken(self.count), end)


def _arrived(connection: socket.socket) -> bytes:
    """The bytes that can be read without waiting."""
    try:
        return connection.recv(_FOLLOWING, socket.MSG_DONTWAIT)
    except OSError:  # nothing, or the connection has failed, which no longer matters
        return b""


@contextmanager
def _blocking(connection: socket.socket) -> Iterator[None]:
    """Reading from ``connection``, which is shared with the event loop, waits for as long as ``_MOMENT`` meanwhile."""
    try:
        connection.setblocking(True)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL.pack(0, int(_MOMENT * 1_000_000)))
        yield
    finally:
        connection.setblocking(False)
