"""Tells directories from files. Neither a dot in the name nor a size alone is evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from bs4.element import NavigableString, Tag

from crawler.listings.html.tree.row_facts import Facts
from crawler.listings.html.tree.rows import Row
from crawler.listings.html.tree.survey import nodes
from crawler.model.values import Kind

_DIRECTORY = re.compile(
    r"(?:^|[^a-z])(?:dir|directory|folder|subdir|isdir|dirs|folders|carpeta|ordner|closed-directory)(?:$|[^a-z])"
)
_FILE = re.compile(
    r"(?:^|[^a-z])(?:file|isfile|document|unknown|text|txt|archive|binary|image|video|audio|pdf|zip)(?:$|[^a-z])"
)
_ICON_TAGS = {"img", "i", "svg", "span", "use", "em", "td", "div", "small"}
_MARKED_TAGS = _ICON_TAGS | {"a"}
_EMOJI = ("\N{FILE FOLDER}", "\N{OPEN FILE FOLDER}", "\N{CARD INDEX DIVIDERS}")
_SLASH_AFTER = re.compile(r"\s?/(?:\s|$)")
_MARK_LIMIT = 40
_BLOCK = 4096


def marks_of(row: Row) -> str:
    """Class names, icon file names and alternative texts of a row, in lower case."""
    return " ".join(_marks(row)).lower()


def _marks(row: Row) -> Iterator[str]:
    nodes: list[Tag] = []
    if row.element is not None:
        nodes.append(row.element)
        nodes.extend(_icons(row.element))
    else:
        for link in row.links:
            nodes.extend([link.tag, *_icons(link.tag)])
        before = row.links[0].tag.previous_sibling
        while isinstance(before, NavigableString) and not before.strip():
            before = before.previous_sibling
        if isinstance(before, Tag) and before.name in _ICON_TAGS:
            nodes.append(before)
    for node in nodes:
        yield from _marks_of_tag(node)


def _icons(element: Tag) -> Iterator[Tag]:
    """The elements below ``element`` that may carry a mark, up to ``_MARK_LIMIT``."""
    tags = (node for node, _ in nodes(element) if isinstance(node, Tag) and node.name in _MARKED_TAGS)
    return islice(tags, _MARK_LIMIT)


def _marks_of_tag(node: Tag) -> Iterator[str]:
    attrs = node.attrs
    for name in ("class", "alt", "data-type", "type", "data-kind", "data-icon", "aria-label", "xlink:href"):
        value = attrs.get(name)
        if value:
            yield value if isinstance(value, str) else " ".join(value)
    if node.name == "use":
        yield str(attrs.get("href", ""))
    if node.name == "img":
        yield str(attrs.get("src", ""))[-60:].rpartition("/")[2]


def has_slash_in_text(row: Row) -> bool:
    """True if the name is shown with a slash in the link or right after it, or after a folder emoji."""
    for link in row.links:
        text = link.text
        if len(text) > 1 and text.endswith("/"):
            return True
        if text and _SLASH_AFTER.match(link.following):
            return True
    if any(link.target.name.startswith(_EMOJI) for link in row.links):
        return False  # the emoji is part of the name
    return any(cell.text.startswith(_EMOJI) for cell in row.cells[:2])


def _marks_by_row(rows: list[Row]) -> dict[int, str]:
    """``id`` of each row → its marks; rows copied from one specimen share theirs."""
    of_model: dict[int, str] = {}
    result: dict[int, str] = {}
    for row in rows:
        model = row.like or row
        if id(model) not in of_model:
            of_model[id(model)] = marks_of(model)
        result[id(row)] = of_model[id(model)]
    return result


class KindReader:
    """Decides the kinds of the rows of one listing, given what all its rows have in common.

    ``rows`` are (row, its facts, whether its link ends in a slash); ``slashes``: the program ends the links of all
    directories in a slash; ``dots``: the sizes in bytes that the page prints for ``.`` and ``..``.
    """

    def __init__(self, rows: list[tuple[Row, Facts, bool]], *, slashes: bool, dots: set[int]) -> None:
        bare = [(row, facts) for row, facts, slash in rows if not slash]
        self._marks = _marks_by_row([row for row, _ in bare])
        self._slashes = slashes
        self._has_slashes = len(bare) < len(rows)
        self._trust_marks = self._are_telling(bare)
        self._has_sizes = any(facts.size is not None for _, facts in bare)
        self._has_words = any(facts.directory_word for _, facts in bare)
        self._block_sizes = set() if slashes or self._has_slashes else _block_sizes(dots, [facts for _, facts in bare])

    def _are_telling(self, bare: list[tuple[Row, Facts]]) -> bool:
        """True if directory marks are meaningful: some themes put the same mark on all rows, even those with sizes."""
        directories = [facts for row, facts in bare if _DIRECTORY.search(self._marks[id(row)])]
        has_sizes = any(facts.size is not None and facts.size.high > 0 for facts in directories)
        return bool(directories) and not (len(directories) == len(bare) > 1 and has_sizes)

    def kind(self, row: Row, facts: Facts, slash: bool) -> Kind:
        """The kind of one row; UNKNOWN without evidence. ``slash``: its link ends in a slash."""
        if slash or facts.directory_word or self._has_directory_mark(row) or has_slash_in_text(row):
            return Kind.DIRECTORY
        if facts.size is not None:
            return Kind.DIRECTORY if facts.size.exact and facts.size.low in self._block_sizes else Kind.FILE
        if facts.no_size and self._has_sizes and not self._has_slashes:
            return Kind.DIRECTORY
        marks_directories = self._slashes or self._has_slashes or self._has_words or self._trust_marks
        return Kind.FILE if marks_directories or _FILE.search(self._marks.get(id(row), "")) else Kind.UNKNOWN

    def is_marked_directory(self, row: Row, facts: Facts) -> bool:
        """True if an icon, a class, or a word in a column marks a row as a directory."""
        marks = self._marks.get(id(row))
        if marks is None:
            marks = self._marks[id(row)] = marks_of(row)
        return facts.directory_word or bool(_DIRECTORY.search(marks))

    def _has_directory_mark(self, row: Row) -> bool:
        return self._trust_marks and bool(_DIRECTORY.search(self._marks.get(id(row), "")))


def _block_sizes(dots: set[int], bare: list[Facts]) -> set[int]:
    """The sizes of directory inodes, in bytes: whole blocks, printed for ``.`` or ``..`` and for several rows."""
    counts = Counter(facts.size.low for facts in bare if facts.size is not None and facts.size.exact)
    return {size for size in dots if size and size % _BLOCK == 0 and counts[size] > 1}
