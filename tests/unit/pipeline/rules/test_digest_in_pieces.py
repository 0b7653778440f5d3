"""A directory that is compared with its digest in pieces, which the rule for the whole would judge in the same way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.state.directory_digest import DirectoryDigest, StoredFile
from crawler.model.values import Kind, Local
from crawler.pipeline.rules.directory_digest import PiecewiseComparison, unchanged_files
from tests.support.fakes import leaf_of
from tests.unit.pipeline.rules.test_directory_digest import entry, gathered, row

NINE = leaf_of(gathered(*map(entry, range(9))))
"""So many that the sum of their marks exceeds 128 bits."""


def compared(
    rows: list[StoredFile], local: dict[str, Local], size: int, what: DirectoryDigest = NINE, forbidden: str = ""
) -> tuple[list[bool], bool]:
    """(Whether each piece of ``size`` names passes, whether all of them are the digest's files)."""
    comparison, names, found = PiecewiseComparison(what, lambda url: url != forbidden), sorted(LETTERS), []
    for at in range(0, len(names), size):
        piece = names[at : at + size]
        there = {name: each for name, each in local.items() if name in piece}
        found.append(comparison.passes([each for each in rows if each.name in piece], there))
    return found, comparison.is_same


LETTERS = [f"f{number}" for number in range(10)]
NINE_ROWS = [row(number) for number in range(9)]
NINE_LOCAL = {each.name: Local(Kind.FILE, each.size, each.mtime) for each in NINE_ROWS}


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_pieces_add_up_to_the_digest(size: int) -> None:
    passed, is_same = compared(NINE_ROWS, NINE_LOCAL, size)
    assert all(passed)
    assert is_same
    assert unchanged_files(NINE, NINE_ROWS, NINE_LOCAL, lambda _: True) == NINE_ROWS


def test_what_is_missing_or_changed_in_a_piece_is_found_there_or_in_the_sum() -> None:
    assert compared(NINE_ROWS, {**NINE_LOCAL, "f9": Local(Kind.FILE, 5, 0)}, 5) == ([True, False], True)
    assert compared(NINE_ROWS, {**NINE_LOCAL, "f1": Local(Kind.FILE, 6, 0)}, 5) == ([False, True], False)
    assert compared(NINE_ROWS, NINE_LOCAL, 5, forbidden="http://h/f7") == ([True, False], False)
    fewer = {name: each for name, each in NINE_LOCAL.items() if name != "f8"}
    assert compared(NINE_ROWS, fewer, 5) == ([True, False], False)
    assert compared(NINE_ROWS[:8], fewer, 5) == ([True, True], False)
    other = [row(0, row="noon 7"), *NINE_ROWS[1:]]
    assert compared(other, NINE_LOCAL, 5) == ([True, True], False)


CHANGES: list[dict[str, object]] = [{"row": "noon 7"}, {"size": 6}, {"mtime": 0}, {"checked": 0.0}, {"name": "f9"}]


STRANGE = [NINE_LOCAL["f1"], Local(Kind.FILE, 6, 0), Local(Kind.DIRECTORY, 5, 0)]


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from(CHANGES)), max_size=1),
    st.lists(st.tuples(st.sampled_from(LETTERS), st.sampled_from(STRANGE)), max_size=1),
    st.sampled_from(["", "", "", "http://h/f2"]),
    st.integers(1, 10),
)
def test_pieces_are_compared_like_the_whole(
    changes: list[tuple[int, dict[str, object]]], strange: list[tuple[str, Local]], forbidden: str, size: int
) -> None:
    rows, local = list(NINE_ROWS), NINE_LOCAL | dict(strange)
    for number, change in changes:
        rows[number] = replace(rows[number], **change)
    passed, is_same = compared(rows, local, size, forbidden=forbidden)
    whole = unchanged_files(NINE, rows, local, lambda url: url != forbidden)
    assert (all(passed) and is_same) == (whole is not None)
