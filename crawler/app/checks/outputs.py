"""Checks that the files a run writes are not those of another option, of the state, or of a mirror."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from crawler.http.client_options import netrc_path
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.output.files import OUTPUTS
from crawler.paths import exists, identity_of, is_directory, real_path
from crawler.storage.directory.boundaries.spared import OwnFile, paths_of, read_files
from crawler.storage.directory.layout import NAMES_MARK
from crawler.storage.directory.tree import Identity, decoded, identity
from crawler.storage.state.location import existing_state
from crawler.storage.state.read_only import ReadOnlyState
from crawler.text.arguments import is_object_url, start_directory
from crawler.text.escape import printable
from crawler.text.urls import STATE_DIRECTORY

Check = Callable[[], object]


def distinct_outputs(directory: str, config: Config, inputs: Iterable[OwnFile] = ()) -> Iterator[Check]:
    """Checks that no option writes a file that another option writes or reads, nor DIR or the state's own files.

    Standard output and the like may be shared. ``directory``, ``inputs``: see ``run_checks``.
    """
    netrc = (OwnFile("--netrc", netrc_path()),) if config.netrc else ()
    read = (*read_files(config), *netrc, *inputs)
    taken = {identity_of(str(file.path)): (file.what, "reads") for file in read}
    mirror = None if not directory or is_object_url(directory) else start_directory(directory)
    for key in (*OUTPUTS, "log_file", "state"):
        path = getattr(config, key)
        if path is None or path.startswith("/dev/") or is_directory(path):  # special, or refused
            continue
        option = f"--{key.replace('_', '-')}"
        other, verb = taken.setdefault(identity_of(path), (option, "writes"))
        if other != option:
            advice = "give each its own" if verb == "writes" else "name another file"
            yield partial(_refuse, f"{option} {printable(path)}: {other} {verb} the same file: {advice}")
        elif mirror is not None and identity_of(path) == identity_of(str(mirror)):
            yield partial(_refuse, f"{option} {printable(path)}: that is DIR: name a file")
        elif key != "state" and _is_inside_state(path, mirror):
            yield partial(_refuse, f"{option} {printable(path)}: that directory is for the state: name another")


def _is_inside_state(path: str, mirror: Path | None) -> bool:
    """Whether ``path`` is in the ``.crawler`` of ``mirror``, or below that of any mirror."""
    parent = real_path(path).parent
    is_own = mirror is not None and identity_of(str(parent)) == identity_of(str(mirror / STATE_DIRECTORY))
    return is_own or STATE_DIRECTORY in parent.parts


def _refuse(message: str) -> None:
    raise ConfigError(message)


async def recorded_outputs(outputs: Iterable[OwnFile], directory: str, config: Config) -> list[str]:
    """One message for each of ``outputs`` that is a file which a mirror has saved, in DIR or in any other directory.

    The output would replace it, and it would be missing from the mirror. ``config``: that of ``directory``.
    """
    written = [file for file in outputs if not file.is_read]
    root, mirrors = _mirrors_around(written, directory)
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


def _mirrors_around(written: Iterable[OwnFile], directory: str) -> tuple[Path | None, list[Path]]:
    """DIR without links, None if it is in an object store, and all directories of mirrors that may hold ``written``."""
    root = None if not directory or is_object_url(directory) else real_path(start_directory(directory))
    places = [path for file in written for path in paths_of(file.path)]
    mirrors = {above for path in places for above in path.parents if exists(above / STATE_DIRECTORY)}
    if root is not None and (_linked_logs(written) or any(path.is_relative_to(root) for path in places)):
        mirrors.add(root)  # whose state may be elsewhere
    return root, sorted(mirrors)


async def _saved(written: Sequence[OwnFile], mirror: Path, state_path: Path) -> AsyncIterator[tuple[OwnFile, str]]:
    """Those of ``written`` that the state of ``mirror`` knows, with the path that it knows."""
    async with ReadOnlyState(state_path) as state:
        for file, name in _names_in(mirror, written):
            if await state.file(name) is not None:
                yield file, name
        if logs := _linked_logs(written):
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


def _linked_logs(written: Iterable[OwnFile]) -> dict[Identity, OwnFile]:
    """The log files, which are appended to, that have other names too: hard links, of which one may be in a mirror."""
    found = dict[Identity, OwnFile]()
    for file in written:
        if file.what == "--log-file":
            with suppress(OSError):
                status = file.path.stat()
                found |= {identity(status): file} if status.st_nlink > 1 else {}
    return found
