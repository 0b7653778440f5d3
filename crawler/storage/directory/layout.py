"""Descriptors of DIR, DIR/.crawler and DIR/.crawler/parts, to which all other paths are relative, and the lock of DIR.

A run takes the lock before its first request, which may be before there is an event loop.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from crawler.model.errors import DestinationError
from crawler.storage.directory.lock import LOCK_NAME, Lock
from crawler.storage.directory.os_errors import NO_PLACE, destination_error, of_another_kind
from crawler.storage.directory.tree import DIRECTORY_FLAGS, Identity, close_quietly, identity, lstat
from crawler.text import urls

NAMES_MARK = "names"
"""Name of the file in DIR/.crawler that marks a DIR whose names were chosen by --names windows."""
_HOME = urls.STATE_DIRECTORY.encode()
PARTS = b"parts"
"""Name of the directory in DIR/.crawler that holds what is being fetched."""
_STATE = frozenset(f"{urls.STATE_FILE}{suffix}".encode() for suffix in ("", "-wal", "-shm", "-journal"))
_SNAPSHOTS = b"snapshots"
_ATTEMPTS = 3
"""Maximum number of times that other runs may withdraw what they created while it is being opened here."""


class Layout:
    """The descriptors ``root``, ``own`` and ``parts``; -1 while closed.

    ``look`` opens the directories that exist, ``make`` creates the others. Both raise DestinationError.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.root = self.own = self.parts = -1
        self._made_own = False
        self._made: list[Path] = []

    def look(self) -> None:
        """Open DIR if it exists and is not open, following it if it is a link to a directory."""
        if self.root >= 0:
            return
        try:
            self.root = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            if self._directory.is_symlink():
                raise self._error("it is a broken symbolic link: repair it or choose another directory") from None
        except NotADirectoryError:
            raise self._error("it is not a directory: choose another one") from None
        except OSError as error:
            raise destination_error(error, str(self._directory)) from error

    def make(self) -> None:
        """Create and open the directories that are missing."""
        try:
            for _ in range(_ATTEMPTS - 1):
                with suppress(FileNotFoundError):  # another run may have withdrawn the one above
                    self._make()
                    return
                self._close_removed()
            self._make()
        except FileNotFoundError as error:  # directories cannot be created in /proc, for example
            raise self._error(NO_PLACE) from error
        except OSError as error:
            raise destination_error(error, str(self._directory)) from error

    def _make(self) -> None:
        if self.root < 0:
            self._made = _make_directory(self._directory)
            self.look()
        if self.own < 0:
            self._made_own = lstat(_HOME, self.root) is None
            self.own = self._below(self.root, _HOME, ".crawler")
        if self.parts < 0:
            self.parts = self._below(self.own, PARTS, ".crawler/parts")

    def renew(self) -> None:
        """As ``make``, also for directories that another run has withdrawn. Not for the holder of the lock."""
        self._close_removed()
        self.make()

    def is_there(self) -> bool:
        """Whether all three directories are open, and are what their names lead to."""
        return len(list(self._named())) == 3

    def _named(self) -> Iterator[int]:
        """The open directories that are what their names lead to, up to the first that is not."""
        if _is_same(self.root, _status(self._directory)):
            yield self.root
            if _is_same(self.own, lstat(_HOME, self.root)):
                yield self.own
                if _is_same(self.parts, lstat(PARTS, self.own)):
                    yield self.parts

    def _close_removed(self) -> None:
        named = set(self._named())
        for descriptor in {self.root, self.own, self.parts} - named - {-1}:
            close_quietly(descriptor)
        self.root, self.own, self.parts = (
            descriptor if descriptor in named else -1 for descriptor in (self.root, self.own, self.parts)
        )

    def _below(self, parent: int, name: bytes, shown: str) -> int:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
        try:
            return os.open(name, DIRECTORY_FLAGS, dir_fd=parent)
        except OSError as error:
            there = lstat(name, parent) if error.errno in {errno.ENOTDIR, errno.ELOOP} else None
            if there is None:
                raise
            raise self._error(f"{shown} in it {of_another_kind(there.st_mode, 'directory')}") from error

    def withdraw(self, with_state: bool) -> None:
        """Remove what ``make`` created, if DIR/.crawler contains only the lock, no parts, and ``with_state`` the state.

        The caller must hold the lock, and for ``with_state`` have created the state. A directory with any other content
        stays.
        """
        if self._made_own:
            with suppress(OSError):  # not empty
                names = {os.fsencode(name) for name in os.listdir(self.own)}
                state = names & _STATE if with_state else frozenset()
                if names <= {PARTS, LOCK_NAME, *state}:
                    os.rmdir(PARTS, dir_fd=self.own)
                    for name in sorted(names - {PARTS}, reverse=True):  # the lock comes last
                        os.unlink(name, dir_fd=self.own)
                    os.rmdir(_HOME, dir_fd=self.root)
                    for path in self._made:
                        path.rmdir()

    @cached_property
    def lock(self) -> Lock:
        """The lock of DIR."""
        return Lock(self, str(self._directory))

    def has_snapshots(self) -> bool:
        """Whether files in DIR may share their inodes with those of published snapshots."""
        return self.own >= 0 and lstat(_SNAPSHOTS, self.own) is not None

    def free_space(self) -> int:
        """Free bytes on the file system of DIR, or where DIR would be created."""
        if self.root >= 0:
            status = os.fstatvfs(self.root)
        else:
            status = os.statvfs(next(path for path in self._directory.absolute().parents if path.exists()))
        return status.f_bavail * status.f_frsize

    def identity(self) -> Identity:
        """Device and inode of DIR/.crawler."""
        return identity(os.fstat(self.own))

    def folds_case(self) -> bool:
        """True if ``.CRAWLER`` and ``.crawler`` are the same directory."""
        status = lstat(_HOME.upper(), self.root)
        return status is not None and identity(status) == self.identity()

    def close(self) -> None:
        """Release the lock and close all descriptors."""
        if "lock" in vars(self):
            self.lock.release()
        for descriptor in (self.parts, self.own, self.root):
            if descriptor >= 0:
                close_quietly(descriptor)
        self.root = self.own = self.parts = -1

    def _error(self, text: str) -> DestinationError:
        return DestinationError(f"cannot store files in {self._directory}: {text}")


def _status(directory: Path) -> os.stat_result | None:
    """``stat`` of ``directory``; None if it cannot be reached."""
    with suppress(OSError):
        return os.stat(directory)
    return None


def _is_same(descriptor: int, named: os.stat_result | None) -> bool:
    """Whether ``descriptor`` is open, and of the directory ``named``."""
    return descriptor >= 0 and named is not None and os.path.samestat(os.fstat(descriptor), named)


def _make_directory(directory: Path) -> list[Path]:
    """Create a directory and its parents, and return those that were missing, ``directory`` first.

    Their names are flushed: if a power failure removes one, its files are lost.
    """
    missing = [directory, *directory.parents]
    missing = missing[: next((i for i, path in enumerate(missing) if path.exists()), len(missing))]
    directory.mkdir(parents=True, exist_ok=True)
    for path in missing:
        with suppress(OSError):  # an unreadable parent cannot be flushed
            descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                close_quietly(descriptor)
    return missing
