"""A transport without a network: keeps what is written, and passes bytes from a test to the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class MemoryTransport(asyncio.Transport):
    """The transport of ``protocol``; the constructor connects them."""

    def __init__(self, protocol: asyncio.Protocol, extra: dict[str, object] | None = None) -> None:
        super().__init__(extra or {})
        self.written = b""
        self.is_paused = False
        self.is_aborted = False
        self._is_closing = False
        self._protocol = protocol
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def fail(self, error: Exception) -> None:
        """Close after an error, of which the event loop tells the protocol in its next turn."""
        self._is_closing = True
        asyncio.get_running_loop().call_soon(self._protocol.connection_lost, error)

    def abort(self) -> None:
        self.is_aborted = True
        self.close()

    def pause_reading(self) -> None:
        assert not self.is_paused
        self.is_paused = True

    def resume_reading(self) -> None:
        assert self.is_paused
        self.is_paused = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: writes never wait."""

    def arrive(self, pieces: Iterable[bytes]) -> None:
        """Pass ``pieces`` to the protocol as the event loop does, none after the end of the connection."""
        for piece in pieces:
            if piece and not self._is_closing:
                self._protocol.data_received(piece)

    def end(self, error: Exception | None = None) -> None:
        """Close the connection as the server does; with ``error``, it is reset."""
        if self._is_closing:
            return
        self._is_closing = True
        if error is None:
            self._protocol.eof_received()
        self._protocol.connection_lost(error)
