"""What --explain says about a local entry that no listing shows."""

from __future__ import annotations

import pytest

from crawler.model.struct import replace
from crawler.model.values import Kind
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.runs.explain.unlisted import LocalEntry, fate
from crawler.pipeline.save.removal import Removals

NONE = Removals(files=(), directories=(), sizes={}, uncounted=0)
ITEM = Extraneous(path="gone", kind=Kind.DIRECTORY, size=0)
ENTRY = LocalEntry(path="gone/x", item=ITEM, removals=replace(NONE, files=("gone/x",), directories=("gone",)))
DELETE = "delete: gone upstream (unless something fails, or more would be deleted than --max-delete allows)"
CASES = (
    (ENTRY, DELETE),
    (replace(ENTRY, path="gone"), DELETE),
    (replace(ENTRY, doubt="a part only"), "nothing: it stays: a part only"),
    (
        replace(ENTRY, item=replace(ITEM, mentioned=True)),
        "nothing: it stays: no longer listed, but a link on the page still shows the name",
    ),
    (
        replace(ENTRY, item=replace(ITEM, spared="a mount point")),
        "nothing: no listing shows it, but gone is a mount point, which is never deleted",
    ),
    (replace(ENTRY, is_proven=False), "unknown: the listing could not be read again to prove it absent"),
    (replace(ENTRY, removals=replace(NONE, spared={"gone/x": "a socket"})), "nothing: it stays: it is a socket"),
    (
        replace(ENTRY, removals=replace(NONE, excluded=("gone/x",))),
        "nothing: it stays: excluded by the filters (--delete-excluded removes it)",
    ),
    (
        replace(ENTRY, path="gone", removals=replace(NONE, excluded=("gone/x",))),
        "nothing: gone/x stays (excluded by the filters)",
    ),
)


@pytest.mark.parametrize(("entry", "words"), CASES)
def test_what_decides_is_named(entry: LocalEntry, words: str) -> None:
    assert fate(entry, deletes=True, ignores_errors=False) == words


@pytest.mark.parametrize(("entry", "words"), CASES)
def test_without_delete_nothing_is_deleted(entry: LocalEntry, words: str) -> None:
    kept = "nothing: no listing shows it, but only --delete removes local files"
    assert fate(entry, deletes=False, ignores_errors=False) == (words if entry.item.spared else kept)


def test_failures_do_not_count_with_ignore_errors() -> None:
    words = "delete: gone upstream (unless more would be deleted than --max-delete allows)"
    assert fate(ENTRY, deletes=True, ignores_errors=True) == words
