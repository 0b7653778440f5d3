"""The frontier of a walk: the directories that it has found and not read yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from crawler.pipeline.walk.pages import Directory


class Frontier:
    """A stack of directories, shared by ``readers`` coroutines. It ends once it is empty and none of them is reading.

    The walk is depth-first, which keeps the stack short.
    """

    def __init__(self, readers: int) -> None:
        self._readers = readers
        self._waiting: asyncio.LifoQueue[Directory | None] = asyncio.LifoQueue()
        self._open = 0
        """Number of directories that are waiting or being read."""

    @property
    def is_empty(self) -> bool:
        return self._open == 0

    def add(self, directories: Iterable[Directory]) -> None:
        for directory in directories:
            self._open += 1
            self._waiting.put_nowait(directory)

    async def next(self) -> Directory | None:
        """Wait for the next directory; None at the end. ``done`` must be called after each directory."""
        return await self._waiting.get()

    def done(self) -> None:
        """Note that a directory has been read and that its subdirectories have been added."""
        self._open -= 1
        if self._open == 0:
            for _ in range(self._readers):
                self._waiting.put_nowait(None)
