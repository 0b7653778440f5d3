"""What statements about the length of a listing mean, and which flaws of a page are named."""

from __future__ import annotations

import pytest

from crawler.model.flaws import (
    MEANINGS,
    TRUSTED,
    Claim,
    ClaimKind,
    Flaw,
    FlawKind,
    dead_end,
    is_cut_short,
    is_stated,
    unmet,
    worst_flaw,
)

CUT, SCRIPT, PART, ELSEWHERE = (
    Flaw(kind) for kind in (FlawKind.CUT, FlawKind.SCRIPT, FlawKind.PART, FlawKind.ELSEWHERE)
)


@pytest.mark.parametrize(
    ("claim", "met", "missed"),
    [
        (Claim(ClaimKind.ENTRIES, number=5), [(5, 1), (6, 1), (5, 9)], [(4, 1), (4, 9)]),
        (Claim(ClaimKind.PAGES, number=3), [(0, 3), (0, 4)], [(9, 2)]),
        # as many rows as are shown at most may not be all; further pages are then read
        (Claim(ClaimKind.LIMIT, number=5), [(4, 1), (5, 2), (9, 2)], [(5, 1), (6, 1)]),
        # "2 of 5" may be of rows or of pages; "1 of 5" is not met by five rows on one page
        (Claim(ClaimKind.OF, number=5, shown=2), [(5, 1), (6, 1), (0, 5), (0, 6)], [(4, 4)]),
        (Claim(ClaimKind.OF, number=5, shown=1), [(0, 5), (9, 6)], [(5, 1), (9, 4)]),
        (Claim(ClaimKind.NEXT, number=9, shown=9), [(0, 1)], []),
        (Claim(ClaimKind.BACK, number=9, shown=9), [(0, 1)], []),
        (Claim(ClaimKind.PLACE, number=9, shown=9), [(0, 1)], []),
        (Claim(ClaimKind.DEAD_END, number=9, shown=9), [(0, 1)], []),
        (Claim(ClaimKind.OTHER_PATH, number=9, shown=9), [(0, 1)], []),
    ],
)
def test_which_numbers_of_rows_and_pages_a_statement_allows(
    claim: Claim, met: list[tuple[int, int]], missed: list[tuple[int, int]]
) -> None:
    assert all(claim.is_met(rows, pages) for rows, pages in met)
    assert not any(claim.is_met(rows, pages) for rows, pages in missed)


def test_statements_that_are_not_met_say_that_rows_are_missing() -> None:
    claims = [Claim(ClaimKind.ENTRIES, "4 files", 4), Claim(ClaimKind.PAGES, "2 pages", 2)]
    files, pages = Claim(ClaimKind.PART, "4 files", 4), Claim(ClaimKind.PART, "2 pages", 2)
    assert unmet([], 0) == unmet(claims, 4, 2) == []
    assert unmet(claims, 3) == [files, pages]
    assert unmet(claims, 4) == [pages], "a page is one, if nothing else is said"
    assert files.flaw == Flaw(FlawKind.PART, "4 files")


def test_what_says_that_a_listing_is_not_whole_is_never_met() -> None:
    claims = [Claim(kind, "x") for kind in ClaimKind]
    assert unmet(claims, 9, 9) == [Claim(ClaimKind.PART, "x"), Claim(ClaimKind.ERROR, "x")]
    assert [claim.flaw.kind for claim in unmet(claims, 9, 9)] == [FlawKind.PART, FlawKind.ERROR]
    assert [claim.kind for claim in claims if is_stated([claim])] == [ClaimKind.PART, ClaimKind.ERROR]


@pytest.mark.parametrize("kind", list(FlawKind))
def test_the_text_of_a_page_is_quoted_in_one_line_and_shortened(kind: FlawKind) -> None:
    meaning = MEANINGS[kind]
    assert str(Flaw(kind)) == f"{meaning.text}; {meaning.advice}"
    assert str(Flaw(kind, " a \n  b ")) == f"{meaning.text} ('a b'); {meaning.advice}"
    assert str(Flaw(kind, "x" * 120)) == f"{meaning.text} ('{'x' * 120}'); {meaning.advice}"
    assert str(Flaw(kind, "x" * 121)) == f"{meaning.text} ('{'x' * 119}…'); {meaning.advice}"
    assert Flaw(kind).is_incomplete is meaning.is_incomplete


def test_a_trusted_listing_is_otherwise_incomplete_and_its_message_names_the_option() -> None:
    assert {kind for kind, meaning in MEANINGS.items() if "--trust-pages" in meaning.advice} == TRUSTED
    assert {kind for kind in TRUSTED if not MEANINGS[kind].is_incomplete} == {FlawKind.UNKNOWN}


@pytest.mark.parametrize(
    ("flaws", "incomplete", "inconclusive", "is_cut"),
    [
        ([], CUT, ELSEWHERE, True),
        ([SCRIPT], CUT, SCRIPT, True),
        ([PART], PART, ELSEWHERE, False),
        ([SCRIPT, PART], PART, SCRIPT, False),
        ([PART, CUT], PART, ELSEWHERE, True),
        ([SCRIPT, CUT, PART], CUT, SCRIPT, True),
    ],
)
def test_which_of_several_flaws_is_named_and_whether_the_last_row_may_be_cut(
    flaws: list[Flaw], incomplete: Flaw, inconclusive: Flaw, *, is_cut: bool
) -> None:
    assert worst_flaw(flaws, is_incomplete=True) == incomplete
    assert worst_flaw(flaws, is_incomplete=False) == inconclusive
    assert is_cut_short(flaws) is is_cut


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], None),
        ([Claim(ClaimKind.NEXT, "x")], None),
        ([Claim(ClaimKind.NEXT, "x"), Claim(ClaimKind.DEAD_END, "Next")], Flaw(FlawKind.DEAD_END, "Next")),
        ([Claim(ClaimKind.OTHER_PATH, "More"), Claim(ClaimKind.DEAD_END, "Next")], Flaw(FlawKind.OTHER_PATH, "More")),
    ],
)
def test_a_control_that_cannot_be_followed_is_a_flaw(claims: list[Claim], expected: Flaw | None) -> None:
    assert dead_end(claims) == expected
