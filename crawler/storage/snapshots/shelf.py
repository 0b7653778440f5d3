"""``DIR/.crawler/snapshots``: the snapshots, their manifests, and the link ``current`` to the one that readers see.

A snapshot is made as ``NAME.new``, with its manifest as ``NAME.sha256.new``. Three renames publish it: of the
directory, of the link, and of the manifest. This order shows how far a killed run got: a directory whose manifest still
ends in ``.new`` was never published, unless ``current`` points to it. A snapshot is renamed to ``NAME.old`` before it
is removed.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from crawler.storage.directory.boundaries.spared import Spared
from crawler.storage.directory.os_errors import UnusablePath, of_another_kind
from crawler.storage.directory.reading.scan import Scan
from crawler.storage.directory.trash import remove
from crawler.storage.directory.tree import DIRECTORY_FLAGS, Tree, close_quietly, lstat
from crawler.storage.snapshots.manifest import Totals, totals_of
from crawler.storage.snapshots.names import moment_of
from crawler.text.urls import STATE_DIRECTORY

SNAPSHOTS = "snapshots"
CURRENT = "current"
MANIFEST = ".sha256"
NEW, OLD = ".new", ".old"
_TREE = re.compile(r"(\w+)\.(?:new|old)")
_REMOVED_AT_ONCE = 1000
"""Number of files removed in one step."""
_END = 200
"""Number of bytes at the end of a manifest that are certain to contain its last line."""


@contextmanager
def opened(directory: Path) -> Iterator[Shelf | None]:
    """The snapshots of ``directory``; None if there are none. Creates nothing. Raises OSError, UnusablePath."""
    descriptors: list[int] = []
    try:
        descriptors.append(os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        descriptors.append(os.open(STATE_DIRECTORY, DIRECTORY_FLAGS, dir_fd=descriptors[-1]))
        descriptors.append(open_shelf(descriptors[-1]))
    except FileNotFoundError:
        yield None
    else:
        yield Shelf(descriptors[-1], fsync=True)
    finally:
        for descriptor in descriptors:
            close_quietly(descriptor)


def open_shelf(home: int) -> int:
    """A descriptor of the snapshots in DIR/.crawler, which is open as ``home``. Raises OSError, UnusablePath."""
    try:
        return os.open(SNAPSHOTS, DIRECTORY_FLAGS, dir_fd=home)
    except OSError as error:
        there = lstat(os.fsencode(SNAPSHOTS), home) if error.errno in {errno.ENOTDIR, errno.ELOOP} else None
        if there is None:
            raise
        raise UnusablePath(f"it {of_another_kind(there.st_mode, 'directory')}") from error


class Shelf:
    """The directory of the snapshots, open as ``descriptor``, which belongs to the caller. Methods raise OSError."""

    def __init__(self, descriptor: int, *, fsync: bool) -> None:
        self.descriptor = descriptor
        self._fsync = fsync

    def names(self) -> list[str]:
        """The names of the published snapshots, oldest first."""
        found, target = set(os.listdir(self.descriptor)), self._target()
        return sorted(
            name for name in found
            if moment_of(name) and self._is_directory(name)
            and (name == target or f"{name}{MANIFEST}{NEW}" not in found)
        )  # fmt: skip

    def current(self) -> str | None:
        """The name of the snapshot that readers see; None if ``current`` does not lead to one."""
        target = self._target()
        return target if target in self.names() else None

    def _target(self) -> str | None:
        try:
            return os.readlink(CURRENT, dir_fd=self.descriptor).rstrip("/").rpartition("/")[2]
        except OSError:  # there is no such link
            return None

    def _is_directory(self, name: str) -> bool:
        status = lstat(name.encode(), self.descriptor)
        return status is not None and stat.S_ISDIR(status.st_mode)

    def totals(self, name: str) -> Totals | None:
        """The totals in the manifest of ``name``; None if the manifest is absent or incomplete."""
        try:
            descriptor = os.open(
                f"{name}{MANIFEST}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.descriptor
            )
        except OSError:
            return None
        try:
            size = os.fstat(descriptor).st_size
            return totals_of(os.pread(descriptor, _END, max(0, size - _END)).decode("utf-8", "replace"))
        finally:
            close_quietly(descriptor)

    # --- publishing -------------------------------------------------------------------------------

    def prepare_link(self, name: str) -> None:
        """Create the link that ``switch`` renames to ``current``. Raises UnusablePath if that cannot succeed."""
        status = lstat(CURRENT.encode(), self.descriptor)
        if status is not None and not stat.S_ISLNK(status.st_mode):
            raise UnusablePath(f"{CURRENT} in it is not a symbolic link: move it away")
        with suppress(FileNotFoundError):
            os.unlink(f"{CURRENT}{NEW}", dir_fd=self.descriptor)
        try:
            os.symlink(name, f"{CURRENT}{NEW}", dir_fd=self.descriptor)
        except PermissionError as error:
            raise UnusablePath("its file system has no symbolic links, which snapshots need") from error

    def publish(self, name: str) -> None:
        """Make the complete ``NAME.new`` the current snapshot. Call ``prepare_link`` first."""
        self._rename(f"{name}{NEW}", name)
        self._rename(f"{CURRENT}{NEW}", CURRENT)
        self._rename(f"{name}{MANIFEST}{NEW}", f"{name}{MANIFEST}")

    def switch(self, name: str) -> None:
        """Make ``name`` the snapshot that readers see. Raises UnusablePath."""
        self.prepare_link(name)
        self._rename(f"{CURRENT}{NEW}", CURRENT)

    def _rename(self, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        if self._fsync:
            os.fsync(self.descriptor)

    # --- removing ---------------------------------------------------------------------------------

    def settle(self) -> list[str]:
        """Finish or undo the work of a killed run. Returns the directories that ``removal`` must remove."""
        target = self._target()
        for name in sorted(os.listdir(self.descriptor)):
            stem = name.partition(".")[0]
            if name == f"{CURRENT}{NEW}":
                self._unlink(name)
            elif not moment_of(stem):
                continue
            elif name == f"{stem}{MANIFEST}{NEW}":
                if stem == target and self._is_directory(stem):
                    self._rename(name, f"{stem}{MANIFEST}")
                    continue
                if self._is_directory(stem):
                    self._rename(stem, f"{stem}{OLD}")
                self._unlink(name)
            elif name == f"{stem}{MANIFEST}" and not self._is_directory(stem):
                self._unlink(name)
        return sorted(name for name in os.listdir(self.descriptor) if self._is_leftover(name))

    def _is_leftover(self, name: str) -> bool:
        found = _TREE.fullmatch(name)
        return found is not None and moment_of(found[1]) is not None and self._is_directory(name)

    def _unlink(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def retire(self, name: str) -> str:
        """Rename a snapshot to ``NAME.old``, so that it is never seen half removed. Returns its new name."""
        self._rename(name, f"{name}{OLD}")
        self._unlink(f"{name}{MANIFEST}")
        return f"{name}{OLD}"

    def removal(self, leftover: str) -> Iterator[str | None]:
        """Remove a leftover with all of its content, step by step. Yields None, or why something was not removed."""
        tree, spared = Tree(self.descriptor, capacity=32), Spared(links=False)
        view, guards = Scan(Tree(self.descriptor, capacity=32), spared), (None, spared)
        try:
            paths = (path for path, _ in view.walk(leftover))
            while batch := list(islice(paths, _REMOVED_AT_ONCE)):
                yield next((why for why in remove(tree, batch, guards, {}) if why), None)
            yield next((why for why in remove(tree, [leftover], guards, {}) if why), None)
        finally:
            tree.close()
            view.close()
            spared.close()
