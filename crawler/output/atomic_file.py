"""Atomic replacement of output files, so that readers never see a partial file."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from crawler.model.errors import ConfigError
from crawler.paths import GivenPath, exists, is_special, real_path
from crawler.text.escape import printable


def check_target(option: str, path: str, *, is_appended: bool = False, made: str = "") -> None:
    """Raise ConfigError if the file of ``option`` cannot be created at ``path`` at the end of the run.

    ``is_appended``: the file is not replaced, so it must be writable if it exists, and not its directory. ``made``: a
    directory that the run creates if it does not exist.
    """
    given, parent, shown = GivenPath(option, path), real_path(path).parent, f"{option} {printable(path)}"
    if path.lower().startswith(("http://", "https://")):
        raise ConfigError(f"{shown}: a URL: name a file on this machine")
    if given.is_directory():
        raise ConfigError(f"{shown}: is a directory: name a file in it")
    given.refuse_unwritable_kind()
    if given.is_special():
        return
    if made and parent == real_path(made) and not exists(parent):
        return
    if not GivenPath(option, str(parent)).is_directory():
        where = printable(str(parent))
        raise ConfigError(
            f"{shown}: {where} is a file" if exists(parent) else f"{shown}: no directory {where}: create it first"
        )
    if is_appended and given.is_regular():
        if not os.access(path, os.W_OK):
            raise ConfigError(f"{shown}: no permission to write it")
        return
    if os.statvfs(parent).f_flag & os.ST_RDONLY:
        raise ConfigError(f"{shown}: the file system of {printable(str(parent))} is read-only")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{shown}: no permission to create files in {printable(str(parent))}")
    if _is_of_another_user(path, parent):
        raise ConfigError(f"{shown}: another user's file, and the sticky bit of its directory protects it")


def _is_of_another_user(path: str, parent: Path) -> bool:
    """Whether only the owner of the file, or that of its directory, may replace it."""
    above, user = parent.stat(), os.geteuid()
    if not above.st_mode & stat.S_ISVTX or user in {0, above.st_uid}:
        return False
    with suppress(FileNotFoundError):
        return real_path(path).lstat().st_uid != user
    return False


def create_place(path: str, directories: Iterable[str]) -> None:
    """Create the directory of a file, if it is one of ``directories``, the DIRs of runs, which may not exist yet."""
    parent = real_path(path).parent
    if not exists(parent) and parent in map(real_path, directories):
        with suppress(OSError):  # writing the file will fail
            parent.mkdir(parents=True, exist_ok=True)


def opened_for_writing(path: str) -> int:
    """A descriptor of a pipe or device. Raises OSError, also for a pipe that nobody reads, instead of waiting."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO and Path(path).is_fifo():
            raise OSError(errno.ENXIO, "nobody reads this pipe") from None
        raise
    os.set_blocking(descriptor, True)
    return descriptor


def replace_file(path: str, source: IO[bytes]) -> None:
    """Replace the content of ``path`` atomically, following links and keeping its mode. Raises OSError."""
    if is_special(path):  # written to instead of being replaced
        descriptor = opened_for_writing(path)
        with os.fdopen(descriptor, "wb") as stream:
            shutil.copyfileobj(source, stream)
        return
    target = real_path(path)
    temporary = target.with_name(f".crawler-{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)  # left by a killed process with the same pid
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with suppress(FileNotFoundError):
                os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
            shutil.copyfileobj(source, stream)
            stream.flush()
            with suppress(OSError):  # not supported everywhere; after a power cut the next run writes it again
                os.fsync(descriptor)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
