"""Names the rows of a listing that are not entries, so that they are counted and never lost silently.

A row has its own size or date, or the shape of the rows that are entries. A link to this page, to another sort order
or part of it, or to a page above is navigation, whatever is beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crawler.listings.html.families import Family
from crawler.listings.html.tree.external_rows import LISTS, look_like_rows
from crawler.listings.html.tree.file_names import is_filelike
from crawler.listings.html.tree.regions import Region, in_navigation, labels_of, shows_name
from crawler.listings.html.tree.row_facts import Facts, read_facts
from crawler.listings.html.tree.rows import Row
from crawler.listings.html.tree.survey import Link
from crawler.listings.values.hrefs import LinkKind
from crawler.listings.values.mentioned_names import ELSEWHERE, is_dots_only, last_name

_COMPARED = 50
"""Maximum number of entries with which a row is compared."""


def name_rejected_rows(rows: Iterable[Row], regions: Sequence[Region], family: Family) -> dict[int, str]:
    """``id`` of a link → the name of its row, for rows that lead outside the directory.

    ``regions`` are those of the entries. On a page without entries, ``external_rows`` finds the rows.
    """
    chosen = {id(region.element): region for region in regions}
    in_region: dict[int, list[Row]] = {}
    for row in rows:
        if all(link.target.kind in ELSEWHERE for link in row.links) and not row.before.rstrip().endswith("->"):
            in_region.setdefault(id(row.region), []).append(row)
    found: dict[int, str] = {}
    for place, beside in in_region.items():
        region = chosen.get(place)
        if (region is None and (chosen or not look_like_rows(beside, family))) or in_navigation(beside[0].region):
            continue
        facts, _ = read_facts(beside, labels_of(beside[0].region), family.rounding)
        for row, fact in zip(beside, facts, strict=True):
            link = _naming(row) or (_bare_scheme(row) if _has_facts(fact) else None)
            if link is not None and not is_dots_only(link.href) and (_has_facts(fact) or _is_alike(row, link, region)):
                found[id(link)] = _name_of(link)
    return found


def _naming(row: Row) -> Link | None:
    """The link that names a row: the first that shows a name and does not lead to a fragment only (``#top``)."""
    return next((link for link in row.links if link.text and not _is_bare(link)), None)


def _bare_scheme(row: Row) -> Link | None:
    """The link of a row that leads to nothing but a scheme, such as ``http:``, and shows that: the name of a file."""
    schemes = (link for link in row.links if link.target.kind is LinkKind.SCHEME)
    return next((link for link in schemes if link.text and link.href.strip().rstrip("/").endswith(":")), None)


def _is_bare(link: Link) -> bool:
    return link.target.kind in {LinkKind.FRAGMENT, LinkKind.SCHEME, LinkKind.QUERY} and link.text == link.href.strip()


def _name_of(link: Link) -> str:
    text = link.text.removesuffix("/")
    name = last_name(link.href)
    return name if name and (text == link.href.strip() or shows_name(text, name)) else text


def _has_facts(facts: Facts) -> bool:
    """True if a row has a date or a size. A dash alone may mean anything."""
    return bool(facts.moment or facts.stamp or facts.size)


def _is_alike(row: Row, link: Link, region: Region | None) -> bool:
    """True if a row looks like those of the entries: as many cells, and a link that shows a name."""
    name = last_name(link.href)
    shown = shows_name(link.text, name) or shows_name(link.text, link.href.strip())
    if row.region.name in LISTS and is_filelike(link.text):
        shown, name = True, link.text
    if not shown or not (is_filelike(name) or link.text.endswith("/") or link.href.rstrip().endswith("/")):
        return False
    if region is None:
        return True  # ``look_like_rows`` has checked these rows
    return any(
        other.row.in_table == row.in_table
        and len(other.row.cells) == len(row.cells)
        and (other.row.element is None) == (row.element is None)
        for other in region.candidates[:_COMPARED]
    )
