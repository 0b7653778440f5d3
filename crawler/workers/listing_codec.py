"""Encodes a listing as JSON for another process, and decodes it as plain values only.

The encoding process has parsed hostile pages and may be under their control, so only text and numbers are accepted from
it. ``pickle`` would call any function that its input names, and ``marshal`` trusts its input.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.values import Entry, Kind, Listing, Rejection, Span

OUT_OF_MEMORY = 3
"""Exit status of a parser process that needed more memory than its limit."""
_KINDS = {kind.value: kind for kind in Kind}
_FRAME_ROWS = 2_000
"""Maximum number of rows in a frame, which takes either side about 5 ms of uninterrupted work."""


def encode_listing(listing: Listing) -> Iterator[bytes]:
    """The payloads of the frames of ``listing``, a few hundred kB each. ``is_last`` recognises the last one."""
    for rows in _batches([_encode_entry(entry) for entry in listing.entries]):
        yield _payload("entries", rows)
    for rows in _batches([[each.reason, each.subject, each.detail, each.row] for each in listing.rejections]):
        yield _payload("rejections", rows)
    for names in _batches(sorted(listing.mentioned)):
        yield _payload("mentioned", names)
    verdict = [listing.is_listing, listing.complete, listing.closed, listing.conclusive, listing.is_blank]
    flaws = [[flaw.kind.value, flaw.quote] for flaw in listing.flaws]
    claims = [[claim.kind.value, claim.quote, claim.number, claim.shown] for claim in listing.claims]
    facts = [listing.url, listing.family, listing.confidence]
    yield _payload("listing", [facts, verdict, listing.next_pages, flaws, claims])


def is_last(payload: bytes) -> bool:
    """True if this payload ends a listing."""
    return payload.startswith(b'["listing"')


def decode_listing(payloads: Sequence[bytes]) -> Listing:
    """The reverse of ``encode_listing``. Raises ValueError, TypeError or LookupError for any other input."""
    entries: list[Entry] = []
    rejections: list[Rejection] = []
    mentioned: set[str] = set()
    for payload in payloads:
        kind, rows = json.loads(payload)
        if kind == "entries":
            entries += [_decode_entry(row) for row in rows]
        elif kind == "rejections":
            rejections += [_decode_rejection(*map(_text, row)) for row in rows]
        elif kind == "mentioned":
            mentioned.update(map(_text, rows))
        elif kind == "listing":
            (url, family, confidence), verdict, pages, flaws, claims = rows
            is_listing, complete, closed, conclusive, is_blank = verdict
    if not payloads or not is_last(payloads[-1]):
        raise ValueError("the last frame is missing")
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
        claims=tuple(
            Claim(ClaimKind(kind), _text(quote), int(all_), int(shown)) for kind, quote, all_, shown in claims
        ),
        is_blank=is_blank is True,
    )


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[at : at + _FRAME_ROWS] for at in range(0, len(rows), _FRAME_ROWS))


def _payload(kind: str, rows: object) -> bytes:
    return json.dumps([kind, rows], separators=(",", ":")).encode()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _encode_entry(entry: Entry) -> list[Any]:
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


def _decode_rejection(reason: str, subject: str, detail: str, row: str) -> Rejection:
    return Rejection(reason, subject, detail, row)


def _decode_entry(row: list[Any]) -> Entry:
    name, kind, url, printed, directory, external, size, modified, digest, etag = row
    return Entry(
        name=_text(name),
        kind=_KINDS[kind],
        url=_text(url),
        row=_text(printed),
        folder=_text(directory),
        external=external is True,
        size=None if size is None else Span(int(size[0]), int(size[1])),
        modified=None if modified is None else Span(*map(datetime.fromisoformat, modified)),
        digest=None if digest is None else _text(digest),
        etag=None if etag is None else _text(etag),
    )
