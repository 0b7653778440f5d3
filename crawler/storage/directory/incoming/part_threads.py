"""The threads that write large bodies."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

_WRITING = 8
"""Threads for calls that take a moment; more would only compete for the same disk."""
_FILLING = 16
"""Maximum number of parts that are filled at once, each by a thread of its own, with a buffer of 1 MiB."""


class PartThreads(ThreadPoolExecutor):
    """Runs calls that take a moment, and beside them calls that take as long as a body takes to arrive."""

    def __init__(self) -> None:
        super().__init__(_WRITING + _FILLING, "destination-part")
        self._filling = 0
        self._processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    @property
    def is_one_idle(self) -> bool:
        """Whether there are more processors than threads that fill parts."""
        return self._filling < self._processors

    def reserve(self) -> bool:
        """Whether there is a thread for filling a part. If so, it is reserved until ``free``."""
        is_free = self._filling < _FILLING
        self._filling += is_free
        return is_free

    def free(self) -> None:
        """Give a reserved thread back."""
        self._filling -= 1
