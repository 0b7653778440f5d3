"""One request on a lane, for a caller that awaits the status and headers, and then the body in pieces."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from multidict import CIMultiDict

from crawler.http.framing.header_section import NO_STATUS_LINE, Head
from crawler.http.lane.bulk.receiver import BulkReceiver
from crawler.http.lane.lane import Lane
from crawler.http.lane.loss import Ending, Loss
from crawler.http.lane.request import Request
from crawler.http.problem import RequestError, TooSlow
from crawler.http.sockets.first_responses import FirstResponses
from crawler.http.sockets.processors import Moment
from crawler.http.sockets.tcp import response_time
from crawler.model import limits
from crawler.model.errors import Cause
from crawler.model.network.shapes import Alike

_ENOUGH = limits.BODY_CHUNK * 2
"""Number of bytes of a body that may be waiting to be read before the lane pauses."""
_PERMANENT = frozenset({Ending.INVALID, Ending.REFUSED_BY_TLS})
_CAUSES = {
    Ending.CLOSED: Cause.NO_HTTP,
    Ending.RESET: Cause.NO_HTTP,
    Ending.SILENT: Cause.SILENT,
}
_BLAMES_HOST = frozenset({Ending.CLOSED, Ending.RESET, Ending.SILENT, Ending.UNREQUESTED})


class LostExchange(Exception):
    """The request may be sent again at no cost."""


class Exchange:
    """Implements ``lane.request.Receiver`` and ``response.RawResponse``."""

    __slots__ = (
        "_arrival",
        "_began",
        "_expected",
        "_first",
        "_head",
        "_is_holding",
        "_lane",
        "_loss",
        "_pieces",
        "_silence",
        "_waiting",
        "head_start",
        "headers",
        "is_over",
        "turn",
    )

    def __init__(self, lane: Lane, silence: float, first: FirstResponses) -> None:
        self._lane, self._first = lane, first
        self.turn = lane.carrier.next()
        self._silence = silence
        self._began: Moment | None = None
        self._expected: float | None = None
        """When the response to an early request was first waited for, on the clock of the event loop."""
        self.head_start = 0.0
        self._arrival: asyncio.Future[None] | None = None
        """Awaited by whoever waits for the next piece, or for the headers."""
        self._head: Head | None = None
        self._pieces = deque[bytes]()
        self._waiting = 0
        """Number of bytes in the pieces that have not been read."""
        self.is_over = False
        """Whether all of the response has arrived."""
        self._is_holding = False
        """Whether the lane does not read before the next piece is asked for, because a thread may receive the rest."""
        self._loss: Loss | None = None
        self.headers: Mapping[str, str] = {}

    async def send(self, data: bytes, *, is_head: bool) -> None:
        """Send a request and wait for the header section. Raises RequestError, LostExchange."""
        self._began = self._first.begin(asyncio.get_running_loop().time())
        self._lane.send([Request(data, self, is_head=is_head)])
        await self.arrived()

    def expect(self, data: bytes, began: Moment | None, *, is_head: bool) -> None:
        """Expect the response to a request that was sent at ``began``. Call ``arrived`` when the lane is connected."""
        self._began, self._expected = began, asyncio.get_running_loop().time()
        self._lane.send([Request(data, self, is_head=is_head)], b"")

    async def arrived(self) -> None:
        """Wait for the header section. Raises RequestError, LostExchange."""
        try:
            while self._head is None and self._loss is None:
                await self._arrive()
        except asyncio.CancelledError:
            self._lane.close()
            raise
        if self._head is None:
            raise self._error()
        self._note(asyncio.get_running_loop().time(), self._head.status)

    def _note(self, now: float, status: int) -> None:
        """Note when the header section has arrived."""
        began, connection, first = self._began, self._lane.socket, self._first
        if self._expected is None or began is None:
            first.note(began, now, connection, status, self.headers)
            return
        taken = response_time(connection)
        first.note_early(began, now, taken, connection, status, self.headers)
        waited = now - began.now if taken is None else taken
        self.head_start = max(0.0, waited - (now - self._expected))

    @property
    def status(self) -> int:
        assert self._head is not None, "no response has arrived"
        return self._head.status

    @property
    def is_ambiguous(self) -> bool:
        """Whether the response is complete and another one follows it: either may be the one that was requested."""
        return self.is_over and self._lane.ending is Ending.FOLLOWED

    async def next(self) -> bytes:
        """The next bytes of the body; empty at the end. Raises RequestError, TooSlow."""
        while not self._pieces:
            if self.is_over:
                return b""
            if self._loss is not None:
                raise self._error()
            if self._is_holding:
                self._is_holding = False
                self._lane.resume()
            await self._arrive()
        piece = self._pieces.popleft()
        self._waiting -= len(piece)
        if self._waiting <= _ENOUGH // 2 and not self.is_over and not self._is_holding:
            self._lane.resume()
        return piece

    def bulk(self, most: int, received: Callable[[int], None]) -> BulkReceiver | None:
        """See ``interfaces.Response``."""
        if self.is_over or self._loss is not None:
            return None
        receiver = self._lane.lend(tuple(self._pieces), most - self._waiting, received)
        if receiver is not None:
            self._pieces.clear()
            self._waiting = 0
        return receiver

    def release(self) -> None:
        """Stop reading the body. If it has not arrived completely, the lane is closed."""
        if not self.is_over:
            self._lane.close()

    async def _arrive(self) -> None:
        self._arrival = asyncio.get_running_loop().create_future()
        try:
            await self._arrival
        finally:
            self._arrival = None

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    # --- what the lane calls ------------------------------------------------------------------------

    def answered(self, _request: Request, head: Head, body: bytes) -> None:
        self.is_over = True
        if body:
            self._pieces.append(body)
            self._waiting = len(body)
        self._announce(head)

    def answered_alike(self, request: Request, responses: Sequence[Alike]) -> None:
        """Do nothing: never called, because nothing is gathered."""

    def begun(self, _request: Request, head: Head) -> None:
        self._announce(head)
        if self._lane.unread >= limits.BULK_LEAST:
            self._is_holding = True
            self._lane.pause()

    def _announce(self, head: Head) -> None:
        self._head = head
        self.headers = CIMultiDict(head.fields)
        self._wake()

    def piece(self, _request: Request, data: bytes) -> None:
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting > _ENOUGH:
            self._lane.pause()
        self._wake()

    def ended(self, _request: Request) -> None:
        self.is_over = True
        self._wake()

    def lost(self, _request: Request, loss: Loss) -> None:
        self._loss = loss
        self._wake()

    def _error(self) -> Exception:
        loss = self._loss
        assert loss is not None
        if loss.is_free:
            return LostExchange()
        if loss.ending is Ending.SLOW:
            return TooSlow(loss.detail)
        return RequestError(
            _text(loss, self._silence),
            is_permanent=loss.ending in _PERMANENT,
            blames_host=loss.ending in _BLAMES_HOST,
            is_unsent=loss.ending is Ending.REFUSED_BY_TLS,
            cause=_cause(loss),
        )


def _cause(loss: Loss) -> Cause | None:
    if loss.detail == NO_STATUS_LINE:
        return Cause.NO_HTTP
    if loss.ending is Ending.RECEIVER_LOST:
        return Cause.RECEIVER_LOST
    return None if loss.is_broken else _CAUSES.get(loss.ending)


def _text(loss: Loss, silence: float) -> str:
    """Why there is no complete response, in one clause."""
    match loss.ending:
        case Ending.INVALID | Ending.GARBLED:
            return f"the response is not valid HTTP: {loss.detail}"
        case Ending.DAMAGED:
            return f"damaged body: {loss.detail}"
        case Ending.SILENT:
            return f"no response within {silence:g} s"
        case Ending.CLOSED:
            return "the server closed the connection without a response"
        case Ending.UNREQUESTED:
            return "the server sent data before the request"
        case Ending.RESET if not loss.is_broken:
            return loss.detail
        case Ending.REFUSED_BY_TLS:
            return loss.detail
    return "the connection ended before the body did"
