"""The interfaces through which the pipeline uses its adapters. ``app`` chooses the implementations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Container, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from crawler.model.network.pipelining import Sharing
from crawler.model.network.responses import BulkBody as BulkBody
from crawler.model.network.responses import FetchedPage as FetchedPage
from crawler.model.network.responses import Response as Response
from crawler.model.values import Job, Kind, Known, Listing, Local, Rejection, Span, Staged, Validators

if TYPE_CHECKING:
    from crawler.model.network.receiving import Receiver

Permit = Callable[[str, str], Awaitable[Rejection | None]]
"""(source URL, target URL) of a redirect → why the redirect is not followed, or None if it is."""


class Redirects(Protocol):
    """Decides which redirects of files are followed. Plain data, so that it can be sent to another process."""

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        """Why the redirect from ``source`` to ``target`` is not followed, or None."""


class Parser(Protocol):
    """Parses listing pages, each within limits on time and memory."""

    def prepare(self) -> None:
        """Import what parses most pages, while the first one is on its way."""

    def whole(self, body: bytes, url: str, content_type: str) -> Listing | None:
        """The listing of a page, if it can be parsed at once; otherwise None: then ``pieces`` parses the page."""

    def pieces(self, body: bytes, url: str, content_type: str) -> AsyncGenerator[Listing, None]:
        """The listing of a page, in pieces if it is long; the last piece has the verdict. Raises ListingError."""

    async def is_listing(self, body: bytes, url: str, content_type: str) -> bool:
        """Whether a page is a listing. Raises ListingError if it takes too much time or memory to parse."""


Take = Callable[[Response], Awaitable[bytes | Response | None]]
"""Takes a response with status 200. Returns its body; b"" for a file, which is then done; None: read it as usual.

A response in place of the body is to be read as usual instead of the one that was taken."""


class Client(Protocol):
    """An HTTP client."""

    @property
    def sharing(self) -> Sharing: ...

    def open(
        self, method: str, url: str, *, headers: Mapping[str, str], permit: Permit
    ) -> AbstractAsyncContextManager[Response]:
        """Send one request and follow the redirects that ``permit`` allows. Raises FetchError."""

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        fresh: bool = False,
        most: int | None = None,
        take: Take | None = None,
    ) -> FetchedPage:
        """Fetch a listing page, whatever its status, decompressed.

        ``most``: read at most this many bytes. ``html_only``: do not accept JSON or XML. ``fresh``: bypass caches.
        ``take``: gets the response first, not encoded. Raises FetchError, VerificationError.
        """


class Part(Protocol):
    """An incomplete body, in ``DIR/.crawler/parts`` or wherever the destination keeps it.

    Methods raise DestinationError if the destination fails as a whole.
    """

    name: str
    """Name by which ``Staged.part`` refers to this part."""
    offset: int
    """Number of bytes written so far; after opening, the number kept from an earlier run and verified by digest."""
    validators: Validators
    """Validators of the version that the bytes belong to."""

    def note(self, validators: Validators) -> None:
        """Set the strong validators of the version to be written; empty ones mean that it cannot be resumed."""

    def expect(self, mtime: int | None, digests: Sequence[str]) -> None:
        """Announce the modification time that the file will get, in nanoseconds, and the digests to compare it with.

        Called before the first ``write``, for destinations that cannot read the body again. Does nothing by default.
        """
        return

    async def write(self, chunk: bytes) -> None:
        """Append ``chunk`` and add its length to ``offset``."""

    def fill(self, offer: Callable[[], BulkBody | None]) -> Awaitable[bytes] | None:
        """Append the rest of the body that ``offer`` returns, which a thread receives. Returns its ``ending``.

        ``offer`` must not be called unless a thread can begin at once. Returns None, the default, if nothing is done.
        """
        return None

    async def rewind(self) -> None:
        """Discard bytes at the end that may belong to another response (``http_fields.certain_length``), or all bytes.

        Called before the rest of an incomplete body is requested.
        """

    async def restart(self) -> None:
        """Discard all bytes written so far; the body starts again at its first byte."""

    async def finish(self) -> str | None:
        """Complete the body. Returns its digest ``sha256:<hex>``, or None if digests are off."""

    async def matches(self, digest: str) -> bool:
        """True if the finished body has this ``algorithm:hex`` digest. May read the body again, off the event loop."""

    async def keep(self) -> None:
        """Flush the part and keep it for a later run, with a note of URL, validators, offset and digest."""

    async def discard(self) -> None:
        """Remove the part."""


UNREAD = -(1 << 62)
"""``Local.mtime`` of an object whose metadata was not read: ``Destination.inspect`` reads it."""
UNLIMITED = 1 << 62
"""Result of ``Destination.free_space`` if there is no limit, or no known limit."""


class LargeDirectory(Protocol):
    """A directory of a destination that may be too large for memory. Methods raise DestinationError."""

    files: int
    """Number of files that ``others`` has left out."""

    async def find(self, names: Collection[str]) -> dict[str, Local] | None:
        """What ``Destination.scan`` returns, of ``names`` only. None: use ``scan``, now and from now on."""

    def others(self, is_file: Callable[[str], bool]) -> AsyncGenerator[dict[str, Local], None]:
        """What ``scan`` returns, in pieces, without the files for which ``is_file(name)``. After the last ``find``.

        An empty piece ends them early: use ``scan``.
        """


class Destination(Protocol):
    """A place that stores files. Only ``commit`` gives a file its final name.

    Paths are relative POSIX paths without dots: ``a/b.txt``; "" is DIR. A dry run calls only ``scan``, ``has_part``,
    ``digest``, ``read``, ``free_space`` and ``walk_local``. To write a destination, derive from this class. Methods
    raise DestinationError if the destination fails as a whole, and nothing else.
    """

    adds_digests: bool = False
    """Whether ``commit`` computes the digests of bodies that lack them, off the event loop; False by default."""

    async def scan(self, directory: str) -> dict[str, Local]:
        """The contents of ``directory`` by name, without following links; {} if it does not exist.

        The program's own directory is not included. Files whose times would take a request each have UNREAD as time.
        """

    def scan_all(self, directories: Sequence[str]) -> Awaitable[list[dict[str, Local]]] | None:
        """What ``scan`` returns for each of ``directories``; None, the default: they are scanned one by one."""
        return None

    def counted(self, directories: Sequence[str]) -> Awaitable[Sequence[tuple[int, int] | None]] | None:
        """For each of ``directories`` (number of its files, sum of their ``copy_digest``), if it holds only files.

        None for one that ``scan`` has to look at, for any reason; None, the default, if that is each of them.
        """
        return None

    def count_ahead(self, directories: Mapping[str, int]) -> None:
        """``counted`` will be asked for ``directories``: path → number of files. Does nothing by default. No run may
        change the destination but this one."""
        return

    def files_in_pieces(self, directory: str) -> AsyncGenerator[dict[str, Local], None] | None:
        """What ``scan`` returns for a directory that holds only files, in pieces of some thousand, ordered by name.

        For directories too large for memory. An empty piece ends them early: ``scan`` has to be used, because there is
        something else, or the order is unknown. The order is that of code points. None, the default: no pieces. Raises
        DestinationError.
        """
        return None

    def large_directory(self, directory: str) -> LargeDirectory | None:
        """``directory`` if its content can be looked up by name; None, the default: use ``scan``. No I/O."""
        return None

    def inspect(self, directory: str, names: Collection[str]) -> Awaitable[dict[str, Local]] | None:
        """The items called ``names`` in ``directory``, by name, with their times; missing ones are left out.

        Returns None, the default, if only ``scan`` finds them, with all times. Raises DestinationError.
        """
        return None

    def rejects(self, path: str) -> str | None:
        """The reason why no file can be stored at the valid ``path``; None, the default, if one can. No I/O."""
        return None

    def has_parts(self) -> bool:
        """Whether ``has_part`` is true for any path, as far as that is known; true by default."""
        return True

    def has_part(self, path: str) -> bool:
        """Whether an earlier run left a part of ``path`` that may be resumed; False by default. No I/O."""
        return False

    async def open_part(self, job: Job) -> Part:
        """A part for the body of ``job``, resuming one of an earlier run if it can be proven intact.

        Raises DestinationError.
        """

    def expect(self, sizes: Sequence[Span[int] | None], *, in_bulk: bool) -> None:
        """New files of these sizes are about to be fetched. ``in_bulk``: long ones may be received by ``Part.fill``."""
        return

    @property
    def receivers(self) -> Sequence[Receiver]:
        """What receives new files in processes that can store them; empty by default."""
        return ()

    async def commit(self, batch: Sequence[Staged]) -> Sequence[Known | str]:
        """Write small bodies, flush all data, set times, rename, flush directories, in that order.

        Returns, for each item, what is now stored, or the reason why this item could not be stored. Raises
        DestinationError if the destination as a whole cannot take files (disk full, read-only, I/O error).
        """

    async def set_time(self, path: str, local: Local, mtime: int) -> int | None:
        """Set the modification time, in nanoseconds since the epoch, of a file that still matches ``local``.

        Returns the time that it has now, or None if it keeps the old one. Raises DestinationError.
        """

    async def digest(self, path: str) -> str:
        """``sha256:<hex>`` of the file at ``path``, computed off the event loop."""

    def noted_digest(self, path: str) -> Awaitable[str]:
        """Same as ``digest``; if reading the file would be a download, the digest stored beside it, or "" if none."""
        return self.digest(path)

    async def read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        """A regular file as (``fstat``, content); None if it does not exist or is larger than ``limit`` bytes."""

    async def free_space(self) -> int:
        """Free space in bytes as the file system reports it. Changes nothing. Raises DestinationError."""

    async def make_folder(self, path: str) -> str | None:
        """Create the directory ``path``, which is empty upstream. None, or the reason why it cannot be created."""
        ...

    async def walk_local(self, directory: str) -> list[tuple[str, Kind, int]]:
        """Everything below ``directory`` that may be deleted: (path, kind, bytes), children before their directory.

        Links are not followed. Raises DestinationError.
        """
        ...

    def spared(self) -> Mapping[str, str]:
        """Path → what it is, for each path that the last ``walk_local`` left out because it must never be deleted.

        Empty by default. No I/O.
        """
        return {}

    def owner(self, directory: str) -> str | None:
        """The separate mirror that contains ``directory``: a path at or above it, below DIR, as of the last ``scan``.

        No I/O. None by default.
        """
        return None

    def stored_as(self, path: str) -> str:
        """The path under which ``path`` is stored, as of the last ``scan``; by default ``path`` itself. No I/O."""
        return path

    async def clean_parts(self, wanted: Container[str]) -> None:
        """Remove all parts except those of the paths in ``wanted``. Raises DestinationError."""

    async def delete(self, paths: Sequence[str]) -> list[str | None]:
        """Delete files and empty directories, given deepest first. For each path None, or the reason why it stayed.

        Raises DestinationError, whose ``outcomes`` say what was deleted before (``error.after(outcomes)``).
        """
        ...
