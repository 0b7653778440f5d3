"""Length-prefixed frames: the format of everything that the processes of a run send each other.

A frame is its length in four bytes, big-endian, and the payload: pickled messages between processes that trust each
other (``channel``), JSON from a process that has parsed hostile pages (``listing_codec``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_HEADER = struct.Struct("!I")


class FrameError(ValueError):
    """A frame is longer than the receiver allows."""


def frame_header(size: int) -> bytes:
    """The bytes to send before a payload of ``size`` bytes."""
    return _HEADER.pack(size)


def frame(payload: bytes) -> bytes:
    """``payload`` as a frame."""
    return _HEADER.pack(len(payload)) + payload


def read_frame(source: BinaryIO) -> bytes | None:
    """The payload of the next frame of ``source``; None if ``source`` ends first. Blocks."""
    header = source.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (size,) = _HEADER.unpack(header)
    payload = source.read(size)
    return payload if len(payload) == size else None


class FrameDecoder:
    """Reassembles payloads from the pieces in which their frames arrive."""

    def __init__(self, most: int | None = None) -> None:
        """``most``: the largest payload accepted, in bytes; None for no limit."""
        self._most = most
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The payloads that ``data`` completes. Raises FrameError."""
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _HEADER.size:
            (size,) = _HEADER.unpack_from(buffer, start)
            if self._most is not None and size > self._most:
                raise FrameError(f"a frame of {size} bytes; at most {self._most} are accepted")
            end = start + _HEADER.size + size
            if len(buffer) < end:
                break
            yield bytes(memoryview(buffer)[start + _HEADER.size : end])
            start = end
        if start:
            del buffer[:start]
