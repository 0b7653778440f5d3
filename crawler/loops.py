"""A tree that contains itself: a link to ``.`` that a server lists as a folder, and other trees without end.

Each path of such a tree is new, so "was it visited" cannot tell; only the listings themselves can. A limit on
depth (``limits.DEPTH``) stands behind this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crawler.models import Entry, Kind

REPEATS = 3
"""Ancestors with the same names, below which chance ends: a real tree may hold ``a/a``, hardly ``a/a/a/a``."""


@dataclass(slots=True)
class Fingerprint:
    """Of a listing, gathered as its entries come in, whatever their order: equal for equal names (and rows)."""

    url: str
    rows: int = 0
    names: int = 0
    children: set[str] = field(default_factory=set)
    """Names of its folders."""

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.rows ^= hash((entry.name, entry.kind, entry.row))
            self.names ^= hash((entry.name, entry.kind))
            if entry.kind is Kind.DIRECTORY:
                self.children.add(entry.name)


class Seen(NamedTuple):
    """What is remembered of an ancestor of a listing."""

    url: str
    rows: int
    names: int
    child: str
    """The folder through which the walk went down from here."""


def loop(above: Sequence[Seen], listing: Fingerprint) -> str | None:
    """The URL of the ancestor that ``listing`` is again, or None.

    It is one if it shows the folder through which the walk came down, and has the ancestor's URL, or the same
    names with the same rows, or the same names as several ancestors.
    """
    repeated = 0
    for seen in above:
        if seen.child not in listing.children:
            continue
        repeated += seen.names == listing.names
        if seen.rows == listing.rows or seen.url == listing.url or repeated >= REPEATS:
            return seen.url
    return None
