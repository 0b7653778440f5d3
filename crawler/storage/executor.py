"""Who has the interpreter: the event loop, or the thread that writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

_MOMENT = 0.02
"""Seconds that the loop stands still for a call at most; a batch needs a third of it on a fast disk."""
_SLOW_CALLS = 8
"""After a call that took longer, so many are made without waiting."""


class BriefExecutor:
    """Runs calls in ``executor`` while the loop stands still for a moment, if that is enough for them.

    A batch of files is a thousand short system calls. After each of them a thread must win the interpreter back from
    the loop, and the loop from it: together they take three times as long as one after the other. A disk that needs
    longer than the moment is left alone with its work, and not waited for again for a while.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._slow = 0
        """So many calls more are not waited for."""

    async def run(self, call: Callable[..., T], *args: object) -> T:
        """Raises what ``call`` raises."""
        future = self.start(call, *args)
        return future.result() if future.done() else await asyncio.wrap_future(future)

    def start(self, call: Callable[..., T], *args: object) -> Future[T]:
        """The same for those who do not need the outcome now."""
        future = self._executor.submit(call, *args)
        if self._slow:
            self._slow -= 1
        else:
            with suppress(TimeoutError):
                future.exception(_MOMENT)
            self._slow = 0 if future.done() else _SLOW_CALLS
        return future
