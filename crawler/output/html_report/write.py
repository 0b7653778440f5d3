"""Writes the HTML report to its file."""

from __future__ import annotations

import asyncio
import io
import time

from crawler.model.config import Config
from crawler.output.atomic_file import replace_file
from crawler.output.html_report.contents import LastRun, read_contents


async def write_page(target: str, directory: str, config: Config, last: LastRun | None = None) -> None:
    """Replace ``target`` atomically with the report on the mirror in ``directory``. Raises OSError."""
    from crawler.output.html_report.page import (
        render_page,  # optional dependencies, slow to import
    )

    contents = await read_contents(directory, config, last)
    text = await asyncio.to_thread(render_page, contents, time.time())
    replace_file(target, io.BytesIO(text.encode()))
