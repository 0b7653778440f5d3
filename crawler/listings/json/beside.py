"""The fields of a JSON document beside the rows of its listing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from crawler.listings.statements.statement import Statement, leaves
from crawler.listings.statements.topics import Topic, topic_of

_DEEPEST = 8
_MOST = 2000
"""Maximum number of fields that are looked at."""
_WHOLE = {Topic.NEXT, Topic.TROUBLE, Topic.PART}
"""What objects are that say something as a whole: ``"errors": {…}``, ``"next": {"href": …}``."""


def beside_rows(root: Any, names: Collection[str], apart: frozenset[str] = frozenset()) -> list[Statement]:
    """The fields of ``root`` that are neither its rows nor in these; of an array, those of elements that are no rows.

    ``names``: those of the entries. ``apart``: fields that say nothing of the rows, whatever they are called.
    """
    objects = [root] if isinstance(root, dict) else root if isinstance(root, list) else []
    found: list[Statement] = []
    for fields in (item for item in objects if isinstance(item, dict) and (item is root or not _is_row(item, names))):
        kept = {name: value for name, value in fields.items() if name not in apart}
        found += islice(_beside(kept, (), 0, names), _MOST - len(found))
    return found


def _is_row(item: dict[str, Any], names: Collection[str]) -> bool:
    """Whether an object has the name of an entry, or its URL."""
    return any(isinstance(value, str) and value.rstrip("/").rpartition("/")[2] in names for value in item.values())


def _beside(fields: dict[str, Any], path: tuple[str, ...], depth: int, names: Collection[str]) -> Iterator[Statement]:
    for name, value in fields.items():
        here = (*path, name)
        if not isinstance(value, dict | list) or topic_of(here) in _WHOLE:
            yield Statement(here, value)
        elif isinstance(value, list):
            yield from _list(here, value, names)
        elif depth < _DEEPEST:
            # An object that holds the rows is no statement, whatever it is called.
            yield from _beside(value, () if _holds_rows(value, depth) else here, depth + 1, names)


def _list(path: tuple[str, ...], items: list[Any], names: Collection[str]) -> Iterator[Statement]:
    """The statements of a list: of its links (``[{"rel": "next", "href": …}]``), or the list as a whole.

    None if it has the rows, or some of them.
    """
    if any(isinstance(item, dict) and isinstance(item.get("rel"), str) for item in items[:1]):
        for item in items:
            if isinstance(item, dict) and isinstance(item.get("rel"), str):
                yield Statement((*path, item["rel"]), item)
    elif not any(isinstance(leaf, str) and leaf.rstrip("/") in names for leaf in leaves(items)):
        yield Statement(path, items)


def _holds_rows(value: Any, depth: int) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, dict) and "rel" not in item for item in value[:1])
    if not isinstance(value, dict) or depth >= _DEEPEST:
        return False
    return any(_holds_rows(item, depth + 1) for item in value.values())
