"""Opens directories of DIR, and tells what is in them and what is spared."""

from __future__ import annotations

import errno
import os
import stat

from crawler.model.errors import DestinationError, UnreadableDirectory
from crawler.model.struct import Value
from crawler.model.values import Kind, Local
from crawler.storage.directory.boundaries.other_file_systems import is_leftover
from crawler.storage.directory.boundaries.spared import ProtectedNames, Spared
from crawler.storage.directory.os_errors import NAME_REFUSED
from crawler.storage.directory.tree import Tree, identity

KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.SYMLINK}


class Place(Value, frozen=True):
    """An open directory while its content is read."""

    path: str
    directory: int
    """Its descriptor."""
    owner: str | None = None
    """The other mirror that it is part of."""
    device: int = 0
    protected: ProtectedNames | None = None


class Places:
    """Opens directories of a tree. For one thread only. Without ``spared`` nothing is spared."""

    def __init__(self, tree: Tree, spared: Spared | None) -> None:
        self._tree, self._spared = tree, spared
        self.leftovers: set[str] = set()
        """Paths of unfinished copies of an earlier run, see ``other_file_systems``."""

    def take_leftovers(self) -> list[str]:
        """Return and forget the leftovers seen so far, for the caller to remove."""
        taken, self.leftovers = sorted(self.leftovers), set()
        return taken

    def refresh(self) -> None:
        """Check that open directories and mounts are current."""
        self._tree.refresh()
        if self._spared is not None:
            self._spared.refresh(self._tree.root)

    def open(self, path: str) -> Place:
        """Open the directory ``path``. Raises OSError, UnusablePath."""
        owner = None
        if self._spared is not None:  # this comes first, because an absent directory may have an owner too
            owner = self._spared.owner(self._tree, path)
        directory = self._tree.directory(path)
        if self._spared is None:
            return Place(path, directory)
        place = self._tree.identity_of(path) or identity(os.fstat(directory))
        return Place(path, directory, owner, place[0], self._spared.protected_names(directory, place))

    def item(self, place: Place, name: str, status: os.stat_result) -> Local | None:
        """The item ``name`` of a directory; None for an unfinished copy, which is noted. Raises OSError."""
        kind = KINDS.get(stat.S_IFMT(status.st_mode), Kind.OTHER)
        if kind is Kind.FILE and is_leftover(name):
            self.leftovers.add(f"{place.path}/{name}" if place.path else name)
            return None
        why = ""
        if place.owner is not None:
            why = f"part of another mirror, the one in {place.owner}"
        elif self._spared is not None and (kind is not Kind.FILE or place.protected is not None):
            plain = name.encode("utf-8", "surrogateescape")
            why = self._spared.reason(plain, status, place.directory, place.protected, device=place.device)
        return Local(kind, status.st_size, status.st_mtime_ns, why)


def is_absent(path: str, error: OSError) -> bool:
    """Whether ``error`` says that there is no directory ``path``: none with an impossible name exists either."""
    return isinstance(error, FileNotFoundError) or bool(path and error.errno in NAME_REFUSED)


def reading_error(path: str, error: OSError) -> DestinationError | None:
    """The error for the directory ``path``, whose files would otherwise appear to be gone; None if DIR has failed."""
    if isinstance(error, PermissionError) and not path:
        return DestinationError("cannot read DIR: permission denied (make it readable)")
    if isinstance(error, PermissionError):
        return UnreadableDirectory(path, "permission denied", "make it readable")
    if path and error.errno == errno.EIO:
        return UnreadableDirectory(path, "input/output error", "check the disk")
    return None
