"""What the state says of earlier runs. Needs no network, and imports none."""

from __future__ import annotations

from pathlib import Path

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.storage.state import ReadOnlyState, RunRecord, existing_state, state_path


def state_of(directory: Path, config: Config) -> Path:
    """The state of ``directory``. Raises ConfigError if there is none."""
    path = existing_state(directory, config)
    if path is None:
        where = state_path(directory, config)
        if where.is_symlink() or where.exists():
            raise ConfigError(f"state {where} cannot be used (it is not a regular file): move it away")
        raise ConfigError(f"{directory} is not a crawler mirror: there is no {where} (--state names another place)")
    return path


async def read_history(directory: Path, config: Config, limit: int) -> list[RunRecord]:
    """The last runs, newest first. Raises ConfigError."""
    async with ReadOnlyState(state_of(directory, config)) as state:
        runs = await state.runs(limit)
        if state.problem:
            raise ConfigError(state.problem)
    return runs
