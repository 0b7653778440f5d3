"""Which of the program's own files this user may not write: an earlier run may have been that of another user."""

from __future__ import annotations

import os
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from crawler.text.escape import printable

_IDS = os.access in os.supports_effective_ids
_GET_ATTRIBUTES = 0x80006601 | struct.calcsize("l") << 16
"""The constant FS_IOC_GETFLAGS of Linux."""
_FROZEN = {0x10: ("immutable", "i"), 0x20: ("append-only", "a")}
"""Attribute → its name, and its letter for ``chattr``."""
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
    return f"{printable(str(path))} {_obstacle(status.st_mode, status.st_uid, os.geteuid(), _attributes(path))}"


def _obstacle(mode: int, owner: int, user: int, attributes: int) -> str:
    """Why ``user`` may not write a file of ``owner``, and what to do about it."""
    for attribute, (name, letter) in _FROZEN.items():
        if attributes & attribute:
            return f"is {name} (lsattr shows it): chattr -{letter} it"
    if owner != user:
        return f"belongs to {_user(owner)}: chown it to {_user(user)}"
    bits, needed = ("u+rwx", 0o700) if stat.S_ISDIR(mode) else ("u+rw", 0o600)
    if mode & needed == needed:
        return "is not writable, although its owner and mode permit it: is its file system mounted read-only?"
    return f"is not writable (mode {stat.S_IMODE(mode):04o}): chmod {bits} it"


def _attributes(path: Path) -> int:
    """The attributes of a file that ``chattr`` sets; 0 if they cannot be read."""
    flags, found = os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOCTTY", 0), bytearray(8)
    try:
        import fcntl

        descriptor = os.open(path, flags)
        try:
            fcntl.ioctl(descriptor, _GET_ATTRIBUTES, found)
        finally:
            os.close(descriptor)
    except (ImportError, OSError):
        return 0
    return int.from_bytes(found[:4], sys.byteorder)


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
