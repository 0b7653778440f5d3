"""What is mounted below DIR, as the kernel tells it.

What is bound in from the same file system (``mount --bind``) has the device number of the folder around it, so
``st_dev`` does not show it; /proc/self/mountinfo does (Linux, proc(5)). Where there is no such file nothing is known
here, and the device numbers are all there is to go by.
"""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock

from crawler.storage.directory.tree import Identity, close_quietly, identity

MOUNTINFO = "/proc/self/mountinfo"
_ESCAPE = re.compile(rb"\\([0-7]{3})")
_DELETED = b"//deleted"
"""What stands behind a mount point whose name was removed: nothing leads there any more."""
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo, as far as it is needed to tell one mount from another."""

    number: int
    device: bytes
    root: bytes
    """What of that file system is mounted."""
    point: bytes
    """Where: an absolute path, or one below DIR."""


def parse(text: bytes) -> list[Mount]:
    """The mounts of a mountinfo file whose mount points still have a name. Lines of another form are passed over."""
    mounts = []
    for line in text.split(b"\n"):
        fields = line.split(b" ", 5)
        if len(fields) > 4 and fields[0].isdigit() and fields[4].startswith(b"/"):
            root, point = (_ESCAPE.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), text) for text in fields[3:5])
            if not point.endswith(_DELETED):
                mounts.append(Mount(int(fields[0]), fields[2], root, point))
    return mounts


def below(mounts: Iterable[Mount], directory: bytes) -> frozenset[Mount]:
    """Those below the absolute path ``directory``, itself apart, with their mount points relative to it."""
    start = directory.rstrip(b"/") + b"/"
    return frozenset(
        replace(mount, point=mount.point.removeprefix(start))
        for mount in mounts
        if mount.point.startswith(start) and mount.point != start
    )


class Mounts:
    """The mount points below one directory. May be used by several threads."""

    def __init__(self, path: str = MOUNTINFO) -> None:
        self._path = path
        self._descriptor = -1
        self._poll = select.poll()
        self._turn = Lock()
        self._first: frozenset[Mount] | None = None
        self._names: dict[Identity, frozenset[bytes]] = {}
        self._moved: tuple[str, ...] = ()

    def refresh(self, root: int) -> None:
        """See what is mounted below the directory open as ``root``, if that may have changed."""
        with self._turn, suppress(OSError):
            if self._first is None:
                self._first = frozenset()
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                self._poll.register(self._descriptor, select.POLLERR | select.POLLPRI)  # how the kernel tells a change
                self._first = self._read(root)
            elif self._descriptor >= 0 and self._poll.poll(0):
                changed = self._first ^ self._read(root)
                self._moved = tuple(sorted({mount.point.decode("utf-8", "surrogateescape") for mount in changed}))

    def names(self, directory: Identity) -> frozenset[bytes]:
        """What is a mount point in a folder, by name."""
        return self._names.get(directory, frozenset())

    def moved(self, path: str) -> str | None:
        """The mount point at or above ``path`` that was mounted or unmounted since the first look, if there is one."""
        return next((point for point in self._moved if path == point or path.startswith(f"{point}/")), None)

    def close(self) -> None:
        with self._turn:
            if self._descriptor >= 0:
                close_quietly(self._descriptor)
                self._descriptor = -1

    def _read(self, root: int) -> frozenset[Mount]:
        """Raises OSError."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        text = b"".join(iter(lambda: os.read(self._descriptor, _BLOCK), b""))
        found = below(parse(text), os.readlink(b"/proc/self/fd/%d" % root))
        names: dict[Identity, set[bytes]] = {}
        for mount in found:
            folder, _, name = mount.point.rpartition(b"/")
            with suppress(OSError):  # hidden by what is mounted above it
                place = identity(os.stat(folder or b".", dir_fd=root, follow_symlinks=False))
                names.setdefault(place, set()).add(name)
        self._names = {place: frozenset(here) for place, here in names.items()}
        return found
