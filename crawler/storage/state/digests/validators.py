"""Finds the validators of a page without anything else that is known of it."""

from __future__ import annotations

import sqlite3

from crawler.model.values import Validators
from crawler.storage.json_cells import decoded
from crawler.storage.state.checksum import is_sound
from crawler.storage.state.records import key, optional
from crawler.storage.state.schema import has_table

_OF_LISTING = slice(3, 5)
"""Where a record of ``listings`` has entity tag and time."""


def read_validators(url: str, connection: sqlite3.Connection) -> Validators | None:
    """The validators of the page at ``url``, by its digest or, without one, by its record; None in doubt.

    Raises ValueError.
    """
    tables = ("leaves", "listings") if has_table(connection, "leaves") else ("listings",)
    for table in tables:
        record = connection.execute(f"SELECT * FROM {table} WHERE url = ?", (key(url),)).fetchone()
        if record is not None:
            is_its_own = is_sound(record) and record[0] == key(url)
            cells = _of_leaf(record[2]) if table == "leaves" else record[_OF_LISTING]
            return Validators(etag=optional(cells[0]), last_modified=optional(cells[1])) if is_its_own else None
    return Validators()


def _of_leaf(facts: str) -> tuple[str | None, str | None]:
    """Entity tag and time from the facts of a digest, as ``leaves`` stores them. Raises ValueError."""
    found = decoded(facts)
    if not isinstance(found, list):
        raise ValueError("facts of an older version")  # noqa: TRY004 - damage is always a ValueError
    _, _, etag, modified, *_ = found
    return etag, modified
