"""Folders that hold files alone: what is kept of their pages, and the rows of their files as ``leaf`` looks at them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any, TypeVar

from crawler.leaf import Leaf, Row, Unwanted
from crawler.models import Validators
from crawler.state.records import key, number_of, text_of

T = TypeVar("T")

# Made by whoever needs it first: a state of version 0.1.0 has none, and that version has no use for it.
_TABLE = "CREATE TABLE IF NOT EXISTS leaves(url BLOB PRIMARY KEY, path BLOB, facts)"


def read_rows(path: str, judge: Callable[[Iterator[Row]], T], connection: sqlite3.Connection) -> T:
    """What ``judge`` says of the files directly in ``path``, which it gets one by one."""
    query = "SELECT name, url, row, size, mtime, checked FROM files WHERE folder = ?"
    with closing(connection.execute(query, (key(path),))) as rows:
        return judge(map(_row_of, rows))


def read_leaves(connection: sqlite3.Connection) -> dict[str, str]:
    """URL → what ``leaf_text`` made of the page there. {} for a state that knows of none."""
    if not has_leaves(connection):
        return {}
    rows = connection.execute("SELECT url, facts FROM leaves").fetchall()
    return {text_of(url): facts for url, facts in rows if isinstance(facts, str)}


def store_leaf(url: str, path: str, text: str, connection: sqlite3.Connection) -> None:
    connection.execute(_TABLE)
    connection.execute("INSERT OR REPLACE INTO leaves VALUES (?, ?, ?)", (key(url), key(path), text))


def has_leaves(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'leaves'").fetchone())


def _row_of(cells: Sequence[Any]) -> Row:
    """Some cells of a row of ``files``. Raises ValueError."""
    name, url, row, size, mtime, checked = cells
    return Row(
        text_of(name),
        url if type(url) is str else text_of(url),
        row if type(row) is str else text_of(row),
        size if type(size) is int else number_of(size),
        mtime if type(mtime) is int else number_of(mtime),
        checked if type(checked) is float else 0.0,
    )


def leaf_text(leaf: Leaf) -> str:
    """JSON of all but the validators' type, and the sum as hex: it has 128 bits."""
    return json.dumps({**asdict(leaf), "total": f"{leaf.total:x}"}, separators=(",", ":"))


def leaf_of(text: str) -> Leaf:
    """What ``leaf_text`` wrote. Raises ValueError."""
    try:
        facts = json.loads(text)
        facts["total"] = int(facts["total"], 16)
        facts["validators"] = Validators(**facts["validators"])
        facts["skipped"] = tuple(Unwanted(*each) for each in facts["skipped"])
        return Leaf(**facts)
    except (KeyError, TypeError) as error:
        raise ValueError(f"facts of a leaf: {error!r}") from None
