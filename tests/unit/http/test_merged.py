"""Bodies that were sent short, so that the beginning of another response fills the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.framing.header_section import BodyError
from crawler.http.framing.merged import is_merged
from crawler.http.framing.splitter import Splitter
from crawler.http.lane.reader import ResponseReader
from crawler.model import limits

TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
BODY = b"B" * 300


@given(missing=st.integers(0, len(TIMEOUT) - 1), before=st.integers(0, 50), start=st.integers(0, 20_000))
def test_a_response_that_begins_within_a_body_and_goes_on_behind_it(missing: int, before: int, start: int) -> None:
    body = bytes(before) + TIMEOUT[:missing]
    data = b"HTTP/1.1 200 OK\r\n" + bytes(start) + body + TIMEOUT[missing:]
    end = len(data) - len(TIMEOUT) + missing
    is_padding = missing >= len(TIMEOUT) - 4  # what is behind is but the end of the last line
    assert is_merged(data, end - len(body), end) is (missing > 0 and not is_padding)
    assert not is_merged(data[:end], end - len(body), end), "nothing follows"


RECORD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("body", [RECORD, RECORD + b"\r\n\r\n", b"x" * 50 + RECORD * 3, b'"GET / HTTP/1.1" 200 17'])
@pytest.mark.parametrize("behind", [b"\r\n", b"\0", b"\n \n", b"<!-- 3 ms -->"])
def test_a_body_that_describes_whole_responses_is_whole(body: bytes, behind: bytes) -> None:
    assert not is_merged(body + behind, 0, len(body))


def test_padding_behind_a_body_that_ends_with_a_part_of_a_response() -> None:
    assert not is_merged(RECORD[:-2] + b"\r\n", 0, len(RECORD) - 2)
    assert is_merged(RECORD[:-2] + b"lo", 0, len(RECORD) - 2)
    assert is_merged(RECORD[:30] + RECORD[30:], 0, 30)
    unlimited = b"HTTP/1.0 408 Request Time-out\r\nConnection: close\r\n\r\n<html>"
    assert is_merged(unlimited + b"</html>", 0, len(unlimited)), "its end is not known"


@pytest.mark.parametrize("behind", [b"\n", b"<!-- 3 ms -->", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
def test_what_follows_a_whole_body_is_no_part_of_it(behind: bytes) -> None:
    assert not is_merged(BODY + behind, 0, len(BODY))


def test_only_the_end_of_a_body_is_searched() -> None:
    body = b"a response begins with HTTP/1.1 200 OK" + bytes(limits.DOUBTED)
    assert not is_merged(body + b"\n", 0, len(body))


@pytest.mark.parametrize("missing", [1, 7, 17, 40])
@pytest.mark.parametrize("cut", [0, 10, 250])
def test_both_readers_of_responses_refuse_such_a_body(missing: int, cut: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    wire, at = head + BODY[:-missing] + TIMEOUT, len(head) + cut
    reader, splitter = ResponseReader(), Splitter()
    reader.begin(is_head=False)
    splitter.begin(is_head=False)
    for take in (lambda data: reader.take(data, 0), splitter.take):
        take(wire[:at])
        with pytest.raises(BodyError, match="shorter than announced"):
            take(wire[at:])


@given(
    missing=st.integers(1, len(TIMEOUT) - 5),
    size=st.sampled_from([300, 9000, 20_000]),
    cuts=st.lists(st.integers(-400, len(TIMEOUT) - 1), max_size=6),
)
def test_such_a_body_is_recognised_in_whatever_pieces_it_comes(missing: int, size: int, cuts: list[int]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    sent = head + bytes(size - missing)
    wire, body_end = sent + TIMEOUT, len(head) + size
    status_end = len(sent) + len(b"HTTP/1.1 408")
    early = {at for at in range(body_end, len(wire)) if at < status_end or not wire[body_end:at].strip(b"\r\n ")}
    places = sorted({0, *(max(1, len(sent) + cut) for cut in cuts)} - early)
    pieces = [wire[at:to] for at, to in zip(places, [*places[1:], len(wire)], strict=True)]
    reader, splitter = ResponseReader(), Splitter()
    reader.begin(is_head=False)
    splitter.begin(is_head=False)
    for take in (lambda data: reader.take(data, 0), splitter.take):
        with pytest.raises(BodyError, match="shorter than announced"):
            for piece in pieces:
                take(piece)


def test_a_response_that_was_requested_may_follow_a_body_that_describes_one() -> None:
    body = b"HTTP/1.1 200 OK"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    reader = ResponseReader()
    reader.begin(is_head=False)
    assert reader.take(head + body + head + body, 0, is_last=False) == len(head + body)


@pytest.mark.parametrize("gap", [9_000, 60_000, 200_000])
def test_a_long_response_in_place_of_the_rest_of_a_body_is_recognised(gap: int) -> None:
    foreign = b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\n\r\n" % (2 * gap) + b"x" * (2 * gap)
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + bytes(300_000 - gap) + foreign
    reader, splitter = ResponseReader(), Splitter()
    reader.begin(is_head=False)
    splitter.begin(is_head=False)
    for take in (lambda data: reader.take(data, 0), splitter.take):
        with pytest.raises(BodyError, match="shorter than announced"):
            for at in range(0, len(wire), 65_000):
                take(wire[at : at + 65_000])
