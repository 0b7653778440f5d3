"""The bytes of one connection, cut into responses by the rules of ``framing``; the rest belongs to no request."""

from __future__ import annotations

import re

from crawler.http.framing import BodyEnd, Chunks, FramingError, Head, not_a_response, parse_head
from crawler.model import limits

_HEAD_END = re.compile(rb"\n\r?\n")
_START = b"HTTP/1."


class Splitter:
    """Tells the bytes of the response that is awaited from all others on one connection.

    What arrives while nothing is awaited is never the response to the next request.
    """

    __slots__ = ("_buffer", "_chunks", "_is_head", "_left", "head", "is_over")

    _is_head: bool
    _left: int
    _chunks: Chunks | None

    def __init__(self) -> None:
        self.is_over = True  # no response is awaited, or all of it has come
        self.head: Head | None = None
        self._buffer = bytearray()

    def begin(self, *, is_head: bool) -> None:
        """A request is sent on a connection that was quiet until now."""
        self.is_over = False
        self.head = None
        self._is_head = is_head
        self._buffer.clear()

    def take(self, data: bytes) -> tuple[bytes, bool]:
        """(what of ``data`` belongs to the response, whether something else came). Raises FramingError, BodyError.

        Interim responses are left out (RFC 9110 section 15.2). A header section comes out as a whole.
        """
        if self.is_over:
            return b"", bool(data)
        if self.head is not None:
            mine = self._of_body(data, 0)
            return self._passed(data, 0, mine), mine < len(data)
        if not self._buffer:
            return self._of_head(data)
        self._buffer += data
        if b"\n" in data:
            return self._of_head(bytes(self._buffer))
        self._check_buffer()
        return b"", False

    def _of_head(self, data: bytes) -> tuple[bytes, bool]:
        at = _after_empty_lines(data, 0)
        while found := _HEAD_END.search(data, at):
            head = parse_head(data[at : found.end()], is_head=self._is_head)
            if head.status >= 200:
                return self._begun(head, data, at, found.end())
            at = _after_empty_lines(data, found.end())
        self._buffer[:] = data[at:]
        self._check_buffer()
        return b"", False

    def _check_buffer(self) -> None:
        if not _START.startswith(self._buffer[: len(_START)]):
            raise not_a_response(bytes(self._buffer))
        if len(self._buffer) > limits.HEAD:
            raise FramingError(f"its header section has more than {limits.HEAD} bytes")

    def _begun(self, head: Head, data: bytes, start: int, stop: int) -> tuple[bytes, bool]:
        self.head = head
        self._buffer.clear()
        self._left = head.length
        self._chunks = Chunks() if head.end is BodyEnd.CHUNKED else None
        mine = self._of_body(data, stop)
        if start == 0 and mine == len(data) and head.data == data[:stop] and self._chunks is None:
            return data, False
        return head.data + self._passed(data, stop, mine), mine < len(data)

    def _passed(self, data: bytes, start: int, mine: int) -> bytes:
        """``data`` from ``start`` to ``mine`` without the trailer section.

        Its fields may be discarded (RFC 9112 section 7.1.2), and those of framing mean nothing there (RFC 9110 6.5.1).
        """
        trailer = self._chunks.trailer if self._chunks is not None else None
        if trailer is None:
            return data[start:mine]
        return data[start : start + trailer] + (b"\r\n" if self.is_over else b"")

    def _of_body(self, data: bytes, start: int) -> int:
        """Up to where ``data`` belongs to the body that begins or goes on at ``start``."""
        assert self.head is not None
        if self.head.end is BodyEnd.CONNECTION:
            return len(data)
        if self._chunks is not None:
            mine = start + self._chunks.take(data[start:])
            self.is_over = self._chunks.is_over
            return mine
        mine = min(len(data), start + self._left)
        self._left -= mine - start
        self.is_over = self._left == 0
        return mine


def _after_empty_lines(data: bytes, at: int) -> int:
    """RFC 9112 section 2.2: what some send before a message."""
    while data.startswith((b"\r", b"\n"), at):
        at += 1
    return at
