"""When a listing is proven to repeat one of its own ancestors."""

from __future__ import annotations

import pytest

from crawler.model.values import Entry, Kind
from crawler.pipeline.rules.listings.loops import ALIKE, BARE, EQUAL, Fingerprint, Seen, loop, periods, seen


def listing(url: str, *names: str, row: str = "") -> Fingerprint:
    page = Fingerprint(url)
    page.add(
        Entry(
            name=name.rstrip("/"),
            kind=Kind.DIRECTORY if name.endswith("/") else Kind.FILE,
            url=url + name,
            row=row,
        )
        for name in names
    )
    return page


def chain(*pages: Fingerprint, way: str) -> tuple[list[Seen], Fingerprint]:
    """``pages`` from the root down. ``way`` names the directory that leads from each page to the next."""
    above = [seen(page, way[number % len(way)]) for number, page in enumerate(pages[:-1])]
    return above, pages[-1]


def tree(way: str, levels: int, *, files: int = 1, is_equal: bool = True) -> tuple[list[Seen], Fingerprint]:
    """The first ``levels`` listings of a tree in which the directories of ``way`` repeat in a cycle."""
    pages = []
    for number in range(levels):
        period = number % len(way)
        names = [f"{way[period]}/", *(f"{period}-{each}.txt" for each in range(files))]
        row = "today" if is_equal else f"{number} days ago"
        pages.append(listing(f"http://h/{number}/", *names, row=row))
    return chain(*pages, way=way)


@pytest.mark.parametrize("way", ["a", "ab", "abc"])
@pytest.mark.parametrize(
    ("files", "is_equal", "needed"),
    [(0, True, BARE), (0, False, BARE), (1, True, EQUAL), (1, False, ALIKE), (50, True, EQUAL), (50, False, ALIKE)],
)
def test_a_loop_is_proven_by_so_many_repetitions_and_not_by_one_less(
    way: str, files: int, is_equal: bool, needed: int
) -> None:
    period = len(way)
    for levels in range(1, period * needed + 3):
        above, last = tree(way, levels, files=files, is_equal=is_equal)
        repetitions = -(-(levels - period) // period)
        assert (loop(above, last) is not None) == (repetitions >= needed), levels
        assert (period in periods(above, last)) == (levels > period)


def test_the_url_is_that_of_the_nearest_ancestor_that_is_repeated() -> None:
    above, last = tree("ab", 2 * EQUAL + 1)
    assert loop(above, last) == above[-2].url


def test_a_break_in_the_repetition_begins_the_count_anew() -> None:
    pages = [listing(f"http://h/{number}/", "a/", "x") for number in range(2 * EQUAL)]
    pages[EQUAL - 1] = listing("http://h/other/", "a/", "y")
    assert loop(*chain(*pages, way="a")) is None
    assert loop(*chain(*pages, listing("http://h/last/", "a/", "x"), way="a")) is not None


def test_the_order_of_rows_does_not_hide_a_loop() -> None:
    orders = [("a/", "x"), ("x", "a/")]
    pages = [listing(f"http://h/{number}/", *orders[number % 2]) for number in range(EQUAL + 1)]
    assert loop(*chain(*pages, way="a")) is not None


def test_an_ancestor_that_responds_again_is_a_loop_whatever_it_shows() -> None:
    root = listing("http://h/", "up/", "a.txt")
    assert loop([seen(root, "up")], listing("http://h/", "up/", "b.txt")) == "http://h/"


@pytest.mark.parametrize(
    "names",
    [("b.txt",), ("a/", "c.txt"), ("x/", "b.txt"), ("a/", "b.txt/"), ("a", "b.txt"), ("a/",)],
    ids=["no folder", "one name differs", "another folder", "a file is a folder", "the folder is a file", "a part"],
)
def test_a_directory_that_differs_from_its_parent_is_not_even_followed(names: tuple[str, ...]) -> None:
    above = [seen(listing("http://h/", "a/", "b.txt"), "a")]
    assert periods(above, listing("http://h/a/", *names)) == []
    assert periods(above, listing("http://h/a/", "a/", "b.txt")) == [1]


def test_only_a_way_that_repeats_itself_is_a_loop() -> None:
    """Each directory shows the same two directories: the names that were entered decide."""
    ways = {"a": EQUAL + 1, "ab": 2 * EQUAL + 1, "abb": 3 * EQUAL + 1, "abbabaabbaababba": None}
    for way, levels in ways.items():
        pages = [listing(f"http://h/{number}/", "a/", "b/") for number in range(16)]
        proven = (number for number in range(1, 17) if loop(*chain(*pages[:number], way=way)) is not None)
        assert next(proven, None) == levels, way


def test_an_ancestor_is_known_by_the_url_of_its_response() -> None:
    root, below = listing("http://h/", "up/"), listing("http://h/up/", "up/", "b.txt")
    below.answered("http://h/")
    assert loop([seen(root, "up")], below) == "http://h/"
    assert seen(below, "up").url == "http://h/"


def test_siblings_with_equal_content_are_not_a_loop() -> None:
    root = listing("http://h/", "x/", "y/")
    leaf = listing("http://h/x/", "same.txt")
    assert (loop([seen(root, "x")], leaf), periods([seen(root, "x")], leaf)) == (None, [])
