"""Ending a run early: a signal, a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stop:
    """Asked by one side, obeyed by the other: work in flight is cancelled, what is complete is kept."""

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason
        """Why the run was asked to end: ``SIGINT``, ``--max-duration``, …; None if it was not."""
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        """True while a cancellation of ours has not come back to its guard."""
        self._children: list[Stop] = []

    def child(self) -> Stop:
        """A stop of its own for one of several runs: it ends when this one does, and can end alone."""
        child = Stop(self.reason)
        self._children.append(child)
        return child

    def afterwards(self) -> Stop:
        """For what is to be done after the work, also if that was stopped: it hears only what is asked from now on."""
        later = Stop()
        self._children.append(later)
        return later

    def request(self, reason: str) -> None:
        """End the run. The first reason is the one that counts. Call it on the event loop's thread."""
        if self.reason is None:
            self.reason = reason
            if self._task is not None:
                self._cancelled = self._task.cancel()
        for child in self._children:
            child.request(reason)

    async def guard(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Run ``work`` until it ends or a stop is asked for; ``reason`` tells which, and None comes back of the latter.

        Its errors are raised. Guards may be inside each other: the innermost is the one that ends. It cancels the task
        that it is in, as ``asyncio.timeout`` does: what ``work`` enters may be left behind it.
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
                raise  # somebody cancelled the caller: not ours to swallow
            return None
        finally:
            self._task = outer
            if self._cancelled:
                self._cancelled = False
                task.uncancel()
