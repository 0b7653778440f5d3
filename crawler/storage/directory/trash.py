"""Deletes files, and keeps deleted and replaced files in the trash."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count

from crawler.model import limits
from crawler.model.struct import Value
from crawler.model.values import Kind
from crawler.storage.directory.boundaries.spared import Spared, other_mirror
from crawler.storage.directory.copying import fill_from
from crawler.storage.directory.os_errors import (
    UnsupportedOperation,
    UnusablePath,
    is_whole,
    item_reason,
    of_another_kind,
)
from crawler.storage.directory.reading.scan import Scan
from crawler.storage.directory.tree import (
    CREATE_FLAGS,
    DIRECTORY_FLAGS,
    Tree,
    close_quietly,
    decoded,
    encoded,
    lstat,
    split,
)
from crawler.text.patterns import pattern

NAME = b"trash"
_DAY = pattern(r"\d{4}-\d\d-\d\d")
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class Safeguards(Value, frozen=True, kw_only=True):
    """The objects that protect existing files from being replaced."""

    spared: Spared
    trash: Trash | None = None


class Trash:
    """``DIR/.crawler/trash/<day>/<path>``: files deleted or replaced on that day (UTC).

    For one thread only. ``home`` is the descriptor of DIR/.crawler and belongs to the caller.
    """

    def __init__(self, home: int, *, seconds: float) -> None:
        self._home = home
        self._seconds = seconds
        self._tree: Tree | None = None
        self._root = -1

    def _opened(self) -> Tree:
        if self._tree is None:
            with suppress(FileExistsError):
                os.mkdir(NAME, dir_fd=self._home)
            self._root = self._open()
            self._tree = Tree(self._root, capacity=4)
        return self._tree

    def _open(self) -> int:
        try:
            return os.open(NAME, DIRECTORY_FLAGS, dir_fd=self._home)
        except OSError as error:
            there = lstat(NAME, self._home)
            if there is None or stat.S_ISDIR(there.st_mode):
                raise
            text = f"its .crawler/trash {of_another_kind(there.st_mode, 'directory')}"
            raise UnsupportedOperation(error.errno, text) from None

    def keep(self, directory: int, name: bytes, path: str) -> tuple[int, bytes]:
        """Give a file a second name in the trash, without removing its own.

        Returns (descriptor of its directory in the trash, valid until the next call; its name there). If that name is
        taken, or a file has the name of its directory, ``~1``, ``~2``, … is appended. Raises OSError, UnusablePath.
        """
        tree = self._opened()
        tree.refresh()
        parent, plain = split(path)
        day = time.strftime("%Y-%m-%d", time.gmtime())
        target = _directory(tree, day, parent)
        tree.changed.clear()
        for new in _numbered(encoded(plain)):
            with suppress(FileExistsError):
                _link_or_copy(directory, name, target, new)
                return target, new
        raise AssertionError("unreachable: there is always another number")

    def empty(self, now: float) -> None:
        """Remove the days that ended before the retention period. Raises OSError, UnusablePath."""
        if lstat(NAME, self._home) is None:
            return
        tree = self._opened()
        try:
            oldest = (datetime.fromtimestamp(now, UTC) - timedelta(seconds=self._seconds)).date().isoformat()
        except OverflowError:  # the limit is before the year 1, and nothing is that old
            return
        spared = Spared(links=False)  # links in the trash are removed like files; mount points are not
        view = Scan(tree, spared)
        try:
            for day, local in view.scan("").items():
                if local.kind is Kind.DIRECTORY and _DAY.fullmatch(day) and day < oldest:
                    remove(tree, [path for path, _ in view.walk(day)] + [day], (None, spared), {})
        finally:
            spared.close()

    def close(self) -> None:
        """Close all descriptors."""
        if self._tree is not None:
            self._tree.close()
            close_quietly(self._root)
            self._tree = None


@contextmanager
def kept_in_trash(trash: Trash | None, directory: int, name: bytes, path: str) -> Iterator[None]:
    """Put a file in the trash before the block replaces or deletes it, and take it out again if the block fails.

    Raises OSError, UnusablePath.
    """
    if trash is None:
        yield
        return
    target, kept = trash.keep(directory, name, path)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.unlink(kept, dir_fd=target)
        raise


def _directory(tree: Tree, day: str, directory: str) -> int:
    """The descriptor of ``directory`` in the trash of ``day``, created if missing; numbered if a file has its name."""
    above, descriptor = day, tree.directory(day, create=True)
    for segment in directory.split("/") if directory else ():
        parent = descriptor
        for name in _numbered(encoded(segment)):
            status = lstat(name, parent)
            if status is None or stat.S_ISDIR(status.st_mode):
                break
        above = f"{above}/{decoded(os.fsdecode(name))}"
        descriptor = tree.directory(above, create=True)
    return descriptor


def _numbered(stem: bytes) -> Iterator[bytes]:
    """``name``, ``name~1``, ``name~2``, …, shortened to the length that file systems allow."""
    for number in count():
        end = b"~%d" % number if number else b""
        yield stem[: limits.NAME_BYTES - len(end)] + end


def _link_or_copy(source: int, name: bytes, target: int, new: bytes) -> None:
    try:
        os.link(name, new, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(source, name, target, new)


def _copy(source: int, name: bytes, target: int, new: bytes) -> None:
    """Copy a file that cannot be hard-linked: not supported, or owned by another user (fs.protected_hardlinks)."""
    status = os.stat(name, dir_fd=source, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=source), new, dir_fd=target)
        return
    reading = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    try:
        writing = os.open(new, CREATE_FLAGS, 0o666, dir_fd=target)
        try:
            fill_from(reading, writing)
            os.utime(writing, ns=(status.st_mtime_ns, status.st_mtime_ns))
        except BaseException:
            os.unlink(new, dir_fd=target)
            raise
        finally:
            os.close(writing)
    finally:
        close_quietly(reading)


def remove(
    tree: Tree, paths: Sequence[str], safeguards: tuple[Trash | None, Spared], outcomes: dict[str, str | None]
) -> list[str | None]:
    """Delete files and empty directories. Returns for each path None if it is gone, or why it was not deleted.

    The same is added to ``outcomes``, path by path. Raises OSError if the whole file system fails.
    """
    tree.refresh()
    owners: dict[str, str | None] = {}
    for path in paths:
        try:
            outcomes[path] = _remove(tree, path, safeguards, owners)
        except FileNotFoundError:
            outcomes[path] = None
        except UnusablePath as unusable:
            outcomes[path] = str(unusable)
        except OSError as error:
            if is_whole(error):
                raise
            outcomes[path] = item_reason(error)
    return [outcomes[path] for path in paths]


def _remove(
    tree: Tree, path: str, safeguards: tuple[Trash | None, Spared], owners: dict[str, str | None]
) -> str | None:
    trash, spared = safeguards
    parent, name = split(path)
    owner = other_mirror(tree, parent, owners)
    if owner is not None:
        return f"belongs to another mirror, the one in {owner}"
    plain = encoded(name)
    status = os.stat(plain, dir_fd=(directory := tree.directory(parent)), follow_symlinks=False)
    spared.refresh(tree.root)  # after the directory was opened, because later mounts do not change what it shows
    device = os.fstat(directory).st_dev
    if why := spared.reason(plain, status, directory, spared.protected_names(directory), device=device):
        return f"it is {why}"
    if (moved := spared.moved(path)) is not None:
        return moved
    if stat.S_ISDIR(status.st_mode):
        os.rmdir(plain, dir_fd=directory)
        tree.forget(path)
        return None
    is_kept = stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)
    with kept_in_trash(trash if is_kept else None, directory, plain, path):
        os.unlink(plain, dir_fd=directory)
    return None
