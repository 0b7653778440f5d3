"""A copy of a small state, read in one pass, so that a run over a thousand directories queries the database once.

A large state, which may not fit in memory, is queried directory by directory.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from crawler.model import limits
from crawler.model.state.directory_digest import CopiesDigest, DirectoryDigest
from crawler.model.state.host_limits import HostLimits
from crawler.model.state.store import ListingMemo
from crawler.model.struct import Value
from crawler.model.values import Known
from crawler.storage.state import records, tables
from crawler.storage.state.database import Database
from crawler.storage.state.digests.copies import copies_of, files_of, has_copies
from crawler.storage.state.digests.leaves import count_leaves, leaf_of
from crawler.storage.state.hosts import read_hosts
from crawler.storage.state.schema import has_table
from crawler.storage.state.tables import Changes
from crawler.storage.state.visits import Visits

FILES = 20_000
LISTINGS = 5_000
LISTING_BYTES = 8 * limits.MIB
"""A state within FILES, LISTINGS and LISTING_BYTES is small; its copy takes about 15 MB until it is consumed."""

Row = tuple[Any, ...]


class SmallState:
    """The content of ``files``, ``listings``, ``leaves`` and ``copies`` when the state was opened.

    Each directory and listing can be read once, which is all that a run needs, and is then released. Before records
    change, ``drop`` their directory or listing. Listings that have a digest are not copied, and files in directories
    whose copies have one only when the first of these directories is asked for.
    """

    def __init__(
        self,
        files: dict[bytes, list[Row]],
        listings: dict[bytes, Row],
        leaves: dict[bytes, Row] | None = None,
        copies: dict[bytes, Row] | None = None,
    ) -> None:
        self._files = files
        self._listings = listings
        self._leaves = leaves or {}
        self._copies = copies or {}
        self._lacks = bool(copies)
        """Whether the files in the directories of ``_copies`` are missing."""
        self._gone: set[bytes] = set()
        self._directories = files.keys() | self._copies.keys()
        """All directories that may have files; likewise all pages."""
        self._pages = listings.keys() | self._leaves.keys()

    @property
    def pages(self) -> int:
        """Number of pages of which something is known, and that have not been read or dropped."""
        return len(self._listings.keys() | self._leaves.keys())

    def note_written(self, changes: Changes) -> None:
        """Note that ``changes`` are written: the state may have more directories and pages then."""
        self._directories.update(map(records.key, changes.directories))
        self._pages.update(map(records.key, changes.pages))

    def is_within(self, visits: Visits) -> bool:
        """Whether all that was copied, or written since, certainly belongs to one of ``visits``."""
        noted = visits.noted
        are_covered = visits.are_all_here and self._directories <= {records.key(path) for path, _ in noted}
        return are_covered and self._pages <= {records.key(url) for _, url in noted if url is not None}

    def digest(self, url: str) -> DirectoryDigest | None:
        """The digest of the page at ``url``; None if there is no intact record of it."""
        record = self._leaves.get(records.key(url))
        return None if record is None else leaf_of(url, record)

    def copies(self, paths: Iterable[str]) -> dict[str, CopiesDigest]:
        """The digests of the copies in ``paths``, by path, unless records of the files there were read or dropped."""
        found, gone = {path: self._copies.get(records.key(path)) for path in paths}, self._gone
        return copies_of({path: record for path, record in found.items() if record and record[0] not in gone})

    def counts(self) -> dict[str, int]:
        """The number of files by path of each directory whose copies have a digest, as far as its path is ASCII."""
        with suppress(ValueError, TypeError, AttributeError):  # a damaged record
            return {path.decode("ascii"): files_of(row[1]) for path, row in self._copies.items() if path.isascii()}
        return {}

    def lacks(self, path: str) -> bool:
        """Whether the files in ``path`` are to be added by ``add``."""
        return self._lacks and records.key(path) in self._copies

    def add(self, files: dict[bytes, list[Row]] | None) -> None:
        """Add the files that ``read_others`` has read. None: they are queried directory by directory."""
        self._lacks = False
        if files is None:
            self._gone.update(self._copies)
        else:
            self._files |= files

    def rows(self, path: str) -> list[Row] | None:
        """The records of the files directly in ``path``, which are not released; None if they were read or dropped."""
        key = records.key(path)
        return None if key in self._gone else self._files.get(key, [])

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
        """(True, the page at ``url`` or None), or (False, None) if it is not here. Raises ValueError.

        It is not here if it was read or dropped, or has a digest.
        """
        key = records.key(url)
        if key in self._gone or key in self._leaves:
            return False, None
        self._gone.add(key)
        row = self._listings.pop(key, None)
        return True, records.memo_of(row) if row is not None else None

    def drop(self, key: str) -> None:
        """Release the directory or listing ``key``, which is about to change."""
        self._gone.add(records.key(key))

    def drop_all(self, keys: Iterable[str]) -> None:
        """``drop`` for each of ``keys``."""
        self._gone.update(map(records.key, keys))


class Start(Value, frozen=True, kw_only=True):
    """What is read of a state when it is opened."""

    small: SmallState | None
    """The copy of a small state; None if it is not small, or no copy is wanted."""
    hosts: dict[str, HostLimits]
    digests: int
    """Number of pages that have a digest, at least as far as they are counted."""
    has_files: bool
    has_copies: bool
    """Whether any directory has a digest of its copies."""

    @property
    def pages(self) -> int:
        """Number of known pages, or about as many as are counted of a large state."""
        return max(LISTINGS, self.digests) if self.small is None else self.small.pages

    @property
    def counts(self) -> dict[str, int]:
        """The number of files by path of each directory that has digests of its rows and of its copies, if copied."""
        return {} if self.small is None else self.small.counts()


def read_start(database: Database, *, copies: bool) -> Start:
    """Open ``database`` and read what a run needs from the start. ``copies``: copy a small state."""
    database.open()
    hosts: dict[str, HostLimits] = database.ask(partial(read_hosts, time.time()), {})
    return Start(
        hosts=hosts,
        digests=database.ask(partial(count_leaves, LISTINGS + 1), 0),
        small=database.ask(read_small_state, None) if copies else None,
        has_files=database.ask(tables.has_files, False),
        has_copies=database.ask(has_copies, False),
    )


def read_small_state(connection: sqlite3.Connection) -> SmallState | None:
    """A copy of the state in memory; None if the state is not small."""
    leaves = _records(connection, "leaves", "facts") if has_table(connection, "leaves") else {}
    # Most pages with a digest are not needed as well: those that are are queried one by one.
    listings = _records(
        connection, "listings", "entries", "WHERE url NOT IN (SELECT url FROM leaves)" if leaves else ""
    )
    if leaves is None or listings is None:
        return None
    copies = _records(connection, "copies", "basis") if has_table(connection, "copies") else {}
    files = _files(connection, "WHERE folder NOT IN (SELECT folder FROM copies)" if copies else "")
    return None if copies is None or files is None else SmallState(files, listings, leaves, copies)


def read_others(connection: sqlite3.Connection) -> dict[bytes, list[Row]] | None:
    """The files in the directories whose copies have a digest; None if they are too many."""
    if not has_table(connection, "copies"):
        return None
    return _files(connection, "WHERE folder IN (SELECT folder FROM copies)")


def _files(connection: sqlite3.Connection, where: str) -> dict[bytes, list[Row]] | None:
    """The records of files by directory; None if they are too many."""
    rows = connection.execute(f"SELECT * FROM files {where} LIMIT ?", (FILES + 1,)).fetchall()
    if len(rows) > FILES:
        return None
    files: defaultdict[bytes, list[Row]] = defaultdict(list)
    for row in rows:
        files[row[0]].append(row)
    return dict(files)


def _records(connection: sqlite3.Connection, table: str, longest: str, where: str = "") -> dict[bytes, Row] | None:
    """The records of pages in ``table`` by URL; None if they are too many, or their cells ``longest`` too long."""
    size = f"SELECT count(*), total(length({longest})) FROM (SELECT {longest} FROM {table} {where} LIMIT ?)"
    count, total = connection.execute(size, (LISTINGS + 1,)).fetchone()
    if count > LISTINGS or total > LISTING_BYTES:
        return None
    return {row[0]: row for row in connection.execute(f"SELECT * FROM {table} {where}").fetchall()}
