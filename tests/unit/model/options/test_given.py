"""Which types of Python, NumPy, pandas and yarl each kind of option takes, and that all others are refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
import yarl
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.config import Config, option_fields
from crawler.model.errors import ConfigError
from crawler.model.options.option import option_of
from crawler.model.options.retention import Retention

NOON = datetime(2025, 1, 2, 12, tzinfo=UTC)

VALUES: dict[str, Callable[[], Any]] = {
    "numpy.int64": lambda: numpy.int64(3),
    "numpy.uint8": lambda: numpy.uint8(3),
    "numpy.float32": lambda: numpy.float32(2.5),
    "numpy.float64": lambda: numpy.float64(2.5),
    "numpy.bool": lambda: numpy.bool_(True),
    "numpy.str": lambda: numpy.str_("x"),
    "numpy.timedelta64": lambda: numpy.timedelta64(90_000_000_000, "ns"),
    "numpy.datetime64": lambda: numpy.datetime64("2025-01-02T12:00:00", "ns"),
    "numpy.array": lambda: numpy.array(["x", "y"]),
    "pandas.Series": lambda: pandas.Series(["x", "y"]),
    "pandas.Timestamp": lambda: pandas.Timestamp(NOON),
    "pandas.Timedelta": lambda: pandas.Timedelta("90s"),
    "pandas.NaT": lambda: pandas.NaT,
    "set": lambda: {"y", "x"},
    "frozenset": lambda: frozenset({"y", "x"}),
    "tuple": lambda: ("x", "y"),
    "generator": lambda: (each for each in "xy"),
    "keys": lambda: {"x": 1, "y": 2}.keys(),
    "dict": lambda: {"x": 1},
    "bytes": lambda: b"x",
    "bytearray": lambda: bytearray(b"x"),
    "Path": lambda: Path("x"),
    "yarl.URL": lambda: yarl.URL("http://h:1/"),
    "timedelta": lambda: timedelta(seconds=90),
    "datetime": lambda: NOON,
    "date": lambda: date(2025, 1, 2),
    "time": lambda: time(12),
    "Decimal": lambda: Decimal("2.5"),
    "Fraction": lambda: Fraction(5, 2),
    "bool": lambda: True,
    "None": lambda: None,
    "nan": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "complex": lambda: 1j,
    "Pattern": lambda: re.compile("x"),
    "class": lambda: int,
    "function": lambda: len,
    "object": lambda: object(),
}
XY, SPAN = ("x", "y"), timedelta(seconds=90)
MANY = dict.fromkeys(("numpy.array", "pandas.Series", "set", "frozenset", "tuple", "generator", "keys"), XY)
WHOLE = {"numpy.int64": 3, "numpy.uint8": 3}
REAL = dict.fromkeys(("numpy.float32", "numpy.float64", "Decimal", "Fraction"), 2.5)
SPANS = dict.fromkeys(("timedelta", "pandas.Timedelta", "numpy.timedelta64"), SPAN)
SECONDS = {**WHOLE, **REAL, **dict.fromkeys(SPANS, 90.0)}
AGES = {
    **dict.fromkeys(WHOLE, timedelta(seconds=3)), **dict.fromkeys(REAL, timedelta(seconds=2.5)), **SPANS,
    **dict.fromkeys(("datetime", "pandas.Timestamp", "numpy.datetime64"), NOON), "date": NOON.replace(hour=0),
}  # fmt: skip
TRUTH = {"numpy.bool": True, "bool": True}
NONE = {"None": None}
PATHS = {"numpy.str": "x", "Path": "x", **NONE}

TAKEN: dict[str, dict[str, object]] = {
    "ext": {**MANY, "numpy.str": ("x",), "Path": ("x",)},
    "include": {**MANY, "numpy.str": ("x",)},
    "exclude": {**MANY, "numpy.str": ("x",)},
    "min_size": {**WHOLE, **dict.fromkeys(REAL, 2), **NONE},
    "max_files": {**WHOLE, **NONE},
    "workers": WHOLE,
    "no_recursive": TRUTH,
    "connect_timeout": SECONDS,
    "lock_wait": SECONDS,
    "max_duration": {**SECONDS, **NONE},
    "newer_than": {**AGES, **NONE},
    "older_than": {**AGES, **NONE},
    "trash": {**dict.fromkeys(WHOLE, timedelta(days=3)), **dict.fromkeys(REAL, timedelta(days=2.5)), **SPANS, **NONE},
    "snapshots": {**dict.fromkeys(WHOLE, Retention(3)), **dict.fromkeys(SPANS, Retention(age=SPAN)), **NONE},
    "proxy": {"numpy.str": "x", "yarl.URL": "http://h:1/", "Path": "x", **NONE},
    "state": PATHS,
    "ca_file": PATHS,
    "check": {},
    "objects": {"dict": {"x": "1"}},
    "rules": {},
}
"""Option → kind of value → what is stored. Any other kind is refused."""
OF_TEXT = ("ext", "include", "exclude", "proxy", "state", "ca_file")
NUMBERS_AS_TEXT = {*WHOLE, *REAL, "date", "datetime", "pandas.Timestamp", "numpy.datetime64", "nan", "infinity",
                   "pandas.NaT", "yarl.URL", "set", "frozenset", "generator", "keys"}  # fmt: skip
"""Kinds that an option for text need not refuse: a TOML file may have ``state = 2025-01-31``."""


def stored(key: str, kind: str) -> object:
    config = Config(**{key: VALUES[kind]()})
    if key in {"include", "exclude"}:
        return tuple(rule.pattern for rule in config.rules)
    return getattr(config, key)


@pytest.mark.parametrize("key", TAKEN)
def test_an_option_takes_what_fits_and_refuses_the_rest_by_name(key: str) -> None:
    for kind in VALUES.keys() - (NUMBERS_AS_TEXT - TAKEN[key].keys() if key in OF_TEXT else set()):
        if kind in TAKEN[key]:
            value = stored(key, kind)
            assert value == TAKEN[key][kind], (key, kind)
            assert not type(value).__module__.startswith(("numpy", "pandas")), "it goes to other processes"
        else:
            with pytest.raises(ConfigError, match=f"^Config: {key}: ") as caught:
                stored(key, kind)
            assert len(str(caught.value)) < 200


@given(st.sampled_from(sorted(option_fields())), st.sampled_from(sorted(VALUES)))
def test_no_option_raises_anything_but_a_config_error(key: str, kind: str) -> None:
    try:
        assert Config(**{key: VALUES[kind]()})
    except ConfigError as error:
        assert key in str(error)


def test_a_secret_is_not_shown_whatever_its_type() -> None:
    assert option_of(option_fields()["header"]).secret
    assert Config(header={"Authorization": "x", "X-Key": "y"}).header == ("Authorization: x", "X-Key: y")
    for value in (b"Authorization: hush", {"A\nB": "hush"}, {"A": "hush\n"}, 7.5, ["hush"]):
        with pytest.raises(ConfigError, match="header") as caught:
            Config(header=value)  # type: ignore[arg-type]
        assert "hush" not in str(caught.value)
