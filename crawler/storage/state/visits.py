"""The directories and pages that a run has visited, in temporary tables.

The tables are not part of the state file. Large ones spill to disk, because a run may visit a million directories.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
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


Visit = tuple[str, str | None]
"""(Directory, URL of its page or None)."""
MOST = 20_000
"""Maximum number of visits that are kept in memory."""


class Visits:
    """The visits of a run, in memory as long as they are few."""

    def __init__(self) -> None:
        self.noted: list[Visit] = []
        """The visits that are not in the tables."""
        self.are_all_here = True
        """Whether none is in the tables."""

    def add(self, path: str, url: str | None) -> None:
        self.noted.append((path, url))

    @property
    def are_many(self) -> bool:
        """Whether they must be written to the tables."""
        return len(self.noted) >= MOST

    def take(self) -> list[Visit]:
        """Return what is to be written to the tables."""
        noted, self.noted = self.noted, []
        self.are_all_here = self.are_all_here and not noted
        return noted


def prepare(connection: sqlite3.Connection) -> None:
    """Create the temporary tables."""
    connection.executescript(_TABLES)


def note(visits: Sequence[Visit], connection: sqlite3.Connection) -> None:
    """Write ``visits`` to the tables."""
    paths = [(key(path),) for path in dict.fromkeys(path for path, _ in visits)]
    connection.executemany("INSERT OR IGNORE INTO visited_folders VALUES (?)", paths)
    urls = [(key(url),) for _, url in visits if url is not None]
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
