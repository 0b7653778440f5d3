"""Finds the listing on a page: groups rows by the element that contains them, and compares the groups.

Menus, breadcrumbs, sidebars, rendered READMEs and repeated headers contain links too. The group that looks most like a
listing (links that show their names, dates, sizes) is the listing, and so is every group that resembles one as much.
"""

from __future__ import annotations

import re
from itertools import islice

from bs4.element import Tag

from crawler.listings.html.families import Family
from crawler.listings.html.tree.columns import Columns
from crawler.listings.html.tree.file_names import is_filelike
from crawler.listings.html.tree.headings import count_words
from crawler.listings.html.tree.row_facts import Facts, read_facts
from crawler.listings.html.tree.rows import MAX_CLIMB, Row
from crawler.listings.html.tree.survey import Link, squeezed, strings
from crawler.listings.values.hrefs import LinkKind
from crawler.model.struct import Struct, field
from crawler.text.urls import decoded

_NAVIGATION = re.compile(
    r"(?:^|[^a-z])(?:nav|navbar|navigation|menu|breadcrumbs?|crumbs?|footer|sidebar|topbar|toolbar)(?:$|[^a-z])"
)
_CUT = re.compile(r"(?<!\s)\s*(?:\.\.>|\.{2,4}>?|…>?|&gt;)\s*$")
_SUFFIX = re.compile(r"[@*/=|]$")
_MINI_HTTPD_CUT = 20
_STRUCTURED = 3.6
"""Weight that only rows with a date or a size exceed."""
_HOLDS_ROWS = {"table", "tbody", "pre", "ul", "ol"}
_DATA_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$")


class Candidate(Struct, eq=False):
    """A row that may be an entry, and the link that names it."""

    row: Row
    link: Link
    matches: bool
    facts: Facts = field(default_factory=Facts)


class Region(Struct, eq=False):
    """The candidates in one element."""

    element: Tag
    candidates: list[Candidate] = field(default_factory=list)
    columns: Columns = field(default_factory=Columns)
    weight: float = 0.0

    @property
    def average(self) -> float:
        return self.weight / len(self.candidates)

    @property
    def named(self) -> bool:
        """True if most links show the names of their targets, unlike links in prose."""
        return 2 * sum(candidate.matches for candidate in self.candidates) >= len(self.candidates)


def shows_name(text: str, name: str) -> bool:
    """True if ``text`` is ``name``, possibly truncated, with a suffix such as ``*``, or in a wrong charset."""
    text, name = squeezed(text), squeezed(name)
    if not text:
        return False
    if text in {name, name + "/"} or _SUFFIX.sub("", text) == name:
        return True
    cut = _CUT.sub("", text)
    if cut != text and len(cut) >= 3 and name.startswith(cut):
        return True
    if len(text) >= _MINI_HTTPD_CUT and name.startswith(text):
        return True
    if text.isascii() and name.isascii():
        return len(text) > 2 and text.replace(" ", "") == name.replace(" ", "")
    plain, bare = _ascii(_SUFFIX.sub("", cut)), _ascii(name)
    return plain == bare or (cut != text and len(plain) >= 3 and bare.startswith(plain))


def _ascii(text: str) -> str:
    return "".join(char for char in text if " " < char < "\x7f")


def candidate_of(row: Row, *, children_only: bool = False) -> Candidate | None:
    """The link of a row that may name an entry: preferably to a child, else one whose text is the target's name."""
    best: Candidate | None = None
    if row.before.rstrip().endswith("->"):
        return None  # the target of a symlink, which has its own row
    for link in row.links:
        target = link.target
        if not target.name or target.kind not in ({LinkKind.CHILD} if children_only else _MAY_NAME):
            continue
        matches = _link_shows_name(link)
        if target.kind is not LinkKind.CHILD and not _is_foreign_entry(link, matches):
            continue
        if best is None or (target.kind is LinkKind.CHILD and best.link.target.kind is not LinkKind.CHILD):
            best = Candidate(row, link, matches)
        elif target.name == best.link.target.name:
            best.matches = best.matches or matches
            if _is_plainer(target.url, best.link.target.url):
                best.link = link
    if best is not None and not best.matches and best.link.target.kind is LinkKind.CHILD:
        best.matches = _cells_show_name(row, best.link.target.name)
    return best


def _is_plainer(url: str, than: str) -> bool:
    return ("?" in than and "?" not in url) or url == than.partition(";type=")[0]


def _cells_show_name(row: Row, name: str) -> bool:
    """True if a cell beside the link shows the name, or the name without its extension (the link text is "PDF")."""
    stem = name.rpartition(".")[0] or name
    return any(cell.text in {name, stem} for cell in row.cells if not cell.linked)


_MAY_NAME = {LinkKind.CHILD, LinkKind.DEEP, LinkKind.ABOVE, LinkKind.OTHER_HOST}


def _link_shows_name(link: Link) -> bool:
    target = link.target
    name = f"{target.folder}/{target.name}" if target.folder else target.name
    shown = link.text
    for text in (shown, *link.pieces, *([decoded(shown)] if "%" in shown else [])):
        if shows_name(str(text), target.name) or (target.folder and shows_name(str(text), name)):
            return True
    return shows_name(link.title, target.name)


def _is_foreign_entry(link: Link, matches: bool) -> bool:
    """True for a target outside the directory that is an entry nevertheless: a file whose link shows its name."""
    return matches and not link.target.slash and (bool(_DATA_EXTENSION.search(link.target.name)) or "#" in link.href)


def find_regions(rows: list[Row], family: Family) -> list[Region]:
    """The groups of candidates, with their facts and weights."""
    regions: dict[int, Region] = {}
    named: dict[int, list[str]] = {}
    for row in rows:
        candidate = candidate_of(row, children_only=family.children_only)
        if candidate is None and (not row.group or not (candidate := _companion(row, named.get(row.group, [])))):
            continue
        if row.group:
            if row.extra and not candidate.matches and not _companion(row, named.get(row.group, [])):
                continue
            named.setdefault(row.group, []).append(candidate.link.target.url)
        regions.setdefault(id(row.region), Region(row.region)).candidates.append(candidate)
    _match_by_another_link([candidate for region in regions.values() for candidate in region.candidates])
    for region in regions.values():
        labels = labels_of(region.element)
        facts, region.columns = read_facts([candidate.row for candidate in region.candidates], labels, family.rounding)
        for candidate, fact in zip(region.candidates, facts, strict=True):
            candidate.facts = fact
        region.weight = sum(_weight(candidate) for candidate in region.candidates)
        if in_navigation(region.element):
            region.weight *= 0.2
    return list(regions.values())


def _match_by_another_link(candidates: list[Candidate]) -> None:
    """Let the link that shows an entry's name count for the separate link of its icon too."""
    shown = {candidate.link.target.url for candidate in candidates if candidate.matches}
    for candidate in candidates:
        if not candidate.matches and not candidate.link.text:
            candidate.matches = candidate.link.target.url in shown


def _companion(row: Row, named: list[str]) -> Candidate | None:
    """The signature or digest of an entry in the same table row: its URL is the entry's plus a suffix."""
    link = row.links[0]
    beside = link.target.name and any(link.target.url.startswith(url + ".") for url in named[-4:])
    return Candidate(row, link, matches=False) if beside else None


def _weight(candidate: Candidate) -> float:
    facts = candidate.facts
    weight = 1.0 + 2.0 * candidate.matches
    weight += 2.0 if facts.moment or facts.stamp else 0.0
    weight += 2.0 if facts.size or facts.no_size else 0.0
    return weight + (0.5 if is_filelike(candidate.link.target.name) else 0.0)


def choose_regions(regions: list[Region]) -> list[Region]:
    """The regions of the listing: the one with the highest weight, and those that resemble a listing as much."""
    if not regions:
        return []
    best = max(regions, key=lambda region: region.weight)
    if best.average < _STRUCTURED and not in_navigation(best.element):
        # Without dates and sizes nothing sets the rows apart: every child outside of the menus counts.
        return [region for region in regions if region is best or not in_navigation(region.element)]
    return [
        region
        for region in regions
        if region is best
        or (region.average >= 0.75 * best.average and (region.named or not best.named))
        or (_signature(region.element) == _signature(best.element) and region.average >= 0.4 * best.average)
    ]


def _signature(element: Tag) -> tuple[str, str, str]:
    value = element.get("class")
    parent = element.parent.name if element.parent is not None else ""
    return element.name, " ".join(value) if isinstance(value, list) else str(value or ""), parent


def labels_of(region: Tag) -> list[str]:
    """The headings of a table's columns, one per cell; empty if it has none."""
    if region.name != "table":
        return []
    for row in region.find_all("tr", limit=4):
        cells = row.find_all(["td", "th"], recursive=False)
        texts: list[str] = []
        for cell in cells:
            texts.append(squeezed(" ".join(islice(strings(cell), 60)))[:60])
            span = str(cell.get("colspan", "1"))
            texts.extend([""] * (min(int(span) - 1, 20) if span.isdecimal() and span.isascii() else 0))
        words = count_words(" | ".join(texts))
        if (len(cells) > 1 and words >= 2) or (any(cell.name == "th" for cell in cells) and words):
            return texts
    return []


def holds_row(element: Tag, tag: Tag) -> bool:
    """True if ``element``, which contains a listing, can hold nothing but rows, and ``tag`` is in one."""
    return element.name in _HOLDS_ROWS and any(parent is element for parent in islice(tag.parents, MAX_CLIMB))


def in_navigation(element: Tag) -> bool:
    """True if ``element`` is in a menu, breadcrumb trail, footer or sidebar."""
    node: Tag | None = element
    for _ in range(12):
        if node is None or node.name in {"body", "html", "[document]"}:
            return False
        if node.name in {"nav", "footer", "aside"}:
            return True
        value = node.get("class")
        words = " ".join(value) if isinstance(value, list) else str(value or "")
        if _NAVIGATION.search(f"{words} {node.get('id') or ''}".lower()):
            return True
        node = node.parent
    return False
