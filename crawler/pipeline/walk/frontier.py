"""The frontier of a walk: the directories that it has found and not read yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from crawler.pipeline.walk.pages import Directory


class Frontier:
    """A stack of directories, shared by at most ``readers`` coroutines. It ends once it is empty and none is reading.

    The walk is depth-first, which keeps the stack short. ``begin`` starts another reader, which must call ``next``; it
    is called only while more directories are waiting than readers.
    """

    def __init__(self, readers: int, begin: Callable[[], object] = lambda: None) -> None:
        self._most, self._begin = readers, begin
        self._readers = 0
        """Number of readers that have been started."""
        self._reading = 0
        """Number of directories that are being read."""
        self._waiting: asyncio.LifoQueue[Directory | None] = asyncio.LifoQueue()

    def add(self, directories: Iterable[Directory]) -> None:
        for directory in directories:
            self._waiting.put_nowait(directory)
        while self._readers < min(self._most, self._reading + self._waiting.qsize()):
            self._readers += 1
            self._begin()

    async def next(self) -> Directory | None:
        """Wait for the next directory; None at the end. ``done`` must be called after each directory."""
        directory = await self._waiting.get()
        self._reading += directory is not None
        return directory

    def put_back(self, directories: Sequence[Directory]) -> None:
        """Return directories that ``next`` or ``more`` have returned, and that have not been read."""
        self._reading -= len(directories)
        self.add(reversed(directories))

    @property
    def waiting(self) -> int:
        """Number of directories that nobody reads yet."""
        return self._waiting.qsize()

    def more(self, most: int, fits: Callable[[Directory], bool]) -> list[Directory]:
        """Take at most ``most`` further directories, up to the first one for which ``fits`` returns False."""
        found = list[Directory]()
        while len(found) < most and not self._waiting.empty():
            directory = self._waiting.get_nowait()
            if directory is None or not fits(directory):
                self._waiting.put_nowait(directory)
                break
            found.append(directory)
        self._reading += len(found)
        return found

    def done(self, directories: int = 1) -> None:
        """Note that ``directories`` have been read, and that their subdirectories have been added."""
        self._reading -= directories
        if not self._reading and self._waiting.empty():
            for _ in range(self._readers):
                self._waiting.put_nowait(None)
