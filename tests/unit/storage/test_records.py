"""Records of files: what is stored is what is read, with and without a version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.struct import replace
from crawler.model.values import Known
from crawler.storage.state.directory_digests import _row_of
from crawler.storage.state.records import known_cells, known_of, moment_of

KNOWN = Known(path="d/x", url="http://h/x", row="r", size=1, mtime=7)


@given(mtime=st.integers(-(10**25), 10**25), version=st.text(st.characters(codec="utf-8"), max_size=40))
def test_time_and_version_share_a_cell(mtime: int, version: str) -> None:
    known = replace(KNOWN, mtime=mtime, version=version)
    cells = known_cells(known)
    assert known_of("d/", cells) == known
    row = _row_of(cells)
    assert (row.mtime, row.version) == (mtime, version)


@pytest.mark.parametrize("cell", ["", "x", " v", "1.5 v", None, 1.5, b"\xff"])
def test_a_cell_of_another_program_is_an_error(cell: object) -> None:
    with pytest.raises(ValueError):
        moment_of(cell)  # type: ignore[arg-type]
