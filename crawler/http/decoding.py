"""Compressed listings, within limits: a few kilobytes of gzip can become gigabytes, and gigabytes of it nothing."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from crawler.model import limits
from crawler.model.errors import VerificationError
from crawler.model.interfaces import Response
from crawler.text.escape import printable
from crawler.text.http_fields import coding_of

_MAGIC = b"\x1f\x8b"
"""What gzip begins with (RFC 1952 section 2.3.1)."""


async def read_decoded(reply: Response, most: int | None = None) -> bytes:
    """The body of a listing, decompressed within limits. Raises VerificationError beyond them.

    Of a body that is longer than ``most`` bytes these come, or a few more, and the rest is not awaited.
    """
    coding = coding_of(reply.headers)
    if not coding:
        return await reply.read(limits.LISTING_RAW) if most is None else await _beginning(reply.chunks(), most)
    if coding not in {"gzip", "x-gzip", "deflate"}:
        problem = f"the listing is encoded as {printable(coding[:40])}, which was not asked for"
        raise VerificationError(problem, retryable=False)
    return await _beginning(_unpacked(reply), most)


async def _beginning(pieces: AsyncGenerator[bytes, None], most: int | None) -> bytes:
    """All ``pieces``, or at least ``most`` bytes of them."""
    taken, size = list[bytes](), 0
    async with aclosing(pieces):
        async for piece in pieces:
            taken.append(piece)
            size += len(piece)
            if most is not None and size >= most:
                break
    return b"".join(taken)


async def _unpacked(reply: Response) -> AsyncGenerator[bytes, None]:
    unpack = _Unpacker(coding_of(reply.headers))
    async for chunk in reply.chunks():
        for piece in unpack.pieces(chunk):
            yield piece
            await asyncio.sleep(0)
    if not unpack.is_whole:
        raise VerificationError("the compressed listing was cut short")


class _Unpacker:
    """Decompresses what may be several members of gzip, one after the other (RFC 1952 section 2.2)."""

    def __init__(self, coding: str) -> None:
        self._member = _member()
        self._is_open = coding == "deflate"
        """Whether it has zlib's header, which some servers leave out (RFC 9110 section 8.4.1.2), is to be seen."""
        self._begin = b""
        self._raw = self._decoded = 0
        self._idle = 0
        """Bytes that have come since the last one came out."""
        self._after = b""
        """What follows the last member, as far as it tells if that is another one."""

    @property
    def is_whole(self) -> bool:
        return self._member.eof

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What ``chunk`` gives, in pieces of at most a mebibyte. Raises VerificationError."""
        self._raw += len(chunk)
        self._idle += len(chunk)
        chunk = self._of_member(self._opened(chunk) if self._is_open else chunk)
        while chunk:
            try:
                piece = self._member.decompress(chunk, limits.MIB)
            except zlib.error:
                raise VerificationError("the compressed listing is damaged") from None
            if piece:
                self._decoded += len(piece)
                self._idle = 0
                yield piece
            chunk = self._of_member(self._member.unused_data) if self._member.eof else self._member.unconsumed_tail
            if self._decoded > limits.LISTING_DECODED:
                raise VerificationError(f"the listing is larger than {limits.LISTING_DECODED} bytes", retryable=False)
        if self._idle > limits.LISTING_OVERHEAD or self._raw > limits.LISTING_RAW:
            raise VerificationError("the compressed listing goes on and on", retryable=False)

    def _opened(self, chunk: bytes) -> bytes:
        """What to decompress now that ``chunk`` has come: nothing before the first two bytes are here."""
        self._begin += chunk
        if len(self._begin) < len(_MAGIC):
            return b""
        self._is_open = False
        is_zlib = self._begin[0] & 15 == zlib.DEFLATED and int.from_bytes(self._begin[:2]) % 31 == 0  # RFC 1950
        if not is_zlib and not self._begin.startswith(_MAGIC):
            self._member = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._begin

    def _of_member(self, chunk: bytes) -> bytes:
        """``chunk``, as far as it belongs to a member. What follows the last one is ignored, as gzip does."""
        if not self._member.eof:
            return chunk
        if len(self._after) >= len(_MAGIC):
            return b""
        self._after += chunk
        if not self._after.startswith(_MAGIC):
            return b""
        self._member, chunk, self._after = _member(), self._after, b""
        return chunk


def _member() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: gzip or zlib, told apart by the first bytes
