"""Whether a run could store files in DIR, as far as that can be known without creating any: for ``--dry-run``."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from crawler.paths import is_of_kernel
from crawler.storage.directory.layout import PARTS
from crawler.storage.directory.lock import LOCK_NAME
from crawler.storage.directory.os_errors import destination_error, item_reason
from crawler.text.urls import STATE_DIRECTORY

_CREATE = os.W_OK | os.X_OK
_IDS = os.access in os.supports_effective_ids


class Permissions:
    """What this user may write in ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own = directory / STATE_DIRECTORY
        self._parts = self._own / os.fsdecode(PARTS)
        self._known = dict[Path, int]()
        """Directory → ``errno`` of creating something there, 0 if that is possible."""

    def check(self, *, locks: bool = True) -> None:
        """Raise the DestinationError with which a run would end before its first request.

        ``locks``: the run takes the lock.
        """
        if is_of_kernel(self._directory):
            self._refuse(errno.ENOSYS)
        if not self._own.is_dir():
            self._refuse(self._creating(_existing(self._directory)))
            return
        lock = self._own / os.fsdecode(LOCK_NAME)
        if not self._parts.exists() or (locks and not lock.exists()):
            self._refuse(self._creating(self._own))
        if locks and lock.exists():
            self._refuse(_problem(lock, os.W_OK))

    def reason(self, directory: str) -> str:
        """Why new versions of files in ``directory``, relative to DIR, could not be stored; "" if they could.

        Raises DestinationError if no file could be.
        """
        if self._parts.is_dir():
            self._refuse(self._creating(self._parts))
        number = self._creating(_existing(self._directory / directory))
        return item_reason(OSError(number, "")) if number else ""

    def _creating(self, directory: Path) -> int:
        if directory not in self._known:
            self._known[directory] = _problem(directory, _CREATE)
        return self._known[directory]

    def _refuse(self, number: int) -> None:
        if number:
            raise destination_error(OSError(number, ""), str(self._directory))


def _existing(path: Path) -> Path:
    """``path`` if it exists, or the directory above it that does."""
    return next(each for each in (path, *path.absolute().parents) if os.path.exists(each))


def _problem(path: Path, mode: int) -> int:
    """The ``errno`` with which the system would refuse ``mode``; 0 if it would not. A link or a file is no obstacle."""
    try:
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            return errno.EROFS
    except OSError as error:
        return error.errno or 0
    is_obstacle = not path.is_dir() and mode == _CREATE
    return 0 if is_obstacle or os.access(path, mode, effective_ids=_IDS) else errno.EACCES
