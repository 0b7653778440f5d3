"""A tree that contains itself: a link to ``.`` that a server lists as a folder, and other trees without end.

Each path of such a tree is new, so "was it visited" cannot tell; only the listings themselves can. A limit on
depth (``limits.DEPTH``) stands behind this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from crawler.models import Kind, Listing

REPEATS = 3
"""Ancestors with the same names, below which chance ends: a real tree may hold ``a/a``, hardly ``a/a/a/a``."""


class Seen(NamedTuple):
    """What is remembered of an ancestor of a listing."""

    url: str
    rows: int
    """Hash of all names with their rows."""
    names: int
    child: str
    """The folder through which the walk went down from here."""


def fingerprint(listing: Listing) -> tuple[int, int]:
    """Hashes that are equal for listings with the same (names and rows, names)."""
    rows = hash(frozenset((entry.name, entry.kind, entry.row) for entry in listing.entries))
    names = hash(frozenset((entry.name, entry.kind) for entry in listing.entries))
    return rows, names


def loop(above: Sequence[Seen], listing: Listing) -> str | None:
    """The URL of the ancestor that ``listing`` is again, or None.

    It is one if it shows the folder through which the walk came down, and has the ancestor's URL, or the same
    names with the same rows, or the same names as several ancestors.
    """
    if not above:
        return None
    rows, names = fingerprint(listing)
    children = {entry.name for entry in listing.entries if entry.kind is Kind.DIRECTORY}
    repeated = 0
    for seen in above:
        if seen.child not in children:
            continue
        repeated += seen.names == names
        if seen.rows == rows or seen.url == listing.url or repeated >= REPEATS:
            return seen.url
    return None
