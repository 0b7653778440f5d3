"""The directories that a walk has found and not read yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from crawler.pipeline.walk.pages import Directory


class Frontier:
    """A stack of directories, shared by ``readers`` coroutines. It ends once it is empty and nobody reads any more.

    Depth first keeps it short.
    """

    def __init__(self, readers: int) -> None:
        self._readers = readers
        self._waiting: asyncio.LifoQueue[Directory | None] = asyncio.LifoQueue()
        self._open = 0
        """Directories that are waiting or being read."""

    @property
    def is_empty(self) -> bool:
        return self._open == 0

    def add(self, directories: Iterable[Directory]) -> None:
        for directory in directories:
            self._open += 1
            self._waiting.put_nowait(directory)

    async def next(self) -> Directory | None:
        """The directory to read next; None at the end. ``done`` must follow each directory."""
        return await self._waiting.get()

    def done(self) -> None:
        """A directory has been read, and those that it shows have been added."""
        self._open -= 1
        if self._open == 0:
            for _ in range(self._readers):
                self._waiting.put_nowait(None)
