"""Interfaces for the responses of a client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
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
