"""Interfaces for the responses of a client: single ones, and several that share a connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol


class Response(Protocol):
    """A response whose headers have arrived."""

    status: int
    """HTTP status."""
    url: str
    """URL of the response, after redirects."""
    headers: Mapping[str, str]
    """Header fields, case-insensitive."""

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises VerificationError if it exceeds ``limit`` bytes, FetchError if it is cut short."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in chunks as they arrive. Raises FetchError if it is cut short, stalls or is too slow."""
        ...

    def release(self) -> None:
        """Return the connection before the context of ``open`` ends, because the rest of the body is not needed."""


class WholeResponse(Response, Protocol):
    """A response whose body has arrived."""

    body: bytes


class Sharing(Protocol):
    """Sends several requests on one connection."""

    def depth(self, url: str) -> int:
        """How many requests may share a connection to the host of ``url`` now; 1: sharing is not possible."""
        ...

    async def send(self, requests: Sequence[tuple[str, Mapping[str, str]]]) -> Sequence[WholeResponse | None]:
        """Send a GET for each (URL, headers), all of one host; redirects are not followed. ``conclude`` must follow.

        The result is None for each request without a complete, small response.
        """
        ...

    def conclude(self, url: str, agreed: int, *, is_doubtful: bool, is_exchanged: bool) -> None:
        """Report what the responses have shown.

        ``agreed``: number of responses that provably belong to their requests. ``is_doubtful``: one contradicts what is
        known about its request. ``is_exchanged``: one arrived in place of another.
        """
