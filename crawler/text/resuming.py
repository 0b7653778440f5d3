"""Decides when an incomplete body on disk may be resumed, and how to request the rest.

A part is resumed only if its note says which version of which URL its first bytes belong to, and those bytes have the
noted digest. Otherwise the file is fetched from the start: a mixture of two versions could have the right length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from crawler.model.struct import Value, asdict
from crawler.model.values import Job, Validators

PART, NOTE = ".part", ".json"
"""Suffixes: ``NAME.part`` is a part, ``NAME.part.json`` its note."""
KEY = 32
"""Length of the prefix of a part's name that is derived from the path of its file."""


class Resume(Value, frozen=True):
    """A Range request: the body from ``offset`` on, of the version with ``validators``."""

    offset: int
    validators: Validators
    length: int | None = None
    """Total size of that version in bytes, if its first response announced it."""


class PartNote(Value, frozen=True, kw_only=True):
    """The note of a part: the file and version that its first ``offset`` bytes belong to."""

    url: str
    path: str
    etag: str | None
    last_modified: str | None
    offset: int
    digest: str
    """SHA-256 of the first ``offset`` bytes, in hex."""

    @property
    def validators(self) -> Validators:
        return Validators(etag=self.etag, last_modified=self.last_modified)

    def render(self) -> bytes:
        return json.dumps(asdict(self)).encode()


class StoredPart(Value, frozen=True, kw_only=True):
    """The file that exists under the name of a part."""

    is_regular: bool
    """Whether the part is a regular file."""
    names: int
    """Number of hard links; if there are several, the file may belong to something else."""
    size: int
    """Size in bytes."""
    digest_of: Callable[[int], str]
    """Returns the SHA-256, in hex, of the first N bytes, given N. Called last, and only for existing bytes."""


def parse_note(data: bytes) -> PartNote | None:
    """The note in ``data``, or None if that is not a complete, valid note."""
    try:
        note = PartNote(**json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (note.url, note.path, note.digest)
    optional = (note.etag, note.last_modified)
    good = all(isinstance(text, str) for text in texts) and all(isinstance(text, str | None) for text in optional)
    return note if good and type(note.offset) is int and note.offset > 0 else None


def note_of(job: Job, validators: Validators, written: tuple[int, str] | None) -> PartNote | None:
    """The note of a part; None if no later run could resume it.

    ``validators``: the strong validators of its version, if any. ``written``: (number of bytes, their SHA-256 in hex);
    None if digests are off.
    """
    if written is None or not validators:
        return None
    offset, digest = written
    etag, modified = validators.etag, validators.last_modified
    return PartNote(url=job.url, path=job.path, etag=etag, last_modified=modified, offset=offset, digest=digest)


def parts_with_notes(names: Iterable[str]) -> dict[str, str]:
    """Key of the path → part, for each part with a note among ``names``, the files in the directory of parts."""
    there = set(names)
    return {name[:KEY]: name for name in there if name.endswith(PART) and name + NOTE in there}


def is_proven(note: PartNote | None, job: Job, left: StoredPart) -> bool:
    """True if ``left`` begins with the bytes that ``note`` describes, and these belong to the file of ``job``."""
    return (
        note is not None
        and (note.url, note.path) == (job.url, job.path)
        and left.is_regular
        and left.names == 1
        and left.size >= note.offset
        and left.digest_of(note.offset) == note.digest
    )


def resume_at(offset: int, validators: Validators, length: int | None) -> Resume | None:
    """How to resume a part with ``offset`` bytes of the version that has these strong ``validators``.

    None if there are no bytes or no validators.
    """
    return Resume(offset, validators, length) if offset and validators else None


def range_headers(start: int, end: int | None, validators: Validators) -> dict[str, str]:
    """Headers for the bytes from ``start`` up to ``end`` (exclusive; None: to the end) of one version.

    If-Range is the version's ETag, else its Last-Modified (RFC 9110 section 13.1.5); an empty one matches no version.
    """
    last = "" if end is None else end - 1
    return {"Range": f"bytes={start}-{last}", "If-Range": validators.etag or validators.last_modified or ""}
