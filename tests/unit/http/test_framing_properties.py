"""Where responses end, for every split of generated responses (RFC 9112 section 6.3)."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.http.framing.header_section import BodyError, FramingError
from crawler.http.framing.merged import MERGED
from crawler.http.framing.splitter import Splitter

OK = b"HTTP/1.1 200 OK"


def chunked(body: bytes, sizes: list[int], extension: bytes, trailer: bytes) -> bytes:
    out, at = b"", 0
    for size in sizes:
        piece = body[at : at + size]
        at += size
        if piece:
            out += b"%x%b\r\n%b\r\n" % (len(piece), extension, piece)
    if body[at:]:
        out += b"%x%b\r\n%b\r\n" % (len(body[at:]), extension, body[at:])
    return out + b"0\r\n" + trailer + b"\r\n"


TRAILERS = [b"", b"X: y\r\n", b"Content-Length: 3\r\n"]
"""Trailer sections, whose fields are ignored."""
EXTRA = [b"", b"\r\n", b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny", b"0\r\n\r\n"]


@st.composite
def responses(draw: st.DrawFn) -> tuple[bytes, bytes, bool, bytes]:
    """(bytes of the response, its body as it is passed on, whether it responds to HEAD, bytes that follow it)."""
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
    sent = body
    if framing in ("chunked", "both"):
        sizes = draw(st.lists(st.integers(1, 20), max_size=4))
        extension = draw(st.sampled_from([b"", b";a=b", b" "]))
        sent = chunked(body, sizes, extension, draw(st.sampled_from(TRAILERS)))
        body = chunked(body, sizes, b"", b"")
    if is_head or status in (204, 304):
        sent = body = b""
    start = line_end.join([b"HTTP/1.1 %d x" % status, *lines]) + line_end * 2
    return interim + start + sent, body, is_head, draw(st.sampled_from(EXTRA))


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
        assert splitter.take(b"early") == (b"", 5)
        splitter.begin(is_head=is_head)
        mine, excess = b"", 0
        for piece in (wire[: min(one, other)], wire[min(one, other) : max(one, other)], wire[max(one, other) :]):
            part, more = splitter.take(piece)
            mine += part
            excess += more
        assert splitter.head is not None
        assert mine == splitter.head.data + body
        assert (splitter.is_over, excess) == (True, len(extra))
        assert splitter.take(b"late") == (b"", 4)


@given(st.binary(max_size=60))
def test_a_body_without_a_length_takes_everything(body: bytes) -> None:
    splitter = Splitter()
    splitter.begin(is_head=False)
    start = OK + b"\r\n\r\n"
    assert splitter.take(start + body) == (start + body, 0)
    assert splitter.take(body) == (body, 0)
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
@example([b"HTTP/1.1 200 OK\r\n", b"Transfer-Encoding: chunked\r\n\r\n", *[b"Transfer-Encoding: chunked"] * 3], False)
@example([b"HTTP/1.1 200 OK\r\n", b"Content-Length: 3", b"\r\n", b"\r\n", b"HTTP/1.1 200 OK\r\n"], False)
def test_anything_is_split_or_refused_alike_in_pieces_and_at_once(parts: list[bytes], is_head: bool) -> None:
    def outcome(pieces: list[bytes]) -> tuple[bytes, int, str]:
        splitter, mine, excess = Splitter(), b"", 0
        splitter.begin(is_head=is_head)
        try:
            for piece in pieces:
                part, more = splitter.take(piece)
                mine, excess = mine + part, excess + more
        except FramingError as error:
            return b"", 0, str(error)
        except BodyError as error:  # how much was passed on before the error depends on the split
            return b"", 0, MERGED if str(error) == MERGED else "body"
        return mine, excess, ""

    whole = b"".join(parts)
    at_once, in_pieces = outcome([whole]), outcome([whole[at : at + 1] for at in range(len(whole))])
    if at_once[2] == MERGED and in_pieces[1]:  # a body is over before what shows that it was sent short has arrived
        return
    assert at_once == in_pieces
