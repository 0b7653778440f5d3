"""The HTTP client: requests with their redirects, and complete listing pages.

There is no total timeout. Instead there are limits on connecting, on receiving all headers and on the time without
bytes, and a minimum average speed, so that neither a dead nor a slow server can block a run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crawler.http.credentials.keyring import Credentials, Keyring
from crawler.http.decoding import page_of, read_decoded
from crawler.http.framing.request_head import FIRST_BYTE, merged, page_headers, redirected
from crawler.http.lane.deadline import Patience
from crawler.http.lane.dial import ConnectionSettings
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.host import Host
from crawler.http.problem import RequestError
from crawler.http.proxies import Proxies
from crawler.http.response import (
    HttpResponse,
    RawResponse,
    WholeResponse,
    read_out,
    redirect_target,
    too_many_redirects,
)
from crawler.http.sockets.early import EarlyConnections
from crawler.http.tls import tls_context
from crawler.http.transport import Transport, log_requests
from crawler.model import limits
from crawler.model.errors import FetchError
from crawler.model.interfaces import FetchedPage, Permit, Take
from crawler.model.network.pipelining import Requests
from crawler.model.struct import Value, field
from crawler.model.values import Validators
from crawler.text.escape import printable
from crawler.text.http_fields import OVERLOAD_STATUS, REDIRECT_STATUS

if TYPE_CHECKING:
    from crawler.http.credentials.authentication import Authenticator
    from crawler.http.pipelining import Sharing


class ClientOptions(Value, frozen=True, kw_only=True):
    """Options of the client. Times in seconds, ``min_speed`` in bytes per second (0: none)."""

    user_agent: str
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    min_speed: int = 100
    credentials: Credentials = field(default_factory=Credentials)
    """Of all origins."""
    proxies: Proxies = field(default_factory=Proxies)
    ca_file: str | None = None
    client_cert: str | None = None
    insecure: bool = False
    depth: int = 1
    """Maximum number of requests in flight on one connection."""


class HttpClient:
    """Implements ``interfaces.Client``. Use as an async context manager."""

    def __init__(
        self,
        options: ClientOptions,
        gate: Gate,
        keyring: Keyring | None = None,
        early: EarlyConnections | None = None,
    ) -> None:
        """``keyring``: by default it holds the credentials in ``options``. ``early``: connections that are open."""
        self._early = early
        self.options = options
        self.gate = gate
        self._transport: Transport | None = None
        self._keyring = keyring or Keyring(options.credentials)
        self._logs_requests = logging.getLogger("crawler").isEnabledFor(logging.DEBUG)

    async def __aenter__(self) -> Self:
        options = self.options
        tls = cache(
            partial(tls_context, ca_file=options.ca_file, client_cert=options.client_cert, insecure=options.insecure)
        )
        if options.ca_file or options.client_cert:
            tls()  # errors in these files are reported before the first request
        patience = Patience(options.read_timeout, options.min_speed)
        settings = ConnectionSettings(options.connect_timeout, patience, tls)
        self._transport = Transport(
            options.user_agent, settings, lambda url: self.gate.host(url).connections, self._early
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            await self._transport.close()

    @cached_property
    def sharing(self) -> Sharing:
        """The object that sends several requests on one connection."""
        assert self._transport is not None, "the client is not open"
        from crawler.http.pipelining import Sharing, Usual  # not before the first request

        usual = Usual(enter=self.enter, complete=self._complete, is_plain=self._is_plain, note=self._note_all)
        return Sharing(usual, self._transport, self.gate, self.options.depth)

    def _is_plain(self, url: str) -> bool:
        """Whether a request for ``url`` needs neither a proxy nor a login."""
        return self.login_for(url, url) is None and self.options.proxies.choose(url) is None

    def _complete(self, requests: Requests) -> Requests:
        if self._keyring.adds_nothing:
            return requests
        return [(url, self.headers_for(url, own)) for url, own in requests]

    def open(self, method: str, url: str, *, headers: Mapping[str, str], permit: Permit) -> _Exchange:
        """Send one request and follow the redirects that ``permit`` allows. Raises FetchError."""
        return _Exchange(self, method, url, headers, permit)

    async def enter(self, url: str) -> Host:
        """Wait for a connection to the host of ``url``. Raises FetchError."""
        if not self._keyring.is_complete:
            await self._keyring.reach(url)
        host = self.gate.host(url)
        await host.enter(url, self._probe)
        return host

    async def _probe(self, url: str, host: Host) -> None:
        """Request the first byte of ``url``; ``request`` reports to ``host`` whether a response came."""
        with suppress(FetchError):
            login = self.login_for(url, url)
            authorization = login.authorization("GET", url) if login is not None else None
            await read_out(await self.request("GET", url, FIRST_BYTE, host=host, authorization=authorization))

    def login_for(self, url: str, first: str) -> Authenticator | None:
        """The login that a request for ``url`` gets; ``first`` is the URL before any redirects."""
        return self._keyring.login_for(url, first)

    def headers_for(self, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """``headers`` with the cookies and the --header fields that apply to ``url``."""
        if (cookie := self._keyring.cookies.header(url)) is not None:
            headers = merged(headers, {"Cookie": cookie})
        own = self._keyring.headers_for(url)
        return merged(headers, own) if own else headers

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], *, host: Host, authorization: str | None = None
    ) -> RawResponse:
        """Send one request on a connection of ``host``; returns when the headers have arrived. Raises FetchError."""
        assert self._transport is not None, "the client is not open"
        headers = self.headers_for(url, headers)
        if authorization is not None:
            headers = merged(headers, {"Authorization": authorization})
        try:
            proxy = self.options.proxies.choose(url)
            response = await self._transport.send(method, url, headers, proxy)
        except RequestError as error:
            if error.blames_host:
                host.failed()
            raise FetchError(
                self.options.proxies.named(str(error), url) if error.is_of_proxy else str(error),
                url=url,
                retryable=not error.is_permanent,
                connection=error.is_unsent,
                cause=error.cause,
            ) from None
        except ValueError as error:
            raise FetchError(printable(str(error)[:200]), url=url, retryable=False, connection=True) from None
        self._note(method, url, response)
        if response.head_start:
            host.began_before(response.head_start)
        if response.status not in OVERLOAD_STATUS:
            host.succeeded(url if method == "GET" else None)
        return response

    def _note(self, method: str, url: str, response: RawResponse | WholeResponse) -> None:
        if self._logs_requests:
            log_requests(method, [url], response.status)
        self._keyring.cookies.keep(url, response.headers)

    def _note_all(self, responses: Sequence[WholeResponse]) -> None:
        for response in responses:
            if self._logs_requests or response.shape is None:  # otherwise it sets no cookies
                self._note("GET", response.url, response)

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        fresh: bool = False,
        most: int | None = None,
        take: Take | None = None,
    ) -> FetchedPage:
        """Fetch a listing page, decompressed: all of it, or at least its first ``most`` bytes.

        A response is returned whatever its status; its body is empty if the status is not 2xx. A response
        with status 200 is first passed to ``take`` (see ``interfaces.Take``). Raises FetchError, VerificationError.
        """
        headers = page_headers(validators, html_only=html_only, is_plain=take is not None, fresh=fresh)
        async with self.open("GET", url, headers=headers, permit=permit) as response:
            taken = await take(response) if take is not None and response.status == 200 else None
            if not 200 <= response.status < 300:
                return page_of(response, b"")
            body = taken if isinstance(taken, bytes) else await read_decoded(taken or response, most)
            return page_of(response, body)


class _Exchange:
    """A request with its redirects, as an async context manager.

    With ``asynccontextmanager`` a small file would take a tenth longer.
    """

    __slots__ = ("_client", "_headers", "_host", "_method", "_permit", "_response", "_url")

    def __init__(self, client: HttpClient, method: str, url: str, headers: Mapping[str, str], permit: Permit) -> None:
        self._client = client
        self._method, self._url, self._headers, self._permit = method, url, headers, permit
        self._host: Host | None = None
        self._response: RawResponse | None = None

    async def __aenter__(self) -> HttpResponse:
        client, url = self._client, self._url
        hops = refusals = logins = 0
        promise = None
        try:
            while hops <= limits.REDIRECTS:
                self._host = host = await client.enter(url)
                generation = host.generation
                response = await self._answer(url, host, logins)
                if response is None:
                    self._release()
                    login = client.login_for(url, self._url)
                    logins += login is None or await login.settle(self._permit)
                    continue
                self._response = response
                status = response.status
                if status in OVERLOAD_STATUS and host.overloaded(status, response.headers, generation):
                    refusals += 1
                    if refusals <= limits.REFUSALS:
                        await self._end()
                        continue
                location = response.headers.get("Location") if status in REDIRECT_STATUS else None
                if location is None:
                    return HttpResponse(response, url, host, self._release, client.gate, promise=promise)
                promise = HttpResponse.promise_of(response.headers) or promise
                await self._end()  # the rule of ``Gate``: ``permit`` may need this connection to read robots.txt
                url = await redirect_target(location, url, self._permit)
                self._headers = redirected(self._headers, self._url, url)
                hops, logins = hops + 1, 0
        except BaseException as error:
            self._release()
            if promise is not None and isinstance(error, FetchError):
                error.after(promise)
            raise
        raise too_many_redirects(url)

    async def _answer(self, url: str, host: Host, logins: int) -> RawResponse | None:
        """The response to one request; None if it must be sent again to log in, as it was ``logins`` times before."""
        client = self._client
        if (login := client.login_for(url, self._url)) is None:
            return await client.request(self._method, url, self._headers, host=host)
        return await login.send(partial(client.request, host=host), self._method, url, self._headers, repeats=logins)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            await self._end()
        else:
            self._release()

    async def _end(self) -> None:
        """Release the connection, for reuse if the rest of the response is short."""
        try:
            if self._response is not None:
                await read_out(self._response)
        finally:
            self._release()

    def _release(self) -> None:
        response, host, self._response, self._host = self._response, self._host, None, None
        if response is not None:
            response.release()
        if host is not None:
            host.leave()
