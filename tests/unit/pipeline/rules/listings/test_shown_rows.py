"""What the rows of a page are beside those of the pages before it."""

from __future__ import annotations

import pytest

from crawler.model.values import Entry, Kind
from crawler.pipeline.rules.listings.shown_rows import ShownRows


def entries(names: str) -> list[Entry]:
    return [Entry(name=name, kind=Kind.FILE, url=f"http://h.test/{name}") for name in names]


@pytest.mark.parametrize(
    ("pages", "new", "marks"),
    [
        (["ab"], 2, set()),
        (["ab", "cd"], 2, set()),
        (["ab", "bc"], 1, set()),  # a row has moved
        (["ab", "c", "bcd"], 1, set()),
        (["ab", "ba"], 0, {"first again", "of first", "of before"}),
        (["ab", "a"], 0, {"of first", "of before"}),
        (["ab", "cd", "ab"], 0, {"first again", "of first"}),
        (["ab", "cd", "a"], 0, {"of first"}),
        (["ab", "cd", "dc"], 0, {"of before"}),
        (["ab", "cd", "ad"], 0, set()),
        (["ab", "a", "a"], 0, {"of first", "of before"}),
        (["ab", ""], 0, {"of first", "of before"}),
        (["", ""], 0, {"of first", "of before"}),
    ],
)
def test_the_rows_of_a_page_beside_those_before_it(pages: list[str], new: int, marks: set[str]) -> None:
    shown = ShownRows()
    rows = [shown.add(entries(page)) for page in pages][-1]
    found = {"first again": rows.is_first_again, "of first": rows.is_of_first, "of before": rows.is_of_before}
    assert (rows.new, rows.count) == (new, len(pages[-1]))
    assert {mark for mark, holds in found.items() if holds} == marks
