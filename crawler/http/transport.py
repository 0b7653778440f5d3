"""The one module that sends requests: through aiohttp's session, or one layer below it on a kept connection.

The session prepares each request anew: its URL, its cookies, its middlewares, its redirects, a writer, a timer. Of
the requests of a mirror only the path and a few headers differ. So the first request to an origin goes through the
session; its ``ClientRequest`` is kept and says how to connect, with TLS and all. Those that follow take a connection
from the same ``TCPConnector``, write the request, and read the answer with aiohttp's protocol and its parser in C:
a third of the work. Limits, time-outs and errors stay those of the session.

``ResponseHandler.set_response_params``, ``start_timeout`` and ``read`` are not documented: where one of them is
missing, every request goes through the session. Nor is ``TCPConnector._factory``, by which both ways get the
connections of ``connection``, nor ``ClientSession._retry_connection``: a request is sent once more if the connection
was one that is used again, not if it was new, which the session does not tell apart.
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
from crawler.http.timeouts import Deadline, Wait
from crawler.model import limits
from crawler.text.hosts import connectable, without_zone
from crawler.text.urls import Origin, origin, userinfo

if TYPE_CHECKING:
    import ssl

_READ_BUFFER = limits.BODY_CHUNK * 2
"""Bytes of a body that are received ahead of whoever reads it."""

_TARGET = re.compile(r"[\x21-\x7e]+")
_UNTEXT = re.compile("[\ud800-\udfff]")
_FIELD = re.compile(r"[^\r\n\0]*")
_CAN_KEEP = all(hasattr(ResponseHandler, name) for name in ("set_response_params", "start_timeout", "read"))


class Answer(Protocol):
    """What both ways give: a status, headers, and a body to be read."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def content(self) -> aiohttp.StreamReader: ...

    def release(self) -> object: ...


class _Answer:
    __slots__ = ("_connection", "content", "headers", "status")

    def __init__(self, message: Any, content: aiohttp.StreamReader, connection: Any) -> None:
        self.status: int = message.code
        self.headers: Mapping[str, str] = message.headers
        self.content = content
        self._connection = connection

    def release(self) -> None:
        """The connection is used again, unless the body was not read to its end."""
        self._connection.release()


_LISTS = ("Content-Encoding", "Transfer-Encoding", "Link", "Age")


def combined(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The same with lists of which we read more than the first member in one field each (RFC 9110 section 5.3)."""
    several: Any = headers  # aiohttp's, which hold each field
    names = [name for name in _LISTS if len(several.getall(name, ())) > 1]
    if not names:
        return headers
    joined: Any = several.copy()
    for name in names:
        joined[name] = ", ".join(several.getall(name))
    return cast("Mapping[str, str]", joined)


def _fields(host: str, agent: str, headers: tuple[tuple[str, str], ...]) -> str:
    """The header fields of a request and the line that ends them. Raises ValueError."""
    given = {name.lower() for name, _ in headers}
    fields = [f"Host: {host}"] if "host" not in given else []
    fields += [f"User-Agent: {agent}"] if "user-agent" not in given else []
    fields += [f"{name}: {value}" for name, value in headers]
    if any(_FIELD.fullmatch(field) is None for field in fields):
        raise ValueError("a header of the request holds a line break")
    return "\r\n".join(fields) + "\r\n\r\n"


_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since", "If-Range", "Range"})


def _as_text(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Without validators whose bytes are not UTF-8 (RFC 9110 section 8.8.3): aiohttp's session cannot send them.

    All conditions go with one: a range without its condition could be one of another version.
    """
    if all(value.isascii() or not _UNTEXT.search(value) for value in headers.values()):
        return headers
    return {name: value for name, value in headers.items() if name not in _CONDITIONS}


def _noting_kept() -> aiohttp.TraceConfig:
    """Puts something on the list that a request of the session carries, if its connection is used again."""

    async def note(_session: object, context: SimpleNamespace, _what: object) -> None:
        context.trace_request_ctx.append(True)

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note)
    return trace


class Transport:
    """Sends requests with limits on what comes back. Times in seconds. To be made and closed in the event loop.

    ``tls`` gives the context for https, the same each time. It is asked when that is first needed.
    """

    def __init__(
        self, agent: str, *, connect_timeout: float, read_timeout: float, tls: Callable[[], ssl.SSLContext]
    ) -> None:
        self._agent = agent
        self._tls = tls
        # Most requests of a run have the same. Some hold credentials: they are forgotten with us.
        self._fields = lru_cache(maxsize=64)(_fields)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout, sock_read=read_timeout)
        self._read_timeout = read_timeout
        # For all headers together: 1xx answers restart aiohttp's own clock without end.
        self._headers_end = Deadline(connect_timeout + read_timeout)
        self._first = first = dict[Origin, aiohttp.ClientRequest]()

        class Request(aiohttp.ClientRequest):
            """Notes the first one to each origin; requests by a proxy stay with the session."""

            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                where = origin(str(self.url))
                if _CAN_KEEP and where is not None and self.proxy is None:
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
            trace_configs=[_noting_kept()],
        )
        self._session._retry_connection = False

    async def close(self) -> None:
        self._headers_end.close()
        await self._session.close()

    async def send(self, method: str, url: str, headers: Mapping[str, str], proxy: str | None) -> Answer:
        """One GET or HEAD and the headers of its answer. Raises aiohttp.ClientError, OSError, ValueError."""
        first = self._first.get(origin(url) or ("", "", 0)) if proxy is None else None
        target = url[url.find("/", url.find("://") + 3) :].partition("#")[0]
        ask: Callable[[Wait, list[bool]], Awaitable[Answer]]
        if first is None or not target.startswith("/") or _TARGET.fullmatch(target) is None:
            ask = partial(self._by_session, method, url, headers, proxy)
        else:
            fields = self._fields(first.headers["Host"], self._agent, tuple(headers.items()))
            head = f"{method} {target} HTTP/1.1\r\n{fields}".encode("utf-8", "surrogateescape")
            ask = partial(self._directly, method, first, head)
        with self._headers_end.wait() as wait:
            kept: list[bool] = []
            try:
                return await ask(wait, kept)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                raise
            except (aiohttp.ClientOSError, aiohttp.ClientConnectionResetError, aiohttp.ServerDisconnectedError):
                # A server may close a connection at the moment in which it is used again (RFC 9112 section 9.3.1).
                if not kept:
                    raise
                return await ask(wait, [])

    async def _by_session(
        self, method: str, url: str, headers: Mapping[str, str], proxy: str | None, _wait: Wait, kept: list[bool]
    ) -> Answer:
        where = URL(connectable(url), encoded=True)
        headers = _as_text(headers)
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
            trace_request_ctx=kept,
        )

    async def _directly(
        self, method: str, first: aiohttp.ClientRequest, head: bytes, wait: Wait, kept: list[bool]
    ) -> Answer:
        connection = await self._connected(first)
        while connection.protocol.requests and not connection.protocol.is_quiet():
            connection.close()
            connection = await self._connected(first)
        wait.within(self._read_timeout)
        try:
            if connection.protocol.requests:
                kept.append(True)
            return await self._exchange(connection, head, first, skip_payload=method == "HEAD")
        except BaseException:
            connection.close()
            raise

    async def _connected(self, first: aiohttp.ClientRequest) -> Any:
        try:
            return await self._connector.connect(first, [], self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {first.url}") from error

    async def _exchange(
        self, connection: Any, head: bytes, first: aiohttp.ClientRequest, *, skip_payload: bool
    ) -> Answer:
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
        return _Answer(message, content, connection)
