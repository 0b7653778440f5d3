"""A request on a lane, and the interface that receives its response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crawler.http.framing.header_section import Head
from crawler.http.lane.loss import Loss
from crawler.model.network.shapes import Alike


class Receiver(Protocol):
    """Receives the outcome of requests: exactly one call of ``answered``, ``ended`` or ``lost`` for each,
    or one item in a call of ``answered_alike``, which requires that the request has ``gathered``.

    The methods are called from the event loop while bytes arrive: they must not raise, and may close the lane.
    """

    def answered(self, request: Request, head: Head, body: bytes) -> None:
        """A complete response has arrived, for which ``begun`` was not called."""

    def answered_alike(self, request: Request, responses: Sequence[Alike]) -> None:
        """Complete responses have arrived, to ``request`` and to those after it that are the same object."""

    def begun(self, request: Request, head: Head) -> None:
        """A body exceeds ``request.gathered``: calls of ``piece`` follow, until ``ended`` or ``lost``."""

    def piece(self, request: Request, data: bytes) -> None:
        """The next bytes of the body have arrived; never empty. If they come too fast, call ``Lane.pause``."""

    def ended(self, request: Request) -> None:
        """The body announced by ``begun`` is complete."""

    def lost(self, request: Request, loss: Loss) -> None:
        """The request has no response, or an incomplete one."""


class Request:
    """A GET or HEAD to be sent on a lane, with or without conditions."""

    __slots__ = ("data", "gathered", "is_head", "receiver")

    def __init__(self, data: bytes, receiver: Receiver, *, is_head: bool = False, gathered: int = 0) -> None:
        self.data = data
        """The header section as it is sent, including the final empty line."""
        self.receiver = receiver
        self.is_head = is_head
        self.gathered = gathered
        """Maximum size in bytes of a body that is collected and passed on as a whole."""
