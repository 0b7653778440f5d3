"""The reader of a lane and the splitter of the session divide the same bytes at the same places."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.http.framing.header_section import BodyEnd, BodyError, FramingError
from crawler.http.framing.splitter import Splitter
from crawler.http.lane.reader import ResponseReader
from crawler.model import limits
from tests.unit.http.test_framing_properties import responses

OK = b"HTTP/1.1 200 OK\r\n"


def read(pieces: list[bytes], *, is_head: bool = False) -> tuple[ResponseReader, bytes, int]:
    """(the reader, the body, the number of bytes that do not belong to the response)."""
    reader, body, rest = ResponseReader(), b"", 0
    reader.begin(is_head=is_head)
    for piece in pieces:
        if reader.is_over:
            rest += len(piece)
        elif piece:
            rest += reader.take(piece, 0)
            body += reader.body()
    return reader, body, rest


@settings(max_examples=200, deadline=None)
@given(responses(), st.lists(st.integers(0, 400), max_size=6))
def test_the_same_end_and_the_same_header_section_as_the_splitter(
    response: tuple[bytes, bytes, bool, bytes], cuts: list[int]
) -> None:
    sent, coded, is_head, extra = response
    wire = sent + extra
    places = sorted({0, len(wire), *(cut % (len(wire) + 1) for cut in cuts)})
    pieces = [wire[one:other] for one, other in itertools.pairwise(places)]
    reader, body, rest = read(pieces, is_head=is_head)
    splitter = Splitter()
    splitter.begin(is_head=is_head)
    for piece in pieces:
        splitter.take(piece)
    assert reader.head == splitter.head
    assert reader.is_over
    assert rest == len(extra)
    assert reader.head is not None
    if reader.head.end is not BodyEnd.CHUNKED:
        assert body == coded
    else:
        whole, all_of_it, _ = read([sent], is_head=is_head)
        assert (whole.is_over, all_of_it) == (True, body)


@pytest.mark.parametrize(
    ("coded", "body"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"3;x=y\r\nabc\r\n2\r\n\r\n\r\n0\r\nX: y\r\n\r\n", b"abc\r\n"),
        (b"1\na\n0\n\n", b"a"),
        (b"0\r\n\r\n", b""),
    ],
)
def test_chunks_are_decoded_however_they_arrive(coded: bytes, body: bytes) -> None:
    wire = OK + b"Transfer-Encoding: chunked\r\n\r\n" + coded
    for at in range(len(wire)):
        assert read([wire[:at], wire[at:]])[1:] == (body, 0)
    assert read([wire[at : at + 1] for at in range(len(wire))])[1:] == (body, 0)


def test_a_response_begins_where_the_one_before_ended() -> None:
    first, second = OK + b"Content-Length: 2\r\n\r\nab", OK + b"Content-Length: 3\r\n\r\ncde"
    reader, data = ResponseReader(), first + second
    reader.begin(is_head=False)
    rest = reader.take(data, 0)
    assert (reader.is_over, reader.body(), rest) == (True, b"ab", len(second))
    reader.begin(is_head=False)
    assert (reader.is_over, reader.has_begun, reader.head) == (False, False, None)
    assert reader.take(data, len(first)) == 0
    assert (reader.is_over, reader.body()) == (True, b"cde")


def test_only_a_body_without_a_length_ends_with_its_connection() -> None:
    for wire, is_over in ((OK + b"\r\nab", True), (OK + b"Content-Length: 3\r\n\r\nab", False), (OK, False)):
        reader, _, _ = read([wire])
        assert not reader.is_over
        reader.end()
        assert reader.is_over is is_over


def test_endless_framing_is_refused() -> None:
    interim = b"HTTP/1.1 102 x\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"
    with pytest.raises(FramingError, match="too much framing"):
        read([interim] * (limits.FRAMING // 60_000 + 1))
    tiny = b"1;" + b"x" * 60_000 + b"\r\na\r\n"
    with pytest.raises(BodyError, match="too much framing"):
        read([OK + b"Transfer-Encoding: chunked\r\n\r\n", *[tiny] * (limits.FRAMING // 60_000 + 1)])
    body = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    reader, _, _ = read([OK + b"Transfer-Encoding: chunked\r\n\r\n", *[body] * (limits.FRAMING // 60_000 + 1)])
    assert not reader.is_over, "a long body is no framing"


@pytest.mark.parametrize("behind", [b"", b"xy"])
def test_bytes_that_were_received_elsewhere_count(behind: bytes) -> None:
    reader = ResponseReader()
    reader.begin(is_head=False)
    assert reader.bulk == 0
    reader.take(OK + b"Content-Length: 10000003\r\n\r\nabc", 0)
    assert (reader.bulk, reader.received, reader.is_filled) == (10_000_000, 3, False)
    reader.pass_over(9_999_000, b"")
    assert (reader.bulk, reader.received, reader.is_filled) == (1000, 9_999_003, False)
    reader.pass_over(1000, b"")
    assert (reader.bulk, reader.is_over, reader.is_filled) == (0, False, True)
    assert reader.take(behind, 0) == len(behind)
    assert (reader.is_over, reader.is_filled) == (True, False)


@pytest.mark.parametrize(
    ("ending", "is_merged"), [(b"x" * 99, False), (b"x" * 60 + b"HTTP/1.1 408 Request Timeout\r\n", True)]
)
def test_a_response_that_ends_a_body_received_elsewhere_is_recognised(ending: bytes, is_merged: bool) -> None:
    reader = ResponseReader()
    reader.begin(is_head=False)
    reader.take(OK + b"Content-Length: 1000\r\n\r\nabc", 0)
    reader.pass_over(997, ending)
    if is_merged:
        with pytest.raises(BodyError, match="another response begins in it"):
            reader.take(b"Connection: close\r\n\r\n", 0)
    else:
        assert reader.take(b"Connection: close\r\n\r\n", 0) == 21


@pytest.mark.parametrize("fields", [b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"])
def test_only_a_body_with_a_length_is_received_elsewhere(fields: bytes) -> None:
    reader = ResponseReader()
    reader.begin(is_head=False)
    reader.take(OK + fields + b"\r\n", 0)
    assert reader.bulk == 0
