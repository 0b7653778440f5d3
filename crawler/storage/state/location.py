"""Finds the state of a mirror, and the URL that it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.paths import GivenPath, real_path
from crawler.text.arguments import is_object_url, start_directory
from crawler.text.escape import printable
from crawler.text.ownership import owner, root_refusal
from crawler.text.urls import STATE_DIRECTORY, STATE_FILE

if TYPE_CHECKING:
    from crawler.storage.state.store import SqliteState

_LAST_RUNS = 20
"""Number of runs that are looked at before all are: the last one nearly always suffices."""


def state_path(directory: Path | str, config: Config) -> Path:
    """The path of the state of ``directory``, whether or not it exists.

    ``directory``: DIR as given, or the Path that ``start_directory`` made of it, which has lost a leading ``./``.
    """
    if config.state:
        return Path(config.state)
    if is_object_url(directory):
        from crawler.storage.objects.location import parse_location

        return parse_location(str(directory), config.objects).state
    place = directory if isinstance(directory, Path) else start_directory(directory)
    return place / STATE_DIRECTORY / STATE_FILE


def existing_state(directory: Path | str, config: Config) -> Path | None:
    """The path of the existing state of ``directory``; None if there is none, or if it is a link in DIR.

    Raises DestinationError if that cannot be found out.
    """
    return _existing(state_path(directory, config), may_be_link=bool(config.state))


def _existing(path: Path, *, may_be_link: bool) -> Path | None:
    given = GivenPath.of_mirror(path)
    return path if given.is_regular() and (may_be_link or not given.is_link()) else None


def refuse_root_and_state(directory: Path) -> None:
    """Raise ConfigError if ``directory`` lies in a ``.crawler``, or is the root of the file system, however written."""
    path = real_path(directory)
    if path.parent == path:
        raise ConfigError(root_refusal(str(directory)))
    if STATE_DIRECTORY in path.parts:
        raise ConfigError(f"{directory} is inside the {STATE_DIRECTORY} of a mirror: choose another directory")


def refuse_other_file(config: Config) -> None:
    """Raise ConfigError if --state names a file that no run has written, such as a document or another database.

    Only a state may be replaced after damage. At its usual place, nobody else puts a file. A pipe or a device is not
    refused: the run goes on without a state, and says so.
    """
    name = config.state
    if name is None or Path(name).parent.name == STATE_DIRECTORY:
        return
    from crawler.storage.state.schema import HEAD_BYTES, is_own  # imported only if needed

    given, shown = GivenPath("--state", name), f"--state {printable(name)}"
    if given.is_directory():
        raise ConfigError(f"{shown}: is a directory: name a file for the database")
    if given.is_regular() and not is_own(given.head(HEAD_BYTES)):
        raise ConfigError(f"{shown}: is not the state of a mirror: name another file")


async def mirrored_url(state: SqliteState) -> str | None:
    """The URL that the directory of ``state`` mirrors; None if unknown."""
    from crawler.storage.state.runs import RUNS_KEPT  # imported only if needed

    for limit in (_LAST_RUNS, RUNS_KEPT):
        runs = await state.runs(limit)
        known = owner([(run.url, run.figures.listed if run.figures else None) for run in runs])
        if known is not None or len(runs) < limit:
            return known
    return None


async def has_been_mirror(state: SqliteState) -> bool:
    """Whether a finished run found a listing with entries for the directory of ``state``."""
    from crawler.storage.state.runs import RUNS_KEPT  # imported only if needed

    for limit in (_LAST_RUNS, RUNS_KEPT):
        runs = await state.runs(limit)
        if any(run.url and run.figures and run.figures.listed for run in runs):
            return True
        if len(runs) < limit:
            return False
    return False


async def known_below(directory: Path, below: str) -> tuple[str | None, bool | None]:
    """(URL that ``directory`` mirrors, whether its own state knows files in ``below`` or below).

    Each is None if unknown: if there is no usable state, or after a killed run, which may have stored files that it
    has not recorded.
    """
    path = _own_state(directory)
    if path is None:
        return None, None
    from crawler.storage.state.read_only import ReadOnlyState  # imported only if needed

    async with ReadOnlyState(path) as state:
        url, knows = await mirrored_url(state), await state.knows_below(below)
        was_killed = any(run.figures is None for run in await state.runs(1))
        return url, knows or (None if was_killed or state.problem else False)


async def url_of_mirror(directory: Path) -> str | None:
    """The URL that ``directory`` mirrors, read from its own state; None if unknown."""
    path = _own_state(directory)
    if path is None:
        return None
    from crawler.storage.state.read_only import ReadOnlyState  # imported only if needed

    async with ReadOnlyState(path) as state:
        return await mirrored_url(state)


def _own_state(directory: Path) -> Path | None:
    """The state file in ``directory``; None if there is none, or a link in its place."""
    return _existing(directory / STATE_DIRECTORY / STATE_FILE, may_be_link=False)
