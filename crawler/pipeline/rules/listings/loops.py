"""Detects endless trees, which contain themselves: for example, a server may list a link to ``.`` as a directory.

Each path of such a tree is new, so visited paths prove nothing; only the listings can. A real tree may repeat a few
levels, even with equal content (``a/a``), so a single repetition proves nothing, but many in a row do. A limit on depth
(``limits.DEPTH``) catches the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crawler.model.struct import Struct, Value, field
from crawler.model.values import Entry, Kind

EQUAL, ALIKE, BARE = 4, 8, 16
"""Numbers of repetitions in a row that prove a loop: of equal rows; of equal names in different rows (sizes, times); of
listings with a single row, which also occur in a real chain of directories with the same name.
"""


class Fingerprint(Struct):
    """The fingerprint of a listing, independent of the order of its entries; one value for names, one for rows."""

    url: str
    rows: int = 0
    names: int = 0
    entries: int = 0
    children: set[str] = field(default_factory=set)
    """Names of the directories in the listing."""

    def answered(self, url: str) -> None:
        """Note the URL of the response, which may differ from that of the request."""
        self.url = url

    def add(self, entries: Iterable[Entry]) -> None:
        rows, names, directory = self.rows, self.names, Kind.DIRECTORY
        for entry in entries:
            name, kind = entry.name, entry.kind
            mark = hash((name, id(kind)))  # of a member of an enumeration the identity: its hash takes longer
            names ^= mark
            rows ^= hash((mark, entry.row))
            self.entries += 1
            if kind is directory:
                self.children.add(name)
        self.rows, self.names = rows, names


class Seen(Value, frozen=True, gc=False):
    """The record of an ancestor's listing."""

    url: str
    rows: int
    names: int
    entries: int
    child: str
    """Name of the subdirectory that the walk entered."""


def seen(listing: Fingerprint, child: str) -> Seen:
    """What to remember of ``listing`` as the ancestor of everything below its subdirectory ``child``."""
    return Seen(listing.url, listing.rows, listing.names, listing.entries, child)


def periods(above: Sequence[Seen], listing: Fingerprint) -> list[int]:
    """Distances in levels to the ancestors that ``listing`` may repeat, nearest first.

    Such an ancestor has the same names, including that of the directory that the walk entered, which may be a
    coincidence.
    """
    return [
        period
        for period, ancestor in enumerate(reversed(above), start=1)
        if ancestor.names == listing.names and ancestor.child in listing.children
    ]


def needed(*, rows: int, is_equal: bool) -> int:
    """Number of repetitions in a row that prove a loop of listings with ``rows`` rows.

    ``is_equal``: whole rows are repeated, not only names.
    """
    if rows < 2:
        return BARE
    return EQUAL if is_equal else ALIKE


def loop(above: Sequence[Seen], listing: Fingerprint) -> str | None:
    """The URL of the ancestor that ``listing`` is proven to repeat; None if there is no proof.

    It is proven if ``listing`` shows the directory that the walk entered from the ancestor, and either has the
    ancestor's URL or ends a series of repetitions that is long enough (``needed``).
    """
    for ancestor in above:
        if ancestor.url == listing.url and ancestor.child in listing.children:
            return ancestor.url
    for period in periods(above, listing):
        same_names, same_rows = _repetitions(above, listing, period)
        # The longest listing of a period decides: if two directories alternate, one may hold nothing but the other.
        rows = max(level.entries for level in above[-period:])
        if same_rows >= needed(rows=rows, is_equal=True) or same_names >= needed(rows=rows, is_equal=False):
            return above[-period].url
    return None


def _repetitions(above: Sequence[Seen], listing: Fingerprint, period: int) -> tuple[int, int]:
    """The number of gapless repetitions of the last ``period`` levels up to ``listing``: (by names, by whole rows)."""
    levels = [*above, seen(listing, above[-period].child)]
    pairs = [
        (lower.names == upper.names and lower.child == upper.child, lower.rows == upper.rows)
        for lower, upper in zip(reversed(levels), reversed(levels[:-period]), strict=False)
    ]
    names = next((count for count, (same, _) in enumerate(pairs) if not same), len(pairs))
    rows = next((count for count, pair in enumerate(pairs) if pair != (True, True)), len(pairs))
    return -(-names // period), -(-rows // period)
