"""One connection, as aiohttp's protocol: it passes on the response that is awaited, and closes on anything else.

Both ways of ``requests`` get these from ``TCPConnector._factory``, which is not documented. aiohttp 3.14 by itself
takes whatever arrives on an idle connection for the response to the next request, loses a response whose excess bytes
arrive with it, passes its parser's messages on, and tells nobody who waits for a body that its chunks are damaged.
"""

from __future__ import annotations

import asyncio
import fcntl
import ssl
import termios
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError

from crawler.http.framing import BodyEnd, BodyError, FramingError, NoResponse
from crawler.http.splitter import Splitter
from crawler.http.tls import alert_text
from crawler.model import limits

_NOTHING = bytes(4)
"""What FIONREAD answers for a socket without unread bytes."""


class InvalidResponse(aiohttp.ClientError):
    """What came is not a response in HTTP/1.1, or not one whose end can be told. The next attempt gets the same."""


class GarbledResponse(InvalidResponse):
    """What came is no response of any protocol: another attempt may get one."""


class DamagedBody(aiohttp.ClientPayloadError):
    """The body stops making sense, as can happen on its way."""


class UnrequestedData(aiohttp.ClientConnectionError):
    """The server sent something on a new connection before it was asked."""


class RefusedByTLS(aiohttp.ClientError):
    """The server ended the connection with a TLS alert before it answered anything."""


class Connection(ResponseHandler):
    """Reads responses. ``is_quiet`` is to be asked before a connection is used again."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.requests = 0
        """That this connection was used for."""
        self._splitter = Splitter()
        self._arrived = 0
        """Bytes of the present response, and before it."""
        self._has_ended = False
        """The server ended its side in an orderly way: with FIN, with close_notify under TLS."""
        self._socket: Any = None
        self._was_quiet = False
        """Just now, before anything else could happen."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._socket = transport.get_extra_info("socket")

    def is_quiet(self) -> bool:
        """Whether nothing has arrived that would be taken for the response to the next request."""
        if self.transport is None or self.transport.is_closing() or self.should_close:
            return False
        self._was_quiet = self._has_nothing()
        return self._was_quiet

    def _has_nothing(self) -> bool:
        try:
            # Under TLS too: what a server sends between two responses is a goodbye, or a ticket that comes late.
            return fcntl.ioctl(self._socket.fileno(), termios.FIONREAD, _NOTHING) == _NOTHING
        except (OSError, ValueError):  # closed meanwhile
            return False

    def set_response_params(self, **options: Any) -> None:
        """Both ways call this before each request."""
        if self.requests and not self._was_quiet and not self.is_quiet() and self.transport is not None:
            self.transport.close()
        self._was_quiet = False
        self.requests += 1
        self._arrived = 0
        self._splitter.begin(is_head=bool(options.get("skip_payload")))
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        """Passes on what belongs to the response. Ends one that consists of framing without end."""
        if not data:  # aiohttp's own call, to go on after a pause
            super().data_received(data)
            return
        self._arrived += len(data)
        try:
            mine, is_more = self._splitter.take(data)
        except FramingError as error:
            kind = GarbledResponse if isinstance(error, NoResponse) else InvalidResponse
            self._refuse(kind(str(error)))
            return
        except BodyError as error:
            self._refuse(DamagedBody(str(error)))
            return
        if is_more:
            self.force_close()
        if mine:
            super().data_received(mine)
        elif is_more:
            self._close_for_excess()
        if self._arrived > limits.FRAMING:
            body = self._payload.total_bytes if self._payload is not None else 0
            if self._arrived > limits.FRAMING + limits.FRAMING_SHARE * body:
                self._refuse(HttpProcessingError(code=400, message="it goes on and on, and says nothing"))

    def _close_for_excess(self) -> None:
        """What is here of a response stays readable."""
        if not self.requests:
            self._refuse(UnrequestedData("the server sent data before it was asked"))
        elif self.transport is not None and (self._payload is None or self._payload.is_eof()):
            self.transport.close()

    def _refuse(self, error: Exception) -> None:
        if self.transport is not None:
            self.transport.close()
        self.set_exception(error)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """aiohttp calls this for each piece that is taken, and has its parser look at nothing each time."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def eof_received(self) -> None:
        """Not called for a connection that is reset; asyncio calls it under TLS for a FIN without close_notify too."""
        tls = None if self.transport is None else self.transport.get_extra_info("ssl_object")
        self._has_ended = tls is None or _is_goodbye(tls)
        super().eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """A body without a length ends with its connection (RFC 9112 section 9.8): with its end, not with a cut."""
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
            return  # what follows is only its consequence
        body = self._payload
        super().set_exception(exc, *cause)
        is_ours = isinstance(exc, HttpProcessingError | InvalidResponse | DamagedBody)
        if is_ours and body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(exc if isinstance(exc, DamagedBody) else aiohttp.ClientPayloadError(str(exc)), exc)


def _is_goodbye(tls: ssl.SSLObject) -> bool:
    """Whether the peer has ended its side of TLS (RFC 8446 section 6.1)."""
    try:
        return not tls.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False
