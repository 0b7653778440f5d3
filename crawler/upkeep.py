"""Looking after a mirror that exists: its history, its verification, the explanation of a decision."""

from __future__ import annotations

from pathlib import Path

from crawler.app import state_path
from crawler.config import Config
from crawler.errors import ConfigError
from crawler.state import ReadOnlyState, Run


def existing_state(directory: Path, config: Config) -> Path:
    """Where the state of ``directory`` lives. Raises ConfigError if there is none."""
    path = state_path(directory, config)
    if not path.is_file():
        raise ConfigError(f"{directory} is no mirror of ours: there is no {path} (--state names another place)")
    return path


async def read_history(directory: Path, config: Config, limit: int) -> list[Run]:
    """The last runs, newest first. Raises ConfigError."""
    async with ReadOnlyState(existing_state(directory, config)) as state:
        runs = await state.runs(limit)
        if state.problem:
            raise ConfigError(state.problem)
    return runs
