"""Selects the event loop for every process of the program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """A factory for uvloop's event loop; None if uvloop is not installed, for asyncio's own, slower loop."""
    try:
        import uvloop
    except ImportError:  # not on every platform
        return None
    return uvloop.new_event_loop
