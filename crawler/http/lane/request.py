"""A request on a lane, and who is told of its response."""

from __future__ import annotations

from typing import Protocol

from crawler.http.framing.header_section import Head
from crawler.http.lane.loss import Loss


class Receiver(Protocol):
    """Told what becomes of requests. Each gets exactly one of ``answered``, ``ended`` and ``lost``.

    The methods are called from the event loop while bytes arrive: they must not raise, and may close the lane.
    """

    def answered(self, request: Request, head: Head, body: bytes) -> None:
        """A whole response, of which nothing was announced by ``begun``."""

    def begun(self, request: Request, head: Head) -> None:
        """A body larger than the request allows to gather: it follows by ``piece``, until ``ended`` or ``lost``."""

    def piece(self, request: Request, data: bytes) -> None:
        """The next bytes of the body; never empty. If there are too many, call ``Lane.pause``."""

    def ended(self, request: Request) -> None:
        """The body announced by ``begun`` is complete."""

    def lost(self, request: Request, loss: Loss) -> None:
        """The request has no response, or an incomplete one."""


class Request:
    """A GET or HEAD to be sent on a lane, with or without conditions."""

    __slots__ = ("data", "gathered", "is_head", "receiver")

    def __init__(self, data: bytes, receiver: Receiver, *, is_head: bool = False, gathered: int = 0) -> None:
        self.data = data
        """The header section as it is sent, empty line included."""
        self.receiver = receiver
        self.is_head = is_head
        self.gathered = gathered
        """Bytes of a body that may be gathered before they are handed over."""
