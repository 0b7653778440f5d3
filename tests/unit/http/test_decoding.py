"""Decompression of listings: complete, incomplete and endless input."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import AsyncIterator, Callable

import pytest

from crawler.http.decoding import read_decoded
from crawler.model import limits
from crawler.model.errors import VerificationError

DATA = random.Random(1).randbytes(3000)
WHOLE = gzip.compress(DATA, mtime=0)


class Arriving:
    """A response whose body arrives in pieces of ``step`` bytes."""

    status = 200
    url = "http://host/"
    turn = None

    def __init__(self, body: bytes, step: int, coding: str = "gzip") -> None:
        self.headers = {"Content-Encoding": coding}
        self._body, self._step = body, step

    async def read(self, limit: int) -> bytes:
        return self._body[:limit]

    async def chunks(self) -> AsyncIterator[bytes]:
        for place in range(0, len(self._body), self._step):
            yield self._body[place : place + self._step]

    def bulk(self, most: int, received: Callable[[int], None]) -> None: ...

    def release(self) -> None: ...


STEPS = [1, 7, 1000, 1 << 20]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("body", "coding", "wanted"),
    [
        (WHOLE, "gzip", DATA),
        (WHOLE, " X-GZIP ", DATA),
        (zlib.compress(DATA), "deflate", DATA),
        (DATA, "identity", DATA),
        (WHOLE + gzip.compress(b"") + WHOLE, "gzip", DATA + DATA),
        (WHOLE + b"\r\n\0", "gzip", DATA),
        (WHOLE + b"\x1f", "gzip", DATA),
        (gzip.compress(b"x" * 3 * limits.MIB), "gzip", b"x" * 3 * limits.MIB),
    ],
    ids=["gzip", "x-gzip", "deflate", "identity", "members", "line end behind it", "half a magic", "long"],
)
async def test_complete_streams_are_read(body: bytes, coding: str, wanted: bytes, step: int) -> None:
    assert await read_decoded(Arriving(body, step, coding)) == wanted


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "body",
    [WHOLE[:-1], WHOLE[:-9], WHOLE + b"\x1f\x8b", WHOLE + WHOLE[:100], WHOLE + b"\x1f\x8bno gzip", b"plain text", b""],
)
async def test_incomplete_streams_are_refused(body: bytes, step: int) -> None:
    with pytest.raises(VerificationError):
        await read_decoded(Arriving(body, step))


BLOCKS = zlib.compressobj(wbits=31)
BEGUN = BLOCKS.compress(DATA) + BLOCKS.flush(zlib.Z_FULL_FLUSH)
MANY = limits.LISTING_OVERHEAD


@pytest.mark.parametrize(
    "body",
    [BEGUN + b"\0\0\0\xff\xff" * MANY, WHOLE + b"x" * 2 * MANY, WHOLE + gzip.compress(b"") * MANY],
    ids=["empty blocks", "a tail", "empty members"],
)
async def test_input_without_output_is_stopped(body: bytes) -> None:
    taken = 0

    class Counting(Arriving):
        async def chunks(self) -> AsyncIterator[bytes]:
            nonlocal taken
            async for chunk in super().chunks():
                taken += len(chunk)
                yield chunk

    with pytest.raises(VerificationError, match="exceeds the input limit or stops producing output"):
        await read_decoded(Counting(body, 1000))
    assert taken < len(WHOLE) + MANY + 2000


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("window", [-15, 15, 31], ids=["raw", "zlib", "gzip"])
async def test_deflate_with_and_without_the_header_of_zlib(window: int, step: int) -> None:
    """RFC 9110 section 8.4.1.2: some servers omit the header of zlib."""
    for data in (DATA, bytes(3000), b""):
        packer = zlib.compressobj(wbits=window)
        packed = packer.compress(data) + packer.flush()
        assert await read_decoded(Arriving(packed, step, "deflate")) == data
        with pytest.raises(VerificationError, match="cut short"):
            await read_decoded(Arriving(packed[:-1], step, "deflate"))


async def test_an_unexpected_content_encoding_is_not_retried() -> None:
    with pytest.raises(VerificationError) as raised:
        await read_decoded(Arriving(b"\x8b\x00", 100, "br"))
    assert not raised.value.retryable
