"""Sends requests: through aiohttp's session, or directly, one layer below it.

The session prepares each request anew: URL, cookies, middlewares, redirects, a writer, a timer. The requests of a
mirror differ only in the path and a few headers. Therefore only the first request to an origin goes through the
session; its ``ClientRequest``, which can connect, is reused. Later requests take a connection from the same
``TCPConnector``, write the request, and read the response with aiohttp's protocol and its C parser, which is a third of
the work. Limits, timeouts and errors are those of the session.

``ResponseHandler.set_response_params``, ``start_timeout`` and ``read`` are undocumented: if one is missing, every
request goes through the session. ``TCPConnector._factory``, which creates the connections of ``connection``, is
undocumented too, and so is ``ClientSession._retry_connection``: it is off because a request is repeated here only if it
was sent on a reused connection, which the session does not check.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError
from yarl import URL

from crawler.http.connection import Connection
from crawler.http.timeouts import SharedTimeout, Wait
from crawler.model import limits
from crawler.text.hosts import connectable, without_zone
from crawler.text.urls import Origin, origin, userinfo

if TYPE_CHECKING:
    import ssl

_READ_BUFFER = limits.BODY_CHUNK * 2
"""Maximum number of bytes of a body that are received before they are read."""

_TARGET = re.compile(r"[\x21-\x7e]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FIELD = re.compile(r"[^\r\n\0]*")
_CAN_SEND_DIRECTLY = all(hasattr(ResponseHandler, name) for name in ("set_response_params", "start_timeout", "read"))


class RawResponse(Protocol):
    """A response of the session or of a direct request: status, headers, and a body to be read."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def content(self) -> aiohttp.StreamReader: ...

    def release(self) -> object: ...


class _DirectResponse:
    """The response to a request that was sent directly."""

    __slots__ = ("_connection", "content", "headers", "status")

    def __init__(self, message: Any, content: aiohttp.StreamReader, connection: Any) -> None:
        self.status: int = message.code
        self.headers: Mapping[str, str] = message.headers
        self.content = content
        self._connection = connection

    def release(self) -> None:
        """Return the connection for reuse, or close it if the body was not read to its end."""
        self._connection.release()


_LIST_FIELDS = ("Content-Encoding", "Transfer-Encoding", "Link", "Age")


def combined(headers: Mapping[str, str]) -> Mapping[str, str]:
    """``headers`` with repeated list fields joined (RFC 9110 section 5.3), where more than the first value matters."""
    several: Any = headers  # aiohttp's multidict
    names = [name for name in _LIST_FIELDS if len(several.getall(name, ())) > 1]
    if not names:
        return headers
    joined: Any = several.copy()
    for name in names:
        joined[name] = ", ".join(several.getall(name))
    return cast("Mapping[str, str]", joined)


def _fields(host: str, agent: str, headers: tuple[tuple[str, str], ...]) -> str:
    """The header section of a request after the request line, empty line included. Raises ValueError."""
    given = {name.lower() for name, _ in headers}
    fields = [f"Host: {host}"] if "host" not in given else []
    fields += [f"User-Agent: {agent}"] if "user-agent" not in given else []
    fields += [f"{name}: {value}" for name, value in headers]
    if any(_FIELD.fullmatch(field) is None for field in fields):
        raise ValueError("a request header contains a line break")
    return "\r\n".join(fields) + "\r\n\r\n"


_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since", "If-Range", "Range"})


def _encodable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """``headers``, without conditions if a validator is not UTF-8 (RFC 9110 section 8.8.3): the session cannot send it.

    All conditions are removed together: a range without its condition could be of another version.
    """
    if all(value.isascii() or not _SURROGATE.search(value) for value in headers.values()):
        return headers
    return {name: value for name, value in headers.items() if name not in _CONDITIONS}


def _reuse_tracing() -> aiohttp.TraceConfig:
    """A trace that appends to the list passed as ``trace_request_ctx`` if the connection is a reused one."""

    async def note(_session: object, context: SimpleNamespace, _what: object) -> None:
        context.trace_request_ctx.append(True)

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note)
    return trace


class Transport:
    """Sends requests, with limits on the response. Times in seconds. Must be created and closed in the event loop.

    ``tls`` returns the context for https, the same each time; it is called when the first one is needed.
    """

    def __init__(
        self, agent: str, *, connect_timeout: float, read_timeout: float, tls: Callable[[], ssl.SSLContext]
    ) -> None:
        self._agent = agent
        self._tls = tls
        # Most requests have the same headers. The cache belongs to the instance because some contain credentials.
        self._fields = lru_cache(maxsize=64)(_fields)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout, sock_read=read_timeout)
        self._read_timeout = read_timeout
        # For the whole header section: each 1xx response restarts aiohttp's own timer.
        self._header_timeout = SharedTimeout(connect_timeout + read_timeout)
        self._first = first = dict[Origin, aiohttp.ClientRequest]()

        class Request(aiohttp.ClientRequest):
            """Keeps the first request to each origin, unless it goes through a proxy."""

            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                where = origin(str(self.url))
                if _CAN_SEND_DIRECTLY and where is not None and self.proxy is None:
                    first.setdefault(where, self)

        self._connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
        handler: type[ResponseHandler] = Connection
        self._connector._factory = partial(handler, loop=asyncio.get_running_loop())
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            timeout=self._timeout,
            request_class=Request,
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
        await self._session.close()

    async def send(self, method: str, url: str, headers: Mapping[str, str], proxy: str | None) -> RawResponse:
        """Send a GET or HEAD and wait for the headers. Raises aiohttp.ClientError, OSError, ValueError."""
        first = self._first.get(origin(url) or ("", "", 0)) if proxy is None else None
        target = url[url.find("/", url.find("://") + 3) :].partition("#")[0]
        attempt: Callable[[Wait, list[bool]], Awaitable[RawResponse]]
        if first is None or not target.startswith("/") or _TARGET.fullmatch(target) is None:
            attempt = partial(self._send_by_session, method, url, headers, proxy)
        else:
            fields = self._fields(first.headers["Host"], self._agent, tuple(headers.items()))
            head = f"{method} {target} HTTP/1.1\r\n{fields}".encode("utf-8", "surrogateescape")
            attempt = partial(self._send_directly, method, first, head)
        with self._header_timeout.wait() as wait:
            reused: list[bool] = []
            try:
                return await attempt(wait, reused)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                raise
            except (aiohttp.ClientOSError, aiohttp.ClientConnectionResetError, aiohttp.ServerDisconnectedError):
                # A server may close a connection just when it is reused (RFC 9112 section 9.3.1).
                if not reused:
                    raise
                return await attempt(wait, [])

    async def _send_by_session(
        self, method: str, url: str, headers: Mapping[str, str], proxy: str | None, _wait: Wait, reused: list[bool]
    ) -> RawResponse:
        where = URL(connectable(url), encoded=True)
        headers = _encodable(headers)
        if host := without_zone(url):
            headers = {"Host": host, **headers}
        tls = self._tls() if "https" in (where.scheme, proxy and URL(proxy).scheme) else True
        proxy, login = userinfo(proxy) if proxy else (None, None)
        auth = aiohttp.BasicAuth(*login, encoding="utf-8") if login else None
        return await self._session.request(
            method,
            where,
            headers=headers,
            allow_redirects=False,
            proxy=proxy,
            proxy_auth=auth,
            ssl=tls,
            trace_request_ctx=reused,
        )

    async def _send_directly(
        self, method: str, first: aiohttp.ClientRequest, head: bytes, wait: Wait, reused: list[bool]
    ) -> RawResponse:
        connection = await self._connect(first)
        while connection.protocol.requests and not connection.protocol.is_quiet():
            connection.close()
            connection = await self._connect(first)
        wait.shorten(self._read_timeout)
        try:
            if connection.protocol.requests:
                reused.append(True)
            return await self._exchange(connection, head, first, skip_payload=method == "HEAD")
        except BaseException:
            connection.close()
            raise

    async def _connect(self, first: aiohttp.ClientRequest) -> Any:
        try:
            return await self._connector.connect(first, [], self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {first.url}") from error

    async def _exchange(
        self, connection: Any, head: bytes, first: aiohttp.ClientRequest, *, skip_payload: bool
    ) -> RawResponse:
        protocol = connection.protocol
        protocol.set_response_params(
            skip_payload=skip_payload,
            read_until_eof=True,
            auto_decompress=False,
            read_timeout=self._read_timeout,
            read_bufsize=_READ_BUFFER,
            max_line_size=limits.HEADER_LINE,
            max_field_size=limits.HEADER_LINE,
            max_headers=limits.HEADER_COUNT,
        )
        if connection.transport is None:
            raise aiohttp.ServerDisconnectedError
        connection.transport.write(head)
        protocol.start_timeout()
        try:
            message, content = await protocol.read()
        except HttpProcessingError as error:
            raise aiohttp.ClientResponseError(
                first.request_info, (), status=error.code, message=error.message, headers=error.headers
            ) from error
        return _DirectResponse(message, content, connection)
