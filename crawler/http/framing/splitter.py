"""Separates the bytes of responses, by the rules of ``framing``, from any others on a connection."""

from __future__ import annotations

import re

from crawler.http.framing.chunks import ChunkScanner
from crawler.http.framing.header_section import (
    BodyEnd,
    BodyError,
    FramingError,
    Head,
    NotAResponse,
    parse_head,
    parse_tidy_head,
)
from crawler.http.framing.merged import MERGED, BodyTail
from crawler.http.framing.shape import Shapes
from crawler.model import limits
from crawler.model.struct import Value

_HEAD_END = re.compile(rb"\n\r?\n")
_START = b"HTTP/1."


class Found(Value, frozen=True):
    """The final header section of a response, in ``data``, which begins with the bytes of it that arrived earlier."""

    head: Head
    data: bytes
    start: int
    """Offset of the header section in ``data``."""
    stop: int
    """Offset in ``data`` of the first byte after the header section."""


class HeadScanner:
    """Finds the header section of a response that arrives in pieces. Interim responses are passed over."""

    __slots__ = ("_buffer", "shapes")

    def __init__(self, shapes: Shapes | None = None) -> None:
        """``shapes``: those of the host, if they are known."""
        self._buffer = bytearray()
        """The bytes of an incomplete header section."""
        self.shapes = Shapes() if shapes is None else shapes

    @property
    def has_begun(self) -> bool:
        """Whether a part of a header section has arrived."""
        return bool(self._buffer)

    def clear(self) -> None:
        self._buffer.clear()

    def take(self, data: bytes, at: int = 0, *, is_head: bool) -> Found | None:
        """The header section that begins or continues at ``at``, once it is complete, else None.

        ``is_head``: the response is to a HEAD. Raises FramingError.
        """
        if not self._buffer:
            return self._scan(data, at, is_head=is_head)
        self._buffer += data[at:]
        if data.find(b"\n", at) >= 0:
            return self._scan(bytes(self._buffer), 0, is_head=is_head)
        self._check_buffer()
        return None

    def _scan(self, data: bytes, at: int, *, is_head: bool) -> Found | None:
        if not is_head and (alike := self.shapes.match(data, at)) is not None:
            self._buffer.clear()
            return Found(alike[0], data, at, alike[1])
        stop = data.find(b"\r\n\r\n", at) + 4
        head = parse_tidy_head(data[at:stop], is_head=is_head) if stop > 3 else None
        if head is None or head.status < 200:
            return self._scan_patiently(data, at, is_head=is_head)
        self._buffer.clear()
        if not is_head:
            head = self.shapes.learn(data[at:stop], head)
        return Found(head, data, at, stop)

    def _scan_patiently(self, data: bytes, at: int, *, is_head: bool) -> Found | None:
        at = _after_empty_lines(data, at)
        while found := _HEAD_END.search(data, at):
            head = parse_head(data[at : found.end()], is_head=is_head)
            if head.status >= 200:
                self._buffer.clear()
                return Found(head, data, at, found.end())
            at = _after_empty_lines(data, found.end())
        self._buffer[:] = data[at:]
        self._check_buffer()
        return None

    def _check_buffer(self) -> None:
        if not _START.startswith(self._buffer[: len(_START)]):
            raise NotAResponse(bytes(self._buffer))
        if len(self._buffer) > limits.HEAD:
            raise FramingError(f"a header section of more than {limits.HEAD} bytes")


class Splitter:
    """Separates the bytes of the expected response from any others on one connection.

    Bytes that arrive before a request never belong to the response of that request.
    """

    __slots__ = ("_chunks", "_heads", "_is_head", "_left", "_tail", "head", "is_over")

    def __init__(self) -> None:
        self.is_over = True
        """Whether no response is expected, or all of it has arrived."""
        self.head: Head | None = None
        self._is_head = False
        self._heads = HeadScanner()
        self._left = 0
        """Number of bytes that have not arrived of a body with a length."""
        self._tail = BodyTail()
        self._chunks: ChunkScanner | None = None

    def begin(self, *, is_head: bool) -> None:
        """Expect the response to the request that is sent next; ``is_head``: that request is a HEAD."""
        self.is_over = False
        self.head = None
        self._is_head = is_head
        self._heads.clear()
        self._tail.clear()

    def take(self, data: bytes) -> tuple[bytes, int]:
        """(the part of ``data`` that belongs to the response, number of other bytes behind it).

        Interim responses are dropped (RFC 9110 section 15.2). A header section is returned whole, once it is complete.
        Raises FramingError, BodyError.
        """
        if self.is_over:
            return b"", len(data)
        if self.head is not None:
            body, end = self._take_body(data, 0)
            return body, len(data) - end
        found = self._heads.take(data, is_head=self._is_head)
        return (b"", 0) if found is None else self._begin_body(found)

    def _begin_body(self, found: Found) -> tuple[bytes, int]:
        head, data, stop = found.head, found.data, found.stop
        self.head = head
        self._left = head.length
        self._chunks = ChunkScanner(is_coded=True) if head.end is BodyEnd.CHUNKED else None
        body, end = self._take_body(data, stop)
        if found.start == 0 and end == len(data) and head.data == data[:stop] and self._chunks is None:
            return data, 0
        return head.data + body, len(data) - end

    def _take_body(self, data: bytes, start: int) -> tuple[bytes, int]:
        """(the body in ``data[start:]``, its end in ``data``)."""
        assert self.head is not None
        if self.head.end is BodyEnd.CONNECTION:
            return data[start:], len(data)
        if self._chunks is not None:
            passed: list[bytes] = []
            end = start + self._chunks.take(data[start:], passed)
            self.is_over = self._chunks.is_over
            return b"".join(passed), end
        end = min(len(data), start + self._left)
        self._left -= end - start
        self.is_over = self._left == 0
        if self._tail.is_merged(data, start, end):
            raise BodyError(MERGED)
        return data[start:end], end


def _after_empty_lines(data: bytes, at: int) -> int:
    """``at`` moved past empty lines, which some servers send before a response (RFC 9112 section 2.2)."""
    while data.startswith((b"\r", b"\n"), at):
        at += 1
    return at
