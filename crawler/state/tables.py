"""What is asked of the tables and written to them, one function for each question.

All rows are fetched before the first is looked at, or the cursor is closed: an unfinished statement would outlive
``Connection.close``, and SQLite, when it ends, would remove the log of the file that has taken the place of the one
set aside.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from crawler.interfaces import ListingMemo
from crawler.models import Known
from crawler.state import records
from crawler.state.database import has_table
from crawler.state.records import Figures, Held, Run

BATCH_ROWS = 1000
"""Rows read at once where all of them are read."""
RUNS_KEPT = 1000

_END_RUN = """UPDATE runs SET seconds = ?, outcome = ?, exit_code = ?, listed = ?, saved = ?, unchanged = ?,
  skipped = ?, failed = ?, deleted = ?, received = ?, hints = ? WHERE id = ?"""

_TOTALS = "count(*), cast(min(total(size), 9e18) AS INTEGER)"
"""Files and bytes. total() is a float, so that no sum overflows; the bound keeps it an integer."""

COLUMNS = "name, url, row, size, mtime, etag, last_modified, digest, checked"


def read_folder(path: str, connection: sqlite3.Connection) -> dict[str, Known]:
    above = f"{path}/" if path else ""
    texts: dict[Any, Any] = {}
    share = texts.setdefault
    # One by one, for all rows as well would double the memory of a large folder; what its files share is kept once.
    with closing(connection.execute(f"SELECT {COLUMNS} FROM files WHERE folder = ?", (records.key(path),))) as rows:
        found = [
            records.known_of(
                above, (*row, share(etag, etag), share(modified, modified), share(digest, digest), checked)
            )
            for *row, etag, modified, digest, checked in rows
        ]
    return {known.path[len(above) :]: known for known in found}


def read_file(path: str, connection: sqlite3.Connection) -> Known | None:
    where = "WHERE folder = ? AND name = ?"
    row = connection.execute(f"SELECT {COLUMNS} FROM files {where}", records.split_path(path)).fetchone()
    return records.known_of(path[: path.rfind("/") + 1], row) if row else None


def read_listing(url: str, connection: sqlite3.Connection) -> ListingMemo | None:
    row = connection.execute("SELECT * FROM listings WHERE url = ?", (records.key(url),)).fetchone()
    return records.memo_of(row) if row else None


def read_batch(after: tuple[bytes, bytes], connection: sqlite3.Connection) -> list[Known]:
    where = "WHERE (folder, name) > (?, ?) ORDER BY folder, name LIMIT ?"
    rows = connection.execute(f"SELECT folder, {COLUMNS} FROM files {where}", (*after, BATCH_ROWS)).fetchall()
    return [records.known_of(f"{records.text_of(folder)}/" if folder else "", row) for folder, *row in rows]


def count_files(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM files").fetchone()
    return int(count)


def read_folders(depth: int, connection: sqlite3.Connection) -> dict[str, Held]:
    """Folder → what lies directly in it; what lies deeper than ``depth`` levels counts for the folder there."""
    query = f"SELECT CAST(folder AS BLOB), {_TOTALS} FROM files GROUP BY folder"
    sums: dict[bytes, tuple[int, int]] = {}
    for folder, files, size in connection.execute(query):  # no cell can stop this halfway: see above
        above = b"/".join(folder.split(b"/", depth)[:depth])
        before = sums.get(above, (0, 0))
        sums[above] = before[0] + files, before[1] + size
    return {records.text_of(folder): Held(*held) for folder, held in sums.items()}


def read_largest(limit: int, connection: sqlite3.Connection) -> list[Known]:
    query = f"SELECT folder, {COLUMNS} FROM files ORDER BY size DESC LIMIT ?"
    rows = connection.execute(query, (limit,)).fetchall()
    return [records.known_of(f"{records.text_of(folder)}/" if folder else "", row) for folder, *row in rows]


def read_runs(limit: int, connection: sqlite3.Connection) -> list[Run]:
    rows = connection.execute("SELECT * FROM runs ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
    return [records.run_of(row) for row in rows]


def begin_run(url: str, now: float, connection: sqlite3.Connection) -> int:
    cursor = connection.execute("INSERT INTO runs(url, started) VALUES (?, ?)", (records.key(url), now))
    number = cursor.lastrowid or 0
    connection.execute("DELETE FROM runs WHERE id <= ?", (number - RUNS_KEPT,))
    return number


def end_run(number: int, figures: Figures, connection: sqlite3.Connection) -> None:
    files, size = connection.execute(f"SELECT {_TOTALS} FROM files").fetchone()
    connection.execute(_END_RUN, (*records.figures_cells(figures, Held(files, size)), number))


def store(files: Mapping[str, Known | None], memos: Mapping[str, ListingMemo], connection: sqlite3.Connection) -> None:
    gone = (records.split_path(path) for path, known in files.items() if known is None)
    connection.executemany("DELETE FROM files WHERE folder = ? AND name = ?", gone)
    kept = (records.known_cells(known) for known in files.values() if known is not None)
    connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)
    pages = map(records.memo_cells, memos.values())
    connection.executemany("INSERT OR REPLACE INTO listings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", pages)


def delete_folder(path: str, connection: sqlite3.Connection) -> None:
    # "0" follows "/": the folders below ``path`` are those between the two.
    folder = records.key(path)
    below = (folder + b"/", folder + b"0") if path else (b"", b"\xff")
    connection.execute("DELETE FROM files WHERE folder = ?", (folder,))
    connection.execute("DELETE FROM files WHERE folder >= ? AND folder < ?", below)
    for table in ("listings", "leaves") if has_table(connection, "leaves") else ("listings",):
        connection.execute(f"DELETE FROM {table} WHERE path = ? OR (path >= ? AND path < ?)", (folder, *below))
