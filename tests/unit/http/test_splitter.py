"""The bytes of a connection, separated into responses: tables of input, in one piece and in every division into two."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from crawler.http.framing.header_section import BodyError, FramingError
from crawler.http.framing.splitter import Splitter
from crawler.model import limits

OK = b"HTTP/1.1 200 OK\r\n"
FIVE = OK + b"Content-Length: 5\r\n\r\n"
NONE = OK + b"Content-Length: 0\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LEFT_OUT = b"HTTP/1.1 204 No Content\r\n\r\n"
UNENDING = OK + b"X: y\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


class Case(NamedTuple):
    sent: bytes
    passed: bytes
    """The bytes of the response that were passed on."""
    is_over: bool = True
    excess: int = 0
    """Number of bytes behind it."""
    is_head: bool = False


CASES = {
    "all": Case(FIVE + b"hello", FIVE + b"hello"),
    "not all": Case(FIVE + b"hell", FIVE + b"hell", is_over=False),
    "too much": Case(FIVE + b"hello!", FIVE + b"hello", excess=1),
    "another": Case(FIVE + b"hello" + NONE, FIVE + b"hello", excess=len(NONE)),
    "no bytes": Case(NONE, NONE),
    "a byte after none": Case(NONE + b"x", NONE, excess=1),
    "HEAD": Case(FIVE, FIVE, is_head=True),
    "HEAD with a body": Case(FIVE + b"hello", FIVE, excess=5, is_head=True),
    "204": Case(LEFT_OUT, LEFT_OUT),
    "204 with a body": Case(LEFT_OUT + b"x", LEFT_OUT, excess=1),
    "chunks": Case(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"),
    "chunks and more": Case(CHUNKED + b"0\r\n\r\nx", CHUNKED + b"0\r\n\r\n", excess=1),
    "a part of the chunks": Case(CHUNKED + b"3\r\nabc\r\n0\r\n", CHUNKED + b"3\r\nabc\r\n0\r\n", is_over=False),
    "a trailer": Case(CHUNKED + b"1\r\na\r\n0\r\nX: y\r\nZ: 0\r\n\r\n", CHUNKED + b"1\r\na\r\n0\r\n\r\n"),
    "a trailer and more": Case(CHUNKED + b"0\r\nX: y\r\n\r\nx", CHUNKED + b"0\r\n\r\n", excess=1),
    "a part of a trailer": Case(CHUNKED + b"0\r\nContent-Length: 3\r\n", CHUNKED + b"0\r\n", is_over=False),
    "until the connection ends": Case(UNENDING + b"hello" + NONE, UNENDING + b"hello" + NONE, is_over=False),
    "nothing until the connection ends": Case(UNENDING, UNENDING, is_over=False),
    "interim": Case(INTERIM + b"HTTP/1.1 103 x\r\nLink: y\r\n\r\n" + FIVE + b"hello", FIVE + b"hello"),
    "interim alone": Case(INTERIM, b"", is_over=False),
    "empty lines": Case(b"\r\n\n\r\r\n" + FIVE + b"hello", FIVE + b"hello"),
    "empty lines after interim": Case(INTERIM + b"\r\n" + NONE, NONE),
    "a part of the header section": Case(FIVE[:-1], b"", is_over=False),
    "line feeds": Case(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", FIVE + b"hello"),
    "lengths": Case(OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", FIVE + b"hello"),
    "both": Case(OK + b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", CHUNKED + b"0\r\n\r\n"),
}


def begun(*, is_head: bool = False) -> Splitter:
    splitter = Splitter()
    splitter.begin(is_head=is_head)
    return splitter


def taken(splitter: Splitter, pieces: list[bytes]) -> tuple[bytes, int]:
    """(the part of ``pieces`` that belongs to the response, number of other bytes)."""
    found = [splitter.take(piece) for piece in pieces]
    return b"".join(mine for mine, _ in found), sum(more for _, more in found)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_response_is_separated_from_other_bytes_however_it_arrives(case: Case) -> None:
    sent = case.sent
    splits = [[sent], [sent[at : at + 1] for at in range(len(sent))]]
    splits += [[sent[:at], sent[at:]] for at in range(1, len(sent))]
    splits += [[sent[:at], sent[at : at + 2], sent[at + 2 :]] for at in range(1, len(sent) - 2)]
    for pieces in splits:
        splitter = begun(is_head=case.is_head)
        assert taken(splitter, pieces) == (case.passed, case.excess), pieces
        assert splitter.is_over is case.is_over, pieces
        assert (splitter.head is None) is (case.passed == b"")


def test_bytes_before_a_request_or_after_its_response_belong_to_none() -> None:
    splitter = Splitter()
    assert (splitter.is_over, splitter.head) == (True, None)
    assert splitter.take(b"early") == (b"", 5)
    assert splitter.take(b"") == (b"", 0)
    for sent in (FIVE + b"hello", CHUNKED + b"0\r\n\r\n", NONE):
        splitter.begin(is_head=False)
        assert (splitter.is_over, splitter.head) == (False, None)
        assert splitter.take(sent) == (sent, 0)
        assert splitter.take(b"late") == (b"", 4)
        assert splitter.take(b"") == (b"", 0)


@pytest.mark.parametrize("before", [b"HTTP/1.1 5", FIVE + b"hel", CHUNKED + b"3\r\nab", UNENDING + b"x"])
def test_the_rest_of_an_abandoned_response_is_not_part_of_the_next(before: bytes) -> None:
    splitter = begun(is_head=True)
    splitter.take(before)
    splitter.begin(is_head=False)
    assert taken(splitter, [FIVE, b"hello"]) == (FIVE + b"hello", False)
    assert splitter.is_over


def test_a_response_in_one_piece_is_passed_on_without_a_copy() -> None:
    for sent in (FIVE + b"hello", NONE, UNENDING + b"hello"):
        assert begun().take(sent)[0] is sent


def test_a_part_of_a_body_is_passed_on_without_what_follows() -> None:
    splitter = begun()
    assert splitter.take(FIVE + b"he") == (FIVE + b"he", 0)
    assert splitter.take(b"l") == (b"l", 0)
    assert not splitter.is_over
    assert splitter.take(b"lo!") == (b"lo", 1)
    assert splitter.is_over


@pytest.mark.parametrize("start", [b"\x15\x03\x01\x00\x02", b"220 ready\r\n", b"HTTX", b"HTTP/2 200\r\n\r\n", b"x"])
def test_bytes_that_begin_no_response_are_refused_at_once(start: bytes) -> None:
    for pieces in ([start], [start[at : at + 1] for at in range(len(start))]):
        with pytest.raises(FramingError, match=r"^no status line$"):
            taken(begun(), pieces)


@pytest.mark.parametrize("pieces", [1, 2, 50])
def test_an_endless_header_section_is_refused(pieces: int) -> None:
    most = OK + b"X: " + b"x" * (limits.HEAD - len(OK) - 3)
    step = -(-len(most) // pieces)
    splitter = begun()
    assert taken(splitter, [most[at : at + step] for at in range(0, len(most), step)]) == (b"", False)
    with pytest.raises(FramingError) as raised:
        splitter.take(b"x")
    assert str(raised.value) == f"a header section of more than {limits.HEAD} bytes"
    with pytest.raises(FramingError):
        begun().take(most + b"x")


def test_malformed_chunks_are_refused() -> None:
    with pytest.raises(BodyError):
        begun().take(CHUNKED + b"zz\r\n")
