"""The network: the only module that knows aiohttp. One request, its redirects, its body.

No total time-out exists. Instead each wait has its own limit: connect, all headers together, silence between
bytes, and a minimum average speed, so that neither a dead nor a trickling server can hold a run.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from crawler import limits
from crawler.errors import ConfigError, FetchError, VerificationError
from crawler.escape import masked, printable
from crawler.gate import Gate
from crawler.interfaces import Page, Permit
from crawler.models import Validators
from crawler.retry import OVERLOAD_STATUS, parse_http_date, parse_retry_after
from crawler.urls import Origin, origin, resolve

_LOG = logging.getLogger("crawler")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OVERLOAD_PAUSE = 1.0
"""Seconds that all workers of a host wait after a 429 that does not say how long."""
_ACCEPT = "text/html,application/xhtml+xml;q=0.9,application/xml;q=0.9,application/json;q=0.8,*/*;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """How to talk. Times in seconds, ``min_speed`` in bytes per second (0: any)."""

    user_agent: str
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    min_speed: int = 100
    secrets: Mapping[Origin, Mapping[str, str]] = field(default_factory=dict)
    """Headers that go to one origin only: Authorization, cookies, whatever --header gives."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    """Scheme → proxy URL."""
    no_proxy: frozenset[str] = frozenset()
    ca_file: str | None = None
    client_cert: str | None = None
    insecure: bool = False


class Client:
    """Implements ``interfaces.Client``. Use as an async context manager."""

    def __init__(self, options: ClientOptions, gate: Gate) -> None:
        self._options = options
        self._gate = gate
        self._session: aiohttp.ClientSession | None = None
        self._headers_end = options.connect_timeout + options.read_timeout

    async def __aenter__(self) -> Self:
        options = self._options
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=_tls(options), ttl_dns_cache=300),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=options.connect_timeout, sock_read=options.read_timeout
            ),
            headers={"User-Agent": options.user_agent},
            skip_auto_headers=("Accept", "Accept-Encoding"),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=limits.HEADER_LINE,
            max_field_size=limits.HEADER_LINE,
            max_headers=limits.HEADER_COUNT,
            read_bufsize=limits.BODY_CHUNK * 2,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def open(self, method: str, url: str, *, headers: Mapping[str, str], permit: Permit) -> AsyncIterator[Reply]:
        """Send one request and follow the redirects that ``permit`` allows. Raises FetchError."""
        for _ in range(limits.REDIRECTS + 1):
            async with self._gate.slot(url):
                response = await self._send(method, url, headers)
                try:
                    target = self._redirect(response, url, permit)
                    if target is None:
                        yield Reply(response, url, self._options, self._gate)
                        return
                finally:
                    response.release()
            url = target
        raise FetchError(f"more than {limits.REDIRECTS} redirects, the last to {masked(url)}", url=url, retryable=False)

    async def _send(self, method: str, url: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        assert self._session is not None, "the client is not open"
        options = self._options
        own = options.secrets.get(origin(url) or ("", "", 0))
        try:
            # The deadline is for all headers together: 1xx answers restart aiohttp's own clock without end.
            async with asyncio.timeout(self._headers_end):
                response = await self._session.request(
                    method,
                    URL(url, encoded=True),
                    headers={**headers, **own} if own else headers,
                    allow_redirects=False,
                    proxy=self._proxy(url),
                )
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise self._translate(error, url) from None
        if _LOG.isEnabledFor(logging.DEBUG):
            fields = {"method": method, "url": url, "status": response.status}
            _LOG.debug("request", extra={"fields": fields})
        if response.status in OVERLOAD_STATUS:
            self._overloaded(response, url)
        else:
            self._gate.succeeded(url)
        return response

    def _proxy(self, url: str) -> str | None:
        where = origin(url)
        if where is None or not self._options.proxies:
            return None
        host = where[1]
        if any(host == name or host.endswith("." + name.lstrip(".")) for name in self._options.no_proxy):
            return None
        return self._options.proxies.get(where[0])

    def _overloaded(self, response: aiohttp.ClientResponse, url: str) -> None:
        now = parse_http_date(response.headers.get("Date")) or time.time()
        wait = parse_retry_after(response.headers.get("Retry-After"), now)
        if wait is None and response.status == 429:
            wait = _OVERLOAD_PAUSE
        if wait is not None and wait <= limits.RETRY_AFTER:
            self._gate.pause(url, wait)

    def _redirect(self, response: aiohttp.ClientResponse, url: str, permit: Permit) -> str | None:
        location = response.headers.get("Location")
        if response.status not in _REDIRECTS or location is None:
            return None
        target = resolve(url, location)
        if target is None:
            raise FetchError(f"redirect to {masked(location[:200])}: not an http address", url=url, retryable=False)
        rejection = permit(url, target)
        if rejection is not None:
            raise FetchError(
                f"redirect to {masked(target)}: {rejection.detail}", url=url, retryable=False, rejection=rejection
            )
        return target

    def _translate(self, error: Exception, url: str) -> FetchError:
        """An error from below as ours. Failures to talk to the host at all are counted."""
        connection = isinstance(
            error, aiohttp.ClientConnectionError | aiohttp.ServerTimeoutError | OSError
        ) and not isinstance(error, aiohttp.ClientSSLError)
        if connection:
            self._gate.failed(url)
        retryable = not isinstance(error, aiohttp.ClientSSLError | aiohttp.InvalidURL | ValueError)
        return FetchError(_explain(error, self._options), url=url, retryable=retryable, connection=connection)

    async def fetch_page(self, url: str, *, validators: Validators, permit: Permit, html_only: bool = False) -> Page:
        """A whole listing page, decompressed. Any status comes back; raises FetchError, VerificationError."""
        headers = {"Accept": "text/html" if html_only else _ACCEPT, "Accept-Encoding": "gzip, deflate"}
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        elif validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        async with self.open("GET", url, headers=headers, permit=permit) as reply:
            body = b"" if reply.status == 304 else await _decoded(reply)
            return Page(
                url=reply.url,
                status=reply.status,
                content_type=reply.headers.get("Content-Type", ""),
                body=body,
                validators=Validators(etag=reply.headers.get("ETag"), last_modified=reply.headers.get("Last-Modified")),
                date=parse_http_date(reply.headers.get("Date")),
                retry_after=reply.headers.get("Retry-After"),
            )


class Reply:
    """Implements ``interfaces.Reply``."""

    __slots__ = ("_gate", "_options", "_response", "headers", "status", "url")

    def __init__(self, response: aiohttp.ClientResponse, url: str, options: ClientOptions, gate: Gate) -> None:
        self._response = response
        self._options = options
        self._gate = gate
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.url = url

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises VerificationError beyond ``limit`` bytes, FetchError if it is cut short."""
        pieces: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise VerificationError(f"more than {limit} bytes came", retryable=False)
            pieces.append(chunk)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive. Raises FetchError if it is cut short, stalls or trickles."""
        content = self._response.content
        options = self._options
        window = min(limits.MINIMUM_SPEED_WINDOW, options.read_timeout)
        began, received = time.monotonic(), 0
        try:
            while chunk := await content.readany():
                received += len(chunk)
                now = time.monotonic()
                if now - began >= window:
                    if received < options.min_speed * (now - began):
                        raise FetchError(f"slower than {options.min_speed} B/s over {window:g} s", url=self.url)
                    began, received = now, 0
                if self._gate.limits_bytes:
                    await self._gate.spend(len(chunk))
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise FetchError(f"the body was cut short: {_explain(error, options)}", url=self.url) from None


async def _decoded(reply: Reply) -> bytes:
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


def _tls(options: ClientOptions) -> ssl.SSLContext | bool:
    """The context for --ca-file, --client-cert and --insecure; True is aiohttp's strict default."""
    if not (options.ca_file or options.client_cert or options.insecure):
        return True
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
        if options.client_cert:
            context.load_cert_chain(options.client_cert)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"--ca-file or --client-cert: {error}") from None
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _explain(error: Exception, options: ClientOptions) -> str:
    """One clause that says what happened, without the address (the caller names it)."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the server's certificate is not trusted: {printable(str(error.certificate_error))}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {options.connect_timeout:g} s"
    if isinstance(error, TimeoutError):
        return f"no answer within {options.read_timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {printable(str(error.strerror or error.os_error))}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection ended before the body did"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the answer is not valid HTTP: {printable(error.message[:200])}"
    return printable(str(error)[:200]) or type(error).__name__
