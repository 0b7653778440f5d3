"""What an incomplete body that lies on the disk proves, and how the rest of it is asked for.

A part is continued only if its note tells which version of which URL its first bytes are, with their digest, and the
bytes that are there have that digest. Everything else is fetched from the start: a file made of two versions would
have the right length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from crawler.model.values import Job, Validators

PART, NOTE = ".part", ".json"
"""``NAME.part`` is a part, ``NAME.part.json`` its note."""
KEY = 32
"""Characters at the start of the name of a part that stand for the path of its file."""


@dataclass(frozen=True, slots=True)
class Resume:
    """What a Range request asks for: the body from ``offset`` of the version with ``validators``."""

    offset: int
    validators: Validators
    length: int | None = None
    """Bytes of that version, if the response that began it said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartNote:
    """What the first ``offset`` bytes of a part are."""

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
    """What lies there under the name of a part."""

    is_regular: bool
    """It is a regular file: no folder, device or FIFO."""
    names: int
    """Hard links to it: with more than one it could be a file that is none of ours."""
    size: int
    """Bytes."""
    digest_of: Callable[[int], str]
    """SHA-256, in hex, of so many bytes from its start. Called last, and only for bytes that are there."""


def parse_note(data: bytes) -> PartNote | None:
    """None for anything but a whole and sensible note."""
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
    """Of the ``names`` in the folder of parts, the parts that have a note: the key of the path → the part."""
    there = set(names)
    return {name[:KEY]: name for name in there if name.endswith(PART) and name + NOTE in there}


def is_proven(note: PartNote | None, job: Job, left: StoredPart) -> bool:
    """Whether ``left`` begins with the bytes that ``note`` tells of, and they are of the file that ``job`` wants."""
    return (
        note is not None
        and (note.url, note.path) == (job.url, job.path)
        and left.is_regular
        and left.names == 1
        and left.size >= note.offset
        and left.digest_of(note.offset) == note.digest
    )


def resume_at(offset: int, validators: Validators, length: int | None) -> Resume | None:
    """What to ask for when ``offset`` bytes of the version with these strong ``validators`` are here.

    None if nothing is, or nothing says of which version: such a part is of no use to this run or a later one.
    """
    return Resume(offset, validators, length) if offset and validators else None


def range_headers(start: int, end: int | None, validators: Validators) -> dict[str, str]:
    """The wish for the bytes from ``start`` to before ``end`` (None: to the end) of one version (RFC 9110 13.1.5).

    By its ETag, else by its Last-Modified. An empty condition holds for no version.
    """
    last = "" if end is None else end - 1
    return {"Range": f"bytes={start}-{last}", "If-Range": validators.etag or validators.last_modified or ""}
