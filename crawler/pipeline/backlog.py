"""The bounded queue between the producer and the workers: a worker may take several jobs that fit together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from crawler.model.values import Job, Result, Staged

Finish = Callable[[Result | Staged], Awaitable[None]]

_LOOKED_AT = 4
"""Jobs that may be passed over in search of one that fits."""
_SKIPPED = 64
"""Most jobs for which no search is made after searches that found nothing."""


class Batch(Protocol):
    """Jobs that are done together."""

    room: int
    """Maximum number of jobs in the batch."""

    def add(self, job: Job) -> bool:
        """Add ``job`` if it may be done together with the others."""
        ...

    async def process(self, finish: Finish) -> None:
        """Do all jobs, and pass each result to ``finish``."""


class Backlog(asyncio.Queue["Job | None"]):
    """A bounded queue; None ends a worker."""

    def __init__(self, maxsize: int) -> None:
        self._queue = deque[Job | None]()
        self._at = 0
        """Index in the queue of the job that is taken next."""
        self._idle = 0
        """Workers that wait for a job."""
        self._vain = self._skip = 0
        """Jobs to skip after the last search that found nothing, and those of them to come."""
        super().__init__(maxsize)

    def _init(self, maxsize: int) -> None:
        """Called by ``Queue``, whose jobs are in ``_queue`` already."""

    def qsize(self) -> int:
        return len(self._queue)

    def _put(self, item: Job | None) -> None:
        self._queue.append(item)

    def _get(self) -> Job | None:
        at, self._at = self._at, 0
        job = self._queue[at]
        del self._queue[at]
        return job

    async def get(self) -> Job | None:
        """The next job, or None."""
        self._idle += 1
        try:
            return await super().get()
        finally:
            self._idle -= 1

    def fill(self, batch: Batch) -> bool:
        """Move waiting jobs that fit to ``batch``, which has one: its fair share of them. False if none fits."""
        if self._skip:
            self._skip -= 1
            return False
        most = min(batch.room, -(-(len(self._queue) + 1) // (self._idle + 1)))
        found, at = 1, 0
        while found < most and at < min(len(self._queue), _LOOKED_AT):
            job = self._queue[at]
            if job is not None and batch.add(job):
                self._at = at
                self.get_nowait()
                found += 1
            else:
                at += 1
        if found == 1 and at:
            self._vain = self._skip = min(2 * self._vain + 1, _SKIPPED)
            return False
        self._vain = 0
        return found > 1
