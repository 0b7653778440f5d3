"""Where responses end: tables of header sections, and every split of what servers may send (RFC 9112 section 6.3)."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler import limits
from crawler.framing import BodyError, Chunks, End, FramingError, Head, NoResponse, not_a_response, parse_head
from crawler.splitter import Splitter

OK = b"HTTP/1.1 200 OK"


def head(*lines: bytes, status: bytes = OK, is_head: bool = False) -> Head:
    return parse_head(b"\r\n".join([status, *lines]) + b"\r\n\r\n", is_head=is_head)


@pytest.mark.parametrize(
    ("lines", "end", "length", "is_kept"),
    [
        ([b"Content-Length: 5"], End.LENGTH, 5, True),
        ([b"content-length:5"], End.LENGTH, 5, True),
        ([b"Content-Length: 0"], End.LENGTH, 0, True),
        ([b"Content-Length: 5", b"Content-Length: 5"], End.LENGTH, 5, True),
        ([b"Content-Length: 5, 5"], End.LENGTH, 5, True),
        ([b"Content-Length: 05", b"Content-Length: 5"], End.LENGTH, 5, True),
        ([b"Content-Length:", b" 5"], End.LENGTH, 5, True),
        ([b"Transfer-Encoding: chunked"], End.CHUNKED, 0, True),
        ([b"Transfer-Encoding: Chunked, chunked"], End.CHUNKED, 0, True),
        ([b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], End.CHUNKED, 0, True),
        ([b"Content-Length: 5", b"Transfer-Encoding: chunked"], End.CHUNKED, 0, False),
        ([b"Transfer-Encoding: chunked", b"Content-Length: nonsense"], End.CHUNKED, 0, False),
        ([b"Transfer-Encoding: identity"], End.CONNECTION, 0, False),
        ([b"Transfer-Encoding: identity", b"Content-Length: 5"], End.LENGTH, 5, False),
        ([], End.CONNECTION, 0, False),
        ([b"Content-Length: 5", b"Connection: close"], End.LENGTH, 5, False),
        ([b"Content-Length: 5", b"Connection: x, Close"], End.LENGTH, 5, False),
        ([b"this is no field", b"Content-Length: 5", b": nor this"], End.LENGTH, 5, True),
        ([b"X: a\rContent-Length: 7", b"Content-Length: 5"], End.LENGTH, 5, True),
        ([b"X: " + b"x" * 60_000, b"Content-Length: 5"], End.LENGTH, 5, True),
    ],
)
def test_what_ends_a_body(lines: list[bytes], end: End, length: int, is_kept: bool) -> None:
    found = head(*lines)
    assert (found.end, found.length, found.is_kept) == (end, length, is_kept)
    assert head(*lines, is_head=True).end is End.HEADER
    bare = parse_head(b"\n".join([OK, *lines]) + b"\n\n")
    assert (bare.end, bare.length, bare.is_kept) == (end, length, is_kept)
    again = parse_head(found.data)  # what the next parser is given
    assert (again.data, again.end, again.length) == (found.data, end, length)
    assert found.data.lower().count(b"content-length:") == (end is End.LENGTH) + (b"a Content" in found.data)
    for status in (b"HTTP/1.1 204 x", b"HTTP/1.1 304 x", b"HTTP/1.1 100 x"):
        empty = head(*lines, status=status)
        assert empty.end is End.HEADER
        assert b"\ncontent-length:" not in empty.data.lower()
        assert b"\ntransfer-encoding:" not in empty.data.lower()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([b"Content-Length: 5", b"Content-Length: 6"], "contradicting"),
        ([b"Content-Length: 5, 6"], "contradicting"),
        ([b"Content-Length: -5"], "not a number"),
        ([b"Content-Length: +5"], "not a number"),
        ([b"Content-Length: 5 5"], "not a number"),
        ([b"Content-Length: 5,"], "not a number"),
        ([b"Content-Length:"], "not a number"),
        ([b"Content-Length: \xb2"], "not a number"),
        ([b"Content-Length: 1" + b"0" * 18], "not a number"),
        ([b"Content-Length : 5"], "malformed"),
        ([b" Content-Length: 5"], "malformed"),
        ([b"Transfer-Encoding : chunked"], "malformed"),
        ([b"Transfer-Encoding: gzip, chunked"], "not requested"),
        ([b"Transfer-Encoding: \x1b[2J"], "not requested"),
        ([b"Transfer-Encoding:"], "not requested"),
        ([b"X: a\0b"], "NUL"),
        ([b"X: y"] * (limits.HEADER_COUNT + 1), "more than"),
        ([b"X: " + b"x" * limits.HEADER_LINE], "more than"),
    ],
)
def test_what_no_attempt_will_change(lines: list[bytes], words: str) -> None:
    for is_head in (False, True):
        with pytest.raises(FramingError, match=words) as raised:
            head(*lines, is_head=is_head)
        assert str(raised.value).isprintable()


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


def chunked(body: bytes, sizes: list[int], extension: bytes, trailer: bytes) -> bytes:
    out, at = b"", 0
    for size in sizes:
        piece = body[at : at + size]
        at += size
        if piece:
            out += b"%x%b\r\n%b\r\n" % (len(piece), extension, piece)
    if body[at:]:
        out += b"%X%b\r\n%b\r\n" % (len(body[at:]), extension, body[at:])
    return out + b"0\r\n" + trailer + b"\r\n"


TRAILERS = [b"", b"X: y\r\n", b"Content-Length: 3\r\n"]
"""Whose fields are passed over."""
EXTRA = [b"", b"\r\n", b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny", b"0\r\n\r\n"]


@st.composite
def responses(draw: st.DrawFn) -> tuple[bytes, bytes, bool, bytes]:
    """(what is sent of the response, its body as it is sent, whether it answers a HEAD, what is sent behind it)."""
    status = draw(st.sampled_from([200, 206, 302, 404, 204, 304]))
    line_end = draw(st.sampled_from([b"\r\n", b"\n"]))
    is_head = draw(st.booleans())
    body = draw(st.binary(max_size=40))
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 x\r\nLink: y\r\n\r\n" * 2]))
    framing = draw(st.sampled_from(["length", "twice", "list", "chunked", "both"]))
    length = {
        "length": [b"Content-Length: %d" % len(body)],
        "twice": [b"Content-Length: %d" % len(body)] * 2,
        "list": [b"Content-Length: %d, %d" % (len(body), len(body))],
        "chunked": [b"Transfer-Encoding: chunked"],
        "both": [b"Content-Length: 7", b"Transfer-Encoding: chunked"],
    }[framing]
    lines = draw(st.permutations([*length, b'ETag: "\xe9"']))
    if framing in ("chunked", "both"):
        sizes = draw(st.lists(st.integers(1, 20), max_size=4))
        extension = draw(st.sampled_from([b"", b";a=b", b" "]))
        body = chunked(body, sizes, extension, draw(st.sampled_from(TRAILERS)))
    if is_head or status in (204, 304):
        body = b""
    start = line_end.join([b"HTTP/1.1 %d x" % status, *lines]) + line_end * 2
    return interim + start + body, body, is_head, draw(st.sampled_from(EXTRA))


@settings(max_examples=150, deadline=None)
@given(responses(), st.data())
def test_every_split_of_a_response_gives_the_same(
    response: tuple[bytes, bytes, bool, bytes], data: st.DataObject
) -> None:
    sent, body, is_head, extra = response
    wire = sent + extra
    for one in range(len(wire) + 1):
        other = data.draw(st.integers(0, len(wire))) if one % 16 == 0 else one
        splitter = Splitter()
        assert splitter.take(b"early") == (b"", True)
        splitter.begin(is_head=is_head)
        mine, is_excess = b"", False
        for piece in (wire[: min(one, other)], wire[min(one, other) : max(one, other)], wire[max(one, other) :]):
            part, more = splitter.take(piece)
            mine += part
            is_excess = is_excess or more
        assert splitter.head is not None
        kept = next((body.replace(each, b"") for each in TRAILERS if each and each in body), body)
        assert mine == splitter.head.data + kept
        assert (splitter.is_over, is_excess) == (True, bool(extra))
        assert splitter.take(b"late") == (b"", True)


@given(st.binary(max_size=60))
def test_a_body_without_a_length_takes_everything(body: bytes) -> None:
    splitter = Splitter()
    splitter.begin(is_head=False)
    start = OK + b"\r\n\r\n"
    assert splitter.take(start + body) == (start + body, False)
    assert splitter.take(body) == (body, False)
    assert not splitter.is_over


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"\r\n", b"\n",
                         b"3", b"\r", b"0", b";", b"abc", b" ", b"HTTP/1.1 100 x", b"\0"]), max_size=12,
    ),
    st.booleans(),
)  # fmt: skip
@example([b"HTTP/1.1 100 x", b"\r\n", b"\r\n", b"\r\n"], False)
def test_anything_is_split_or_refused_alike_in_pieces_and_at_once(parts: list[bytes], is_head: bool) -> None:
    def outcome(pieces: list[bytes]) -> tuple[bytes, bool, str]:
        splitter, mine, excess = Splitter(), b"", False
        splitter.begin(is_head=is_head)
        try:
            for piece in pieces:
                part, more = splitter.take(piece)
                mine, excess = mine + part, excess or more
        except FramingError as error:
            return b"", False, str(error)
        except BodyError:  # what came before it differs by what was already passed on
            return b"", False, "body"
        return mine, excess, ""

    whole = b"".join(parts)
    assert outcome([whole]) == outcome([whole[at : at + 1] for at in range(len(whole))])


@pytest.mark.parametrize("body", [b"zz\r\n", b"\r\n", b"-1\r\n", b"5\r\nabcdeX\r\n", b"5 5\r\n", b"f" * 16 + b"\r\n"])
def test_chunks_that_make_no_sense(body: bytes) -> None:
    with pytest.raises(BodyError):
        Chunks().take(body)


def test_a_chunk_size_or_a_header_section_without_end_is_refused() -> None:
    chunks = Chunks()
    with pytest.raises(BodyError, match="without end"):
        for _ in range(20):
            chunks.take(b"0" * 8192)
    splitter = Splitter()
    splitter.begin(is_head=False)
    with pytest.raises(FramingError, match="more than"):
        for _ in range(100):
            splitter.take(b"HTTP/1.1 200 OK\r\nX: " if splitter.head is None and not _ else b"x" * 8192)


@pytest.mark.parametrize(
    ("data", "is_permanent"),
    [
        (b"ICY 200 OK\r\n", True), (b"SSH-2.0-OpenSSH\r\n", True), (b"220 ready\r\n", True), (b"+OK\r\n", True),
        (b"* OK IMAP\r\n", True), (b"\x15\x03\x01\x00\x02", True), (b"<html>", True),
        (b"\x16\x03 what is this", False), (b"\x00\xff", False), (b"\x1f\x8b", False),
    ],
)  # fmt: skip
def test_the_greeting_of_another_protocol_is_permanent_and_garbage_is_not(data: bytes, is_permanent: bool) -> None:
    error = not_a_response(data)
    assert str(error) == "it does not begin with a status line"
    assert isinstance(error, NoResponse) is not is_permanent


def test_what_is_no_response_is_refused_before_its_end() -> None:
    for start in (b"\x15\x03\x01\x00\x02", b"220 ready\r\n", b"HTTX"):
        splitter = Splitter()
        splitter.begin(is_head=False)
        with pytest.raises(FramingError, match="status line"):
            for byte in start:
                splitter.take(bytes([byte]))
