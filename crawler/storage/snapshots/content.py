"""Selects the content of DIR that belongs to a snapshot.

This is every file, directory and symbolic link, listed upstream or not, except ``.crawler``, the files that options
name, other mirrors in DIR, mount points where the mirror has stored nothing, anything that this user may not read,
devices and sockets.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection

from crawler.model.struct import Value
from crawler.model.values import Kind
from crawler.storage.directory.boundaries.other_file_systems import is_leftover
from crawler.storage.directory.boundaries.spared import MOUNT, Spared
from crawler.storage.directory.reading.places import KINDS
from crawler.storage.directory.tree import Tree, decoded
from crawler.text import urls

_STATE = urls.STATE_DIRECTORY


class Item(Value, frozen=True):
    """One name in a directory."""

    name: bytes
    kind: Kind
    status: os.stat_result


class Content:
    """The content of DIR. For one thread only.

    ``left_out`` maps each path that is left out and might be missed to the reason. ``foreign``: paths of mount points
    where the mirror has stored nothing.
    """

    def __init__(self, tree: Tree, spared: Spared, foreign: Collection[str]) -> None:
        self.tree = tree
        self._spared = spared
        self._foreign = foreign
        self.left_out: dict[str, str] = {}

    def items(self, directory: str) -> list[Item]:
        """The items in ``directory`` ("" is DIR) that belong to a snapshot. Raises OSError, UnusablePath."""
        descriptor = self.tree.directory(directory)
        with os.scandir(descriptor) as entries:
            found = [(os.fsencode(entry.name), entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
        protected = self._spared.protected_names(descriptor)
        items = []
        for plain, name, status in found:
            kind = KINDS.get(stat.S_IFMT(status.st_mode))
            if kind is None or (name == _STATE and not directory) or (kind is Kind.FILE and is_leftover(name)):
                continue
            path = f"{directory}/{decoded(name)}" if directory else decoded(name)
            if path in self._foreign:
                self.left_out[path] = MOUNT
            elif protected is not None and protected.find(plain, status) is not None:
                continue
            elif kind is Kind.DIRECTORY and self._is_mirror(plain, status, descriptor):
                self.left_out[path] = "another mirror"
            elif kind is not Kind.SYMLINK and not _is_readable(plain, status, descriptor):
                self.left_out[path] = "not readable"
            else:
                items.append(Item(plain, kind, status))
        return items

    def _is_mirror(self, name: bytes, status: os.stat_result, directory: int) -> bool:
        """Whether a directory is a separate mirror, even if it is on another file system."""
        return self._spared.reason(name, status, directory, None, device=status.st_dev) not in {"", MOUNT}


def _is_readable(name: bytes, status: os.stat_result, directory: int) -> bool:
    """Whether this user may read a file or directory. Needs no system call for files that the mirror has saved."""
    if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_mode & stat.S_IRUSR:
        return True
    needed = os.R_OK | (os.X_OK if stat.S_ISDIR(status.st_mode) else 0)
    return os.access(name, needed, dir_fd=directory, effective_ids=os.access in os.supports_effective_ids)
