"""The chunked transfer coding: where a body ends, and its bytes (RFC 9112 section 7.1)."""

from __future__ import annotations

import re
from enum import Enum

from crawler.http.framing.header_section import BodyError
from crawler.model import limits
from crawler.text.patterns import pattern

_CHUNK_SIZE = pattern(rb"0*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?", re.DOTALL)
_CHUNK_SIZE_BEGUN = pattern(rb"0*|0*[0-9A-Fa-f]{1,15}[ \t]*(?:\r|;.*)?", re.DOTALL)
_LONGEST_SIZE = 64
"""Number of bytes of an incomplete chunk size line that are checked; longer lines have an extension."""


_TIDY_SIZE = pattern(rb"([1-9A-Fa-f][0-9A-Fa-f]{0,6})\r\n")
_TIDY_END = b"\r\n0\r\n\r\n"
_FEW = 8
"""Number of chunks of a body that ``tidy_body`` returns."""


def tidy_body(data: bytes, at: int, most: int) -> tuple[bytes, int] | None:
    """(The chunked body at offset ``at`` of ``data``, the offset behind it), if all of it is there in a few chunks.

    None for a body that is empty or has more than ``most`` bytes, an extension, a trailer, or anything unusual. Then
    ``ChunkScanner`` reads it, with the same result.
    """
    pieces: list[bytes] = []
    for _ in range(_FEW):
        size = _TIDY_SIZE.match(data, at)
        if size is None:
            return None
        start = size.end()
        at = start + int(size[1], 16)
        piece = data[start:at]
        if data.startswith(_TIDY_END, at):
            body = b"".join([*pieces, piece]) if pieces else piece
            return (body, at + len(_TIDY_END)) if len(body) <= most else None
        if not data.startswith(b"\r\n", at):
            return None
        pieces.append(piece)
        at += 2
    return None


class _Line(Enum):
    """The kind of the next line of a chunked body, after the bytes of the current chunk."""

    SIZE = "the size of a chunk"
    END = "the empty line after a chunk"
    TRAILER = "a line of the trailer section"


class ChunkScanner:
    """Finds the end of a chunked body (RFC 9112 section 7.1) that arrives in pieces.

    Lines that end in LF alone are accepted, as by curl.
    """

    __slots__ = ("_is_coded", "_left", "_line", "_next", "is_over")

    def __init__(self, *, is_coded: bool = False) -> None:
        """``is_coded``: pass the body on in chunks, written exactly as RFC 9112 says, for a strict parser."""
        self.is_over = False
        self._is_coded = is_coded
        self._left = 0
        """Number of bytes of the current chunk that have not arrived."""
        self._next = _Line.SIZE
        self._line = b""

    def take(self, data: bytes, passed: list[bytes]) -> int:
        """Scan a piece. Returns how many of its bytes belong to the body, and appends the decoded bytes to ``passed``.

        Chunk extensions and the trailer section are dropped (RFC 9112 sections 7.1.1 and 7.1.2). Raises BodyError.
        """
        at, size = 0, len(data)
        while at < size and not self.is_over:
            if self._left > 0:
                step = min(self._left, size - at)
                passed.append(data[at : at + step])
                self._left -= step
                at += step
                continue
            stop = data.find(b"\n", at)
            if stop < 0:
                self._line += data[at:]
                self._check_beginning()
                return size
            code = self._take_line(self._line + data[at:stop])
            if self._is_coded:
                passed.append(code)
            self._line = b""
            at = stop + 1
        return at

    def _check_beginning(self) -> None:
        """Raise BodyError if an incomplete line is already invalid: the rest of the line may never arrive."""
        line = self._line
        if len(line) > limits.HEADER_LINE:
            raise BodyError("endless chunk size or trailer line")
        if self._next is _Line.SIZE and not _CHUNK_SIZE_BEGUN.fullmatch(line[:_LONGEST_SIZE]):
            raise BodyError("invalid chunk size")
        if self._next is _Line.END and line != b"\r":
            raise BodyError("a chunk is longer than its size")

    def _take_line(self, line: bytes) -> bytes:
        """``line`` in the form that RFC 9112 requires; empty for a line of the trailer section. Raises BodyError."""
        if self._next is _Line.SIZE:
            found = _CHUNK_SIZE.fullmatch(line)
            if found is None:
                raise BodyError("invalid chunk size")
            self._left = int(found[1], 16)
            self._next = _Line.END if self._left else _Line.TRAILER
            return b"%x\r\n" % self._left
        if self._next is _Line.END:
            if line not in (b"\r", b""):
                raise BodyError("a chunk is longer than its size")
            self._next = _Line.SIZE
            return b"\r\n"
        self.is_over = line in (b"\r", b"")
        return b"\r\n" if self.is_over else b""
