"""Directories that contain only files: the digests of their pages, and the records of their files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any, TypeVar

from crawler.model.state.directory_digest import DirectoryDigest, RefusedEntry, StoredFile
from crawler.model.struct import asdict
from crawler.model.values import Validators
from crawler.storage.state.records import checked_of, key, moment_of, number_of, text_of
from crawler.storage.state.schema import ensure, has_table
from crawler.storage.state.seal import is_sound, sealed, unsealed

T = TypeVar("T")


def read_rows(path: str, judge: Callable[[Iterator[StoredFile]], T], connection: sqlite3.Connection) -> T:
    """The result of ``judge`` for an iterator over the files directly in ``path``."""
    with closing(connection.execute("SELECT * FROM files WHERE folder = ?", (key(path),))) as rows:
        return judge(map(_row_of, rows))


def read_urls(connection: sqlite3.Connection) -> set[str]:
    """The URLs of all pages that have a digest."""
    if not has_table(connection, "leaves"):
        return set()
    return {text_of(url) for (url,) in connection.execute("SELECT url FROM leaves").fetchall()}


def read_leaf(url: str, connection: sqlite3.Connection) -> DirectoryDigest | None:
    """The digest of the page at ``url``; None if there is no intact record of it."""
    if not has_table(connection, "leaves"):  # the state was set aside after it was opened
        return None
    record = connection.execute("SELECT * FROM leaves WHERE url = ?", (key(url),)).fetchone()
    if record is None or not is_sound(record) or record[0] != key(url):  # a damaged index may yield another page
        return None
    with suppress(ValueError):
        return _leaf_of(record[2])
    return None


def store_leaf(url: str, path: str, leaf: DirectoryDigest, connection: sqlite3.Connection) -> None:
    total = f"{leaf.total:x}"  # as text, because the total has 128 bits
    facts = json.dumps({**asdict(leaf), "validators": asdict(leaf.validators), "total": total}, separators=(",", ":"))
    ensure("leaves", connection)
    connection.execute("INSERT OR REPLACE INTO leaves VALUES (?, ?, ?, ?)", sealed((key(url), key(path), facts)))


def _row_of(record: tuple[Any, ...]) -> StoredFile:
    """The file in a record of ``files``. Raises ValueError."""
    _, name, url, row, size, mtime, _, last_modified, _, checked = unsealed(record)
    version = ""
    if type(mtime) is not int:
        mtime, version = moment_of(mtime)
    return StoredFile(
        name.decode("utf-8", "surrogatepass"),
        url if type(url) is str else text_of(url),
        row if type(row) is str else text_of(row),
        size if type(size) is int else number_of(size),
        mtime,
        checked_of(checked),
        last_modified if type(last_modified) is not bytes else text_of(last_modified),
        version,
    )


def _leaf_of(facts: Any) -> DirectoryDigest:
    """The value that ``store_leaf`` wrote. Raises ValueError."""
    try:
        values = json.loads(facts)
        values["total"] = int(values["total"], 16)
        values["validators"] = Validators(**values["validators"])
        values["skipped"] = tuple(RefusedEntry(*each) for each in values["skipped"])
        return DirectoryDigest(**values)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"facts of a leaf: {error!r}") from None
