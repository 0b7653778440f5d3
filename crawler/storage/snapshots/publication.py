"""The steps that make a snapshot of DIR, for ``app.snapshots.publishing``. Each step blocks for a short time."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from crawler.model.options.retention import Retention
from crawler.model.values import Known
from crawler.storage.directory.boundaries.spared import OwnFile, Spared
from crawler.storage.directory.os_errors import UnusablePath, flush
from crawler.storage.directory.tree import CREATE_FLAGS, DIRECTORY_FLAGS, Tree, close_quietly, write_all
from crawler.storage.fd_limits import descriptor_budget, descriptor_limit
from crawler.storage.snapshots.builder import Builder
from crawler.storage.snapshots.comparison import comparison
from crawler.storage.snapshots.content import Content
from crawler.storage.snapshots.manifest import ending, heading
from crawler.storage.snapshots.names import expired, next_name
from crawler.storage.snapshots.shelf import MANIFEST, NEW, SNAPSHOTS, Shelf, open_shelf
from crawler.text.urls import STATE_DIRECTORY


class Publication:
    """Compares DIR with its newest snapshot, and makes a new one. For one thread only, while DIR's lock is held.

    Methods raise OSError and UnusablePath.
    """

    def __init__(self, directory: Path, own: Sequence[OwnFile], *, fsync: bool) -> None:
        self._fsync = fsync
        self._stack = ExitStack()
        self._spared = Spared(own)
        self._stack.callback(self._spared.close)
        self._capacity = max(2, descriptor_budget(descriptor_limit())[0] // 4)
        try:
            self._root = self._open(directory)
            home = self._open(STATE_DIRECTORY, self._root)
            with suppress(FileExistsError):
                os.mkdir(SNAPSHOTS, dir_fd=home)
            descriptor = open_shelf(home)
            self._stack.callback(close_quietly, descriptor)
            self.shelf = Shelf(descriptor, fsync=fsync)
            self._spared.refresh(self._root)
        except BaseException:
            self._stack.close()
            raise
        self.name = ""
        """The name of the snapshot that is being made."""
        self._manifest = -1

    def _open(self, name: str | Path, parent: int | None = None) -> int:
        flags = DIRECTORY_FLAGS if parent is not None else os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=parent)
        self._stack.callback(close_quietly, descriptor)
        return descriptor

    def close(self) -> None:
        """Close all descriptors."""
        self._stack.close()

    def mount_points(self) -> list[str]:
        """Paths of the mount points below DIR."""
        return self._spared.mount_points()

    def _tree(self, root: int) -> Tree:
        tree = Tree(root, capacity=self._capacity)
        self._stack.callback(tree.close)
        return tree

    def content(self, foreign: Collection[str]) -> Content:
        """The content of DIR that is to be published; see ``Content``."""
        return Content(self._tree(self._root), self._spared, foreign)

    def _newest(self) -> Tree | None:
        """The tree of the newest snapshot; None if there is none."""
        names = self.shelf.names()
        return self._tree(self._open(names[-1], self.shelf.descriptor)) if names else None

    def comparison(self, content: Content) -> Iterator[bool]:
        """Compare ``content`` with the newest snapshot, see ``comparison.comparison``; False if there is none."""
        newest = self._newest()
        return comparison(content, newest) if newest is not None else iter([False])

    def point_to_newest(self) -> None:
        """If the link ``current`` leads nowhere, make it point to the newest snapshot."""
        names = self.shelf.names()
        if names and self.shelf.current() is None:
            self.shelf.switch(names[-1])

    def begin(self, content: Content, url: str, now: datetime) -> Builder:
        """Create a new, empty snapshot. ``url``: the URL of the mirror."""
        previous = self._newest()
        self.name = name = next_name(self.shelf.names(), now)
        self.shelf.prepare_link(name)
        os.mkdir(f"{name}{NEW}", 0o700, dir_fd=self.shelf.descriptor)
        self._manifest = os.open(f"{name}{MANIFEST}{NEW}", CREATE_FLAGS, 0o666, dir_fd=self.shelf.descriptor)
        self._stack.callback(close_quietly, self._manifest)
        self._note(heading(name, url))
        target = self._tree(self._open(f"{name}{NEW}", self.shelf.descriptor))
        return Builder(content, target, previous, fsync=self._fsync)

    def fill(
        self, builder: Builder, path: str, known: Mapping[str, Known], *, trust: bool, below: list[str]
    ) -> Iterator[None]:
        """Fill one directory of the snapshot step by step (see ``Builder.fill``)."""
        for lines in builder.fill(path, known, trust=trust, below=below):
            if lines:
                self._note(lines)
            yield

    def _note(self, lines: str) -> None:
        write_all(self._manifest, lines.encode("utf-8", "surrogateescape"))

    def publish(self, builder: Builder) -> None:
        """Make the complete snapshot visible to readers."""
        self._note(ending(builder.totals))
        if self._fsync:
            flush(self._manifest)
            os.fsync(self.shelf.descriptor)
        self.shelf.publish(self.name)

    def removals(self, retention: Retention | None, now: datetime) -> Iterator[str | None]:
        """Remove leftovers of killed runs and the snapshots that ``retention``, if given, does not keep, in steps."""
        leftovers = self.shelf.settle()
        if retention is not None:
            names = self.shelf.names()
            leftovers += [self.shelf.retire(name) for name in expired(names, retention, now, self.shelf.current())]
        for leftover in leftovers:
            yield from self.shelf.removal(leftover)

    def discard(self) -> None:
        """Remove an incomplete snapshot that will not be published."""
        with suppress(OSError, UnusablePath):
            for leftover in self.shelf.settle():
                for _ in self.shelf.removal(leftover):
                    pass
