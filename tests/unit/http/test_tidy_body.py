"""Chunked bodies that are taken at a glance: those of a few chunks with nothing unusual, and whole."""

from __future__ import annotations

import pytest

from crawler.http.framing.chunks import tidy_body

END = b"0\r\n\r\n"


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + END


@pytest.mark.parametrize(
    "pieces",
    [[b"a"], [b"hello"], [b"x" * 10], [b"x" * 26], [b"x" * 300], [b"a", b"bc"], [b"0\r\n\r\n", b"\r\n"], [b"x"] * 8],
)
@pytest.mark.parametrize("behind", [b"", b"HTTP/1.1 200 OK"])
def test_a_tidy_body_is_its_chunks(pieces: list[bytes], behind: bytes) -> None:
    body, sent = b"".join(pieces), chunked(*pieces)
    data = b"5\r\n" + sent + behind
    assert tidy_body(data, 3, len(body)) == (body, 3 + len(sent))
    assert tidy_body(data, 3, len(body) - 1) is None, "it is longer than allowed"
    for stop in range(3, 3 + len(sent)):
        assert tidy_body(data[:stop], 3, 999) is None, "its end has not arrived"


@pytest.mark.parametrize(
    "data",
    [
        END,
        chunked(*[b"x"] * 9),
        b"05\r\nhello\r\n" + END,
        b"5;x=1\r\nhello\r\n" + END,
        b"5 \r\nhello\r\n" + END,
        b"5\nhello\r\n" + END,
        b"5\r\nhello\n" + END,
        b"5\r\nhello" + END,
        b"4\r\nhello\r\n" + END,
        b"6\r\nhello\r\n" + END,
        b"-5\r\nhello\r\n" + END,
        b"5\r\nhello\r\n00\r\n\r\n",
        b"5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        b"5\r\nhello\r\n0;x\r\n\r\n",
        b"5\r\nhello\r\n5\r\nhell\r\n" + END,
        b"10000000\r\nhello\r\n" + END,
        b"g\r\nhello\r\n" + END,
    ],
)
def test_what_is_unusual_is_left_to_the_scanner(data: bytes) -> None:
    assert tidy_body(data, 0, 999) is None


def test_sizes_are_hexadecimal_in_either_case() -> None:
    body = b"x" * 0xAB
    assert tidy_body(b"AB\r\n" + body + b"\r\n" + END, 0, 999) == tidy_body(chunked(body), 0, 999) == (body, 182)
