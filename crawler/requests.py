"""The one module that sends requests: through aiohttp's session, or one layer below it on a kept connection.

The session prepares each request anew: its URL, its cookies, its middlewares, its redirects, a writer, a timer. Of
the requests of a mirror only the path and a few headers differ. So the first request to an origin goes through the
session; its ``ClientRequest`` is kept and says how to connect, with TLS and all. The GETs that follow take a connection
from the same ``TCPConnector``, write the request, and read the answer with aiohttp's protocol and its parser in C:
a third of the work. Limits, time-outs and errors stay those of the session.

``ResponseHandler.set_response_params``, ``start_timeout`` and ``read`` are not documented: where one of them is
missing, every request goes through the session. Nor is ``TCPConnector._factory``, by which both ways get connections
that report a body whose chunks make no sense.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError
from yarl import URL

from crawler import limits
from crawler.urls import Origin, origin

if TYPE_CHECKING:
    import ssl

_READ_BUFFER = limits.BODY_CHUNK * 2
"""Bytes of a body that are received ahead of whoever reads it."""

_TARGET = re.compile(r"[\x21-\x7e]+")
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


class _Handler(ResponseHandler):
    """What aiohttp reads answers with, and tells who waits for a body when its chunks stop making sense.

    aiohttp 3.14 tells only who waits for headers, stops its time-outs, and closes: the reader would wait for ever.
    """

    def resume_reading(self, resume_parser: bool = True) -> None:
        """aiohttp calls this for each piece that is taken, and has its parser look at nothing each time."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        body = self._payload
        super().set_exception(exc, *cause)
        if isinstance(exc, HttpProcessingError) and body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError(exc.message), exc)


def _fields(host: str, agent: str, headers: tuple[tuple[str, str], ...]) -> str:
    """The header fields of a request and the line that ends them. Raises ValueError."""
    given = {name.lower() for name, _ in headers}
    fields = [f"Host: {host}"] if "host" not in given else []
    fields += [f"User-Agent: {agent}"] if "user-agent" not in given else []
    fields += [f"{name}: {value}" for name, value in headers]
    if any(_FIELD.fullmatch(field) is None for field in fields):
        raise ValueError("a header of the request holds a line break")
    return "\r\n".join(fields) + "\r\n\r\n"


class Requests:
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
        self._first = first = dict[Origin, aiohttp.ClientRequest]()

        class Request(aiohttp.ClientRequest):
            """Notes the first one to each origin; requests by a proxy stay with the session."""

            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                where = origin(str(self.url))
                if _CAN_KEEP and where is not None and self.proxy is None:
                    first.setdefault(where, self)

        self._connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
        handler: type[ResponseHandler] = _Handler
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
        )

    async def close(self) -> None:
        await self._session.close()

    async def send(self, method: str, url: str, headers: Mapping[str, str], proxy: str | None) -> Answer:
        """One request and the headers of its answer. Raises aiohttp.ClientError, OSError, ValueError."""
        first = self._first.get(origin(url) or ("", "", 0)) if method == "GET" and proxy is None else None
        target = url[url.find("/", url.find("://") + 3) :].partition("#")[0]
        if first is None or not target.startswith("/") or _TARGET.fullmatch(target) is None:
            where = URL(url, encoded=True)
            tls = self._tls() if "https" in (where.scheme, proxy and URL(proxy).scheme) else True
            return await self._session.request(
                method, where, headers=headers, allow_redirects=False, proxy=proxy, ssl=tls
            )
        fields = self._fields(first.headers["Host"], self._agent, tuple(headers.items()))
        head = f"GET {target} HTTP/1.1\r\n{fields}".encode()
        try:
            return await self._ask(first, head)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            # As the session does: a server may close a connection at the moment in which it is used again.
            return await self._ask(first, head)

    async def _ask(self, first: aiohttp.ClientRequest, head: bytes) -> Answer:
        try:
            connection = await self._connector.connect(first, [], self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {first.url}") from error
        try:
            return await self._exchange(connection, head, first)
        except BaseException:
            connection.close()
            raise

    async def _exchange(self, connection: Any, head: bytes, first: aiohttp.ClientRequest) -> Answer:
        protocol = connection.protocol
        protocol.set_response_params(
            read_until_eof=True,
            auto_decompress=False,
            read_timeout=self._timeout.sock_read,
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
            while 100 <= message.code < 200 and message.code != 101:  # interim answers: RFC 9110 section 15.2
                message, content = await protocol.read()
        except HttpProcessingError as error:
            raise aiohttp.ClientResponseError(
                first.request_info, (), status=error.code, message=error.message, headers=error.headers
            ) from error
        return _Answer(message, content, connection)
