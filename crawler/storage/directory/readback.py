"""Reads regular files of DIR, and changes their times, never through a link."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO

from crawler.model.values import Kind, Local
from crawler.storage.directory.os_errors import UnusablePath
from crawler.storage.directory.tree import REOPEN_FLAGS, Tree, encoded, split


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
