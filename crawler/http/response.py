"""The response to a request: its headers, and its body as it arrives, with a limit on each wait."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, cast

import aiohttp

from crawler.http.connection import DamagedBody, InvalidResponse
from crawler.http.pacing.gate import Gate, Host
from crawler.http.timeouts import SharedTimeout
from crawler.http.tls import alert_text
from crawler.http.transport import RawResponse, combined
from crawler.model import limits
from crawler.model.errors import FetchError, VerificationError
from crawler.model.struct import Value
from crawler.text.escape import printable

if TYPE_CHECKING:
    import ssl


class ResponseLimits(Value, frozen=True, kw_only=True):
    """Limits for all responses of a client. Times in seconds, ``min_speed`` in bytes per second (0: none)."""

    connect_timeout: float
    read_timeout: float
    min_speed: int
    gate: Gate
    idle: SharedTimeout
    """Limits the time without bytes of a body; framing data, such as chunk extensions or trailers, does not count."""


class HttpResponse:
    """Implements ``interfaces.Response``."""

    __slots__ = (
        "_began",
        "_host",
        "_limits",
        "_received",
        "_response",
        "_window",
        "headers",
        "release",
        "status",
        "url",
    )  # fmt: skip

    def __init__(
        self, response: RawResponse, url: str, host: Host, release: Callable[[], None], response_limits: ResponseLimits
    ) -> None:
        self._response = response
        self._limits = response_limits
        self._host = host
        self.release = release
        self.status = response.status
        self.headers = combined(response.headers)
        self.url = url
        self._window = min(limits.MINIMUM_SPEED_WINDOW, response_limits.read_timeout)
        self._began, self._received = time.monotonic(), 0

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises VerificationError if it exceeds ``limit`` bytes, FetchError if it is cut short."""
        pieces: list[bytes] = []
        size = 0
        while chunk := await self._next():
            size += len(chunk)
            if size > limit:
                raise VerificationError(f"received more than {limit} bytes", retryable=False)
            pieces.append(chunk)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces as they arrive. Raises FetchError if it is cut short, stalls or is too slow."""
        while chunk := await self._next():
            yield chunk

    async def _next(self) -> bytes:
        """The next bytes of the body; empty at the end."""
        try:
            if self._response.content.is_eof():  # the whole body has arrived
                chunk = await self._read_chunk()
            else:
                with self._limits.idle.wait():
                    chunk = await self._read_chunk()
        except (aiohttp.ClientError, OSError) as error:
            self._host.troubled()
            raise FetchError(f"the body was cut short: {explain(error, self._limits)}", url=self.url) from None
        self._received += len(chunk)
        now = time.monotonic()
        if chunk and now - self._began >= self._window:
            if self._received < self._limits.min_speed * (now - self._began):
                speed = f"slower than {self._limits.min_speed} B/s over {self._window:g} s"
                raise FetchError(speed, url=self.url)
            self._began, self._received = now, 0
        if chunk:
            self._host.received(len(chunk), now)
        if self._limits.gate.limits_bytes:
            await self._limits.gate.acquire_bytes(len(chunk))
            self._began += time.monotonic() - now  # waiting for the rate limit does not count as slowness
        return chunk

    async def _read_chunk(self) -> bytes:
        chunk, more = b"", True
        while more and not chunk:  # an empty piece may be just the end of an HTTP chunk
            chunk, more = await self._response.content.readchunk()  # readany would copy
        return chunk


def explain(error: Exception, response_limits: ResponseLimits) -> str:
    """What happened, in one clause without the URL, which the caller adds."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the server's certificate is not trusted: {printable(str(error.certificate_error))}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {response_limits.connect_timeout:g} s"
    if isinstance(error, TimeoutError):
        return f"no response within {response_limits.read_timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return alert_text(cast("ssl.SSLError", error.os_error))
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = printable(str(error.strerror or error.os_error))
        return f"cannot connect: {reason or 'the server closed the connection during the TLS handshake'}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without a response"
    if isinstance(error, DamagedBody):
        return f"malformed chunks: {error}"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection ended before the body did"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refused to connect: HTTP {error.status}"
    if isinstance(error, InvalidResponse):
        return f"the response is not valid HTTP: {error}"
    if isinstance(error, aiohttp.ClientResponseError):  # its message is the parser's
        return "the response is not valid HTTP"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return printable(text[:200]) or type(error).__name__
