"""The checksum at the end of each record. A record that does not match its checksum is damaged and ignored.

SQLite does not detect a flipped bit inside a cell. CRC-32 detects every single flipped bit and all but one in four
billion other changes, and takes about half a microsecond.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator
from typing import Any
from zlib import crc32

_FORMAT = 2
"""Version of the marshal format: the newest whose output depends only on the values; later ones record sharing."""


SHAPE = 0
"""Start value of the CRC. Raise it whenever the cells of a record may have other types or meanings: records of other
versions then do not match, so readers of a checked record need not validate its cells."""


class DamagedError(ValueError):
    """A record that does not match its checksum."""


def sealed(cells: tuple[Any, ...]) -> tuple[Any, ...]:
    """A record to store: ``cells`` (str, bytes, int, float or None) and their checksum, which covers types as well.

    A bytearray has the checksum of the bytes that SQLite makes of it.
    """
    return (*cells, crc32(marshal.dumps(cells, _FORMAT), SHAPE))


def is_sound(record: tuple[Any, ...]) -> bool:
    """True if a stored record matches its checksum."""
    return bool(record) and record[-1] == crc32(marshal.dumps(record[:-1], _FORMAT), SHAPE)


def unsealed(record: tuple[Any, ...]) -> tuple[Any, ...]:
    """The cells of a stored record, without the checksum. Raises DamagedError."""
    cells = record[:-1]
    if not record or record[-1] != crc32(marshal.dumps(cells, _FORMAT), SHAPE):
        raise DamagedError("a record does not match its checksum")
    return cells


def all_unsealed(records: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """``unsealed`` for each of many records that have cells, in one loop without calls of Python functions."""
    serialize, form, checksum, start = marshal.dumps, _FORMAT, crc32, SHAPE
    for record in records:
        cells = record[:-1]
        if record[-1] != checksum(serialize(cells, form), start):
            raise DamagedError("a record does not match its checksum")
        yield cells
