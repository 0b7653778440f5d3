"""Selects the event loop for every process of the program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def loop_factory(*, is_light: bool = False) -> Callable[[], asyncio.AbstractEventLoop]:
    """A factory for uvloop's event loop, or for asyncio's own if that is not installed or the work ``is_light``.

    asyncio's is as fast unless long bodies or TLS pass through it, and is there without importing OpenSSL for 15 ms.
    """
    make: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if not is_light:
        with suppress(ImportError):  # it is not on every platform
            from uvloop import new_event_loop as make

    def new_event_loop() -> asyncio.AbstractEventLoop:
        loop = make()
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
