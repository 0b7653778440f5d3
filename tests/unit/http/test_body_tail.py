"""The end of a body that arrives in pieces is searched like one that arrives at once."""

from __future__ import annotations

import pytest

from crawler.http.framing.merged import BodyTail, is_merged
from crawler.model import limits

TAIL = limits.DOUBTED
"""Number of bytes at the end of a body that are searched."""
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
BEFORE = b"some header section"


def in_pieces(*pieces: bytes, behind: bytes = b"", last: bytes = b"") -> bool:
    """Whether a body of ``pieces`` and ``last`` is merged with what is ``behind`` it; other bytes precede each."""
    tail = BodyTail()
    for piece in pieces:
        data = BEFORE + piece
        assert not tail.is_merged(data, len(BEFORE), len(data)), "nothing is known to follow"
    data = BEFORE + last + behind
    return tail.is_merged(data, len(BEFORE), len(BEFORE) + len(last))


@pytest.mark.parametrize("first", [0, 1, 5, 9, 20, 40])
@pytest.mark.parametrize("second", [1, 8, 12])
@pytest.mark.parametrize("size", [0, 10, TAIL])
def test_a_response_that_is_cut_into_pieces_is_found(first: int, second: int, size: int) -> None:
    response, rest = TIMEOUT[:45], TIMEOUT[45:]
    pieces = bytes(size) + response[:first], response[first : first + second]
    assert in_pieces(*pieces, last=response[first + second :], behind=rest)
    assert in_pieces(*pieces, response[first + second :], behind=rest)
    assert not in_pieces(*pieces, response[first + second :], behind=b"\r\n\0 "), "only padding follows"


@pytest.mark.parametrize(("padding", "expected"), [(TAIL - len(TIMEOUT), True), (TAIL - len(TIMEOUT) + 1, False)])
@pytest.mark.parametrize("cut", [1, 30, len(TIMEOUT)])
def test_as_much_of_the_end_is_kept_as_is_searched(padding: int, expected: bool, cut: int) -> None:
    body = TIMEOUT + b"x" * padding
    assert is_merged(body + b"y", 0, len(body)) is expected
    assert in_pieces(body[:cut], body[cut:], behind=b"y") is expected
    assert in_pieces(body[:cut], body[cut:], last=b"", behind=b"y") is expected
    tail = BodyTail()
    tail.is_merged(body, 0, len(body))
    tail.clear()
    for piece in (body[:cut], body[cut:]):
        tail.is_merged(piece, 0, len(piece))
    assert tail.is_merged(b"y", 0, 0) is expected


def test_what_the_body_before_held_is_forgotten() -> None:
    tail = BodyTail()
    tail.is_merged(TIMEOUT[:40], 0, 40)
    tail.clear()
    assert not tail.is_merged(b"xy", 0, 1)


def test_no_more_of_a_body_is_kept() -> None:
    tail = BodyTail()
    for _ in range(9):
        tail.is_merged(bytes(TAIL // 2), 0, TAIL // 2)
        assert len(tail._tail.joined()) <= TAIL
    tail.clear()
    for _ in range(TAIL + 9):
        tail.is_merged(b"x", 0, 1)
    assert len(tail._tail.joined()) == TAIL


WHOLE = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
UNLIMITED = b"HTTP/1.1 408 Request Timeout\r\n\r\nit says:\r\ncontent-length: 0\r\n"


@pytest.mark.parametrize(
    ("body", "behind", "expected"),
    [
        (WHOLE, b"y", False),
        (UNLIMITED, b"y", True),
        (TIMEOUT[:40], b"\0\0 \r\n", False),
        (TIMEOUT[:40], b"\t", True),
        (b"x" + TIMEOUT[:12], b"y", True),
        (b"x" + TIMEOUT[:11], b"8 y", True),
        (TIMEOUT, b"y", True),
    ],
)
def test_a_response_within_a_body_is_whole_only_if_its_length_says_so(
    body: bytes, behind: bytes, expected: bool
) -> None:
    assert is_merged(BEFORE + body + behind, len(BEFORE), len(BEFORE) + len(body)) is expected
    assert in_pieces(last=body, behind=behind) is expected
    assert in_pieces(body, behind=behind) is expected
