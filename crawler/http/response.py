"""The answer to a request: its headers, and its body as it arrives, with an end to each wait for it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import aiohttp

from crawler.http.connection import DamagedBody, InvalidResponse
from crawler.http.pacing.gate import Gate, Host
from crawler.http.timeouts import Deadline
from crawler.http.tls import alert_text
from crawler.http.transport import Answer, combined
from crawler.model import limits
from crawler.model.errors import FetchError, VerificationError
from crawler.text.escape import printable

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all answers. Times in seconds, ``min_speed`` in bytes per second (0: any)."""

    connect_timeout: float
    read_timeout: float
    min_speed: int
    gate: Gate
    silence: Deadline
    """Bytes that only frame a body are silence: chunk extensions, trailers, sizes of a million zeros."""


class HttpResponse:
    """Implements ``interfaces.Reply``."""

    __slots__ = (
        "_began", "_host", "_received", "_response", "_terms", "_window", "headers", "release", "status", "url",
    )  # fmt: skip

    def __init__(self, response: Answer, url: str, host: Host, release: Callable[[], None], terms: Terms) -> None:
        self._response = response
        self._terms = terms
        self._host = host
        self.release = release
        self.status = response.status
        self.headers = combined(response.headers)
        self.url = url
        self._window = min(limits.MINIMUM_SPEED_WINDOW, terms.read_timeout)
        self._began, self._received = time.monotonic(), 0

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises VerificationError beyond ``limit`` bytes, FetchError if it is cut short."""
        pieces: list[bytes] = []
        size = 0
        while chunk := await self._next():
            size += len(chunk)
            if size > limit:
                raise VerificationError(f"more than {limit} bytes came", retryable=False)
            pieces.append(chunk)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces as they arrive. Raises FetchError if it is cut short, stalls or trickles."""
        while chunk := await self._next():
            yield chunk

    async def _next(self) -> bytes:
        """What has arrived; empty at the end."""
        try:
            if self._response.content.is_eof():  # all of it is here
                chunk = await self._piece()
            else:
                with self._terms.silence.wait():
                    chunk = await self._piece()
        except (aiohttp.ClientError, OSError) as error:
            self._host.troubled()
            raise FetchError(f"the body was cut short: {explain(error, self._terms)}", url=self.url) from None
        self._received += len(chunk)
        now = time.monotonic()
        if chunk and now - self._began >= self._window:
            if self._received < self._terms.min_speed * (now - self._began):
                speed = f"slower than {self._terms.min_speed} B/s over {self._window:g} s"
                raise FetchError(speed, url=self.url)
            self._began, self._received = now, 0
        if chunk:
            self._host.received(len(chunk), now)
        if self._terms.gate.limits_bytes:
            await self._terms.gate.acquire_bytes(len(chunk))
            self._began += time.monotonic() - now  # our own brake is not the server's slowness
        return chunk

    async def _piece(self) -> bytes:
        chunk, more = b"", True
        while more and not chunk:  # an empty piece may be the end of a chunk of the transfer coding only
            chunk, more = await self._response.content.readchunk()  # readany would copy what it joins
        return chunk


def explain(error: Exception, terms: Terms) -> str:
    """One clause that says what happened, without the address (the caller names it)."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the server's certificate is not trusted: {printable(str(error.certificate_error))}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {terms.connect_timeout:g} s"
    if isinstance(error, TimeoutError):
        return f"no answer within {terms.read_timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return alert_text(cast("ssl.SSLError", error.os_error))
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = printable(str(error.strerror or error.os_error))
        return f"cannot connect: {reason or 'the server ended the connection before TLS was set up'}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, DamagedBody):
        return f"its chunks make no sense: {error}"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection ended before the body did"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refuses to connect: HTTP {error.status}"
    if isinstance(error, InvalidResponse):
        return f"the response is not valid HTTP: {error}"
    if isinstance(error, aiohttp.ClientResponseError):  # its message is the parser's
        return "the response is not valid HTTP"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return printable(text[:200]) or type(error).__name__
