"""Prevents a file and a directory with the same name; a store would allow both ``a`` and ``a/b``."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from crawler.model.reasons import Reason
from crawler.model.values import Kind, Local
from crawler.storage.objects import listing
from crawler.storage.objects.keys import parents

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class Directories:
    """The directories that one run has seen so far."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.known: set[str] = set()
        """Directories that hold objects, or held some when they were seen."""
        self.made: set[str] = set()
        """Directories that were created explicitly. No object represents them."""
        self.owners: set[str] = set()
        """Directories that are separate mirrors."""
        self._free: set[str] = {""}
        """Directories whose names are known not to be names of objects."""

    def saw(self, directory: str, found: Mapping[str, Local], *, is_mirror: bool) -> None:
        """Note ``found``, the content of ``directory``; ``is_mirror``: ``directory`` is a separate mirror."""
        above = f"{directory}/" if directory else ""
        names = {above + name for name, local in found.items() if local.kind is Kind.DIRECTORY}
        self.known |= names
        self._free |= names
        if is_mirror and directory:
            self.owners.add(directory)

    def owner(self, directory: str) -> str | None:
        """The directory at or above ``directory`` that is a separate mirror, as far as seen; None if there is none."""
        if not self.owners:
            return None
        return next((path for path in (directory, *parents(directory)) if path in self.owners), None)

    def shown_in(self, directory: str) -> dict[str, Local]:
        """Name → entry of each directory that was created explicitly in ``directory``."""
        if not self.made:
            return {}
        return {
            path.rpartition("/")[2]: listing.DIRECTORY for path in self.made if path.rpartition("/")[0] == directory
        }

    def make(self, path: str) -> None:
        """Note that ``path`` and the directories above it exist, whether or not they hold anything."""
        self.made.update((path, *parents(path)))
        self.fill(f"{path}/")

    def fill(self, path: str) -> None:
        """Note that a file is about to be stored at ``path``, so that the names above it are directories."""
        self._free.discard(path)
        if path.rpartition("/")[0] in self.known:
            return
        above = parents(path)
        self.known.update(above)
        self._free.update(above)

    def emptied(self, path: str) -> None:
        """Note that the directory ``path`` is gone, so that a file may have its name."""
        for names in (self.known, self.made, self._free):
            names.discard(path)

    async def check(self, paths: Collection[str]) -> None:
        """Find out whether any directory above ``paths`` has the name of an object. Raises the errors of obstore.

        A directory that was listed, or into which this run has stored something, needs no request.
        """
        unknown = sorted({above for path in paths for above in parents(path)} - self._free)
        found = await asyncio.gather(*[listing.look(self._store, path) for path in unknown])
        self._free.update(path for path, there in zip(unknown, found, strict=True) if there is None)

    def obstacle(self, path: str) -> str | None:
        """Explain why no file can be at ``path`` (checked before): a file is in place of a directory, or vice versa."""
        if any(above not in self._free for above in parents(path)):
            return Reason.FILE_IN_THE_WAY
        return Reason.DIRECTORY_IN_THE_WAY if path in self.known or path in self.made else None
