"""Checks the options of a library call: those given by name, and those of its Config."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError
from crawler.model.options.keywords import DownloadOptions, Options, ProgramOptions, WalkOptions

ACCEPTED = {
    "mirror": Options.__optional_keys__,
    "download": DownloadOptions.__optional_keys__,
    "walk": WalkOptions.__optional_keys__,
}
"""Function → the options that affect it."""
ALL = ProgramOptions.__optional_keys__


def config_of(function: str, config: Config | None, options: Mapping[str, Any]) -> Config:
    """``config`` with the ``options`` of a call of ``function``; ``include`` and ``exclude`` replace its filter rules.

    Raises ConfigError for an unknown or invalid option, for one that has no effect in this call, whether it is given by
    name or by ``config``, and for a ``config`` that is not a Config.
    """
    base = Config.ensure(config)
    ineffective = [(key, key) for key in options if key not in ACCEPTED[function]]
    if config is not None:
        ineffective += [(key, f"config.{key}") for key in _given(config) if key not in ACCEPTED[function]]
    for key, shown in ineffective:
        from crawler.model.options.names.hints import unknown_keyword, why_not
        from crawler.model.options.names.places import Place

        if key not in ALL:
            raise unknown_keyword(Place(function), key)
        raise ConfigError(f"{function}: {shown} has no effect here; {why_not(key, Place(function))}")
    if not options:
        return base
    given = dict(options)
    if given.keys() & {"include", "exclude"}:
        given.setdefault("rules", ())
    try:
        return dataclasses.replace(base, **given)
    except ConfigError as error:
        raise ConfigError(f"{function}{str(error).removeprefix('Config')}") from None


@contextmanager
def errors_in_keywords() -> Iterator[None]:
    """Let errors name options as keyword arguments, not as on the command line."""
    try:
        yield
    except CrawlerError as error:
        error.reword(in_keywords(str(error)))
        raise


def in_keywords(text: str) -> str:
    """``text`` with options of the command line as keyword arguments."""
    if "-" not in text:
        return text
    from crawler.model.options.names import prose

    return prose.in_keywords(text)


def _given(config: Config) -> list[str]:
    """The fields of ``config`` that differ from their defaults."""
    default = Config()
    names = (item.name for item in dataclasses.fields(config))
    return [name for name in names if getattr(config, name) != getattr(default, name)]
