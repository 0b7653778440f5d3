"""Ending a run early: a signal, a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Stop:
    """Asked by one side, obeyed by the other: work in flight is cancelled, what is complete is kept."""

    def __init__(self) -> None:
        self.reason: str | None = None
        """Why the run was asked to end: ``SIGINT``, ``--max-duration``, …; None if it was not."""
        self._task: asyncio.Task[None] | None = None
        self._children: list[Stop] = []

    def child(self) -> Stop:
        """A stop of its own for one of several runs: it ends when this one does, and can end alone."""
        child = Stop()
        child.reason = self.reason
        self._children.append(child)
        return child

    def request(self, reason: str) -> None:
        """End the run. The first reason is the one that counts. Call it on the event loop's thread."""
        if self.reason is None:
            self.reason = reason
            if self._task is not None:
                self._task.cancel()
        for child in self._children:
            child.request(reason)

    async def guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` until it ends or a stop is asked for; ``reason`` tells which. Its errors are raised."""
        self._task = asyncio.ensure_future(work)
        if self.reason is not None:
            self._task.cancel()
        try:
            await self._task
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.reason is None or (task is not None and task.cancelling()):
                raise  # somebody cancelled the caller: not ours to swallow
        finally:
            self._task = None
