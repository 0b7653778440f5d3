"""Creates and upgrades the tables, and rebuilds them from their intact records.

The last column of each table is the checksum of the others (``seal``). Columns without a type store values unchanged;
integers beyond 64 bits are stored as text (``records``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from itertools import chain
from typing import Any

from crawler.storage.state.checksum import is_sound, sealed

APPLICATION_ID = int.from_bytes(b"crwl")
"""Identifies a database file as one of this program (SQLite's ``application_id``)."""
SCHEMA_VERSION = 2
OLDEST_VERSION = 1
"""Oldest version that can be upgraded. It has no checksums; its files and runs are kept, its pages are dropped."""

TABLES = {
    "files": """(folder BLOB, name BLOB, url, row, size, mtime, etag, last_modified, digest, checked, seal,
      PRIMARY KEY(folder, name)) WITHOUT ROWID""",
    "listings": """(url BLOB PRIMARY KEY, answered, path BLOB, etag, last_modified, body_digest, family, complete,
      next_pages, entries, seal)""",
    "runs": """(id INTEGER PRIMARY KEY, url BLOB, started, seconds, outcome, exit_code, listed, saved, unchanged,
      skipped, failed, deleted, received, hints, seal)""",
    "leaves": "(url BLOB PRIMARY KEY, path BLOB, facts, seal)",
    "copies": "(folder BLOB PRIMARY KEY, basis BLOB, total, size, seal) WITHOUT ROWID",
    "hosts": "(name BLOB PRIMARY KEY, connections, beyond, learnt, seal) WITHOUT ROWID",
    "pipelines": "(name BLOB PRIMARY KEY, depth, per_connection, learnt, seal) WITHOUT ROWID",
}
_ROWS = (64, 8, 1)
"""Numbers of records that are written with one statement; SQLite allows 999 parameters or more."""
_LATE = ("leaves", "copies", "hosts", "pipelines")
"""Tables created by their first write."""

_COLUMNS = {"files": 10, "runs": 14}
"""Number of columns of the tables of OLDEST_VERSION that are kept."""

HEAD_BYTES = 4096
"""How much of the beginning of a file ``is_own`` needs."""
_MAGIC = b"SQLite format 3\0"
_ID, _VERSION, _COOKIE = slice(68, 72), slice(60, 64), slice(40, 44)
"""Where the header of a database has its application id, its user version, and a counter of changes to its tables."""
_TABLE = b"CREATE TABLE files(folder BLOB, name BLOB"
"""How every version of the state has created its first table."""


def is_own(head: bytes) -> bool:
    """Whether a file with this beginning is a state, perhaps a damaged one, or a new file that can become one.

    A document or the database of another program is neither. The header is that of https://sqlite.org/fileformat.html.
    """
    if not head or head[_ID] == APPLICATION_ID.to_bytes(4):
        return True
    is_empty_database = head.startswith(_MAGIC) and head[_ID] == head[_VERSION] == head[_COOKIE] == bytes(4)
    return is_empty_database or (_TABLE in head and b"\0" in head)  # a text may quote the statement


def create(connection: sqlite3.Connection) -> None:
    """Create the tables in a new file, unless another process has just done so."""
    connection.execute("BEGIN IMMEDIATE")
    for table in TABLES.keys() - set(_LATE):
        ensure(table, connection)
    _sign(connection)
    connection.execute("COMMIT")


def ensure(table: str, connection: sqlite3.Connection) -> None:
    """Create ``table`` if it does not exist."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table}{TABLES[table]}")


def insert(table: str, records: Sequence[tuple[Any, ...]], connection: sqlite3.Connection) -> None:
    """Write ``records``, each with all cells, in place of those with the same keys.

    Many with each statement: SQLite takes less time for each, and releases the interpreter lock. Keys should be of type
    bytearray, because ``sqlite3`` looks for an adapter of each value of type bytes.
    """
    at = 0
    for rows in _ROWS:
        while at + rows <= len(records):
            some = records[at : at + rows]
            connection.execute(_insertion(table, len(some[0]), rows), list(chain.from_iterable(some)))
            at += rows


@cache
def _insertion(table: str, cells: int, rows: int) -> str:
    row = f"({', '.join('?' * cells)})"
    return f"INSERT OR REPLACE INTO {table} VALUES {', '.join([row] * rows)}"


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """True if the table ``name`` exists; some are created by their first write."""
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchall())


def upgrade(connection: sqlite3.Connection) -> None:
    """Convert a file of OLDEST_VERSION by adding checksums. Call it in a transaction."""
    for table in TABLES:
        if table in _COLUMNS:
            _rebuild(table, connection, upgraded=_COLUMNS[table])
        else:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
            if table not in _LATE:
                ensure(table, connection)
    _sign(connection)


def repair(connection: sqlite3.Connection) -> int:
    """Rebuild all tables from their intact records and return the number of dropped ones. Call it in a transaction.

    Deleting the damaged records is not enough: SQLite may not find a record with a damaged key, which is out of order.
    """
    connection.execute("DROP TABLE IF EXISTS copies")  # each stands for records of which some may now be dropped
    return sum(_rebuild(table, connection) for table in TABLES if has_table(connection, table))


def _rebuild(table: str, connection: sqlite3.Connection, *, upgraded: int = 0) -> int:
    connection.execute(f"CREATE TABLE rebuilt{TABLES[table]}")
    dropped = 0
    before = connection.text_factory
    connection.text_factory = _lenient
    try:
        with closing(connection.execute(f"SELECT * FROM {table}")) as records:
            for record in records:
                if upgraded:
                    record = sealed(record[:upgraded])
                if is_sound(record):
                    insert("rebuilt", [record], connection)
                else:
                    dropped += 1
    finally:
        connection.text_factory = before
    connection.execute(f"DROP TABLE {table}")
    connection.execute(f"ALTER TABLE rebuilt RENAME TO {table}")
    return dropped


def _lenient(text: bytes) -> str:
    """Decode damaged text; SQLite does not check that text is UTF-8."""
    return text.decode("utf-8", "surrogateescape")


def _sign(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
