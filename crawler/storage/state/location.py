"""Where the state of a mirror lives, and of which URL it is."""

from __future__ import annotations

from pathlib import Path

from crawler.model.config import Config
from crawler.storage.state.runs import RUNS_KEPT
from crawler.storage.state.store import ReadOnlyState, SqliteState
from crawler.text.ownership import owner
from crawler.text.urls import STATE_DIRECTORY


def state_path(directory: Path, config: Config) -> Path:
    """Where the state of ``directory`` lives, or would live."""
    return Path(config.state) if config.state else directory / STATE_DIRECTORY / "state.sqlite3"


def existing_state(directory: Path, config: Config) -> Path | None:
    """Where the state of ``directory`` is; None if there is none, or a link in its place that nobody has asked for."""
    path = state_path(directory, config)
    return path if path.is_file() and (config.state or not path.is_symlink()) else None


async def mirrored_url(state: SqliteState) -> str | None:
    """The URL that the directory of ``state`` is the mirror of; None if that is not known."""
    known = None
    for limit in (20, RUNS_KEPT):  # nearly always the last one tells
        runs = await state.runs(limit)
        known = known or owner([(run.url, run.figures.listed if run.figures else None) for run in runs])
    return known


async def url_of_mirror(directory: Path) -> str | None:
    """The same for a directory with a state of its own, which is only looked at."""
    path = directory / STATE_DIRECTORY / "state.sqlite3"
    if not path.is_file() or path.is_symlink():
        return None
    async with ReadOnlyState(path) as state:
        return await mirrored_url(state)
