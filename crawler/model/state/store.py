"""What a run needs from the state, and nothing more. A cache: without it runs are slower, never wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from crawler.model.state.directory_digest import DirectoryDigest, StoredFile
from crawler.model.values import Entry, Known, Validators

T = TypeVar("T")

REPLACING = ""
"""In place of a digest: a run was about to replace the file, so its record and its bytes may belong to two versions."""

BY_ROW = -2.0
"""``Known.checked`` of a copy that was here before us: no server was asked, an exact row says that it is current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingMemo:
    """What the state remembers of one listing page."""

    url: str
    answered: str
    """The URL that answered, after redirects."""
    path: str
    validators: Validators
    body_digest: str
    family: str
    complete: bool
    entries: tuple[Entry, ...]
    next_pages: tuple[str, ...]
    linked: tuple[str, ...] = ()
    mentioned: frozenset[str] = frozenset()
    """As in ``Listing``, and so is ``linked``."""


class StateStore(Protocol):
    """What is known from earlier runs. A cache: without it runs are slower, never wrong."""

    @property
    def knew_files(self) -> bool:
        """Whether files were known when this run began."""
        ...

    async def folder(self, path: str) -> dict[str, Known]:
        """What is known of the files directly in ``path``, by name."""
        ...

    async def file(self, path: str) -> Known | None: ...

    def all_files(self) -> AsyncIterator[list[Known]]:
        """Everything known, in batches, ordered by folder and name."""
        ...

    async def listing(self, url: str) -> ListingMemo | None: ...

    async def leaf(self, url: str) -> DirectoryDigest | None:
        """What is known of a page that showed files alone."""
        ...

    async def rows(self, path: str, judge: Callable[[Iterable[StoredFile]], T], default: T) -> T:
        """What ``judge`` says, in a thread, of the files directly in ``path``; ``default`` if none can be asked."""
        ...

    def remember_leaf(self, url: str, path: str, leaf: DirectoryDigest) -> None: ...

    def remember(self, known: Sequence[Known]) -> None:
        """Note saved or confirmed files. Written soon, in batches."""
        ...

    async def doubt(self, paths: Collection[str]) -> None:
        """Files are about to get these paths. On return it is written that what is known of them proves nothing."""
        ...

    def flush(self) -> None:
        """Write now what is to be remembered, in the background."""
        ...

    def visited(self, path: str, url: str | None) -> None:
        """Note that this run has seen what the folder ``path`` holds, by its page at ``url`` or by another page."""
        ...

    async def unvisited_folders(self) -> list[str]:
        """Folders in which files are known and that this run has not visited."""
        ...

    async def forget_unvisited_pages(self, is_spared: Callable[[str, str], bool]) -> None:
        """Drop all pages that this run has not visited but those that ``is_spared``: (folder, URL) → bool."""
        ...

    def remember_listing(self, memo: ListingMemo) -> None: ...

    def forget(self, paths: Collection[str]) -> None: ...

    def forget_folder(self, path: str) -> None:
        """Forget the folder ``path``: its listing, and all below it."""
        ...
