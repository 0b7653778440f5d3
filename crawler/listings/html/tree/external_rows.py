"""Finds rows that lead outside the directory: a page with only such rows does not show an empty directory.

Reasons are a ``<base href>``, links to a download host, or ``?token=`` after each name. Links in a header or footer are
not rows: the page of an empty directory has them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crawler.listings.html.families import Family
from crawler.listings.html.tree.file_names import is_filelike
from crawler.listings.html.tree.regions import in_navigation, labels_of, shows_name
from crawler.listings.html.tree.row_facts import Facts, read_facts
from crawler.listings.html.tree.rows import Row
from crawler.listings.html.tree.survey import Link
from crawler.listings.values.mentioned_names import ELSEWHERE, last_name
from crawler.text.urls import before_query

_SEVERAL = 4
"""Minimum number of names without date and size for a listing outside ``LISTS``; fewer may be a licence, a key, …"""
LISTS = {"ul", "ol", "dl", "table", "tbody", "pre"}
"""Elements that are meant to hold rows."""


def lead_elsewhere(rows: Iterable[Row], family: Family) -> bool:
    """True if any of ``rows`` looks like a row of a listing but leads to a file outside the directory."""
    regions: dict[int, list[Row]] = {}
    for row in rows:
        if all(link.target.kind in ELSEWHERE and not _is_directory(link) for link in row.links):
            regions.setdefault(id(row.region), []).append(row)
    return any(look_like_rows(in_region, family) for in_region in regions.values())


def _is_directory(link: Link) -> bool:
    return before_query(link.href).rstrip().endswith("/")


def look_like_rows(rows: Sequence[Row], family: Family) -> bool:
    """True if ``rows``, all of one region, look like those of a listing."""
    region = rows[0].region
    if in_navigation(region):
        return False
    facts, _ = read_facts(list(rows), labels_of(region), family.rounding)
    names = sum(map(_is_named, rows))
    return any(map(_is_dated, facts)) or names >= _SEVERAL or (names > 0 and region.name in LISTS)


def _is_dated(facts: Facts) -> bool:
    """True if a row has a date and a size."""
    return bool((facts.moment or facts.stamp) and (facts.size or facts.no_size))


def _is_named(row: Row) -> bool:
    """True if a link shows the file name of its target, or, inside one of ``LISTS``, any file name."""
    named = ((link, last_name(link.href)) for link in row.links)
    if row.region.name in LISTS and any(is_filelike(link.text) for link in row.links):
        return True
    return any(is_filelike(name) and shows_name(link.text, name) for link, name in named)
