"""Takes the lock of DIR without an event loop, and finds out whether nothing in DIR speaks against a run."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.model.errors import CrawlerError
from crawler.model.struct import Value
from crawler.model.values import Validators
from crawler.paths import exists, is_of_kernel, real_path
from crawler.storage.directory.layout import NAMES_MARK, Layout
from crawler.text.ownership import is_same_tree, owner
from crawler.text.urls import STATE_DIRECTORY, STATE_FILE, origin, origin_name

if TYPE_CHECKING:
    from crawler.model.state.host_limits import HostLimits

_LAST_RUNS = 20


class Standing(Value, frozen=True):
    """What is known of a directory in which a run may begin."""

    layout: Layout
    """The directory, made and locked. It belongs to the caller."""
    is_first: bool
    """Whether there is no mirror yet."""
    connections: int | None = None
    """Maximum number of connections that an earlier run has found for the host; None if unknown."""
    validators: Validators | None = None
    """Those of the first page; None if it is not known which request the run will send for it."""


def claimed(directory: Path, root: str, *, lock: bool) -> Standing | None:
    """Take ``directory`` for a run that mirrors ``root``. None if the run would be refused there, or in doubt.

    The lock is taken, unless ``lock`` is False, before anything is decided by what is there: no other run changes it
    between this and the run, which looks at it again, but finds no other reason to be refused. After None nothing
    is held, and nothing that was created is left.
    """
    place = real_path(directory)
    if place.parent == place or STATE_DIRECTORY in place.parts or is_of_kernel(place):
        return None
    if exists(directory) and not exists(place):  # a link to nowhere
        return None
    layout, found = Layout(directory), None
    try:
        with suppress(OSError, ValueError, CrawlerError):
            found = _found(layout, place, root, lock=lock)
        return found
    finally:
        if found is None:
            layout.close()


def give_back(layout: Layout) -> None:
    """Leave the directory of ``layout`` to others, without what was created for a run that did not begin."""
    layout.withdraw(with_state=False)
    layout.close()


def _found(layout: Layout, place: Path, root: str, *, lock: bool) -> Standing | None:
    """What is known of ``place``, which has no links. Raises OSError, ValueError, CrawlerError."""
    home = place / STATE_DIRECTORY
    was_there = exists(home)
    if not (_is_usual(home) if was_there else _may_be_made(place)):
        return None
    layout.look()
    layout.make()
    if lock and not layout.lock.take():
        return None
    if was_there and exists(home / STATE_FILE):  # not if another run has withdrawn it since
        return _of_mirror(layout, home, root)
    # Runs of mirrors above look for a ``.crawler`` when they begin: one that has none now will find that of ``place``.
    if not exists(home / STATE_FILE) and not _is_enclosed(place):
        return Standing(layout, is_first=True, validators=Validators())
    layout.withdraw(with_state=False)
    return None


def _may_be_made(place: Path) -> bool:
    """Whether the first mirror may be made in ``place``: not inside another one. Raises OSError."""
    existing = next(directory for directory in (place, *place.parents) if exists(directory))
    return stat.S_ISDIR(existing.stat().st_mode) and _is_writable(existing) and not _is_enclosed(place)


def _is_enclosed(place: Path) -> bool:
    return any(exists(directory / STATE_DIRECTORY) for directory in place.parents)


def _is_usual(home: Path) -> bool:
    """Whether ``home``, the ``.crawler`` of a mirror, is as this program makes it without options. Raises OSError."""
    is_own = stat.S_ISDIR(home.lstat().st_mode) and _is_own_file(home / STATE_FILE)
    return is_own and not exists(home / NAMES_MARK) and _is_writable(home)


def is_undisputed(place: Path, root: str) -> bool:
    """Whether no earlier run in ``place`` speaks against a mirror of ``root``; False in doubt. Changes nothing."""
    home = place / STATE_DIRECTORY
    with suppress(OSError, ValueError, CrawlerError):
        return not exists(home / STATE_FILE) or (_is_usual(home) and _read(home, root) is not None)
    return False


def _of_mirror(layout: Layout, home: Path, root: str) -> Standing | None:
    """What is known of the mirror whose ``.crawler`` is ``home``, and locked. Raises OSError."""
    known = _read(home, root)
    if known is None:
        return None
    found = known.hosts.get(origin_name(origin(root)))
    limit = None if found is None else found.limit
    return Standing(layout, is_first=False, connections=limit, validators=known.validators)


class _Known(Value, frozen=True):
    """What the state of a mirror knows."""

    hosts: Mapping[str, HostLimits]
    validators: Validators | None
    """Those of the first page, if earlier runs have shown that it is one."""


def _read(home: Path, root: str) -> _Known | None:
    """What the state in ``home`` knows; None if it is not that of a mirror of ``root``. Raises OSError."""
    from crawler.model.state.host_limits import HostLimits
    from crawler.storage.state.database import Database  # not for the first run
    from crawler.storage.state.digests.validators import read_validators
    from crawler.storage.state.hosts import read_hosts
    from crawler.storage.state.runs import RunRecord, read_runs

    database = Database(home / STATE_FILE, read_only=True)
    database.open()
    try:
        runs = database.ask(partial(read_runs, _LAST_RUNS), list[RunRecord]())
        hosts = database.ask(partial(read_hosts, time.time()), dict[str, HostLimits]())
        has_listed = any(run.url and run.figures and run.figures.listed for run in runs)
        validators = database.ask(partial(read_validators, root), None) if has_listed else None
    finally:
        database.close()
    known = owner([(run.url, run.figures.listed if run.figures else None) for run in runs])
    is_own = database.problem is None and known is not None and is_same_tree(known, root)
    return _Known(hosts, validators) if is_own else None


def _is_own_file(path: Path) -> bool:
    """Whether ``path`` is a regular file that is not shared, and that this user may write. Raises OSError."""
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and os.access(path, os.R_OK | os.W_OK)


def _is_writable(directory: Path) -> bool:
    return os.access(directory, os.R_OK | os.W_OK | os.X_OK)
