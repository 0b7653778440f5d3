"""Waiting for something that happens in another task, thread or process, however long a busy machine takes for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from crawler.model.observer import Observer
from crawler.model.values import Result

PATIENCE = 300.0
"""Seconds after which a test fails: only what hangs takes so long. Below the time limit of a test (pyproject.toml)."""
_BETWEEN = 0.002


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return once ``condition`` holds. ``what`` says in a failure what was waited for."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(_BETWEEN)


async def until(condition: Callable[[], object], what: str) -> None:
    """``wait_until`` while the event loop goes on."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        await asyncio.sleep(_BETWEEN)


class Finished(Observer):
    """The paths of all entries that have ended. What is saved has its name and its record by then."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def finished(self, result: Result) -> None:
        self.paths.append(result.path)
