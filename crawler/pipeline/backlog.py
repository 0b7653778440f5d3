"""The bounded queue between the producer and the workers. A worker may take several jobs that fit together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from math import inf
from typing import Protocol

from crawler.model import limits
from crawler.model.columns.new_files import NewFiles
from crawler.model.values import Job, Result, Staged


class Finish(Protocol):
    """Passes on the outcomes of jobs."""

    async def __call__(self, *done: Result | Staged | NewFiles) -> None: ...


PutBack = Callable[[Sequence[Job]], None]

_LOOKED_AT = 4
"""Maximum number of jobs that a search passes over while it looks for jobs that fit."""
_TURNS = 3
"""Number of turns of the event loop until a lister that has been woken has asked for a connection."""
_SKIPPED = 64
"""Maximum number of calls of ``fill`` that return at once after searches that found nothing."""


def most_bytes(size: int, seconds: float, most: float = inf) -> int:
    """Maximum total size of the next bodies, up to ``most``, if the last ones, ``size`` bytes, took ``seconds``.

    Those of a slow server would hold up what follows, while other connections may have nothing left to do.
    """
    expected = size * limits.TOGETHER_SECONDS / max(seconds, 1e-9)
    return int(min(max(expected, limits.SMALL_BODY), most))


class Batch(Protocol):
    """Jobs that are done together by one worker."""

    room: int
    """Maximum number of jobs in the batch."""

    def add(self, job: Job) -> bool:
        """Add ``job`` if it may be done together with the others. Returns whether it was added."""
        ...

    def add_first(self, jobs: Iterable[Job | None]) -> int:
        """``add`` the first of ``jobs``, as long as they fit. Returns how many; there may be more that fit."""
        return 0

    is_rest: bool
    """Whether its first job is one that another batch has put back."""

    is_undecided: bool
    """Whether jobs that did not fit may fit later, into a batch like this one."""

    async def process(self, finish: Finish, put_back: PutBack) -> None:
        """Do the jobs, and pass each result to ``finish``; pass those that another batch has to do to ``put_back``."""


class Backlog(asyncio.Queue["Job | None"]):
    """A bounded queue of jobs. A worker that receives None ends."""

    def __init__(self, maxsize: int) -> None:
        self._queue = deque[Job | None]()
        self._idle = 0
        """Number of workers that wait for a job."""
        self._pause = 0
        """Number of calls of ``fill`` to skip after the last search; grows with each search that finds nothing."""
        self._skip = 0
        """Number of calls of ``fill`` that are still to be skipped."""
        super().__init__(maxsize)

    def _init(self, maxsize: int) -> None:
        """Overrides the method of ``Queue`` that creates its container, because ``_queue`` exists already."""

    def qsize(self) -> int:
        return len(self._queue)

    def _put(self, item: Job | None) -> None:
        self._queue.append(item)

    def _get(self) -> Job | None:
        return self._queue.popleft()

    async def put(self, *items: Job | None) -> None:
        """Add ``items``; waits while the queue is full."""
        if len(self._queue) + len(items) <= self.maxsize and not self._idle:  # nobody to wake
            self._queue.extend(items)
            return
        for item in items:
            if len(self._queue) >= self.maxsize:
                await super().put(item)
            elif self._idle:
                self.put_nowait(item)
            else:  # nobody to wake
                self._queue.append(item)

    def put_back(self, jobs: Sequence[Job]) -> None:
        """Add ``jobs``, which were taken from the queue, as the next ones. Does not wait, even if the queue is full."""
        self._queue.extendleft(reversed(jobs))
        for _ in jobs:
            self._wakeup_next(self._getters)  # type: ignore[attr-defined]

    async def get(self) -> Job | None:
        """Wait for the next job. None means that the worker must end.

        A worker that was idle leaves the first connections to the listers, which the page of its job wakes, too: what
        their pages show can then be requested as soon as the files of this one have arrived.
        """
        if self._queue:
            return self.get_nowait()
        self._idle += 1
        try:
            job = await super().get()
        finally:
            self._idle -= 1
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        return job

    def fill(self, batch: Batch) -> bool:
        """Move waiting jobs that fit to ``batch``, at most one worker's fair share. Returns whether any was moved.

        ``batch`` has one job already. Searches that find nothing are made less often.
        """
        if self._skip:
            self._skip -= 1
            return False
        queue, add = self._queue, batch.add
        most = min(batch.room, -(-(len(queue) + 1) // (self._idle + 1)))
        if most > 1:
            found = 1 + batch.add_first(islice(queue, most - 1))
            for _ in range(1, found):
                queue.popleft()
        else:
            found = 1
        at = 0
        while found < most and at < _LOOKED_AT and at < len(queue):
            job = queue[at]
            if job is not None and add(job):
                del queue[at]
                found += 1
            else:
                at += 1
        for _ in range(1, found) if self._putters else ():  # type: ignore[attr-defined]  # as many may put as were taken
            self._wakeup_next(self._putters)  # type: ignore[attr-defined]
        if found == 1 and at and not batch.is_undecided:
            self._pause = self._skip = min(2 * self._pause + 1, _SKIPPED)
            return False
        self._pause = 0
        return found > 1
