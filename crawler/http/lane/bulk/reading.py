"""How much of a response a lane reads at once: little before a body that another thread may receive."""

from __future__ import annotations

import asyncio
import threading

from crawler.http.framing.shape import Shapes
from crawler.http.lane.reader import ResponseReader
from crawler.model import limits

_AT_ONCE = 256 * limits.KIB
"""Maximum number of bytes that are read at once."""
_ALONE = 16 * limits.KIB
"""The same before the header section of a response that belongs to no batch: a thread may receive its body."""


class _Memory(threading.local):
    """Memory for each thread, from its first use on."""

    def __init__(self) -> None:
        self.bytes = memoryview(bytearray(_AT_ONCE))


_MEMORY = _Memory()


class Reading(asyncio.BufferedProtocol):
    """Reads into memory that all connections of a thread share, because what arrives is copied from it at once."""

    def __init__(self, shapes: Shapes | None = None) -> None:
        """For ``shapes`` see ``ResponseReader``."""
        self._reader = ResponseReader(shapes)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _MEMORY.bytes[:_ALONE] if self._reader.awaits_head_alone else _MEMORY.bytes

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(_MEMORY.bytes[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """``data`` has arrived."""
        raise NotImplementedError
