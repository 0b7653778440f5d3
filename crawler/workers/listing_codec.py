"""A listing as bytes, for another process: JSON, out of which nothing but values can come.

The process that writes it has parsed what a stranger sent. Whatever became of it, what it says is read as text and
numbers; ``pickle`` would call what it names, and ``marshal`` trusts its input.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from crawler.model.flaws import Flaw, FlawKind
from crawler.model.values import Entry, Kind, Listing, Rejection, Span

OUT_OF_MEMORY = 3
"""The exit status of a process whose memory did not suffice to read a page."""
_KINDS = {kind.value: kind for kind in Kind}
_ROWS = 2_000
"""Rows in a frame: some 5 ms of work without a break, for either side."""


def pack(listing: Listing) -> Iterator[bytes]:
    """``listing`` in frames of a few hundred kB, the one that ends it last."""
    for rows in _chunks([_pack_entry(entry) for entry in listing.entries]):
        yield _frame("entries", rows)
    for rows in _chunks([[each.reason, each.subject, each.detail, each.row] for each in listing.rejections]):
        yield _frame("rejections", rows)
    for names in _chunks(sorted(listing.mentioned)):
        yield _frame("mentioned", names)
    verdict = [listing.is_listing, listing.complete, listing.closed, listing.conclusive]
    flaws = [[flaw.kind.value, flaw.quote] for flaw in listing.flaws]
    yield _frame("listing", [[listing.url, listing.family, listing.confidence], verdict, listing.next_pages, flaws])


def is_last(frame: bytes) -> bool:
    """True for the frame that ends a listing."""
    return frame.startswith(b'["listing"')


def unpack(frames: Sequence[bytes]) -> Listing:
    """What ``pack`` packed. Raises ValueError, TypeError or LookupError for anything else."""
    entries: list[Entry] = []
    rejections: list[Rejection] = []
    mentioned: set[str] = set()
    for frame in frames:
        kind, rows = json.loads(frame)
        if kind == "entries":
            entries += [_unpack_entry(row) for row in rows]
        elif kind == "rejections":
            rejections += [_unpack_rejection(*map(_text, row)) for row in rows]
        elif kind == "mentioned":
            mentioned.update(map(_text, rows))
        elif kind == "listing":
            (url, family, confidence), (is_listing, complete, closed, conclusive), pages, flaws = rows
    if not frames or not is_last(frames[-1]):
        raise ValueError("no end")
    return Listing(
        url=_text(url),
        family=_text(family),
        confidence=float(confidence),
        is_listing=is_listing is True,
        complete=complete is True,
        closed=closed is True,
        entries=tuple(entries),
        rejections=tuple(rejections),
        next_pages=tuple(map(_text, pages)),
        mentioned=frozenset(mentioned),
        conclusive=conclusive is True,
        flaws=tuple(Flaw(FlawKind(kind), _text(quote)) for kind, quote in flaws),
    )


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[at : at + _ROWS] for at in range(0, len(rows), _ROWS))


def _frame(kind: str, rows: object) -> bytes:
    return json.dumps([kind, rows], separators=(",", ":")).encode()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _pack_entry(entry: Entry) -> list[Any]:
    size, modified = entry.size, entry.modified
    return [
        entry.name,
        entry.kind.value,
        entry.url,
        entry.row,
        entry.folder,
        entry.external,
        None if size is None else [size.low, size.high],
        None if modified is None else [modified.low.isoformat(), modified.high.isoformat()],
        entry.digest,
        entry.etag,
    ]


def _unpack_rejection(reason: str, subject: str, detail: str, row: str) -> Rejection:
    return Rejection(reason, subject, detail, row)


def _unpack_entry(row: list[Any]) -> Entry:
    name, kind, url, printed, folder, external, size, modified, digest, etag = row
    return Entry(
        name=_text(name),
        kind=_KINDS[kind],
        url=_text(url),
        row=_text(printed),
        folder=_text(folder),
        external=external is True,
        size=None if size is None else Span(int(size[0]), int(size[1])),
        modified=None if modified is None else Span(*map(datetime.fromisoformat, modified)),
        digest=None if digest is None else _text(digest),
        etag=None if etag is None else _text(etag),
    )
