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

from crawler.destinations.reasons import NO_DESCRIPTORS, Refused, destination_error, is_whole, item_reason
from crawler.destinations.trash import Trash, write_all
from crawler.destinations.tree import Tree, close_quietly, encoded, encoded_new, lstat, split
from crawler.models import Known, Staged

CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
REOPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_FLUSH = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOENT})
"""Some network file systems cannot flush a folder; one that was removed need not be."""


@dataclass(slots=True)
class _Ready:
    """A part with all its bytes and its time, waiting for the flush."""

    item: Staged
    part: str
    descriptor: int = -1
    size: int = 0
    mtime: int = 0
    placed: bool = False


class Committer:
    """Puts batches under their final names. Not for use by more than one thread.

    ``parts`` is the descriptor of DIR/.crawler/parts and belongs to the caller, ``width`` the number of files
    held open between writing and flushing, ``directory`` DIR as the user named it.
    """

    def __init__(
        self, tree: Tree, parts: int, *, fsync: str, width: int, trash: Trash | None, name: Callable[[], str]
    ) -> None:
        self._tree = tree
        self._parts = parts
        self._fsync = fsync
        self._width = width if fsync == "batch" else 1
        self._trash = trash
        self._name = name

    def commit(self, batch: Sequence[Staged], directory: str) -> list[Known | str]:
        """See ``Destination.commit``. Raises DestinationError."""
        outcomes: list[Known | str] = []
        touched: set[str] = set()
        self._tree.refresh()
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
        ready: list[_Ready | str] = []
        try:
            self._prepare(items, ready)
            if self._fsync == "batch":  # the disk begins with all of them before the first one is waited for
                for one in ready:
                    if isinstance(one, _Ready):
                        _start_writeback(one.descriptor)
            for one in ready:
                if isinstance(one, _Ready):
                    self._flush(one)
            for one in ready:
                outcome = one if isinstance(one, str) else self._place(one, touched)
                outcomes.append(outcome)  # one by one: what has its name must be known if the next one fails
        finally:
            for one in ready:
                if isinstance(one, _Ready) and not one.placed:
                    self._abandon(one)

    def _prepare(self, items: Sequence[Staged], ready: list[_Ready | str]) -> None:
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

    def _write(self, item: Staged) -> _Ready | str:
        """Bring one part to the disk, or say why this one alone cannot be. Raises OSError."""
        one = _Ready(item, item.part or self._name())
        try:
            if item.part:
                one.descriptor = os.open(encoded(item.part), REOPEN_FLAGS, dir_fd=self._parts)
            else:
                one.descriptor = os.open(one.part, CREATE_FLAGS, 0o666, dir_fd=self._parts)
                write_all(one.descriptor, item.body)
            if item.mtime is not None:
                os.utime(one.descriptor, ns=(item.mtime, item.mtime))
            status = os.fstat(one.descriptor)
            one.size, one.mtime = status.st_size, status.st_mtime_ns
            problem = _part_problem(status, item)
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

    def _flush(self, one: _Ready) -> None:
        """Data before name. A flush that failed is final: the kernel may have dropped the pages (fsyncgate)."""
        if self._fsync != "none":
            os.fsync(one.descriptor)
        descriptor, one.descriptor = one.descriptor, -1
        os.close(descriptor)  # may report a write that failed late: NFS, quota

    def _place(self, one: _Ready, touched: set[str]) -> Known | str:
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
        return _known(one)

    def _rename(self, one: _Ready, folder: str, name: str) -> None:
        plain = encoded_new(name)
        directory = self._tree.folder(folder, create=True)
        old = lstat(plain, directory)
        if old is not None:
            if not (stat.S_ISREG(old.st_mode) or stat.S_ISLNK(old.st_mode)):
                raise Refused(_in_the_way(old.st_mode))
            self._tree.check_spelling(folder, directory, plain)
            if self._trash is not None:
                self._trash.keep(directory, plain, one.item.job.path)
        os.rename(one.part, plain, src_dir_fd=self._parts, dst_dir_fd=directory)

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

    def _abandon(self, one: _Ready) -> None:
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


def _part_problem(status: os.stat_result, item: Staged) -> str:
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return "its part was replaced by something else"
    if status.st_size != item.size:
        return f"its part holds {status.st_size} bytes instead of {item.size}"
    return ""


def _in_the_way(mode: int) -> str:
    what = "a folder" if stat.S_ISDIR(mode) else "a device, FIFO or socket"
    return f"{what} of that name is in the way"


def _known(one: _Ready) -> Known:
    item = one.item
    base = item.result.known
    if base is None:
        return Known(
            path=item.job.path,
            url=item.job.url,
            row=item.job.row,
            size=one.size,
            mtime=one.mtime,
            digest=item.result.digest,
        )
    if (one.size, one.mtime) == (base.size, base.mtime) and base.digest:
        return base
    return Known(
        path=base.path,
        url=base.url,
        row=base.row,
        size=one.size,
        mtime=one.mtime,
        validators=base.validators,
        digest=base.digest or item.result.digest,
        checked=base.checked,
    )
