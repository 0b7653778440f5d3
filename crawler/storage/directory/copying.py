"""Copies the content of files that cannot be hard-linked: as reflinks where supported, else byte by byte."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

from crawler.model import limits
from crawler.storage.directory.tree import write_all

_FICLONE = 0x40049409
"""Request of ioctl(2): let a file share the blocks of another until one of them is written (btrfs, XFS, bcachefs)."""


def fill_from(source: int, target: int) -> None:
    """Copy the content of the open file ``source``, from its position, to the empty file ``target``. Raises OSError."""
    for _ in copy_steps(source, target):
        pass


def copy_steps(source: int, target: int) -> Iterator[None]:
    """Copy like ``fill_from``, but yield after every MiB. Raises OSError."""
    if _cloned(source, target):
        return
    while block := os.read(source, limits.MIB):
        write_all(target, block)
        yield


def _cloned(source: int, target: int) -> bool:
    if sys.platform != "linux" or os.lseek(source, 0, os.SEEK_CUR):
        return False
    import fcntl

    with suppress(OSError):  # another file system, or one without reflinks
        fcntl.ioctl(target, _FICLONE, source)
        return True
    return False
