"""The lock that keeps a second run out of DIR."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.model.errors import AlreadyRunning, DestinationError
from crawler.storage.directory.os_errors import NOT_OFFERED, destination_error, of_another_kind
from crawler.storage.directory.tree import close_quietly, lstat
from crawler.text.patterns import pattern

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from typing import Protocol

    class Home(Protocol):
        """DIR/.crawler. A run that got nothing removes what it created, while another one may be waiting there."""

        own: int
        """Its descriptor."""

        def renew(self) -> None:
            """Create and open it again if it is no longer there. Raises DestinationError."""

        def is_there(self) -> bool:
            """Whether it, and what it needs, are still what their names lead to."""


try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK_NAME = b"lock"
_NO_LOCKS = NOT_OFFERED | {errno.ENOLCK}
_NEW = b"lock.new"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OWNER = pattern(rb"pid (\d{1,10}) since ([0-9TZ:-]{1,32})\n")
_ATTEMPTS = 3
"""Maximum number of times that the file, or its directory, may be removed or replaced while it is being locked."""
POLL_SECONDS = 0.1
"""Pause between two attempts, in seconds; a thread blocked in flock could not be cancelled."""


def is_held(home: Path) -> bool:
    """True if a run holds the lock in ``home``, the ``.crawler`` of a directory. False if that cannot be determined.

    This takes the lock for an instant, shared, so that two processes that check at the same time do not conflict.
    """
    if fcntl is None:
        return False
    try:
        descriptor = os.open(home / os.fsdecode(LOCK_NAME), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        close_quietly(descriptor)
    return False


class Lock:
    """``DIR/.crawler/lock``, held by flock: the system releases it when the process ends, however it ends.

    The file is opened relative to DIR/.crawler with O_NOFOLLOW. The filelock package opens by path, so a link planted
    in DIR could make it truncate any file.
    """

    def __init__(self, home: Home, directory: str) -> None:
        """``directory``: DIR in messages."""
        self._home = home
        self._where = directory
        self._descriptor = -1

    async def acquire(self, wait: float, executor: Executor) -> None:
        """Take the lock unless it is held already, waiting up to ``wait`` seconds.

        ``executor`` must have a single thread, which must also call ``release``, so that a cancelled attempt has
        finished by then. Raises AlreadyRunning, DestinationError.
        """
        import asyncio  # ``take`` is called before there is an event loop

        loop, until = asyncio.get_running_loop(), time.monotonic() + wait
        while not await loop.run_in_executor(executor, self.take):
            left = until - time.monotonic()
            if left <= 0:
                raise AlreadyRunning(await loop.run_in_executor(executor, self._refusal))
            await asyncio.sleep(min(POLL_SECONDS, left))

    def take(self) -> bool:
        """Try once to take the lock. False if another process holds it. Raises DestinationError."""
        if fcntl is None:
            raise DestinationError(f"cannot lock {self._where}: this system has no flock")
        if self._descriptor >= 0:
            return True
        try:
            return any(self._open_and_hold() for _ in range(_ATTEMPTS))
        except OSError as error:
            raise destination_error(error, self._where) from error

    def _open_and_hold(self) -> bool:
        self._home.renew()
        try:
            descriptor = os.open(LOCK_NAME, _FLAGS, 0o666, dir_fd=self._home.own)
        except OSError:
            if not self._home.is_there():
                return False
            if (there := lstat(LOCK_NAME, self._home.own)) is not None:
                self._check_kind(there.st_mode)
            raise
        try:
            if self._hold(descriptor):
                self._descriptor, descriptor = descriptor, -1
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno in _NO_LOCKS:
                raise DestinationError(
                    f"cannot lock {self._where}/.crawler/lock: this file system has no locks "
                    f"({os.strerror(error.errno).lower()}): use --lock none, and make sure that runs never overlap"
                ) from error
            raise
        finally:
            if descriptor >= 0:
                close_quietly(descriptor)
        return self._descriptor >= 0

    def _hold(self, descriptor: int) -> bool:
        status = os.fstat(descriptor)
        self._check_kind(status.st_mode)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not (self._is_named(descriptor) and self._home.is_there()):
            return False
        if status.st_nlink > 1:  # shared with a hard-linked snapshot, or planted
            self._replace()
            return False
        owner = f"pid {os.getpid()} since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, owner.encode(), 0)
        return True

    def _check_kind(self, mode: int) -> None:
        """Raise DestinationError unless ``mode`` is that of a file."""
        if not stat.S_ISREG(mode):
            raise DestinationError(f"cannot lock {self._where}: its .crawler/lock {of_another_kind(mode, 'file')}")

    def _replace(self) -> None:
        """Replace the shared lock file, while holding it, with a new one for the next attempt."""
        with suppress(FileNotFoundError):
            os.unlink(_NEW, dir_fd=self._home.own)
        close_quietly(os.open(_NEW, _FLAGS | os.O_EXCL, 0o666, dir_fd=self._home.own))
        os.rename(_NEW, LOCK_NAME, src_dir_fd=self._home.own, dst_dir_fd=self._home.own)

    def _is_named(self, descriptor: int) -> bool:
        """False if the file was removed between opening and locking it."""
        try:
            named = os.stat(LOCK_NAME, dir_fd=self._home.own, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(descriptor))

    def _refusal(self) -> str:
        owner, left = "", list[int]()
        try:
            descriptor = os.open(LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._home.own)
            try:
                found = _OWNER.fullmatch(os.pread(descriptor, 100, 0))
                if found:
                    from crawler.storage.processes import holders_of_lock, is_stopped  # imported only if needed

                    left = _left_behind(int(found[1]), holders_of_lock(descriptor), is_stopped)
            finally:
                close_quietly(descriptor)
            if found:
                owner = f" (pid {found[1].decode()}, since {found[2].decode()})"
        except OSError:
            pass  # the message also makes sense without the owner
        if left:
            numbers = " ".join(map(str, left))
            return f"a stopped process of a run that was killed holds {self._where}: end it with kill -9 {numbers}"
        return f"another run{owner} holds {self._where}: let it finish, or wait for it with --lock-wait"

    def release(self) -> None:
        """Release the lock if it is held."""
        if self._descriptor >= 0:
            close_quietly(self._descriptor)
            self._descriptor = -1


def _left_behind(owner: int, holders: Sequence[int], is_stopped: Callable[[int], bool]) -> list[int]:
    """The ``holders`` of a lock if they are what is left of a run with the number ``owner``; otherwise none.

    A child process has copies of all descriptors until it executes its program. One that is stopped just then, while
    the run is killed, keeps the lock until it continues.
    """
    return list(holders) if owner not in holders and all(map(is_stopped, holders)) else []
