"""The TOML file of --config: ``[defaults]`` and one ``[[mirror]]`` for each site."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from crawler.cli.mirrors.conflicts import repetitions, status_conflicts
from crawler.cli.mirrors.table import Mirror, at_home, parse_table, refuse_placeholder
from crawler.model.errors import ConfigError, Problems
from crawler.model.options.objects import check_objects
from crawler.model.options.readers import MAX_PARALLEL
from crawler.model.struct import Value
from crawler.text.arguments import is_object_url

_KEYS = {"defaults", "mirror", "objects", "jobs", "status", "status_public"}
"""The names that may occur at the top level of the file: keys and tables."""


class MirrorsFile(Value, frozen=True, kw_only=True):
    """The whole file. ``jobs`` is the number of mirrors to run at once."""

    mirrors: tuple[Mirror, ...]
    jobs: int = 1
    status: str | None = None
    """Path of the page about all mirrors; None if there is no page."""
    status_public: bool = False
    """Whether the page of ``status`` is meant for visitors."""


def read_mirrors(
    data: Mapping[str, object], overrides: Mapping[str, object], where: str, problems: Problems
) -> MirrorsFile:
    """The mirrors of a parsed file. The options in ``overrides``, from the command line, take precedence.

    What is wrong is left out and added to ``problems``; each message names ``where``, the path of the file, table and
    key.
    """
    problems.add(f"{where}: unknown key {key!r}{_instead(key)}" for key in data if key not in _KEYS)
    jobs, status, is_public = 1, None, False
    with problems.collecting():
        jobs = _jobs(data, where)
    with problems.collecting():
        status, is_public = _status(data, where)
    defaults: dict[str, Any] = {}
    tables: Sequence[object] = ()
    if "mirror" in data or not problems.messages:  # otherwise the unknown key is probably meant to be that
        defaults, tables = _tables(data, where, problems)
    parsed = {
        number: parse_table(table, defaults, overrides, f"{where}: mirror {number}", problems)
        for number, table in enumerate(tables, 1)
    }
    found = {number: mirror for number, mirror in parsed.items() if mirror is not None}
    mirrors = tuple(found.values())
    problems.add(repetitions(found, where, overrides))
    if status is not None:
        from crawler.paths import identity_of

        problems.add(status_conflicts(status, mirrors, where, identity_of))
    if jobs > 1:
        problems.add(_unshareable(mirrors, where, overrides))
    if (
        defaults.get("objects")
        and data.get("objects")
        and len(found) == len(parsed)
        and not any(is_object_url(each.directory) or not each.directory for each in mirrors)
    ):
        problems.add([f"{where}: objects: has no effect: no dir is in an object store, as s3://bucket/prefix is"])
    return MirrorsFile(mirrors=mirrors, jobs=jobs, status=status, status_public=is_public)


def _jobs(data: Mapping[str, object], where: str) -> int:
    jobs = data.get("jobs", 1)
    if not isinstance(jobs, int) or isinstance(jobs, bool) or not 1 <= jobs <= MAX_PARALLEL:
        raise ConfigError(f"{where}: jobs: expected a whole number from 1 to {MAX_PARALLEL}")
    return jobs


def _status(data: Mapping[str, object], where: str) -> tuple[str | None, bool]:
    """The path of the page about all mirrors, and whether it is for visitors. Raises ConfigError."""
    status, is_public = at_home(data.get("status")), data.get("status_public", False)
    if status is not None and not (isinstance(status, str) and status):
        raise ConfigError(f"{where}: status: expected a path")
    refuse_placeholder(f"{where}: status", status or "")
    if not isinstance(is_public, bool):
        raise ConfigError(f"{where}: status_public: expected true or false")
    return status, is_public


def _tables(data: Mapping[str, object], where: str, problems: Problems) -> tuple[dict[str, Any], Sequence[object]]:
    """The options of ``[defaults]``, with the settings of ``[objects]``, and the tables of the mirrors.

    What is wrong is added to ``problems`` and left out.
    """
    defaults, tables = data.get("defaults", {}), data.get("mirror", [])
    if not isinstance(defaults, dict):
        problems.add([f"{where}: defaults: expected a table: write [defaults]"])
        defaults = {}
    elif "mirror" in defaults:
        reason = "write options directly below [defaults]: it has no table for mirrors"
        problems.add([f"{where}: defaults: {reason}"])
        defaults = {key: value for key, value in defaults.items() if key != "mirror"}
    settings = dict[str, str]()
    for given in (data, defaults):
        with problems.collecting():
            settings |= check_objects(given.get("objects", {}), f"{where}: objects")
    if isinstance(tables, list) and tables:
        return {**defaults, "objects": settings}, tables
    one = "[[mirror]] with two brackets" if isinstance(tables, dict) else "one with name, url and dir"
    problems.add([f"{where}: it has no [[mirror]] table: write {one} for each mirror"])
    return {}, ()


def _unshareable(mirrors: Sequence[Mirror], where: str, given: Collection[str]) -> Iterator[str]:
    """One message for each option that requires one mirror at a time. ``given``: the keys of the command line."""
    for key, alone in (("processes", 1), ("cluster", None)):
        divided = [mirror for mirror in mirrors if getattr(mirror.config, key) != alone]
        if divided:
            option, file = (f"--{key}", f" in {where}") if key in given else (f"{divided[0].where}: {key}", "")
            yield f"{option}: requires jobs = 1{file}, so that mirrors of one host share its connections"


def _instead(key: str) -> str:
    """What to write instead of an unknown ``key`` of the file, which is outside of its tables."""
    from crawler.model.options.names.hints import hint
    from crawler.model.options.names.places import Place

    return hint(key, Place.FILE) or " (known: jobs, status, status_public, [defaults], [objects], [[mirror]])"


def select(mirrors: Sequence[Mirror], only: Sequence[str]) -> tuple[Mirror, ...]:
    """The mirrors named in ``only``, or all if it is empty, in the order of the file."""
    return tuple(mirror for mirror in mirrors if not only or mirror.name in only)
