"""The digests of the copies in directories whose pages have a digest (``CopiesDigest``).

Whoever writes a record of a file deletes the digest of its directory, in the same transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from crawler.model.columns.new_files import Recorded, SavedFiles, facts_of
from crawler.model.state.directory_digest import (
    SUM,
    CopiesDigest,
    DirectoryDigest,
    basis_of,
    copy_digest,
    row_digest,
    url_above,
)
from crawler.model.struct import Struct
from crawler.model.values import Known
from crawler.storage.state.checksum import is_sound, sealed
from crawler.storage.state.records import key, text_of
from crawler.storage.state.schema import ensure, has_table, insert

_MOST = 50_000
"""Maximum number of directories that are gathered at once; beyond it, later runs compare every record once more."""


def read_copies(paths: Iterable[str], connection: sqlite3.Connection) -> dict[str, CopiesDigest]:
    """The digests of the copies in ``paths``, by path, as far as there are intact records of them."""
    if not has_table(connection, "copies"):
        return {}
    query = "SELECT * FROM copies WHERE folder = ?"
    found = {path: connection.execute(query, (key(path),)).fetchone() for path in paths}
    return copies_of({path: record for path, record in found.items() if record is not None})


def copies_of(found: Mapping[str, tuple[Any, ...]]) -> dict[str, CopiesDigest]:
    """The digests in records of ``copies``, by path; without those that are damaged or not those of their path."""
    copies = dict[str, CopiesDigest]()
    for path, record in found.items():
        if is_sound(record) and record[0] == key(path):
            try:
                _, basis, total, size, _ = record
                copies[path] = CopiesDigest(text_of(basis), int(total, 16), int(size))
            except (ValueError, TypeError):
                continue
    return copies


def files_of(basis: bytes) -> int:
    """The number of files of a directory in the cell for ``basis_of`` its digest. Raises ValueError."""
    return int(basis.partition(b" ")[0])


def has_copies(connection: sqlite3.Connection) -> bool:
    """True if there is any digest of copies."""
    return has_table(connection, "copies") and bool(connection.execute("SELECT 1 FROM copies LIMIT 1").fetchall())


def store_copies(copies: Mapping[str, CopiesDigest], connection: sqlite3.Connection) -> None:
    """Write digests: path of the directory → digest."""
    if copies:
        ensure("copies", connection)
        cells = [
            sealed((bytearray(key(path)), bytearray(key(each.basis)), f"{each.total:x}", str(each.size)))
            for path, each in copies.items()
        ]
        insert("copies", cells, connection)


def forget_copies(directories: Collection[str], connection: sqlite3.Connection) -> None:
    """Delete the digests of ``directories``, because records of their files change."""
    if directories and has_table(connection, "copies"):
        connection.executemany("DELETE FROM copies WHERE folder = ?", ((key(path),) for path in directories))


class _Gathered(Struct):
    """What has been written of a directory of which nothing was known."""

    files: int = 0
    rows: int = 0
    copies: int = 0
    size: int = 0
    oldest: float = float("inf")
    """The earliest ``Known.checked`` of its files; minus infinity if no digest is possible."""
    above: str = ""
    """The URLs of its files up to the last slash."""


class NewCopies:
    """Gathers the digests of the copies that a first run saves, from their records, while these are written.

    All records of a directory have to pass through ``add``, so the state must have known no file and no digest before.
    """

    def __init__(self) -> None:
        self._gathered: dict[str, _Gathered] = {}
        self._expected: dict[str, DirectoryDigest] = {}
        self._complete = set[str]()
        """The directories whose digests have been returned; empty once ``_are_many`` is True."""
        self._are_many = self._is_full = False

    def outdated(self, directories: set[str]) -> set[str]:
        """Those of ``directories``, whose records change, that may have digests by now."""
        return directories if self._are_many else directories & self._complete

    def add(
        self,
        files: Mapping[str, Known | None],
        digests: Mapping[str, tuple[str, DirectoryDigest]],
        new: Sequence[SavedFiles] = (),
    ) -> dict[str, CopiesDigest]:
        """Add what is written: path → record or None, and URL of a page → (path of its directory, digest).

        ``new``: further records.
        Returns the digests of the directories that are complete now, by path.
        """
        if self._is_full:
            return {}
        pages = dict(digests.values())
        self._expected |= pages
        for gone in [path for path, known in files.items() if known is None]:
            self._gathered[gone.rpartition("/")[0]] = _Gathered(oldest=float("-inf"))
        touched = {*pages, *self._add_all(facts_of(known)[0] for known in files.values() if known is not None)}
        for saved in new:
            touched.update(self._add_all(saved.rows()))
        if len(self._gathered) + len(self._expected) > _MOST:
            self._is_full = True
            self._gathered, self._expected = {}, {}
            return {}
        found = {path: proven for path in touched if (proven := self._proven(path)) is not None}
        self._complete.update(() if self._are_many else found)
        if len(self._complete) > _MOST:
            self._are_many = True
            self._complete.clear()
        for path in found:
            del self._gathered[path], self._expected[path]
        return found

    def _add_all(self, records: Iterable[Recorded]) -> set[str]:
        """Add ``records``. Returns the directories of their files."""
        touched, last, of = set[str](), None, _Gathered()
        for path, url, row, size, mtime, checked, is_own, mark in records:
            directory, _, name = path.rpartition("/")
            if directory != last:
                last, of = directory, self._gathered.setdefault(directory, _Gathered(above=url_above(url)))
                touched.add(directory)
            is_beside = url == of.above + name and "?" not in name
            if not is_beside:
                url = url.partition("?")[0]
                is_beside = url_above(url) == of.above
            of.files += 1
            of.size += size
            of.rows += row_digest(name, url, row, size) if mark is None else mark
            of.copies += copy_digest(name, size, mtime)
            if checked < of.oldest:
                of.oldest = checked
            if not (is_own and is_beside):
                of.oldest = float("-inf")
        return touched

    def _proven(self, path: str) -> CopiesDigest | None:
        found, digest = self._gathered.get(path), self._expected.get(path)
        if found is None or digest is None:
            return None
        newest = max(digest.newest, digest.newest_local)
        is_plain = found.oldest > newest and found.above.startswith(url_above(digest.answered))
        if not is_plain or (found.files, found.rows & SUM) != (digest.files, digest.total):
            return None
        return CopiesDigest(basis_of(digest), found.copies & SUM, found.size)
