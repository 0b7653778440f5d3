"""Interfaces for small files that another process requests, on a connection that it is lent, and keeps in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from crawler.model.network.responses import BulkBody
from crawler.model.struct import Struct, Value

HeadPattern = tuple[bytes, tuple[int, int, int, int]]
"""A regular expression for a header section, and the groups with the values of Content-Length, Last-Modified, ETag
and Date; that of a field that is absent matches nothing."""


class HeldBody(Protocol):
    """A body that is in memory where it will be stored."""

    start: int
    """Where it begins in that memory."""

    def read(self) -> bytes:
        """The body, which must be needed here for this to be called: it is copied."""
        ...


class StoredPart(Struct, gc=False):
    """A body that is stored in a complete part."""

    name: str
    """The name of the part."""
    digest: str | None
    """``sha256:<hex>``; None if digests are off."""


class Order(Value, frozen=True, kw_only=True):
    """What to request."""

    requests: list[bytes]
    sizes: list[int]
    """The sizes of the bodies; no two are the same."""
    depth: int
    """How many requests may be in flight."""
    patterns: Sequence[HeadPattern]
    """What the header sections of the responses may look like."""


class Arrived(Value, frozen=True, kw_only=True):
    """The first responses to the requests of an order: each has a header section as expected, and the ordered size."""

    bodies: Sequence[HeldBody] = ()
    """Their bodies, if these are in memory."""
    parts: Sequence[StoredPart] = ()
    """The same if these are stored."""
    modified: Sequence[str | None]
    """Last-Modified of each, as received; likewise its ETag and its Date."""
    etags: Sequence[str | None]
    dates: Sequence[str | None]
    is_whole: bool
    """Whether these are all."""
    is_followed: bool = False
    """Whether more has followed."""
    other_size: int | None = None
    """The size of the body that is announced next, if it is not the one that was ordered."""


class Reception(Protocol):
    """Room for the bodies of one order."""

    def receive(self, order: Order, body: BulkBody) -> Awaitable[Arrived | None]:
        """Have another process carry out ``order`` on the connection of ``body``, which stands for all responses.

        None if the process is gone. To be called at most once.
        """
        ...

    def drop(self, parts: Sequence[StoredPart]) -> None:
        """Remove these parts, which are not needed."""
        return


class Receiver(Protocol):
    """Has files received by another process."""

    files: int
    """Maximum number of files of an order."""
    size: int
    """Maximum total size of their bodies."""
    stores: bool
    """Whether it stores them in parts; otherwise they are in memory."""
    least: int
    """Their least average size: smaller ones are not worth while."""
    largest: int
    """Maximum size of each."""

    def begin(self) -> Reception | None:
        """Room for an order; None if there is none now."""
        ...
