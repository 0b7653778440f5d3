"""What classes of plain data derive from: Value if they never change, Struct if they do.

Structs of msgspec: dataclasses in all but two points. To define one takes 15 µs instead of 0.5 ms, which a start with
a hundred of them notices, and to build one 0.1 µs instead of 1.2 µs, which a mirror of many small files notices.
Nothing is encoded with msgspec: its encoders refuse the lone surrogates that stand for bytes of names.
"""

from __future__ import annotations

from dataclasses import Field, fields, make_dataclass
from typing import Any, ClassVar

from msgspec import Struct, field
from msgspec.structs import asdict, replace

__all__ = ["Struct", "Value", "asdict", "field", "replace"]


class _DataclassFields:
    """The fields of a class as ``dataclasses`` describes them, made when they are asked for."""

    def __get__(self, _value: object, owner: type[Struct]) -> dict[str, Field[Any]]:
        return {item.name: item for item in fields(make_dataclass(owner.__name__, owner.__struct_fields__))}


class Value(Struct, frozen=True):
    """Plain data that never changes: equal, and hashed, by its fields.

    ``replace``, ``asdict`` and ``fields`` of ``dataclasses`` take it, too. ``replace`` of this module is ten times as
    fast, and its ``asdict`` is not recursive.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]] = _DataclassFields()  # type: ignore[assignment]
