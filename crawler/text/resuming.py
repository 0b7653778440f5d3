"""When an incomplete body on disk may be resumed, and how to request the rest.

A part is resumed only if its note says which version of which URL its first bytes are and those bytes have the noted
digest. Anything else is fetched from the start, because a file made of two versions would have the right length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from crawler.model.values import Job, Validators

PART, NOTE = ".part", ".json"
"""Suffixes: ``NAME.part`` is a part, ``NAME.part.json`` its note."""
KEY = 32
"""Length of the prefix of a part's name that is derived from the path of its file."""


@dataclass(frozen=True, slots=True)
class Resume:
    """A Range request: the body from ``offset`` on, of the version with ``validators``."""

    offset: int
    validators: Validators
    length: int | None = None
    """Total bytes of that version, if its first response announced them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartNote:
    """The note of a part: which file and version its first ``offset`` bytes are."""

    url: str
    path: str
    etag: str | None
    last_modified: str | None
    offset: int
    digest: str
    """SHA-256 of those bytes, in hex."""

    @property
    def validators(self) -> Validators:
        return Validators(etag=self.etag, last_modified=self.last_modified)

    def render(self) -> bytes:
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """What exists under the name of a part."""

    is_regular: bool
    """Whether it is a regular file."""
    names: int
    """Number of hard links; with more than one it may be a foreign file."""
    size: int
    """Bytes."""
    digest_of: Callable[[int], str]
    """SHA-256 in hex of its first bytes, given their number. Called last, and only for existing bytes."""


def parse_note(data: bytes) -> PartNote | None:
    """The note in ``data``, or None if it is not a complete, valid one."""
    try:
        note = PartNote(**json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (note.url, note.path, note.digest)
    optional = (note.etag, note.last_modified)
    good = all(isinstance(text, str) for text in texts) and all(isinstance(text, str | None) for text in optional)
    return note if good and type(note.offset) is int and note.offset > 0 else None


def note_of(job: Job, validators: Validators, written: tuple[int, str] | None) -> PartNote | None:
    """The note of a part; None if no later run could continue it.

    ``validators``: strong ones of the version that it holds, or none. ``written``: the bytes that are there and their
    SHA-256 in hex; None without digests.
    """
    if written is None or not validators:
        return None
    offset, digest = written
    etag, modified = validators.etag, validators.last_modified
    return PartNote(url=job.url, path=job.path, etag=etag, last_modified=modified, offset=offset, digest=digest)


def parts_with_notes(names: Iterable[str]) -> dict[str, str]:
    """Of ``names`` in the directory of parts, the parts that have a note: key of the path → part."""
    there = set(names)
    return {name[:KEY]: name for name in there if name.endswith(PART) and name + NOTE in there}


def is_proven(note: PartNote | None, job: Job, left: StoredPart) -> bool:
    """Whether ``left`` begins with the bytes that ``note`` describes, and these belong to the file of ``job``."""
    return (
        note is not None
        and (note.url, note.path) == (job.url, job.path)
        and left.is_regular
        and left.names == 1
        and left.size >= note.offset
        and left.digest_of(note.offset) == note.digest
    )


def resume_at(offset: int, validators: Validators, length: int | None) -> Resume | None:
    """How to resume when ``offset`` bytes of the version with these strong ``validators`` exist.

    None if there are no bytes or no validators, so that the part cannot be resumed.
    """
    return Resume(offset, validators, length) if offset and validators else None


def range_headers(start: int, end: int | None, validators: Validators) -> dict[str, str]:
    """Headers for the bytes from ``start`` up to ``end`` (exclusive; None: to the end) of one version.

    If-Range has its ETag, else its Last-Modified (RFC 9110 section 13.1.5). An empty condition matches no version.
    """
    last = "" if end is None else end - 1
    return {"Range": f"bytes={start}-{last}", "If-Range": validators.etag or validators.last_modified or ""}
