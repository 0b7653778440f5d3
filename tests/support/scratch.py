"""Directories in memory for what tests write: a run flushes some twenty files, and each flush waits for the disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that must be free in memory: twice the largest file of a test, and far more than other tests hold at once."""


def has_room() -> bool:
    """Whether there is a file system in memory in which the tests fit."""
    return os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM


@contextmanager
def directory() -> Iterator[Path]:
    """An empty directory, in memory if the system has one there."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield Path(name)
