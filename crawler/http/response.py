"""The response to a request: its headers, and its body as it arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any, Protocol, cast

from multidict import CIMultiDict

from crawler.http.framing.shape import ShapedFields
from crawler.http.lane.batch import Answer, Answers
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.host import Host
from crawler.http.problem import RequestError, TooSlow
from crawler.model import limits
from crawler.model.errors import Cause, FetchError, VerificationError
from crawler.model.interfaces import BulkBody, Permit
from crawler.model.network import responses as interfaces
from crawler.model.network.shapes import UNKNOWN, Alike, HeaderShape, Varying
from crawler.model.reasons import Reason
from crawler.model.struct import Struct, replace
from crawler.model.values import Rejection
from crawler.text.escape import masked
from crawler.text.http_fields import RETRYABLE_STATUS, content_length
from crawler.text.urls import resolve

_ERRORS, _UNSATISFIABLE = 400, 416
_LIST_FIELDS = ("Content-Encoding", "Transfer-Encoding", "Link", "Age")


class RawResponse(Protocol):
    """A response from a lane or from the session, whose headers have arrived."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def head_start(self) -> float:
        """Seconds that passed between the request and the call of ``send``, if it was sent before the event loop."""
        ...

    @property
    def turn(self) -> interfaces.Turn | None:
        """See ``interfaces.Response``."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether all of it has arrived."""
        ...

    async def next(self) -> bytes:
        """The next bytes of the body; empty at the end. Raises RequestError, TooSlow."""
        ...

    def bulk(self, most: int, received: Callable[[int], None]) -> BulkBody | None:
        """See ``interfaces.Response``."""
        ...

    def release(self) -> object:
        """Return the connection for reuse, or close it if the body has not arrived completely."""


def combined(headers: Mapping[str, str]) -> Mapping[str, str]:
    """``headers`` with repeated list fields joined (RFC 9110 section 5.3), if more than the first value matters."""
    several: Any = headers  # a multidict
    names = [name for name in _LIST_FIELDS if len(several.getall(name, ())) > 1]
    if not names:
        return headers
    joined: Any = several.copy()
    for name in names:
        joined[name] = ", ".join(several.getall(name))
    return cast("Mapping[str, str]", joined)


Promise = Mapping[str, str]
"""The fields Digest and Link of a redirect to one of several mirrors."""


def with_promise(headers: Mapping[str, str], promise: Promise) -> Mapping[str, str]:
    """``headers`` with the fields of ``promise``, unless they already contain a digest."""
    from crawler.text.digests import header_digest

    if header_digest(headers) is not None:
        return headers
    extended: Any = cast("Any", headers).copy()
    for name, value in promise.items():
        extended[name] = value
    return cast("Mapping[str, str]", extended)


def _check_promised(promise: Promise | None, status: int, url: str) -> None:
    """Raise FetchError for an error ``status`` after a redirect with a ``promise``: other mirrors may have the file."""
    if promise is not None and status >= _ERRORS and status != _UNSATISFIABLE:
        raise FetchError(f"HTTP {status}", url=url, status=status, retryable=status in RETRYABLE_STATUS)


class HttpResponse:
    """Implements ``interfaces.Response``."""

    __slots__ = ("_gate", "_host", "_response", "headers", "release", "status", "turn", "url")

    def __init__(
        self,
        response: RawResponse,
        url: str,
        host: Host,
        release: Callable[[], None],
        gate: Gate,
        *,
        promise: Promise | None = None,
    ) -> None:
        """``promise``: what the redirects say about the file, used if the response itself has no digest.

        Raises FetchError if the mirror to which they led does not have the file.
        """
        _check_promised(promise, response.status, url)
        self._response = response
        self._gate = gate
        self._host = host
        self.release = release
        self.status, self.turn = response.status, response.turn
        self.headers = combined(response.headers)
        if promise is not None:
            self.headers = with_promise(self.headers, promise)
        self.url = url

    @staticmethod
    def promise_of(headers: Mapping[str, str]) -> Promise | None:
        """The fields of a redirect to one of several mirrors that describe the file (RFC 6249 section 6).

        None for any other redirect, whose digest describes the redirect's own page (RFC 9530 section 3).
        """
        if "Digest" not in headers or "Link" not in headers:
            return None
        from crawler.text.web_links import names_duplicates

        several: Any = headers  # a multidict
        link = ", ".join(several.getall("Link"))
        return {"Digest": ", ".join(several.getall("Digest")), "Link": link} if names_duplicates(link) else None

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises VerificationError if it exceeds ``limit`` bytes, FetchError if it is cut short."""
        body = BytesIO()  # grows in place and returns its own buffer: joined pieces would take twice the memory
        while chunk := await self._next():
            if body.tell() + len(chunk) > limit:
                raise VerificationError(f"received more than {limit} bytes", retryable=False)
            body.write(chunk)
        return body.getvalue()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces as they arrive. Raises FetchError if it is cut short, stalls or is too slow."""
        while chunk := await self._next():
            yield chunk

    def bulk(self, most: int, received: Callable[[int], None]) -> BulkBody | None:
        """See ``interfaces.Response``. None also if --limit-rate decides when the next piece may be read."""

        def count(size: int) -> None:
            self._host.received(size, time.monotonic())
            received(size)

        return None if self._gate.limits_bytes else self._response.bulk(most, count)

    async def _next(self) -> bytes:
        """The next bytes of the body; empty at the end."""
        try:
            chunk = await self._response.next()
        except TooSlow as error:
            raise FetchError(str(error), url=self.url) from None
        except RequestError as error:
            if error.cause is not Cause.RECEIVER_LOST:
                self._host.troubled()
            raise FetchError(f"the body was cut short: {error}", url=self.url, cause=error.cause) from None
        if chunk:
            self._host.received(len(chunk), time.monotonic())
        if self._gate.limits_bytes:
            await self._gate.acquire_bytes(len(chunk))
        return chunk


class WholeResponse(Struct, eq=False, gc=False):
    """Implements ``interfaces.WholeResponse``."""

    status: int
    body: bytes
    url: str
    shape: HeaderShape | None = None
    varying: Varying = UNKNOWN
    known: Mapping[str, str] | None = None
    """The header fields, once they have been put together."""
    turn: interfaces.Turn | None = None
    """See ``interfaces.Response``."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields, which are put together when they are first needed."""
        if self.known is None:
            fields = self.shape.fields(len(self.body), self.varying) if self.shape is not None else ()
            self.known = combined(CIMultiDict(fields))
        return self.known

    async def read(self, limit: int) -> bytes:
        """The body. Raises VerificationError if it exceeds ``limit`` bytes."""
        if len(self.body) > limit:
            raise VerificationError(f"received more than {limit} bytes", retryable=False)
        return self.body

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body in one piece."""
        yield self.body

    def bulk(self, most: int, received: Callable[[int], None]) -> None:
        """See ``interfaces.Response``. None: all of the body has arrived."""

    def release(self) -> None:
        """Do nothing: no connection is held."""


def whole_responses(urls: Sequence[str], answers: Answers, turn: interfaces.Turn | None) -> list[WholeResponse | None]:
    """The responses that a lane has received to requests for ``urls``; None for each that it has not.

    ``turn``: that of the first of them.
    """
    found = [
        WholeResponse(200, each.body, url, each.shape, each.varying) if isinstance(each, Alike) else _whole(each, url)
        for url, each in zip(urls, answers, strict=True)
    ]
    if turn is not None and found and found[0] is not None:
        found[0] = replace(found[0], turn=turn)
    return found


def _whole(answer: Answer | None, url: str) -> WholeResponse | None:
    if answer is None:
        return None
    status, fields = answer.head.status, answer.head.fields
    shape, varying = (fields.shape, fields.values) if isinstance(fields, ShapedFields) else (None, UNKNOWN)
    return WholeResponse(status, answer.body, url, shape, varying, None if shape else combined(CIMultiDict(fields)))


def joined(first: interfaces.WholeResponse, second: interfaces.WholeResponse) -> WholeResponse:
    """The response to a request for a whole file whose two parts are in ``first`` and ``second``."""
    body = first.body + second.body
    fields = [field for field in second.headers.items() if field[0].lower() not in {"content-range", "content-length"}]
    known = CIMultiDict([*fields, ("Content-Length", str(len(body)))])
    return WholeResponse(200, body, second.url, known=combined(known))


def is_short(status: int, length: int | None) -> bool:
    """Whether a body that nobody wants is read, so that its connection can be reused. ``length``: None if unknown."""
    return not 200 <= status < 300 if length is None else length <= limits.ERROR_BODY


async def read_out(response: RawResponse) -> None:
    """End a response whose body is not wanted, after reading the rest of it if it is short and arrives soon.

    Many servers send the header section and the body of an error in separate segments.
    """
    size = 0
    try:
        if not response.is_over and is_short(response.status, content_length(response.headers)):
            with suppress(RequestError, TooSlow, TimeoutError):
                async with asyncio.timeout(limits.ERROR_SECONDS):
                    while size <= limits.ERROR_BODY and (piece := await response.next()):
                        size += len(piece)
    finally:
        response.release()


async def redirect_target(location: str, url: str, permit: Permit) -> str:
    """The URL that a redirect from ``url`` to ``location`` leads to. Raises FetchError if ``permit`` forbids it.

    Must not be called while a connection is held: ``permit`` may send requests, and wait for a connection of its own.
    """
    target = resolve(url, location)
    rejection = Rejection(Reason.SCHEME, location[:200], "not an HTTP URL")
    if target is not None:
        permitted = await permit(url, target)
        if permitted is None:
            return target
        rejection = permitted
    text = f"redirect to {masked(target or rejection.subject)}: {rejection.detail}"
    raise FetchError(text, url=url, retryable=False, rejection=rejection)


def too_many_redirects(url: str) -> FetchError:
    """The error of a request whose redirects do not end; ``url`` is the last target."""
    text = f"more than {limits.REDIRECTS} redirects, the last to {masked(url)}"
    return FetchError(text, url=url, retryable=False, rejection=Rejection(Reason.REDIRECTS, url))
