"""Mount points below DIR, from /proc/self/mountinfo (Linux, proc(5)).

A bind mount of the same file system has the device number of the directory around it, so ``st_dev`` does not reveal it;
mountinfo does. On systems without that file only device numbers are compared.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterable
from contextlib import suppress
from threading import Lock

from crawler.model.struct import Value, replace
from crawler.storage.directory.tree import Identity, close_quietly, identity
from crawler.text.patterns import pattern

MOUNTINFO = "/proc/self/mountinfo"
_ESCAPE = pattern(rb"\\([0-7]{3})")
_DELETED = b"//deleted"
"""Suffix of a mount point whose directory was removed."""
_BLOCK = 1 << 16


class Mount(Value, frozen=True):
    """The fields of one mountinfo line that identify a mount."""

    number: int
    device: bytes
    root: bytes
    """The directory of the mounted file system that appears at the mount point."""
    point: bytes
    """The mount point: an absolute path, or a path relative to DIR."""


def parse(text: bytes) -> list[Mount]:
    """The mounts of a mountinfo file whose mount points still exist. Other lines are ignored."""
    mounts = []
    for line in text.split(b"\n"):
        fields = line.split(b" ", 5)
        if len(fields) > 4 and fields[0].isdigit() and fields[4].startswith(b"/"):
            root, point = (_ESCAPE.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), text) for text in fields[3:5])
            if not point.endswith(_DELETED):
                mounts.append(Mount(int(fields[0]), fields[2], root, point))
    return mounts


def below(mounts: Iterable[Mount], directory: bytes) -> frozenset[Mount]:
    """The mounts below the absolute path ``directory``, excluding itself, with relative mount points."""
    start = directory.rstrip(b"/") + b"/"
    return frozenset(
        replace(mount, point=mount.point.removeprefix(start))
        for mount in mounts
        if mount.point.startswith(start) and mount.point != start
    )


class Mounts:
    """The mount points below one directory. Thread-safe."""

    def __init__(self, path: str = MOUNTINFO) -> None:
        self._path = path
        self._descriptor = -1
        self._poll = select.poll()
        self._turn = Lock()
        self._first: frozenset[Mount] | None = None
        self._names: dict[Identity, frozenset[bytes]] = {}
        self._moved: tuple[str, ...] = ()
        self._last: frozenset[Mount] = frozenset()

    def refresh(self, root: int) -> None:
        """Reread the mounts below the directory open as ``root``, if they may have changed."""
        with self._turn, suppress(OSError):
            if self._first is None:
                self._first = frozenset()
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                self._poll.register(self._descriptor, select.POLLERR | select.POLLPRI)  # these events signal changes
                self._first = self._read(root)
            elif self._descriptor >= 0 and self._poll.poll(0):
                changed = self._first ^ self._read(root)
                self._moved = tuple(sorted({mount.point.decode("utf-8", "surrogateescape") for mount in changed}))

    def names(self, directory: Identity) -> frozenset[bytes]:
        """Names of the mount points in a directory."""
        return self._names.get(directory, frozenset())

    def points(self) -> list[str]:
        """The paths of all mount points below DIR."""
        return sorted({mount.point.decode("utf-8", "surrogateescape") for mount in self._last})

    def moved(self, path: str) -> str | None:
        """The mount point at or above ``path`` that was mounted or unmounted since the first ``refresh``, or None."""
        return next((point for point in self._moved if path == point or path.startswith(f"{point}/")), None)

    def close(self) -> None:
        with self._turn:
            if self._descriptor >= 0:
                close_quietly(self._descriptor)
                self._descriptor = -1

    def _read(self, root: int) -> frozenset[Mount]:
        """The mounts below the directory open as ``root``. Raises OSError."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        text = b"".join(iter(lambda: os.read(self._descriptor, _BLOCK), b""))
        found = below(parse(text), os.readlink(b"/proc/self/fd/%d" % root))
        names: dict[Identity, set[bytes]] = {}
        for mount in found:
            directory, _, name = mount.point.rpartition(b"/")
            with suppress(OSError):  # hidden by another mount
                place = identity(os.stat(directory or b".", dir_fd=root, follow_symlinks=False))
                names.setdefault(place, set()).add(name)
        self._last = found
        self._names = {place: frozenset(here) for place, here in names.items()}
        return found
