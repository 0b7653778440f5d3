"""The options as keyword arguments: their keys, types and texts are those of Config, and mistakes are named."""

from __future__ import annotations

import pathlib
import types
import typing
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, SupportsIndex, get_args, get_origin

import numpy
import pytest

from crawler.app.keywords import ACCEPTED, ALL, config_of
from crawler.model.config import Config, option_fields
from crawler.model.errors import ConfigError
from crawler.model.options.keywords import DownloadOptions, Options, ProgramOptions, WalkOptions
from crawler.model.options.option import option_of
from crawler.model.options.readers import MaxDelete
from crawler.model.options.retention import Retention
from crawler.model.options.rules import Rule
from crawler.model.options.timetable import Timetable, parse_limit_rate

TYPES = typing.get_type_hints(ProgramOptions)
TEXTS = {
    "FILE": "x.prom",
    "SIZE": "1M", "RATE": "1M", "AGE": "7d", "TIME": "5m", "N": "3", "N|auto": "3", "N|auto|off": "3", "N|N%": "25%",
    "local|local:N|URL": "local:2", "DAYS": "30", "N|TIME": "7,30d", "'N: V'": "X-Key: v",
}  # fmt: skip
"""Placeholder of an option → a text that it accepts; "x" for any other."""
SAMPLES: dict[object, list[object]] = {
    bool: [True, False],
    float: [30.0, 45],
    int: [3],
    SupportsIndex: [3, numpy.int64(3), numpy.uint8(3)],
    type(None): [None],
    date: [date(2025, 1, 31)],
    datetime: [datetime(2025, 1, 31, 12, tzinfo=UTC)],
    timedelta: [timedelta(days=3)],
    MaxDelete: [MaxDelete(count=5)],
    Retention: [Retention(7)],
    Any: [],
    Timetable: [parse_limit_rate("08:00,2M 19:00,off")],
}
"""Type → values of it."""
WITH: dict[str, dict[str, Any]] = {
    **{key: {"delete": True} for key in ("delete_excluded", "ignore_errors", "max_delete")},
    "cluster_insecure": {"cluster": "local"},
}
"""Option → others that it has no effect without."""


def samples(key: str, kind: object) -> list[object]:
    """Values of the type ``kind`` that the option ``key`` should accept."""
    text = TEXTS.get(option_of(option_fields()[key]).metavar or "", "x") if key in option_fields() else "x"
    if kind is str:
        return [text]
    if "Mapping" in str(kind):
        return [{}, {"region": text}]
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if "Sequence" in str(kind):
        one: object = Rule(True, "x") if "Rule" in str(kind) else text
        return [[one, one], (one,), ()]
    if "Iterable" in str(kind):
        return [[text, text], (text,), (), {text}, {text: 1}.keys(), iter([text]), numpy.array([text])]
    return [pathlib.Path("x.prom")] if "PathLike" in str(kind) else SAMPLES[kind]


def alternatives(kind: object) -> tuple[object, ...]:
    """The types that a union joins."""
    return get_args(kind) if get_origin(kind) in {types.UnionType, typing.Union} else (kind,)


CASES = [(key, kind, value) for key in TYPES for kind in alternatives(TYPES[key]) for value in samples(key, kind)]


def test_the_keys_are_those_of_config() -> None:
    assert TYPES.keys() == {*option_fields(), "rules", "include", "exclude", "objects"}
    assert WalkOptions.__optional_keys__ < Options.__optional_keys__ < ProgramOptions.__optional_keys__ == ALL


def test_config_accepts_a_value_of_every_type() -> None:
    assert len(CASES) > 100
    for key, kind, value in CASES:
        assert Config(**WITH.get(key, {}), **{key: value}), (key, kind)  # type: ignore[arg-type]


def test_the_types_are_as_wide_as_the_field_that_config_stores() -> None:
    """Whatever a Config holds may be passed on by name."""
    stored = typing.get_type_hints(Config)
    for key in option_fields():
        kinds = set(alternatives(stored[key]))
        if stored[key] == tuple[str, ...]:
            assert TYPES[key] == TYPES["ext"], key
        elif get_origin(TYPES[key]) is not Literal:
            assert kinds - {int} <= set(alternatives(TYPES[key])), key


def test_each_key_is_explained_as_in_the_help_page() -> None:
    above: frozenset[str] = frozenset()
    for options in (WalkOptions, Options, DownloadOptions, ProgramOptions):
        text, keys = " ".join((options.__doc__ or "").split()), options.__optional_keys__
        for key in (keys - above) & option_fields().keys():
            assert f" {key}: {option_of(option_fields()[key]).help}" in text, key
        above |= keys


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("mirror", {"exts": "zip"}, "mirror: unknown option 'exts': did you mean ext?"),
        ("mirror", {"max-size": 1}, "mirror: unknown option 'max-size': write max_size"),
        ("mirror", {"Workers": 1}, "mirror: unknown option 'Workers': write workers"),
        ("mirror", {"parallel": 4}, "mirror: unknown option 'parallel': here workers=N, listers=N (lftp)"),
        ("download", {"zzz": 1}, "download: unknown option 'zzz'; help(crawler.DownloadOptions) lists all"),
        ("mirror", {"workers": 0}, "mirror: workers: '0': expected a whole number from 1 to 1000"),
        ("mirror", {"delete_excluded": True}, "mirror: delete_excluded has no effect without delete"),
        ("mirror", {"header": "Secret"}, "mirror: header: expected 'Name: value' or @FILE"),
        ("mirror", {"log_file": "x"},
         "mirror: log_file has no effect here; only the program uses it: use the report or an observer"),
        ("download", {"delete": True},
         "download: delete has no effect here; only a listing shows what is gone upstream"),
        ("download", {"max_depth": 1}, "download: max_depth has no effect here; a list has no directories to enter"),
        ("mirror", {"name_from": "url"}, "mirror: name_from has no effect here; a listing names its files itself"),
        ("walk", {"ext": "zip"}, "walk: ext has no effect here; walk yields every entry and saves nothing"),
        ("walk", {"qqq": "zip"}, "walk: unknown option 'qqq'; help(crawler.WalkOptions) lists all"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named_with_what_to_do(function: str, options: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        config_of(function, None, options)
    assert str(error.value) == message


def value_of(key: str) -> Any:
    """A value of ``key`` that is not its default."""
    default = getattr(Config(), key, "")
    if isinstance(default, bool):
        return not default
    given: dict[str, Any] = {
        "objects": {"region": "x"}, "rules": (Rule(True, "x"),), "check": "headers", "fsync": "none",
        "names": "windows", "name_from": "header", "lock": "none", "progress": "none", "format": "json",
        "log_format": "json",
    }  # fmt: skip
    return given.get(key) or samples(key, str)[0]


@pytest.mark.parametrize("function", ACCEPTED)
def test_each_call_heeds_what_it_accepts_and_refuses_the_others(function: str) -> None:
    """By name, and as a value of a Config."""
    for key in ALL:
        options: Any = {**WITH.get(key, {}), key: value_of(key)}
        config, is_input = Config(**options), key in {"include", "exclude"}
        if key in ACCEPTED[function]:
            assert config_of(function, None, options) == config_of(function, config, {}) == config
            continue
        with pytest.raises(ConfigError, match=rf"^{function}: \w+ has no effect here; \w"):
            config_of(function, None, options)
        with pytest.raises(ConfigError, match=rf"^{function}: config\.{'rules' if is_input else ''}\w* has no effect"):
            config_of(function, config, {})
    assert config_of(function, Config(), {}) == Config()


def test_no_call_ignores_an_option_that_it_cannot_honour() -> None:
    everything = WalkOptions.__optional_keys__ | Options.__optional_keys__ | DownloadOptions.__optional_keys__
    assert set(ACCEPTED["mirror"] ^ everything) == {"name_from"}
    assert set(ACCEPTED["download"] ^ everything) == {
        "no_recursive", "max_depth", "trust_pages", "listers", "fallback", "check", "last", "delete", "max_delete",
        "ignore_errors", "delete_excluded",
    }  # fmt: skip


def test_options_replace_those_of_the_config() -> None:
    base = Config(ext="zip", exclude="old/", workers=3)
    assert config_of("mirror", base, {}) is base
    assert config_of("mirror", base, {"ext": "iso"}) == Config(ext="iso", exclude="old/", workers=3)
    assert config_of("mirror", base, {"include": "*.x"}) == Config(ext="zip", include="*.x", workers=3)
    rules = (Rule(False, "a"), Rule(True, "b"))
    assert config_of("mirror", base, {"rules": rules}).rules == rules
    with pytest.raises(ConfigError, match="either rules, or include and exclude"):
        config_of("mirror", base, {"rules": rules, "include": "*.x"})
