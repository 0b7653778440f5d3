"""The objects that change DIR, opened together once the run may write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from crawler.model.struct import Value
from crawler.storage.directory.boundaries.spared import Spared
from crawler.storage.directory.layout import Layout
from crawler.storage.directory.os_errors import HELPER_LOST, UnusablePath
from crawler.storage.directory.tree import Tree
from crawler.storage.fd_limits import descriptor_budget, descriptor_limit

if TYPE_CHECKING:
    from crawler.storage.directory.commit import BatchCommit
    from crawler.storage.directory.incoming.parts import PartStore
    from crawler.storage.directory.trash import Trash


class WriteOptions(Value, frozen=True, kw_only=True):
    """Options for writing files."""

    fsync: str
    """When to flush: ``none``, ``batch`` or ``file``."""
    digests: bool
    """Whether bodies are hashed."""
    trash_seconds: float | None
    """How long the trash keeps files, in seconds; None for no trash."""
    is_ending: Callable[[], bool]
    """Whether the run has been told to end."""


class DirectoryWriter:
    """The parts, committer and trash of one DIR. For the writing thread only, except ``parts`` and ``committer``.

    A run that receives no file needs neither of these, nor their modules, unless an earlier run left parts.
    Constructing it creates what is missing in DIR. Raises DestinationError, OSError.
    """

    def __init__(self, layout: Layout, options: WriteOptions, spared: Spared) -> None:
        layout.make()
        self.folds_case = layout.folds_case()
        """Whether README and readme are the same file on this file system."""
        directories, self._width = descriptor_budget(descriptor_limit())
        self.tree = Tree(layout.root, capacity=directories, own=layout.identity(), folds=self.folds_case)
        self.trash = None if options.trash_seconds is None else _trash(layout, options.trash_seconds)
        self._layout, self._options, self._spared = layout, options, spared
        self.found_parts: PartStore | None = None
        """``parts``; None as long as there are none."""
        if self._has_files():
            self.parts.load()
        spared.refresh(layout.root)

    @cached_property
    def parts(self) -> PartStore:
        """The incomplete bodies."""
        from crawler.storage.directory.incoming.parts import PartStore

        parts = PartStore(self._layout.parts, digests=self._options.digests, flush=self._options.fsync != "none")
        self.found_parts = parts
        return parts

    def sweep_parts(self) -> None:
        """Remove all parts that cannot be resumed. The lock must be held. Raises OSError."""
        if self._has_files():
            self.parts.sweep()

    def _has_files(self) -> bool:
        return bool(os.listdir(self._layout.parts))

    @cached_property
    def committer(self) -> BatchCommit:
        """What gives files their names."""
        from crawler.storage.directory.commit import BatchCommit
        from crawler.storage.directory.incoming.new_files import Helper
        from crawler.storage.directory.trash import Safeguards

        options = self._options
        return BatchCommit(
            self.tree,
            self._layout.parts,
            fsync=options.fsync,
            width=self._width,
            safeguards=Safeguards(spared=self._spared, trash=self.trash),
            helper=Helper(self._layout.parts, self.parts.new_name, options.fsync, is_ending=options.is_ending),
        )

    @property
    def lacks(self) -> frozenset[str]:
        """Messages about what this file system or machine lacks; files were stored without it."""
        if not self._has_stored:
            return frozenset()
        committer = self.committer
        return frozenset(committer.lacks | ({HELPER_LOST} if committer.helper.has_lost else set()))

    @property
    def _has_stored(self) -> bool:
        return "committer" in vars(self)

    def empty_trash(self) -> None:
        """Remove files from the trash whose retention period is over. Raises OSError."""
        if self.trash is not None:
            with suppress(UnusablePath):
                self.trash.empty(time.time())

    def close(self) -> None:
        """Close all descriptors but those of the layout."""
        if self._has_stored:
            self.committer.helper.close()
        if self.trash is not None:
            self.trash.close()
        self.tree.close()


def _trash(layout: Layout, seconds: float) -> Trash:
    from crawler.storage.directory.trash import Trash  # imported only if needed

    return Trash(layout.own, seconds=seconds)
