"""The fields beside the rows of a listing as texts, which the next run compares with its own.

New text beside missing rows may say why they are missing, in words and names of fields that nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from crawler.listings.statements.key_words import words_of
from crawler.listings.statements.statement import Statement, leaves, number_in
from crawler.listings.statements.topics import Topic, topic_of
from crawler.listings.values import other_texts
from crawler.listings.values.exact_values import any_time

_GREATEST = 99_999
"""Greatest number that may count what is missing; others are times, sizes, or identifiers."""
_PASSING = frozenset({
    "size", "bytes", "byte", "free", "used", "space", "time", "date", "modified", "updated", "created", "age", "uptime",
    "elapsed", "took", "ms", "id", "uuid", "guid", "token", "etag", "hash", "checksum", "digest", "nonce", "session",
    "csrf",
})  # fmt: skip
"""Words of measures, times and identifiers."""
_JUDGED = frozenset({
    Topic.NEXT, Topic.CURSOR, Topic.ROWS, Topic.FILES, Topic.DIRECTORIES, Topic.PAGES, Topic.LIMIT,
})  # fmt: skip
"""What fields are about whose values the rows explain, or that tell of further pages: nothing of these is new."""


def texts_of(statements: Iterable[Statement], names: Collection[str]) -> tuple[str, ...] | None:
    """The texts of ``statements``, but for the ``names`` of entries; None if there are too many."""
    found: dict[str, None] = {}
    said = (statement for statement in statements if topic_of(statement.path) not in _JUDGED)
    for text in (text for statement in said for text in _texts(statement, names)):
        found[other_texts.shortened(text)] = None
        if len(found) > other_texts.MOST:
            return None
    return tuple(found)


def _texts(statement: Statement, names: Collection[str]) -> Iterator[str]:
    """What the values of a field say, each with its name. What changes by itself is left out, as times are."""
    is_passing = any(not _PASSING.isdisjoint(words_of(name)) for name in statement.path)
    for leaf in leaves(statement.value):
        if isinstance(leaf, str) and leaf.rstrip("/") in names:
            continue
        if is_passing or _is_measure(leaf):
            yield statement.name
        else:
            yield f"{statement.name}: {' '.join(str(leaf).split())}"


def _is_measure(leaf: object) -> bool:
    number = number_in(leaf)
    if number is not None:
        return abs(number) > _GREATEST
    return isinstance(leaf, float) or (isinstance(leaf, str) and any_time(leaf) is not None)
