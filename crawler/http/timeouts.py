"""Timeouts of many short waits, for which starting a timer each time would take longer than the wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

_CHECKS = 8
"""Checks per timeout: a timeout fires late by at most this fraction of it."""


class SharedTimeout:
    """Limits each ``with timeout.wait():`` to ``seconds``; a longer one raises TimeoutError.

    Like ``asyncio.timeout``, but up to an eighth late.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waits: set[Wait] = set()
        self._timer: asyncio.TimerHandle | None = None

    def wait(self) -> Wait:
        return Wait(self, self._seconds)

    def close(self) -> None:
        """Stop the timer: waits are no longer limited."""
        if self._timer is not None:
            self._timer.cancel()

    def add(self, wait: Wait, loop: asyncio.AbstractEventLoop) -> None:
        self._waits.add(wait)
        if self._timer is None:
            self._timer = loop.call_later(self._seconds / _CHECKS, self._check, loop)

    def remove(self, wait: Wait) -> None:
        self._waits.discard(wait)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self._seconds / _CHECKS, self._check, loop) if self._waits else None
        now = loop.time()
        for wait in [wait for wait in self._waits if wait.until <= now]:
            self._waits.discard(wait)
            wait.end()


class Wait:
    """One wait of the current task, as a context manager. Enter it at once: the time counts from its creation."""

    __slots__ = ("_cancelling", "_ended", "_loop", "_task", "_timeout", "until")

    def __init__(self, timeout: SharedTimeout, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None, "only a task can be cancelled"
        self._timeout = timeout
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self.until = self._loop.time() + seconds
        """The time in seconds, on the clock of the event loop, at which the wait times out."""

    def __enter__(self) -> Self:
        self._timeout.add(self, self._loop)
        return self

    def shorten(self, seconds: float) -> None:
        """End the wait ``seconds`` from now, unless it ends earlier."""
        self.until = min(self.until, self._loop.time() + seconds)

    def end(self) -> None:
        """Cancel the task; leaving the context turns that into a TimeoutError."""
        self._ended = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timeout.remove(self)
        # As in asyncio.timeout, a cancellation from elsewhere at the same moment takes precedence.
        if self._ended and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Waits(Protocol):
    """Waits one after the other, each with a deadline."""

    @property
    def until(self) -> float | None:
        """The present deadline, on the clock of the event loop; None if nothing is waited for."""


class DeadlineTimer:
    """Calls ``expired`` once the deadline of ``waits``, which is often moved, has passed.

    A new deadline does not restart the timer, which waits for the rest when it fires. A deadline must be found expired
    twice: after the first time, bytes that have arrived may still be waiting to be read.
    """

    def __init__(self, waits: Waits, seconds: float, expired: Callable[[], None]) -> None:
        """``seconds``: what each wait is allowed. ``expired`` is called late by at most an eighth of it."""
        self._waits = waits
        self._grace = seconds / _CHECKS
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._overdue: float | None = None
        """The deadline that was found expired once."""

    def watch(self) -> None:
        """Start the timer unless it is running."""
        if self._timer is None and (until := self._waits.until) is not None:
            self._timer = self._loop.call_at(until, self._check)

    def cancel(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        self._timer = None
        until = self._waits.until
        if until is None or until > self._loop.time():
            self.watch()
        elif until != self._overdue:
            self._overdue = until
            self._timer = self._loop.call_later(self._grace, self._check)
        else:
            self._expired()
