"""One ``[[mirror]]`` table of the file of --config: a URL, a DIR and options."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crawler.cli.notation import of_file
from crawler.model.config import Config, option_fields, parse_options
from crawler.model.errors import ConfigError, Problems
from crawler.model.options.objects import check_objects
from crawler.model.options.option import option_of
from crawler.model.options.readers import check_path
from crawler.model.struct import Value
from crawler.output.files import OUTPUTS
from crawler.text.arguments import fallback_urls, is_object_url, start_directory, start_url

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
    where: str = ""
    """How messages name its table: ``mirrors.toml: mirror 1 (pub)``."""
    typed: frozenset[str] = frozenset()
    """Keys of the options that were given on the command line."""

    @property
    def say(self) -> Callable[[str], str]:
        """Words a text about options as the file writes those that it sets."""
        return of_file(self.typed)


def parse_table(
    table: object, defaults: Mapping[str, Any], overrides: Mapping[str, object], where: str, problems: Problems
) -> Mirror | None:
    """The mirror of ``table``, without what is wrong with it, which is added to ``problems``.

    ``defaults`` are the options of ``[defaults]``, with the settings of ``[objects]``. None if the mirror lacks its
    name, a URL or DIR, or if its options contradict each other.
    """
    if not isinstance(table, dict):
        problems.add([f"{where}: expected a table: write [[mirror]], with name, url and dir below it"])
        return None
    options = {key: at_home(value) if key in _paths() else value for key, value in {**defaults, **table}.items()}
    with problems.collecting():
        options = _with_fallbacks(options, where)
    texts, rest = dict[str, str](), {key: value for key, value in options.items() if key not in REQUIRED}
    for key in REQUIRED:
        if not isinstance(value := options.get(key), list) or key != "url":  # such a list was refused above
            with problems.collecting():
                texts[key] = _text(key, value, rest, where)
    where = f"{where} ({texts['name']})" if "name" in texts else where
    directory, found = "", len(problems.messages)
    with problems.collecting():
        _check_url(texts, where)
    with problems.collecting():
        directory = _directory(texts.get("dir", "."), where)
    with problems.collecting():
        own = check_objects(table.get("objects", {}), f"{where}: objects")
        rest["objects"] = {**defaults["objects"], **own}
        if own and "dir" in texts and not is_object_url(directory):
            problems.add([f"{where}: objects: has no effect: dir is not in an object store"])
    if len(texts) < len(REQUIRED):  # the options have been checked, in search of one that is misspelt
        return None
    is_usable = len(problems.messages) == found
    config = _config({**rest, **overrides}, texts["name"], where, problems)
    if config is None or not is_usable:
        return None
    name, url, typed = texts["name"], texts["url"], frozenset(overrides)
    return Mirror(name=name, url=url, directory=directory, config=config, where=where, typed=typed)


def _check_url(texts: Mapping[str, str], where: str) -> None:
    try:
        start_url(texts.get("url", "http://host/"))
    except ConfigError as error:
        raise ConfigError(f"{where}: url: {error}") from None


def _config(values: Mapping[str, object], name: str, where: str, problems: Problems) -> Config | None:
    """The options of a mirror, without those whose values are wrong, which are added to ``problems``.

    None if the others contradict each other.
    """
    valid = dict[str, object]()
    rules = {key: value for key, value in values.items() if key in {"include", "exclude", "rules"}}
    others = ({key: value} for key, value in values.items() if key not in rules)
    for group in (rules, *others):
        with problems.collecting():
            parse_options(group, where)
            valid |= group
    config = None
    with problems.collecting():
        config = _with_name(Config.from_mapping(valid, where=where), name, where)
    if config is None:
        return None
    fallback = []
    for text in config.fallback:
        try:
            fallback_urls([text])
            fallback.append(text)
        except ConfigError as error:
            problems.add([f"{where}: {str(error).removeprefix('--')}"])
    if config.name_from != "url":
        reason = "a listing names its files itself: 'header' is for --input-file alone"
        problems.add([f"{where}: name_from: {reason}"])
    return replace(config, fallback=tuple(fallback))


def _paths() -> set[str]:
    """Keys whose values are paths."""
    return {"dir", *(key for key, item in option_fields().items() if option_of(item).parse is check_path)}


def at_home(value: object) -> object:
    """A path that begins with ``~`` as a shell would read it; anything else is unchanged."""
    if not isinstance(value, str) or not value.startswith("~"):
        return value
    return os.path.expanduser(value)  # noqa: PTH111 - that of Path raises an error for an unknown user


def _text(key: str, value: object, rest: Mapping[str, Any], where: str) -> str:
    """``value`` as the text of ``key``, one of REQUIRED. Raises ConfigError, also if it is missing (None).

    ``rest``: the other options, one of which may be ``key``, misspelt.
    """
    if value is None:
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
