"""The fields of a JSON document beside the rows of its listing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.listings.statements.statement import Statement
from crawler.listings.statements.topics import Topic, topic_of

_DEEPEST = 8
_MOST = 2000
"""Maximum number of fields that are looked at."""
_WHOLE = {Topic.NEXT, Topic.TROUBLE, Topic.PART}
"""What objects are that say something as a whole: ``"errors": {…}``, ``"next": {"href": …}``."""


def beside_rows(root: Any, apart: frozenset[str] = frozenset()) -> list[Statement]:
    """The fields of ``root`` that are neither its rows nor in these; none if it is an array.

    ``apart``: fields that say nothing of the rows, whatever they are called.
    """
    found: list[Statement] = []
    if isinstance(root, dict):
        for statement in _beside({name: value for name, value in root.items() if name not in apart}, (), 0):
            found.append(statement)
            if len(found) == _MOST:
                break
    return found


def _beside(fields: dict[str, Any], path: tuple[str, ...], depth: int) -> Iterator[Statement]:
    for name, value in fields.items():
        here = (*path, name)
        if isinstance(value, dict) and topic_of(here) not in _WHOLE:
            if depth < _DEEPEST:
                # An object that holds the rows is no statement, whatever it is called.
                yield from _beside(value, () if _holds_rows(value, depth) else here, depth + 1)
        elif isinstance(value, list) and topic_of(here) is None:
            yield from _relations(here, value)
        else:
            yield Statement(here, value)


def _relations(path: tuple[str, ...], items: list[Any]) -> Iterator[Statement]:
    """The fields that a list of links (``[{"rel": "next", "href": …}]``) stands for."""
    for item in items[:_MOST]:
        if not isinstance(item, dict) or not isinstance(item.get("rel"), str):
            return
        yield Statement((*path, item["rel"]), item)


def _holds_rows(value: Any, depth: int) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, dict) and "rel" not in item for item in value[:1])
    if not isinstance(value, dict) or depth >= _DEEPEST:
        return False
    return any(_holds_rows(item, depth + 1) for item in value.values())
