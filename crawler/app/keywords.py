"""Checks options that are given as keyword arguments of a library call."""

from __future__ import annotations

import dataclasses
from typing import Any

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.keywords import Options, ProgramOptions, WalkOptions

ACCEPTED = {
    "mirror": Options.__optional_keys__,
    "download": Options.__optional_keys__,
    "walk": WalkOptions.__optional_keys__,
}
"""Function → the options that affect it."""
ALL = ProgramOptions.__optional_keys__


def config_of(function: str, config: Config | None, options: WalkOptions) -> Config:
    """``config`` with the ``options`` of a call of ``function``; ``include`` and ``exclude`` replace its filter rules.

    Raises ConfigError for an unknown, invalid or ineffective option, and for a ``config`` that is not a Config.
    """
    base = Config.ensure(config)
    if not options:
        return base
    given: dict[str, Any] = {**options}
    accepted = ACCEPTED[function]
    for key in given:
        if key not in ALL:
            raise ConfigError(f"{function}: unknown option {key!r}{_suggestion(key, accepted)}")
        if key not in accepted:
            raise ConfigError(f"{function}: {key} has no effect here; {_instead(key)}")
    if given.keys() & {"include", "exclude"}:
        given.setdefault("rules", ())
    try:
        return dataclasses.replace(base, **given)
    except ConfigError as error:
        raise ConfigError(f"{function}{str(error).removeprefix('Config')}") from None


def _instead(key: str) -> str:
    """Advice about an option that affects only other calls or the command line."""
    if key in Options.__optional_keys__:
        return "walk yields every entry and saves nothing"
    return "only the program uses it: use the report or an observer"


def _suggestion(key: str, accepted: frozenset[str]) -> str:
    """What ``key`` may mean: the most similar of ``accepted``, or the equivalent of another program's option."""
    from crawler.model.options.elsewhere import elsewhere
    from crawler.model.options.spelling import did_you_mean

    if (plain := key.replace("-", "_").lower()) in accepted:
        return f": write {plain}"
    here = elsewhere("--" + key.replace("_", "-"))
    kind = "WalkOptions" if accepted == WalkOptions.__optional_keys__ else "Options"
    return did_you_mean(key, sorted(accepted)) or (f": here {here}" if here else f"; help(crawler.{kind}) lists all")
