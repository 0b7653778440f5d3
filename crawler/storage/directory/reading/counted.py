"""Looks at plain directories: counts the copies and adds up their digests, which is all that an unchanged directory of
files needs, or lists what is there.

``Scan`` has the rules of directories, and is the only one who knows what is unusual: links, other mirrors, leftovers,
names that are not ASCII or have several spellings. Whatever may be unusual has no result here and is left to it.
"""

from __future__ import annotations

import os

from crawler.model.versions.hashing import blake2b

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeVar

    T = TypeVar("T")
    Counted = tuple[int, int]
    """Number of files in a directory, and the sum of their ``copy_digest``, not reduced."""
    Item = tuple[str, bool, int, int]
    """Name, whether it is a directory, size, modification time in nanoseconds."""
    Items = tuple[tuple[int, int], list[Item]]
    """Device and inode of a directory, and what is in it."""

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWN = ".crawler"
"""The directory of the state in DIR or in another mirror, and the beginning of the names of leftovers."""
_NO_NAMES = frozenset({"", ".", "..", _OWN})
_FORMAT, _REGULAR, _DIRECTORY = 0o170000, 0o100000, 0o040000
"""Those bits of a mode that say what something is, and their values for a regular file and for a directory."""
_ITEMS = 500
"""Maximum number of items that are listed."""


def counted(root: int, paths: Iterable[str]) -> Iterator[Counted | None]:
    """What each of the directories ``paths`` below the open directory ``root`` holds; None: use ``Scan``.

    Directories are opened anew for each call, and without following links.
    """
    return _each(root, paths, _sum)


def listed(root: int, paths: Iterable[str]) -> Iterator[Items | None]:
    """What is in each of the directories ``paths``, if that is only files and directories; None: use ``Scan``."""
    return _each(root, paths, _items)


def _each(root: int, paths: Iterable[str], look: Callable[[int, list[str]], T | None]) -> Iterator[T | None]:
    """The result of ``look`` for (the open directory, the names in it) of each of ``paths``, or None."""
    way = _Way(root)
    try:
        for path in paths:
            try:
                found = _looked(way, path, look)
            except OSError:
                found = None
            yield found
    finally:
        way.leave(0)


class _Way:
    """The open directories between ``root`` and the one that was counted last, of which the next may need some."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._names: list[str] = []
        self._open: list[int] = []

    def enter(self, names: Sequence[str]) -> int | None:
        """The descriptor of the directory whose path has these segments; None if it is part of another mirror.

        It stays open until it is left. Raises OSError.
        """
        common, here = 0, self._root
        for known, name, descriptor in zip(self._names, names, self._open, strict=False):
            if known != name:
                break
            common, here = common + 1, descriptor
        self.leave(common)
        for name in names[common:]:
            found = opened(name, here)
            if found is None:
                return None
            self._names.append(name)
            self._open.append(found)
            here = found
            if _exists(_OWN, here):
                self.leave(len(self._open) - 1)
                return None
        return here

    def leave(self, keep: int) -> None:
        """Close all directories but the first ``keep``."""
        while len(self._open) > keep:
            os.close(self._open.pop())
            self._names.pop()


def _looked(way: _Way, path: str, look: Callable[[int, list[str]], T | None]) -> T | None:
    *above, name = path.split("/")
    if not path.isascii() or "\0" in path or (path and not _NO_NAMES.isdisjoint((*above, name))):
        return None
    parent = way.enter(above)
    if parent is None:
        return None
    directory = opened(name, parent) if path else os.open(".", _OPEN, dir_fd=parent)
    if directory is None:
        return None
    try:
        names = os.listdir(directory)
        if not path and _OWN in names:
            names.remove(_OWN)
        return look(directory, names) if _are_plain(names) else None
    finally:
        os.close(directory)


def opened(name: str, parent: int) -> int | None:
    """The descriptor of the directory ``name`` in an open one; None if another spelling leads to it. Raises OSError."""
    descriptor = os.open(name, _OPEN, dir_fd=parent)
    other = name.swapcase()
    if other != name and _exists(other, parent):
        try:
            if os.path.samestat(os.stat(other, dir_fd=parent, follow_symlinks=False), os.fstat(descriptor)):
                os.close(descriptor)
                return None
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def _exists(name: str, directory: int) -> bool:
    """Whether there is ``name`` in an open directory. Raises OSError if that cannot be found out."""
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _sum(directory: int, names: list[str]) -> Counted | None:
    """What an open directory with these ``names`` holds; None unless these are regular files. Raises OSError."""
    total, stat, digest, number = 0, os.stat, blake2b, int.from_bytes
    for name in names:
        status = stat(name, dir_fd=directory, follow_symlinks=False)
        if status.st_mode & _FORMAT != _REGULAR:
            return None
        text = f"{name}\0{status.st_size}\0{status.st_mtime_ns}".encode()  # as in ``copy_digest``
        total += number(digest(text, digest_size=16).digest(), "big")
    return len(names), total


def _items(directory: int, names: list[str]) -> Items | None:
    """What is in an open directory; None unless it is little, and only files and directories of this mirror."""
    if not 0 < len(names) <= _ITEMS:
        return None
    here = os.fstat(directory)
    found: list[Item] = []
    for name in names:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        kind = status.st_mode & _FORMAT
        is_directory = kind == _DIRECTORY
        if is_directory and (status.st_dev != here.st_dev or _exists(f"{name}/{_OWN}", directory)):
            return None
        if not is_directory and kind != _REGULAR:
            return None
        found.append((name, is_directory, status.st_size, status.st_mtime_ns))
    return (here.st_dev, here.st_ino), found


def _are_plain(names: Sequence[str]) -> bool:
    """Whether none may be that of a state directory, which file systems may know by several names, or of a leftover."""
    together = "/".join(("", *names))
    return together.isascii() and ("/." not in together or f"/{_OWN}" not in together.lower())
