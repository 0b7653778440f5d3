"""What a page looks like, what a flaw of the frame says, and which short page may be the last one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.pipeline.rules.listings.frame import Look, SeenPage, is_odd_end, look_of, unlike
from crawler.pipeline.rules.listings.shown_rows import OwnRows

ROOT, TWO, THREE = "http://h.test/pub/", "http://h.test/pub/?page=2", "http://h.test/pub/?page=3"
LETTERS = ("http://h.test/pub/?page=x", "http://h.test/pub/?page=k")


def place(number: int) -> Claim:
    return Claim(ClaimKind.PLACE, number=number)


@pytest.mark.parametrize(
    ("url", "following", "claims", "expected"),
    [
        (ROOT, [], (), set()),
        (ROOT, [ROOT], (), set()),
        (TWO, [ROOT], (), set()),  # the first page follows none
        (ROOT, [TWO], (), {"on", "linked"}),
        (ROOT, [TWO, THREE], (), {"on", "linked", "branches"}),
        (ROOT, [], (Claim(ClaimKind.BACK, TWO),), {"to itself", "back", "linked"}),  # nothing comes before it
        (TWO, [], (Claim(ClaimKind.BACK, ROOT),), {"back", "linked"}),
        (TWO, [], (Claim(ClaimKind.BACK, ROOT), Claim(ClaimKind.BACK, TWO)), {"to itself", "back", "linked"}),
        (TWO, [], (place(2),), {"back", "linked", "place"}),
        (TWO, [], (place(2), place(3)), {"back", "linked"}),  # it says two things
        (TWO, [], (Claim(ClaimKind.NEXT),), set()),
    ],
)
def test_the_look_of_a_page(url: str, following: list[str], claims: tuple[Claim, ...], expected: set[str]) -> None:
    look = look_of(url, OwnRows(1, 7), following, claims, ROOT)
    found = {
        "on": look.leads_on, "branches": look.branches, "to itself": look.leads_back_to_itself, "back": look.has_back,
        "linked": look.has_links, "place": look.place == 2,
    }  # fmt: skip
    assert {name for name, holds in found.items() if holds} == expected
    assert (look.key, look.rows, look.place) == (1, 7, 2 if "place" in expected else 0)


def look(rows: int, **changed: bool | int) -> Look:
    usual = {
        "key": 1,
        "leads_on": True,
        "branches": False,
        "leads_back_to_itself": False,
        "has_links": True,
        "place": 0,
    }
    return Look(rows=rows, **{**usual, **changed})  # type: ignore[arg-type]


def flaw(now: Sequence[Look], known: Sequence[Look], urls: Sequence[str], *, had_end: bool = False) -> Flaw | None:
    pages = [SeenPage(url=url, now=each, known=was) for url, each, was in zip(urls, now, known, strict=True)]
    return unlike(pages, is_lossy=True, had_end=had_end)


@pytest.mark.parametrize(
    ("now", "known", "had_end", "words"),
    [
        (
            [look(7), look(7, leads_back_to_itself=True)],
            [look(7)] * 2,
            False,
            f"{TWO}: it has the links of another page",
        ),
        ([look(7), look(7, place=3)], [look(7), look(7, place=2)], False, f"{TWO}: it has the number of another page"),
        ([look(0), look(7)], [look(7)] * 2, False, f"{ROOT}: it has no rows of its own"),
        ([look(7), look(0)], [look(7)] * 2, True, f"{TWO}: it has no rows of its own"),
        ([look(7), look(0)], [look(7)] * 2, False, None),  # "Next" was on every page
        ([look(4), look(3)], [look(7), look(3)], False, f"{ROOT}: fewer rows than there were on a page"),
        ([look(0)], [look(7)], True, None),
        (
            [look(7), look(7, has_back=True), look(7, has_links=False)],
            [look(7, has_back=True)] * 3,
            False,
            f"{THREE}: its links to other pages are gone",
        ),
    ],
)
def test_a_flaw_names_the_page_and_what_is_wrong_with_it(
    now: list[Look], known: list[Look], had_end: bool, words: str | None
) -> None:
    expected = None if words is None else Flaw(FlawKind.UNLIKE, words)
    assert flaw(now, known, [ROOT, TWO, THREE][: len(now)], had_end=had_end) == expected


@pytest.mark.parametrize("is_opaque", [False, True])
@pytest.mark.parametrize(
    ("lengths", "short"),
    [((7, 7, 4), None), ((7, 4, 7), 1), ((4, 7, 7), 0), ((7, 4, 4), 1), ((7, 7, 7), None), ((4, 4, 4), None)],
)
def test_of_pages_that_all_lead_on_the_last_one_may_be_short(
    lengths: tuple[int, ...], short: int | None, is_opaque: bool
) -> None:
    urls = [ROOT, *(LETTERS if is_opaque else (TWO, THREE))]
    words = None if short is None else f"{urls[short]}: fewer rows than there were on a page"
    expected = None if words is None else Flaw(FlawKind.UNLIKE, words)
    assert flaw([look(rows) for rows in lengths], [look(7)] * 3, urls) == expected


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_new_page_without_rows_does_not_follow_pages_of_equal_length_that_had_an_end(count: int) -> None:
    urls = [ROOT, TWO, THREE, f"{ROOT}?page=4"][:count]
    pages = [SeenPage(url=url, now=look(7), known=look(7)) for url in urls]
    pages[-1] = SeenPage(url=urls[-1], now=look(0), known=None)
    expected = Flaw(FlawKind.UNLIKE, f"{urls[-1]}: it has no rows of its own")
    assert unlike(pages, is_lossy=True, had_end=True) == expected
    assert unlike(pages, is_lossy=True, had_end=False) is None
    pages[-1] = SeenPage(url=urls[-1], now=look(7), known=None)
    assert unlike(pages, is_lossy=True, had_end=True) is None, "it has rows"
    pages[-1] = SeenPage(url=urls[-1], now=look(0), known=look(0))
    assert unlike(pages, is_lossy=True, had_end=True) is None, "it was there"


SAME, LAST = look(7, key=5), look(0, key=5, leads_on=False)


@pytest.mark.parametrize(
    ("now", "known", "expected"),
    [
        ([SAME, LAST], [SAME, None], True),
        ([look(7), SAME, LAST], [look(7), SAME, None], True),
        ([SAME, LAST], [SAME, look(0)], False),  # it was known
        ([SAME, look(7, key=5, leads_on=False)], [SAME, None], False),  # it has rows of its own
        ([look(7), LAST], [SAME, None], False),  # those of another page
        ([SAME, look(0, key=5)], [SAME, None], False),  # it leads on
        ([look(7, key=5, leads_on=False), LAST], [SAME, None], False),  # nothing leads to it
        ([SAME, look(7), LAST], [SAME, look(7), None], False),  # not those of the page before
        ([LAST], [None], False),
    ],
)
def test_the_end_is_odd_if_it_repeats_the_page_before_that_leads_on(
    now: list[Look], known: list[Look | None], *, expected: bool
) -> None:
    urls = [ROOT, TWO, THREE]
    assert is_odd_end([SeenPage(url=urls[n], now=each, known=known[n]) for n, each in enumerate(now)]) is expected
