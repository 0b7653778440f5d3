"""Finds the columns of a table: date, size, kind, digest.

The content of the cells decides; headings in a dozen languages help. A number without a unit is a size only in a
column with a size heading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from crawler.listings.html.tree import headings
from crawler.listings.html.tree.cells import Cell, has_time, is_directory_word
from crawler.listings.html.tree.rows import Row
from crawler.listings.values.sizes import is_no_size, read_size
from crawler.listings.values.times import is_time_like
from crawler.model.struct import Struct, Value

_DIGEST = re.compile(r"(?<![\w-])(md5|sha-?1|sha-?256|sha-?512)", re.IGNORECASE)
_SAMPLE = 400
"""Maximum number of rows whose cells are examined to find the columns."""
_TIME_SAMPLE = 20
"""Maximum number of cells that are examined for a complete date."""
_TIME_LENGTH = 120
"""Maximum length in characters of a cell that may hold only a time."""
_NAME_START = 8
"""Number of leading characters of a name that even a truncated cell shows."""


class Columns(Struct):
    """The index of each column of a table; -1 if there is none."""

    size: int = -1
    time: int = -1
    kind: int = -1
    directories: int = -1
    """The column of links under a heading such as "Directory", whose targets are directories."""
    digest: int = -1
    digest_name: str = ""
    """The algorithm of the digest column: ``md5``, ``sha256``, …"""
    unit: int = 0
    """The unit that the size heading gives to bare numbers, as a power of 1024."""
    labelled: int = 0
    """The number of kinds of heading (name, size, time, kind) that were recognised."""
    is_measure: bool = False
    """Whether the heading of the size column is another word, in a language of which another one is known."""


class Column:
    """The cells and the heading of one column, as the marks below use them."""

    def __init__(self, cells: list[Cell], heading: str, *, table_has_headings: bool) -> None:
        self.cells = cells
        self.heading = heading
        self.table_has_headings = table_has_headings
        self.filled = [cell for cell in cells if cell.text]

    @cached_property
    def times(self) -> int:
        """Number of cells that hold a date, or a time without one."""
        short = (cell for cell in self.filled if len(cell.text) < _TIME_LENGTH)
        return sum(has_time(cell) or is_time_like(cell.text) for cell in short)

    @cached_property
    def size_cells(self) -> list[Cell]:
        """The cells that may hold a size: those outside links if there are any, else all."""
        return [cell for cell in self.filled if not cell.linked] or self.filled

    @cached_property
    def sizes(self) -> int:
        """Number of cells that hold a size."""
        return sum(read_size(cell.text) is not None for cell in self.size_cells)

    @cached_property
    def sizes_with_unit(self) -> int:
        """Number of cells that hold a size with a unit."""
        return sum(read_size(cell.text) is not None and not cell.text.strip().isdigit() for cell in self.size_cells)

    @cached_property
    def sizes_or_blanks(self) -> int:
        """Number of cells that hold a size, or the placeholder printed for directories."""
        return self.sizes + sum(is_no_size(cell.text) for cell in self.size_cells)

    @cached_property
    def is_headed_size(self) -> bool:
        """True if the heading is a word for size."""
        return bool(headings.SIZE.search(self.heading))


class Exclusion(Value, frozen=True):
    """A condition under which a column cannot hold the values in question."""

    why: str
    applies: Callable[[Column], bool]


class Mark(Value, frozen=True):
    """Evidence for a column, and its weight. ``share`` returns how far the evidence holds, from 0 to 1."""

    weight: float
    why: str
    share: Callable[[Column], float]


class Scoring(Value, frozen=True):
    """The scoring rule for a column: 0 if any exclusion applies, else the weighted sum of the marks."""

    exclusions: tuple[Exclusion, ...]
    marks: tuple[Mark, ...]

    def score(self, column: Column) -> float:
        """The score of ``column``, 0 or more; a column with a score of 0 is never chosen."""
        if any(exclusion.applies(column) for exclusion in self.exclusions):
            return 0.0
        return sum(mark.weight * mark.share(column) for mark in self.marks)


TIME = Scoring(
    exclusions=(
        Exclusion("no cell holds a time", lambda column: not column.times),
        Exclusion(
            "most cells hold something else",
            lambda column: column.times * 2 < sum(not is_no_size(cell.text) for cell in column.filled),
        ),
    ),
    marks=(
        Mark(1.0, "the heading is a word for time or change",
             lambda column: bool(headings.CHANGED.search(column.heading) or headings.TIME.search(column.heading))),
        Mark(1.0, "the heading is about changes, not creation or upload",
             lambda column: bool(headings.CHANGED.search(column.heading))),
        Mark(1.0, "cells hold times", lambda column: column.times / len(column.filled)),
        Mark(0.5, "there are dates, not only times or ages",
             lambda column: any(map(has_time, column.filled[:_TIME_SAMPLE]))),
        Mark(0.7, "no cell is a link", lambda column: not any(cell.linked for cell in column.filled[:_TIME_SAMPLE])),
    ),
)  # fmt: skip
"""Finds the column of modification times."""

SIZE = Scoring(
    exclusions=(
        Exclusion("all cells are empty", lambda column: not column.size_cells),
    ),
    marks=(
        Mark(3.0, "the heading is a word for size", lambda column: True),
        Mark(1.0, "cells hold sizes or placeholders",
             lambda column: column.sizes_or_blanks / len(column.size_cells)),
    ),
)  # fmt: skip
"""Finds the column of sizes among those with a size heading."""

UNHEADED_SIZE = Scoring(
    exclusions=(
        *SIZE.exclusions,
        Exclusion("most cells hold something else", lambda column: column.sizes_or_blanks * 2 < len(column.size_cells)),
        Exclusion("no cell holds a size", lambda column: not column.sizes),
        Exclusion("bare numbers, in a table with headings of which none says size",
                  lambda column: not column.sizes_with_unit and bool(column.heading or column.table_has_headings)),
        Exclusion("the heading is a word for something else",
                  lambda column: bool(headings.NAME.search(column.heading) or headings.OTHER.search(column.heading))),
        Exclusion("bare numbers that repeat or count the rows",
                  lambda column: not column.sizes_with_unit and (_repeats(column.size_cells)
                                                                 or _counts_up(column.size_cells))),
    ),
    marks=(
        Mark(1.0, "cells hold sizes with a unit", lambda column: column.sizes_with_unit / len(column.size_cells)),
        Mark(0.5, "cells hold sizes", lambda column: column.sizes / len(column.size_cells)),
    ),
)  # fmt: skip
"""Finds the column of sizes among those without a size heading."""


def find_columns(rows: list[Row], labels: list[str]) -> Columns:
    """The columns of a table, given its ``rows`` and its headings, ``labels``."""
    found = Columns(labelled=headings.count_words(" | ".join(labels)))
    rows = [row for row in rows if row.in_table and row.cells][:_SAMPLE]
    width = max((len(row.cells) for row in rows), default=0)
    columns = [
        Column(
            [row.cells[i] for row in rows if i < len(row.cells)],
            labels[i] if i < len(labels) else "",
            table_has_headings=bool(labels),
        )
        for i in range(width)
    ]
    taken = {i for i in range(width) if _shows_names(rows, i)}
    found.time = _best(TIME.score, columns, taken)
    found.size = _best(_size_score, columns, taken | {found.time})
    for i, column in enumerate(columns):
        if i not in {found.time, found.size}:
            _note_other_column(found, i, column)
    if found.size >= 0:
        heading = columns[found.size].heading
        found.unit = headings.unit_of(heading)
        found.is_measure = bool(heading.strip()) and found.labelled > 0 and not headings.count_words(heading)
    return found


def _note_other_column(found: Columns, index: int, column: Column) -> None:
    """Record a column of kinds, directories or digests, judged by its heading or cells."""
    if headings.DIRECTORIES.match(column.heading) and column.cells[0].linked:
        found.directories = index
    if digest := _DIGEST.search(column.heading):
        found.digest, found.digest_name = index, digest[1].lower().replace("-", "")
    if found.kind < 0 and (
        headings.KIND.search(column.heading)
        or any(is_directory_word(cell.text) for cell in column.cells if not cell.linked)
    ):
        found.kind = index


def _best(score: Callable[[Column], float], columns: list[Column], taken: set[int]) -> int:
    """The index of the first column with the highest score, or -1 if no score is above 0."""
    scores = [0.0 if i in taken else score(column) for i, column in enumerate(columns)]
    top = max(scores, default=0.0)
    return scores.index(top) if top > 0 else -1


def _size_score(column: Column) -> float:
    return (SIZE if column.is_headed_size else UNHEADED_SIZE).score(column)


def _shows_names(rows: list[Row], index: int) -> bool:
    """True for the column of names, even if the names consist of dates and sizes."""
    cells = [(row.cells[index], row.links[0].target.name) for row in rows if index < len(row.cells)]
    return 2 * sum(cell.linked and _is_named(cell.text, name) for cell, name in cells) > len(cells)


def _is_named(text: str, name: str) -> bool:
    return text.rstrip("/ ") == name or (len(name) >= _NAME_START and name[:_NAME_START] in text)


def _repeats(cells: list[Cell]) -> bool:
    """True if fewer than half of the cells differ."""
    return len({cell.text for cell in cells}) * 2 < len(cells)


def _counts_up(cells: list[Cell]) -> bool:
    """True for consecutive numbers."""
    first = cells[0].text
    return first.isdecimal() and all(cell.text == str(int(first) + i) for i, cell in enumerate(cells))
