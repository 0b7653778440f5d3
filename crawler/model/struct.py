"""Base classes for plain data: Value if it is immutable, Record if programs show it as a row, Struct if it changes.

They are msgspec structs, used like dataclasses. Defining one takes 15 µs instead of 0.5 ms, which matters at start-up
with a hundred of them, and creating an instance takes 0.1 µs instead of 1.2 µs, which matters for many small files.
The most frequent ones, which hold only text, numbers and each other, have ``gc=False``: they cannot form cycles.
Names are not encoded with msgspec alone: its encoders reject the lone surrogates that stand for their bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, make_dataclass
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct, field
from msgspec.structs import asdict, astuple, replace

__all__ = ["Brief", "Record", "Struct", "Value", "asdict", "astuple", "field", "html_table", "replace", "shortened"]

_LONGEST_SHOWN = 50
"""Maximum length of the representation of a value that is shown on one line with others."""


class _DataclassFields:
    """The fields of a class in the form of ``dataclasses``, created on access."""

    def __get__(self, _value: object, owner: type[Struct]) -> dict[str, Field[Any]]:
        return {item.name: item for item in fields(make_dataclass(owner.__name__, owner.__struct_fields__))}


class _DataclassParams:
    """The attribute of a dataclass that pprint reads: whether ``dataclass`` has generated ``__repr__``."""

    repr = False


class Value(Struct, frozen=True):
    """Immutable plain data, compared and hashed by its fields.

    ``replace``, ``asdict`` and ``fields`` of ``dataclasses`` accept it too. ``replace`` of this module is ten times as
    fast, and its ``asdict`` is not recursive.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]] = _DataclassFields()  # type: ignore[assignment]
    __dataclass_params__: ClassVar[Any] = _DataclassParams


def shortened(value: object) -> str:
    """``repr(value)`` on one line; the middle of a long one is left out."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN // 2]}…{text[-_LONGEST_SHOWN // 2 :]}"


class Brief(Value, frozen=True):
    """A Value with collections, which may hold thousands of values: its ``repr`` is one line that leaves them out."""

    _shown: ClassVar[str] = ""
    """Attributes that are shown if they are not zero or empty, separated by spaces. "": all but collections."""

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({', '.join(f'{name}={shortened(value)}' for name, value in self.__rich_repr__())})"
        )

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown = {name: getattr(self, name) for name in self._shown.split() or self.__struct_fields__}
        return [item for item in shown.items() if item[1] and not isinstance(item[1], tuple | frozenset | Mapping)]

    def __hash__(self) -> int:
        """By all fields, as in any Value; mappings, which have no hash, by their items."""
        hashable = (frozenset(each.items()) if isinstance(each, Mapping) else each for each in astuple(self))
        return hash((type(self), *hashable))


class Record(Value, frozen=True):
    """A Value that is a row of a table, for data frames and notebooks."""

    _columns: ClassVar[str] = ""
    """Attributes that are columns, separated by spaces; ``size.low`` is an attribute of ``size``. "": all fields."""

    def to_dict(self) -> dict[str, Any]:
        """The value as a flat dict, a row of a data frame; the low and high ends of a span are two columns."""
        row: dict[str, Any] = {}
        for column in self._columns.split() or self.__struct_fields__:
            name, _, end = column.partition(".")
            value = getattr(self, name)
            if end and value is not None:
                value = getattr(value, end)
            row[column.replace(".", "_")] = value.value if isinstance(value, StrEnum) else value
        return row

    def _repr_html_(self) -> str:
        from crawler.model.notebook.tables import pairs_table

        return pairs_table(type(self).__name__, {name: value for name, value in self.to_dict().items() if value})


def html_table(title: str, records: Sequence[Record]) -> str:
    """The ``records``, all of one class, as an HTML table for notebooks; only the first ones if there are many."""
    from crawler.model.notebook.tables import rows_table

    return rows_table(title, map(type(records[0]).to_dict, records) if records else (), len(records))
