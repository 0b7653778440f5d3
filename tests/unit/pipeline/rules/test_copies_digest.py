"""The digest of the copies in a directory: it proves what a comparison of their records would prove."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.state.directory_digest import DirectoryDigest, StoredFile
from crawler.model.values import Kind, Local
from crawler.pipeline.rules.directory_digest import are_saved_copies, copies_digest, unchanged_files
from tests.support.fakes import leaf_of
from tests.unit.pipeline.rules.test_directory_digest import LOCAL, ROWS, THREE, entry, gathered

COPIES = copies_digest(THREE, ROWS)
OTHERS = [
    *LOCAL.values(),
    Local(Kind.FILE, 6, ROWS[0].mtime),
    Local(Kind.FILE, 5, ROWS[0].mtime + 1),
    Local(Kind.DIRECTORY, 5, ROWS[0].mtime),
    Local(Kind.SYMLINK, 5, ROWS[0].mtime),
    Local(Kind.FILE, 5, ROWS[0].mtime, version="v"),
]


@given(st.dictionaries(st.sampled_from(["f0", "f1", "f2", "f3", "\udcff"]), st.sampled_from(OTHERS), max_size=4))
def test_the_digest_proves_the_same_as_the_records(local: dict[str, Local]) -> None:
    assert COPIES is not None
    for there in (local, LOCAL | local):
        expected = unchanged_files(THREE, ROWS, there, lambda _: True)
        assert are_saved_copies(COPIES, THREE, there) == (expected is not None)


@pytest.mark.parametrize(
    "changed",
    [
        {"files": 4},
        {"total": 0},
        {"resolution": 1},
        {"newest": 1.0},
        {"newest_local": 1.0},
        {"answered": "http://h/x/"},
    ],
)
def test_it_says_nothing_about_another_digest_of_the_page(changed: dict[str, object]) -> None:
    assert COPIES is not None
    assert are_saved_copies(COPIES, THREE, LOCAL)
    assert are_saved_copies(COPIES, replace(THREE, body_digest="other", family="x", wishes="w"), LOCAL)
    other: DirectoryDigest = replace(THREE, **changed)
    assert not are_saved_copies(COPIES, other, LOCAL)
    found = copies_digest(other, ROWS)
    assert found is None or found.basis != COPIES.basis


@pytest.mark.parametrize("there", [each for each in OTHERS if each not in LOCAL.values()])
def test_a_copy_of_another_kind_or_of_a_store_is_not_the_one_that_was_saved(there: Local) -> None:
    assert COPIES is not None
    assert not are_saved_copies(COPIES, THREE, LOCAL | {"f0": there})


@pytest.mark.parametrize("changed", [{"version": "v"}, {"url": "http://other/f0"}, {"url": "http://h:81/f0"}])
def test_there_is_none_for_objects_or_urls_elsewhere(changed: dict[str, object]) -> None:
    assert copies_digest(THREE, [replace(ROWS[0], **changed), *ROWS[1:]]) is None


@given(st.permutations(ROWS), st.sampled_from(["?a=1", ""]))
def test_neither_the_order_nor_a_signature_matters(rows: list[StoredFile], query: str) -> None:
    assert copies_digest(THREE, [replace(row, url=row.url + query) for row in rows]) == COPIES


def test_sums_of_many_files_stay_within_their_bits() -> None:
    digest = leaf_of(gathered(*map(entry, range(40))))
    rows = [replace(ROWS[0], name=f"f{number}", url=f"http://h/f{number}") for number in range(40)]
    found = copies_digest(digest, rows)
    assert found is not None
    assert found.total < 1 << 128
    assert found.size == 200
    assert are_saved_copies(found, digest, {row.name: Local(Kind.FILE, row.size, row.mtime) for row in rows})
