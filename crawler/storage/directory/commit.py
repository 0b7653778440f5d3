"""Gives files their final names: write, set the time, flush, rename, flush the directories.

This is the hot path of a small file. Its system calls, all relative to cached descriptors: openat, write,
utimensat, fstat, fadvise64, fsync, close, lstat of the final name, renameat.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator, Sequence
from contextlib import suppress

from crawler.model.columns.new_files import directories_of, joined
from crawler.model.errors import NO_DESCRIPTORS
from crawler.model.values import Known, Staged
from crawler.storage.directory.boundaries.other_file_systems import copy_part, hidden_name
from crawler.storage.directory.incoming.new_files import (
    CREATE_FLAGS,
    Helper,
    flush_and_close,
    name_files,
    start_writeback,
    write_bodies,
)
from crawler.storage.directory.incoming.pending import PendingFile, known_of, part_problem, unnamed, unwritten
from crawler.storage.directory.os_errors import NOT_OFFERED, UnusablePath, destination_error, flush, in_the_way
from crawler.storage.directory.trash import Safeguards, kept_in_trash
from crawler.storage.directory.tree import (
    REOPEN_FLAGS,
    Tree,
    close_quietly,
    encoded,
    encoded_new,
    lstat,
    split,
    write_all,
)
from crawler.text.patterns import PLAIN_NAME

_NO_TIMES = NOT_OFFERED | {errno.EPERM, errno.EACCES}
TIMES = "this file system does not store modification times: files keep their download time"


class BatchCommit:
    """Gives batches of files their final names. For one thread only.

    ``parts`` is the descriptor of DIR/.crawler/parts and belongs to the caller; ``width`` is the number of files held
    open between writing and flushing.
    """

    def __init__(
        self, tree: Tree, parts: int, *, fsync: str, width: int, safeguards: Safeguards, helper: Helper
    ) -> None:
        self._tree = tree
        self._parts, self._fsync = parts, fsync
        self._width = width if fsync == "batch" else 1
        self._trash = safeguards.trash
        self._spared = safeguards.spared
        self._name = helper.name
        self.helper = helper
        """Stores new files where nothing is to be decided, once there are many."""
        self.lacks: set[str] = set()
        """Messages about features that this file system lacks; files were stored without them."""

    def commit(self, batch: Sequence[Staged], directory: str) -> Generator[None, None, Sequence[Known | str]]:
        """See ``Destination.commit``. Stops before and after each wait for the helper. Raises DestinationError."""
        self.helper.note_batch(len(batch))
        outcomes: Sequence[Known | str] = []
        touched = set[str]()
        self._tree.refresh()
        self._spared.refresh(self._tree.root)
        try:
            while len(outcomes) < len(batch):
                items = batch[len(outcomes) :]
                self.helper.begin(items, self._place_for_new, self._tree.refresh, is_rest=bool(outcomes))
                yield
                if stored := self.helper.store(items, self._tree.refresh):
                    touched |= directories_of(items[: len(stored.records)]).difference(stored.made)
                    outcomes = joined(outcomes, stored.records)
                    self._tree.note_made(stored.made)
                    stored.check_flushed()
                else:
                    outcomes = found = list(outcomes)
                    self._slice(items, found, touched)
                yield
            if self._fsync != "none":
                self._tree.flush(touched)
            self._tree.changed.clear()
        except OSError as error:
            self._drop(batch[len(outcomes) :])
            done = [outcome for outcome in outcomes if isinstance(outcome, Known)]
            raise destination_error(error, directory, done) from error
        return outcomes

    def _slice(self, items: Sequence[Staged], outcomes: list[Known | str], touched: set[str]) -> None:
        """Store the first of ``items``, as many as may be open at once, doing each step for all of them."""
        pending: list[PendingFile | str] = []
        try:
            self._prepare(items[: self._width], pending)
            written = [file for file in pending if isinstance(file, PendingFile)]
            if self._fsync == "batch":  # start writing all of them before waiting for the first
                start_writeback(written)
            flush_and_close(written, is_flushed=self._fsync != "none")
            self._place_all(pending, outcomes, touched)
        finally:
            for file in pending:
                if isinstance(file, PendingFile) and not file.placed:
                    self._abandon(file)

    def _prepare(self, items: Sequence[Staged], pending: list[PendingFile | str]) -> None:
        try:
            write_bodies(items, self._parts, self._name, pending)
        except OSError as error:
            if error.errno not in NO_DESCRIPTORS:  # otherwise as below
                pending.append(unwritten(error, items[len(pending)]))
        for item in items[len(pending) :]:
            try:
                pending.append(self._write(item))
            except OSError as error:
                if error.errno not in NO_DESCRIPTORS:
                    raise
                if pending:  # store these first, and hold fewer open from now on
                    self._width = len(pending)
                    return
                self._tree.shrink()
                pending.append(self._write(item))

    def _write(self, item: Staged) -> PendingFile | str:
        """Write one part, or return the reason why this file alone cannot be. Raises OSError."""
        file = PendingFile(item, item.part or self._name())
        try:
            if item.part:
                file.descriptor = os.open(encoded(item.part), REOPEN_FLAGS, dir_fd=self._parts)
            else:
                file.descriptor = os.open(file.part, CREATE_FLAGS, 0o666, dir_fd=self._parts)
                write_all(file.descriptor, item.body)
            file.timed = item.mtime is None or self._set_time(file.descriptor, item.mtime)
            status = os.fstat(file.descriptor)
            file.size, file.mtime = status.st_size, status.st_mtime_ns
            problem = part_problem(status, item)
        except UnusablePath as unusable:
            return str(unusable)
        except OSError as error:
            self._abandon(file)
            return unwritten(error, item)
        if problem:
            self._abandon(file)
            return problem
        return file

    def _set_time(self, descriptor: int, mtime: int) -> bool:
        """Set the modification time. False if the file system or the system cannot represent it. Raises OSError."""
        try:
            os.utime(descriptor, ns=(mtime, mtime))
        except OverflowError:
            return False
        except OSError as error:
            if error.errno not in _NO_TIMES:
                raise
            self.lacks.add(TIMES)
            return False
        return True

    def _place_all(self, pending: Sequence[PendingFile | str], outcomes: list[Known | str], touched: set[str]) -> None:
        """Name all of ``pending``. A named file must be recorded, in ``outcomes``, even if the next one fails."""
        before = len(outcomes)
        while (at := len(outcomes) - before) < len(pending):
            file = pending[at]
            if isinstance(file, str):
                outcomes.append(file)
            elif not self._place_new(pending[at:], file.item.job.path.rpartition("/")[0], outcomes, touched):
                outcomes.append(self._place(file, touched))

    def _place_new(
        self, pending: Sequence[PendingFile | str], parent: str, outcomes: list[Known | str], touched: set[str]
    ) -> bool:
        """Name the first of ``pending``, new files in ``parent``. False if already the first one needs ``_place``."""
        before = len(outcomes)
        directory = self._directory_for_new(parent)
        if directory is None:
            return False
        try:
            name_files(pending, self._parts, f"{parent}/" if parent else "", directory, outcomes)
        except OSError as error:
            file = pending[len(outcomes) - before]
            if isinstance(file, PendingFile) and error.errno not in {errno.ENOENT, errno.EXDEV}:
                outcomes.append(unnamed(error, file))
        finally:
            if len(outcomes) > before:
                touched.add(parent)
        return len(outcomes) > before

    def _place_for_new(self, parent: str) -> tuple[int | None, str]:
        """See ``PlaceOf``: most directories of a first run are new, and nobody else needs to open them."""
        above, _, name = parent.rpartition("/")
        if PLAIN_NAME.fullmatch(name) and self._tree.lacks(above, name):
            return self._directory_for_new(above), name
        return self._directory_for_new(parent), ""

    def _directory_for_new(self, parent: str) -> int | None:
        """The open directory ``parent``, created if missing; None if it cannot be opened, or protects any name."""
        try:
            directory = self._tree.directory(parent, create=True)
            is_free = self._spared.protected_names(directory, self._tree.identity_of(parent)) is None
        except (UnusablePath, OSError):
            return None
        return directory if is_free else None

    def _place(self, file: PendingFile, touched: set[str]) -> Known | str:
        """Rename the part to its final name. Returns what is now on disk, or why it failed. Raises OSError."""
        try:
            directory, name = split(file.item.job.path)
            try:
                self._rename(file, directory, name)
            except FileNotFoundError:  # the directory, or one above it, was removed after it was opened
                self._tree.refresh()
                self._rename(file, directory, name)
        except UnusablePath as unusable:
            return str(unusable)
        except OSError as error:
            return unnamed(error, file)
        file.placed = True
        touched.add(directory)
        if file.item.part:
            self._unlink(f"{file.part}.json")
        return known_of(file)

    def _rename(self, file: PendingFile, parent: str, name: str) -> None:
        plain = encoded_new(name)
        directory = self._tree.directory(parent, create=True)
        old = lstat(plain, directory)
        protected = self._spared.protected_names(directory, self._tree.identity_of(parent))
        if protected is not None and (own := protected.exactly(plain, old)) is not None:
            raise UnusablePath(f"{file.item.job.path} {own.claim}")
        if old is not None:
            if not (stat.S_ISREG(old.st_mode) or stat.S_ISLNK(old.st_mode)):
                raise UnusablePath(in_the_way(old.st_mode))
            if protected is not None and plain in protected.mounted:
                raise UnusablePath("a mount point is in its place, and mount points are never replaced")
            unseen = file.item.job.local is None  # not seen by the scan: another spelling of it may exist
            self._tree.check_spelling(parent, directory, plain, unseen=unseen)
        with kept_in_trash(self._trash if old is not None else None, directory, plain, file.item.job.path):
            self._switch(file, plain, directory)
        if not file.timed and (status := lstat(plain, directory)) is not None:
            file.size, file.mtime = status.st_size, status.st_mtime_ns

    def _switch(self, file: PendingFile, plain: bytes, directory: int) -> None:
        try:
            os.rename(file.part, plain, src_dir_fd=self._parts, dst_dir_fd=directory)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._move(file, plain, directory)

    def _move(self, file: PendingFile, plain: bytes, directory: int) -> None:
        """Rename across file systems, see ``other_file_systems``. Raises OSError."""
        hidden = hidden_name(file.part)
        descriptor = copy_part(file.part, self._parts, hidden, directory)
        try:
            try:
                if file.item.mtime is not None:
                    file.timed = self._set_time(descriptor, file.item.mtime)
                if self._fsync != "none":
                    flush(descriptor)
                status = os.fstat(descriptor)
                file.size, file.mtime = status.st_size, status.st_mtime_ns
            finally:
                os.close(descriptor)
            os.rename(hidden, plain, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with suppress(OSError):
                os.unlink(hidden, dir_fd=directory)
            raise
        self._unlink(file.part)

    def _drop(self, items: Sequence[Staged]) -> None:
        for item in items:
            if item.part:
                self._unlink(item.part)
                self._unlink(f"{item.part}.json")

    def _abandon(self, file: PendingFile) -> None:
        if file.descriptor >= 0:
            close_quietly(file.descriptor)
            file.descriptor = -1
        self._unlink(file.part)
        if file.item.part:
            self._unlink(f"{file.part}.json")

    def _unlink(self, name: str) -> None:
        with suppress(OSError):  # leftovers are removed at the next start
            os.unlink(name, dir_fd=self._parts)
