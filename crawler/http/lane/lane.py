"""One connection to one origin, on which requests are sent in batches (RFC 9112 section 9.3.2)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

from crawler.http.framing.header_section import BodyError, FramingError
from crawler.http.framing.shape import Shapes
from crawler.http.lane.bulk.lending import Lending, Reading
from crawler.http.lane.bulk.receiver import BulkReceiver, Taken
from crawler.http.lane.deadline import Deadline, Patience
from crawler.http.lane.loss import OF_NO_REQUEST, End, Ending, excess, explained, losses, refusal, unreadable
from crawler.http.lane.request import Request
from crawler.http.sockets.tcp import acknowledge, has_no_bytes
from crawler.http.timeouts import DeadlineTimer
from crawler.http.tls import has_close_notify
from crawler.model.network.responses import Carrier
from crawler.model.network.shapes import Alike


class Lane(Reading):
    """Sends requests, and splits the received bytes into their responses, in the order of the requests.

    Unrequested bytes are never part of a response: bytes that arrive before a request or after the last response close
    the lane and are dropped. ``progressed`` is called after responses have arrived, if more requests can be sent;
    ``ended`` is called once, when no more can be sent.
    """

    def __init__(
        self,
        patience: Patience,
        progressed: Callable[[Lane], None],
        ended: Callable[[Lane, Ending], None] = lambda _lane, _ending: None,
        *,
        is_ahead: bool = False,
        shapes: Shapes | None = None,
    ) -> None:
        """``is_ahead``: nothing waits for it, so the server may close it at any time. ``shapes``: of the host."""
        super().__init__(shapes)
        self._progressed, self._ended = progressed, ended
        self._patience, self._deadline = patience, Deadline(patience)
        self.is_ahead, self._loop = is_ahead, asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.socket: Any = None
        self._timer = DeadlineTimer(self._deadline, patience.silence, lambda: self._stop(End(Ending.SILENT, "")))
        self._lending = Lending(self, self._reader, self._deadline, patience)
        self._flight = deque[Request]()
        self._is_streaming = False
        """Whether the receiver was told (``begun``) that the body of the current response arrives in pieces."""
        self.is_shared = False
        """Whether more than one request has ever been in flight."""
        self._is_paused = self._has_ended = False
        """``_has_ended``: whether the server closed its side in an orderly way: FIN, or close_notify under TLS."""
        self._end: End | None = None
        """Why no more requests can be sent; None while they can."""
        self.sent = 0
        """Number of requests sent."""
        self.answered = 0
        """Number of complete responses received."""
        self.carrier = Carrier()
        self.minor = 0
        """Minor version of the last response, which was HTTP/1.``minor``."""

    @property
    def ending(self) -> Ending | None:
        """How the lane ended; None while it is open."""
        return None if self._end is None else self._end.ending

    @property
    def in_flight(self) -> int:
        """Number of requests without a complete response."""
        return len(self._flight)

    @property
    def is_mute(self) -> bool:
        """Whether a request is in flight, and nothing of any response has arrived since the lane was opened."""
        return bool(self._flight) and not self.answered and not self._reader.has_begun

    def is_quiet(self) -> bool:
        """Whether the lane is open and trusted, no request is in flight, and no unrequested bytes have arrived.

        Call this before using an idle lane again; not needed while requests are in flight, or in ``progressed``.
        """
        if self._end is not None or self._flight or self._transport is None or self._transport.is_closing():
            return False
        try:
            # This holds under TLS too: between responses a server sends only close_notify or a late session ticket.
            return not self.carrier.is_suspect and has_no_bytes(self.socket)
        except (OSError, ValueError):  # closed meanwhile
            return False

    def send(self, requests: Sequence[Request], data: bytes | None = None) -> None:
        """Write ``data``, or that of each of ``requests``, at once. If it is empty, they were sent before."""
        is_idle = not self._flight
        if is_idle and requests:
            self._reader.begin(is_head=requests[0].is_head, is_alone=not requests[0].gathered)
        self._flight.extend(requests)
        self.sent += len(requests)
        if self._end is None and (self._transport is not None or data == b""):
            self.is_shared = self.is_shared or len(self._flight) > 1
            if self._transport is not None and not self._transport.is_closing():  # else ``connection_lost`` tells why
                self._transport.write(b"".join([request.data for request in requests]) if data is None else data)
            if is_idle and requests:
                self._deadline.expect(self._loop.time())
                self._timer.watch()
            return
        self._lose(self._end or End(Ending.CLOSED, ""))

    def pause(self) -> None:
        """Stop reading until ``resume``, for a receiver that has enough. Bytes already read are still passed on."""
        if not self._is_paused and self._end is None and self._transport is not None:
            self._is_paused = True
            self._deadline.pause(self._loop.time())
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._is_paused and self._end is None and self._transport is not None:
            self._is_paused = False
            self._deadline.resume(self._loop.time())
            self._timer.watch()
            self._transport.resume_reading()

    @property
    def unread(self) -> int:
        """Number of bytes that a body with a length still lacks."""
        return self._reader.bulk

    def lend(self, pieces: Sequence[bytes], most: int, received: Callable[[int], None]) -> BulkReceiver | None:
        """Stop reading, and let a thread receive the rest of the body, or its next ``most`` bytes.

        ``pieces`` and ``received`` are for the receiver, which must be used. None if the rest is short or encrypted.
        """
        bulk = self._lending.begin(self._transport, pieces, most, received)
        if bulk is not None:
            self.pause()
        return bulk

    def take_back(self, taken: Taken, end: End | None) -> None:
        """See ``bulk.receiver.Lender``."""
        is_filled = self._lending.end(taken)
        if self._end is None and end is not None:
            self._stop(end)
        elif is_filled:
            self.data_received(taken.following)
        else:
            self.resume()

    def close(self) -> None:
        """Close the lane. Requests in flight are lost."""
        self._stop(End(Ending.ABANDONED, ""))

    # --- what the event loop calls ------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.socket = transport.get_extra_info("socket")

    def data_received(self, data: bytes) -> None:
        if self._end is not None:
            return
        answered, was_streaming = self.answered, self._is_streaming
        try:
            rest = self._read(data)
        except FramingError as error:
            self._stop(unreadable(error, answered=self.answered))
            return
        except BodyError as error:
            self._stop(End(Ending.DAMAGED, str(error)))
            return
        if rest:
            self._stop(End(excess(data, rest) if self.sent else Ending.UNREQUESTED, ""))
        elif self._end is None:
            if self._flight and not was_streaming:
                acknowledge(self.socket)
            if self.answered > answered:
                self._progressed(self)

    def eof_received(self) -> None:
        """The server closed its side. Not called after a reset; under TLS also for a FIN without close_notify."""
        tls = None if self._transport is None else self._transport.get_extra_info("ssl_object")
        self._has_ended = tls is None or has_close_notify(tls)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            return
        if exc is None and self._has_ended and self._flight:
            self._reader.end()
            if self._reader.is_over:
                self._finish_response(self._flight[0])
        if self._end is None:
            has_begun, has_head = self._reader.has_begun, self._reader.head is not None
            self._stop(explained(exc, has_begun=has_begun, has_head=has_head, is_first=not self.answered))

    # --- responses ----------------------------------------------------------------------------------

    def _read(self, data: bytes) -> int:
        """Pass on the responses in ``data``. Returns how many bytes follow them. Raises FramingError, BodyError."""
        reader, rest = self._reader, len(data)
        while self._flight and (rest or reader.is_filled):
            request, alike = self._flight[0], list[Alike]()
            if request.gathered:
                alike, rest = reader.take_alike(data, rest, request.gathered, self._flight.count(request))
            if alike:
                self._begin_next(alike[0].shape.minor, len(alike))
                request.receiver.answered_alike(request, alike)
                self._await_next()
            else:
                rest = reader.take(data, len(data) - rest, is_last=len(self._flight) == 1)
                is_used = self.answered > 0 or self.is_ahead
                if (end := refusal(reader.head, is_shared=self.is_shared, is_used=is_used)) is not None:
                    self._stop(end)
                elif reader.is_over:
                    self._finish_response(self._flight[0], excess(data, rest) if rest else Ending.ANNOUNCED)
                elif reader.head is not None:
                    self._continue_response(self._flight[0])
            if self._end is not None:
                return 0
        return rest

    def _continue_response(self, request: Request) -> None:
        """A part of a response has arrived, including at least its header section."""
        reader = self._reader
        if not self._deadline.received(reader.received, self._loop.time()):
            self._stop(End(Ending.SLOW, self._patience.too_slow))
            return
        assert reader.head is not None
        gathered = request.gathered
        if not self._is_streaming and (not gathered or max(reader.head.length, reader.gathered) > gathered):
            self._is_streaming = True
            request.receiver.begun(request, reader.head)
        if self._is_streaming and reader.gathered:
            request.receiver.piece(request, reader.body())

    def _finish_response(self, request: Request, ending: Ending = Ending.ANNOUNCED) -> None:
        """All of a response has arrived. ``ending``: that of the lane, if the response is the last one."""
        reader = self._reader
        head, body, is_streaming = reader.head, reader.body(), self._is_streaming
        assert head is not None
        self._begin_next(head.minor)
        if not is_streaming:
            request.receiver.answered(request, head, body)
        else:
            if body:
                request.receiver.piece(request, body)
            request.receiver.ended(request)
        self._await_next()
        if not head.is_kept:
            self._stop(End(ending, ""))

    def _begin_next(self, minor: int, count: int = 1) -> None:
        """``count`` responses are complete, of HTTP/1.``minor``: another one begins."""
        for _ in range(count):
            self._flight.popleft()
        self.answered += count
        self.minor = minor
        self._is_streaming = False
        if self._flight:
            self._reader.begin(is_head=self._flight[0].is_head, is_alone=not self._flight[0].gathered)

    def _await_next(self) -> None:
        """Wait for the next response, if any is due. Resumes reading if the receiver of the last one paused it."""
        self.resume()
        if self._flight:
            self._deadline.expect(self._loop.time())
        else:
            self._deadline.rest()

    # --- the end ------------------------------------------------------------------------------------

    def _stop(self, end: End) -> None:
        if self._end is not None:
            return
        self._end = end
        self._deadline.rest()
        self._timer.cancel()
        self._lending.stop()
        if self._transport is not None:
            if end.ending is Ending.ANNOUNCED:
                self._transport.close()
            else:
                self._transport.abort()
        self._lose(end)
        self._ended(self, end.ending)

    def _lose(self, end: End) -> None:
        requests = list(self._flight)
        self._flight.clear()
        has_begun = self._reader.has_begun and end.ending not in OF_NO_REQUEST
        lost = losses(end, len(requests), has_begun=has_begun, answered=self.answered or self.is_ahead)
        for request, loss in zip(requests, lost, strict=True):
            request.receiver.lost(request, loss)
