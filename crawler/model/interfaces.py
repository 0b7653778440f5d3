"""What the flow needs from the adapters, and nothing more. ``app`` chooses who provides it."""

from __future__ import annotations

import hashlib
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Container,
    Mapping,
    Sequence,
)  # fmt: skip
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

from crawler.model.values import Job, Kind, Known, Listing, Local, Rejection, Result, Staged, Validators

T = TypeVar("T")
Permit = Callable[[str, str], Awaitable[Rejection | None]]
"""(from URL, to URL) → why this redirect is not followed, or None."""


class Redirects(Protocol):
    """Decides about redirects of files. Plain data: it can be sent to another process."""

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        """Why the redirect from ``source`` to ``target`` is not followed, or None."""
        ...


class Response(Protocol):
    """An answer whose headers have arrived."""

    status: int
    url: str
    """The URL that answered, after redirects."""
    headers: Mapping[str, str]
    """Case-insensitive."""

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises VerificationError beyond ``limit`` bytes, FetchError if it is cut short."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces as they arrive. Raises FetchError if it is cut short, stalls or trickles."""
        ...

    def release(self) -> None:
        """Give the connection back before the end of ``open``: what has not been read is not wanted."""


@dataclass(frozen=True, kw_only=True)
class FetchedPage:
    """A listing page as it was answered, decompressed."""

    url: str
    status: int
    content_type: str
    body: bytes
    validators: Validators
    date: float | None = None
    """The server's clock, seconds since the epoch."""
    retry_after: str | None = None
    link: str | None = None
    """Headers as received; several Link fields are joined by commas."""
    end_proven: bool = True
    """False where the body ended with its connection: if it was cut, it looks the same."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the body, in hex."""
        return hashlib.sha256(self.body).hexdigest()


class Parser(Protocol):
    """Reads the pages of listings, each within a budget of time and memory."""

    def pieces(self, body: bytes, url: str, content_type: str) -> AsyncGenerator[Listing, None]:
        """The listing of a page, a long one in pieces; the verdict comes with the last. Raises ListingError."""

    async def is_listing(self, body: bytes, url: str, content_type: str) -> bool:
        """Whether a page is a listing. Raises ListingError for one that costs too much to read."""


class Client(Protocol):
    """The network."""

    def open(
        self, method: str, url: str, *, headers: Mapping[str, str], permit: Permit
    ) -> AbstractAsyncContextManager[Response]:
        """Send one request, follow permitted redirects. Raises FetchError."""

    async def fetch_page(
        self, url: str, *, validators: Validators, permit: Permit, html_only: bool = False, most: int | None = None
    ) -> FetchedPage:
        """A listing page, decompressed, or ``most`` bytes of it; ``html_only``: JSON and XML are not offered.

        Whatever its status. Raises FetchError, VerificationError.
        """


class Part(Protocol):
    """An incomplete body, in ``DIR/.crawler/parts`` or wherever the destination keeps such."""

    name: str
    offset: int
    """Bytes already there (and proven by digest) when it was opened: where a Range request may go on."""
    validators: Validators
    """Of the version those bytes belong to."""

    def note(self, validators: Validators) -> None:
        """What follows belongs to the version with these strong validators; falsy ones mean: cannot be resumed."""

    async def write(self, chunk: bytes) -> None:
        """Append ``chunk`` and count it in ``offset``."""

    async def restart(self) -> None:
        """Forget what is there: the body starts again from its first byte."""

    async def finish(self) -> str | None:
        """All bytes are there. Returns the digest ``sha256:<hex>`` of the whole body, None if digests are off."""
        ...

    async def matches(self, digest: str) -> bool:
        """After ``finish``: does the body have this ``algorithm:hex`` digest? Re-read off the loop if need be."""
        ...

    async def keep(self) -> None:
        """Leave it for a later run, flushed and with a note of URL, validators, offset and digest."""

    async def discard(self) -> None: ...


class Destination(Protocol):
    """Where files go. A file gets its final name by ``commit`` alone.

    Paths are those of POSIX, relative and without dots: ``a/b.txt``. In a dry run only ``scan``, ``has_part``,
    ``digest``, ``read``, ``free_space`` and ``walk_local`` are called. A class of one's own derives from this one; it
    raises DestinationError where the destination as a whole fails, and nothing else.
    """

    async def scan(self, folder: str) -> dict[str, Local]:
        """What lies in ``folder`` ("" is DIR), by name, never following links; {} if it is absent.

        Our own directory is not shown. Raises DestinationError.
        """
        ...

    def has_part(self, path: str) -> bool:
        """True if an earlier run left a part of ``path`` that could be resumed. No I/O.

        False by itself: for a destination whose parts do not outlive a run.
        """
        return False

    async def open_part(self, job: Job) -> Part:
        """A part to write ``job``'s body to, with what an earlier run left if it can be proven."""
        ...

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        """Write small bodies, flush all data, set times, rename, flush directories: in that order.

        For each item what is now on disk, or the reason why this one alone could not be stored. Raises
        DestinationError when the destination as a whole cannot take files (disk full, read-only, I/O).
        """
        ...

    async def set_time(self, path: str, local: Local, mtime: int) -> int | None:
        """Give a file that is still as ``local`` says another modification time, in nanoseconds.

        The time that it has now, or None if it keeps the old one. Raises DestinationError.
        """
        ...

    async def digest(self, path: str) -> str:
        """``sha256:<hex>`` of the file at ``path``, computed off the loop. Raises DestinationError."""
        ...

    async def read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        """A whole regular file and what ``fstat`` says of it; None if it is larger than ``limit`` bytes or absent."""
        ...

    async def free_space(self) -> int:
        """Bytes that may still be written, by the file system's own word. Changes nothing."""
        ...

    async def make_folder(self, path: str) -> str | None:
        """Make the folder ``path``, for one that is empty upstream. None, or the reason why it cannot be."""
        ...

    async def walk_local(self, folder: str) -> list[tuple[str, Kind, int]]:
        """(path, kind, bytes) of what may go below ``folder``, each folder after what it holds; links not followed."""
        ...

    def spared(self) -> Mapping[str, str]:
        """What the last ``walk_local`` left out, because it must stay whatever a listing says: path → what it is.

        No I/O. Nothing by itself.
        """
        return {}

    def owner(self, folder: str) -> str | None:
        """The folder at or above ``folder``, DIR apart, that is a mirror of its own, as of the last ``scan``.

        No I/O. None by itself.
        """
        return None

    async def clean_parts(self, wanted: Container[str]) -> None:
        """Remove the parts of all paths but ``wanted``: their files are gone upstream, or complete."""

    async def delete(self, paths: Sequence[str]) -> list[str | None]:
        """Remove files and empty folders, deepest first. For each None, or the reason it stayed."""
        ...


class WorkerPool(Protocol):
    """Other processes that do jobs."""

    @property
    def capacity(self) -> int:
        """Jobs in flight that keep all of them busy."""
        ...

    def walked(self) -> None:
        """All listings have been read."""

    async def process(
        self,
        job: Job,
        *,
        redirects: Callable[[], Redirects],
        fallback: Callable[[Job], Awaitable[Result | Staged]],
    ) -> Result | Staged:
        """Have ``job`` done, or do it by ``fallback`` if no other process is left. Raises DestinationError.

        A file that was saved has its name by then. ``redirects`` returns what decides about redirects now.
        """
        ...

    def check(self) -> None:
        """Raises DestinationError if the disk failed one of them."""

    async def stop(self) -> Sequence[Result]:
        """Stop them all and keep complete files. Returns results that ``process`` has not returned."""
        ...
