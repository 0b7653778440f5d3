"""Has the robots.txt of a run requested before everything is imported that only its response needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from crawler.pipeline.runs.components import Components
from crawler.pipeline.walk.robots_txt import RobotsTxt

_HEAD_START = 0.002
"""Seconds in which a near host is reached. An import beside it would hold the interpreter for longer than it takes."""


@asynccontextmanager
async def asked_ahead(parts: Components, url: str) -> AsyncIterator[RobotsTxt]:
    """The rules of a run, for which the robots.txt of the host of ``url`` is fetched already.

    They report its errors to whoever asks them next.
    """
    rules = parts.robots_txt()
    asked = asyncio.ensure_future(rules.check(url))
    try:
        await asyncio.wait([asked], timeout=_HEAD_START)
        yield rules
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def imported(name: str) -> Any:
    """The module ``name``, imported in a thread, so that requests go out meanwhile."""
    return await asyncio.to_thread(import_module, name)
