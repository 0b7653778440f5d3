"""Ends a run early, after a signal or at a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stop:
    """A request to stop: work in flight is cancelled, complete files are kept."""

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason
        """Why the run was asked to end: ``SIGINT``, ``--max-duration``, …; None if it was not."""
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        """True while a cancellation by this object has not reached its guard yet."""
        self._children: list[Stop] = []

    def child(self) -> Stop:
        """A stop for one of several runs: it ends when this one does, and can end alone."""
        child = Stop(self.reason)
        self._children.append(child)
        return child

    def afterwards(self) -> Stop:
        """A stop for what follows the work, even if that was stopped: only later requests reach it."""
        later = Stop()
        self._children.append(later)
        return later

    def request(self, reason: str) -> None:
        """End the run. Only the first reason counts. Call it on the event loop's thread."""
        if self.reason is None:
            self.reason = reason
            if self._task is not None:
                self._cancelled = self._task.cancel()
        for child in self._children:
            child.request(reason)

    async def guard(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Run ``work`` until it ends or a stop is requested. Returns None in the latter case, which ``reason`` tells.

        Raises the errors of ``work``. Guards may be nested: the innermost ends. It cancels the task that it is in, like
        ``asyncio.timeout``, so contexts that ``work`` entered may outlive it.
        """
        task = asyncio.current_task()
        assert task is not None
        if self.reason is not None:
            work.close()
            return None
        outer, self._task, others = self._task, task, task.cancelling()
        try:
            return await work
        except asyncio.CancelledError:
            if not self._cancelled or task.cancelling() > others + 1:
                raise  # the caller itself was cancelled: not to be swallowed
            return None
        finally:
            self._task = outer
            if self._cancelled:
                self._cancelled = False
                task.uncancel()
