"""Reads the size, time, kind and digest of each row: from table columns, loose elements, or a line of text."""

from __future__ import annotations

import re
from datetime import datetime

from crawler.listings.html.tree.cells import Cell, is_directory_word, time_of
from crawler.listings.html.tree.columns import Columns, find_columns
from crawler.listings.html.tree.rows import Row
from crawler.listings.values import times
from crawler.listings.values.sizes import Rounding, find_marked_size, is_near, is_no_size, read_size
from crawler.listings.values.times import Moment, Order, find_date, read_stamp
from crawler.model.struct import Struct
from crawler.model.values import Span

_HEX = re.compile(r"[0-9a-f]{32,128}", re.IGNORECASE)
_TOKEN = re.compile(r"\S+(?:\s(?:[KMGTP]i?B?|bytes?|[KMGT]bytes|[KMG]o|octets|B|k|kb)\b\.?)?", re.IGNORECASE)
"""A word, and a unit that follows it."""


class Facts(Struct):
    """The facts that a row shows besides its name."""

    size: Span[int] | None = None
    moment: Moment | None = None
    """The date as printed, possibly with two readings of day and month."""
    stamp: Span[datetime] | None = None
    """The time in a machine-readable attribute."""
    size_text: str = ""
    time_text: str = ""
    no_size: bool = False
    """Whether the size cell holds a placeholder printed for directories."""
    directory_word: bool = False
    """Whether the row holds a word for directory."""
    digest: str | None = None

    @property
    def row(self) -> str:
        """Time and size as printed, each in its most exact form."""
        return f"{self.time_text}  {self.size_text}".strip()

    def modified(self, order: Order) -> Span[datetime] | None:
        """The modification time, read with the order of day and month that fits the whole column."""
        return self.stamp or (self.moment.span(order) if self.moment else None)


def read_facts(rows: list[Row], labels: list[str], rounding: Rounding) -> tuple[list[Facts], Columns]:
    """The facts of the rows of one region, and the columns in which they were found."""
    columns = find_columns(rows, labels)
    facts = [_table_facts(row, columns, rounding) if row.in_table else _loose_facts(row, rounding) for row in rows]
    return facts, columns


def order_of(facts: list[Facts]) -> Order:
    """The order of day and month that fits all dates of a region."""
    return times.column_order(fact.moment for fact in facts if fact.moment is not None)


def _table_facts(row: Row, columns: Columns, rounding: Rounding) -> Facts:
    facts, cells = Facts(), row.cells
    if 0 <= columns.time < len(cells):
        _take_time(facts, cells[columns.time])
    if 0 <= columns.size < len(cells):
        _take_size(facts, cells[columns.size], rounding, columns.unit)
    if 0 <= columns.kind < len(cells):
        facts.directory_word = is_directory_word(cells[columns.kind].text)
    if 0 <= columns.digest < len(cells) and _HEX.fullmatch(cells[columns.digest].text):
        facts.digest = f"{columns.digest_name}:{cells[columns.digest].text.lower()}"
    if 0 <= columns.directories < len(cells) and cells[columns.directories].linked:
        facts.directory_word = True
    return facts


def _take_time(facts: Facts, cell: Cell) -> None:
    facts.moment, facts.stamp = time_of(cell)
    if facts.moment or facts.stamp or times.find_short_date(cell.text):
        exact = next((hint for hint in cell.hints if facts.stamp and (read_stamp(hint) or find_date(hint))), "")
        # An age ("2 years ago") changes without the file, so it is not part of the row.
        facts.time_text = exact or cell.text


def _take_size(facts: Facts, cell: Cell, rounding: Rounding, unit: int) -> None:
    text = cell.text
    facts.no_size = is_no_size(text)
    facts.directory_word = facts.directory_word or is_directory_word(text)
    facts.size = read_size(text, rounding, unit)
    facts.size_text = text
    if facts.size is None and not facts.no_size and not text.isdigit():
        marked = find_marked_size(text, rounding)
        facts.size = marked[1] if marked else None
    if cell.hints and not facts.no_size:
        _take_exact_size(facts, cell, read_size(text, Rounding.SAFE, unit) or facts.size)


def _take_exact_size(facts: Facts, cell: Cell, printed: Span[int] | None) -> None:
    """Prefer the exact size in an attribute if it agrees with the ``printed`` one."""
    for hint in cell.hints:
        exact = read_size(hint)
        if exact is None or not exact.exact:
            continue
        if is_near(exact.low, printed) if printed is not None else hint.isdigit():
            facts.size, facts.size_text = exact, hint
            return


def _loose_facts(row: Row, rounding: Rounding) -> Facts:
    """The facts of a row without columns: the first time and the first size outside its name."""
    if not row.cells:
        return _line_facts(row.before, row.after, rounding)
    facts, name, alone = Facts(), row.links[0].target.name, len(row.cells) == 1
    for cell in row.cells:
        if cell.linked if alone else cell.text == name:
            continue  # the name itself
        if facts.moment is None and facts.stamp is None and _take_loose_time(facts, cell, rounding):
            continue
        if facts.size is None and not facts.no_size:
            _take_loose_size(facts, cell, rounding)
    return facts


def _take_loose_time(facts: Facts, cell: Cell, rounding: Rounding) -> bool:
    """Take the time in a cell, and the size printed beside it. False if the cell holds no time."""
    moment, stamp = time_of(cell)
    is_part_of_name = moment is not None and cell.linked and moment.end - moment.start < len(cell.text.strip())
    if stamp is None and (moment is None or is_part_of_name):
        return False
    _take_time(facts, cell)
    if moment is None:
        return True
    if stamp is None:
        facts.time_text = cell.text[moment.start : moment.end].strip()
    rest = cell.text[: moment.start] + " " + cell.text[moment.end :]
    if facts.size is None and not cell.linked and (found := find_marked_size(rest, rounding)):
        facts.size_text, facts.size = found
    return True


def _take_loose_size(facts: Facts, cell: Cell, rounding: Rounding) -> None:
    text = cell.text.strip(" ,;|–-()[]") or cell.text
    size = read_size(text, rounding)
    if size is not None and (not text.isdigit() or "size" in cell.label.lower()):
        _take_size(facts, Cell(text, cell.hints), rounding, 0)
    elif is_no_size(cell.text) and not cell.linked:
        facts.directory_word = is_directory_word(cell.text)
        facts.no_size, facts.size_text = True, cell.text
    elif not cell.linked and (found := find_marked_size(text, rounding)):
        facts.size_text, facts.size = found


def _line_facts(before: str, after: str, rounding: Rounding) -> Facts:
    """Date and size in a line of text: the size beside the date, or what follows the link if there is no date."""
    facts = Facts()
    for text in (after.strip(), before.strip()):  # wide columns pad a date with hundreds of blanks
        found = find_date(text)
        where = (found.start, found.end) if found else times.find_short_date(text)
        if where is None:
            continue
        facts.moment, facts.time_text = found, text[where[0] : where[1]].strip()
        following, leading = _TOKEN.search(text[where[1] :].removeprefix("]")), list(_TOKEN.finditer(text[: where[0]]))
        _take_token(facts, following[0] if following else "", rounding)
        if facts.size is None and not facts.no_size and leading:
            _take_token(facts, leading[-1][0], rounding)
        if not facts.size_text and text == before.strip():
            _take_token(facts, _first_token(after), rounding)
        return facts
    _take_token(facts, _first_token(after), rounding)
    if not facts.size_text and before.strip():
        words = list(_TOKEN.finditer(before))
        _take_token(facts, words[-1][0], rounding)
    return facts


def _first_token(text: str) -> str:
    found = _TOKEN.search(text.lstrip(" /\t|:-–") if len(text.strip(" /\t")) > 1 else text)
    return found[0] if found else ""


def _take_token(facts: Facts, token: str, rounding: Rounding) -> None:
    token = token.strip()
    size = read_size(token, rounding)
    if size is None and " " in token:
        token = token.partition(" ")[0]
        size = read_size(token, rounding)
    if size is not None:
        facts.size, facts.size_text = size, token
    elif is_no_size(token):
        facts.no_size, facts.size_text = True, token
        facts.directory_word = is_directory_word(token)
