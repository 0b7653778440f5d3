"""Divides the tree of a page into rows: each link with the cells or text that belong to it.

A row is a ``tr``, a ``li``, the largest element that contains links to one target only, or a line of a ``pre`` or of
bare text. Other modules decide which rows are a listing.
"""

from __future__ import annotations

from collections.abc import Iterator

from bs4.element import Tag

from crawler.listings.html.tree.cells import Cell, element_cells, table_cells
from crawler.listings.html.tree.survey import Link, is_text
from crawler.listings.values.hrefs import LinkKind
from crawler.model.struct import Struct, field

MAX_CLIMB = 48
"""Maximum number of ancestors examined per link: normal pages nest 20 levels, hostile ones 20,000."""
_LINE_BREAKS = {
    "br", "hr", "p", "div", "li", "tr", "td", "th", "table", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6",
    "form", "dl", "dt", "dd", "section", "article", "main", "header", "footer", "nav", "blockquote", "center",
}  # fmt: skip
_HOLDERS = {"body", "html", "table", "tbody", "thead", "ul", "ol", "pre", "[document]", "main", "form", "dl"}
_INLINE = {"a", "b", "i", "em", "strong", "span", "font", "tt", "code", "nobr", "small", "big", "u", "label", "kbd"}


class Row(Struct, eq=False):
    """The links to one target, with the cells or the text beside them."""

    region: Tag
    element: Tag | None
    links: list[Link]
    cells: list[Cell] = field(default_factory=list)
    before: str = ""
    after: str = ""
    in_table: bool = False
    extra: bool = False
    """Whether this row is for a second name in the same element; the cells belong to the first name's row."""
    group: int = 0
    """A number shared by all rows of one element."""
    like: Row | None = None
    """The row of the specimen from which this one was copied; both have the same markup."""


class RowSplitter:
    """Divides a page into rows, given its links."""

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
        """Record, for each ancestor of a link, the single target that it links to ("" if several)."""
        url = link.target.url or link.href or "#"
        for node in [link.tag, *_parents(link.tag)]:
            target = self._single.get(id(node))
            if target == url or target == "":
                break
            self._single[id(node)] = url if target is None else ""

    def rows(self) -> list[Row]:
        """The rows that contain links, in page order, each once."""
        for link in self.links:
            frame = _frame(link.tag)
            if frame is not None and link.target.kind in _ROW_KINDS:
                self._children.setdefault(id(frame), {})[_own_key(link)] = None
        result: dict[int, Row] = {}
        for link in self.links:
            row = self._row_of(link)
            result.setdefault(id(row), row)
        return list(result.values())

    def _row_of(self, link: Link) -> Row:
        frame = _frame(link.tag)
        if frame is not None and frame.name in _ROOM and self._count_names(frame) <= _ROOM[frame.name]:
            return self._framed(frame, link)
        if frame is None or frame.name != "pre":
            block = self._largest_alone(link.tag, frame)
            if block is link.tag:
                if len(link.pieces) > 1:
                    return self._framed(block, link)
            elif block.name not in _INLINE:
                return self._framed(block, link)
        return self._line_of(link)

    def _count_names(self, frame: Tag) -> int:
        """The number of names in the listed directory that a frame links to."""
        count = self._counts.get(id(frame))
        if count is None:
            count = sum(key.startswith("/") for key in self._children.get(id(frame), ()))
            self._counts[id(frame)] = count
        return count

    def _framed(self, element: Tag, link: Link) -> Row:
        """The row that ``element`` forms; a second target in it gets its own row without cells."""
        own = _own_key(link) if link.target.kind in _ROW_KINDS else ""
        first = next(iter(self._children.get(id(element), ())), own)
        key = (id(element), "" if own in {"", first} else own)
        row = self._rows.get(key)
        if row is None:
            region = _region(element)
            row = Row(region, element, [], in_table=element.name == "tr", extra=bool(key[1]), group=id(element))
            if not key[1]:
                row.cells = table_cells(element) if element.name == "tr" else element_cells(element)
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
        """``id`` of each link in a container → row with the text before and after it on its line."""
        found: dict[int, Row] = {}
        current: Row | None = None
        bare: Row | None = None
        text: list[str] = []
        for token in _tokens(container, self._by_tag):
            if isinstance(token, str):
                text.append(token)
                continue
            if isinstance(token, Link):
                line = "".join(text)
                text = []
                if current is not None and _own_key(current.links[0]) == _own_key(token):
                    current.links.append(token)
                    current.after += line
                    found[id(token.tag)] = current
                    continue
                if current is not None:
                    current.after += line
                    line = line if line.rstrip().endswith("->") else ""
                current = Row(container, None, [token], before=line)
                found[id(token.tag)] = current
                continue
            if current is not None:
                current.after += "".join(text)
                bare = None if (current.before + current.after).strip() else current
            elif bare is not None and (line := "".join(text)).strip():
                # Artifactory 7 prints date and size on the line after the link.
                bare.after, bare = line, None
            current, text = None, []
        if current is not None or bare is not None:
            (current or bare).after += "".join(text)  # type: ignore[union-attr]
        return found


_ROOM = {"tr": 3, "li": 1}
"""Maximum number of names in a row: a table row may also link a signature or a description, a list item has one."""


def _own_key(link: Link) -> str:
    """A key shared by all links to one entry: the name for a member of this directory, else the URL."""
    target = link.target
    return f"/{target.name}" if target.kind is LinkKind.CHILD else target.url


_ROW_KINDS = {LinkKind.CHILD, LinkKind.DEEP, LinkKind.OTHER_HOST, LinkKind.BAD_NAME}


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
    """The block that contains a bare link."""
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
            if node.contents and node.name != "pre":  # links inside this element have it as their container
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
