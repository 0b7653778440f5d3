"""The tree of a page cut into rows: what surrounds each link and belongs to it.

A row is a ``tr``, a ``li``, the largest element that holds links to one target only, or a line of a ``pre`` or of bare
text. Nothing here knows what a listing is; ``columns`` and ``html`` decide from the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from bs4.element import CData, NavigableString, PageElement, Tag

from crawler.listings.hrefs import Resolver, Target, Way

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

HINTS = (
    "data-order", "data-sort", "data-sort-value", "data-value", "sorttable_customkey", "data-bytes", "data-size",
    "datetime", "data-time", "data-timestamp", "data-date", "data-text", "data-raw", "title",
)  # fmt: skip
MAX_LINKS = 400_000
MAX_NODES = 150
MAX_TEXT = 4_000
"""Nodes and characters that are read of one row: more than any has, and a bound on rows nested in rows."""
_BOTTOM = 1_500
_DEPTH_EVERY = 500
MAX_NAMED = 50
_SURVEYED = ("base", "title", "h1", "h2", "h3", "h4", "caption", "input", "pre", "table", "p")
MAX_CLIMB = 48
"""Ancestors looked at from a link: pages nest 20 deep, hostile ones 20,000."""
_LINE_BREAKS = {
    "br", "hr", "p", "div", "li", "tr", "td", "th", "table", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6",
    "form", "dl", "dt", "dd", "section", "article", "main", "header", "footer", "nav", "blockquote", "center",
}  # fmt: skip
_HOLDERS = {"body", "html", "table", "tbody", "thead", "ul", "ol", "pre", "[document]", "main", "form", "dl"}
_INLINE = {"a", "b", "i", "em", "strong", "span", "font", "tt", "code", "nobr", "small", "big", "u", "label", "kbd"}
_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class Cell:
    """A piece of a row: its text, and what its attributes say more exactly."""

    text: str
    hints: list[str] = field(default_factory=list)
    linked: bool = False
    """The text belongs to the row's link."""
    label: str = ""
    """Class names of the element that holds the text, where the row has no columns."""


@dataclass(slots=True, eq=False)
class Link:
    """An element with an href, and where it leads."""

    tag: Tag
    href: str
    target: Target
    _pieces: list[str] | None = None

    @property
    def pieces(self) -> list[str]:
        """The strings that the link shows."""
        if self._pieces is None:
            self._pieces = [said for text in strings(self.tag) if (said := squeezed(text[:MAX_TEXT]))]
        return self._pieces

    @property
    def text(self) -> str:
        """What the link shows, white space folded."""
        return " ".join(self.pieces)[:MAX_TEXT]


@dataclass(slots=True, eq=False)
class Row:
    """What belongs to one target: its links, and the cells or the text on either side."""

    region: Tag
    element: Tag | None
    links: list[Link]
    cells: list[Cell] = field(default_factory=list)
    before: str = ""
    after: str = ""
    in_table: bool = False
    heading: bool = False
    """A row of column headings, or one without an own target."""


def squeezed(text: str) -> str:
    """``text`` with white space folded and trimmed."""
    return _SPACE.sub(" ", text).strip()


def nodes(element: Tag) -> Iterator[tuple[PageElement, bool]]:
    """The first nodes below ``element`` in order, and whether each stands in a link; bounded, without recursion.

    bs4's own ``descendants`` looks for the last one first, which nested rows make quadratic.
    """
    stack: list[tuple[Iterator[PageElement], bool]] = [(iter(element.contents), element.name == "a")]
    left = MAX_NODES
    while stack and left:
        below, linked = stack[-1]
        node = next(below, None)
        if node is None:
            stack.pop()
            continue
        left -= 1
        yield node, linked
        if isinstance(node, Tag) and node.contents:
            stack.append((iter(node.contents), linked or node.name == "a"))


def strings(element: Tag) -> Iterator[NavigableString]:
    """The first visible strings below ``element``."""
    for node, _ in nodes(element):
        if is_text(node):
            yield node


def is_text(node: object) -> TypeGuard[NavigableString]:
    """True for text that a reader sees: no comment, no script, no doctype."""
    return type(node) is NavigableString or type(node) is CData


@dataclass(slots=True)
class Survey:
    """The elements of a page that matter, collected in one pass: bs4's searches walk the whole page each."""

    leading: list[Tag] = field(default_factory=list)
    """Elements that lead somewhere."""
    named: dict[str, list[Tag]] = field(default_factory=dict)
    """The first elements of each name in ``_SURVEYED``."""

    @classmethod
    def of(cls, soup: BeautifulSoup) -> Survey:
        """Walk the page once."""
        survey = cls(named={name: [] for name in _SURVEYED})
        for tag in soup.descendants:
            if not isinstance(tag, Tag):
                continue
            kept = survey.named.get(tag.name)
            if kept is not None and len(kept) < MAX_NAMED:
                kept.append(tag)
            if tag.attrs and _leads_somewhere(tag) and len(survey.leading) < MAX_LINKS:
                survey.leading.append(tag)
                if len(survey.leading) % _DEPTH_EVERY == 0 and _is_bottomless(tag):
                    survey.leading.clear()
                    break
        return survey

    def first(self, *names: str, limit: int) -> list[Tag]:
        """Up to ``limit`` elements of each of ``names``."""
        return [tag for name in names for tag in self.named[name][:limit]]

    def links(self, resolver: Resolver) -> list[Link]:
        """Every element that leads somewhere, in the order of the page."""
        links = []
        for tag in self.leading:
            href = tag.attrs.get("href") if tag.name == "a" else None
            href = str(href if href is not None else tag.attrs.get("data-href"))
            links.append(Link(tag, href, resolver.target(href)))
        return links


def _is_bottomless(tag: Tag) -> bool:
    """True below more ancestors than forgotten end tags explain: every row would hold all that follow."""
    node: Tag | None = tag
    for _ in range(_BOTTOM):
        if node is None:
            return False
        node = node.parent
    return True


def _leads_somewhere(tag: Tag) -> bool:
    attrs = tag.attrs
    return ("href" in attrs and tag.name == "a") or ("data-href" in attrs and tag.name not in {"body", "html"})


class Cutter:
    """Cuts a page into rows, given its links."""

    def __init__(self, links: list[Link]) -> None:
        self.links = links
        self._by_tag = {id(link.tag): link for link in links}
        self._single: dict[int, str] = {}
        self._children: dict[int, dict[str, None]] = {}
        self._counts: dict[int, int] = {}
        self._rows: dict[tuple[int, str], Row] = {}
        self._lines: dict[int, dict[int, Row]] = {}
        for link in links:
            self._mark(link)

    def _mark(self, link: Link) -> None:
        """Note on the ancestors of a link whether they hold one target ("" = several)."""
        url = link.target.url or link.href or "#"
        for node in [link.tag, *_parents(link.tag)]:
            held = self._single.get(id(node))
            if held == url or held == "":
                break
            self._single[id(node)] = url if held is None else ""

    def rows(self) -> list[Row]:
        """The rows that hold links, in the order of the page, each once."""
        for link in self.links:
            frame = _frame(link.tag)
            if frame is not None and link.target.way in _ROW_WAYS:
                self._children.setdefault(id(frame), {})[_own_key(link)] = None
        result: dict[int, Row] = {}
        for link in self.links:
            row = self._row_of(link)
            result.setdefault(id(row), row)
        return list(result.values())

    def _row_of(self, link: Link) -> Row:
        frame = _frame(link.tag)
        if frame is not None and frame.name in _ROOM and self._held(frame) <= _ROOM[frame.name]:
            return self._framed(frame, link)
        if frame is None or frame.name != "pre":
            block = self._largest_alone(link.tag, frame)
            if block is link.tag:
                if len(link.pieces) > 1:
                    return self._framed(block, link)
            elif block.name not in _INLINE:
                return self._framed(block, link)
        return self._line_of(link)

    def _held(self, frame: Tag) -> int:
        """How many names of this very directory a frame holds."""
        held = self._counts.get(id(frame))
        if held is None:
            held = sum(key.startswith("/") for key in self._children.get(id(frame), ()))
            self._counts[id(frame)] = held
        return held

    def _framed(self, element: Tag, link: Link) -> Row:
        """The row that ``element`` makes; a second target of its own in it gets a row without cells."""
        own = _own_key(link) if link.target.way in _ROW_WAYS else ""
        first = next(iter(self._children.get(id(element), ())), own)
        key = (id(element), "" if own in {"", first} else own)
        row = self._rows.get(key)
        if row is None:
            region = _region(element)
            row = Row(region, element, [], in_table=element.name == "tr")
            if not key[1]:
                row.cells = _table_cells(element) if element.name == "tr" else _pieces(element)
            self._rows[key] = row
        row.links.append(link)
        return row

    def _largest_alone(self, tag: Tag, frame: Tag | None) -> Tag:
        url, best = self._single[id(tag)], tag
        for node in _parents(tag):
            if node is frame or node.name in _HOLDERS or self._single.get(id(node)) != url:
                break
            best = node
        return best

    def _line_of(self, link: Link) -> Row:
        container = _container(link.tag)
        lines = self._lines.get(id(container))
        if lines is None:
            lines = self._lines[id(container)] = self._cut_lines(container)
        row = lines.get(id(link.tag))
        return row if row is not None else Row(container, None, [link])

    def _cut_lines(self, container: Tag) -> dict[int, Row]:
        """Lines of a container: link → row with the text before and after it on its line."""
        found: dict[int, Row] = {}
        current: Row | None = None
        bare: Row | None = None
        text: list[str] = []
        for token in _tokens(container, self._by_tag):
            if isinstance(token, str):
                text.append(token)
                continue
            if isinstance(token, Link):
                said = "".join(text)
                text = []
                if current is not None and _own_key(current.links[0]) == _own_key(token):
                    current.links.append(token)
                    current.after += said
                    found[id(token.tag)] = current
                    continue
                if current is not None:
                    current.after += said
                    said = said if said.rstrip().endswith("->") else ""
                current = Row(container, None, [token], before=said)
                found[id(token.tag)] = current
                continue
            if current is not None:
                current.after += "".join(text)
                bare = None if (current.before + current.after).strip() else current
            elif bare is not None and (said := "".join(text)).strip():
                # Artifactory 7 prints date and size on the line below the link.
                bare.after, bare = said, None
            current, text = None, []
        if current is not None or bare is not None:
            (current or bare).after += "".join(text)  # type: ignore[union-attr]
        return found


_ROOM = {"tr": 3, "li": 1}
"""Names that a row may hold: a table row also links a signature or a description, a list item is one name."""


def _own_key(link: Link) -> str:
    """What makes two links of a row one: a name of this directory (icon, download, view), else the address."""
    target = link.target
    return f"/{target.name}" if target.way is Way.CHILD else target.url


_ROW_WAYS = {Way.CHILD, Way.DEEP, Way.OTHER_HOST, Way.BAD_NAME}


def _parents(tag: Tag) -> Iterator[Tag]:
    node = tag.parent
    for _ in range(MAX_CLIMB):
        if node is None:
            return
        yield node
        node = node.parent


def _frame(tag: Tag) -> Tag | None:
    """The nearest ``tr``, ``li`` or ``pre`` around a link."""
    if tag.name in {"tr", "li"}:
        return tag
    for node in _parents(tag):
        if node.name in {"tr", "li", "pre"}:
            return node
    return None


def _region(element: Tag) -> Tag:
    if element.name == "tr":
        for node in _parents(element):
            if node.name == "table":
                return node
    return element.parent or element


def _container(tag: Tag) -> Tag:
    """The block that a bare link stands in."""
    last = tag
    for node in _parents(tag):
        if node.name == "pre" or (node.name not in _INLINE and node.name != "p"):
            return node
        last = node
    return last


def _tokens(container: Tag, links: dict[int, Link]) -> Iterator[str | Link | None]:
    """Strings, links and line breaks (None) of a container in order; rows with an element of their own are breaks."""
    keeps_lines = container.name == "pre" or container.find_parent("pre") is not None
    stack = [iter(container.contents)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        if isinstance(node, Tag):
            link = links.get(id(node))
            if link is not None:
                yield link
                continue
            if node.name in _LINE_BREAKS:
                yield None
            if node.contents:
                stack.append(iter(node.contents))
        elif is_text(node):
            if not keeps_lines or "\n" not in node:
                yield str(node)
                continue
            yield from _broken(str(node))


def _broken(text: str) -> Iterator[str | None]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield None
        yield line


def _table_cells(row: Tag) -> list[Cell]:
    cells = []
    for cell in row.contents:
        if isinstance(cell, Tag) and cell.name in {"td", "th"}:
            cells.append(_table_cell(cell))
            span = str(cell.attrs.get("colspan", "1"))
            cells.extend(Cell("") for _ in range(min(int(span) - 1, 20) if span.isdecimal() and span.isascii() else 0))
    return cells


def _table_cell(cell: Tag) -> Cell:
    # One pass in plain Python: bs4's own searches cost more than the parse on long tables.
    said: list[str] = []
    hints = [str(cell.attrs[name]) for name in HINTS if name in cell.attrs] if cell.attrs else []
    linked = False
    for node, _ in nodes(cell):
        if is_text(node):
            said.append(node[:MAX_TEXT])
        elif isinstance(node, Tag) and node.attrs:
            if _leads_somewhere(node):
                linked = True
            else:
                hints.extend(str(node.attrs[name]) for name in HINTS if name in node.attrs)
    return Cell(squeezed(" ".join(said)), hints, linked)


def _pieces(element: Tag) -> list[Cell]:
    """The strings of a row that is no table row, each with the attributes of the element that holds it."""
    cells = []
    alone = next((child for child in element.contents if isinstance(child, Tag)), None)
    if alone is not None and alone.name == "a":
        shown = [text for text in strings(alone) if text.strip()]
        if len(shown) > 1 and len(shown) == sum(1 for text in strings(element) if text.strip()):
            element = alone  # a link that wraps the whole row is the row
    for node, inside in nodes(element):
        said = squeezed(node[:MAX_TEXT]) if is_text(node) else ""
        if said:
            parent, linked = node.parent, inside and element.name != "a"
            hints = [str(parent.attrs[name]) for name in HINTS if name in parent.attrs] if parent else []
            classes = parent.attrs.get("class", "") if parent else ""
            label = classes if isinstance(classes, str) else " ".join(classes)
            cells.append(Cell(said, [] if linked and parent and parent.name == "a" else hints, linked, label))
    return cells
