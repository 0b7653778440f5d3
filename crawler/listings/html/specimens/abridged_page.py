"""Abridges a long page: of consecutive rows with the same markup, only one is parsed into a tree.

Building a tree takes thirty times as long as scanning its text, and most rows of a listing differ only in their values
(see ``shapes``). A *specimen* of each shape, with placeholders for the values, replaces these rows. The tree reader
treats all rows of a shape alike, so ``row_copies`` only fills in the values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from crawler.listings.html.specimens.shapes import MAX_ROW, Shape, Shapes, is_self_contained
from crawler.model.struct import Struct, Value, field

KEPT = 20
"""Number of leading rows of an element that are never replaced, because the division of a tree into rows depends on
how many there are."""
_STARTS = ("<tr", "<TR", "<li", "<LI", "\n<a ", "\n<A ", "\n<img ", "\n<IMG ", "<br><a ", "<br/><a ")
_BLOCK = re.compile(r"<(?:div|article|section)(?: [^<>]*)?>")
_SAMPLE = 1 << 18
_LINKS = 4  # the most links that a row usually has: icon, name, signature, download
_BLOCKS, _TRIED = 8, 4
_PRIVATE = re.compile("[\ue000-\uf8ff]")


class Specimen(Struct, eq=False):
    """A row with placeholders for its values, and the values of the rows that it replaces."""

    number: int
    shape: Shape
    rows: list[tuple[Specimen, Sequence[str]]] = field(default_factory=list)
    """(specimen with the shape of the row, values) of each replaced row. The specimen is this one or a recent one."""


class Abridged(Value, frozen=True):
    """A page, or a part of it, with specimens instead of rows."""

    text: str
    specimens: list[Specimen]
    """Specimens in page order, which is also the order of their numbers."""
    end: int
    """Offset in the text of the page at which the part ends: the start of a row, or the end of the text."""


class Abridger:
    """Abridges a page, whole or part by part."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._start = _start_of_rows(text[:_SAMPLE])
        self._offset = self._start.startswith("\n")
        self._shapes = None if _PRIVATE.search(text) else Shapes()
        self._patterns: dict[Shape, re.Pattern[str]] = {}

    def part(self, position: int, *, size: int, rows: int) -> Abridged:
        """The text from ``position`` on, up to about ``size`` abridged characters or ``rows`` rows."""
        at = self._next(position - 1 if position and self._offset else position)
        part = _Part(self.text[position:at])
        while at < len(self.text) and part.length < size and part.count < rows:
            at = self._take(part, at)
        return Abridged("".join(part.pieces), part.specimens, at)

    def _take(self, part: _Part, at: int) -> int:
        """Add the row at offset ``at`` to a part. Returns the offset of the next row."""
        part.begin_row()
        may_go = part.count > part.kept and self._shapes is not None
        if may_go:
            for specimen in part.recent:
                found = self._patterns[specimen.shape].match(self.text, at)
                if found is not None and found.end() - at <= MAX_ROW:
                    part.specimens[-1].rows.append((specimen, found.groups()))
                    return found.end()
        end = self._next(at + len(self._start) - self._offset)
        read = self._shapes.read(self.text[at:end]) if self._shapes is not None else None
        if read is None or not may_go or not part.fits(read[0]):
            row = self.text[at:end]
            part.keep(row, following=_kept_after(row, has_shape=read is not None, may_go=may_go))
        else:
            part.stand_for(*read)
            if read[0] not in self._patterns:
                self._patterns[read[0]] = re.compile(f"{read[0].pattern}(?={re.escape(self._start.lstrip())})")
        return end

    def _next(self, position: int) -> int:
        """Offset of the first row at or after ``position``; the length of the text if there is none."""
        found = self.text.find(self._start, position)
        return len(self.text) if found < 0 else found + self._offset


def _start_of_rows(sample: str) -> str:
    """The markup with which rows begin: a common start that occurs once per few links, else a block with a link."""
    best, often = max(_STARTS, key=sample.count), sample.count("<a ") / _LINKS
    if sample.count(best) < often:
        blocks = Counter(found[0] for found in _BLOCK.finditer(sample))
        for block, count in blocks.most_common(_BLOCKS):
            pieces = sample.split(block, count // 2 + 1)
            if count >= often and Shapes().read(block + pieces[count // 2]) is not None:
                return block
    return best


def _kept_after(row: str, *, has_shape: bool, may_go: bool) -> int:
    """The number of following rows that must be kept because ``row`` is.

    This is one row, which may close elements of ``row``, or KEPT rows if the following rows may belong to another
    element, which then has its own leading rows.
    """
    if has_shape:
        return int(may_go)
    return 1 if is_self_contained(row) else KEPT


class _Part:
    """Collects a part of a page that is being abridged."""

    __slots__ = ("_run", "count", "kept", "length", "pieces", "recent", "specimens")

    def __init__(self, before: str) -> None:
        self.pieces, self.length = [before], len(before)
        self.specimens: list[Specimen] = []
        self.count = 0
        self.kept = KEPT
        """The number of the last row that must be kept, as far as known."""
        self.recent: list[Specimen] = []
        """The specimens of the last rows; empty after a row that was left as it is."""
        self._run: dict[Shape, Specimen] = {}

    def begin_row(self) -> None:
        self.count += 1

    def fits(self, shape: Shape) -> bool:
        """True if a row of this shape leaves the same elements open as the rows before it."""
        return not self.recent or self.recent[0].shape.open == shape.open

    def keep(self, row: str, *, following: int) -> None:
        """Leave a row as it is, and the ``following`` next ones."""
        self.kept = max(self.kept, self.count + following)
        self.recent.clear()
        self._run.clear()
        self.pieces.append(row)
        self.length += len(row)

    def stand_for(self, shape: Shape, values: Sequence[str]) -> None:
        """Replace a row by a recent specimen of its shape, or by a new one."""
        specimen = self._run.get(shape)
        if specimen is None:
            specimen = self._run[shape] = Specimen(len(self.specimens), shape)
            self.specimens.append(specimen)
            self.pieces.append(shape.specimen(specimen.number))
            self.length += len(self.pieces[-1])
        if specimen not in self.recent:
            self.recent = [specimen, *self.recent[: _TRIED - 1]]
        self.specimens[-1].rows.append((specimen, values))
