"""Checks that the files a run writes are not those of another option, of the state, or of a mirror."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.readers import is_stream
from crawler.output.files import OUTPUTS
from crawler.paths import exists, identity_of, is_directory, real_path
from crawler.storage.directory.boundaries.spared import OwnFile, paths_of, read_files
from crawler.storage.directory.tree import Identity, identity
from crawler.text.arguments import is_object_url, start_directory
from crawler.text.escape import printable
from crawler.text.urls import STATE_DIRECTORY

Check = Callable[[], object]


def distinct_outputs(directory: str, config: Config, inputs: Iterable[OwnFile] = ()) -> Iterator[Check]:
    """Checks that no option writes a file that another option writes or reads, nor DIR or the state's own files.

    Standard output and the like may be shared. ``directory``, ``inputs``: see ``run_checks``.
    """
    read = (*read_files(config), *(_netrc() if config.netrc else ()), *inputs)
    taken = {identity_of(str(file.path)): (file.what, "reads") for file in read}
    mirror = None if not directory or is_object_url(directory) else start_directory(directory)
    for key in (*OUTPUTS, "log_file", "state"):
        path = getattr(config, key)
        if path is None or is_stream(path) or is_directory(path):  # special, or refused
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


def _netrc() -> tuple[OwnFile]:
    from crawler.http.credentials.netrc_file import netrc_path  # imported only if needed

    return (OwnFile("--netrc", netrc_path()),)


def _is_inside_state(path: str, mirror: Path | None) -> bool:
    """Whether ``path`` is in the ``.crawler`` of ``mirror``, or below that of any mirror."""
    parent = real_path(path).parent
    is_own = mirror is not None and identity_of(str(parent)) == identity_of(str(mirror / STATE_DIRECTORY))
    return is_own or STATE_DIRECTORY in parent.parts


def _refuse(message: str) -> None:
    raise ConfigError(message)


def mirrors_around(written: Iterable[OwnFile], directory: str) -> tuple[Path | None, list[Path]]:
    """DIR without links, None if it is in an object store, and all directories of mirrors that may hold ``written``."""
    root = None if not directory or is_object_url(directory) else real_path(start_directory(directory))
    places = [path for file in written for path in paths_of(file.path)]
    mirrors = {above for path in places for above in path.parents if exists(above / STATE_DIRECTORY)}
    if root is not None and (linked_logs(written) or any(path.is_relative_to(root) for path in places)):
        mirrors.add(root)  # whose state may be elsewhere
    return root, sorted(mirrors)


def linked_logs(written: Iterable[OwnFile]) -> dict[Identity, OwnFile]:
    """The log files, which are appended to, that have other names too: hard links, of which one may be in a mirror."""
    found = dict[Identity, OwnFile]()
    for file in written:
        if file.what == "--log-file":
            with suppress(OSError):
                status = file.path.stat()
                found |= {identity(status): file} if status.st_nlink > 1 else {}
    return found
