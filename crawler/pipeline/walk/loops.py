"""Detects trees that contain themselves: a link to ``.`` that a server lists as a directory, and other endless trees.

Each path of such a tree is new, so visited paths prove nothing; only the listings do. A real tree may repeat a few
levels, even with equal content (``a/a``): one repetition proves nothing, many in a row do. A limit on depth
(``limits.DEPTH``) catches the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crawler.model.struct import Struct, field
from crawler.model.values import Entry, Kind

EQUAL, ALIKE, BARE = 4, 8, 16
"""Repetitions in a row that prove a loop: of the same rows; of the same names with other rows (sizes, times); and of
listings with a single row, which a chain of directories with the same name has as well.
"""


class Fingerprint(Struct):
    """The fingerprint of a listing, in any order of its entries: equal for equal names, and for equal rows."""

    url: str
    rows: int = 0
    names: int = 0
    entries: int = 0
    children: set[str] = field(default_factory=set)
    """Names of its directories."""

    def answered(self, url: str) -> None:
        """Note the URL of the response, which may differ from that of the request."""
        self.url = url

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.rows ^= hash((entry.name, entry.kind, entry.row))
            self.names ^= hash((entry.name, entry.kind))
            self.entries += 1
            if entry.kind is Kind.DIRECTORY:
                self.children.add(entry.name)


class Seen(NamedTuple):
    """What is remembered of the listing of an ancestor."""

    url: str
    rows: int
    names: int
    entries: int
    child: str
    """Name of the directory by which the walk went down."""


def seen(listing: Fingerprint, child: str) -> Seen:
    """``listing`` as the ancestor of everything below its directory ``child``."""
    return Seen(listing.url, listing.rows, listing.names, listing.entries, child)


def periods(above: Sequence[Seen], listing: Fingerprint) -> list[int]:
    """How many levels up the ancestors are that ``listing`` may be again, nearest first.

    Such an ancestor has the same names, including the directory by which the walk came down. That may be a coincidence.
    """
    return [
        period
        for period, ancestor in enumerate(reversed(above), start=1)
        if ancestor.names == listing.names and ancestor.child in listing.children
    ]


def needed(*, rows: int, is_equal: bool) -> int:
    """Number of repetitions in a row that prove that a listing of ``rows`` rows is its own ancestor.

    ``is_equal``: whole rows are repeated, not only the names.
    """
    if rows < 2:
        return BARE
    return EQUAL if is_equal else ALIKE


def loop(above: Sequence[Seen], listing: Fingerprint) -> str | None:
    """The URL of the ancestor that ``listing`` is proven to be again, or None.

    It is proven if ``listing`` shows the directory by which the walk came down, and either has the ancestor's URL or
    ends a row of repetitions that is long enough (``needed``).
    """
    for ancestor in above:
        if ancestor.url == listing.url and ancestor.child in listing.children:
            return ancestor.url
    for period in periods(above, listing):
        same_names, same_rows = _repetitions(above, listing, period)
        # The listing with most rows in a period decides: of two directories in turn, one may hold only the other.
        rows = max(level.entries for level in above[-period:])
        if same_rows >= needed(rows=rows, is_equal=True) or same_names >= needed(rows=rows, is_equal=False):
            return above[-period].url
    return None


def _repetitions(above: Sequence[Seen], listing: Fingerprint, period: int) -> tuple[int, int]:
    """How often the last ``period`` levels repeat without a gap, up to ``listing``: by names, and by whole rows."""
    levels = [*above, seen(listing, above[-period].child)]
    pairs = [
        (lower.names == upper.names and lower.child == upper.child, lower.rows == upper.rows)
        for lower, upper in zip(reversed(levels), reversed(levels[:-period]), strict=False)
    ]
    names = next((count for count, (same, _) in enumerate(pairs) if not same), len(pairs))
    rows = next((count for count, pair in enumerate(pairs) if pair != (True, True)), len(pairs))
    return -(-names // period), -(-rows // period)
