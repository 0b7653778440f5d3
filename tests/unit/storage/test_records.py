"""Records of files: what is stored is what is read, with and without a version."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.columns.new_files import SavedFiles
from crawler.model.struct import replace
from crawler.model.values import Known, Validators
from crawler.storage.state.digests.leaves import stored_files
from crawler.storage.state.records import all_known_cells, known_cells, known_of, moment_of
from tests.support.new_files import Made, made, new_files

KNOWN = Known(path="d/x", url="http://h/x", row="r", size=1, mtime=7)


@given(mtime=st.integers(-(10**25), 10**25), version=st.text(st.characters(codec="utf-8"), max_size=40))
def test_time_and_version_share_a_cell(mtime: int, version: str) -> None:
    known = replace(KNOWN, mtime=mtime, version=version)
    cells = known_cells(known)
    assert known_of("d/", cells) == known
    row = next(stored_files([cells]))
    assert (row.mtime, row.version) == (mtime, version)


texts = st.sampled_from(["", "a", "b", "a/b", "ab", "b/a", "b a", "A", "é", "\udc80"])


SIZES = [*range(9), 2**63 - 1, 2**63, 2**70, -1, -(2**70)]


class Other(str):
    """A text that a custom destination may have made."""


def kinds(cells: tuple[object, ...]) -> list[type]:
    """The types of ``cells`` in the database, where a bytearray is bytes."""
    return [bytes if isinstance(cell, bytearray) else type(cell) for cell in cells]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.builds(
            Known,
            path=texts.map(lambda name: f"d/{name}") | texts,
            url=texts | texts.map(Other),
            row=texts,
            size=st.sampled_from(SIZES),
            mtime=st.sampled_from(SIZES),
            validators=st.builds(Validators, etag=texts | st.none(), last_modified=texts | st.none()),
            digest=texts | st.none(),
            version=st.sampled_from(["", "", "", "v"]),
            checked=st.floats(allow_nan=False) | st.integers(-20, 9),
            adopted=st.booleans(),
        ),
        max_size=4,
    )
)
def test_many_files_have_the_cells_that_each_of_them_has(files: list[Known]) -> None:
    found, expected = all_known_cells(files), [known_cells(known) for known in files]
    assert found == expected
    assert list(map(kinds, found)) == list(map(kinds, expected))


@given(st.lists(made, max_size=4))
def test_new_files_have_the_cells_of_their_records(several: list[Made]) -> None:
    saved = SavedFiles(new_files(several).columns, ["sha256:00"] * len(several))
    found, expected = all_known_cells(saved), [known_cells(known) for known in saved]
    assert found == expected
    assert list(map(kinds, found)) == list(map(kinds, expected))


@pytest.mark.parametrize("cell", ["", "x", " v", "1.5 v", None, 1.5, b"\xff"])
def test_a_cell_of_another_program_is_an_error(cell: object) -> None:
    with pytest.raises(ValueError):
        moment_of(cell)  # type: ignore[arg-type]
