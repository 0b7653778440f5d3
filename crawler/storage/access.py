"""Which of the program's own files this user may not write: an earlier run may have been that of another user."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from crawler.text.escape import printable

_IDS = os.access in os.supports_effective_ids
_MOST = 1000
"""Maximum number of the program's own files that are looked at."""


def unwritable(path: Path) -> str | None:
    """Name ``path`` and its owner, with advice, if it exists and this user may not write it; otherwise None."""
    try:
        status = path.stat()
    except OSError:
        return None
    needed = os.R_OK | os.W_OK | (os.X_OK if stat.S_ISDIR(status.st_mode) else 0)
    if os.access(path, needed, effective_ids=_IDS):
        return None
    shown = printable(str(path))
    if status.st_uid == os.geteuid():
        bits = "u+rwx" if needed & os.X_OK else "u+rw"
        return f"{shown} is not writable (mode {stat.S_IMODE(status.st_mode):04o}): chmod {bits} it"
    return f"{shown} belongs to {_user(status.st_uid)}: chown it to {_user(os.geteuid())}"


def first_unwritable(directory: Path, own: Path) -> str | None:
    """The result of ``unwritable`` for the first of ``directory`` and of all in ``own``, to the second level below."""
    return next((reason for path in islice(_own(directory, own), _MOST) if (reason := unwritable(path))), None)


def mend(path: Path) -> None:
    """Make ``path`` readable and writable if it is a file of this user, whom its mode excludes."""
    with suppress(OSError):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_mode & 0o600 != 0o600:
            path.chmod(stat.S_IMODE(status.st_mode) | 0o600)


def _own(directory: Path, own: Path) -> Iterator[Path]:
    yield directory
    yield own
    for below in (own, *_below(own)):
        yield from _below(below)


def _below(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _user(number: int) -> str:
    """The name of a user, or the number if it has none."""
    try:
        import pwd

        return printable(pwd.getpwuid(number).pw_name)
    except (ImportError, KeyError):
        return f"user {number}"
