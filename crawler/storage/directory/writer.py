"""The objects that change DIR, opened together once the run may write."""

from __future__ import annotations

import time
from concurrent.futures import Executor
from contextlib import suppress

from crawler.model.struct import Value
from crawler.storage.directory.boundaries.spared import Spared
from crawler.storage.directory.commit import BatchCommit
from crawler.storage.directory.incoming.parts import PartStore
from crawler.storage.directory.layout import Layout
from crawler.storage.directory.lock import Lock
from crawler.storage.directory.os_errors import UnusablePath
from crawler.storage.directory.trash import Safeguards, Trash
from crawler.storage.directory.tree import Tree
from crawler.storage.fd_limits import descriptor_budget, descriptor_limit


class WriteOptions(Value, frozen=True, kw_only=True):
    """Options for writing files."""

    fsync: str
    """When to flush: ``none``, ``batch`` or ``file``."""
    digests: bool
    """Whether bodies are hashed."""
    trash_seconds: float | None
    """How long the trash keeps files, in seconds; None for no trash."""


class DirectoryWriter(Value, frozen=True, kw_only=True):
    """The lock, parts, committer and trash of one DIR. For the writing thread only, except ``parts``."""

    tree: Tree
    lock: Lock
    parts: PartStore
    committer: BatchCommit
    trash: Trash | None
    folds_case: bool
    """Whether README and readme are the same file on this file system."""

    @classmethod
    def open(
        cls, layout: Layout, options: WriteOptions, spared: Spared, *, shown: str, thread: Executor
    ) -> DirectoryWriter:
        """Create what is missing in DIR. ``shown``: DIR in messages. Raises DestinationError, OSError."""
        layout.make()
        folds_case = layout.folds_case()
        directories, width = descriptor_budget(descriptor_limit())
        tree = Tree(layout.root, capacity=directories, own=layout.identity(), folds=folds_case)
        trash = None if options.trash_seconds is None else Trash(layout.own, seconds=options.trash_seconds)
        parts = PartStore(layout.parts, digests=options.digests, flush=options.fsync != "none")
        parts.load()
        committer = BatchCommit(
            tree,
            layout.parts,
            fsync=options.fsync,
            width=width,
            safeguards=Safeguards(spared=spared, trash=trash),
            name=parts.new_name,
        )
        spared.refresh(layout.root)
        lock = Lock(layout.own, shown, thread)
        return cls(tree=tree, lock=lock, parts=parts, committer=committer, trash=trash, folds_case=folds_case)

    def empty_trash(self) -> None:
        """Remove files from the trash whose retention period is over. Raises OSError."""
        if self.trash is not None:
            with suppress(UnusablePath):
                self.trash.empty(time.time())

    def close(self) -> None:
        """Close all descriptors and release the lock."""
        self.committer.helper.close()
        if self.trash is not None:
            self.trash.close()
        self.tree.close()
        self.lock.release()
