"""A field of a JSON or XML document beside the rows of its listing, and what its value says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crawler.listings.statements.key_words import ADDRESSES, words_of
from crawler.model.struct import Value

_NOTHING = frozenset({"", "null", "none", "nil", "false", "no", "n/a", "-", "undefined", "[]", "{}"})
_WELL = _NOTHING | {"ok", "okay", "success", "successful", "succeeded", "good", "normal", "fine"}
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})")
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_MOST_LEAVES = 100


class Statement(Value, frozen=True):
    """One field."""

    path: tuple[str, ...]
    """Its name, after those of the objects in which it is, from the one that also holds the rows."""
    value: Any

    @property
    def name(self) -> str:
        """Its name, with those of the objects in which it is."""
        return ".".join(self.path)

    @property
    def text(self) -> str:
        """What it says, for a message."""
        leaf = next((leaf for leaf in leaves(self.value) if is_trouble(leaf)), self.value)
        return f"{self.name}: {leaf}" if isinstance(leaf, str | int | float) else self.name


def number_in(value: object) -> int | None:
    """``value`` as a whole number; None if it is none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return int(value.replace(",", ""))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def flag_in(value: object) -> bool | None:
    """``value`` as a truth value; None if it is none."""
    return _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else value if isinstance(value, bool) else None


def leaves(value: object) -> Iterator[object]:
    """The values in ``value`` that hold no others, up to a limit."""
    stack, count = [value], 0
    while stack and count < _MOST_LEAVES:
        count += 1
        item = stack.pop()
        if isinstance(item, dict | list):
            stack += reversed(list(item.values() if isinstance(item, dict) else item))
        else:
            yield item


def is_nothing(value: object) -> bool:
    """Whether ``value`` is empty, zero, a negative integer, false, or a word for nothing, or holds nothing else."""
    return all(_is_nothing(leaf, _NOTHING) for leaf in leaves(value))


def is_trouble(value: object) -> bool:
    """Whether ``value``, of a field for errors, names any: not if it is nothing, or says that all is well."""
    return not all(_is_nothing(leaf, _WELL) for leaf in leaves(value))


def _is_nothing(leaf: object, words: frozenset[str]) -> bool:
    number = number_in(leaf)
    return number <= 0 if number is not None else str(leaf).strip().lower() in words


def address_in(statement: Statement) -> str | None:
    """The URL that the value is, or holds (``{"href": …}``); None if it is another value, or a template."""
    value, is_named = statement.value, not ADDRESSES.isdisjoint(words_of(statement.path[-1]))
    if isinstance(value, dict):
        is_named = True
        value = next((each for name, each in value.items() if name.strip("@_").lower() in ADDRESSES), None)
    if not isinstance(value, str) or "{" in value or is_nothing(value):
        return None
    is_address = value.startswith(("http://", "https://", "/", "?", "./", "../"))
    return value if is_address or is_named else None
