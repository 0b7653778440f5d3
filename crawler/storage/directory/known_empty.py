"""Directories that are known to be empty and need no scan."""

from __future__ import annotations

from collections.abc import Iterator

_MOST = 50_000
"""Maximum number of directories remembered; the others are scanned, which costs time but no memory."""


class KnownEmpty:
    """Tracks directories that were empty when scanned and have not been written to since.

    In a first run these are all directories, and scanning each would take a tenth of the time.
    """

    def __init__(self) -> None:
        self._empty: set[str] = set()
        self._filled: set[str] = set()
        self.fills = 0
        """Number of calls of ``fill``."""

    def covers(self, directory: str) -> bool:
        """True if ``directory`` must be empty or absent."""
        empty = self._empty
        if not empty or directory in self._filled:
            return False
        return "" in empty or any(up in empty for up in _upwards(directory))

    def found_empty(self, directory: str) -> None:
        """Record that a scan found ``directory`` empty or absent."""
        self._empty.add(directory)

    def fill(self, directory: str) -> None:
        """Record that something is about to be created in ``directory``."""
        self.fills += 1
        if not self._empty or directory in self._filled:
            return
        self._filled.update(_upwards(directory))
        if len(self._filled) > _MOST:
            self._empty.clear()
            self._filled.clear()


def _upwards(directory: str) -> Iterator[str]:
    """The directory, its parents and DIR: ``a/b`` → ``a/b``, ``a``, ""."""
    yield directory
    while directory:
        directory = directory.rpartition("/")[0]
        yield directory
