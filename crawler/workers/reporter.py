"""Reports from a worker process to its parent."""

from __future__ import annotations

import asyncio
from typing import Protocol, Self

from crawler.model.observer import Observer
from crawler.model.values import Job, Result

_REPORT_SECONDS = 0.1


class Parent(Protocol):
    """The connection to the parent."""

    def progress(self, path: str, size: int, offset: int | None = None) -> None:
        """Report ``size`` more bytes of ``path``; the body then continues after ``offset`` bytes, if given."""

    def finished(self, result: Result) -> None:
        """Report that a job has ended."""


class Reporter(Observer):
    """Reports to the parent how each job ended, and from time to time how much of a large body has arrived."""

    def __init__(self, parent: Parent) -> None:
        self._parent = parent
        self._sizes: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def received(self, job: Job, count: int) -> None:
        self._sizes[job.path] = self._sizes.get(job.path, 0) + count
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_REPORT_SECONDS, self._report)

    def resumed(self, job: Job, offset: int) -> None:
        self._parent.progress(job.path, self._sizes.pop(job.path, 0), offset)

    def _report(self) -> None:
        sizes, self._sizes, self._timer = self._sizes, {}, None
        for path, size in sizes.items():
            self._parent.progress(path, size)

    def finished(self, result: Result) -> None:
        self._sizes.pop(result.path, None)
        self._parent.finished(result)
