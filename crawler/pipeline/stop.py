"""Ends a run early, after a signal or at a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stop:
    """A way to stop a run early: work in flight is cancelled, complete files are kept."""

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason
        """What has stopped the run: ``SIGINT``, ``--max-duration``, …; None if nothing has."""
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        """True from a cancellation by this object until it reaches its guard."""
        self._children: list[Stop] = []

    def is_requested(self) -> bool:
        """Whether the run has been told to end. May be called in any thread."""
        return self.reason is not None

    def child(self) -> Stop:
        """A stop for one of several runs, which is stopped with this one or alone."""
        child = Stop(self.reason)
        self._children.append(child)
        return child

    def afterwards(self) -> Stop:
        """A stop for what follows the work: a request that has stopped the work does not affect it, later ones do."""
        later = Stop()
        self._children.append(later)
        return later

    def request(self, reason: str) -> None:
        """Stop the run. Only the first reason counts. Must be called in the thread of the event loop."""
        if self.reason is None:
            self.reason = reason
            if self._task is not None:
                self._cancelled = self._task.cancel()
        for child in self._children:
            child.request(reason)

    async def guard(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Run ``work`` until it ends or a stop is requested. Returns None if it was stopped; ``reason`` tells why.

        Raises the errors of ``work``. Of nested guards the innermost is stopped. Like ``asyncio.timeout``, it cancels
        the current task, so contexts that ``work`` entered may outlive it.
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
                raise  # the calling task was cancelled: that must not be swallowed
            return None
        finally:
            self._task = outer
            if self._cancelled:
                self._cancelled = False
                task.uncancel()
