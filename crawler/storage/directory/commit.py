"""Giving files their final names: write, set the time, flush, rename, flush the folders.

This is the hot path of a small file. Its system calls, all relative to cached descriptors: openat, write,
utimensat, fstat, fadvise64, fsync, close, lstat of the final name, renameat.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from crawler.model.errors import NO_DESCRIPTORS
from crawler.model.reasons import FOLDER_IN_THE_WAY
from crawler.model.values import Known, Staged
from crawler.storage.directory.boundaries.other_file_systems import copy_part, hidden_name
from crawler.storage.directory.boundaries.spared import Spared
from crawler.storage.directory.incoming.ready import Ready, known_of, part_problem
from crawler.storage.directory.os_errors import NOT_OFFERED, Refused, destination_error, flush, is_whole, item_reason
from crawler.storage.directory.trash import Trash, keeping, write_all
from crawler.storage.directory.tree import Tree, close_quietly, encoded, encoded_new, lstat, split

CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
REOPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_TIMES = NOT_OFFERED | {errno.EPERM, errno.EACCES}
TIMES = "this file system does not keep the times that files are given: they have that of their arrival"
_NO_FLUSH = NOT_OFFERED | {errno.ENOENT}
"""Some network file systems cannot flush a folder; one that was removed need not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What must not be lost when a name gets a new file."""

    spared: Spared
    trash: Trash | None = None


class BatchCommit:
    """Puts batches under their final names. Not for use by more than one thread.

    ``parts`` is the descriptor of DIR/.crawler/parts and belongs to the caller, ``width`` the number of files
    held open between writing and flushing, ``directory`` DIR as the user named it, ``spared`` what is never replaced.
    """

    def __init__(
        self, tree: Tree, parts: int, *, fsync: str, width: int, keeping: Keeping, name: Callable[[], str]
    ) -> None:
        self._tree = tree
        self._parts = parts
        self._fsync = fsync
        self._width = width if fsync == "batch" else 1
        self._trash = keeping.trash
        self._spared = keeping.spared
        self._name = name
        self.lacks: set[str] = set()
        """What this file system cannot do and files were stored without, in words."""

    def commit(self, batch: Sequence[Staged], directory: str) -> list[Known | str]:
        """See ``Destination.commit``. Raises DestinationError."""
        outcomes: list[Known | str] = []
        touched: set[str] = set()
        self._tree.refresh()
        self._spared.refresh(self._tree.root)
        try:
            while len(outcomes) < len(batch):
                self._slice(batch[len(outcomes) : len(outcomes) + self._width], outcomes, touched)
            self._flush_folders(touched)
        except OSError as error:
            self._drop(batch[len(outcomes) :])
            done = [outcome for outcome in outcomes if isinstance(outcome, Known)]
            raise destination_error(error, directory, done) from error
        return outcomes

    def _slice(self, items: Sequence[Staged], outcomes: list[Known | str], touched: set[str]) -> None:
        """Take the first few of ``items`` all the way, one step for all of them at a time."""
        ready: list[Ready | str] = []
        try:
            self._prepare(items, ready)
            if self._fsync == "batch":  # the disk begins with all of them before the first one is waited for
                for one in ready:
                    if isinstance(one, Ready):
                        _start_writeback(one.descriptor)
            for one in ready:
                if isinstance(one, Ready):
                    self._flush(one)
            for one in ready:
                outcome = one if isinstance(one, str) else self._place(one, touched)
                outcomes.append(outcome)  # one by one: what has its name must be known if the next one fails
        finally:
            for one in ready:
                if isinstance(one, Ready) and not one.placed:
                    self._abandon(one)

    def _prepare(self, items: Sequence[Staged], ready: list[Ready | str]) -> None:
        for item in items:
            try:
                ready.append(self._write(item))
            except OSError as error:
                if error.errno not in NO_DESCRIPTORS:
                    raise
                if ready:  # flush and close these first, and hold fewer open from now on
                    self._width = len(ready)
                    return
                self._tree.shrink()
                ready.append(self._write(item))

    def _write(self, item: Staged) -> Ready | str:
        """Bring one part to the disk, or say why this one alone cannot be. Raises OSError."""
        one = Ready(item, item.part or self._name())
        try:
            if item.part:
                one.descriptor = os.open(encoded(item.part), REOPEN_FLAGS, dir_fd=self._parts)
            else:
                one.descriptor = os.open(one.part, CREATE_FLAGS, 0o666, dir_fd=self._parts)
                write_all(one.descriptor, item.body)
            one.timed = item.mtime is None or self._set_time(one.descriptor, item.mtime)
            status = os.fstat(one.descriptor)
            one.size, one.mtime = status.st_size, status.st_mtime_ns
            problem = part_problem(status, item)
        except Refused as refused:
            return str(refused)
        except OverflowError:
            problem = "its modification time is beyond what the system can hold"
        except OSError as error:
            self._abandon(one)
            if is_whole(error) or not (item.part or error.errno == errno.EFBIG):
                raise
            return item_reason(error)
        if problem:
            self._abandon(one)
            return problem
        return one

    def _set_time(self, descriptor: int, mtime: int) -> bool:
        """False if this file system keeps no times, or none of ours. Raises OSError, OverflowError."""
        try:
            os.utime(descriptor, ns=(mtime, mtime))
        except OSError as error:
            if error.errno not in _NO_TIMES:
                raise
            self.lacks.add(TIMES)
            return False
        return True

    def _flush(self, one: Ready) -> None:
        """Data before name. A flush that failed is final: the kernel may have dropped the pages (fsyncgate)."""
        if self._fsync != "none":
            flush(one.descriptor)
        descriptor, one.descriptor = one.descriptor, -1
        os.close(descriptor)  # may report a write that failed late: NFS, quota

    def _place(self, one: Ready, touched: set[str]) -> Known | str:
        """The switch. Returns what is now on disk, or the reason. Raises OSError."""
        try:
            folder, name = split(one.item.job.path)
            try:
                self._rename(one, folder, name)
            except FileNotFoundError:  # the folder, or one above it, was removed after it was opened
                self._tree.refresh()
                self._rename(one, folder, name)
        except Refused as refused:
            return str(refused)
        except OSError as error:
            if is_whole(error):
                raise
            return item_reason(error)
        one.placed = True
        touched.add(folder)
        if one.item.part:
            self._unlink(f"{one.part}.json")
        return known_of(one)

    def _rename(self, one: Ready, folder: str, name: str) -> None:
        plain = encoded_new(name)
        directory = self._tree.folder(folder, create=True)
        old = lstat(plain, directory)
        here = self._spared.here(directory)
        if here is not None and (own := here.exactly(plain, old)) is not None:
            raise Refused(f"{one.item.job.path} is the file of {own.what} of this run: name another place for that")
        if old is not None:
            if not (stat.S_ISREG(old.st_mode) or stat.S_ISLNK(old.st_mode)):
                raise Refused(_in_the_way(old.st_mode))
            if here is not None and plain in here.mounted:
                raise Refused("a mount point is in its place: what is mounted there is never replaced")
            unseen = one.item.job.local is None  # nobody saw that name: another spelling of it may lie there
            self._tree.check_spelling(folder, directory, plain, unseen=unseen)
        with keeping(self._trash if old is not None else None, directory, plain, one.item.job.path):
            self._switch(one, plain, directory)
        if not one.timed and (status := lstat(plain, directory)) is not None:
            one.size, one.mtime = status.st_size, status.st_mtime_ns

    def _switch(self, one: Ready, plain: bytes, directory: int) -> None:
        try:
            os.rename(one.part, plain, src_dir_fd=self._parts, dst_dir_fd=directory)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._move(one, plain, directory)

    def _move(self, one: Ready, plain: bytes, directory: int) -> None:
        """The switch where the folder is on another file system: see ``elsewhere``. Raises OSError."""
        hidden = hidden_name(one.part)
        descriptor = copy_part(one.part, self._parts, hidden, directory)
        try:
            try:
                if one.item.mtime is not None:
                    one.timed = self._set_time(descriptor, one.item.mtime)
                if self._fsync != "none":
                    flush(descriptor)
                status = os.fstat(descriptor)
                one.size, one.mtime = status.st_size, status.st_mtime_ns
            finally:
                os.close(descriptor)
            os.rename(hidden, plain, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with suppress(OSError):
                os.unlink(hidden, dir_fd=directory)
            raise
        self._unlink(one.part)

    def _flush_folders(self, touched: set[str]) -> None:
        """Names reach the disk as well: those of files, and those of the folders that were made for them."""
        if self._fsync != "none":
            for folder in sorted(touched | self._tree.changed):
                try:
                    os.fsync(self._tree.folder(folder))
                except Refused:
                    continue
                except OSError as error:
                    if error.errno not in _NO_FLUSH:
                        raise
        self._tree.changed.clear()

    def _drop(self, items: Sequence[Staged]) -> None:
        for item in items:
            if item.part:
                self._unlink(item.part)
                self._unlink(f"{item.part}.json")

    def _abandon(self, one: Ready) -> None:
        if one.descriptor >= 0:
            close_quietly(one.descriptor)
            one.descriptor = -1
        self._unlink(one.part)
        if one.item.part:
            self._unlink(f"{one.part}.json")

    def _unlink(self, name: str) -> None:
        with suppress(OSError):  # what stays is removed at the next start
            os.unlink(name, dir_fd=self._parts)


def _start_writeback(descriptor: int) -> None:
    """Let the disk begin without waiting for it, as dpkg does; a hint, so its failure is none."""
    if hasattr(os, "posix_fadvise"):  # not on macOS
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _in_the_way(mode: int) -> str:
    return FOLDER_IN_THE_WAY if stat.S_ISDIR(mode) else "a device, FIFO or socket of that name is in the way"
