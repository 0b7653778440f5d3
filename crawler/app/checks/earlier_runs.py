"""Checks a run by the states of mirrors before it begins: whose DIR is, and what output files would replace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from crawler.app.checks.outputs import linked_logs, mirrors_around
from crawler.app.refusals import refuse_another_mirror, refuse_names_of_windows, refuse_other_names
from crawler.model.config import Config
from crawler.model.errors import DestinationError, Problems
from crawler.paths import exists
from crawler.storage.directory.boundaries.spared import OwnFile, paths_of
from crawler.storage.directory.layout import NAMES_MARK
from crawler.storage.directory.tree import decoded, identity
from crawler.storage.state.location import existing_state
from crawler.storage.state.read_only import ReadOnlyState
from crawler.text.arguments import is_object_url, start_directory
from crawler.text.escape import printable
from crawler.text.urls import STATE_DIRECTORY, userinfo


async def mirror_problems(url: str, directory: str, config: Config) -> tuple[str, ...]:
    """Why ``directory`` cannot become, or stay, the mirror of ``url`` (valid), by the state of its earlier runs.

    Nothing is known of a location in an object store, whose state is read with requests.
    """
    try:
        path = None if is_object_url(directory) else existing_state(directory, config)
    except DestinationError:  # the run itself fails for this reason, and other mirrors of its file do not
        return ()
    if path is None:
        return ()
    problems, place = Problems(), start_directory(directory)
    with problems.collecting():
        if config.names != "windows":
            refuse_names_of_windows(place)
    async with ReadOnlyState(path) as state:
        with problems.collecting():
            await refuse_another_mirror(directory, userinfo(url)[0], state, config)
        with problems.collecting():
            if config.names == "windows":
                await refuse_other_names(place, state)
    return problems.messages


async def recorded_outputs(outputs: Iterable[OwnFile], directory: str, config: Config) -> list[str]:
    """One message for each of ``outputs`` that is a file which a mirror has saved, in DIR or in any other directory.

    The output would replace it, and it would be missing from the mirror. ``config``: that of ``directory``.
    """
    written = [file for file in outputs if not file.is_read]
    root, mirrors = mirrors_around(written, directory)
    found = dict[str, None]()
    for mirror in mirrors:
        shown, options = (directory, config) if mirror == root else (str(mirror), Config())
        for path in {existing_state(mirror, options), existing_state(mirror, Config())}:
            if path is not None:
                found |= {_refusal(*each, shown): None async for each in _saved(written, mirror, path)}
    return list(found)


def _refusal(file: OwnFile, name: str, mirror: str) -> str:
    what = f"{file.what} {printable(str(file.path))}"
    return f"{what}: that is {printable(name)} of the mirror {printable(mirror)}: name another file"


async def _saved(written: Sequence[OwnFile], mirror: Path, state_path: Path) -> AsyncIterator[tuple[OwnFile, str]]:
    """Those of ``written`` that the state of ``mirror`` knows, with the path that it knows."""
    async with ReadOnlyState(state_path) as state:
        for file, name in _names_in(mirror, written):
            if await state.file(name) is not None:
                yield file, name
        if logs := linked_logs(written):
            async for files in state.all_files():
                for known in files:
                    with suppress(OSError, ValueError):
                        if (log := logs.get(identity((mirror / known.path).lstat()))) is not None:
                            yield log, known.path


def _names_in(mirror: Path, written: Iterable[OwnFile]) -> Iterator[tuple[OwnFile, str]]:
    """Those of ``written`` that are below ``mirror``, with the paths that its state has for them."""
    is_renamed = exists(mirror / STATE_DIRECTORY / NAMES_MARK)
    for file in written:
        for path in sorted(paths_of(file.path)):
            if path.is_relative_to(mirror):
                stored = decoded(str(path.relative_to(mirror)))
                name = _name_of(stored) if is_renamed else stored
                if name is not None:
                    yield file, name


def _name_of(stored: str) -> str | None:
    from crawler.text.names.windows import decoded_path  # imported only if needed

    return decoded_path(stored)
