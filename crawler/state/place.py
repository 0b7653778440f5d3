"""Where the state of a mirror lives."""

from __future__ import annotations

from pathlib import Path

from crawler.config import Config
from crawler.urls import STATE_DIRECTORY


def state_path(directory: Path, config: Config) -> Path:
    """Where the state of ``directory`` lives, or would live."""
    return Path(config.state) if config.state else directory / STATE_DIRECTORY / "state.sqlite3"


def existing_state(directory: Path, config: Config) -> Path | None:
    """Where the state of ``directory`` is; None if there is none, or a link in its place that nobody has asked for."""
    path = state_path(directory, config)
    return path if path.is_file() and (config.state or not path.is_symlink()) else None
