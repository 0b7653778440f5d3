"""Runs short blocking calls on an executor while the event loop waits, avoiding GIL hand-offs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

_MOMENT = 0.02
"""Maximum time in seconds that the loop waits for a call; a batch takes a third of it on a fast disk."""
_SLOW_CALLS = 8
"""Number of calls for which the loop does not wait, after a call that took longer than ``_MOMENT``."""


class BriefExecutor:
    """Runs calls in ``executor`` while the event loop is blocked for a moment, in which most calls finish.

    A batch of files takes a thousand short system calls. If the loop ran meanwhile, it and the thread would pass the
    GIL back and forth after each of them, which takes three times as long. After a call that does not finish in time,
    the loop does not wait for the next few.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._slow = 0
        """Number of further calls for which the loop does not wait."""

    async def run(self, call: Callable[..., T], *args: object) -> T:
        """Run ``call`` and return its result. Raises what ``call`` raises."""
        future = self.start(call, *args)
        return future.result() if future.done() else await asyncio.wrap_future(future)

    def start(self, call: Callable[..., T], *args: object) -> Future[T]:
        """Start ``call`` without waiting for its result."""
        future = self._executor.submit(call, *args)
        if self._slow:
            self._slow -= 1
        else:
            with suppress(TimeoutError):
                future.exception(_MOMENT)
            self._slow = 0 if future.done() else _SLOW_CALLS
        return future
