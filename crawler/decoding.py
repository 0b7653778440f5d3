"""Compressed listings, within limits: a few kilobytes of gzip can become gigabytes."""

from __future__ import annotations

import asyncio
import zlib

from crawler import limits
from crawler.errors import VerificationError
from crawler.escape import printable
from crawler.interfaces import Reply


async def read_decoded(reply: Reply) -> bytes:
    """The body of a listing, decompressed within limits. Raises VerificationError beyond them."""
    coding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return await reply.read(limits.LISTING_RAW)
    if coding not in {"gzip", "x-gzip", "deflate"}:
        raise VerificationError(f"the listing is encoded as {printable(coding[:40])}, which was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: gzip or zlib, told apart by the first bytes
    pieces: list[bytes] = []
    size = 0
    async for chunk in reply.chunks():
        while chunk and not unpack.eof:
            try:
                piece = unpack.decompress(chunk, limits.MIB)
            except zlib.error:
                raise VerificationError("the compressed listing is damaged") from None
            chunk = unpack.unconsumed_tail
            size += len(piece)
            if size > limits.LISTING_DECODED:
                raise VerificationError(f"the listing is larger than {limits.LISTING_DECODED} bytes", retryable=False)
            pieces.append(piece)
            await asyncio.sleep(0)
    if not unpack.eof:
        raise VerificationError("the compressed listing was cut short")
    return b"".join(pieces)
