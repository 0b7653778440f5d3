"""A limit for many short waits that share one timer: setting a timer for each of them costs more than the wait."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

_CHECKS = 8
"""A wait is ended at most one part in so many after its limit."""


class Deadline:
    """Waits of at most ``seconds``: what is under way in ``with deadline.wait():`` is ended with a TimeoutError.

    It acts like ``asyncio.timeout``, a little late.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waits: set[Wait] = set()
        self._timer: asyncio.TimerHandle | None = None

    def wait(self) -> Wait:
        return Wait(self)

    def close(self) -> None:
        """No wait is limited any more."""
        if self._timer is not None:
            self._timer.cancel()

    def add(self, wait: Wait) -> float:
        """Returns the time at which ``wait`` ends, on the clock of the loop."""
        loop = asyncio.get_running_loop()
        self._waits.add(wait)
        if self._timer is None:
            self._timer = loop.call_later(self._seconds / _CHECKS, self._check, loop)
        return loop.time() + self._seconds

    def remove(self, wait: Wait) -> None:
        self._waits.discard(wait)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self._seconds / _CHECKS, self._check, loop) if self._waits else None
        now = loop.time()
        for wait in [wait for wait in self._waits if wait.until <= now]:
            self._waits.discard(wait)
            wait.end()


class Wait:
    """One wait of the current task."""

    __slots__ = ("_cancelling", "_deadline", "_ended", "_task", "until")

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._ended = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None, "only a task can be ended"
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        self.until = self._deadline.add(self)
        return self

    def within(self, seconds: float) -> None:
        """It ends so soon from now on, if that is earlier."""
        self.until = min(self.until, asyncio.get_running_loop().time() + seconds)

    def end(self) -> None:
        self._ended = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline.remove(self)
        # As in asyncio.timeout: a cancellation from elsewhere, at the same moment, goes before.
        if self._ended and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
