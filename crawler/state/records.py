"""What the state keeps, as rows: values → cells of SQLite, and back.

Keys are bytes, so that a folder and all below it is one range. Other text is TEXT if it is ASCII, else bytes: names
and headers may hold bytes that are no UTF-8 (as surrogates in ``str``), which TEXT cannot. Everything here that reads
raises ValueError, and nothing else, for cells that this module did not write.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any

from crawler.interfaces import ListingMemo
from crawler.models import Entry, Kind, Known, Span, Validators

Cell = str | bytes | int | float | None

COMPRESS_FROM = 16 * 1024
"""Bytes of JSON above which a listing's entries are compressed: below, it saves no page of the database."""

_KINDS = {kind.value: kind for kind in Kind}
_INTEGER_LIMIT = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a run ended."""

    seconds: float
    outcome: str
    """A word for people: ``ok``, ``failed``, ``stopped``, …"""
    exit_code: int
    listed: int = 0
    saved: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    deleted: int = 0
    received: int = 0
    """Body bytes."""


@dataclass(frozen=True, slots=True)
class Held:
    """How much is known to lie in DIR, or in a folder of it."""

    files: int
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that the state remembers."""

    id: int
    url: str
    started: float
    """Seconds since the epoch."""
    figures: Figures | None
    """None while it runs, or if it was killed."""
    held: Held | None = None
    """What DIR held when it ended; None where that was not noted."""


def key(text: str) -> bytes:
    """``text`` as a key. Every str has one, those with lone surrogates too, and no two share it."""
    return text.encode("utf-8", "surrogatepass")


def text_of(cell: Cell) -> str:
    """The text that ``key`` or ``_cell`` stored."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogatepass")
    raise ValueError("not a text")


def _cell(text: str | None) -> Cell:
    return text if text is None or text.isascii() else key(text)


def optional(cell: Cell) -> str | None:
    return None if cell is None else text_of(cell)


def _integer(number: int) -> Cell:
    # A Last-Modified beyond the year 2262 has more nanoseconds than a column has bits.
    return number if -_INTEGER_LIMIT <= number < _INTEGER_LIMIT else str(number)


def number_of(cell: Cell) -> int:
    if isinstance(cell, int | str):
        return int(cell)
    raise ValueError("not an integer")


def split_path(path: str) -> tuple[bytes, bytes]:
    """``a/b/c`` → the keys of ``a/b`` and ``c``."""
    folder, _, name = path.rpartition("/")
    return key(folder), key(name)


def known_cells(known: Known) -> tuple[Cell, ...]:
    """A row of ``files``, in the order of its columns."""
    validators = known.validators
    return (
        *split_path(known.path),
        _cell(known.url),
        _cell(known.row),
        _integer(known.size),
        _integer(known.mtime),
        _cell(validators.etag),
        _cell(validators.last_modified),
        _cell(known.digest),
        known.checked,
    )


def known_of(folder: str, cells: Sequence[Any]) -> Known:
    """The value of a row of ``files`` without its folder, which is given as ``a/b/`` or "". Raises ValueError."""
    name, url, row, size, mtime, etag, last_modified, digest, checked = cells
    # Called for each file of a tree: what is ASCII came back as str and is not handed to a function.
    return Known(
        path=folder + text_of(name),
        url=url if type(url) is str else text_of(url),
        row=row if type(row) is str else text_of(row),
        size=size if type(size) is int else number_of(size),
        mtime=mtime if type(mtime) is int else number_of(mtime),
        validators=Validators(
            etag=etag if type(etag) is str else optional(etag),
            last_modified=last_modified if type(last_modified) is str else optional(last_modified),
        ),
        digest=digest if type(digest) is str else optional(digest),
        checked=checked if type(checked) is float else 0.0,
    )


def memo_cells(memo: ListingMemo) -> tuple[Cell, ...]:
    """A row of ``listings``, in the order of its columns."""
    return (
        key(memo.url),
        _cell(memo.answered),
        key(memo.path),
        _cell(memo.validators.etag),
        _cell(memo.validators.last_modified),
        _cell(memo.body_digest),
        _cell(memo.family),
        int(memo.complete),
        json.dumps({"next": memo.next_pages, "mentioned": sorted(memo.mentioned), "linked": memo.linked}),
        _pack(memo.entries),
    )


def memo_of(cells: Sequence[Cell]) -> ListingMemo | None:
    """The value of a row of ``listings``; None for one of 0.1.0, which knew less of a page. Raises ValueError."""
    url, answered, path, etag, last_modified, body_digest, family, complete, next_pages, entries = cells
    beside = json.loads(text_of(next_pages))
    if not isinstance(beside, dict):
        return None
    return ListingMemo(
        url=text_of(url),
        answered=text_of(answered),
        path=text_of(path),
        validators=Validators(etag=optional(etag), last_modified=optional(last_modified)),
        body_digest=text_of(body_digest),
        family=text_of(family),
        complete=complete == 1,
        entries=_unpack(entries),
        next_pages=tuple(beside.get("next", ())),
        mentioned=frozenset(beside.get("mentioned", ())),
        linked=tuple(beside.get("linked", ())),
    )


def _ends(span: Span[Any] | None) -> tuple[Any, Any]:
    if span is None:
        return None, None
    return span.low, None if span.exact else span.high


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


# Columns of what may be absent are left out if all of it is: most listings have no digest, no ETag, no folder.
_PLAIN = {"row": "", "folder": "", "digest": None, "etag": None, "external": False}


def _pack(entries: Sequence[Entry]) -> bytes:
    """JSON by columns, which is read more than twice as fast as an object for each entry, and half as long."""
    sizes = [_ends(entry.size) for entry in entries]
    times = [_ends(entry.modified) for entry in entries]
    columns: dict[str, list[Any]] = {
        "name": [entry.name for entry in entries],
        "kind": [entry.kind.value for entry in entries],
        "url": [entry.url for entry in entries],
        "size": [low for low, _ in sizes],
        "size_to": [high for _, high in sizes],
        "modified": [_iso(low) for low, _ in times],
        "modified_to": [_iso(high) for _, high in times],
    }
    for name, default in _PLAIN.items():
        column = [getattr(entry, name) for entry in entries]
        if any(value != default for value in column):
            columns[name] = column
    text = json.dumps(columns, separators=(",", ":")).encode("ascii")
    return text if len(text) < COMPRESS_FROM else zlib.compress(text, 1)


def _unpack(blob: Cell) -> tuple[Entry, ...]:
    try:
        return _entries(blob)
    except (KeyError, TypeError, AttributeError, zlib.error) as error:
        raise ValueError(f"entries of a listing: {error!r}") from None


def _entries(blob: Any) -> tuple[Entry, ...]:
    columns = json.loads(blob if blob.startswith(b"{") else zlib.decompress(blob))
    plain = [columns.get(name) or repeat(default) for name, default in _PLAIN.items()]
    sizes = map(_size_span, columns["size"], columns["size_to"])
    spans: dict[tuple[str | None, str | None], Span[datetime] | None] = {}
    times = []
    for ends in zip(columns["modified"], columns["modified_to"], strict=True):
        if ends not in spans:  # the files of a release share their minute
            spans[ends] = _time_span(*ends)
        times.append(spans[ends])
    rows = zip(columns["name"], columns["kind"], columns["url"], sizes, times, *plain, strict=False)
    return tuple(
        Entry(
            name=name,
            kind=_KINDS[kind],
            url=url,
            size=size,
            modified=modified,
            row=row,
            folder=folder,
            digest=digest,
            etag=etag,
            external=external,
        )
        for name, kind, url, size, modified, row, folder, digest, etag, external in rows
    )


def _size_span(low: int | None, high: int | None) -> Span[int] | None:
    return None if low is None else Span(low, low if high is None else high)


def _time_span(low: str | None, high: str | None) -> Span[datetime] | None:
    if low is None:
        return None
    first = datetime.fromisoformat(low)
    return Span(first, first if high is None else datetime.fromisoformat(high))


_HELD = "held in DIR"
"""Key in the cell of facts."""


def figures_cells(figures: Figures, held: Held) -> tuple[Cell, ...]:
    """What ``end_run`` writes, in the order of the columns."""
    facts = {_HELD: [held.files, held.size]}
    return (
        figures.seconds, figures.outcome, figures.exit_code, figures.listed, figures.saved, figures.unchanged,
        figures.skipped, figures.failed, figures.deleted, figures.received, json.dumps(facts),
    )  # fmt: skip


def run_of(cells: Sequence[Any]) -> Run:
    """The value of a row of ``runs``. Raises ValueError."""
    number, url, started, seconds, outcome, exit_code, *counts, facts = cells
    if seconds is None:
        return Run(id=number, url=text_of(url), started=started, figures=None)
    names = ("listed", "saved", "unchanged", "skipped", "failed", "deleted", "received")
    figures = Figures(
        seconds=seconds,
        outcome=text_of(outcome),
        exit_code=exit_code,
        **dict(zip(names, counts, strict=True)),
    )
    return Run(id=number, url=text_of(url), started=started, figures=figures, held=_held_of(text_of(facts)))


def _held_of(text: str) -> Held | None:
    facts = json.loads(text)
    if not isinstance(facts, dict):
        raise ValueError("not the facts of a run")  # noqa: TRY004 - see the top: damage is a ValueError
    match facts.get(_HELD):
        case [int(files), int(size)]:
            return Held(files, size)
    return None
