"""One ``[[mirror]]`` table of the file of --config: a URL, a DIR and options."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from crawler.cli.notation import of_file
from crawler.model.config import Config, option_fields, parse_options
from crawler.model.errors import ConfigError, Problems
from crawler.model.options.combinations import contradictions, lonely
from crawler.model.options.objects import check_objects
from crawler.model.options.option import COMMAND_LINE, location_of, option_of
from crawler.model.struct import Value
from crawler.output.files import OUTPUTS
from crawler.text.arguments import fallback_urls, is_object_url, start_directory, start_url
from crawler.text.escape import masked
from crawler.text.ownership import is_same_tree

REQUIRED = {
    "name": ("title", "id", "label"),
    "url": ("uri", "source", "src", "link", "address", "from"),
    "dir": ("directory", "folder", "path", "target", "dest", "destination", "to"),
}
"""Keys that each [[mirror]] has → words that people write instead."""
NAME_IN_PATH = "{name}"
"""A placeholder for the name of the mirror in the paths of output files and of the state."""
_WITH_NAME = (*OUTPUTS, "state")
_PLACEHOLDER = re.compile(r"\{\w+\}")


class Mirror(Value, frozen=True, kw_only=True):
    """One ``[[mirror]]`` table: a named equivalent of ``crawler URL DIR``.

    A name, URL or DIR that is missing or wrong is empty: it has been reported, and the mirror is only checked.
    """

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

    ``defaults`` are the options of ``[defaults]``, with the settings of ``[objects]``. None if it is not a table.
    """
    if not isinstance(table, dict):
        problems.add([f"{where}: expected a table: write [[mirror]], with name, url and dir below it"])
        return None
    options = {key: at_home(value) if key in _paths() else value for key, value in {**defaults, **table}.items()}
    name = options.get("name")
    where = f"{where} ({name})" if isinstance(name, str) and name.strip() else where
    with problems.collecting():
        options = _with_fallbacks(options, where)
    texts, rest = dict[str, str](), {key: value for key, value in options.items() if key not in REQUIRED}
    for key in REQUIRED:
        if not isinstance(value := options.get(key), list) or key != "url":  # such a list was refused above
            with problems.collecting():
                texts[key] = _text(key, value, rest, where)
    url = directory = ""
    with problems.collecting():
        url = _url(texts.get("url", ""), where)
    with problems.collecting():
        refuse_placeholder(f"{where}: dir", texts.get("dir", ""))
        directory = _directory(texts["dir"], where) if "dir" in texts else ""
    with problems.collecting():
        own = check_objects(table.get("objects", {}), f"{where}: objects")
        rest["objects"] = {**defaults["objects"], **own}
        if own and directory and not is_object_url(directory):
            problems.add([f"{where}: objects: has no effect: dir is not in an object store"])
    name, values = texts.get("name", ""), {**rest, **overrides}
    config = _config(values, name, (where, overrides), problems)
    problems.add(lonely(table.keys() - {"ignore_errors", "delete_excluded"}, values, where))
    typed = frozenset(overrides)
    return Mirror(name=name, url=url, directory=directory, config=config, where=where, typed=typed)


def _url(text: str, where: str) -> str:
    """``text`` if it is a URL, or empty. Raises ConfigError."""
    try:
        return text if not text or start_url(text) else ""
    except ConfigError as error:
        raise ConfigError(f"{where}: url: {error}") from None


def _config(values: Mapping[str, object], name: str, source: tuple[str, Collection[str]], problems: Problems) -> Config:
    """The options of a mirror, without what is wrong, or contradicts something else, which is added to ``problems``.

    ``source``: how messages name the table, and the keys that the command line has set instead.
    """
    where, given = source
    valid = dict[str, object]()
    rules = {key: value for key, value in values.items() if key in {"include", "exclude", "rules"}}
    others = ({key: value} for key, value in values.items() if key not in rules)
    for group in (rules, *others):
        try:
            parse_options(group, where)
        except ConfigError as error:
            problems.add(map(of_file(given), error.problems))
        else:
            valid |= group
    parsed = parse_options(valid, where)
    for keys, message in list(contradictions(parsed, where, given)):
        problems.add([message])
        valid = {key: value for key, value in valid.items() if key not in keys}
    config = Config.from_mapping(valid, where=where)
    fallback = [text for text in config.fallback if _is_upstream(text, source, problems)]
    if config.name_from != "url":
        option = "--name-from header" if "name_from" in given else f"{where}: name_from"
        problems.add([f"{option}: a listing names its files itself: 'header' is for --input-file alone"])
    with problems.collecting():
        config = _with_name(config, name, source)
    return replace(config, fallback=tuple(fallback))


def _is_upstream(text: str, source: tuple[str, Collection[str]], problems: Problems) -> bool:
    """Whether ``text`` is a URL that --fallback accepts; if not, what is wrong is added to ``problems``."""
    where, given = source
    try:
        return bool(fallback_urls([text]))
    except ConfigError as error:
        problems.add([str(error) if "fallback" in given else f"{where}: {str(error).removeprefix('--')}"])
        return False


def _paths() -> set[str]:
    """Keys whose values are paths."""
    return {"dir", *(key for key, item in option_fields().items() if option_of(item).metavar in {"FILE", "PATH"})}


def at_home(value: object) -> object:
    """A path that begins with ``~`` as a shell would read it; anything else is unchanged."""
    if not isinstance(value, str) or not value.startswith("~"):
        return value
    return os.path.expanduser(value)  # noqa: PTH111 - that of Path raises an error for an unknown user


def _text(key: str, value: object, rest: dict[str, Any], where: str) -> str:
    """``value`` as the text of ``key``, one of REQUIRED. Raises ConfigError, also if it is missing (None).

    ``rest``: the other options. If ``key`` is among them under another name, that is reported and removed.
    """
    if value is None:
        for name in rest:
            if name.lower() == key or name.lower() in REQUIRED[key]:
                del rest[name]
                raise ConfigError(f"{where}: unknown key {name!r}: write {key}")
        from crawler.model.options.names.hints import stands_for  # imported only if needed

        if any(stands_for(name, rest[name], key) for name in rest):
            raise ConfigError  # without a message: one about the key that is misspelt will follow
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
    for number, each in enumerate(url):
        if any(is_same_tree(start_url(each), start_url(other)) for other in url[:number]):
            raise ConfigError(f"{where}: url: {masked(each)}: named twice, or the same tree: remove it")
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


def refuse_placeholder(location: str, path: str, *, allowed: str = "") -> None:
    """Raise ConfigError, which names ``location``, if ``path`` has a word in braces other than ``allowed``."""
    for found in _PLACEHOLDER.findall(path):
        if found != allowed:
            others = f"{', '.join(_WITH_NAME[:-1])} and {_WITH_NAME[-1]}"
            advice = f"only {NAME_IN_PATH} is replaced" if allowed else f"{NAME_IN_PATH} is replaced in {others} alone"
            raise ConfigError(f"{location}: {path}: {found} has no meaning here: {advice}")


def _with_name(config: Config, name: str, source: tuple[str, Collection[str]]) -> Config:
    """``config`` with ``{name}`` in the paths of output files and of the state replaced.

    Raises ConfigError for a name with a slash, and for other placeholders. ``source``: see ``_config``.
    """
    where, given = source
    for key in (*_WITH_NAME, "log_file"):
        location = location_of(COMMAND_LINE if key in given else where, key)
        refuse_placeholder(location, getattr(config, key) or "", allowed=NAME_IN_PATH if key in _WITH_NAME else "")
    paths: dict[str, Any] = {what: path for what in _WITH_NAME if NAME_IN_PATH in (path := getattr(config, what) or "")}
    if paths and ("/" in name or "\0" in name or name in {".", ".."}):
        what = next(iter(paths))
        needs = f"{NAME_IN_PATH} needs a name without a slash"
        raise ConfigError(f"{where}: name: --{what}: {needs}" if what in given else f"{where}: {what}: {needs}")
    for what, path in paths.items():
        paths[what] = path.replace(NAME_IN_PATH, name)
    return replace(config, **paths)
