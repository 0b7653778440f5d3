"""A connection as an aiohttp protocol that passes on only the expected response, and closes on anything else.

``session`` makes the connector create these protocols through ``TCPConnector._factory``. aiohttp 3.14 does not document
the module ``client_proto``, nor the members of ResponseHandler that are used here: ``_payload``, ``_exception``,
``_reading_paused``, ``should_close``, ``force_close``, ``is_connected``, ``set_response_params`` and
``resume_reading``, nor ``ClientResponse.start``. On its own, aiohttp takes bytes on an idle connection for the response
to the next request, loses a response that arrives together with excess bytes, exposes messages of its parser, and does
not report damaged chunks to the reader of a body.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError

from crawler.http.framing.header_section import BodyEnd, BodyError, FramingError, NotAResponse
from crawler.http.framing.splitter import Splitter
from crawler.http.lane.loss import Ending, excess
from crawler.http.sockets.tcp import has_no_bytes
from crawler.http.tls import alert_text, has_close_notify
from crawler.model import limits
from crawler.model.network.responses import Carrier, Turn


class InvalidResponse(aiohttp.ClientError):
    """The data is not an HTTP/1.1 response, or the response has no definite end. Another attempt would fail too."""


class GarbledResponse(InvalidResponse):
    """The data is not a response of any protocol. Another attempt may succeed."""


class DamagedBody(aiohttp.ClientPayloadError):
    """The chunks of the body are malformed, probably by damage in transit."""


class UnrequestedData(aiohttp.ClientConnectionError):
    """The server sent data on a new connection before any request."""


class RefusedByTLS(aiohttp.ClientError):
    """The server ended the connection with a TLS alert before any response."""


class CarriedResponse(aiohttp.ClientResponse):
    """A response that knows its connection, which aiohttp may have released for other requests."""

    turn: Turn | None = None
    """See ``interfaces.Response``."""
    _carried_by: Connection | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Wait for the headers. Called by aiohttp's session."""
        carried_by = connection.protocol
        assert isinstance(carried_by, Connection), "see Session"
        self._carried_by, self.turn = carried_by, carried_by.turn
        return await super().start(connection)

    @property
    def is_ambiguous(self) -> bool:
        """Whether the response is complete and another one follows it: either may be the one that was requested."""
        return self._carried_by is not None and self._carried_by.is_followed and self.content.is_eof()


class Connection(ResponseHandler):
    """A connection that receives responses. It is closed instead of reused if unrequested bytes have arrived."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.requests = 0
        """Number of requests sent on this connection."""
        self.carrier = Carrier()
        self.turn: Turn | None = None
        """That of the last request."""
        self.is_followed = False
        """Whether another response has followed the last one. Then the connection is not used again."""
        self._splitter = Splitter()
        self._arrived = 0
        """Bytes received since the last request."""
        self._has_ended = False
        """Whether the server closed its side in an orderly way: FIN, or close_notify under TLS."""
        self._socket: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._socket = transport.get_extra_info("socket")

    def is_connected(self) -> bool:
        """Whether another request can be sent: open, trusted, and no bytes have arrived that could be its response.

        aiohttp's pool asks an idle connection, and closes it if it is not.
        """
        if not super().is_connected() or self.should_close or self.carrier.is_suspect:
            return False
        try:
            # This holds under TLS too: between responses a server sends only close_notify or a late session ticket.
            return has_no_bytes(self._socket)
        except (OSError, ValueError):  # closed meanwhile
            return False

    def set_response_params(self, **options: Any) -> None:
        """Prepare for the response to the next request. Called by aiohttp's session."""
        self.requests += 1
        self.turn = self.carrier.next()
        self._arrived = 0
        self._splitter.begin(is_head=bool(options.get("skip_payload")))
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        """Pass on the bytes of the response. Aborts a response of endless framing data."""
        if not data:  # aiohttp calls this to resume after a pause
            super().data_received(data)
            return
        self._arrived += len(data)
        try:
            data_of_response, rest = self._splitter.take(data)
        except FramingError as error:
            is_garbled = isinstance(error, NotAResponse) and not error.is_permanent(is_first=self.requests <= 1)
            self._refuse((GarbledResponse if is_garbled else InvalidResponse)(str(error)))
            return
        except BodyError as error:
            self._refuse(DamagedBody(str(error)))
            return
        if rest:
            self.is_followed = excess(data, rest) is Ending.FOLLOWED
            self.force_close()
        if data_of_response:
            super().data_received(data_of_response)
        elif rest:
            self._close_for_excess()
        if self._arrived > limits.FRAMING:
            body = self._payload.total_bytes if self._payload is not None else 0
            if self._arrived > limits.FRAMING + limits.FRAMING_SHARE * body:
                self._refuse(HttpProcessingError(code=400, message="too much framing data without a body"))

    def _close_for_excess(self) -> None:
        """Close after unexpected bytes. A response that has arrived stays readable."""
        if not self.requests:
            self._refuse(UnrequestedData("the server sent data before the request"))
        elif self.transport is not None and (self._payload is None or self._payload.is_eof()):
            self.transport.close()

    def _refuse(self, error: Exception) -> None:
        if self.transport is not None:
            self.transport.close()
        self.set_exception(error)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Resume without running the parser: aiohttp calls this for each chunk read, mostly without data to parse."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def eof_received(self) -> None:
        """The server closed its side. Not called after a reset; under TLS also for a FIN without close_notify."""
        tls = None if self.transport is None else self.transport.get_extra_info("ssl_object")
        self._has_ended = tls is None or has_close_notify(tls)
        super().eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection has ended; only an orderly end completes a body without a length (RFC 9112 section 9.8)."""
        body, head = self._payload, self._splitter.head
        if body is not None and not body.is_eof():
            if exc is not None:
                body.set_exception(aiohttp.ClientPayloadError("the connection was reset"), exc)
            elif head is not None and head.end is BodyEnd.CONNECTION and not self._has_ended:
                body.set_exception(aiohttp.ClientPayloadError("the connection was cut"))
        if isinstance(exc, ssl.SSLError) and not self._arrived and self.requests <= 1:
            self.set_exception(RefusedByTLS(alert_text(exc)), exc)
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        if isinstance(self._exception, InvalidResponse | DamagedBody | UnrequestedData | RefusedByTLS):
            return  # later errors are consequences of this one
        body = self._payload
        super().set_exception(exc, *cause)
        is_final = isinstance(exc, HttpProcessingError | InvalidResponse | DamagedBody)
        if is_final and body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(exc if isinstance(exc, DamagedBody) else aiohttp.ClientPayloadError(str(exc)), exc)
