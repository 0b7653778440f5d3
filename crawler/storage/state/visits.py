"""The directories and pages that a run has visited, in temporary tables.

The tables are not part of the state file. Large ones spill to disk, because a run may visit a million directories.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing

from crawler.storage.state.checksum import DamagedError
from crawler.storage.state.records import key, text_of
from crawler.storage.state.schema import has_table

_TABLES = """
CREATE TEMP TABLE visited_folders(path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE visited_pages(url BLOB PRIMARY KEY) WITHOUT ROWID;
"""

# One lookup per directory instead of one per file.
_DIRECTORIES = """
WITH RECURSIVE folders(path) AS (
  SELECT min(folder) FROM files
  UNION ALL
  SELECT (SELECT min(folder) FROM files WHERE folder > path) FROM folders WHERE path IS NOT NULL)
SELECT path, path IN visited_folders FROM folders WHERE path IS NOT NULL
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Create the temporary tables."""
    connection.executescript(_TABLES)


def note(visits: Iterable[tuple[str, str | None]], connection: sqlite3.Connection) -> None:
    """Record visits: (directory, URL of its page or None)."""
    noted = list(visits)
    paths = [(key(path),) for path in dict.fromkeys(path for path, _ in noted)]
    connection.executemany("INSERT OR IGNORE INTO visited_folders VALUES (?)", paths)
    urls = [(key(url),) for _, url in noted if url is not None]
    connection.executemany("INSERT OR IGNORE INTO visited_pages VALUES (?)", urls)


def unvisited_directories(connection: sqlite3.Connection) -> list[str]:
    """Directories with known files that were not visited. Raises DamagedError."""
    found = list[str]()
    last: bytes | None = None
    with closing(connection.execute(_DIRECTORIES)) as directories:
        for path, is_visited in directories:
            if type(path) is not bytes or (last is not None and path <= last):  # otherwise the loop might never end
                raise DamagedError("the files are not in order")
            last = path
            if not is_visited:
                found.append(text_of(path))
    return found


def forget_unvisited_pages(is_spared: Callable[[str, str], bool], connection: sqlite3.Connection) -> None:
    """Delete the pages that were not visited. ``is_spared``: (directory, URL) → whether to keep the page."""

    def spared(path: bytes, url: bytes) -> bool:
        try:
            return is_spared(text_of(path), text_of(url))
        except ValueError:  # damaged
            return False

    connection.create_function("spared", 2, spared)
    for table in ("listings", "leaves"):
        if has_table(connection, table):
            where = "url NOT IN visited_pages AND NOT spared(path, url)"
            connection.execute(f"DELETE FROM {table} WHERE {where}")
