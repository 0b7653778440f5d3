"""Finds out, without an event loop and without changing anything, whether nothing in DIR speaks against a run."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from crawler.model.struct import Value
from crawler.paths import exists, is_of_kernel, real_path
from crawler.storage.directory.layout import NAMES_MARK
from crawler.storage.directory.lock import LOCK_NAME, is_held
from crawler.text.ownership import is_same_tree, owner
from crawler.text.urls import STATE_DIRECTORY, origin, origin_name

_LAST_RUNS = 20


class Standing(Value, frozen=True):
    """What is known of a directory that may be the mirror of a URL."""

    is_first: bool
    """Whether there is no mirror yet."""
    connections: int | None = None
    """Maximum number of connections that an earlier run has found for the host; None if unknown."""


def standing_of(directory: Path, root: str) -> Standing | None:
    """What is known of ``directory`` as the mirror of ``root``; None if a run there would be refused, or in doubt.

    The run checks all of it again, and takes the lock. Another run that begins in between holds it then; this is the
    only case in which the first requests are sent by a run that is refused.
    """
    place = real_path(directory)
    if place.parent == place or STATE_DIRECTORY in place.parts or is_of_kernel(place):
        return None
    if exists(directory) and not exists(place):  # a link to nowhere
        return None
    with suppress(OSError, ValueError):
        if exists(place / STATE_DIRECTORY):
            return _of_mirror(place / STATE_DIRECTORY, root)
        return Standing(is_first=True) if _may_be_made(place) else None
    return None


def _may_be_made(place: Path) -> bool:
    """Whether the first mirror may be made in ``place``, which has no links: not inside another one. Raises OSError."""
    above = [place, *place.parents]
    if any(exists(directory / STATE_DIRECTORY) for directory in above):
        return False
    existing = next(directory for directory in above if exists(directory))
    return stat.S_ISDIR(existing.stat().st_mode) and _is_writable(existing)


def _of_mirror(home: Path, root: str) -> Standing | None:
    """What is known of the mirror whose ``.crawler`` is ``home``. Raises OSError."""
    state, lock = home / "state.sqlite3", home / os.fsdecode(LOCK_NAME)
    is_usual = stat.S_ISDIR(home.lstat().st_mode) and all(_is_own_file(file) for file in (state, lock))
    if not is_usual or exists(home / NAMES_MARK) or not _is_writable(home) or is_held(home):
        return None
    from crawler.model.state.host_limits import HostLimits
    from crawler.storage.state.database import Database  # not for the first run
    from crawler.storage.state.hosts import read_hosts
    from crawler.storage.state.runs import RunRecord, read_runs

    database = Database(state, read_only=True)
    database.open()
    try:
        runs = database.ask(partial(read_runs, _LAST_RUNS), list[RunRecord]())
        hosts = database.ask(partial(read_hosts, time.time()), dict[str, HostLimits]())
    finally:
        database.close()
    known = owner([(run.url, run.figures.listed if run.figures else None) for run in runs])
    if database.problem is not None or known is None or not is_same_tree(known, root):
        return None
    found = hosts.get(origin_name(origin(root)))
    return Standing(is_first=False, connections=None if found is None else found.limit)


def _is_own_file(path: Path) -> bool:
    """Whether ``path`` is a regular file that is not shared, and that this user may write. Raises OSError."""
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and os.access(path, os.R_OK | os.W_OK)


def _is_writable(directory: Path) -> bool:
    return os.access(directory, os.R_OK | os.W_OK | os.X_OK)
