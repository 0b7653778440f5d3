"""Interfaces of the state that a run needs. The state is a cache: without it runs are slower, never wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from crawler.model.flaws import Claim
from crawler.model.state.directory_digest import CopiesDigest, DirectoryDigest, StoredFile
from crawler.model.struct import Value
from crawler.model.values import Entry, Known, Validators

T = TypeVar("T")

REPLACING = ""
"""``Known.digest`` of a file that a run was about to replace: its record and its bytes may be of different versions."""

BY_ROW = -2.0
"""``Known.checked`` of a copy that existed before the first run: an exact row says that it is current, but no request
was sent."""


Judge = Callable[[Iterable[StoredFile]], T]
"""Decides about files that the state knows."""
Names = tuple[str, str]
"""A range of names in the order of their code points: those after the first of two, up to and including the second."""


class ListingMemo(Value, frozen=True, kw_only=True):
    """The state's record of one listing page. The fields of ``Listing`` have the same meaning here."""

    url: str
    """URL of the request."""
    answered: str
    """URL of the response, after redirects."""
    path: str
    """Path of the directory under DIR."""
    validators: Validators
    """Validators of the page."""
    body_digest: str
    """SHA-256 of the page in hex."""
    family: str
    complete: bool
    entries: tuple[Entry, ...]
    next_pages: tuple[str, ...]
    linked: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    mentioned: frozenset[str] = frozenset()


class StateStore(Protocol):
    """The knowledge from earlier runs."""

    @property
    def knew_files(self) -> bool:
        """Whether files were known when this run began."""
        ...

    @property
    def known_pages(self) -> int:
        """Number of listing pages known when this run began, or about as many as are counted of a large state."""
        ...

    async def directory(self, path: str, names: Collection[str] | None = None) -> dict[str, Known]:
        """The known files directly in ``path`` ("" is DIR), by name. ``names``: only these."""
        ...

    async def listed_below(self, path: str) -> list[Known]:
        """The known files in the directory ``path`` and below it, except those that are known to be gone upstream."""
        ...

    async def file(self, path: str) -> Known | None:
        """The known file at ``path``, or None."""
        ...

    async def saved_from(self, urls: Sequence[str]) -> Known | None:
        """A known file directly in DIR that was saved from one of ``urls``, or None."""
        ...

    def all_files(self) -> AsyncIterator[list[Known]]:
        """All known files, in batches, ordered by directory and name."""
        ...

    async def listing(self, url: str) -> ListingMemo | None:
        """The remembered listing page that was requested as ``url``, or None."""
        ...

    async def directory_digest(self, url: str) -> DirectoryDigest | None:
        """The digest of the page that was requested as ``url``, if it showed only files."""
        ...

    async def rows(self, path: str, judge: Judge[T], default: T, names: Names | None = None) -> T:
        """Run ``judge`` in a thread on the known files directly in ``path``; ``default`` without a state.

        ``names``: only files whose names are in this range.
        """
        ...

    async def copies(self, paths: Collection[str]) -> dict[str, CopiesDigest]:
        """The digests of the copies directly in ``paths``, by path, unless records of files there have changed."""
        ...

    def remember_copies(self, path: str, found: CopiesDigest) -> None:
        """Record the digest of the copies directly in ``path``, which the records of its files have."""
        ...

    async def told(self) -> Collection[str]:
        """The filters without effect that recent runs have reported, as on the command line."""
        ...

    def remember_directory_digest(self, url: str, path: str, digest: DirectoryDigest) -> None:
        """Record that the page at ``url``, of the directory ``path``, showed only files."""
        ...

    def remember(self, known: Sequence[Known]) -> None:
        """Record saved or confirmed files. Written soon, in batches."""
        ...

    async def doubt(self, paths: Collection[str]) -> None:
        """Mark the records of files that are about to be replaced as unproven. Returns once this is written."""
        ...

    def flush(self) -> None:
        """Start to write all pending records in the background."""
        ...

    def visited(self, path: str, url: str | None) -> None:
        """Record that this run has read the listing of directory ``path``, from its page at ``url`` or elsewhere."""
        ...

    async def unvisited_directories(self) -> list[str]:
        """Directories with known files that this run has not visited."""
        ...

    async def forget_unvisited_pages(self, is_spared: Callable[[str, str], bool]) -> None:
        """Drop all pages that this run has not visited, except where ``is_spared``: (directory, URL) → bool."""
        ...

    def remember_listing(self, memo: ListingMemo) -> None:
        """Record a listing page. Written soon, in batches."""
        ...

    def forget(self, paths: Collection[str]) -> None:
        """Drop the records of these files, which no longer exist."""
        ...

    def forget_directory(self, path: str) -> None:
        """Drop the records of the directory ``path``: its listing, and everything below it."""
        ...
