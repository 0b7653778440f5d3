"""Queries and updates of the tables, one function each.

Either all rows are fetched before the first is used, or the cursor is closed. An unfinished statement would keep the
connection open after ``Connection.close``; when SQLite finally closed it, it would remove the log of the file that has
replaced a damaged one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice

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
from crawler.storage.state.schema import has_table, insert
from crawler.storage.state.visits import Visit, Visits, note

BATCH_ROWS = 1000
"""Rows per batch when all files are read."""
PENDING_ROWS, PENDING_SECONDS = 1000, 1.0
"""Rows that are written together, and the maximum time in seconds between two writes."""
NAMES = 500
"""Number of names in a query; SQLite allows 999 parameters or more."""
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
    visits: Sequence[Visit] = ()
    """Visits of the run that are not kept in memory."""
    directories: set[str] = field(default_factory=set)
    """The directories of ``files``, and of records that a query would otherwise find unchanged."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.has_records or self.copies or self.visits)

    @property
    def has_records(self) -> bool:
        """Whether there is anything to write about a file or a page, besides the visit of a run."""
        return bool(self.files or self.new or self.memos or self.digests)

    @property
    def pages(self) -> set[str]:
        """The URLs of the pages that are to be written."""
        return self.memos.keys() | self.digests.keys()

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


class Pending:
    """The changes of the next transaction, and the visits of the run."""

    def __init__(self) -> None:
        self.changes, self.visits = Changes(), Visits()
        self._rows, self._written = 0, time.monotonic()
        self._pages_written = self._written
        """When all pages were written."""

    def is_due(self, rows: int) -> bool:
        """Whether it is time to write, now that there are so many more ``rows``."""
        self._rows += rows
        is_many = self._rows >= PENDING_ROWS or self.visits.are_many
        return is_many or time.monotonic() - self._written >= PENDING_SECONDS

    def change(self, paths: Iterable[str]) -> set[str]:
        """Note that the records of these files change. Returns their directories, without those noted before."""
        found = {path.rpartition("/")[0] for path in paths} - self.changes.directories
        self.changes.directories |= found
        for directory in found:
            self.changes.copies.pop(directory, None)
        return found

    def take(self, *, visits: bool, pages: bool) -> Changes:
        """Return what is to be written now. ``visits``: with all visits, however few; ``pages``: with all pages.

        Otherwise short ones wait for a second: they need not be written if the digests of their directories come.
        """
        changes, held = self.changes, dict[str, ListingMemo]()
        if visits or self.visits.are_many:
            changes.visits = self.visits.take()
        self._rows, self._written = 0, time.monotonic()
        if pages or visits or self._written - self._pages_written >= PENDING_SECONDS:
            self._pages_written = self._written
        else:
            held = {url: memo for url, memo in changes.memos.items() if len(memo.entries) <= SHORT_PAGE}
            changes.memos = {url: memo for url, memo in changes.memos.items() if url not in held}
        if changes.is_empty:
            changes.memos = held
            return Changes()
        self.changes = Changes(memos=held)
        return changes


def read_directory(path: str, names: Collection[str] | None, connection: sqlite3.Connection) -> dict[str, Known]:
    """The files directly in ``path``, by name. ``names``: only these. Raises ValueError."""
    above, query, key = f"{path}/" if path else "", "SELECT * FROM files WHERE folder = ?", records.key(path)
    texts: dict[str, str] = {}
    found: list[Known] = []
    several: Iterable[tuple[bytes, ...]] = [()] if names is None else _batched(map(records.key, names))
    for some in several:
        which = f" AND name IN ({', '.join('?' * len(some))})" if some else ""
        # Row by row, because fetching all rows would double the memory of a large directory. Equal texts are shared.
        with closing(connection.execute(query + which, (key, *some))) as rows:
            found += [records.known_of(above, row, texts.setdefault) for row in rows]
    return {known.path[len(above) :]: known for known in found}


def _batched(keys: Iterable[bytes]) -> Iterator[tuple[bytes, ...]]:
    keys = iter(keys)
    while batch := tuple(islice(keys, NAMES)):
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
    insert("files", records.all_known_cells(list(filter(None, changes.files.values()))), connection)
    for saved in changes.new:
        insert("files", records.all_known_cells(saved), connection)
    forget_copies(changes.directories if new is None else new.outdated(changes.directories), connection)
    insert("listings", [records.memo_cells(memo) for memo in changes.memos.values()], connection)
    store_leaves(changes.digests, connection)
    complete = {} if new is None else new.add(changes.files, changes.digests, changes.new)
    store_copies(changes.copies | complete, connection)
    note(changes.visits, connection)


def doubt(paths: Iterable[str], new: NewCopies | None, connection: sqlite3.Connection) -> None:
    """Mark the records of files that are about to be replaced as unproven, in case the run is killed.

    ``new``: see ``store``.
    """
    found = [known for path in paths if (known := read_file(path, connection)) is not None]
    doubtful: dict[str, Known | None] = {
        known.path: replace(known, digest=REPLACING, checked=UNCONFIRMED) for known in found
    }
    store(Changes(files=doubtful, directories={path.rpartition("/")[0] for path in doubtful}), new, connection)


def has_files(connection: sqlite3.Connection) -> bool:
    """True if any file is known."""
    return connection.execute("SELECT 1 FROM files LIMIT 1").fetchone() is not None


def has_files_below(path: str, connection: sqlite3.Connection) -> bool:
    """True if any file in the directory ``path`` or below it is known."""
    directory, below = _subtree(path)
    query = "SELECT 1 FROM files WHERE folder = ? OR (folder >= ? AND folder < ?) LIMIT 1"
    return connection.execute(query, (directory, *below)).fetchone() is not None


def read_listed_below(path: str, connection: sqlite3.Connection) -> list[Known]:
    """The files in the directory ``path`` and below it, but for those that are gone upstream. Raises ValueError."""
    directory, below = _subtree(path)
    where = "WHERE (folder = ? OR (folder >= ? AND folder < ?)) AND checked NOT IN (?, ?)"
    rows = connection.execute(f"SELECT * FROM files {where}", (directory, *below, *records.GONE_CELLS)).fetchall()
    return [records.known_of(f"{records.text_of(row[0])}/" if row[0] else "", row) for row in rows]


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
