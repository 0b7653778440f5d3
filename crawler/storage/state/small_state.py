"""A copy of a small state, read in one pass, so that a run over a thousand directories queries the database once.

A large state, which may not fit in memory, is queried directory by directory.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Any

from crawler.model import limits
from crawler.model.state.store import ListingMemo
from crawler.model.values import Known
from crawler.storage.state import records

FILES = 20_000
LISTINGS = 5_000
LISTING_BYTES = 8 * limits.MIB
"""A state within FILES, LISTINGS and LISTING_BYTES is small; its copy takes about 15 MB until it is consumed."""

Row = tuple[Any, ...]


class SmallState:
    """The content of ``files`` and ``listings`` when the state was opened.

    Each directory and listing can be read once, which is all that a run needs, and is then released. Before records
    change, ``drop`` their directory or listing.
    """

    def __init__(self, files: dict[bytes, list[Row]], listings: dict[bytes, Row]) -> None:
        self._files = files
        self._listings = listings
        self._gone: set[bytes] = set()

    @property
    def pages(self) -> int:
        """Number of listing pages that have not been read or dropped."""
        return len(self._listings)

    def directory(self, path: str) -> dict[str, Known] | None:
        """The files directly in ``path`` by name; None if they were already read or dropped.

        Raises ValueError for a record that this program did not write.
        """
        key = records.key(path)
        if key in self._gone:
            return None
        self._gone.add(key)
        above = f"{path}/" if path else ""
        found = [records.known_of(above, row) for row in self._files.pop(key, ())]
        return {known.path[len(above) :]: known for known in found}

    def listing(self, url: str) -> tuple[bool, ListingMemo | None]:
        """(True, the page at ``url`` or None), or (False, None) if it was read or dropped. Raises ValueError."""
        key = records.key(url)
        if key in self._gone:
            return False, None
        self._gone.add(key)
        row = self._listings.pop(key, None)
        return True, records.memo_of(row) if row is not None else None

    def drop(self, key: str) -> None:
        """Release the directory or listing ``key``, which is about to change."""
        self._gone.add(records.key(key))


def read_small_state(connection: sqlite3.Connection) -> SmallState | None:
    """A copy of the state in memory; None if the state is not small."""
    size = "SELECT count(*), total(length(entries)) FROM (SELECT entries FROM listings LIMIT ?)"
    count, total = connection.execute(size, (LISTINGS + 1,)).fetchone()
    if count > LISTINGS or total > LISTING_BYTES:
        return None
    rows = connection.execute("SELECT * FROM files LIMIT ?", (FILES + 1,)).fetchall()
    if len(rows) > FILES:
        return None
    files: defaultdict[bytes, list[Row]] = defaultdict(list)
    for row in rows:
        files[row[0]].append(row)
    pages = connection.execute("SELECT * FROM listings").fetchall()
    return SmallState(dict(files), {row[0]: row for row in pages})
