"""Extracts the cells of a row: those of a table row, or the strings of any other element, with their attributes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bs4.element import NavigableString, Tag

from crawler.listings.html.tree.survey import MAX_TEXT, is_text, leads_somewhere, nodes, squeezed, strings
from crawler.listings.values.times import Moment, find_date, read_stamp
from crawler.model.struct import Struct, field
from crawler.model.values import Span

HINTS = (
    "data-order", "data-sort", "data-sort-value", "data-value", "sorttable_customkey", "data-bytes", "data-size",
    "datetime", "data-time", "data-timestamp", "data-date", "data-text", "data-raw", "val",  # lighttpd 2
    "title",
)  # fmt: skip
"""Attributes that hold an exact size or time, or the full name."""
_DIRECTORY_WORD = re.compile(
    r"[\[<(]?\s*(?:dir(?:ectory)?|(?:file )?folder|application/directory|inode/directory|dossier|ordner|carpeta|папка"
    r"|文件夹|资料夹|フォルダー?)\s*[\]>)]?",
    re.IGNORECASE,
)
_EARLIEST = 1980
"""The first year of a plausible machine-readable time."""
_TOLERANCE = timedelta(hours=36)


class Cell(Struct):
    """A piece of a row: its text, and attributes (``hints``) that may hold the same value more exactly."""

    text: str
    hints: list[str] = field(default_factory=list)
    linked: bool = False
    """Whether the text belongs to the link of the row."""
    label: str = ""
    """The class names of the element that contains the text, for rows without columns."""


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
    texts: list[str] = []
    hints = [str(cell.attrs[name]) for name in HINTS if name in cell.attrs] if cell.attrs else []
    linked = False
    for node, _ in nodes(cell):
        if is_text(node):
            texts.append(node[:MAX_TEXT])
        elif isinstance(node, Tag) and node.attrs:
            if leads_somewhere(node):
                linked = True
            else:
                hints.extend(str(node.attrs[name]) for name in HINTS if name in node.attrs)
    return Cell(squeezed(" ".join(texts)), hints, linked)


def _sizes_in(cell: Tag) -> list[Cell]:
    """Texts inside links in elements with a class such as ``size``, as separate cells."""
    links = (node for node in cell.contents if isinstance(node, Tag) and node.name == "a")
    inner = (node for link in links for node in link.contents if isinstance(node, Tag) and node.attrs)
    marked = (node for node in inner if "size" in str(node.attrs.get("class", "")).lower())
    return [Cell(squeezed(" ".join(strings(node))[:MAX_TEXT]), label="size") for node in marked][:1]


def element_cells(element: Tag) -> list[Cell]:
    """The strings of a row outside tables, each with the attributes of the element that contains it."""
    element = _row_link(element) or element
    return [
        _string_cell(node, text, linked=inside and element.name != "a")
        for node, inside in nodes(element)
        if is_text(node) and (text := squeezed(node[:MAX_TEXT]))
    ]


def _row_link(element: Tag) -> Tag | None:
    """The link around the whole row, with several strings inside; None if there is none."""
    first = next((child for child in element.contents if isinstance(child, Tag)), None)
    if first is None or first.name != "a":
        return None
    count = sum(1 for text in strings(first) if text.strip())
    return first if count > 1 and count == sum(1 for text in strings(element) if text.strip()) else None


def _string_cell(node: NavigableString, text: str, *, linked: bool) -> Cell:
    parent = node.parent
    if parent is None:
        return Cell(text, [], linked)
    classes = parent.attrs.get("class", "")
    label = classes if isinstance(classes, str) else " ".join(classes)
    hints = [] if linked and parent.name == "a" else [str(parent.attrs[name]) for name in HINTS if name in parent.attrs]
    return Cell(text, hints, linked, label)


def is_directory_word(text: str) -> bool:
    """True for a word that is printed for directories, such as ``<DIR>``."""
    return _DIRECTORY_WORD.fullmatch(text) is not None


def has_time(cell: Cell) -> bool:
    """True if a cell holds a date."""
    return time_of(cell) != (None, None)


def time_of(cell: Cell) -> tuple[Moment | None, Span[datetime] | None]:
    """The date that a cell prints, and the one in its attributes if that agrees with the text and is as exact."""
    moment = find_date(cell.text)
    printed = moment.span() if moment else None
    for hint in cell.hints:
        stamp = read_stamp(hint)
        if stamp is None and (found := find_date(hint)) and len(found.readings) == 1:
            stamp = found.span()
        if stamp is not None and stamp.low.year >= _EARLIEST and _agrees(stamp, printed):
            return moment, stamp
    return moment, None


def _agrees(stamp: Span[datetime], printed: Span[datetime] | None) -> bool:
    """True if ``stamp`` is within 36 hours of ``printed`` (time zones differ) and no less exact."""
    if printed is None:
        return True
    when = stamp.low.replace(tzinfo=None)
    if printed.low.replace(tzinfo=None) - when > _TOLERANCE or when - printed.high.replace(tzinfo=None) > _TOLERANCE:
        return False
    if stamp.low.tzinfo is not None:
        return True
    return printed.low.tzinfo is None and stamp.high - stamp.low <= printed.high - printed.low
