"""Columns found by what they hold: a date, a size, a word for the kind, a digest.

The cells decide; headings in a dozen languages help. A number without a unit is a size only in a column named so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from crawler.listings.html.tree import headings
from crawler.listings.html.tree.cells import Cell
from crawler.listings.html.tree.rows import Row
from crawler.listings.values import times
from crawler.listings.values.sizes import Rounding, find_marked_size, is_near, is_no_size, read_size
from crawler.listings.values.times import Moment, Order, find_date, is_time_like, read_stamp
from crawler.model.values import Span

_DIGEST = re.compile(r"(?<![\w-])(md5|sha-?1|sha-?256|sha-?512)", re.IGNORECASE)
_DIRECTORY_WORD = re.compile(
    r"[\[<(]?\s*(?:dir(?:ectory)?|(?:file )?folder|application/directory|inode/directory|dossier|ordner|carpeta|папка"
    r"|文件夹|资料夹|フォルダー?)\s*[\]>)]?",
    re.IGNORECASE,
)
_HEX = re.compile(r"[0-9a-f]{32,128}", re.IGNORECASE)
_TOKEN = re.compile(r"\S+(?:\s(?:[KMGTP]i?B?|bytes?|[KMGT]bytes|[KMG]o|octets|B|k|kb)\b\.?)?", re.IGNORECASE)
_EARLIEST, _SAMPLE = 1980, 400
_NAME_START = 8  # characters of a name that a cell shows at least, however it is cut


@dataclass(slots=True)
class Facts:
    """What a row says beside its name."""

    size: Span[int] | None = None
    moment: Moment | None = None
    stamp: Span[datetime] | None = None
    size_text: str = ""
    time_text: str = ""
    no_size: bool = False  # the size cell holds what stands there for a directory
    directory_word: bool = False
    digest: str | None = None

    @property
    def row(self) -> str:
        """Time and size as printed, the most exact wording of each."""
        return f"{self.time_text}  {self.size_text}".strip()

    def modified(self, order: Order) -> Span[datetime] | None:
        """The time, with the order of day and month that the column allows."""
        return self.stamp or (self.moment.span(order) if self.moment else None)


@dataclass(slots=True)
class Columns:
    """Which column of a table holds what; -1 where none does."""

    size: int = -1
    time: int = -1
    kind: int = -1
    folders: int = -1  # the column of links is called "Directory": what it names are directories
    digest: int = -1
    digest_name: str = ""
    unit: int = 0
    labelled: int = 0  # how many kinds of heading were recognised


def read_facts(rows: list[Row], labels: list[str], rounding: Rounding) -> tuple[list[Facts], Columns]:
    """The facts of the rows of one region, and the columns they were found in."""
    columns = Columns(labelled=headings.count_words(" | ".join(labels)))
    tables = [row for row in rows if row.in_table and row.cells]
    if tables:
        _find_columns(columns, tables[:_SAMPLE], labels)
    facts = [_table_facts(row, columns, rounding) if row.in_table else _loose_facts(row, rounding) for row in rows]
    return facts, columns


def order_of(facts: list[Facts]) -> Order:
    """The order of day and month that all dates of a region allow."""
    return times.column_order(fact.moment for fact in facts if fact.moment is not None)


def _find_columns(columns: Columns, rows: list[Row], labels: list[str]) -> None:
    width = max(len(row.cells) for row in rows)
    names = [labels[i] if i < len(labels) else "" for i in range(width)]
    cells = [[row.cells[i] for row in rows if i < len(row.cells)] for i in range(width)]
    other = {i for i in range(width) if _shows_names(rows, i)}
    columns.time = _best([0.0 if i in other else _time_score(cells[i], names[i]) for i in range(width)])
    other.add(columns.time)
    columns.size = _best([0.0 if i in other else _size_score(cells[i], names[i], bool(labels)) for i in range(width)])
    for i, column, name in ((i, cells[i], names[i]) for i in range(width) if i not in {columns.time, columns.size}):
        if headings.FOLDERS.match(name) and column[0].linked:
            columns.folders = i
        if digest := _DIGEST.search(name):
            columns.digest, columns.digest_name = i, digest[1].lower().replace("-", "")
        words = any(_DIRECTORY_WORD.fullmatch(cell.text) for cell in column if not cell.linked)
        if columns.kind < 0 and (headings.KIND.search(name) or words):
            columns.kind = i
    if columns.size >= 0:
        columns.unit = next((unit for pattern, unit in headings.UNITS if pattern.search(names[columns.size])), 0)


def _shows_names(rows: list[Row], index: int) -> bool:
    """True for the column of the names themselves, whatever dates and sizes they are made of."""
    cells = [(row.cells[index], row.links[0].target.name) for row in rows if index < len(row.cells)]
    return 2 * sum(cell.linked and _is_named(cell.text, name) for cell, name in cells) > len(cells)


def _is_named(text: str, name: str) -> bool:
    return text.rstrip("/") == name or (len(name) >= _NAME_START and name[:_NAME_START] in text)


def _best(scores: list[float]) -> int:
    top = max(scores, default=0.0)
    return scores.index(top) if top > 0 else -1


def _time_score(column: list[Cell], name: str) -> float:
    filled = [cell for cell in column if cell.text]
    hits = sum(_time_of(cell) != (None, None) or is_time_like(cell.text) for cell in filled if len(cell.text) < 120)
    if not hits or hits * 2 < len([cell for cell in filled if not is_no_size(cell.text)]):
        return 0.0
    label = 2.0 if headings.CHANGED.search(name) else 1.0 if headings.TIME.search(name) else 0.0
    dated = sum(_time_of(cell) != (None, None) for cell in filled[:20])
    pure = not any(cell.linked for cell in filled[:20])
    return label + hits / len(filled) + (0.5 if dated else 0.0) + (0.7 if pure else 0.0)


def _size_score(column: list[Cell], name: str, labelled: bool) -> float:
    filled = [cell for cell in column if cell.text and not cell.linked] or [cell for cell in column if cell.text]
    read = [read_size(cell.text) is not None for cell in filled]
    marked = sum(hit and not cell.text.strip().isdigit() for hit, cell in zip(read, filled, strict=True))
    hits, blanks = sum(read), sum(is_no_size(cell.text) for cell in filled)
    called = bool(headings.SIZE.search(name))
    if not filled or (not called and (hits + blanks) * 2 < len(filled)):
        return 0.0
    if called:
        return 3.0 + (hits + blanks) / len(filled)
    if not marked and (name or labelled):
        return 0.0
    if not hits or headings.NAME.search(name) or headings.OTHER.search(name):
        return 0.0
    if not marked and (len({cell.text for cell in filled}) * 2 < len(filled) or _counts_up(filled)):
        return 0.0
    return marked / len(filled) + hits / len(filled) / 2


def _counts_up(filled: list[Cell]) -> bool:
    first = filled[0].text
    return first.isdecimal() and all(cell.text == str(int(first) + i) for i, cell in enumerate(filled))


def _time_of(cell: Cell) -> tuple[Moment | None, Span[datetime] | None]:
    """The date of a cell: a machine's hint where it agrees with the text, else the text."""
    moment = find_date(cell.text)
    said = moment.span() if moment else None
    for hint in cell.hints:
        stamp = read_stamp(hint)
        if stamp is None and (found := find_date(hint)) and len(found.readings) == 1:
            stamp = found.span()
        if stamp is not None and stamp.low.year >= _EARLIEST and _near(said, stamp) and _sharper(stamp, said):
            return moment, stamp
    return moment, None


def _near(said: Span[datetime] | None, stamp: Span[datetime]) -> bool:
    if said is None:
        return True
    low, high = said.low.replace(tzinfo=None), said.high.replace(tzinfo=None)
    when = stamp.low.replace(tzinfo=None)
    day = 1.5 * 86400
    return (low - when).total_seconds() <= day and (when - high).total_seconds() <= day


def _sharper(stamp: Span[datetime], said: Span[datetime] | None) -> bool:
    if said is None or stamp.low.tzinfo is not None:
        return True
    return said.low.tzinfo is None and stamp.high - stamp.low <= said.high - said.low


def _table_facts(row: Row, columns: Columns, rounding: Rounding) -> Facts:
    facts, cells = Facts(), row.cells
    if 0 <= columns.time < len(cells):
        _take_time(facts, cells[columns.time])
    if 0 <= columns.size < len(cells):
        _take_size(facts, cells[columns.size], rounding, columns.unit)
    if 0 <= columns.kind < len(cells):
        facts.directory_word = bool(_DIRECTORY_WORD.fullmatch(cells[columns.kind].text))
    if 0 <= columns.digest < len(cells) and _HEX.fullmatch(cells[columns.digest].text):
        facts.digest = f"{columns.digest_name}:{cells[columns.digest].text.lower()}"
    if 0 <= columns.folders < len(cells) and cells[columns.folders].linked:
        facts.directory_word = True
    return facts


def _take_time(facts: Facts, cell: Cell) -> None:
    facts.moment, facts.stamp = _time_of(cell)
    if facts.moment or facts.stamp or times.find_short_date(cell.text):
        exact = next((hint for hint in cell.hints if facts.stamp and (read_stamp(hint) or find_date(hint))), "")
        # An age ("2 years ago") changes by itself, so it never becomes part of the row.
        facts.time_text = exact or cell.text


def _take_size(facts: Facts, cell: Cell, rounding: Rounding, unit: int) -> None:
    text = cell.text
    facts.no_size = is_no_size(text)
    facts.directory_word = facts.directory_word or bool(_DIRECTORY_WORD.fullmatch(text))
    facts.size = read_size(text, rounding, unit)
    facts.size_text = text
    if facts.size is None and not facts.no_size and not text.isdigit():
        marked = find_marked_size(text, rounding)
        facts.size = marked[1] if marked else None
    loose = (read_size(text, Rounding.SAFE, unit) or facts.size) if cell.hints else None
    for hint in cell.hints:
        exact = read_size(hint)
        if exact is not None and exact.exact and (loose is None or is_near(exact.low, loose)):
            if facts.no_size or (loose is None and not hint.isdigit()):
                continue
            facts.size, facts.size_text = exact, hint
            break


def _loose_facts(row: Row, rounding: Rounding) -> Facts:
    if not row.cells:
        return _line_facts(row.before, row.after, rounding)
    facts = Facts()
    name = row.links[0].target.name
    for cell in row.cells:
        if cell.text == name and len(row.cells) > 1:
            continue
        if facts.moment is None and facts.stamp is None and (not cell.linked or len(row.cells) > 1):
            moment, stamp = _time_of(cell)
            whole = moment is not None and not (cell.linked and moment.end - moment.start < len(cell.text.strip()))
            if stamp is not None or whole:
                _take_time(facts, cell)
                if stamp is None and moment is not None:
                    facts.time_text = cell.text[moment.start : moment.end].strip()
                rest = cell.text[: moment.start] + " " + cell.text[moment.end :] if moment else ""
                if facts.size is None and (found := find_marked_size(rest, rounding)) and not cell.linked:
                    facts.size_text, facts.size = found
                continue
        if facts.size is None and not facts.no_size:
            _take_loose_size(facts, cell, rounding, alone=len(row.cells) == 1)
    return facts


def _take_loose_size(facts: Facts, cell: Cell, rounding: Rounding, *, alone: bool) -> None:
    if alone and cell.linked:
        return
    text = cell.text.strip(" ,;|–-()[]") or cell.text
    size = read_size(text, rounding)
    if size is not None and (not text.isdigit() or "size" in cell.label.lower()):
        _take_size(facts, Cell(text, cell.hints), rounding, 0)
    elif is_no_size(cell.text) and not cell.linked:
        facts.directory_word = bool(_DIRECTORY_WORD.fullmatch(cell.text))
        facts.no_size, facts.size_text = True, cell.text
    elif not cell.linked and (found := find_marked_size(text, rounding)):
        facts.size_text, facts.size = found


def _line_facts(before: str, after: str, rounding: Rounding) -> Facts:
    """Date and size of a line: beside the date when there is one, else the first thing after the link."""
    facts = Facts()
    for text in (after.strip(), before.strip()):  # wide columns put hundreds of blanks before a date
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
        facts.directory_word = bool(_DIRECTORY_WORD.fullmatch(token))
