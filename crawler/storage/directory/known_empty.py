"""Which folders can hold nothing, so that nobody need look."""

from __future__ import annotations

from collections.abc import Iterator

_MOST = 50_000
"""Folders that are remembered; beyond it every folder is looked at again, which costs time but no memory."""


class KnownEmpty:
    """What lies below a folder that was empty, and was not put there by us, does not exist.

    In a first run that is all of DIR: a look for each folder, by a thread, would be a tenth of the time of a tree.
    """

    def __init__(self) -> None:
        self._empty: set[str] = set()
        self._filled: set[str] = set()
        self.fills = 0
        """How often something was put somewhere."""

    def covers(self, folder: str) -> bool:
        """True if nothing can be in it."""
        return bool(self._empty) and folder not in self._filled and any(up in self._empty for up in _upwards(folder))

    def found_empty(self, folder: str) -> None:
        """We looked, and nothing was there, or it was not there itself."""
        self._empty.add(folder)

    def fill(self, folder: str) -> None:
        """Something is about to be put there."""
        self.fills += 1
        if not self._empty or folder in self._filled:
            return
        self._filled.update(_upwards(folder))
        if len(self._filled) > _MOST:
            self._empty.clear()
            self._filled.clear()


def _upwards(folder: str) -> Iterator[str]:
    """``a/b`` → ``a/b``, ``a``, and the empty path of DIR."""
    yield folder
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder
