"""Reads the state of each mirror and writes the page of --status."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Sequence
from pathlib import Path

from crawler.model import limits
from crawler.model.config import Config
from crawler.output.atomic_file import replace_file
from crawler.output.html_report.status.cards import MirrorFacts
from crawler.paths import exists
from crawler.storage.directory.lock import is_held
from crawler.storage.state.location import existing_state, state_path
from crawler.storage.state.read_only import ReadOnlyState
from crawler.storage.state.runs import RunRecord
from crawler.text.escape import masked
from crawler.text.urls import STATE_DIRECTORY


async def write_status(target: str, mirrors: Sequence[MirrorFacts], *, is_public: bool) -> None:
    """Replace ``target`` atomically with the page about ``mirrors``. Raises OSError."""
    from crawler.output.html_report.status.page import render_status  # optional dependencies, slow to import

    text = await asyncio.to_thread(render_status, mirrors, time.time(), is_public=is_public)
    replace_file(target, io.BytesIO(text.encode()))


async def read_facts(name: str, url: str, directory: Path | str, config: Config) -> MirrorFacts:
    """What the state of a mirror records, even while a run is in progress."""
    path = existing_state(directory, config)
    is_running = is_held(Path(directory) / STATE_DIRECTORY)
    runs: tuple[RunRecord, ...] = ()
    problem: str | None = None
    if path is not None:
        async with ReadOnlyState(path) as state:
            runs, problem = tuple(await state.runs(limits.RUNS_READ)), state.problem
    elif exists(state_path(directory, config)):
        problem = "the state is not a regular file"
    return MirrorFacts(
        name=name, url=masked(url), directory=str(directory), runs=runs, is_running=is_running, problem=problem
    )
