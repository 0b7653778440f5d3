"""Which numbers of a text are compared, and what the rows of a page explain."""

from __future__ import annotations

import pytest

from crawler.model.values import Entry, Kind, Span
from crawler.pipeline.rules.listings.text_numbers import Counts, counts_of, without_numbers


@pytest.mark.parametrize(
    ("text", "apart", "numbers"),
    [
        ("Files: 20, errors: 0", "files: #, errors: #", [20, 0]),
        ("1,234 files", "# fil", [1234]),
        ("1.234.567 files", "# fil", [1234567]),
        ("node7 v7.5", "node# v~", [-8]),
        ("1.5 files", "~ files", []),
        ("3.2 MB on 2026-11-30", "~ on ~", []),
        ("0 " * 13, "# " * 12 + "~ ", [0] * 12),
    ],
)
def test_a_text_without_its_numbers(text: str, apart: str, numbers: list[int]) -> None:
    assert without_numbers(text) == (apart, numbers)


def test_what_the_rows_explain() -> None:
    files = [Entry(name=name, url=name, kind=Kind.FILE, size=Span(3, 5)) for name in "abc"]
    folder, unknown = Entry(name="d", url="d/", kind=Kind.DIRECTORY), Entry(name="e", url="e", kind=Kind.FILE)
    assert counts_of([*files, folder]) == Counts((4, 3, 1, 5, 2), (9, 15))
    assert counts_of([*files, unknown]) == Counts((4, 4, 0, 5, 1), None)


@pytest.mark.parametrize(
    ("number", "kinds"),
    [(4, 0b1), (3, 0b110), (5, 0b1000), (9, 0b10000), (15, 0b10000), (8, 0), (16, 0), (12, 0b10000)],
)
def test_what_a_number_may_be(number: int, kinds: int) -> None:
    assert Counts((4, 3, 3, 5), (9, 15)).kinds(number) == kinds
    assert Counts((4, 3, 3, 5)).kinds(number) == kinds & 0b1111
