"""Where responses end: tables of header sections and of chunks (RFC 9112 sections 6.3 and 7.1)."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from crawler.http.framing.chunks import ChunkScanner
from crawler.http.framing.header_section import (
    BodyEnd,
    BodyError,
    FramingError,
    Head,
    NotAResponse,
    parse_head,
)
from crawler.model import limits

OK = b"HTTP/1.1 200 OK"


def head(*lines: bytes, status: bytes = OK, is_head: bool = False) -> Head:
    return parse_head(b"\r\n".join([status, *lines]) + b"\r\n\r\n", is_head=is_head)


@pytest.mark.parametrize(
    ("lines", "end", "length", "is_kept"),
    [
        ([b"Content-Length: 5"], BodyEnd.LENGTH, 5, True),
        ([b"content-length:5"], BodyEnd.LENGTH, 5, True),
        ([b"Content-Length: 0"], BodyEnd.LENGTH, 0, True),
        ([b"Content-Length: 5", b"Content-Length: 5"], BodyEnd.LENGTH, 5, True),
        ([b"Content-Length: 5, 5"], BodyEnd.LENGTH, 5, True),
        ([b"Content-Length: 05", b"Content-Length: 5"], BodyEnd.LENGTH, 5, True),
        ([b"Content-Length:", b" 5"], BodyEnd.LENGTH, 5, True),
        ([b"Transfer-Encoding: chunked"], BodyEnd.CHUNKED, 0, True),
        ([b"Transfer-Encoding: Chunked, chunked"], BodyEnd.CHUNKED, 0, True),
        ([b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], BodyEnd.CHUNKED, 0, True),
        ([b"Content-Length: 5", b"Transfer-Encoding: chunked"], BodyEnd.CHUNKED, 0, False),
        ([b"Transfer-Encoding: chunked", b"Content-Length: nonsense"], BodyEnd.CHUNKED, 0, False),
        ([b"Transfer-Encoding: identity"], BodyEnd.CONNECTION, 0, False),
        ([b"Transfer-Encoding: identity", b"Content-Length: 5"], BodyEnd.LENGTH, 5, False),
        ([], BodyEnd.CONNECTION, 0, False),
        ([b"Content-Length: 5", b"Connection: close"], BodyEnd.LENGTH, 5, False),
        ([b"Content-Length: 5", b"Connection: x, Close"], BodyEnd.LENGTH, 5, False),
        ([b"this is no field", b"Content-Length: 5", b": nor this"], BodyEnd.LENGTH, 5, True),
        ([b"X: a\rContent-Length: 7", b"Content-Length: 5"], BodyEnd.LENGTH, 5, True),
        ([b"X: " + b"x" * 60_000, b"Content-Length: 5"], BodyEnd.LENGTH, 5, True),
        ([b"X: " + b"x" * 40_000] * 3 + [b"Content-Length: 5"], BodyEnd.LENGTH, 5, True),
        ([b"Content-Length: " + b"0" * 30 + b"5"], BodyEnd.LENGTH, 5, True),
        ([b"Content-Length: 1" + b"0" * 17], BodyEnd.LENGTH, 10**17, True),
        ([b"Content-Length: 5 \t", b"Connection: Keep-Alive"], BodyEnd.LENGTH, 5, True),
        ([b"Content-Length: 5,\t5 , 05"], BodyEnd.LENGTH, 5, True),
        ([b"Transfer-Encoding: chunked , CHUNKED"], BodyEnd.CHUNKED, 0, True),
        ([b"Content-Length: 5", b"Connection: x", b"Connection: close"], BodyEnd.LENGTH, 5, False),
        ([b"Connection: close", b"Content-Length: 5", b"Connection: keep-alive"], BodyEnd.LENGTH, 5, False),
        ([b"Content-Length:\t5", b"X-Transfer-Encoding: gzip"], BodyEnd.LENGTH, 5, True),
    ],
)
def test_what_ends_a_body(lines: list[bytes], end: BodyEnd, length: int, is_kept: bool) -> None:
    found = head(*lines)
    assert (found.end, found.length, found.is_kept) == (end, length, is_kept)
    parsed = head(*lines, is_head=True)
    assert (parsed.end, parsed.length) == (BodyEnd.HEADER, 0)
    bare = parse_head(b"\n".join([OK, *lines]) + b"\n\n")
    assert (bare.end, bare.length, bare.is_kept) == (end, length, is_kept)
    again = parse_head(found.data)  # the input of the next parser
    assert (again.data, again.end, again.length) == (found.data, end, length)
    assert found.data.lower().count(b"content-length:") == (end is BodyEnd.LENGTH) + (b"a Content" in found.data)
    for status in (b"HTTP/1.1 204 x", b"HTTP/1.1 304 x", b"HTTP/1.1 100 x"):
        empty = head(*lines, status=status)
        assert empty.end is BodyEnd.HEADER
        assert b"\ncontent-length:" not in empty.data.lower()
        assert b"\ntransfer-encoding:" not in empty.data.lower()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([b"Content-Length: 5", b"Content-Length: 6"], "conflicting"),
        ([b"Content-Length: 5, 6"], "conflicting"),
        ([b"Content-Length: -5"], "invalid Content-Length"),
        ([b"Content-Length: +5"], "invalid Content-Length"),
        ([b"Content-Length: 5 5"], "invalid Content-Length"),
        ([b"Content-Length: 5,"], "invalid Content-Length"),
        ([b"Content-Length: X5"], "invalid Content-Length"),
        ([b"Content-Length: 5, \x0b5"], "invalid Content-Length"),
        ([b"Content-Length:"], "invalid Content-Length"),
        ([b"Content-Length: \xb2"], "invalid Content-Length"),
        ([b"Content-Length: 1" + b"0" * 18], "invalid Content-Length"),
        ([b"Content-Length : 5"], "malformed"),
        ([b" Content-Length: 5"], "malformed"),
        ([b"Transfer-Encoding : chunked"], "malformed"),
        ([b"Transfer-Encoding: gzip, chunked"], "unexpected Transfer-Encoding"),
        ([b"Transfer-Encoding: \x1b[2J"], "unexpected Transfer-Encoding"),
        ([b"Transfer-Encoding:"], "unexpected Transfer-Encoding"),
        ([b"X: a\0b"], "NUL"),
        ([b"X: y"] * (limits.HEADER_COUNT + 1), "more than"),
        ([b"X: " + b"x" * limits.HEADER_LINE], "more than"),
        ([b"Transfer-Encoding: identity, chunked"], "unexpected Transfer-Encoding"),
    ],
)
def test_permanent_errors(lines: list[bytes], words: str) -> None:
    for is_head in (False, True):
        with pytest.raises(FramingError, match=words) as raised:
            head(*lines, is_head=is_head)
        assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([b"Content-Length: 5", b"Content-Length: 6"], "conflicting Content-Length values"),
        ([b"Content-Length: x"], "invalid Content-Length"),
        ([b"Content-Length : 5"], "malformed Content-Length"),
        ([b"Transfer-Encoding: x, y", b"Transfer-Encoding: " + b"z" * 40],
         "unexpected Transfer-Encoding: x, y, " + "z" * 34),
        ([b"Transfer-Encoding: \xff"], "unexpected Transfer-Encoding: \ufffd"),
        ([b"X: a\0b"], "NUL byte in the header section"),
        ([b"X: y"] * (limits.HEADER_COUNT + 1), f"more than {limits.HEADER_COUNT} header fields"),
        ([b"X: " + b"x" * limits.HEADER_LINE], f"a header line of more than {limits.HEADER_LINE} bytes"),
    ],
)  # fmt: skip
def test_a_user_reads_what_is_wrong_with_a_header_section(lines: list[bytes], text: str) -> None:
    with pytest.raises(FramingError) as raised:
        head(*lines)
    assert str(raised.value) == text


@pytest.mark.parametrize("status", [101, 99, 100, 199, 200, 203, 204, 205, 206, 303, 304, 305, 999])
def test_which_status_has_a_body(status: int) -> None:
    line = b"HTTP/1.1 %03d x" % status
    if status == 101:
        with pytest.raises(FramingError, match=r"^unexpected switch to another protocol \(status 101\)$"):
            head(status=line)
        return
    found = head(b"Content-Length: 5", status=line)
    has_none = status < 200 or status in {204, 304}
    assert (found.status, found.end, found.length) == (
        status,
        *((BodyEnd.HEADER, 0) if has_none else (BodyEnd.LENGTH, 5)),
    )


LAST = b"X: " + b"x" * (limits.HEADER_LINE - 4)
"""A line of the maximum length, including its CR."""


@pytest.mark.parametrize(
    ("sent", "rebuilt"),
    [
        # passed on unchanged if a strict parser reads it alike
        (b"HTTP/1.1 200 OK\r\nX:y\r\ncontent-length:5\r\n\r\n", None),
        (b"HTTP/1.1 206 \r\nTransfer-Encoding:  chunked\r\nX: \xff \r\n\r\n", None),
        (b"HTTP/1.0 404 No\r\n\r\n", None),
        (b"HTTP/1.1 204 x\r\nX: y\r\n\r\n", None),
        (OK + b"\r\n" + b"X: y\r\n" * (limits.HEADER_COUNT - 1) + b"Content-Length: 0\r\n\r\n", None),
        (OK + b"\r\nContent-Length: 0\r\n" + LAST + b"\r\n\r\n", None),
        # otherwise normalised
        (b"HTTP/1.1 200\r\nX:y\r\n\r\n", b"HTTP/1.1 200 \r\nX: y\r\n\r\n"),
        (b"HTTP/1.3 200 O K\nX: a\n b\r\n\tc\nno field\n\n", b"HTTP/1.1 200 O K\r\nX: a b c\r\n\r\n"),
        (b"HTTP/1.1 200\nX: MAX\x0b: 1 \t\n\n", b"HTTP/1.1 200 \r\nX: MAX\x0b: 1\r\n\r\n"),
        (b"HTTP/1.1 200\nX: \x0bMAX\nY:XX\x0c\n\n", b"HTTP/1.1 200 \r\nX: \x0bMAX\r\nY: XX\x0c\r\n\r\n"),
        (b"HTTP/1.0 200 OK\r\nX: a\rb \r\nX : y\r\n\r\n", b"HTTP/1.0 200 OK\r\nX: a b\r\n\r\n"),
        (OK + b"\r\nA: 1\r\nContent-Length: 5 \r\nB: 2\r\n\r\n",
         OK + b"\r\nA: 1\r\nB: 2\r\nContent-Length: 5\r\n\r\n"),
        (OK + b"\r\nContent-Length: 7\r\nTransfer-Encoding: identity\r\nA: 1\r\n\r\n",
         OK + b"\r\nA: 1\r\nContent-Length: 7\r\n\r\n"),
        (OK + b"\r\nTransfer-Encoding: identity\r\nA: 1\r\n\r\n", OK + b"\r\nA: 1\r\n\r\n"),
        (OK + b"\r\nTransfer-Encoding: chunked, chunked\r\nA: 1\r\n\r\n",
         OK + b"\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (OK + b"\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\nA: 1\r\n\r\n",
         OK + b"\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"HTTP/1.1 304 x\r\nContent-Length: 5\r\nA: 1\r\n\r\n", b"HTTP/1.1 304 x\r\nA: 1\r\n\r\n"),
        (b"HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 304 x\r\n\r\n"),
    ],
)  # fmt: skip
def test_strict_parsers_get_a_header_section_that_they_cannot_misread(sent: bytes, rebuilt: bytes | None) -> None:
    assert parse_head(sent).data == (sent if rebuilt is None else rebuilt)


@pytest.mark.parametrize(
    ("connection", "by_1_1", "by_1_0"),
    [
        (None, True, False),
        (b"keep-alive", True, True),
        (b"Keep-Alive", True, True),
        (b"x , keep-alive", True, True),
        (b"close", False, False),
        (b"keep-alive, Close", False, False),
        (b"x,close", False, False),
        (b"x", True, False),
    ],
)
def test_whether_a_connection_serves_another_request(connection: bytes | None, by_1_1: bool, by_1_0: bool) -> None:
    lines = [b"Content-Length: 5"] + ([b"Connection: " + connection] if connection is not None else [])
    assert head(*lines).is_kept is by_1_1
    assert head(*lines, status=b"HTTP/1.0 200 OK").is_kept is by_1_0
    assert head(*lines, status=b"HTTP/1.7 200 OK").is_kept is by_1_1


@pytest.mark.parametrize(
    ("status", "is_kept"),
    [
        (b"HTTP/1.1 200", True),
        (b"HTTP/1.1  200 OK", True),
        (b"HTTP/1.2 200 OK", True),
        (b"HTTP/1.0 200 OK", False),
        (b"HTTP/2 200", None),
        (b"HTTP/1.1 20", None),
        (b"HTTP/1.1 2000", None),
        (b"HTTP/1.1 abc", None),
        (b"HTTP/1.1 101 Switching Protocols", None),
        (b"http/1.1 200 OK", None),
        (b"ICY 200 OK", None),
        (b"220 ftp.example.org", None),
    ],
)
def test_status_lines(status: bytes, is_kept: bool | None) -> None:
    if is_kept is None:
        with pytest.raises(FramingError):
            head(b"Content-Length: 5", status=status)
    else:
        found = head(b"Content-Length: 5", status=status)
        assert (found.status, found.is_kept) == (200, is_kept)
        assert found.data.startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 "))
    assert head(b"Content-Length: 5", b"Connection: keep-alive", status=b"HTTP/1.0 200 OK").is_kept


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (b"0\r\n\r\n", 5),
        (b"3\r\nabc\r\n0\r\n\r\nlate", 13),
        (b"3\nabc\n0\n\nlate", 9),
        (b"A ;x=y\r\n0123456789\r\n000\r\nX: y\r\n\r\nlate", 33),
        (b"3\r\n\r\n\n\r\n0\r\n\r\n0\r\n\r\n", 13),
        (b"1a\t\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n", 38),
        (b"1a\n" + b"x" * 26 + b"\n0\n\n", 33),
        (b"3\r\nab", 5),
        (b"0\r\nX: y\r\n", 9),
        (b"", 0),
    ],
)
def test_where_chunks_end(body: bytes, length: int) -> None:
    """The chunks arrive in one piece, byte by byte, and in every division into two pieces."""
    is_over = length < len(body) or body.endswith((b"\r\n\r\n", b"\n\n"))
    splits = [[body], [body[at : at + 1] for at in range(len(body))]]
    splits += [[body[:at], body[at:]] for at in range(1, len(body))]
    for pieces in splits:
        chunks = ChunkScanner()
        assert chunks.is_over is False
        assert sum(chunks.take(piece, []) for piece in pieces) == length
        assert chunks.is_over is is_over


@pytest.mark.parametrize(
    ("body", "decoded", "coded"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc", b"3\r\nabc\r\n0\r\n\r\n"),
        (b"003 ;x=y\nabc\n000\n\n", b"abc", b"3\r\nabc\r\n0\r\n\r\n"),
        (b"A\t\r\n0123456789\r\n0;y\r\nX: y\r\nZ: 0\r\n\r\nlate", b"0123456789", b"a\r\n0123456789\r\n0\r\n\r\n"),
        (b"3\r\nab", b"ab", b"3\r\nab"),
        (b"3\r\nabc\r\n0\r\nX: y\r\n", b"abc", b"3\r\nabc\r\n0\r\n"),
        (b"3;x", b"", b""),
    ],
)
def test_chunks_are_passed_on_decoded_or_as_strict_parsers_accept_them(
    body: bytes, decoded: bytes, coded: bytes
) -> None:
    for is_coded, wanted in ((False, decoded), (True, coded)):
        for step in range(1, len(body) + 1):
            passed: list[bytes] = []
            chunks = ChunkScanner(is_coded=is_coded)
            for at in range(0, len(body), step):
                chunks.take(body[at : at + step], passed)
            assert b"".join(passed) == wanted, step


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"zz\r\n", "invalid chunk size"),
        (b"\r", "invalid chunk size"),
        (b";", "invalid chunk size"),
        (b" 1\r\n", "invalid chunk size"),
        (b"1\r\nabc", "a chunk is longer than its size"),
        (b"1\r\nab\n", "a chunk is longer than its size"),
        (b"0" * (limits.HEADER_LINE + 1), "endless chunk size or trailer line"),
        (b"0\r\n" + b"x" * (limits.HEADER_LINE + 1), "endless chunk size or trailer line"),
    ],
)
def test_a_user_reads_what_is_wrong_with_chunks(body: bytes, text: str) -> None:
    with pytest.raises(BodyError) as raised:
        ChunkScanner().take(body + b"\n" if b"abc" in body else body, [])
    assert str(raised.value) == text


def test_the_longest_line_of_a_chunk() -> None:
    chunks = ChunkScanner()
    assert chunks.take(b"0" * limits.HEADER_LINE, []) == limits.HEADER_LINE
    with pytest.raises(BodyError, match="endless"):
        chunks.take(b"0", [])


@pytest.mark.parametrize("body", [b"zz\r\n", b"\r\n", b"-1\r\n", b"5\r\nabcdeX\r\n", b"5 5\r\n", b"f" * 16 + b"\r\n"])
def test_malformed_chunks(body: bytes) -> None:
    with pytest.raises(BodyError):
        ChunkScanner().take(body, [])


@pytest.mark.parametrize(
    ("beginning", "is_refused"),
    [
        (b"5more", True), (b"z", True), (b"-", True), (b"f" * 16, True), (b"5 5", True), (b"5\rx", True),
        (b" ", True), (b"\r", True), (b"", False),
        (b"5", False), (b"0" * 40 + b"f" * 15, False), (b"5 \t", False), (b"5\r", False), (b"5;x=y", False),
        (b"5 ;\r\0", False), (b"1\r\nax", True), (b"1\r\na\r", False), (b"1\r\na\rx", True), (b"1\r\na", False),
    ],
)  # fmt: skip
def test_a_line_that_begins_wrong_is_not_waited_for(beginning: bytes, is_refused: bool) -> None:
    for pieces in ([beginning], [beginning[at : at + 1] for at in range(len(beginning))]):
        chunks = ChunkScanner()
        with pytest.raises(BodyError) if is_refused else nullcontext():
            for piece in pieces:
                chunks.take(piece, [])


def test_an_endless_chunk_size_is_refused() -> None:
    chunks = ChunkScanner()
    with pytest.raises(BodyError, match="endless"):
        for _ in range(20):
            chunks.take(b"0" * 8192, [])


@pytest.mark.parametrize(
    ("data", "is_permanent"),
    [
        (b"Q\r\n", True), (b"-ERR\r\n", True), (b"(x)", True),
        (b"ICY 200 OK\r\n", True), (b"SSH-2.0-OpenSSH\r\n", True), (b"220 ready\r\n", True), (b"+OK\r\n", True),
        (b"* OK IMAP\r\n", True), (b"\x15\x03\x01\x00\x02", True), (b"<html>", True),
        (b"\x16\x03 what is this", False), (b"\x00\xff", False), (b"\x1f\x8b", False),
    ],
)  # fmt: skip
def test_the_greeting_of_another_protocol_is_permanent_and_garbage_is_not(data: bytes, is_permanent: bool) -> None:
    error = NotAResponse(data)
    assert str(error) == "no status line"
    assert error.is_permanent(is_first=True) is is_permanent
    assert not error.is_permanent(is_first=False), "a server that has responded speaks HTTP"
