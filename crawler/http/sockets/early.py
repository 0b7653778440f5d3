"""Connections that are opened, and requests that are sent on them, before there is an event loop.

The event loop takes them over later, with whatever has arrived by then. Nothing is read here.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from crawler.http.sockets.endpoint import Address, Endpoint, look_up
from crawler.http.sockets.processors import Moment, moment
from crawler.http.sockets.tcp import has_no_bytes

_BEGUN = frozenset({0, errno.EINPROGRESS})
_LONGEST = 1000
"""Milliseconds after which the thread looks whether it is still needed."""


class EarlyConnection:
    """A connection to the first address of a host, open or being opened."""

    __slots__ = ("data", "is_open", "sent", "socket")

    def __init__(self, begun: socket.socket, data: bytes) -> None:
        self.socket, self.data = begun, data
        self.is_open = False
        self.sent: Moment | None = None
        """When ``data`` was sent; None if it was not."""

    def advance(self) -> None:
        """Send ``data`` if the connection is open by now. Raises OSError."""
        waiting = select.poll()
        waiting.register(self.socket, select.POLLOUT)
        if not waiting.poll(0):
            return
        if (code := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) != 0:
            raise OSError(code, "no connection")
        if not has_no_bytes(self.socket):
            raise OSError(errno.EPROTO, "data before any request")
        self.is_open = True
        if self.data:
            if self.socket.send(self.data) < len(self.data):
                raise OSError(errno.EMSGSIZE, "not sent as a whole")
            self.sent = moment(time.monotonic())


class EarlyConnections:
    """Opens a connection to ``where`` for each of ``requests``, and sends that request on it; none if it is empty.

    A host that is near is reached at once. For a name or a distant host, a thread waits, until the event loop asks for
    the first connection; all are then as far as the thread has got. What fails is closed, and the request is sent as
    usual. Use as a context manager, which closes what nobody has taken.
    """

    def __init__(self, where: Endpoint, requests: Sequence[bytes]) -> None:
        self._where, self._requests = where, requests
        self._connections: list[EarlyConnection] = []
        self._lock = Lock()
        self._is_over = False
        """Whether the thread may do nothing more. It does all but waiting with the lock held."""

    def __enter__(self) -> Self:
        """Open the connections, as far as possible without waiting. Raises nothing."""
        with suppress(OSError, ValueError, RuntimeError):  # no descriptors, no such host, no threads
            address = _address(self._where, socket.AI_NUMERICHOST)
            if address is not None:
                self._connect(address)
            if address is None or self._pending():
                Thread(target=self._go_on, name="early-requests", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_over = True
            for each in self._connections:
                each.socket.close()
            self._connections.clear()

    def sent(self, where: Endpoint, data: bytes) -> EarlyConnection | None:
        """The connection to ``where`` on which the request ``data`` was sent. It belongs to the caller."""
        return self._take(where, lambda each: each.sent is not None and each.data == data)

    def opened(self, where: Endpoint) -> socket.socket | None:
        """A connection to ``where``, maybe still being opened, on which nothing was sent. It belongs to the caller."""
        found = self._take(where, lambda each: each.sent is None)
        return None if found is None else found.socket

    def left(self, where: Endpoint) -> int:
        """Number of connections to ``where`` that nobody has taken."""
        return len(self._connections) if where == self._where else 0

    def _take(self, where: Endpoint, fits: Callable[[EarlyConnection], bool]) -> EarlyConnection | None:
        with self._lock:
            self._is_over = True
            found = next(filter(fits, self._connections), None) if where == self._where else None
            if found is None:
                return None
            self._connections.remove(found)
            return found

    def _go_on(self) -> None:
        """Look up the host, if that is still to be done, and wait for the connections."""
        with suppress(OSError, ValueError):
            address = None if self._connections else _address(self._where, 0)
            with self._lock:
                if address is not None and not self._is_over:
                    self._connect(address)
            while pending := self._pending():
                waiting = select.poll()
                for each in pending:
                    waiting.register(each.socket, select.POLLOUT)
                waiting.poll(_LONGEST)
                with self._lock:
                    if not self._is_over:
                        self._advance()

    def _pending(self) -> list[EarlyConnection]:
        """The connections that are being opened; none if the thread may do nothing more."""
        with self._lock:
            return [] if self._is_over else [each for each in self._connections if not each.is_open]

    def _connect(self, address: Address) -> None:
        """Begin to open the connections, and send the requests if the host is near.

        To a near host, none is opened after the first one without a request: the run may do without it.
        """
        family, kind, protocol, _, place = address
        for data in self._requests:
            if not data and any(each.is_open for each in self._connections):
                continue
            begun = socket.socket(family, kind, protocol)
            self._connections.append(EarlyConnection(begun, data))
            begun.setblocking(False)
            if begun.connect_ex(place) not in _BEGUN:
                self._drop(self._connections[-1])
            self._advance()

    def _advance(self) -> None:
        """Send the requests for which there is a connection."""
        for each in [each for each in self._connections if not each.is_open]:
            try:
                each.advance()
            except OSError:
                self._drop(each)

    def _drop(self, each: EarlyConnection) -> None:
        each.socket.close()
        self._connections.remove(each)


def _address(where: Endpoint, flags: int) -> Address | None:
    """The address of ``where`` that is tried first; None if it is no address and ``flags`` forbid to look it up.

    Raises OSError.
    """
    if flags == socket.AI_NUMERICHOST and not where.is_address:
        return None
    return look_up(where, flags or socket.AI_ADDRCONFIG)[0]
