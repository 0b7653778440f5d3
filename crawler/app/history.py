"""Reads earlier runs from the state. Needs no network and imports no network modules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.paths import exists
from crawler.storage.state.location import existing_state, refuse_other_file, state_path
from crawler.storage.state.read_only import ReadOnlyState
from crawler.storage.state.runs import RunRecord
from crawler.text.arguments import is_object_url, start_directory

if TYPE_CHECKING:
    from crawler.storage.objects.location import Location


def state_of(directory: Path | str, config: Config) -> Path:
    """Path of the state of ``directory``. Raises ConfigError if there is none."""
    refuse_other_file(config)
    path = existing_state(directory, config)
    if path is None:
        where = state_path(directory, config)
        if exists(where):
            raise ConfigError(f"state {where} cannot be used (it is not a regular file): move it away")
        raise ConfigError(f"{directory} is not a crawler mirror: there is no {where} (--state names another place)")
    return path


def place_of(directory: str, config: Config) -> Path | Location:
    """The path, or the location in an object store, that DIR names. Raises ConfigError."""
    if not is_object_url(directory):
        return start_directory(directory)
    from crawler.app.object_stores import location_of

    return location_of(directory, config)


@asynccontextmanager
async def with_state(directory: str, config: Config) -> AsyncIterator[tuple[Path | str, Config]]:
    """Yield DIR, as a path or the URL of an object store, and ``config`` with its newest state. Raises ConfigError."""
    if not is_object_url(directory):
        yield start_directory(directory), config
        return
    from crawler.app.object_stores import reading_state

    async with reading_state(directory, config) as found:
        yield directory, found


async def read_history(directory: Path | str, config: Config, limit: int) -> list[RunRecord]:
    """The last ``limit`` runs, newest first. Raises ConfigError."""
    async with ReadOnlyState(state_of(directory, config)) as state:
        runs = await state.runs(limit)
        if state.problem:
            raise ConfigError(state.problem)
    return runs
