"""Reads regular files of DIR, and changes their times, never through a link."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO

from crawler.model.values import Kind, Local
from crawler.storage.directory.copying import fill_from
from crawler.storage.directory.layout import Layout
from crawler.storage.directory.os_errors import UnusablePath, is_whole
from crawler.storage.directory.tree import REOPEN_FLAGS, Tree, close_quietly, encoded, identity, lstat, split

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def digest_at(root: int, path: str) -> str:
    """``sha256:<hex>`` of a file; "" if it is not regular or unreadable. ``root``: descriptor of DIR, -1 for none."""
    try:
        with _opened(root, path) as (file, _):
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except (UnusablePath, OSError):
        return ""


def read_at(root: int, path: str, limit: int) -> tuple[Local, bytes] | None:
    """A file as (``fstat``, content); None if it is unreadable or larger than ``limit`` bytes."""
    try:
        with _opened(root, path) as (file, local):
            body = file.read(limit + 1) if local.size <= limit else b""
            return (local, body) if len(body) == local.size else None
    except (UnusablePath, OSError):
        return None


def set_time_at(root: int, path: str, local: Local, mtime: int) -> int | None:
    """Set the modification time, in nanoseconds since the epoch, of a file that still matches ``local``.

    Returns the new time, or None if it was not set. It is not flushed: if it is lost, the next run requests the file
    again.
    """
    try:
        with _opened(root, path) as (file, found):
            if found != local or os.fstat(file.fileno()).st_nlink != 1:
                return None
            os.utime(file.fileno(), ns=(mtime, mtime))
            return os.fstat(file.fileno()).st_mtime_ns
    except (UnusablePath, OSError, OverflowError):
        return None


def copy_with_time(layout: Layout, part: str, path: str, local: Local, mtime: int) -> int | None:
    """Replace the file at ``path``, if it still matches ``local``, by a copy with the time ``mtime`` in nanoseconds.

    ``part`` is a new name in DIR/.crawler/parts. The copy is flushed before it is renamed to ``path``. Returns the time
    of the copy, or None if the file was left as it is, for example on another file system. Raises OSError if the whole
    disk fails.
    """
    tree = Tree(layout.root, capacity=1)
    try:
        above, name = split(path)
        plain, directory = encoded(name), tree.directory(above)
        reading = os.open(plain, REOPEN_FLAGS, dir_fd=directory)
        try:
            status = os.fstat(reading)
            if Local(Kind.FILE, status.st_size, status.st_mtime_ns) != local or not stat.S_ISREG(status.st_mode):
                return None
            given = _copied(reading, layout.parts, part, mtime)
            there = lstat(plain, directory)
            if there is None or identity(there) != identity(status):
                return None
            os.rename(part, plain, src_dir_fd=layout.parts, dst_dir_fd=directory)
            os.fsync(directory)
            return given
        finally:
            close_quietly(reading)
    except (UnusablePath, OverflowError):
        return None
    except OSError as error:
        if is_whole(error):
            raise
        return None
    finally:
        tree.close()
        with suppress(OSError):
            os.unlink(part, dir_fd=layout.parts)


def _copied(reading: int, parts: int, part: str, mtime: int) -> int:
    """Copy an open file to ``part`` and return the time that the copy has. Raises OSError, OverflowError."""
    mode = stat.S_IMODE(os.fstat(reading).st_mode)
    writing = os.open(part, _CREATE, 0o600, dir_fd=parts)
    try:
        fill_from(reading, writing)
        with suppress(PermissionError):
            os.fchmod(writing, mode)
        os.utime(writing, ns=(mtime, mtime))
        os.fsync(writing)
        return os.fstat(writing).st_mtime_ns
    finally:
        os.close(writing)


@contextmanager
def _opened(root: int, path: str) -> Iterator[tuple[FileIO, Local]]:
    """Open a regular file and yield it with its status. Raises OSError, UnusablePath."""
    if root < 0:
        raise FileNotFoundError(path)
    tree = Tree(root, capacity=1)
    try:
        directory, name = split(path)
        with FileIO(os.open(encoded(name), REOPEN_FLAGS, dir_fd=tree.directory(directory))) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FileNotFoundError(path)
            yield file, Local(Kind.FILE, status.st_size, status.st_mtime_ns)
    finally:
        tree.close()
