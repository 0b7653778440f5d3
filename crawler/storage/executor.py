"""Runs short blocking calls on an executor while the event loop waits, avoiding GIL hand-offs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

A = TypeVar("A")
T = TypeVar("T")

_MOMENT = 0.02
"""Maximum time in seconds that the loop waits for a call; a batch takes a third of it on a fast disk."""
_SLOW_CALLS = 8
"""Number of calls for which the loop does not wait, after two calls in a row that took longer than ``_MOMENT``."""


def usable_processors() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def advanced(steps: Generator[None, None, T]) -> T | None:
    """Do the next of ``steps``. Returns the result of the last one; before that, None."""
    try:
        return next(steps)
    except StopIteration as end:
        result: T = end.value
        return result


def finished(steps: Generator[None, None, T]) -> T:
    """Do all ``steps``, and return their result, which is not None."""
    while (result := advanced(steps)) is None:
        pass
    return result


class BriefExecutor:
    """Runs calls in ``executor`` while the event loop is blocked for a moment, in which most calls finish.

    A batch of files takes a thousand short system calls. If the loop ran meanwhile, it and the thread would pass the
    GIL back and forth after each of them, which takes three times as long. After two calls in a row that do not finish
    in time, the loop does not wait for the next few; one alone may have been held up by something else.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._slow = 0
        """Number of further calls for which the loop does not wait."""
        self._was_late = False
        """Whether the last call for which it has waited did not finish in time."""

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
            is_late = not future.done()
            self._slow = _SLOW_CALLS if is_late and self._was_late else 0
            self._was_late = is_late
        return future


class GatheringExecutor(Generic[A, T]):
    """Runs the calls that are requested in one turn of the event loop together, in one hop to a thread.

    A hop takes 100 µs of processor time, several times as long as a short call like the scan of a small directory.
    """

    def __init__(self, executor: BriefExecutor, call: Callable[[Sequence[A]], Sequence[T | BaseException]]) -> None:
        """``call``: returns, for each of several arguments, the result or the exception that ``run`` is to raise."""
        self._executor = executor
        self._call = call
        self._waiting: list[tuple[A, asyncio.Future[T]]] = []

    async def run(self, argument: A) -> T:
        """The result for ``argument``. Raises its exception, or that of ``call``."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((argument, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._start)
        return await future

    def _start(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            done = self._executor.start(self._call, [argument for argument, _ in waiting])
        except RuntimeError as error:  # the executor has been shut down
            _fail(waiting, error)
            return
        if done.done():
            _deliver(waiting, done)
        else:
            asyncio.wrap_future(done).add_done_callback(partial(_deliver, waiting))


def _deliver(
    waiting: Sequence[tuple[A, asyncio.Future[T]]],
    done: Future[Sequence[T | BaseException]] | asyncio.Future[Sequence[T | BaseException]],
) -> None:
    error = asyncio.CancelledError() if done.cancelled() else done.exception()
    if error is not None:
        _fail(waiting, error)
        return
    for (_, future), found in zip(waiting, done.result(), strict=True):
        if future.done():  # its caller was cancelled
            continue
        if isinstance(found, BaseException):
            future.set_exception(found)
        else:
            future.set_result(found)


def _fail(waiting: Sequence[tuple[A, asyncio.Future[T]]], error: BaseException) -> None:
    for _, future in waiting:
        if isinstance(error, asyncio.CancelledError):
            future.cancel()
        elif not future.done():
            future.set_exception(error)
