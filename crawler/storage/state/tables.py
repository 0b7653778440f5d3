"""Queries and updates of the tables, one function each.

Either all rows are fetched before the first is used, or the cursor is closed. An unfinished statement would keep the
connection open after ``Connection.close``; when SQLite finally closed it, it would remove the log of the file that has
replaced a damaged one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice

from crawler.model.columns.new_files import SavedFiles
from crawler.model.state.directory_digest import CopiesDigest, DirectoryDigest
from crawler.model.state.store import REPLACING, ListingMemo
from crawler.model.struct import Struct, field, replace
from crawler.model.values import UNCONFIRMED, Known
from crawler.storage.state import records
from crawler.storage.state.checksum import DamagedError
from crawler.storage.state.digests.copies import NewCopies, forget_copies, store_copies
from crawler.storage.state.digests.leaves import store_leaves
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import TOTALS
from crawler.storage.state.schema import has_table
from crawler.storage.state.visits import note

BATCH_ROWS = 1000
"""Rows per batch when all files are read."""
NAMES = 500
"""Number of names in a query; SQLite allows 999 parameters or more."""
VISITS = 20_000
"""Maximum number of visits that are kept in memory."""
_ROW = f"({', '.join('?' * 11)})"
_INSERTIONS = [(rows, f"INSERT OR REPLACE INTO files VALUES {', '.join([_ROW] * rows)}") for rows in (64, 8, 1)]
"""(Number of rows, the statement that inserts so many); SQLite allows 999 parameters or more."""
SHORT_PAGE = 100
"""Maximum number of entries of a page that is not recorded if its directory has a digest: it is needed only if local
files have changed, and is then requested again."""


class Changes(Struct, kw_only=True):
    """What is to be written in one transaction."""

    files: dict[str, Known | None] = field(default_factory=dict)
    """Path → record, None to delete it."""
    new: list[SavedFiles] = field(default_factory=list)
    """Records of files that had none."""
    memos: dict[str, ListingMemo] = field(default_factory=dict)
    """URL → page."""
    digests: dict[str, tuple[str, DirectoryDigest]] = field(default_factory=dict)
    """URL of a page → (path of its directory, digest)."""
    copies: dict[str, CopiesDigest] = field(default_factory=dict)
    """Path of a directory → digest of its copies."""
    visits: list[tuple[str, str | None]] = field(default_factory=list)
    """(directory, URL of its page or None)."""
    directories: set[str] = field(default_factory=set)
    """The directories of ``files``, and of records that a query would otherwise find unchanged."""

    def is_empty(self, *, visits: bool) -> bool:
        """Whether there is nothing to write. Visits alone need not be written unless ``visits``, or they are many."""
        has_visits = bool(self.visits) if visits else len(self.visits) >= VISITS
        return not (self.has_records or self.copies or has_visits)

    @property
    def has_records(self) -> bool:
        """Whether there is anything to write about a file or a page, besides the visit of a run."""
        return bool(self.files or self.new or self.memos or self.digests)

    def add_files(self, known: Sequence[Known]) -> Collection[str]:
        """Add records, and return their paths."""
        if isinstance(known, SavedFiles):
            self.new.append(known)
            return known.columns.paths
        records = {item.path: item for item in known}
        self.files |= records
        return records.keys()

    def add_digest(self, url: str, path: str, digest: DirectoryDigest) -> None:
        """Add the digest of the page at ``url``, of the directory ``path``. A short page is not recorded beside it."""
        self.digests[url] = (path, digest)
        memo = self.memos.get(url)
        if memo is not None and len(memo.entries) <= SHORT_PAGE:
            del self.memos[url]


def read_directory(path: str, names: Collection[str] | None, connection: sqlite3.Connection) -> dict[str, Known]:
    """The files directly in ``path``, by name. ``names``: only these. Raises ValueError."""
    above, query, key = f"{path}/" if path else "", "SELECT * FROM files WHERE folder = ?", records.key(path)
    texts: dict[str, str] = {}
    found: list[Known] = []
    several: Iterable[tuple[bytes, ...]] = [()] if names is None else _batched(map(records.key, names), NAMES)
    for some in several:
        which = f" AND name IN ({', '.join('?' * len(some))})" if some else ""
        # Row by row, because fetching all rows would double the memory of a large directory. Equal texts are shared.
        with closing(connection.execute(query + which, (key, *some))) as rows:
            found += [records.known_of(above, row, texts.setdefault) for row in rows]
    return {known.path[len(above) :]: known for known in found}


def _batched(keys: Iterable[bytes], size: int) -> Iterator[tuple[bytes, ...]]:
    keys = iter(keys)
    while batch := tuple(islice(keys, size)):
        yield batch


def read_file(path: str, connection: sqlite3.Connection) -> Known | None:
    """The file at ``path``, or None. Raises ValueError."""
    where = "WHERE folder = ? AND name = ?"
    row = connection.execute(f"SELECT * FROM files {where}", records.split_path(path)).fetchone()
    return records.known_of(path[: path.rfind("/") + 1], row) if row else None


def read_saved_from(urls: Sequence[str], connection: sqlite3.Connection) -> Known | None:
    """A file directly in DIR that was saved from one of ``urls``, or None. Raises ValueError."""
    where = f"WHERE folder = x'' AND CAST(url AS BLOB) IN ({', '.join('?' * len(urls))})"
    row = connection.execute(f"SELECT * FROM files {where} LIMIT 1", [records.key(url) for url in urls]).fetchone()
    return records.known_of("", row) if row else None


def read_listing(url: str, connection: sqlite3.Connection) -> ListingMemo | None:
    """The listing page at ``url``, or None. Raises ValueError."""
    row = connection.execute("SELECT * FROM listings WHERE url = ?", (records.key(url),)).fetchone()
    memo = records.memo_of(row) if row else None
    if memo is not None and memo.url != url:
        raise DamagedError("the index of the listings finds another page")
    return memo


def read_batch(after: tuple[bytes, bytes], connection: sqlite3.Connection) -> list[Known]:
    """The files after the key ``after``, (directory, name), in the order of their keys. Raises ValueError."""
    where = "WHERE (folder, name) > (?, ?) ORDER BY folder, name LIMIT ?"
    rows = connection.execute(f"SELECT * FROM files {where}", (*after, BATCH_ROWS)).fetchall()
    found = [records.known_of(f"{records.text_of(row[0])}/" if row[0] else "", row) for row in rows]
    if rows and rows[-1][:2] <= after:  # otherwise the reader might loop
        raise DamagedError("the files are not in order")
    return found


def count_files(connection: sqlite3.Connection) -> int:
    """Number of files."""
    (count,) = connection.execute("SELECT count(*) FROM files").fetchone()
    return int(count)


def read_totals(depth: int, connection: sqlite3.Connection) -> dict[str, FileTotals]:
    """Directory → totals of the files directly in it; levels below ``depth`` count for their ancestor there."""
    query = f"SELECT CAST(folder AS BLOB), {TOTALS} FROM files GROUP BY folder"
    sums: dict[bytes, tuple[int, int]] = {}
    for directory, files, size in connection.execute(query):  # cannot fail halfway, whatever the cells contain
        above = b"/".join(directory.split(b"/", depth)[:depth])
        before = sums.get(above, (0, 0))
        sums[above] = before[0] + files, before[1] + size
    return {records.text_of(directory): FileTotals(*totals) for directory, totals in sums.items()}


def read_largest(limit: int, connection: sqlite3.Connection) -> list[Known]:
    """The ``limit`` largest files, largest first. Raises ValueError."""
    rows = connection.execute("SELECT * FROM files ORDER BY size DESC LIMIT ?", (limit,)).fetchall()
    return [records.known_of(f"{records.text_of(row[0])}/" if row[0] else "", row) for row in rows]


def store(changes: Changes, new: NewCopies | None, connection: sqlite3.Connection) -> None:
    """Write ``changes``. ``new``: gathers the digests of copies in a state that knew no file; otherwise None."""
    gone = (records.split_path(path) for path, known in changes.files.items() if known is None)
    connection.executemany("DELETE FROM files WHERE folder = ? AND name = ?", gone)
    _store_files(records.all_known_cells(list(filter(None, changes.files.values()))), connection)
    for saved in changes.new:
        _store_files(records.all_known_cells(saved), connection)
    paths = chain(changes.files, *[saved.columns.paths for saved in changes.new])
    forget_copies({path.rpartition("/")[0] for path in paths}, connection)
    pages = map(records.memo_cells, changes.memos.values())
    connection.executemany(f"INSERT OR REPLACE INTO listings VALUES ({', '.join('?' * 11)})", pages)
    store_leaves(changes.digests, connection)
    complete = {} if new is None else new.add(changes.files, changes.digests, changes.new)
    store_copies(changes.copies | complete, connection)
    note(changes.visits, connection)


def _store_files(rows: Sequence[tuple[records.Cell, ...]], connection: sqlite3.Connection) -> None:
    """Write ``rows``, many with each statement: SQLite takes less time for each, and releases the interpreter lock."""
    at = 0
    for count, statement in _INSERTIONS:
        while at + count <= len(rows):
            connection.execute(statement, list(chain.from_iterable(rows[at : at + count])))
            at += count


def doubt(paths: Iterable[str], new: NewCopies | None, connection: sqlite3.Connection) -> None:
    """Mark the records of files that are about to be replaced as unproven, in case the run is killed.

    ``new``: see ``store``.
    """
    found = [known for path in paths if (known := read_file(path, connection)) is not None]
    doubtful = (replace(known, digest=REPLACING, checked=UNCONFIRMED) for known in found)
    store(Changes(files={known.path: known for known in doubtful}), new, connection)


def has_files(connection: sqlite3.Connection) -> bool:
    """True if any file is known."""
    return connection.execute("SELECT 1 FROM files LIMIT 1").fetchone() is not None


def has_files_below(path: str, connection: sqlite3.Connection) -> bool:
    """True if any file in the directory ``path`` or below it is known."""
    directory, below = _subtree(path)
    query = "SELECT 1 FROM files WHERE folder = ? OR (folder >= ? AND folder < ?) LIMIT 1"
    return connection.execute(query, (directory, *below)).fetchone() is not None


def _subtree(path: str) -> tuple[bytes, tuple[bytes, bytes]]:
    """The key of the directory ``path``, and the range (end excluded) of the keys of all directories below it."""
    directory = records.key(path)
    return directory, (directory + b"/", directory + b"0") if path else (b"", b"\xff")  # "0" follows "/"


def delete_directory(path: str, connection: sqlite3.Connection) -> None:
    """Delete the files and pages of the directory ``path`` and of everything below it."""
    directory, below = _subtree(path)
    connection.execute("DELETE FROM files WHERE folder = ?", (directory,))
    connection.execute("DELETE FROM files WHERE folder >= ? AND folder < ?", below)
    for table, column in (("listings", "path"), ("leaves", "path"), ("copies", "folder")):
        if has_table(connection, table):
            where = f"{column} = ? OR ({column} >= ? AND {column} < ?)"
            connection.execute(f"DELETE FROM {table} WHERE {where}", (directory, *below))
