"""Converts the values that programs give to options to the few types that the readers of options accept.

For example, a number may be of NumPy, a URL of yarl, a time a timedelta, and extensions a set. Values without an
obvious meaning are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

from crawler.model.struct import shortened

_USER = r"://[^/@']*@"
"""User and password in a URL."""


def several(value: object) -> list[object]:
    """The values in ``value``, any iterable except text, mappings and paths; those of a set are sorted."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, str | bytes | bytearray | Mapping | os.PathLike) or not isinstance(value, Iterable):
        return [value]
    if getattr(value, "shape", None) == ():  # a number of NumPy
        return [value]
    return list(value)


def plain(value: object) -> object:
    """Convert a value of NumPy or of ``numbers`` to a bool, int, float, date, timedelta or text.

    Any other value is returned unchanged.
    """
    kind: Any = type(value)
    if kind.__name__ in {"datetime64", "timedelta64"} and hasattr(value, "astype"):
        return value.astype(f"{kind.__name__}[us]").item()
    if kind.__name__ in {"bool", "bool_"} and hasattr(value, "item"):
        return value.item()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, timedelta):  # pandas has a subclass
        return timedelta(value.days, value.seconds, value.microseconds)
    if isinstance(value, int | float):
        return float(value) if isinstance(value, float) else int(value)
    from numbers import Integral, Real

    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def text_of(value: object, *, takes_time: bool) -> str:
    """A number, date, path, duration or URL as the text of an option. ``takes_time``: the option is a duration.

    Raises TypeError for any other value.
    """
    value = plain(value)
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta) and takes_time:
        return _digits(value.total_seconds()) + "s"
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        return path if isinstance(path, str) else os.fsdecode(path)
    if isinstance(value, float) or type(value).__name__ == "Decimal":
        return _digits(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if hasattr(value, "scheme") and hasattr(value, "host") and not isinstance(value, type):
        return str(value)  # a URL of yarl, httpx, pydantic
    raise TypeError


def _digits(value: object) -> str:
    """The text of a float or Decimal without an exponent, because no option accepts one."""
    text = str(value)
    if text.replace(".", "", 1).isdecimal():
        return text
    from decimal import Decimal  # imported only if needed

    return format(Decimal(text), "f")


def on_one_line(config: Any) -> str:
    """A Config on one line: the fields that differ from their defaults, except those that may contain a password."""
    return f"{type(config).__name__}({', '.join(_shown_fields(config))})"


def _shown_fields(config: Any) -> Iterator[str]:
    for item in fields(config):
        value = getattr(config, item.name)
        if item.repr and value != item.default:
            is_secret = "option" in item.metadata and item.metadata["option"].secret
            yield f"{item.name}={'…' if is_secret else re.sub(_USER, '://…@', shortened(value))}"
