"""Where a response ends on an HTTP/1.1 connection, and which bytes are no part of it (RFC 9112 section 6.3).

A ``FramingError`` is about the header section: the same request would get it again, so it is not retried. A
``BodyError`` is about a body that was damaged on its way, which another attempt may mend. What curl reads safely is
read here too: equal lengths, a length beside chunks, folded lines, lines that end in LF, lines that are no field.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from crawler.model import limits
from crawler.text.escape import printable

_STATUS = re.compile(rb"HTTP/1\.(\d) +(\d{3})(?: ([^\r\n]*))?\r*\n")
_TIDY = re.compile(rb"HTTP/1\.[01] \d{3} [^\r\n\0]*\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n)*\r\n")
_FRAMES = re.compile(rb"\n(content-length|transfer-encoding|connection):[ \t]*([^\r\n]*)", re.IGNORECASE)
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FOLD = re.compile(rb"\r*\n[ \t]+")
_LINE_END = re.compile(rb"\r*\n")
_CHUNK_SIZE = re.compile(rb"0*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?", re.DOTALL)
_OTHER_PROTOCOL = re.compile(rb"[0-9A-Za-z+*<(-]|\x15\x03")  # a TLS alert: record type, version (RFC 8446 section 5.1)
_LENGTH, _CODING = b"content-length", b"transfer-encoding"
_DIGITS = 18  # of a length: 10^18 bytes fit into 63 bits

Field = tuple[bytes, bytes]


class FramingError(Exception):
    """The header section is not HTTP/1.1, or does not say where the body ends. One clause; permanent."""


class NoResponse(FramingError):
    """Bytes that begin no response of any protocol, as after a connection went out of step: worth another attempt."""


def not_a_response(data: bytes) -> FramingError:
    """The error for ``data``, which does not begin with a status line.

    A line of text is the greeting of another protocol, and a TLS alert says that https is spoken: each attempt would
    get it. Anything else may have been lost on its way.
    """
    kind = FramingError if _OTHER_PROTOCOL.match(data) else NoResponse
    return kind("it does not begin with a status line")


class BodyError(Exception):
    """The chunks of a body make no sense. One clause; worth another attempt."""


class BodyEnd(Enum):
    """What ends a body."""

    HEADER = "it has none"
    LENGTH = "so many bytes"
    CHUNKED = "a chunk of no bytes, and its trailer"
    CONNECTION = "the end of the connection, in an orderly way"


class Head(NamedTuple):
    """The header section of one response."""

    status: int
    data: bytes
    """As a strict parser takes it: without repeated or contradicting lengths, and each field in one line."""
    end: BodyEnd
    length: int
    """Bytes of the body; 0 unless ``end`` is LENGTH."""
    is_kept: bool
    """Whether the connection may serve another request after this response."""


def parse_head(data: bytes, *, is_head: bool = False) -> Head:
    """A header section, up to its empty line, in the response to a HEAD if ``is_head``. Raises FramingError."""
    _check_size(data)
    start = _STATUS.match(data)
    if start is None:
        raise not_a_response(data)
    if b"\0" in data:
        raise FramingError("its header section contains a NUL byte")
    minor, status = min(int(start[1]), 1), int(start[2])
    is_tidy = _TIDY.fullmatch(data) is not None
    fields = _FRAMES.findall(data) if is_tidy else _fields(data[start.end() :])
    if status == 101:
        raise FramingError("it switches to another protocol, which was not requested")
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
        raise FramingError(f"it has more than {limits.HEADER_COUNT} header fields")
    if max(map(len, data.split(b"\n"))) > limits.HEADER_LINE:
        raise FramingError(f"it has a header line of more than {limits.HEADER_LINE} bytes")


def _fields(block: bytes) -> list[Field]:
    """The fields of the lines in ``block``. A line that is no field is passed over, as curl and browsers do."""
    fields: list[Field] = []
    for line in _LINE_END.split(_FOLD.sub(b" ", block)):  # RFC 9112 section 5.2: a fold is a space
        name, colon, value = line.partition(b":")
        if colon and _TOKEN.fullmatch(name):
            fields.append((name, value.replace(b"\r", b" ").strip(b" \t")))
        elif name.strip().lower() in (_LENGTH, _CODING):  # RFC 9112 section 5.1: some would see it, some would not
            raise FramingError(f"its {name.strip().decode()} is malformed")
    return fields


def _end(lengths: Sequence[bytes], codings: Sequence[bytes]) -> tuple[BodyEnd, int]:
    """What ends the body of a response that may have one, and its length. Raises FramingError."""
    named = {part.strip().lower() for value in codings for part in value.split(b",")}
    if named and named not in ({b"chunked"}, {b"identity"}):  # some say it twice
        coding = printable(b", ".join(codings).decode(errors="replace")[:40])
        raise FramingError(f"the body has the transfer coding {coding}, which was not requested")
    if named == {b"chunked"}:
        return BodyEnd.CHUNKED, 0  # it overrides any length
    sizes = {part.strip(b" \t") for value in lengths for part in value.split(b",")}
    if not sizes:
        return BodyEnd.CONNECTION, 0
    if not all(size.isdigit() and len(size.lstrip(b"0")) <= _DIGITS for size in sizes):
        raise FramingError("its Content-Length is not a number of bytes")
    length, *others = {int(size) for size in sizes}
    if others:
        raise FramingError("it has contradicting Content-Lengths")
    return BodyEnd.LENGTH, length


def _is_plain(end: BodyEnd, lengths: Sequence[bytes], codings: Sequence[bytes]) -> bool:
    """Whether a strict parser sees the same end without help."""
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
    """By the version and what Connection says (RFC 9112 section 9.3)."""
    said = {part.strip().lower() for value in options for part in value.split(b",")}
    return b"close" not in said and (minor > 0 or b"keep-alive" in said)


class _Line(Enum):
    """What the next line of a chunked body is, once the bytes of the present chunk have come."""

    SIZE = "of a chunk"
    END = "behind the bytes of a chunk"
    TRAILER = "of the trailer section"


class Chunks:
    """Finds the end of a chunked body (RFC 9112 section 7.1), in whatever pieces it arrives."""

    __slots__ = ("_left", "_line", "_next", "is_over", "trailer")

    def __init__(self) -> None:
        self.is_over = False
        self.trailer: int | None = None
        """Where in the bytes that were taken last the trailer section begins or goes on; None before it."""
        self._left = 0
        """Bytes of the present chunk that are to come."""
        self._next = _Line.SIZE
        self._line = b""

    def take(self, data: bytes) -> int:
        """How many bytes of ``data`` belong to the body. Raises BodyError."""
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
                    raise BodyError("a chunk has a size or a trailer without end")
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
                raise BodyError("a chunk has no valid size")
            self._left = int(found[1], 16)
            self._next = _Line.END if self._left else _Line.TRAILER
        elif self._next is _Line.END:
            if line not in (b"\r", b""):
                raise BodyError("a chunk is longer than its size")
            self._next = _Line.SIZE
        else:
            self.is_over = line in (b"\r", b"")
