"""What a row holds: the cells of a table row, or the strings of any other element, with what attributes say of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bs4.element import Tag

from crawler.listings.html.tree.survey import MAX_TEXT, is_text, leads_somewhere, nodes, squeezed, strings

HINTS = (
    "data-order", "data-sort", "data-sort-value", "data-value", "sorttable_customkey", "data-bytes", "data-size",
    "datetime", "data-time", "data-timestamp", "data-date", "data-text", "data-raw", "val",  # lighttpd 2
    "title",
)  # fmt: skip


@dataclass(slots=True)
class Cell:
    """A piece of a row: its text, and what its attributes say more exactly."""

    text: str
    hints: list[str] = field(default_factory=list)
    linked: bool = False
    """The text belongs to the row's link."""
    label: str = ""
    """Class names of the element that holds the text, where the row has no columns."""


def table_cells(row: Tag) -> list[Cell]:
    """The cells of a table row; a cell that spans columns is followed by empty ones."""
    cells = []
    for cell in row.contents:
        if isinstance(cell, Tag) and cell.name in {"td", "th"}:
            cells.append(_table_cell(cell))
            cells.extend(_sizes_in(cell))
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
            if leads_somewhere(node):
                linked = True
            else:
                hints.extend(str(node.attrs[name]) for name in HINTS if name in node.attrs)
    return Cell(squeezed(" ".join(said)), hints, linked)


def _sizes_in(cell: Tag) -> list[Cell]:
    """What a link in a table cell calls a size by its class, as a cell of its own."""
    links = (node for node in cell.contents if isinstance(node, Tag) and node.name == "a")
    inner = (node for link in links for node in link.contents if isinstance(node, Tag) and node.attrs)
    marked = (node for node in inner if "size" in str(node.attrs.get("class", "")).lower())
    return [Cell(squeezed(" ".join(strings(node))[:MAX_TEXT]), label="size") for node in marked][:1]


def pieces(element: Tag) -> list[Cell]:
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
