"""Sends several requests on one lane in one write, and waits for all of their responses, which must be small."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crawler.http.framing.header_section import Head
from crawler.http.lane.lane import Lane
from crawler.http.lane.loss import EXCESSES, Ending, Loss
from crawler.http.lane.request import Request
from crawler.http.sockets.first_responses import FirstResponses
from crawler.model import limits
from crawler.model.network.pipelining import Carried
from crawler.model.network.responses import Turn
from crawler.model.network.shapes import Alike
from crawler.model.struct import Value


class Answer(Value, frozen=True):
    """A complete response."""

    head: Head
    body: bytes


Answers = Sequence[Answer | Alike | None]
"""The responses to several requests; None for each that has none."""


class Batch:
    """Implements ``lane.request.Receiver`` for one batch, on a lane that nothing else uses meanwhile."""

    __slots__ = ("_answers", "_began", "_first", "_is_over", "_lane", "_open")

    def __init__(self, lane: Lane, first: FirstResponses) -> None:
        self._lane, self._first = lane, first
        self._began: float | None = None
        """When the requests were sent, on the clock of the event loop, until the first of them has a response."""
        self._answers: list[Answer | Alike | None] = []
        """The responses, in the order of the requests, because a lane reports in that order."""
        self._open = 0
        """Number of requests that neither have a complete response nor are lost."""
        self._is_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def send(self, requests: Sequence[bytes]) -> Answers:
        """Send ``requests``, the header sections of GETs, and return their responses.

        None stands for a request without a complete, small response. If unrequested bytes follow the last response, all
        are None.
        """
        self._open = len(requests)
        all_of = Request(b"".join(requests), self, gathered=limits.SMALL_BODY)
        self._began = asyncio.get_running_loop().time()
        self._lane.send([all_of] * len(requests), all_of.data)
        try:
            await self._is_over
        except asyncio.CancelledError:
            self._lane.close()
            raise
        if self._lane.ending in EXCESSES:
            return [None] * len(requests)
        return self._answers

    def answered(self, _request: Request, head: Head, body: bytes) -> None:
        self._arrived([Answer(head, body)])

    def answered_alike(self, _request: Request, responses: Sequence[Alike]) -> None:
        self._arrived(responses)

    def begun(self, _request: Request, _head: Head) -> None:
        """Close the lane: a large body would delay the other responses, so it must be requested alone."""
        self._lane.close()

    def piece(self, _request: Request, _data: bytes) -> None:
        """Ignored: it follows ``begun``, which has closed the lane."""

    def ended(self, request: Request) -> None:
        """Do nothing: never called, because a body that has begun closes the lane."""

    def lost(self, _request: Request, _loss: Loss) -> None:
        self._note([None])

    def _arrived(self, answers: Answers) -> None:
        if self._began is not None:
            self._first.note_shared(asyncio.get_running_loop().time() - self._began)
            self._began = None
        self._note(answers)

    def _note(self, answers: Answers) -> None:
        self._answers.extend(answers)
        self._open -= len(answers)
        if not self._open and not self._is_over.done():
            self._is_over.set_result(None)


class Outcome(Value, frozen=True):
    """The result of a batch."""

    places: Sequence[int]
    """The places of the requests that were sent, among those given."""
    answers: Answers
    """The response to each of them."""
    ending: Ending | None
    """How the lane ended; None if it did not."""
    is_race: bool
    """Whether a reused connection was closed before any response of the batch."""
    lane: Lane | None
    """The lane, which nothing else uses until ``LanePool.settle`` is called; None if others may use it already."""
    carried: Carried | None
    """What the lane carried before; None if nothing that is known."""
    turn: Turn | None = None
    """That of the first request on the lane; None if requests have shared it before."""
