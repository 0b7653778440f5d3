"""The TOML file of --config: ``[defaults]`` and one ``[[mirror]]`` for each site."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crawler.model.config import Config, option_fields, parse_options
from crawler.model.errors import ConfigError
from crawler.model.options.objects import check_objects
from crawler.model.options.option import option_of
from crawler.model.options.readers import MAX_PARALLEL, check_path
from crawler.model.struct import Value
from crawler.text.arguments import fallback_urls, is_object_url, start_directory, start_url

OUTPUTS = ("changes", "summary", "metrics", "report")
"""Options that name files written at the end of a run."""
_KEYS = {"defaults", "mirror", "objects", "jobs", "status", "status_public"}
"""The names that may occur at the top level of the file: keys and tables."""
REQUIRED = {
    "name": ("title", "id", "label"),
    "url": ("uri", "source", "src", "link", "address", "from"),
    "dir": ("directory", "folder", "path", "target", "dest", "destination", "to"),
}
"""Keys that each [[mirror]] has → words that people write instead."""
NAME_IN_PATH = "{name}"
"""A placeholder for the name of the mirror in the paths of output files."""


class Mirror(Value, frozen=True, kw_only=True):
    """One ``[[mirror]]`` table: a named equivalent of ``crawler URL DIR``."""

    name: str
    url: str
    directory: str
    config: Config


class MirrorsFile(Value, frozen=True, kw_only=True):
    """The whole file. ``jobs`` is the number of mirrors to run at once."""

    mirrors: tuple[Mirror, ...]
    jobs: int = 1
    status: str | None = None
    """Path of the page about all mirrors; None if there is no page."""
    status_public: bool = False
    """Whether the page of ``status`` is meant for visitors."""


def parse_mirrors(data: Mapping[str, object], overrides: Mapping[str, object], where: str) -> MirrorsFile:
    """The mirrors of a parsed file. The options in ``overrides``, from the command line, take precedence.

    ``where`` is the path of the file. Raises ConfigError that names file, table and key.
    """
    for key in data:
        if key not in _KEYS:
            raise ConfigError(f"{where}: unknown key {key!r}{_instead(key)}")
    jobs = data.get("jobs", 1)
    if not isinstance(jobs, int) or isinstance(jobs, bool) or not 1 <= jobs <= MAX_PARALLEL:
        raise ConfigError(f"{where}: jobs: expected a whole number from 1 to {MAX_PARALLEL}")
    status, is_public = _at_home(data.get("status")), data.get("status_public", False)
    if status is not None and not (isinstance(status, str) and status):
        raise ConfigError(f"{where}: status: expected a path")
    if not isinstance(is_public, bool):
        raise ConfigError(f"{where}: status_public: expected true or false")
    defaults = data.get("defaults", {})
    if not isinstance(defaults, dict):
        raise ConfigError(f"{where}: defaults: expected a table: write [defaults]")
    if "mirror" in defaults:
        raise ConfigError(f"{where}: defaults: write options directly below [defaults]: it has no table for mirrors")
    objects = check_objects(data.get("objects", {}), f"{where}: objects")
    defaults = {**defaults, "objects": {**objects, **check_objects(defaults.get("objects", {}), f"{where}: objects")}}
    tables = data.get("mirror", [])
    if isinstance(tables, dict):
        raise ConfigError(f"{where}: it has no [[mirror]] table: write [[mirror]] with two brackets for each mirror")
    if not isinstance(tables, list) or not tables:
        raise ConfigError(f"{where}: it has no [[mirror]] table: write one with name, url and dir for each mirror")
    mirrors = [
        _parse_one(table, defaults, overrides, f"{where}: mirror {number}") for number, table in enumerate(tables, 1)
    ]
    _check_distinct(mirrors, where)
    _check_status(status, mirrors, where)
    if objects and not any(is_object_url(mirror.directory) for mirror in mirrors):
        raise ConfigError(f"{where}: objects: has no effect: no dir is in an object store, as s3://bucket/prefix is")
    for key, alone in (("processes", 1), ("cluster", None)):
        if jobs > 1 and any(getattr(mirror.config, key) != alone for mirror in mirrors):
            raise ConfigError(f"{where}: {key}: requires jobs = 1, so that mirrors of one host share its connections")
    return MirrorsFile(mirrors=tuple(mirrors), jobs=jobs, status=status, status_public=is_public)


def _parse_one(table: object, defaults: Mapping[str, Any], overrides: Mapping[str, object], where: str) -> Mirror:
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: expected a table: write [[mirror]], with name, url and dir below it")
    options = {key: _at_home(value) if key in _paths() else value for key, value in {**defaults, **table}.items()}
    options = _with_fallbacks(options, where)
    texts = {key: _text(key, options, where) for key in REQUIRED}
    where = f"{where} ({texts['name']})"
    options["objects"] = {**defaults["objects"], **check_objects(table.get("objects", {}), f"{where}: objects")}
    try:
        start_url(texts["url"])
    except ConfigError as error:
        raise ConfigError(f"{where}: url: {error}") from None
    config = _with_name(Config.from_mapping({**options, **overrides}, where=where), texts["name"], where)
    try:
        fallback_urls(config.fallback)
    except ConfigError as error:
        raise ConfigError(f"{where}: {str(error).removeprefix('--')}") from None
    if config.name_from != "url":
        raise ConfigError(f"{where}: name_from: a listing names its files itself: 'header' is for --input-file alone")
    directory = _directory(texts["dir"], where)
    if table.get("objects") and not is_object_url(directory):
        raise ConfigError(f"{where}: objects: has no effect: dir is not in an object store")
    return Mirror(name=texts["name"], url=texts["url"], directory=directory, config=config)


def _paths() -> set[str]:
    """Keys whose values are paths."""
    return {"dir", *(key for key, item in option_fields().items() if option_of(item).parse is check_path)}


def _at_home(value: object) -> object:
    """A path that begins with ``~`` as a shell would read it; anything else is unchanged."""
    if not isinstance(value, str) or not value.startswith("~"):
        return value
    return os.path.expanduser(value)  # noqa: PTH111 - that of Path raises an error for an unknown user


def _text(key: str, options: dict[str, Any], where: str) -> str:
    """The text of ``key``, one of REQUIRED, which is removed from ``options``. Raises ConfigError."""
    value = options.pop(key, None)
    if value is None:
        rest = {name: each for name, each in options.items() if name not in REQUIRED}
        for name in rest:
            if name.lower() == key or name.lower() in REQUIRED[key]:
                raise ConfigError(f"{where}: unknown key {name!r}: write {key}")
        parse_options(rest, where)  # reports a misspelt key, which is more helpful
        raise ConfigError(f'{where}: {key}: missing: write {key} = "…"')
    if not isinstance(value, str):
        raise ConfigError(f'{where}: {key}: expected text in quotes, such as {key} = "…"')
    if not value.strip():
        raise ConfigError(f'{where}: {key}: empty: write {key} = "…"')
    return value


def _instead(key: str) -> str:
    """What to write instead of an unknown ``key`` of the file, which is outside of its tables."""
    from crawler.model.options.names.hints import hint
    from crawler.model.options.names.places import Place

    return hint(key, Place.FILE) or " (known: jobs, status, status_public, [defaults], [objects], [[mirror]])"


def _with_fallbacks(options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``options`` of a mirror whose ``url`` may be a list: the first is its URL, the others are fallbacks."""
    url, fallback = options.get("url"), options.get("fallback", ())
    if not isinstance(url, list):
        return dict(options)
    if not url or not all(isinstance(each, str) and each.strip() for each in url):
        raise ConfigError(f"{where}: url: expected text, or a list of URLs of the same tree")
    for each in url:
        try:
            start_url(each)
        except ConfigError as error:
            raise ConfigError(f"{where}: url: {error}") from None
    others = [fallback] if isinstance(fallback, str) else list(fallback)
    return {**options, "url": url[0], "fallback": [*url[1:], *others]}


def _directory(text: str, where: str) -> str:
    """``dir`` as given, or the path of a file URL, so that both are recognised as the same. Raises ConfigError."""
    if is_object_url(text):
        return text
    try:
        place = start_directory(text)
        return str(place) if "://" in text else text
    except ConfigError as error:
        raise ConfigError(f"{where}: dir: {str(error).removeprefix('DIR: ')}") from None


def _with_name(config: Config, name: str, where: str) -> Config:
    """``config`` with ``{name}`` in the paths of output files replaced. Raises ConfigError for a name with a slash."""
    paths: dict[str, Any] = {what: path for what in OUTPUTS if NAME_IN_PATH in (path := getattr(config, what) or "")}
    if paths and ("/" in name or "\0" in name or name in {".", ".."}):
        raise ConfigError(f"{where}: {next(iter(paths))}: {NAME_IN_PATH} needs a name without a slash")
    for what, path in paths.items():
        paths[what] = path.replace(NAME_IN_PATH, name)
    return replace(config, **paths)


def _check_status(status: str | None, mirrors: Sequence[Mirror], where: str) -> None:
    """Raise ConfigError if a mirror writes the file of the page about all mirrors."""
    for mirror in mirrors:
        if status is not None and status in {getattr(mirror.config, what) for what in OUTPUTS}:
            raise ConfigError(f"{where}: status: mirror {mirror.name!r} writes the same file: {status}")


def _check_distinct(mirrors: Sequence[Mirror], where: str) -> None:
    for what in ("name", "directory"):
        values = [getattr(mirror, what) for mirror in mirrors]
        for number, value in enumerate(values, 1):
            if value in values[: number - 1]:
                raise ConfigError(f"{where}: mirror {number}: two mirrors have the {what} {value!r}")
    states = [mirror.config.state for mirror in mirrors if mirror.config.state]
    if len(states) != len(set(states)):
        raise ConfigError(f"{where}: two mirrors have the same state: give each its own file")


def check_distinct_paths(
    mirrors: Sequence[Mirror], chosen: Sequence[Mirror], identity: Callable[[str], object], where: str
) -> None:
    """Raise ConfigError if two mirrors use the same directory, state or output file under different names.

    Output files count only for ``chosen``, the mirrors that run, so that ``--only pub --report pub.html`` is valid.
    ``identity`` returns equal values for different paths of the same file (because of links, case or mounts).
    """
    for what in ("directory", "state", *OUTPUTS):
        taken: dict[object, Mirror] = {}
        for mirror in chosen if what in OUTPUTS else mirrors:
            path = mirror.directory if what == "directory" else getattr(mirror.config, what)
            if path is None or path.startswith("/dev/"):
                continue
            other = taken.setdefault(identity(path), mirror)
            if other is not mirror:
                raise ConfigError(f"{where}: mirrors {other.name!r} and {mirror.name!r} have the same {what}: {path}")


def enclosing(mirrors: Sequence[Mirror]) -> dict[str, tuple[str, ...]]:
    """Name of each mirror → names of the mirrors whose directories contain its directory. Links are resolved."""
    places = {mirror.name: os.path.realpath(mirror.directory).rstrip("/") + "/" for mirror in mirrors}
    return {
        name: tuple(outer for outer, above in places.items() if above != place and place.startswith(above))
        for name, place in places.items()
    }


def select(file: MirrorsFile, only: Sequence[str], where: str) -> tuple[Mirror, ...]:
    """The mirrors named in ``only``, or all if it is empty.

    Raises ConfigError for an unknown name, and if two selected mirrors would write the same output file.
    """
    names = [mirror.name for mirror in file.mirrors]
    for name in only:
        if name not in names:
            raise ConfigError(f"--only {name}: no such mirror; the file has {', '.join(names)}")
    chosen = tuple(mirror for mirror in file.mirrors if not only or mirror.name in only)
    for what in OUTPUTS:
        paths = [path for mirror in chosen if (path := getattr(mirror.config, what)) and not path.startswith("/dev/")]
        if len(paths) > len(set(paths)):
            raise ConfigError(f"{where}: two mirrors have the same {what}: give each its own file")
    return chosen


def shared_option(mirrors: Sequence[Mirror], key: str, where: str) -> Any:
    """The value of an option that must be the same for all ``mirrors``. Raises ConfigError if they differ."""
    values = {getattr(mirror.config, key) for mirror in mirrors}
    if len(values) > 1:
        raise ConfigError(f"{where}: {key}: must be the same for all mirrors; set it in [defaults]")
    return values.pop()
