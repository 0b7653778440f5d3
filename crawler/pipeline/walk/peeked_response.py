"""A response of which a part has been read already, to find out what it is."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from io import BytesIO

from crawler.model import limits
from crawler.model.errors import VerificationError
from crawler.model.interfaces import Response
from crawler.pipeline.rules.responses.content_type import SNIFFED
from crawler.pipeline.rules.single_file import Look, by_beginning, by_headers, may_be_file


class BegunResponse:
    """Implements ``interfaces.Response``. ``read`` and ``chunks`` begin with the bytes read so far, at each call."""

    def __init__(self, response: Response) -> None:
        self.status, self.url, self.headers = response.status, response.url, response.headers
        self.release, self.bulk, self.turn = response.release, response.bulk, response.turn
        self._rest = response.chunks()
        self._held = b""

    async def beginning(self, count: int) -> bytes:
        """At least the first ``count`` bytes of the body; fewer only if it is shorter. Raises FetchError."""
        body = BytesIO()
        body.write(self._held)
        try:
            while body.tell() < count and (chunk := await anext(self._rest, b"")):
                body.write(chunk)
        finally:
            self._held = body.getvalue()
        return self._held

    async def judge(self, url: str) -> tuple[Look, bytes | None]:
        """(what the response to ``url`` is, its body as far as that had to be read whole, else None).

        UNDECIDED means that it is a file unless it is a listing. Raises FetchError, VerificationError.
        """
        content_type, look = self.headers.get("Content-Type", ""), by_headers(url, self.headers)
        if look is not Look.UNDECIDED:
            return look, None
        look = by_beginning(url, content_type, await self.beginning(SNIFFED))
        if look is Look.FILE:
            return look, None
        body = await self.read(limits.LISTING_RAW)
        is_file = look is Look.UNDECIDED and may_be_file(url, self.url, content_type, body)
        return Look.UNDECIDED if is_file else Look.PAGE, body

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises VerificationError if it exceeds ``limit`` bytes, FetchError if it is cut short."""
        if len(await self.beginning(limit + 1)) > limit:
            raise VerificationError(f"received more than {limit} bytes", retryable=False)
        return self._held

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in chunks: what has been read, then the rest as it arrives. Raises FetchError."""
        if self._held:
            yield self._held
        async for chunk in self._rest:
            yield chunk
