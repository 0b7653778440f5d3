"""Refuses a run before it changes anything: wrong options, a missing disk, a DIR that belongs to another mirror."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from crawler.model.config import Config
from crawler.model.errors import ConfigError, DestinationError
from crawler.model.network.listed_file import ListedFile
from crawler.paths import GivenPath, exists, real_path
from crawler.storage.directory.layout import NAMES_MARK
from crawler.storage.directory.lock import POLL_SECONDS, is_held
from crawler.storage.state.location import (
    existing_state,
    has_been_mirror,
    known_below,
    mirrored_url,
    refuse_root_and_state,
)
from crawler.storage.state.read_only import ReadOnlyState
from crawler.storage.state.store import SqliteState
from crawler.text.escape import masked, printable
from crawler.text.ownership import Enclosing, enclosing_refusal, is_same_tree, list_refusal, refusal
from crawler.text.urls import STATE_DIRECTORY, last_name, looks_like_file


async def refuse_missing_disk(directory: Path, config: Config) -> None:
    """Raise DestinationError if a state kept elsewhere knows files, but DIR has no ``.crawler``.

    This is what an empty mount point looks like if its disk is missing: the run would fetch everything onto the wrong
    disk.
    """
    if not config.state or GivenPath.of_mirror(directory / STATE_DIRECTORY).status() is not None:
        return
    async with ReadOnlyState(Path(config.state)) as state:
        count, url = await state.count_files(), await mirrored_url(state)
    if count:
        files, of = f"{count} file{'s' * (count > 1)}", f" of {masked(url)}" if url else ""
        raise DestinationError(
            f"{directory} is empty or new, but {config.state} knows {files}{of}: is their disk mounted? Another "
            f"mirror needs another --state; if the files are lost, remove {config.state} to begin again"
        )


async def refuse_another_mirror(directory: str, url: str, state: SqliteState, config: Config) -> None:
    """Raise ConfigError if ``directory`` is the mirror of another URL, and --moved is not given."""
    if not url or config.moved:
        return
    known = await mirrored_url(state)
    if known is not None and not is_same_tree(known, url):
        raise ConfigError(refusal(directory, known, url))


async def refuse_list_in_mirror(
    directory: str, items: Sequence[ListedFile] | None, state: SqliteState, config: Config
) -> None:
    """Raise ConfigError if ``directory`` is a mirror and one of ``items`` is no file of it, or not at its place.

    ``items``: the files of a list; None for any other run. --moved does not change this: a list never becomes a mirror.
    """
    known = await mirrored_url(state) if items else None
    if known is None or (looks_like_file(known) and not await has_been_mirror(state)):
        return  # the only run that is recorded with a URL may have been one of a single file that was killed
    from_url = config.name_from == "url"
    named = [(item.url, item.path or (last_name(item.url) if from_url else "")) for item in items or () if item.url]
    problem = list_refusal(directory, known, named)
    if problem:
        raise ConfigError(problem)


async def refuse_enclosing_mirror(directory: Path, url: str, config: Config, *, wait: float) -> bool:
    """Raise ConfigError or AlreadyRunning if the first mirror in ``directory`` may not begin inside another mirror.

    ``wait``: seconds to wait for a run of that mirror. Must be called before ``directory/.crawler`` is created, because
    the other mirror never again stores anything in a directory that has one. Must be called again afterwards: a run of
    the other mirror that began earlier does not look for ``.crawler``, but the second call notices it; one that began
    later finds ``.crawler``. Returns whether that second call is needed: not if ``directory`` is a mirror already.
    """
    refuse_root_and_state(directory)
    if not url or await _has_own_run(directory, config):
        return False
    until = time.monotonic() + wait
    for above, below in _enclosing(directory):
        while True:
            # The lock comes first: before a run releases it, all that the run stored is in the state.
            is_running = not config.dry_run and is_held(above / STATE_DIRECTORY)
            known_url, knows_files = await known_below(above, below)
            found = Enclosing(
                directory=str(above), below=below, url=known_url, knows_files=knows_files, is_running=is_running
            )
            problem = enclosing_refusal(found, str(directory), url, is_empty=_is_empty(directory), moved=config.moved)
            if problem is None:
                break
            left = until - time.monotonic()
            if not is_running or left <= 0:
                raise problem
            await asyncio.sleep(min(POLL_SECONDS, left))
    return True


def refuse_names_of_windows(directory: Path) -> None:
    """Raise ConfigError if --names windows has named the files in ``directory``: without it, names would differ."""
    if exists(directory / STATE_DIRECTORY / NAMES_MARK):
        raise ConfigError(f"the files in {directory} have the names of --names windows; repeat that option")


async def refuse_other_names(directory: Path, state: SqliteState) -> None:
    """Raise ConfigError if --names windows would store a file in ``directory`` under a different name."""
    from crawler.text.names.windows import encoded

    if exists(directory / STATE_DIRECTORY / NAMES_MARK):
        return
    async for batch in state.all_files():
        for known in batch:
            stored = "/".join(map(encoded, known.path.split("/")))
            if stored != known.path:
                change = f"{printable(known.path)} would become {printable(stored)}"
                raise ConfigError(
                    f"--names windows: {directory} was mirrored without it, and {change}: choose another directory"
                )


def _enclosing(directory: Path) -> list[tuple[Path, str]]:
    """The directories above ``directory`` that have a ``.crawler``, each with the path of ``directory`` below it."""
    place = real_path(directory)
    return [(above, str(place.relative_to(above))) for above in place.parents if exists(above / STATE_DIRECTORY)]


async def _has_own_run(directory: Path, config: Config) -> bool:
    """Whether ``directory`` is known to be a mirror of any URL."""
    path = existing_state(directory, config)
    if path is None:
        return False
    async with ReadOnlyState(path) as state:
        return await mirrored_url(state) is not None


def _is_empty(directory: Path) -> bool:
    """Whether ``directory`` holds nothing but its ``.crawler``."""
    try:
        return all(path.name == STATE_DIRECTORY for path in directory.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False
