"""A receiver that records all its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crawler.http.framing.header_section import BodyEnd, Head
from crawler.http.lane.loss import Loss
from crawler.http.lane.request import Request
from crawler.model.network.shapes import Alike


@dataclass(eq=False)
class Outcome:
    """The outcome of one request."""

    name: str
    head: Head | None = None
    pieces: list[bytes] = field(default_factory=list)
    is_streamed: bool = False
    is_complete: bool = False
    loss: Loss | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


def nothing(_outcome: Outcome) -> None:
    """Ignore a piece."""


class Recorder:
    """Implements ``Receiver``; checks that each request gets exactly one end."""

    def __init__(self, on_piece: Callable[[Outcome], None] = nothing) -> None:
        self.outcomes: dict[Request, Outcome] = {}
        self.ends: list[Outcome] = []
        """Requests that have ended, in the order in which they did."""
        self.is_over = asyncio.Event()
        """Set when every request has ended."""
        self._on_piece = on_piece

    def request(self, name: str, *, is_head: bool = False, gathered: int = 0) -> Request:
        method = "HEAD" if is_head else "GET"
        data = f"{method} /{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
        request = Request(data, self, is_head=is_head, gathered=gathered)
        self.outcomes[request] = Outcome(name)
        return request

    def named(self, name: str) -> Outcome:
        return next(outcome for outcome in self.outcomes.values() if outcome.name == name)

    def answered(self, request: Request, head: Head, body: bytes) -> None:
        outcome = self._end(request)
        assert not outcome.is_streamed
        outcome.head, outcome.pieces, outcome.is_complete = head, [body], True

    def answered_alike(self, request: Request, responses: Sequence[Alike]) -> None:
        (one,) = responses  # every request is an object of its own
        fields = one.shape.fields(len(one.body), one.varying)
        head = Head(200, b"", BodyEnd.LENGTH, len(one.body), True, one.shape.minor, fields)
        self.answered(request, head, one.body)

    def begun(self, request: Request, head: Head) -> None:
        outcome = self.outcomes[request]
        assert outcome not in self.ends
        assert not outcome.is_streamed
        outcome.head, outcome.is_streamed = head, True

    def piece(self, request: Request, data: bytes) -> None:
        outcome = self.outcomes[request]
        assert outcome not in self.ends
        assert outcome.is_streamed
        assert data
        outcome.pieces.append(data)
        self._on_piece(outcome)

    def ended(self, request: Request) -> None:
        outcome = self._end(request)
        assert outcome.is_streamed
        outcome.is_complete = True

    def lost(self, request: Request, loss: Loss) -> None:
        self._end(request).loss = loss

    def _end(self, request: Request) -> Outcome:
        outcome = self.outcomes[request]
        assert outcome not in self.ends, "one request, one end"
        self.ends.append(outcome)
        if len(self.ends) == len(self.outcomes):
            self.is_over.set()
        return outcome
