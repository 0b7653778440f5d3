"""Makes pages of responses, decompressed within limits: kilobytes of gzip can expand to gigabytes, or to nothing."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from io import BytesIO

from crawler.model import limits
from crawler.model.errors import VerificationError
from crawler.model.interfaces import FetchedPage, Response
from crawler.model.network.responses import WholeResponse
from crawler.model.network.shapes import HeaderShape
from crawler.model.values import Validators
from crawler.text.escape import printable
from crawler.text.http_fields import coding_of, has_definite_end, login_schemes, parse_http_date, validators_of

_MAGIC = b"\x1f\x8b"
"""First bytes of gzip (RFC 1952 section 2.3.1)."""


_SHAPES = 16
"""Maximum number of shapes of which the first page is kept; a server has a few."""


async def read_decoded(response: Response, most: int | None = None) -> bytes:
    """The decompressed body of a listing, or at least its first ``most`` bytes. Raises VerificationError."""
    coding = coding_of(response.headers)
    if not coding:
        return await response.read(limits.LISTING_RAW) if most is None else await _beginning(response.chunks(), most)
    if coding not in {"gzip", "x-gzip", "deflate"}:
        problem = f"unexpected Content-Encoding: {printable(coding[:40])}"
        raise VerificationError(problem, retryable=False)
    return await _beginning(_decompressed(response), most)


async def _beginning(pieces: AsyncGenerator[bytes, None], most: int | None) -> bytes:
    """All ``pieces``, or at least ``most`` bytes of them."""
    taken = BytesIO()
    async with aclosing(pieces):
        async for piece in pieces:
            taken.write(piece)
            if most is not None and taken.tell() >= most:
                break
    return taken.getvalue()


async def _decompressed(response: Response) -> AsyncGenerator[bytes, None]:
    decompressor = _Decompressor(coding_of(response.headers))
    async for chunk in response.chunks():
        for piece in decompressor.pieces(chunk):
            yield piece
            await asyncio.sleep(0)
    if not decompressor.is_whole:
        raise VerificationError("the compressed body was cut short")


class _Decompressor:
    """Decompresses zlib, raw deflate, or gzip with any number of members (RFC 1952 section 2.2)."""

    def __init__(self, coding: str) -> None:
        self._member = _member()
        self._is_undetermined = coding == "deflate"
        """Whether the format is not known yet: some servers omit zlib's header (RFC 9110 section 8.4.1.2)."""
        self._start = b""
        """The first bytes of the body, until the format is known."""
        self._raw = self._decoded = 0
        self._idle = 0
        """Number of compressed bytes since the last output."""
        self._after = b""
        """First bytes after the last member, which show whether another one follows."""

    @property
    def is_whole(self) -> bool:
        return self._member.eof

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """The output for ``chunk``, in pieces of at most 1 MiB. Raises VerificationError."""
        self._raw += len(chunk)
        self._idle += len(chunk)
        chunk = self._of_member(self._with_format(chunk) if self._is_undetermined else chunk)
        while chunk:
            try:
                piece = self._member.decompress(chunk, limits.MIB)
            except zlib.error:
                raise VerificationError("the compressed body is damaged") from None
            if piece:
                self._decoded += len(piece)
                self._idle = 0
                yield piece
            chunk = self._of_member(self._member.unused_data) if self._member.eof else self._member.unconsumed_tail
            if self._decoded > limits.LISTING_DECODED:
                raise VerificationError(f"the body is larger than {limits.LISTING_DECODED} bytes", retryable=False)
        if self._idle > limits.LISTING_OVERHEAD or self._raw > limits.LISTING_RAW:
            raise VerificationError(
                "the compressed body exceeds the input limit or stops producing output", retryable=False
            )

    def _with_format(self, chunk: bytes) -> bytes:
        """The bytes to decompress: none until two have arrived, which determine the format."""
        self._start += chunk
        if len(self._start) < len(_MAGIC):
            return b""
        self._is_undetermined = False
        is_zlib = self._start[0] & 15 == zlib.DEFLATED and int.from_bytes(self._start[:2]) % 31 == 0  # RFC 1950
        if not is_zlib and not self._start.startswith(_MAGIC):
            self._member = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._start

    def _of_member(self, chunk: bytes) -> bytes:
        """The part of ``chunk`` that belongs to a gzip member. Bytes after the last member are ignored, as in gzip."""
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
    return zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: detects gzip or zlib by the header


class PlainPages:
    """Makes pages of responses without a coding; what follows from their fields is found out once for each shape."""

    def __init__(self) -> None:
        self._first: dict[HeaderShape, FetchedPage] = {}
        """The page of the first response of each shape, without its body."""

    def page(self, response: WholeResponse) -> FetchedPage | None:
        """``page_of`` the response; None if its body may have a coding, is too long, or its fields have no shape."""
        shape, body = response.shape, response.body
        if shape is None or len(body) > limits.LISTING_RAW:
            return None
        if (first := self._first.get(shape)) is None:
            if coding_of(response.headers):
                return None
            if len(self._first) >= _SHAPES:
                self._first.clear()
            first = self._first[shape] = page_of(response, b"")
        modified, etag, date = response.varying
        return FetchedPage(
            url=response.url,
            status=200,
            content_type=first.content_type,
            body=body,
            validators=Validators(etag=etag, last_modified=modified),
            date=parse_http_date(date),
            retry_after=first.retry_after,
            end_proven=first.end_proven,
            link=first.link,
        )


def page_of(response: Response, body: bytes) -> FetchedPage:
    """The page in ``response``, with its decompressed ``body``."""
    return FetchedPage(
        url=response.url,
        status=response.status,
        content_type=response.headers.get("Content-Type", ""),
        body=body,
        validators=validators_of(response.headers),
        date=parse_http_date(response.headers.get("Date")),
        retry_after=response.headers.get("Retry-After"),
        end_proven=has_definite_end(response.headers),
        link=response.headers.get("Link"),
        logins=login_schemes(response.headers) if response.status == 401 else (),
    )
