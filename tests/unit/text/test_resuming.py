"""What an incomplete body on disk proves: when the rest is requested, and when the part is dropped."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from crawler.model.values import Job, Validators
from crawler.text.resuming import (
    PartNote,
    Resume,
    StoredPart,
    is_proven,
    note_of,
    parse_note,
    parts_with_notes,
    range_headers,
    resume_at,
)

MODIFIED = "Wed, 01 May 2024 12:00:00 GMT"
BOTH = Validators(etag='"1"', last_modified=MODIFIED)
TAGGED, DATED = replace(BOTH, last_modified=None), replace(BOTH, etag=None)
JOB = Job(url="http://h/é", path="é", reason="new")
FIELDS = {"url": "http://h/é", "path": "é", "etag": '"1"', "last_modified": MODIFIED, "offset": 400, "digest": "ab"}
WRITTEN = PartNote(url="http://h/é", path="é", etag='"1"', last_modified=MODIFIED, offset=400, digest="ab")


def left(
    *, is_regular: bool = True, names: int = 1, size: int = 400, digests: dict[int, str] | None = None
) -> StoredPart:
    """A part of which only the digests in ``digests`` (bytes → digest) may be computed."""
    known = {400: "ab"} if digests is None else digests
    return StoredPart(is_regular=is_regular, names=names, size=size, digest_of=known.__getitem__)


@pytest.mark.parametrize(
    ("note", "found", "proven"),
    [
        (WRITTEN, left(), True),
        (WRITTEN, left(size=500), True),  # written, but not noted before a power failure
        (replace(WRITTEN, etag=None), left(), True),
        (None, left(), False),
        (replace(WRITTEN, url="http://mirror/é"), left(), False),
        (replace(WRITTEN, path="e"), left(), False),
        (WRITTEN, left(is_regular=False, digests={}), False),
        (WRITTEN, left(names=2, digests={}), False),
        (WRITTEN, left(names=0, digests={}), False),
        (WRITTEN, left(size=399, digests={}), False),
        (WRITTEN, left(size=0, digests={}), False),
        (WRITTEN, left(digests={400: "cd"}), False),
        (replace(WRITTEN, offset=399), left(digests={399: "cd"}), False),
        (replace(WRITTEN, offset=399), left(digests={399: "ab"}), True),
    ],
)
def test_a_part_is_resumed_only_if_it_agrees_with_its_note(
    note: PartNote | None, found: StoredPart, proven: bool
) -> None:
    assert is_proven(note, JOB, found) is proven


@pytest.mark.parametrize(
    ("offset", "validators", "length", "resume"),
    [
        (400, BOTH, 1000, Resume(400, BOTH, 1000)),
        (1, TAGGED, None, Resume(1, TAGGED)),
        (400, DATED, None, Resume(400, DATED)),
        (0, BOTH, 1000, None),
        (400, Validators(), 1000, None),  # the version of these bytes cannot be verified
        (0, Validators(), None, None),
    ],
)
def test_the_rest_is_requested_if_the_version_of_the_bytes_is_certain(
    offset: int, validators: Validators, length: int | None, resume: Resume | None
) -> None:
    assert resume_at(offset, validators, length) == resume


@pytest.mark.parametrize(
    ("start", "end", "validators", "wanted", "condition"),
    [
        (400, None, BOTH, "bytes=400-", '"1"'),
        (400, None, DATED, "bytes=400-", MODIFIED),
        (0, 1, TAGGED, "bytes=0-0", '"1"'),
        (5, 10, DATED, "bytes=5-9", MODIFIED),
        (5, None, Validators(), "bytes=5-", ""),
    ],
)
def test_a_range_is_requested_on_condition_that_the_version_is_the_same(
    start: int, end: int | None, validators: Validators, wanted: str, condition: str
) -> None:
    assert range_headers(start, end, validators) == {"Range": wanted, "If-Range": condition}


@pytest.mark.parametrize(
    ("validators", "written", "note"),
    [
        (BOTH, (400, "ab"), WRITTEN),
        (TAGGED, (400, "ab"), replace(WRITTEN, last_modified=None)),
        (DATED, (400, "ab"), replace(WRITTEN, etag=None)),
        (Validators(), (400, "ab"), None),
        (BOTH, None, None),
        (Validators(), None, None),
    ],
)
def test_only_what_a_later_run_can_prove_is_noted(
    validators: Validators, written: tuple[int, str] | None, note: PartNote | None
) -> None:
    assert note_of(JOB, validators, written) == note
    if note is not None:
        assert note.validators == validators
        assert parse_note(note.render()) == note


def test_a_note_is_json_that_every_release_reads() -> None:
    assert json.loads(WRITTEN.render()) == FIELDS
    assert parse_note(json.dumps(FIELDS).encode()) == WRITTEN


@pytest.mark.parametrize(
    "change",
    [
        {"url": None}, {"path": 1}, {"digest": None}, {"etag": 1}, {"last_modified": []}, {"surplus": 1},
        {"offset": 0}, {"offset": -1}, {"offset": True}, {"offset": "400"}, {"offset": 400.0}, {"offset": None},
    ],
)  # fmt: skip
def test_an_inconsistent_note_is_none(change: dict[str, object]) -> None:
    assert parse_note(json.dumps(FIELDS | change).encode()) is None


@pytest.mark.parametrize("change", [{"offset": 1}, {"etag": None}, {"last_modified": None}])
def test_a_minimal_note_is_enough(change: dict[str, object]) -> None:
    assert parse_note(json.dumps(FIELDS | change).encode()) == replace(WRITTEN, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"url": "x"}', b"\0" * 99, b"[" * 60_000, b"\xff\xfe"])
def test_a_damaged_note_is_none(data: bytes) -> None:
    assert parse_note(data) is None


def test_a_part_without_a_note_and_a_note_without_a_part_are_ignored() -> None:
    key, other = "0" * 32, "f" * 32
    names = [
        f"{key}.1.part", f"{key}.1.part.json", f"{other}.2.part", f"{other}.3.part.json", f"{other}.4.part.json.new",
        "strange", "strange.json",
    ]  # fmt: skip
    assert parts_with_notes(names) == {key: f"{key}.1.part"}
    assert parts_with_notes(iter([*names, f"{other}.2.part.json"])) == {key: f"{key}.1.part", other: f"{other}.2.part"}
    assert parts_with_notes([]) == {}
