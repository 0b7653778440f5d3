"""Message framing of HTTP/1.1: where a response ends on its connection (RFC 9112 section 6.3).

A ``FramingError`` concerns the header section. It is not retried, because the same request would meet it again. A
``BodyError`` concerns a body damaged in transit, which another attempt may fetch intact. Deviations that curl accepts
safely are accepted: repeated equal lengths, a length with chunks, folded lines, lines ending in LF, invalid lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import cast

from crawler.model import limits
from crawler.model.struct import Value
from crawler.text.escape import printable
from crawler.text.patterns import pattern

_STATUS = pattern(rb"HTTP/1\.(\d) +(\d{3})(?: ([^\r\n]*))?\r*\n")
_TIDY_STATUS = re.compile(rb"HTTP/1\.([01]) (\d{3}) [^\r\n\0]*")
_TIDY_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")
_TOKEN = pattern(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FOLD = pattern(rb"\r*\n[ \t]+")
_LINE_END = pattern(rb"\r*\n")
_OTHER_PROTOCOL = pattern(rb"[0-9A-Za-z+*<(-]|\x15\x03")  # a TLS alert: record type, version (RFC 8446 section 5.1)
_LENGTH, _CODING, _CONNECTION = b"content-length", b"transfer-encoding", b"connection"
_LINES_KEPT = 512
"""Number of header lines whose parsed form is cached: servers repeat most lines in each response."""
_LONGEST_KEPT = 4096
"""Maximum size in bytes of a header section whose lines are cached."""
_DIGITS = 18  # maximum number of digits of a length: 10^18 fits in 63 bits

NO_STATUS_LINE = "no status line"

Field = tuple[bytes, bytes]


class FramingError(Exception):
    """The header section is not HTTP/1.1, or does not define where the body ends. Permanent. ``str`` is one clause."""


class NotAResponse(FramingError):
    """The data does not begin with a status line."""

    def __init__(self, data: bytes) -> None:
        super().__init__(NO_STATUS_LINE)
        self._is_text = _OTHER_PROTOCOL.match(data) is not None

    def is_permanent(self, *, is_first: bool) -> bool:
        """Whether another attempt would get the same. ``is_first``: there was no response before on the connection.

        A line of text is the greeting of another protocol, and a TLS alert shows that the server expects TLS, unless
        it has responded before. Anything else may be damage in transit, or is left over from the response before.
        """
        return self._is_text and is_first


class BodyError(Exception):
    """The chunks of a body are malformed, or it is short. Another attempt may succeed. ``str`` is one clause."""


class BodyEnd(Enum):
    """The rule that ends a body."""

    HEADER = "the header section: there is no body"
    LENGTH = "a number of bytes"
    CHUNKED = "the last chunk and the trailer section"
    CONNECTION = "the orderly end of the connection"


class Head(Value, frozen=True):
    """The header section of one response."""

    status: int
    data: bytes
    """The section as strict parsers accept it: no repeated or conflicting lengths, each field on one line."""
    end: BodyEnd
    length: int
    """Length of the body in bytes; 0 unless ``end`` is LENGTH."""
    is_kept: bool
    """Whether the connection may serve another request after this response."""
    minor: int
    """The minor version, 0 or 1, of HTTP/1.``minor``."""
    fields: Sequence[tuple[str, str]]
    """The header fields in ``data``."""


class _Line(Value, frozen=True):
    """A header field in its canonical form."""

    field: tuple[str, str]
    role: bytes
    """The name of the field in lower case if it affects framing, else empty."""
    value: bytes
    """The value of the field as sent, starting with the first character that is not a space."""


def parse_head(data: bytes, *, is_head: bool = False) -> Head:
    """Parse a header section that includes its final empty line. Raises FramingError.

    ``is_head``: the response is to a HEAD.
    """
    return parse_tidy_head(data, is_head=is_head) or _parse_untidy_head(data, is_head=is_head)


def parse_tidy_head(data: bytes, *, is_head: bool = False) -> Head | None:
    """Parse the header section ``data``. None if it is not written exactly as RFC 9112 says. Raises FramingError.

    ``data`` includes the final empty line. If a result is returned, ``data`` contains CR LF CR LF only at its end.
    """
    is_short = len(data) <= _LONGEST_KEPT
    if not is_short:
        _check_size(data)
    start, *lines = data.split(b"\r\n")
    if lines[-2:] != [b"", b""] or len(lines) > limits.HEADER_COUNT + 2:
        return None
    version = _tidy_status(start)
    line_of = _tidy_line if is_short else _tidy_line.__wrapped__
    found = [line_of(line) for line in lines[:-2]]
    if version is None or None in found:
        return None
    return _head(data, version, cast("list[_Line]", found), is_head=is_head)


@lru_cache(maxsize=64)
def _tidy_status(line: bytes) -> tuple[int, int] | None:
    """(minor version, status) of a status line."""
    found = _TIDY_STATUS.fullmatch(line)
    return None if found is None else (int(found[1]), int(found[2]))


@lru_cache(maxsize=_LINES_KEPT)
def _tidy_line(line: bytes) -> _Line | None:
    found = _TIDY_FIELD.fullmatch(line)
    return None if found is None else _line(found[1], found[2])


def _line(name: bytes, value: bytes) -> _Line:
    lower = name.lower()
    role = lower if lower in (_LENGTH, _CODING, _CONNECTION) else b""
    return _Line((name.decode(), value.strip(b" \t").decode("utf-8", "surrogateescape")), role, value)


def _parse_untidy_head(data: bytes, *, is_head: bool) -> Head:
    _check_size(data)
    start = _STATUS.match(data)
    if start is None:
        raise NotAResponse(data)
    if b"\0" in data:
        raise FramingError("NUL byte in the header section")
    minor, status = min(int(start[1]), 1), int(start[2])
    lines = [_line(name, value) for name, value in _fields(data[start.end() :])]
    return _head(data, (minor, status), lines, is_head=is_head, text=start[3] or b"")


def _head(
    data: bytes, version: tuple[int, int], lines: Sequence[_Line], *, is_head: bool, text: bytes | None = None
) -> Head:
    """The parsed header section ``data``. Raises FramingError.

    ``text`` is the reason phrase of the status line; it is given if the section must be rewritten for strict parsers.
    """
    minor, status = version
    if status == 101:
        raise FramingError("unexpected switch to another protocol (status 101)")
    lengths: list[bytes] = []
    codings: list[bytes] = []
    options: list[bytes] = []
    for line in lines:
        if role := line.role:
            (lengths if role == _LENGTH else codings if role == _CODING else options).append(line.value)
    is_plain = False
    if status < 200 or status in (204, 304):
        end, length = BodyEnd.HEADER, 0
    elif len(lengths) == 1 and not codings and lengths[0].isdigit() and len(lengths[0]) <= _DIGITS:
        end, length, is_plain = BodyEnd.LENGTH, int(lengths[0]), True
    else:
        end, length = _end(lengths, codings)
    if text is not None or not (is_plain or _is_plain(end, lengths, codings)):
        start = data[: data.index(b"\r\n")] if text is None else b"HTTP/1.%d %d %s" % (minor, status, text)
        data, lines = _rebuilt(start, lines, end, length)
    if is_head:
        end, length = BodyEnd.HEADER, 0
    is_kept = end is not BodyEnd.CONNECTION and not (lengths and codings) and _is_persistent(minor, tuple(options))
    return Head(status, data, end, length, is_kept, minor, [line.field for line in lines])


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
        elif name.strip().lower() in (_LENGTH, _CODING):  # parsers disagree about such a line (RFC 9112 section 5.1)
            raise FramingError(f"malformed {name.strip().decode()}")
    return fields


def _end(lengths: Sequence[bytes], codings: Sequence[bytes]) -> tuple[BodyEnd, int]:
    """The rule that ends the body of a response that may have one, and its length. Raises FramingError."""
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


def _rebuilt(start: bytes, lines: Sequence[_Line], end: BodyEnd, length: int) -> tuple[bytes, list[_Line]]:
    """A header section that strict parsers read in the same way as this module, and its lines."""
    kept = [line for line in lines if line.role not in (_LENGTH, _CODING)]
    if end is BodyEnd.LENGTH:
        kept.append(_line(b"Content-Length", b"%d" % length))
    elif end is BodyEnd.CHUNKED:
        kept.append(_line(b"Transfer-Encoding", b"chunked"))
    written = [start, *(line.field[0].encode() + b": " + line.value.rstrip(b" \t") for line in kept)]
    return b"\r\n".join(written) + b"\r\n\r\n", kept


@lru_cache(maxsize=8)
def _is_persistent(minor: int, options: tuple[bytes, ...]) -> bool:
    """Whether the minor version and the Connection options keep the connection open (RFC 9112 section 9.3)."""
    tokens = {part.strip().lower() for value in options for part in value.split(b",")}
    return b"close" not in tokens and (minor > 0 or b"keep-alive" in tokens)
