"""Receives most of a long body in the thread that stores it, which takes half the CPU time of passing on pieces."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from crawler.http.lane.deadline import Deadline, Patience
from crawler.http.lane.loss import End, Ending, explained
from crawler.model import limits
from crawler.model.struct import Value

_MOMENT = 0.1
"""Seconds between two reports of the number of bytes that have arrived."""


class Lender(Protocol):
    """The lane whose connection a receiver uses."""

    def take_back(self, count: int, end: End | None) -> None:
        """Go on after the receiver, which has received ``count`` bytes; ``end``: why the connection cannot be used."""


class Loan(Value, frozen=True):
    """The connection of a lane, while a receiver reads from it."""

    lender: Lender
    connection: socket.socket
    """A duplicate, non-blocking."""
    length: int
    """Number of bytes to be received."""
    before: int
    """Number of bytes of the body that have been received already."""
    deadline: Deadline
    """Paused; used by the receiver alone until ``take_back``."""
    patience: Patience


def duplicate(transport: asyncio.Transport | None) -> socket.socket | None:
    """A socket for the connection of ``transport``, to be closed separately.

    None if there is no connection, it is encrypted, or no descriptor is left.
    """
    if transport is None or transport.is_closing() or transport.get_extra_info("ssl_object") is not None:
        return None
    try:
        return socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
    except OSError:
        return None


class BulkReceiver:
    """Implements ``responses.BulkBody``. ``receive`` is called in a thread, everything else in the event loop."""

    def __init__(self, loan: Loan, pieces: Sequence[bytes], received: Callable[[int], None]) -> None:
        """``pieces``: bytes of the body that precede the loan. ``received``: called with numbers of bytes of both."""
        self._loan = loan
        self._pieces = pieces
        self._received = received
        self._loop = asyncio.get_running_loop()
        self.count = 0
        """Number of bytes received by this object."""
        self._reported = -sum(map(len, pieces))
        """The part of ``count`` that ``received`` knows."""
        self._reported_at = 0.0
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

    def receive(self, write: Callable[[bytes | memoryview], memoryview | None]) -> None:
        """See ``responses.BulkBody``."""
        with self._turn:
            self._has_begun = True
        end: End | None = None
        try:
            for piece in self._pieces:
                write(piece)
            if not self._is_stopped:
                end = self._receive(write)
        finally:
            self._loop.call_soon_threadsafe(self._end, end)

    def _receive(self, write: Callable[[bytes | memoryview], memoryview | None]) -> End | None:
        """Receive and write until all has arrived or nothing more can; returns why, unless the lane sees it itself.

        Data are written in amounts of BODY_CHUNK even if they arrive in packets.
        """
        left, filled, end = self._loan.length, 0, None
        buffer = memoryview(bytearray(min(limits.BULK_PIECE, left)))
        self._loan.connection.settimeout(self._loan.patience.silence)
        is_over = False
        while left and not is_over:
            size, end = self._receive_some(buffer[filled:left])
            filled += size
            is_over = not size or end is not None or self._is_stopped
            if is_over or filled >= min(limits.BODY_CHUNK, left):
                buffer = write(buffer[:filled]) or buffer
                left, filled = left - filled, 0
        return end

    def _receive_some(self, buffer: memoryview) -> tuple[int, End | None]:
        """Wait for data. Returns (number of bytes, 0 at the end of the connection; why the lane must end, or None)."""
        loan, deadline = self._loan, self._loan.deadline
        deadline.resume(time.monotonic())
        try:
            size = loan.connection.recv_into(buffer)
        except OSError as error:
            return 0, _end_by(error)
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

    def _end(self, end: End | None) -> None:
        self._loan.connection.close()
        self._report()
        self._loan.lender.take_back(self.count, end)


def _end_by(error: OSError) -> End:
    if isinstance(error, TimeoutError) and error.errno is None:  # the socket's own; the system's have a number
        return End(Ending.SILENT, "")
    return explained(error, has_begun=True, has_head=True, is_first=False)
