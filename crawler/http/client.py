"""The network: the only module that knows aiohttp. One request, its redirects, its body.

No total time-out exists. Instead each wait has its own limit: connect, all headers together, silence between
bytes, and a minimum average speed, so that neither a dead nor a trickling server can hold a run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from types import TracebackType
from typing import Self

import aiohttp
from multidict import CIMultiDict

from crawler.http.connection import GarbledResponse, InvalidResponse, RefusedByTLS
from crawler.http.decoding import read_decoded
from crawler.http.pacing.gate import Gate, Host
from crawler.http.proxies import Proxies
from crawler.http.response import HttpResponse, Terms, explain
from crawler.http.timeouts import Deadline
from crawler.http.tls import tls_context
from crawler.http.transport import Answer, Transport
from crawler.model import limits
from crawler.model.errors import NO_DESCRIPTORS, FetchError, VerificationError
from crawler.model.interfaces import FetchedPage, Permit
from crawler.model.values import Rejection, Validators
from crawler.text.escape import masked
from crawler.text.http_fields import (
    OVERLOAD_STATUS,
    RETRYABLE_STATUS,
    coding_of,
    content_length,
    is_chunked,
    parse_http_date,
    validators_of,
)
from crawler.text.urls import Origin, is_upgrade, origin, resolve

_LOG = logging.getLogger("crawler")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNSENT = (
    aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError,
    RefusedByTLS, ValueError,
)  # fmt: skip
_PERMANENT = (aiohttp.ClientSSLError, aiohttp.ClientResponseError, InvalidResponse, RefusedByTLS, ValueError)
"""The next attempt gets the same. InvalidURL is a ValueError."""
_LEAST = {"Accept": "*/*", "Accept-Encoding": "identity", "Range": "bytes=0-0"}
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
    logins: Mapping[str, str] = field(default_factory=dict)
    """URL → the value of Authorization for it alone, as it is asked for first."""
    proxies: Proxies = field(default_factory=Proxies)
    ca_file: str | None = None
    client_cert: str | None = None
    insecure: bool = False


class HttpClient:
    """Implements ``interfaces.Client``. Use as an async context manager."""

    def __init__(self, options: ClientOptions, gate: Gate) -> None:
        self.options = options
        self.gate = gate
        self._requests: Transport | None = None
        self.terms = Terms(
            connect_timeout=options.connect_timeout,
            read_timeout=options.read_timeout,
            min_speed=options.min_speed,
            gate=gate,
            silence=Deadline(options.read_timeout),
        )
        self._logs = _LOG.isEnabledFor(logging.DEBUG)

    async def __aenter__(self) -> Self:
        options = self.options
        tls = cache(
            partial(tls_context, ca_file=options.ca_file, client_cert=options.client_cert, insecure=options.insecure)
        )
        if options.ca_file or options.client_cert:
            tls()  # what is wrong with these is said before the first request
        self._requests = Transport(
            options.user_agent,
            connect_timeout=options.connect_timeout,
            read_timeout=options.read_timeout,
            tls=tls,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terms.silence.close()
        if self._requests is not None:
            await self._requests.close()

    def open(self, method: str, url: str, *, headers: Mapping[str, str], permit: Permit) -> _Exchange:
        """Send one request and follow the redirects that ``permit`` allows. Raises FetchError."""
        return _Exchange(self, method, url, headers, permit)

    async def enter(self, url: str) -> Host:
        """Wait for a connection to the host of ``url``. Raises FetchError."""
        host = self.gate.host(url)
        await host.enter(url, self._probe)
        return host

    async def _probe(self, url: str, host: Host) -> None:
        """Ask for as little of ``url`` as there is: ``host`` hears whether it is answered."""
        with suppress(FetchError):
            (await self.send("GET", url, self.headers_for(url, _LEAST, url), host)).release()

    def headers_for(self, url: str, headers: Mapping[str, str], first: str) -> Mapping[str, str]:
        """``headers`` with the secrets that ``url`` may see; ``first`` is where its redirects began."""
        options = self.options
        own = options.secrets.get(origin(url) or ("", "", 0)) if options.secrets else None
        if own:
            headers = merged(headers, own)
        login = options.logins.get(first) if options.logins else None
        if login is not None and (origin(url) == origin(first) or is_upgrade(first, url)):
            headers = merged(headers, {"Authorization": login})
        return headers

    async def send(self, method: str, url: str, headers: Mapping[str, str], host: Host) -> Answer:
        """One request and the headers of its answer, on a connection of ``host``. Raises FetchError."""
        assert self._requests is not None, "the client is not open"
        try:
            proxy = self.options.proxies.of(url)
            response = await self._requests.send(method, url, headers, proxy)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise self._translate(error, url, host) from None
        if self._logs:
            fields = {"method": method, "url": url, "status": response.status}
            _LOG.debug("request", extra={"fields": fields})
        if response.status not in OVERLOAD_STATUS:
            host.succeeded(url if method == "GET" else None)
        return response

    def _translate(self, error: Exception, url: str, host: Host) -> FetchError:
        """An error from below as ours. Failures to talk to the host at all are counted, unless the lack is ours."""
        is_ours = isinstance(error, aiohttp.ClientSSLError) or getattr(error, "errno", None) in NO_DESCRIPTORS
        if isinstance(error, aiohttp.ClientConnectionError | OSError) and not is_ours:
            host.failed()
        text, connection = explain(error, self.terms), isinstance(error, _UNSENT)
        retryable = not isinstance(error, _PERMANENT) or isinstance(error, GarbledResponse)
        if isinstance(error, aiohttp.ClientHttpProxyError):
            retryable = error.status in RETRYABLE_STATUS
        return FetchError(text, url=url, retryable=retryable, connection=connection)

    async def fetch_page(
        self, url: str, *, validators: Validators, permit: Permit, html_only: bool = False, most: int | None = None
    ) -> FetchedPage:
        """A whole listing page, decompressed, or ``most`` bytes of it. Raises FetchError, VerificationError.

        Any status comes back; the body of one that is no success says nothing, and is empty here.
        """
        headers = {"Accept": "text/html" if html_only else _ACCEPT, "Accept-Encoding": "gzip, deflate"}
        headers |= validators.unless
        async with self.open("GET", url, headers=headers, permit=permit) as reply:
            body = await read_decoded(reply, most) if 200 <= reply.status < 300 else await _passed_over(reply)
            return FetchedPage(
                url=reply.url,
                status=reply.status,
                content_type=reply.headers.get("Content-Type", ""),
                body=body,
                validators=validators_of(reply.headers),
                date=parse_http_date(reply.headers.get("Date")),
                retry_after=reply.headers.get("Retry-After"),
                end_proven=_says_its_end(reply.headers),
                link=reply.headers.get("Link"),
            )


def merged(headers: Mapping[str, str], own: Mapping[str, str]) -> CIMultiDict[str]:
    """``headers`` with the fields of ``own`` in the place of those of the same name (RFC 9110 section 5.1: any case).

    A name may come several times in ``own``: each of its values is sent.
    """
    fields = CIMultiDict(headers)
    for name in set(own):
        fields.popall(name, None)
    fields.extend(own)
    return fields


async def _passed_over(reply: HttpResponse) -> bytes:
    """Nothing. A short body is read, so that its connection is used again; the end of a long one is not awaited."""
    if reply.status != 304:
        with suppress(FetchError, VerificationError):
            await reply.read(limits.ERROR_BODY)
    return b""


def _says_its_end(headers: Mapping[str, str]) -> bool:
    """By its length, by a last chunk or by the end of a compressed stream (RFC 9112 section 6.3)."""
    return bool(coding_of(headers)) or content_length(headers) is not None or is_chunked(headers)


class _Exchange:
    """A request, its redirects and its answer. Not a generator with a decorator: that costs a tenth of a small file."""

    __slots__ = ("_client", "_headers", "_host", "_method", "_permit", "_response", "_url")

    def __init__(self, client: HttpClient, method: str, url: str, headers: Mapping[str, str], permit: Permit) -> None:
        self._client = client
        self._method, self._url, self._headers, self._permit = method, url, headers, permit
        self._host: Host | None = None
        self._response: Answer | None = None

    async def __aenter__(self) -> HttpResponse:
        client, url = self._client, self._url
        hops = refusals = 0
        try:
            while hops <= limits.REDIRECTS:
                self._host = host = await client.enter(url)
                generation = host.generation
                headers = client.headers_for(url, self._headers, self._url)
                self._response = response = await client.send(self._method, url, headers, host)
                status = response.status
                if status in OVERLOAD_STATUS and host.overloaded(status, response.headers, generation):
                    refusals += 1
                    if refusals <= limits.REFUSALS:
                        self._release()
                        continue
                target = await _redirect(response, url, self._permit) if status in _REDIRECTS else None
                if target is None:
                    return HttpResponse(response, url, host, self._release, client.terms)
                self._release()
                url = target
                hops += 1
        except BaseException:
            self._release()
            raise
        text = f"more than {limits.REDIRECTS} redirects, the last to {masked(url)}"
        raise FetchError(text, url=url, retryable=False, rejection=Rejection("redirects", url))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        if self._response is not None:
            self._response.release()
            self._response = None
        if self._host is not None:
            self._host.leave()
            self._host = None


async def _redirect(response: Answer, url: str, permit: Permit) -> str | None:
    location = response.headers.get("Location")
    if location is None:
        return None
    target = resolve(url, location)
    rejection = (
        Rejection("scheme", location[:200], "not an http address") if target is None else await permit(url, target)
    )
    if rejection is not None:
        text = f"redirect to {masked(target or rejection.subject)}: {rejection.detail}"
        raise FetchError(text, url=url, retryable=False, rejection=rejection)
    return target
