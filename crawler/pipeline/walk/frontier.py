"""The frontier of a walk: the directories that it has found and not read yet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from crawler.pipeline.walk.pages import Directory


class Frontier:
    """A stack of directories, shared by at most ``readers`` coroutines. It ends once it is empty and none is reading.

    The walk is depth-first, which keeps the stack short. ``begin`` starts another reader, which must call ``next``; it
    is called only while more directories are waiting than readers. Readers are cancelled together, if at all.
    """

    def __init__(self, readers: int, begin: Callable[[], object] = lambda: None) -> None:
        self._most, self._begin = readers, begin
        self._readers = 0
        """Number of readers that have been started."""
        self._reading = 0
        """Number of directories that are being read."""
        self._stack: list[Directory] = []
        self._is_over = False
        self._idle = deque[asyncio.Future[None]]()
        """The readers that wait for a directory."""

    def add(self, directories: Iterable[Directory]) -> None:
        before = len(self._stack)
        self._stack += directories
        self._wake(len(self._stack) - before)
        while self._readers < min(self._most, self._reading + len(self._stack)):
            self._readers += 1
            self._begin()

    async def next(self) -> Directory | None:
        """Wait for the next directory; None at the end. ``done`` must be called after each directory."""
        while not self._stack:
            if self._is_over:
                return None
            self._idle.append(asyncio.get_running_loop().create_future())
            await self._idle[-1]
        self._reading += 1
        return self._stack.pop()

    def put_back(self, directories: Sequence[Directory]) -> None:
        """Return directories that ``next`` or ``more`` have returned, and that have not been read."""
        self._reading -= len(directories)
        self.add(reversed(directories))

    @property
    def waiting(self) -> int:
        """Number of directories that nobody reads yet."""
        return len(self._stack)

    def more(self, most: int, fits: Callable[[Directory], bool]) -> list[Directory]:
        """Take at most ``most`` further directories, up to the first one for which ``fits`` returns False."""
        found = list[Directory]()
        while len(found) < most and self._stack and fits(self._stack[-1]):
            found.append(self._stack.pop())
        self._reading += len(found)
        return found

    def done(self, directories: int = 1) -> None:
        """Note that ``directories`` have been read, and that their subdirectories have been added."""
        self._reading -= directories
        if not self._reading and not self._stack:
            self._is_over = True
            self._wake(len(self._idle))

    def _wake(self, readers: int) -> None:
        while readers and self._idle:
            waiting = self._idle.popleft()
            if not waiting.done():
                waiting.set_result(None)
                readers -= 1
