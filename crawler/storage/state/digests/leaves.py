"""Directories that contain only files: the digests of their pages, and the records of their files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, TypeVar

from crawler.model.state.directory_digest import DirectoryDigest, RefusedEntry, StoredFile
from crawler.model.state.store import BY_ROW, Names
from crawler.model.struct import astuple
from crawler.model.values import Validators
from crawler.storage.json_cells import decoded, encoded
from crawler.storage.state.checksum import all_unsealed, is_sound, sealed
from crawler.storage.state.records import checked_of, key, moment_of, number_of, text_of
from crawler.storage.state.schema import ensure, has_table, insert

T = TypeVar("T")


def read_rows(
    path: str, names: Names | None, judge: Callable[[Iterator[StoredFile]], T], connection: sqlite3.Connection
) -> T:
    """The result of ``judge`` for an iterator over the files directly in ``path``, or over those in ``names``."""
    query, keys = "SELECT * FROM files WHERE folder = ?", [key(path)]
    if names is not None:  # the order of keys is that of the code points of their names
        query += " AND name > ? AND name <= ?"
        keys += map(key, names)
    with closing(connection.execute(query, keys)) as rows:
        return judge(stored_files(rows))


def count_leaves(most: int, connection: sqlite3.Connection) -> int:
    """Number of pages that have a digest, at most ``most``."""
    if not has_table(connection, "leaves"):
        return 0
    (count,) = connection.execute("SELECT count(*) FROM (SELECT 1 FROM leaves LIMIT ?)", (most,)).fetchone()
    return int(count)


def read_leaf(url: str, connection: sqlite3.Connection) -> DirectoryDigest | None:
    """The digest of the page at ``url``; None if there is no intact record of it."""
    if not has_table(connection, "leaves"):  # the state was set aside after it was opened
        return None
    record = connection.execute("SELECT * FROM leaves WHERE url = ?", (key(url),)).fetchone()
    return None if record is None else leaf_of(url, record)


def leaf_of(url: str, record: tuple[Any, ...]) -> DirectoryDigest | None:
    """The digest in a record of ``leaves``; None if the record is damaged or not that of the page at ``url``."""
    if not is_sound(record) or record[0] != key(url):  # a damaged index may yield another page
        return None
    try:
        return _digest_of(record[2])
    except ValueError:
        return None


def store_leaves(leaves: Mapping[str, tuple[str, DirectoryDigest]], connection: sqlite3.Connection) -> None:
    """Write digests: URL of the page → (path of the directory, digest)."""
    if leaves:
        ensure("leaves", connection)
        insert(
            "leaves",
            [sealed((bytearray(key(url)), bytearray(key(path)), _facts(leaf))) for url, (path, leaf) in leaves.items()],
            connection,
        )


def stored_files(records: Iterable[tuple[Any, ...]]) -> Iterator[StoredFile]:
    """The files in records of ``files``. Raises ValueError.

    One loop, without calls for the kinds of cells that nearly all records have.
    """
    for cells in all_unsealed(records):
        _, name, url, row, size, mtime, _, last_modified, _, checked = cells
        version = ""
        if type(mtime) is not int:
            mtime, version = moment_of(mtime)
        yield StoredFile(
            name.decode("utf-8", "surrogatepass"),
            url if type(url) is str else text_of(url),
            row if type(row) is str else text_of(row),
            size if type(size) is int else number_of(size),
            mtime,
            checked if checked >= BY_ROW else checked_of(checked),
            last_modified if type(last_modified) is not bytes else text_of(last_modified),
            version,
        )


def _facts(leaf: DirectoryDigest) -> str:
    """The cell with everything in ``leaf``: JSON without names, because there is a record for each directory."""
    validators = leaf.validators
    total = f"{leaf.total:x}"  # as text, because the total has 128 bits
    return encoded((
        leaf.answered, leaf.body_digest, validators.etag, validators.last_modified, leaf.family, leaf.wishes,
        leaf.files, total, leaf.resolution, leaf.newest, leaf.newest_local,
        [astuple(each) for each in leaf.skipped],
    ))  # fmt: skip


def _digest_of(facts: Any) -> DirectoryDigest:
    """The value from a cell that ``_facts`` made. Raises ValueError."""
    try:
        answered, body_digest, etag, modified, family, wishes, files, total, *times, skipped = decoded(facts)
        resolution, newest, newest_local, *_ = times  # older versions kept more, or an object, of which these are keys
        return DirectoryDigest(
            answered=answered,
            body_digest=body_digest,
            validators=Validators(etag=etag, last_modified=modified),
            family=family,
            wishes=wishes,
            files=files,
            total=int(total, 16),
            resolution=resolution,
            newest=newest,
            newest_local=newest_local,
            skipped=tuple(RefusedEntry(*each) for each in skipped),
        )
    except (TypeError, RecursionError) as error:
        raise ValueError(f"facts of a leaf: {error!r}") from None
