"""The checksum that closes each record: a record whose cells do not match it is damaged and counts as unknown.

SQLite does not notice a flipped bit inside a cell. CRC-32 detects every single flipped bit, and all but one in four
billion other changes; computing it takes about half a microsecond.
"""

from __future__ import annotations

import marshal
from typing import Any
from zlib import crc32

_FORMAT = 2
"""Of marshal: the newest one that depends on nothing but the values (later ones write what is interned or shared)."""


SHAPE = 0
"""What the CRC starts with. To be raised with each change of what the cells of a record may hold: a record that another
version sealed does not match then. So who has checked the seal need not check what is in the cells."""


class DamagedError(ValueError):
    """A record that does not match its checksum."""


def sealed(cells: tuple[Any, ...]) -> tuple[Any, ...]:
    """The record as it is stored: the last cell is the checksum of the others, key and types included.

    They are str, bytes, int, float or None.
    """
    return (*cells, crc32(marshal.dumps(cells, _FORMAT), SHAPE))


def is_sound(record: tuple[Any, ...]) -> bool:
    """Whether a record is as it was stored."""
    return bool(record) and record[-1] == crc32(marshal.dumps(record[:-1], _FORMAT), SHAPE)


def unsealed(record: tuple[Any, ...]) -> tuple[Any, ...]:
    """The cells of a stored record without the checksum. Raises DamagedError."""
    cells = record[:-1]
    if not record or record[-1] != crc32(marshal.dumps(cells, _FORMAT), SHAPE):
        raise DamagedError("a record does not match its checksum")
    return cells
