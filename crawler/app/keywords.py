"""Checks the options of a library call: those given by name, and those of its Config."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, TypeVar

from crawler.model.config import Config
from crawler.model.errors import ConfigError, Problems
from crawler.model.options.combinations import ONLY_WITH, lonely
from crawler.model.options.keywords import DownloadOptions, Options, ProgramOptions, WalkOptions
from crawler.model.report import ListingFailure, Report, Step
from crawler.model.struct import replace
from crawler.model.values import Result
from crawler.text.arguments import is_object_url

R = TypeVar("R", Result, ListingFailure, Step)

ACCEPTED = {
    "mirror": Options.__optional_keys__,
    "download": DownloadOptions.__optional_keys__,
    "walk": WalkOptions.__optional_keys__,
}
"""Function → the options that affect it."""
ALL = ProgramOptions.__optional_keys__


def config_of(function: str, config: Config | None, options: Mapping[str, Any], *, has_cluster: bool = False) -> Config:
    """``config`` with the ``options`` of a call of ``function``; ``include`` and ``exclude`` replace its filter rules.

    Raises ConfigError for an unknown or invalid option, for one that has no effect in this call, whether it is given by
    name or by ``config``, and for a ``config`` that is not a Config. ``has_cluster``: a cluster was given otherwise.
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
        chosen = dataclasses.replace(base, **given)
    except ConfigError as error:
        raise ConfigError(*(f"{function}{each.removeprefix('Config')}" for each in error.problems)) from None
    problems = Problems()
    values = {key: getattr(chosen, key) for key in (*ONLY_WITH.values(), *options)}
    problems.add(lonely(options.keys(), values | ({"cluster": True} if has_cluster else {}), function))
    problems.raise_any()
    return chosen


def checked_objects(directory: str | PathLike[str], config: Config) -> Config:
    """``config``. Raises ConfigError if its ``objects`` have no effect, because ``directory`` is in no object store."""
    if config.objects and not is_object_url(str(directory)):
        raise ConfigError("objects: has no effect: directory is not in an object store")
    return config


def worded(report: Report, say: Callable[[str], str]) -> Report:
    """``report`` with what its texts tell about options as ``say`` words it. Counts by reason are unchanged."""
    if say is str:
        return report

    def said(record: R) -> R:
        text = say(record.reason)
        return record if text == record.reason else replace(record, reason=text)

    return replace(
        report,
        warnings=tuple(map(say, report.warnings)),
        notes=tuple(map(say, report.notes)),
        failures=tuple(map(said, report.failures)),
        listing_failures=tuple(map(said, report.listing_failures)),
        plan=None if report.plan is None else tuple(map(said, report.plan)),
    )


def _given(config: Config) -> list[str]:
    """The fields of ``config`` that differ from their defaults."""
    default = Config()
    names = (item.name for item in dataclasses.fields(config))
    return [name for name in names if getattr(config, name) != getattr(default, name)]
