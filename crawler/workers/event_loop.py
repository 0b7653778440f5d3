"""Selects the event loop for every process of the program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def loop_factory(*, is_light: bool = False) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """A factory for uvloop's event loop; None if it is not installed, or if the work ``is_light``, for asyncio's own.

    That is as fast unless long bodies or TLS pass through it, and need not be imported, with OpenSSL, in 15 ms.
    """
    if is_light:
        return None
    try:
        import uvloop
    except ImportError:  # not on every platform
        return None

    def new_event_loop() -> asyncio.AbstractEventLoop:
        loop = uvloop.new_event_loop()
        loop.set_exception_handler(_report)
        return loop

    return new_event_loop


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report an error as usual, but not that a TLS connection was closed in the turn in which it was to be read again.

    uvloop raises a RuntimeError for that instead of an OSError, which nobody would report. Nor that a transport lacked
    memory: it is closed then, and whoever uses it reports that.
    """
    transport, error = context.get("transport"), context.get("exception")
    if transport is not None and isinstance(error, MemoryError):
        return
    if not (isinstance(error, RuntimeError) and transport is not None and transport.is_closing()):
        loop.default_exception_handler(context)
