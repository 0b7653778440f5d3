"""Putting the page into its file."""

from __future__ import annotations

import asyncio
import io
import time

from crawler.model.config import Config
from crawler.output.atomic_file import replace_file
from crawler.output.html_report.contents import LastRun, read_contents


async def write_page(target: str, directory: str, config: Config, last: LastRun | None = None) -> None:
    """Write the page about the mirror in ``directory`` to ``target``, in one step. Raises OSError."""
    from crawler.output.html_report.page import (
        render_page,  # what draws it is needed by nobody else, and may not be there
    )

    contents = await read_contents(directory, config, last)
    text = await asyncio.to_thread(render_page, contents, time.time())
    replace_file(target, io.BytesIO(text.encode()))
