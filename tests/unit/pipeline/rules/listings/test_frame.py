"""Which changes of a page show that its listing is not whole, if rows that were known are on none of its pages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.struct import replace
from crawler.pipeline.rules.listings.frame import Look, SeenPage, is_replaced, look_of, unlike
from crawler.pipeline.rules.listings.shown_rows import OwnRows

ROOT = "http://h.test/pub/"
FULL = Look(key=1, rows=7, leads_on=True, branches=False, leads_back_to_itself=False, has_links=True, place=0)
LAST = replace(FULL, key=3, rows=3, leads_on=False)
ALONE = replace(LAST, has_links=False)
EMPTY = replace(LAST, key=0, rows=0)
STRAY = replace(FULL, leads_back_to_itself=True)
SHORT = replace(FULL, rows=4)
AGAIN = replace(SHORT, rows=0, leads_on=False)


def pages(now: Sequence[Look], known: Sequence[Look | None], *, is_opaque: bool = False) -> list[SeenPage]:
    urls = [ROOT, *(f"{ROOT}?page={f't{n * 7919 % 10007}x' if is_opaque else n}" for n in range(2, len(now) + 1))]
    return [SeenPage(url=url, now=now, known=was) for url, now, was in zip(urls, now, known, strict=True)]


@pytest.mark.parametrize(
    ("now", "known", "why"),
    [
        ([FULL, FULL, LAST], [FULL, FULL, LAST], ""),
        ([FULL, FULL, LAST], [None, None, None], ""),
        ([FULL, LAST], [FULL, FULL], ""),
        ([LAST], [FULL], ""),
        ([STRAY, FULL, LAST], [FULL, FULL, LAST], "links of another page"),
        ([STRAY, FULL, LAST], [STRAY, FULL, LAST], ""),
        ([STRAY, FULL, LAST], [replace(LAST, has_links=False), None, None], ""),  # it was the only page
        ([FULL, STRAY, LAST], [FULL, FULL, LAST], "links of another page"),
        ([replace(STRAY, leads_on=False)], [FULL], "links of another page"),
        ([replace(STRAY, leads_on=False)], [ALONE], "links of another page"),  # the last of the pages that it has now
        ([FULL, FULL, EMPTY], [FULL, FULL, LAST], "no rows of its own"),
        ([FULL, FULL, EMPTY], [FULL, FULL, EMPTY], ""),
        ([FULL, FULL, EMPTY], [FULL, FULL, None], ""),
        ([FULL, FULL, EMPTY], [FULL, replace(FULL, leads_on=False), None], "no rows of its own"),
        ([FULL, SHORT, EMPTY], [FULL, replace(SHORT, leads_on=False), None], ""),  # now "Next" is on every page
        ([FULL, SHORT, AGAIN], [FULL, replace(SHORT, leads_on=False), None], "no rows of its own"),
        ([FULL, SHORT, replace(AGAIN, leads_on=True)], [FULL, replace(SHORT, leads_on=False), None], ""),
        ([FULL, SHORT, AGAIN], [FULL, SHORT, None], ""),  # no page was the last one
        ([FULL, STRAY, LAST], [FULL, replace(FULL, has_links=False), LAST], ""),  # it had no pager
        ([FULL, STRAY, LAST], [FULL, replace(EMPTY, has_links=True), LAST], ""),  # it followed the last one
        ([FULL, FULL, EMPTY], [FULL, FULL, replace(LAST, leads_on=True)], ""),  # "Next" on every page
        ([EMPTY, FULL, LAST], [FULL, FULL, LAST], "no rows of its own"),
        ([EMPTY], [FULL], ""),
        ([FULL, SHORT, LAST], [FULL, FULL, LAST], "fewer rows"),
        ([FULL, SHORT, LAST], [FULL, SHORT, LAST], ""),
        ([FULL, SHORT, FULL, LAST], [None, FULL, SHORT, LAST], ""),
        ([SHORT, SHORT, LAST], [FULL, FULL, LAST], ""),  # shorter pages
        ([SHORT, LAST], [FULL, LAST], "fewer rows"),
        ([SHORT, FULL, replace(LAST, rows=7)], [FULL, FULL, replace(LAST, rows=7)], "fewer rows"),
        ([replace(SHORT, branches=True), FULL, FULL], [FULL, FULL, FULL], "fewer rows"),
        ([FULL, SHORT], [FULL, FULL], ""),
        ([replace(FULL, place=1), replace(FULL, place=3), LAST], [FULL, replace(FULL, place=2), LAST], "number"),
        ([replace(FULL, place=1), replace(FULL, place=2), LAST], [FULL, replace(FULL, place=2), LAST], ""),
        ([replace(FULL, place=2), LAST], [ALONE, None], "number"),  # a pager has been added, and this is not the first
        ([replace(FULL, place=1), LAST], [ALONE, None], ""),
        ([FULL, replace(FULL, place=2)], [FULL, FULL], ""),
    ],
)
@pytest.mark.parametrize("is_opaque", [False, True])
def test_a_page_that_has_changed_like_none_that_is_right(
    now: Sequence[Look], known: Sequence[Look | None], why: str, *, is_opaque: bool
) -> None:
    seen = pages(now, known, is_opaque=is_opaque)
    had_end = any(look is not None and look.rows and not look.leads_on for look in known)
    flaw = unlike(seen, is_lossy=True, had_end=had_end)
    assert (flaw is not None) is bool(why)
    assert flaw is None or why in flaw.quote
    assert unlike(seen, is_lossy=False, had_end=had_end) is None, "all rows are there"


@pytest.mark.parametrize("has_links", [False, True])
@pytest.mark.parametrize("is_linked", [False, True])
def test_an_empty_page_without_links_follows_no_page_but_the_last_one(*, is_linked: bool, has_links: bool) -> None:
    *others, last = pages([FULL, FULL, replace(EMPTY, has_links=has_links)], [FULL, FULL, FULL])
    flaw = unlike([*others, replace(last, is_linked=is_linked)], is_lossy=True, had_end=False)
    assert (flaw is not None) is (is_linked and not has_links)


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("had_overlaps", [False, True])
def test_a_row_is_on_two_pages_if_one_of_them_is_of_another_time(place: int, *, had_overlaps: bool) -> None:
    seen = pages([FULL, replace(FULL, key=2), LAST], [FULL, FULL, LAST])
    seen[place] = replace(seen[place], overlaps=True)
    flaw = unlike(seen, is_lossy=True, had_end=True, had_overlaps=had_overlaps)
    expected = Flaw(FlawKind.UNLIKE, f"{seen[place].url}: some of its rows are on another page, too")
    assert flaw == (None if had_overlaps else expected)
    assert unlike(seen, is_lossy=False, had_end=True, had_overlaps=had_overlaps) is None


def test_a_short_page_may_be_the_last_one_if_neither_links_nor_numbers_tell() -> None:
    middle = replace(SHORT, branches=True)
    known = [replace(FULL, branches=True)] * 3
    assert unlike(pages([known[0], middle, known[0]], known, is_opaque=True), is_lossy=True, had_end=False) is None
    assert unlike(pages([known[0], middle, known[0]], known), is_lossy=True, had_end=False) is not None


SECOND = replace(FULL, key=2)
COPY = replace(SECOND, rows=0)
"""The second page as it is read later: all of its rows have been shown in place of the first one."""
NUMBER, TOKEN = f"{ROOT}?page=2", f"{ROOT}?page=t16c7z"


def replaced(
    page: Look, by: Look, known: Look | None, *, url: str = NUMBER, is_first: bool = True, is_familiar: bool = True
) -> bool:
    first = SeenPage(url=ROOT, now=page, known=FULL)
    return is_replaced(first, SeenPage(url=url, now=by, known=known), is_first=is_first, is_familiar=is_familiar)


@pytest.mark.parametrize(
    ("page", "by", "known", "expected"),
    [
        (SECOND, COPY, SECOND, True),
        (SECOND, COPY, replace(SECOND, key=8), True),  # rows have moved from page to page
        (SECOND, COPY, None, False),  # a new page
        (SECOND, COPY, COPY, False),  # it had no rows of its own: another URL of the first page, or the end
        (SECOND, replace(COPY, key=3), SECOND, False),  # other rows
        (SECOND, SECOND, SECOND, False),  # rows that no page has shown before
        (COPY, COPY, SECOND, False),  # both repeat another one
    ],
)
def test_a_page_in_whose_place_another_one_was_sent(
    page: Look, by: Look, known: Look | None, *, expected: bool
) -> None:
    assert replaced(page, by, known) is expected


@pytest.mark.parametrize("is_familiar", [False, True])
@pytest.mark.parametrize("url", [NUMBER, TOKEN])
@pytest.mark.parametrize("has_back", [False, True])
def test_rows_that_are_all_new_may_be_those_of_the_first_page_unless_its_number_leads_to_one_with_links_back(
    *, is_familiar: bool, url: str, has_back: bool
) -> None:
    by = replace(COPY, has_back=has_back)
    expected = is_familiar or (has_back and url == NUMBER)
    assert replaced(SECOND, by, SECOND, url=url, is_familiar=is_familiar) is expected
    assert not replaced(SECOND, by, SECOND, url=url, is_familiar=False, is_first=False)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("now", ["", "on", "back"])
@pytest.mark.parametrize("page", [False, True])
@pytest.mark.parametrize("is_first", [False, True])
def test_links_back_tell_what_was_sent_but_in_place_of_the_first_page(
    *, known: bool, now: str, page: bool, is_first: bool
) -> None:
    by = replace(COPY, has_links=bool(now), has_back=now == "back")
    was_stripped = known and not now  # it is what follows the last page, so that what was read before may be the last
    assert replaced(replace(SECOND, has_back=page), by, replace(SECOND, has_back=known), is_first=is_first) is (
        not was_stripped and (is_first or not (page or now == "back"))
    )


BACK = replace(FULL, has_back=True)
SAID = replace(BACK, has_previous=True)
BARE = replace(ALONE, key=5)


@pytest.mark.parametrize(
    ("now", "known", "expected"),
    [
        ([BACK, BARE], [BACK, BACK], True),
        ([BACK, BARE], [BACK, FULL], False),  # a link forward alone: now it is the last page
        ([BACK, BARE], [BACK, None], False),  # a new page
        ([BACK, replace(BARE, has_links=True)], [BACK, BACK], False),
        ([BACK, replace(BARE, rows=0)], [BACK, BACK], False),  # what follows the last page
        ([FULL, BARE], [BACK, BACK], False),  # now no page has links back
        ([FULL, BARE], [FULL, BACK], False),  # one alone had them
        ([FULL, BARE], [FULL, SAID], True),
        ([BARE], [SAID], True),
        ([BARE, BARE], [SAID, SAID], False),  # now no page has links back
        ([BARE, BARE], [SAID, BACK], False),
        ([SAID], [SAID], False),
        ([replace(BARE, rows=0)], [SAID], False),
        ([LAST], [SAID], False),
        ([BARE], [BACK], False),  # one number beside the current one may be no pager
        ([BACK, BARE, BACK], [BACK, BACK, BACK], True),
        ([BACK, BARE, BARE], [BACK, BACK, BACK], False),
        ([BACK, BACK, BACK], [BACK, BACK, BACK], False),
    ],
)
def test_one_page_alone_that_has_lost_its_links_back_was_not_the_last_one(
    now: list[Look], known: list[Look | None], *, expected: bool
) -> None:
    seen = pages([FULL, *now], [FULL, *known])
    flaw = unlike(seen, is_lossy=True, had_end=False)
    found = flaw is not None and "its links to other pages are gone" in flaw.quote
    assert found is expected


def test_the_look_of_a_page_leaves_out_links_to_itself() -> None:
    url, rows = f"{ROOT}?page=2", OwnRows(key=9, count=7)
    back = (Claim(ClaimKind.BACK, ROOT), Claim(ClaimKind.PLACE, number=2))
    look = look_of(url, rows, [url, f"{ROOT}?page=3"], back, ROOT)
    assert look == Look(
        key=9, rows=7, leads_on=True, branches=False, leads_back_to_itself=False, has_links=True, place=2,
        has_back=True,
    )  # fmt: skip
    assert look_of(url, rows, [], [*back, Claim(ClaimKind.PREVIOUS)], ROOT).has_previous
    assert look_of(url, rows, [url, ROOT], (), ROOT).leads_on is False
    assert look_of(url, rows, [], (Claim(ClaimKind.BACK, url),), ROOT).leads_back_to_itself
    assert look_of(ROOT, rows, [], back, ROOT).leads_back_to_itself
