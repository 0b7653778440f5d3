"""Sends requests through aiohttp's session: those that use a proxy, and those whose URL cannot be sent on a lane.

``TCPConnector._factory``, which creates the connections of ``connection``, is undocumented, and so is
``ClientSession._retry_connection``. The latter is turned off, because it does not check that the connection was reused;
this module repeats a request only in that case.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from crawler.http.connection import (
    CarriedResponse,
    Connection,
    DamagedBody,
    GarbledResponse,
    InvalidResponse,
    RefusedByTLS,
)
from crawler.http.framing.request_head import unconditional
from crawler.http.lane.deadline import Patience
from crawler.http.lane.loss import REQUEST_TIMEOUT
from crawler.http.problem import UNKNOWN_HOST, RequestError, TooSlow
from crawler.http.timeouts import SharedTimeout
from crawler.http.tls import alert_text, certificate_problem
from crawler.model import limits
from crawler.model.errors import NO_DESCRIPTORS, Cause
from crawler.text.escape import printable
from crawler.text.hosts import connectable, without_zone
from crawler.text.http_fields import RETRYABLE_STATUS
from crawler.text.urls import userinfo

if TYPE_CHECKING:
    import ssl

    from crawler.http.lane.dial import ConnectionSettings

_READ_BUFFER = limits.BODY_CHUNK * 2
"""Maximum number of bytes of a body that are received before they are read."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_SENT = (
    aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError,
    RefusedByTLS, ValueError,
)  # fmt: skip
_RACES = (
    aiohttp.ClientOSError, aiohttp.ClientConnectionResetError, aiohttp.ServerDisconnectedError, GarbledResponse,
)  # fmt: skip
"""A server may close a connection just when it is reused (RFC 9112 section 9.3.1), or has sent too much before."""
_PERMANENT = (aiohttp.ClientSSLError, aiohttp.ClientResponseError, InvalidResponse, RefusedByTLS, ValueError)
"""Errors that another attempt would meet again. InvalidURL is a ValueError."""


class Session:
    """Sends requests. Must be created and closed in the event loop. ``agent``: the User-Agent header."""

    def __init__(self, agent: str, settings: ConnectionSettings) -> None:
        self._connect_timeout, self._patience = settings.connect_timeout, settings.patience
        self._tls = settings.tls
        silence = self._patience.silence
        # For the whole header section: each 1xx response restarts aiohttp's own timer.
        self._header_timeout = SharedTimeout(self._connect_timeout + silence)
        self._idle = SharedTimeout(silence)
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
        handler: type[ResponseHandler] = Connection
        connector._factory = partial(handler, loop=asyncio.get_running_loop())
        self._session = aiohttp.ClientSession(
            connector=connector,
            response_class=CarriedResponse,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout, sock_read=silence),
            headers={"User-Agent": agent},
            skip_auto_headers=("Accept", "Accept-Encoding"),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=limits.HEADER_LINE,
            max_field_size=limits.HEADER_LINE,
            max_headers=limits.HEADER_COUNT,
            read_bufsize=_READ_BUFFER,
            trace_configs=[_reuse_tracing()],
        )
        self._session._retry_connection = False

    async def close(self) -> None:
        self._header_timeout.close()
        self._idle.close()
        await self._session.close()

    async def send(self, method: str, url: str, headers: Mapping[str, str], proxy: str | None) -> SessionResponse:
        """Send a GET or HEAD and wait for the headers. Raises RequestError, ValueError."""
        with_host = {"Host": host} if (host := without_zone(url)) else {}
        headers = {**with_host, **_encodable(headers)}
        try:
            with self._header_timeout.wait():
                reused: list[bool] = []
                try:
                    response = await self._request(method, url, headers, proxy, reused)
                except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                    raise
                except _RACES:
                    if not reused:
                        raise
                    response = await self._request(method, url, headers, proxy, [])
                is_late = reused and response.status == REQUEST_TIMEOUT  # the server was about to close the connection
                if is_late or response.is_ambiguous:
                    response.release()
                    response = await self._request(method, url, headers, proxy, [])
        except aiohttp.ClientConnectorDNSError as error:
            raise self._translated(aiohttp.ClientProxyConnectionError(*error.args) if proxy else error, proxy) from None
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise self._translated(error, proxy) from None
        return SessionResponse(response, self._patience, self._idle)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], proxy: str | None, reused: list[bool]
    ) -> CarriedResponse:
        where = URL(connectable(url), encoded=True)
        tls = self._tls() if "https" in (where.scheme, proxy and URL(proxy).scheme) else True
        proxy, login = userinfo(proxy) if proxy else (None, None)
        # aiohttp makes it Proxy-Authorization, of the request itself or of CONNECT.
        auth = {"Authorization": aiohttp.encode_basic_auth(*login)} if login else None
        response = await self._session.request(
            method,
            where,
            headers=headers,
            allow_redirects=False,
            proxy=proxy,
            proxy_headers=auth,
            ssl=tls,
            trace_request_ctx=reused,
        )
        return cast("CarriedResponse", response)

    def _translated(self, error: Exception, proxy: str | None) -> RequestError:
        is_ours = isinstance(error, aiohttp.ClientSSLError) or getattr(error, "errno", None) in NO_DESCRIPTORS
        is_permanent = isinstance(error, _PERMANENT) and not isinstance(error, GarbledResponse)
        if isinstance(error, aiohttp.ClientHttpProxyError):
            is_permanent = error.status not in RETRYABLE_STATUS
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            text = f"no connection within {self._connect_timeout:g} s"
        else:
            text = _explain(error, self._patience.silence)
        cause = _cause_in_proxy(error, proxy) if proxy is not None else None
        text = text if cause is None else _about_proxy(text)
        return RequestError(
            text,
            cause=cause,
            is_permanent=is_permanent,
            blames_host=isinstance(error, aiohttp.ClientConnectionError | OSError) and not is_ours,
            is_unsent=isinstance(error, _NOT_SENT),
        )


class SessionResponse:
    """Implements ``response.RawResponse``."""

    __slots__ = ("_idle", "_patience", "_received", "_response", "_waited", "headers", "release", "status", "turn")
    head_start = 0.0

    def __init__(self, response: CarriedResponse, patience: Patience, idle: SharedTimeout) -> None:
        self._response = response
        self.status, self.turn = response.status, response.turn
        self.headers: Mapping[str, str] = response.headers
        self.release: Callable[[], object] = response.release
        self._patience = patience
        self._idle = idle
        """Limits the time without body bytes; framing, such as chunk extensions, does not extend it."""
        self._waited, self._received = 0.0, 0
        """``_waited``: seconds spent waiting for the body; ``_received``: number of bytes that arrived in that time."""

    @property
    def is_over(self) -> bool:
        return self._response.content.is_eof()

    async def next(self) -> bytes:
        """The next bytes of the body; empty at the end. Raises RequestError, TooSlow."""
        began = time.monotonic()
        try:
            if self._response.content.is_eof():  # the whole body has arrived
                chunk = await self._read_chunk()
            else:
                with self._idle.wait():
                    chunk = await self._read_chunk()
        except (aiohttp.ClientError, OSError) as error:
            raise RequestError(_explain(error, self._patience.silence)) from None
        self._received += len(chunk)
        self._waited += time.monotonic() - began
        patience = self._patience
        if chunk and self._waited >= patience.window:
            if self._received < patience.min_speed * self._waited:
                raise TooSlow(patience.too_slow)
            self._waited, self._received = 0.0, 0
        return chunk

    def bulk(self, most: int, received: Callable[[int], None]) -> None:
        """See ``interfaces.Response``. None: aiohttp's session does not share its connections."""

    async def _read_chunk(self) -> bytes:
        chunk, content = b"", self._response.content
        # An empty piece may be just the end of a chunk, and a body that was cut short has an end and an exception.
        while not chunk and not (content.at_eof() and content.exception() is None):
            chunk, _ = await content.readchunk()  # readany would copy
        return chunk


def _cause_in_proxy(error: Exception, proxy: str) -> Cause | None:
    """The cause of ``error`` if it is about ``proxy``, not about the server behind it; None otherwise."""
    url = URL(userinfo(proxy)[0])
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Cause.PROXY_LOGIN if error.status == 407 else Cause.PROXY
    if isinstance(error, aiohttp.ClientProxyConnectionError) and isinstance(error.os_error, ConnectionRefusedError):
        return Cause.PROXY_REFUSED
    is_of_proxy = isinstance(error, aiohttp.ClientConnectorError) and (error.host, error.port) == (url.host, url.port)
    return Cause.PROXY if is_of_proxy or isinstance(error, aiohttp.ClientProxyConnectionError) else None


def _about_proxy(text: str) -> str:
    """``text`` about the connection to a server as one about that to the proxy."""
    for of_server, of_proxy in (
        ("the server's certificate", "the certificate of the proxy"),
        ("the server", "the proxy"),
        ("the TLS handshake", "the TLS handshake with the proxy"),
    ):
        text = text.replace(of_server, of_proxy)
    return text


def _encodable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """``headers``, without conditions if a validator is not UTF-8 (RFC 9110 section 8.8.3): the session cannot send it.

    All conditions are removed together: a range without its condition could belong to another version.
    """
    if all(value.isascii() or not _SURROGATE.search(value) for value in headers.values()):
        return headers
    return unconditional(headers)


def _reuse_tracing() -> aiohttp.TraceConfig:
    """A trace that appends to the list passed as ``trace_request_ctx`` if the connection is a reused one."""

    async def note(_session: object, context: SimpleNamespace, _what: object) -> None:
        context.trace_request_ctx.append(True)

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note)
    return trace


def _explain(error: Exception, read_timeout: float) -> str:
    """What happened, in one clause without the URL."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return certificate_problem(cast("ssl.CertificateError", error.certificate_error))[0]
    if isinstance(error, TimeoutError):
        return f"no response within {read_timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return alert_text(cast("ssl.SSLError", error.os_error))
    if isinstance(error, aiohttp.ClientConnectorError):
        is_refused = isinstance(error.os_error, ConnectionRefusedError)
        reason = "connection refused" if is_refused else printable(str(error.strerror or error.os_error))
        if isinstance(error.os_error, socket.gaierror) and error.os_error.errno in UNKNOWN_HOST:
            reason = "unknown host"
        place = " to the proxy" if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
        return f"cannot connect{place}: {reason or 'the server closed the connection during the TLS handshake'}"
    if isinstance(error, aiohttp.ClientConnectionResetError):
        return "the connection was reset"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without a response"
    if isinstance(error, DamagedBody):
        return f"damaged body: {error}"
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
