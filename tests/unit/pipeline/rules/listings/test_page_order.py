"""Where pages belong by their URLs, and which of them cannot be the end of a listing because they show nothing new."""

from __future__ import annotations

import pytest

from crawler.pipeline.rules.listings.page_order import PageOrder

ROOT = "http://h.test/pub/"


def number(value: object) -> str:
    return f"{ROOT}?page={value}"


def order(new: tuple[str, ...] = (), idle: tuple[str, ...] = ()) -> PageOrder:
    found = PageOrder()
    for url in new:
        found.passed_by(url)
    for url in idle:
        found.is_passed(url, is_misplaced=False)
    return found


@pytest.mark.parametrize(
    ("rows", "is_idle", "has_ended"),
    [
        ([True], False, False),
        ([True, False], True, False),
        ([True, False, False], True, True),
        ([True, False, False, False], True, True),
        ([True, False, True, False], True, False),
        ([True, False, False, True], False, False),
    ],
)
def test_two_pages_in_a_row_without_new_rows_end_the_links(rows: list[bool], *, is_idle: bool, has_ended: bool) -> None:
    found = PageOrder()
    for is_new in rows:
        found.count(is_new=is_new)
    assert (found.is_idle, found.has_ended) == (is_idle, has_ended)


@pytest.mark.parametrize(
    ("lengths", "is_short"),
    [
        ([], False),
        ([3], False),
        ([3, 3], False),
        ([3, 2], True),
        ([3, 2, 3], False),
        ([3, 4], False),
        ([2, 3, 1], True),
    ],
)
def test_a_page_is_short_if_the_first_one_has_more_rows(lengths: list[int], *, is_short: bool) -> None:
    found = PageOrder()
    for length in lengths:
        found.measure(length)
    assert found.is_short is is_short


@pytest.mark.parametrize(
    ("idle", "url", "lost"),
    [
        ((), number(3), None),
        ((number(2),), number(3), number(2)),  # it comes before the page with new rows, and was not filled
        ((number(4),), number(3), None),  # it comes after it
        ((number("t1"),), number("t2"), number("t1")),  # tokens: in the order in which they were read
        ((f"{ROOT}?view=2",), number(3), None),  # another view
        ((f"{ROOT}?view=2", number(2), number(1)), number(3), number(2)),
    ],
)
def test_a_page_with_new_rows_passes_those_before_it_that_have_none(
    idle: tuple[str, ...], url: str, lost: str | None
) -> None:
    found = order((ROOT,), idle)
    assert found.passed_by(url) == lost
    assert found.new == [ROOT, url]


@pytest.mark.parametrize(
    ("new", "url", "is_misplaced", "is_passed"),
    [
        ((ROOT, number(3)), number(2), False, True),  # a page after it has rows
        ((ROOT, number(3)), number(4), False, False),  # the end
        ((ROOT, number(3)), number(4), True, True),
        ((ROOT,), number(2), True, False),  # no other page of the pager is known
        ((number(1), f"{ROOT}?view=3"), number(2), True, False),  # another view
        ((ROOT, number("a")), number("b"), False, False),
        ((ROOT, number("a")), number("b"), True, True),
    ],
)
def test_a_page_without_new_rows_is_the_end_unless_others_come_after_it_or_lead_there(
    new: tuple[str, ...], url: str, *, is_misplaced: bool, is_passed: bool
) -> None:
    assert order(new).is_passed(url, is_misplaced=is_misplaced) is is_passed


@pytest.mark.parametrize(
    ("new", "others", "expected"),
    [
        ((number("a"),), (), True),
        ((number(1),), (), False),
        ((number("a"),), (number(4),), False),
        ((number("a"),), (number("b"),), True),
        ((number("a"), number(1)), (), False),
    ],
)
def test_nothing_orders_a_page_if_no_other_one_differs_in_a_number(
    new: tuple[str, ...], others: tuple[str, ...], *, expected: bool
) -> None:
    assert order(new).is_unordered(number(2), others) is expected


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ({}, []),
        ({number(2): number(3)}, [number(2)]),
        ({number(1): number(3)}, []),  # another URL of the first page
        ({number(0): number(3)}, []),
        ({ROOT: number(3)}, []),  # the first page
        ({number("a"): number("b")}, [number("a")]),
        ({number(2): number(3), number(4): number(5)}, [number(2), number(4)]),
    ],
)
def test_pages_before_others_are_read_unless_they_are_the_first_one(back: dict[str, str], expected: list[str]) -> None:
    assert list(order((ROOT, number(3))).before(back)) == expected


def test_a_first_number_is_that_of_the_first_page_only_if_it_is_less_than_all_others() -> None:
    assert list(order((ROOT, number(1))).before({number(1): number(2)})) == [number(1)]
    assert list(order((ROOT, number(2), number(0))).before({number(1): number(2)})) == [number(1)]
    assert list(order((ROOT,)).before({number(1): number(2)})) == []
