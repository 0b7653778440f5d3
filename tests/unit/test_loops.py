"""When a listing is taken for one of its own ancestors again."""

from __future__ import annotations

import pytest

from crawler.loops import Fingerprint, Seen, loop
from crawler.models import Entry, Kind


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


def seen(page: Fingerprint, child: str) -> Seen:
    return Seen(page.url, page.rows, page.names, child)


def test_the_same_rows_below_the_folder_we_came_through_are_a_loop() -> None:
    root = listing("http://h/", "loop/", "a.txt", row="today")
    again = listing("http://h/loop/", "loop/", "a.txt", row="today")
    assert loop([seen(root, "loop")], again) == "http://h/"


def test_the_order_of_rows_does_not_hide_a_loop() -> None:
    root = listing("http://h/", "a.txt", "loop/")
    assert loop([seen(root, "loop")], listing("http://h/loop/", "loop/", "a.txt")) == "http://h/"


def test_an_ancestor_that_answers_again_is_a_loop_whatever_it_shows() -> None:
    root = listing("http://h/", "up/", "a.txt")
    assert loop([seen(root, "up")], listing("http://h/", "up/", "b.txt")) == "http://h/"


@pytest.mark.parametrize(
    "page",
    [
        listing("http://h/a/", "b.txt"),
        listing("http://h/a/", "a/", "c.txt"),
        listing("http://h/a/", "a/", "b.txt", row="other times"),
    ],
    ids=["other names", "one name differs", "other rows"],
)
def test_a_folder_that_resembles_its_parent_is_no_loop(page: Fingerprint) -> None:
    assert loop([seen(listing("http://h/", "a/", "b.txt"), "a")], page) is None


def test_names_that_repeat_with_changing_rows_are_a_loop_after_three_ancestors() -> None:
    above = []
    for depth in range(4):
        page = listing("http://h/" + "a/" * depth, "a/", "b.txt", row=str(depth))
        found = loop(above, page)
        assert (found is not None) == (depth >= 3)
        above.append(seen(page, "a"))


def test_siblings_with_equal_content_are_no_loop() -> None:
    root = listing("http://h/", "x/", "y/")
    leaf = listing("http://h/x/", "same.txt")
    assert loop([seen(root, "x")], leaf) is None
