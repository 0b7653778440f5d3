"""Atomic replacement of output files, so that readers never see a partial file."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

from crawler.model.errors import ConfigError


def check_target(option: str, path: str, *, is_appended: bool = False) -> None:
    """Raise ConfigError if the file of ``option`` cannot be created at ``path`` at the end of the run.

    ``is_appended``: the file is not replaced, so it must be writable if it exists, and not its directory.
    """
    target = Path(path).resolve()
    if target.is_dir():
        raise ConfigError(f"{option} {path}: is a directory: name a file in it")
    if _is_special(target):
        return
    if not target.parent.is_dir():
        raise ConfigError(f"{option} {path}: no directory {target.parent}: create it first")
    if is_appended and target.exists():
        if not os.access(target, os.W_OK):
            raise ConfigError(f"{option} {path}: no permission to write it")
        return
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{option} {path}: no permission to create files in {target.parent}")


def _is_special(path: Path) -> bool:
    """Whether ``path`` is a device, a pipe or the like, which is written to instead of being replaced."""
    return path.exists() and not path.is_file()


def replace_file(path: str, source: IO[bytes]) -> None:
    """Replace the content of ``path`` atomically, following links and keeping its mode. Raises OSError."""
    if _is_special(Path(path)):
        with Path(path).open("wb") as stream:
            shutil.copyfileobj(source, stream)
        return
    target = Path(path).resolve()
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
