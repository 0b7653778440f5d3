"""The threads that write large bodies."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, ThreadPoolExecutor

from crawler.model import limits
from crawler.storage.executor import usable_processors

_WRITING = 8
"""Threads for calls that take a moment; more would only compete for the same disk."""
_FILLING = 16
"""Maximum number of parts that are filled at once, each by a thread of its own, with a buffer of 1 MiB."""


class PartThreads(ThreadPoolExecutor):
    """Runs calls that take a moment, and lends threads for calls that take as long as a body takes to arrive."""

    def __init__(self) -> None:
        super().__init__(_WRITING, "destination-part")
        self._fillers: list[Executor] = []
        """A thread each."""
        self._idle: list[Executor] = []
        self._processors = usable_processors()
        self._memories = threading.local()

    @property
    def has_idle_processor(self) -> bool:
        """Whether there are more processors than threads that fill parts."""
        return len(self._fillers) - len(self._idle) < self._processors

    @property
    def memory(self) -> memoryview:
        """Memory of BULK_PIECE that belongs to the current thread."""
        memory: memoryview | None = getattr(self._memories, "memory", None)
        if memory is None:
            memory = self._memories.memory = memoryview(bytearray(limits.BULK_PIECE))
        return memory

    def reserve(self) -> Executor | None:
        """A running thread for nothing else until ``free``; None if there are enough, or the system has no more."""
        if self._idle:
            return self._idle.pop()
        if len(self._fillers) == _FILLING:
            return None
        thread = ThreadPoolExecutor(1, "destination-fill")
        try:
            thread.submit(int)  # which starts the thread
        except RuntimeError:
            return None
        self._fillers.append(thread)
        return thread

    def free(self, thread: Executor) -> None:
        """Give back what ``reserve`` returned."""
        self._idle.append(thread)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop all threads; see ``Executor.shutdown``."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        for thread in self._fillers:
            thread.shutdown(wait, cancel_futures=cancel_futures)
