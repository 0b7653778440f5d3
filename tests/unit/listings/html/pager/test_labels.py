"""Labels at the limits: lengths, arrows, ranges of rows."""

from __future__ import annotations

import pytest

from crawler.listings.html.pager.labels import Label, Says, understood


@pytest.mark.parametrize(("length", "says"), [(40, Says.NUMBER), (41, Says.OTHER)])
def test_a_label_has_at_most_40_characters(length: int, says: Says) -> None:
    assert understood("2".rjust(length, "[")).says is says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("> >", Says.NEXT), ("\u00bb \u203a", Says.NEXT), ("[ > ]", Says.NEXT), ("> |", Says.LAST),
        ("<<", Says.BACK), ("< <", Says.BACK), ("|<", Says.BACK), ("\u00ab \u2039", Says.BACK),
        ("<>", Says.OTHER), ("\u00ab\u00bb", Says.OTHER), (">>>", Says.OTHER), ("|", Says.OTHER), ("", Says.OTHER),
    ],
)  # fmt: skip
def test_what_arrows_say(text: str, says: Says) -> None:
    assert understood(text) == Label(says)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1-1", 1), ("3-3", 3), ("1-20", 1), ("21-40", 2), ("0-9", None), ("20-40", None), ("5-4", None), ("5-3", None)],
)
def test_a_range_of_rows_is_the_page_that_it_is_if_all_are_as_long(text: str, number: int | None) -> None:
    assert understood(text) == (Label(Says.OTHER) if number is None else Label(Says.NUMBER, number))
