"""Fills a new snapshot: a hard link to each file that the mirror saved, and a copy where a link is impossible.

A file shares its inode with DIR only if it is as the state knows it, because this program replaces such files and never
writes into them. Any other file may belong to a program that writes into it, so it is copied once, and the next
snapshot links to that copy. The same applies to a file that cannot be hard-linked from DIR.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from crawler.model import limits
from crawler.model.state.store import REPLACING
from crawler.model.struct import Struct
from crawler.model.values import Kind, Known
from crawler.storage.directory.copying import copy_steps
from crawler.storage.directory.os_errors import UnusablePath, flush
from crawler.storage.directory.tree import REOPEN_FLAGS, Tree, close_quietly, decoded, identity, lstat
from crawler.storage.snapshots.content import Content, Item
from crawler.storage.snapshots.manifest import Totals, line_of

NO_LINKS = frozenset({errno.EMLINK, errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})
"""errno values for a file that cannot be hard-linked: too many links, another file system, unsupported, forbidden."""
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_COARSE = 2_000_000_000
"""Times on different file systems count as equal if they differ by less than this many nanoseconds (2 s for FAT)."""


_STEP = 256
"""Number of names in one step; a run can be stopped between two steps."""


class _Directory(Struct):
    """A directory of DIR; its mode, group and time are applied to its copy at the end."""

    path: str
    status: os.stat_result


def mode_of(status: os.stat_result) -> int:
    """The permissions of a directory's copy: those of the original, but with full access for the owner."""
    return stat.S_IMODE(status.st_mode) | stat.S_IRWXU


class Builder:
    """Fills one snapshot, directory by directory. For one thread only. Methods raise OSError, UnusablePath.

    ``target`` is the tree of the snapshot, ``previous`` that of the last one, if there is any.
    """

    def __init__(self, content: Content, target: Tree, previous: Tree | None, *, fsync: bool) -> None:
        self._content = content
        self._target = target
        self._previous = previous
        self._fsync = fsync
        self._directories: list[_Directory] = []
        self._files = self._size = 0
        self._unflushed: list[bytes] = []
        self.copied = 0
        """Number of files saved by the mirror that were copied because they cannot be hard-linked."""
        self.obstacle = ""
        """Why the last file counted in ``copied`` could not be hard-linked."""

    @property
    def totals(self) -> Totals:
        """The totals of the files put into the snapshot so far."""
        return Totals(self._files, self._size)

    def fill(self, directory: str, known: Mapping[str, Known], *, trust: bool, below: list[str]) -> Iterator[str]:
        """Copy the directory ``directory``, step by step, and add its subdirectories, still empty, to ``below``.

        ``known``: what the state knows of its files, by name. With ``trust`` all files count as known. Yields lines of
        the manifest.
        """
        items = self._content.items(directory)
        source, target = self._content.tree.directory(directory), self._target.directory(directory)
        places = source, target, self._old(directory)
        self._directories.append(_Directory(directory, os.fstat(source)))
        lines = ""
        for number, item in enumerate(items, 1):
            name = decoded(os.fsdecode(item.name))
            path = f"{directory}/{name}" if directory else name
            if item.kind is Kind.DIRECTORY:
                os.mkdir(item.name, 0o700, dir_fd=target)
                below.append(path)
            elif item.kind is Kind.SYMLINK:
                os.symlink(os.readlink(item.name, dir_fd=source), item.name, dir_fd=target)
            else:
                record = _current(known.get(name), item.status)
                yield from self._put(item, places, may_share=trust or _is_own(record))
                lines += line_of(path, record.digest if record is not None else None)
                self._files, self._size = self._files + 1, self._size + item.status.st_size
            if number % _STEP == 0 or number == len(items):
                yield lines
                lines = ""
                yield from self._flush(target)

    def _old(self, directory: str) -> int:
        """A descriptor of the same directory in the previous snapshot; -1 if there is none."""
        if self._previous is not None:
            with suppress(FileNotFoundError, UnusablePath):
                return self._previous.directory(directory)
        return -1

    def _put(self, item: Item, places: tuple[int, int, int], *, may_share: bool) -> Iterator[str]:
        """Put one file into the snapshot.

        ``places``: descriptors of its directory in DIR, in this snapshot and in the last one, or -1 without one. Yields
        only "", for pauses.
        """
        source, target, old = places
        obstacle = _link(item.name, source, target) if may_share else None
        if may_share and obstacle is None:
            return
        if old >= 0 and is_copy(item, source, old) and _link(item.name, old, target) is None:
            return
        yield from self._copy(item, source, target)
        if obstacle is not None:
            self.copied, self.obstacle = self.copied + 1, obstacle

    def _copy(self, item: Item, source: int, target: int) -> Iterator[str]:
        with _opened(item.name, source) as reading:
            status = os.fstat(reading)
            if identity(status) != identity(item.status):
                raise UnusablePath(f"{decoded(os.fsdecode(item.name))} was replaced by another program during the copy")
            writing = os.open(item.name, _CREATE, 0o600, dir_fd=target)
            try:
                for _ in copy_steps(reading, writing):
                    yield ""
                with suppress(PermissionError):  # the file system may have no permissions
                    os.fchmod(writing, stat.S_IMODE(status.st_mode))
                with suppress(OSError, OverflowError):  # the file system may not be able to store the time
                    os.utime(writing, ns=(status.st_mtime_ns, status.st_mtime_ns))
            finally:
                os.close(writing)
        self._unflushed.append(item.name)

    def _flush(self, directory: int) -> Iterator[str]:
        """Flush the copies made in a directory; the system has already written most of them in the meantime."""
        copies, self._unflushed = self._unflushed, []
        for name in copies if self._fsync else ():
            with _opened(name, directory) as copy:
                flush(copy)
            yield ""

    def finish(self) -> Iterator[None]:
        """Give the directories the modes and times of those in DIR, and flush them. Pauses after every few."""
        for number, directory in enumerate(self._directories):
            descriptor, status = self._target.directory(directory.path), directory.status
            if os.fstat(descriptor).st_gid != status.st_gid:
                with suppress(OSError):  # only members of a group may assign it
                    os.chown(descriptor, -1, status.st_gid)
            with suppress(PermissionError):
                os.fchmod(descriptor, mode_of(status))
            os.utime(descriptor, ns=(status.st_mtime_ns, status.st_mtime_ns))
            if number % limits.BATCH_FILES == 0:
                yield
        for directory in self._directories if self._fsync else ():
            os.fsync(self._target.directory(directory.path))
            yield


def _current(known: Known | None, status: os.stat_result) -> Known | None:
    """``known`` if the file is still as this program left it, else None."""
    if known is None or known.digest == REPLACING or (known.size, known.mtime) != (status.st_size, status.st_mtime_ns):
        return None
    return known


def _is_own(known: Known | None) -> bool:
    """Whether the mirror has saved the file. One that it adopted still belongs to the user."""
    return known is not None and known.digest is not None and not known.adopted


def _link(name: bytes, source: int, target: int) -> str | None:
    """Hard-link a file into another directory under the same name. Returns None, or why that is impossible.

    Raises OSError.
    """
    try:
        os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return os.strerror(error.errno or 0).lower()
    return None


def is_alike(first: os.stat_result, second: os.stat_result) -> bool:
    """Whether two files have the same type, size and time."""
    return (
        stat.S_IFMT(first.st_mode) == stat.S_IFMT(second.st_mode)
        and first.st_size == second.st_size
        and abs(first.st_mtime_ns - second.st_mtime_ns) < _COARSE
    )


def is_copy(item: Item, source: int, old: int) -> bool:
    """Whether the last snapshot has the same file: the same bytes, time and permissions. Raises OSError."""
    status = lstat(item.name, old)
    if status is None or not is_alike(item.status, status) or item.status.st_mode != status.st_mode:
        return False
    with _opened(item.name, source) as first, _opened(item.name, old) as second:
        while block := os.read(first, limits.MIB):
            if block != os.read(second, len(block)):
                return False
        return not os.read(second, 1)


@contextmanager
def _opened(name: bytes, directory: int) -> Iterator[int]:
    descriptor = os.open(name, REOPEN_FLAGS, dir_fd=directory)
    try:
        yield descriptor
    finally:
        close_quietly(descriptor)
