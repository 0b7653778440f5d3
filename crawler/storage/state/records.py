"""Conversion between values and SQLite records.

Keys are bytes, so that a directory and everything below it is one range. Other text is stored as TEXT if it is ASCII,
else as bytes, because names and headers may contain bytes that are not UTF-8 (surrogates in ``str``). All readers raise
ValueError, and nothing else, for cells that this module did not write.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import repeat
from operator import attrgetter
from typing import Any

from crawler.model.flaws import Claim, ClaimKind
from crawler.model.state.store import BY_ROW, ListingMemo
from crawler.model.struct import Value
from crawler.model.values import GONE, Entry, Kind, Known, Span, Validators
from crawler.storage.json_cells import decoded
from crawler.storage.state.checksum import sealed, unsealed

Cell = str | bytes | int | float | None
Share = Callable[[str, str], str]

COMPRESS_FROM = 16 * 1024
"""Minimum size of the JSON of a listing's entries for compression; less would not save a database page."""

_KINDS = {kind.value: kind for kind in Kind}
_INTEGER_LIMIT = 2**63
_ADOPTED = -16.0
"""This number minus ``Known.checked``, which is BY_ROW or more, is the cell of an adopted file."""
GONE_CELLS = (GONE, _ADOPTED - GONE)
"""Cells with ``Known.checked`` of files that are gone upstream: of one that was fetched, of one that was adopted."""


class FileTotals(Value, frozen=True):
    """Totals of the known files in DIR or one of its directories: their number, and their size in bytes."""

    files: int
    size: int


def same(text: str, _text: str) -> str:
    """A ``Share`` that returns its first argument."""
    return text


def key(text: str) -> bytes:
    """``text`` as a key. Different texts, even with lone surrogates, have different keys."""
    return text.encode("utf-8", "surrogatepass")


def text_of(cell: Cell) -> str:
    """The text that ``key`` or ``_cell`` stored."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogatepass")
    raise ValueError("not a text")


def _cell(text: str | None) -> Cell:
    return text if text is None else str(text) if text.isascii() else key(text)


def optional(cell: Cell) -> str | None:
    """The text in a cell, or None. Raises ValueError."""
    return None if cell is None else text_of(cell)


def _integer(number: int) -> Cell:
    # A Last-Modified beyond the year 2262 has more nanoseconds than a column has bits.
    return number if -_INTEGER_LIMIT <= number < _INTEGER_LIMIT else str(number)


def number_of(cell: Cell) -> int:
    """The integer in a cell, which is text if it exceeds 64 bits. Raises ValueError."""
    if isinstance(cell, int | str):
        return int(cell)
    raise ValueError("not an integer")


def _moment(known: Known) -> Cell:
    """The cell with the time of a stored file and, if the destination has versions, its version."""
    return _cell(f"{known.mtime} {known.version}") if known.version else _integer(known.mtime)


def moment_of(cell: Cell) -> tuple[int, str]:
    """(modification time in nanoseconds, version) from a cell that ``_moment`` made. Raises ValueError."""
    if isinstance(cell, int):
        return cell, ""
    mtime, _, version = text_of(cell).partition(" ")
    return int(mtime), version


def _proof(known: Known) -> float:
    """``Known.checked``; if the file was adopted, BY_ROW or less, where versions without that mark see no proof."""
    return float(_ADOPTED - known.checked if known.adopted and known.checked != BY_ROW else known.checked)


def checked_of(cell: float) -> float:
    """``Known.checked`` from a cell that ``_proof`` made."""
    return cell if cell >= BY_ROW else _ADOPTED - cell


def split_path(path: str) -> tuple[bytes, bytes]:
    """``a/b/c`` → the keys of ``a/b`` and ``c``."""
    directory, _, name = path.rpartition("/")
    return key(directory), key(name)


def known_cells(known: Known) -> tuple[Cell, ...]:
    """The record of ``files`` for a known file."""
    directory, name = split_path(known.path)
    validators = known.validators
    return sealed((
        directory,
        name,
        _cell(known.url),
        _cell(known.row),
        _integer(known.size),
        _moment(known),
        _cell(validators.etag),
        _cell(validators.last_modified),
        _cell(known.digest),
        _proof(known),
    ))  # fmt: skip


def all_known_cells(files: Sequence[Known]) -> list[tuple[Any, ...]]:
    """The same as ``known_cells`` of each of ``files``. Those that need no conversion, nearly all, need few calls."""
    from crawler.model.columns.new_files import SavedFiles, facts_of  # not for what only reads

    found: list[tuple[Any, ...]] = []
    all_of = files.facts() if isinstance(files, SavedFiles) else map(facts_of, files)
    for (path, url, row, size, mtime, checked, is_own, _), etag, modified, digest in all_of:
        is_plain = is_own and 0 <= size < _INTEGER_LIMIT and 0 <= mtime < _INTEGER_LIMIT
        if is_plain and f"{path}{url}{row}{etag}{modified}{digest}".isascii():
            above, _, name = path.rpartition("/")
            keys = bytearray(above, "ascii"), bytearray(name, "ascii")  # see ``schema.insert``
            try:
                found.append(sealed((*keys, url, row, size, mtime, etag, modified, digest, float(checked))))
                continue
            except ValueError:  # a subclass of str, in a record from a custom destination
                pass
        found.append(known_cells(files[len(found)]))
    return found


def known_of(directory: str, record: tuple[Any, ...], share: Share = same) -> Known:
    """The file in a record of ``files``, in the directory ``directory`` (``a/b/`` or ""). Raises ValueError.

    ``share`` returns an existing text that is equal, to save memory in large directories.
    """
    _, name, url, row, size, mtime, etag, last_modified, digest, checked = unsealed(record)
    version = ""
    if type(mtime) is not int:
        mtime, version = moment_of(mtime)
    # Hot path, called for each file of a tree: ASCII text is already a str and needs no function call.
    return Known(
        path=directory + name.decode("utf-8", "surrogatepass"),
        url=url if type(url) is str else text_of(url),
        row=row if type(row) is str else text_of(row),
        size=size if type(size) is int else number_of(size),
        mtime=mtime,
        version=version,
        validators=Validators(
            etag=share(etag, etag) if type(etag) is str else optional(etag),
            last_modified=share(last_modified, last_modified)
            if type(last_modified) is str
            else optional(last_modified),
        ),
        digest=share(digest, digest) if type(digest) is str else optional(digest),
        checked=checked if checked >= BY_ROW else _ADOPTED - checked,
        adopted=checked <= BY_ROW,
    )


def memo_cells(memo: ListingMemo) -> tuple[Cell, ...]:
    """The record of ``listings`` for a page."""
    return sealed((
        key(memo.url),
        _cell(memo.answered),
        key(memo.path),
        _cell(memo.validators.etag),
        _cell(memo.validators.last_modified),
        _cell(memo.body_digest),
        _cell(memo.family),
        int(memo.complete),
        json.dumps({
            "next": memo.next_pages, "linked": memo.linked, "mentioned": sorted(memo.mentioned),
            "claims": [[claim.kind, claim.quote, claim.number, claim.shown] for claim in memo.claims],
        }),
        _pack(memo.entries),
    ))  # fmt: skip


def memo_of(record: tuple[Any, ...]) -> ListingMemo:
    """The page in a record of ``listings``, without "previous", a claim of earlier versions. Raises ValueError."""
    url, answered, path, etag, last_modified, body_digest, family, complete, beside, entries = unsealed(record)
    facts = decoded(text_of(beside))
    return ListingMemo(
        url=text_of(url),
        answered=text_of(answered),
        path=text_of(path),
        validators=Validators(etag=optional(etag), last_modified=optional(last_modified)),
        body_digest=text_of(body_digest),
        family=text_of(family),
        complete=complete == 1,
        entries=_unpack(entries),
        next_pages=tuple(facts.get("next", ())),
        mentioned=frozenset(facts.get("mentioned", ())),
        linked=tuple(facts.get("linked", ())),
        claims=tuple(Claim(ClaimKind(kind), *more) for kind, *more in facts.get("claims", ()) if kind != "previous"),
    )


def _ends(spans: Sequence[Span[Any] | None]) -> tuple[list[Any], list[Any]]:
    """(The low ends of ``spans``, their high ends where they differ from these)."""
    lows = [None if span is None else span.low for span in spans]
    return lows, [
        None if span is None or span.high == low else span.high for span, low in zip(spans, lows, strict=True)
    ]


# Columns with only default values are omitted: most listings have no digest, ETag or ``folder``.
_PLAIN = {"row": "", "folder": "", "digest": None, "etag": None, "external": False}


def _pack(entries: Sequence[Entry]) -> bytes:
    """JSON by columns: parsed more than twice as fast as one object per entry, and half the size."""
    sizes, times = _ends([entry.size for entry in entries]), _ends([entry.modified for entry in entries])
    texts = {moment: None if moment is None else moment.isoformat() for moment in {*times[0], *times[1]}}
    columns: dict[str, list[Any]] = {
        "name": [entry.name for entry in entries],
        "kind": [entry.kind for entry in entries],
        "url": [entry.url for entry in entries],
        "size": sizes[0],
        "size_to": sizes[1],
        "modified": [texts[moment] for moment in times[0]],
        "modified_to": [texts[moment] for moment in times[1]],
    }
    for name, default in _PLAIN.items():
        column = list(map(attrgetter(name), entries))
        if column.count(default) < len(column):
            columns[name] = column
    text = json.dumps(columns, separators=(",", ":")).encode("ascii")
    return text if len(text) < COMPRESS_FROM else zlib.compress(text, 1)


def _unpack(blob: Cell) -> tuple[Entry, ...]:
    try:
        return _entries(blob)
    except (KeyError, TypeError, AttributeError, zlib.error) as error:
        raise ValueError(f"entries of a listing: {error!r}") from None


def _entries(blob: Any) -> tuple[Entry, ...]:
    columns = decoded(blob if blob.startswith(b"{") else zlib.decompress(blob))
    plain = [columns.get(name) or repeat(default) for name, default in _PLAIN.items()]
    sizes = map(_size_span, columns["size"], columns["size_to"])
    spans: dict[tuple[str | None, str | None], Span[datetime] | None] = {}
    times = []
    for ends in zip(columns["modified"], columns["modified_to"], strict=True):
        if ends not in spans:  # cached, because files of a release often have the same time
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
            folder=directory,
            digest=digest,
            etag=etag,
            external=external,
        )
        for name, kind, url, size, modified, row, directory, digest, etag, external in rows
    )


def _size_span(low: int | None, high: int | None) -> Span[int] | None:
    return None if low is None else Span(low, low if high is None else high)


def _time_span(low: str | None, high: str | None) -> Span[datetime] | None:
    if low is None:
        return None
    first = datetime.fromisoformat(low)
    return Span(first, first if high is None else datetime.fromisoformat(high))
