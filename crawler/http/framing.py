"""Message framing of HTTP/1.1: where a response ends on its connection (RFC 9112 section 6.3).

A ``FramingError`` concerns the header section. It is not retried, because the same request would meet it again. A
``BodyError`` concerns a body damaged in transit, which another attempt may fetch intact. Deviations that curl accepts
safely are accepted: repeated equal lengths, a length with chunks, folded lines, lines ending in LF, invalid lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from crawler.model import limits
from crawler.text.escape import printable
from crawler.text.patterns import pattern

_STATUS = pattern(rb"HTTP/1\.(\d) +(\d{3})(?: ([^\r\n]*))?\r*\n")
_TIDY = pattern(rb"HTTP/1\.[01] \d{3} [^\r\n\0]*\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n)*\r\n")
_FRAMES = pattern(rb"\n(content-length|transfer-encoding|connection):[ \t]*([^\r\n]*)", re.IGNORECASE)
_TOKEN = pattern(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FOLD = pattern(rb"\r*\n[ \t]+")
_LINE_END = pattern(rb"\r*\n")
_CHUNK_SIZE = pattern(rb"0*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?", re.DOTALL)
_OTHER_PROTOCOL = pattern(rb"[0-9A-Za-z+*<(-]|\x15\x03")  # a TLS alert: record type, version (RFC 8446 section 5.1)
_LENGTH, _CODING = b"content-length", b"transfer-encoding"
_DIGITS = 18  # of a length: 10^18 fits in 63 bits

Field = tuple[bytes, bytes]


class FramingError(Exception):
    """The header section is not HTTP/1.1, or does not define where the body ends. Permanent. ``str`` is one clause."""


class NotAResponse(FramingError):
    """Not the start of a response in any protocol, as on a desynchronised connection. Another attempt may succeed."""


def not_a_response(data: bytes) -> FramingError:
    """The error for ``data``, which does not begin with a status line.

    A line of text is the greeting of another protocol, and a TLS alert shows that the server expects TLS: every attempt
    would meet these. Anything else may be damage in transit.
    """
    kind = FramingError if _OTHER_PROTOCOL.match(data) else NotAResponse
    return kind("no status line")


class BodyError(Exception):
    """The chunks of a body are malformed. Another attempt may succeed. ``str`` is one clause."""


class BodyEnd(Enum):
    """What ends a body."""

    HEADER = "the header section: there is no body"
    LENGTH = "a number of bytes"
    CHUNKED = "the last chunk and the trailer section"
    CONNECTION = "the orderly end of the connection"


class Head(NamedTuple):
    """The header section of one response."""

    status: int
    data: bytes
    """The section as strict parsers accept it: no repeated or conflicting lengths, each field on one line."""
    end: BodyEnd
    length: int
    """Bytes of the body; 0 unless ``end`` is LENGTH."""
    is_kept: bool
    """Whether the connection may serve another request after this response."""


def parse_head(data: bytes, *, is_head: bool = False) -> Head:
    """Parse a header section, including its empty line. ``is_head``: it answers a HEAD. Raises FramingError."""
    _check_size(data)
    start = _STATUS.match(data)
    if start is None:
        raise not_a_response(data)
    if b"\0" in data:
        raise FramingError("NUL byte in the header section")
    minor, status = min(int(start[1]), 1), int(start[2])
    is_tidy = _TIDY.fullmatch(data) is not None
    fields = _FRAMES.findall(data) if is_tidy else _fields(data[start.end() :])
    if status == 101:
        raise FramingError("unexpected switch to another protocol (status 101)")
    lengths: list[bytes] = []
    codings: list[bytes] = []
    options: list[bytes] = []
    for name, value in fields:
        kind = name.lower()
        if kind == _LENGTH:
            lengths.append(value)
        elif kind == _CODING:
            codings.append(value)
        elif kind == b"connection":
            options.append(value)
    if status < 200 or status in (204, 304):
        end, length = BodyEnd.HEADER, 0
    else:
        end, length = _end(lengths, codings)
    if not is_tidy or not _is_plain(end, lengths, codings):
        line = b"HTTP/1.%d %d %s" % (minor, status, start[3] or b"")
        data = _rebuilt(line, _fields(data[start.end() :]), end, length)
    if is_head:
        end, length = BodyEnd.HEADER, 0
    is_kept = end is not BodyEnd.CONNECTION and not (lengths and codings) and _is_persistent(minor, options)
    return Head(status, data, end, length, is_kept)


def _check_size(data: bytes) -> None:
    if data.count(b"\n") > limits.HEADER_COUNT + 2:  # the status line and the empty one
        raise FramingError(f"more than {limits.HEADER_COUNT} header fields")
    if max(map(len, data.split(b"\n"))) > limits.HEADER_LINE:
        raise FramingError(f"a header line of more than {limits.HEADER_LINE} bytes")


def _fields(block: bytes) -> list[Field]:
    """The header fields in ``block``. Lines that are not fields are ignored, as curl and browsers do."""
    fields: list[Field] = []
    for line in _LINE_END.split(_FOLD.sub(b" ", block)):  # RFC 9112 section 5.2: a fold is a space
        name, colon, value = line.partition(b":")
        if colon and _TOKEN.fullmatch(name):
            fields.append((name, value.replace(b"\r", b" ").strip(b" \t")))
        elif name.strip().lower() in (_LENGTH, _CODING):  # RFC 9112 section 5.1: parsers disagree about such a line
            raise FramingError(f"malformed {name.strip().decode()}")
    return fields


def _end(lengths: Sequence[bytes], codings: Sequence[bytes]) -> tuple[BodyEnd, int]:
    """What ends the body of a response that may have one, and its length. Raises FramingError."""
    named = {part.strip().lower() for value in codings for part in value.split(b",")}
    if named and named not in ({b"chunked"}, {b"identity"}):
        coding = printable(b", ".join(codings).decode(errors="replace")[:40])
        raise FramingError(f"unexpected Transfer-Encoding: {coding}")
    if named == {b"chunked"}:
        return BodyEnd.CHUNKED, 0  # overrides Content-Length
    sizes = {part.strip(b" \t") for value in lengths for part in value.split(b",")}
    if not sizes:
        return BodyEnd.CONNECTION, 0
    if not all(size.isdigit() and len(size.lstrip(b"0")) <= _DIGITS for size in sizes):
        raise FramingError("invalid Content-Length")
    length, *others = {int(size) for size in sizes}
    if others:
        raise FramingError("conflicting Content-Length values")
    return BodyEnd.LENGTH, length


def _is_plain(end: BodyEnd, lengths: Sequence[bytes], codings: Sequence[bytes]) -> bool:
    """Whether a strict parser finds the same end in the original header section."""
    if end is BodyEnd.LENGTH:
        return len(lengths) == 1 and not codings and lengths[0].isdigit()
    if end is BodyEnd.CHUNKED:
        return not lengths and len(codings) == 1 and codings[0].strip().lower() == b"chunked"
    return not lengths and not codings


def _rebuilt(start: bytes, fields: Sequence[Field], end: BodyEnd, length: int) -> bytes:
    lines = [start]
    lines += [name + b": " + value for name, value in fields if name.lower() not in (_LENGTH, _CODING)]
    if end is BodyEnd.LENGTH:
        lines.append(b"Content-Length: %d" % length)
    elif end is BodyEnd.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _is_persistent(minor: int, options: Sequence[bytes]) -> bool:
    """Whether the connection persists, by version and Connection (RFC 9112 section 9.3)."""
    tokens = {part.strip().lower() for value in options for part in value.split(b",")}
    return b"close" not in tokens and (minor > 0 or b"keep-alive" in tokens)


class _Line(Enum):
    """What the next line of a chunked body is, after the bytes of the current chunk."""

    SIZE = "the size of a chunk"
    END = "the empty line after a chunk"
    TRAILER = "a line of the trailer section"


class ChunkScanner:
    """Finds the end of a chunked body (RFC 9112 section 7.1) that arrives in pieces."""

    __slots__ = ("_left", "_line", "_next", "is_over", "trailer")

    def __init__(self) -> None:
        self.is_over = False
        self.trailer: int | None = None
        """Offset of the trailer section in the last piece; None if it has not begun."""
        self._left = 0
        """Bytes of the current chunk that have not arrived."""
        self._next = _Line.SIZE
        self._line = b""

    def take(self, data: bytes) -> int:
        """Scan a piece. Returns how many of its bytes belong to the body. Raises BodyError."""
        at, size = 0, len(data)
        self.trailer = 0 if self._next is _Line.TRAILER else None
        while at < size and not self.is_over:
            if self._left > 0:
                step = min(self._left, size - at)
                self._left -= step
                at += step
                continue
            stop = data.find(b"\n", at)
            if stop < 0:
                self._line += data[at:]
                if len(self._line) > limits.HEADER_LINE:
                    raise BodyError("endless chunk size or trailer line")
                return size
            self._take_line(self._line + data[at:stop])
            self._line = b""
            at = stop + 1
            if self._next is _Line.TRAILER and self.trailer is None:
                self.trailer = at
        return at

    def _take_line(self, line: bytes) -> None:
        if self._next is _Line.SIZE:
            found = _CHUNK_SIZE.fullmatch(line)
            if found is None:
                raise BodyError("invalid chunk size")
            self._left = int(found[1], 16)
            self._next = _Line.END if self._left else _Line.TRAILER
        elif self._next is _Line.END:
            if line not in (b"\r", b""):
                raise BodyError("a chunk is longer than its size")
            self._next = _Line.SIZE
        else:
            self.is_over = line in (b"\r", b"")
