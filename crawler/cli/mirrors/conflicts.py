"""Mirrors of a --config file that cannot exist beside each other, and those that are inside others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from crawler.cli.mirrors.table import NAME_IN_PATH, Mirror
from crawler.model.options.readers import is_stream
from crawler.output.files import OUTPUTS
from crawler.paths import real_path

SHARED = ("progress", "log_file", "log_format")
"""Keys that must be the same for all mirrors, because these share their display and log."""


def unknown_names(mirrors: Sequence[Mirror], only: Sequence[str]) -> Iterator[str]:
    """One message for each of the names ``only`` that none of ``mirrors`` has."""
    names = [mirror.name for mirror in mirrors]
    for name in only:
        if name not in names:
            several = ": give --only once for each" if {*name.split(",")} <= {*names} else ""
            yield f"--only {name}: no such mirror; the file has {', '.join(names)}{several}"


def status_conflicts(
    status: str, mirrors: Sequence[Mirror], where: str, identity: Callable[[str], object]
) -> Iterator[str]:
    """One message for each mirror that writes the file of the page about all mirrors.

    ``where``: the TOML file that names the page, or "" for --status. ``identity``: see ``same_paths``.
    """
    page, option = identity(status), f"{where}: status" if where else "--status"
    for mirror in mirrors:
        written = (getattr(mirror.config, what) for what in (*OUTPUTS, "log_file", "state"))
        if any(path is not None and identity(path) == page for path in written):
            yield f"{option}: mirror {mirror.name!r} writes the same file: {status}"


def repetitions(mirrors: Mapping[int, Mirror], where: str, given: Collection[str]) -> Iterator[str]:
    """One message for each name, directory and state that a mirror shares with an earlier one.

    ``mirrors``: number in the file → mirror. ``given``: the keys of the command line, see ``same_paths``.
    """
    for what in ("name", "directory"):
        taken = {""}
        for number, mirror in mirrors.items():
            value = getattr(mirror, what)
            if value and value in taken:
                yield f"{where}: mirror {number}: two mirrors have the {what} {value!r}"
            taken.add(value)
    states = set[str | None]()
    for number, mirror in mirrors.items() if "state" not in given else ():
        if mirror.config.state in states:
            yield f"{where}: mirror {number}: state: two mirrors have the same state: give each its own file"
        states |= {mirror.config.state} - {None}


def same_paths(
    mirrors: Sequence[Mirror],
    chosen: Sequence[Mirror],
    identity: Callable[[str], object],
    given: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """One message for each directory or state that two mirrors use under different names, and each output file.

    Output files count only for ``chosen``, the mirrors that run, so that ``--only pub --report pub.html`` is valid; so
    does a state if it is among ``given``, the keys of the command line. ``identity`` returns equal values for different
    paths of the same file (because of links, case or mounts).
    """
    for keys in (("dir",), ("state",), OUTPUTS):
        taken: dict[object, tuple[Mirror, str, str]] = {}
        of_run = keys == OUTPUTS or not given.isdisjoint(keys)
        for mirror in chosen if of_run else mirrors:
            for key in keys:
                path = mirror.directory if key == "dir" else getattr(mirror.config, key)
                if not path or is_stream(path):
                    continue
                other, its_key, its_path = taken.setdefault(identity(path), (mirror, key, path))
                if other is not mirror and (of_run or its_path != path):
                    yield _same(mirror, key, path, (other, its_key), given)


def _same(mirror: Mirror, key: str, path: str, before: tuple[Mirror, str], given: Collection[str]) -> str:
    """The message about two mirrors that use one ``path``. ``before``: the other mirror, and its key."""
    other, its_key = before
    if key in given:
        advice = "run one of them with --only" if key == "state" else f"put {NAME_IN_PATH} in the path"
        return f"--{key} {path}: mirrors {other.name!r} and {mirror.name!r} would use the same file: {advice}"
    if key == its_key:
        what = f"mirrors {other.name!r} and {mirror.name!r} have the same {'directory' if key == 'dir' else key}"
    else:
        what = f"mirror {other.name!r} writes the same file as its {its_key}"
    return f"{mirror.where}: {key}: {what}: {path}"


def enclosing(mirrors: Sequence[Mirror]) -> dict[str, tuple[str, ...]]:
    """Name of each mirror → names of the mirrors whose directories contain its directory. Links are resolved."""
    places = {mirror.name: str(real_path(mirror.directory)).rstrip("/") + "/" for mirror in mirrors}
    return {
        name: tuple(outer for outer, above in places.items() if above != place and place.startswith(above))
        for name, place in places.items()
    }


def begins_first(mirrors: Sequence[Mirror]) -> Mirror | None:
    """The one of ``mirrors`` that begins before the others: the first that waits for none that contains it."""
    around = enclosing(mirrors)
    return next((mirror for mirror in mirrors if not around[mirror.name]), None)


def differences(mirrors: Sequence[Mirror]) -> Iterator[str]:
    """One message for each key of SHARED that differs among ``mirrors``."""
    for key in SHARED if mirrors else ():
        first, *others = (getattr(mirror.config, key) for mirror in mirrors)
        for number, value in enumerate(others, 1):
            if value != first:
                yield f"{mirrors[number].where}: {key}: must be the same for all mirrors; set it in [defaults]"
                break
