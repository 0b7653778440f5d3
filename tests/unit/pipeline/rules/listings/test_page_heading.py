"""The heading of a page, and what of it stays the same while its numbers and dates change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.state.surroundings import Surroundings
from crawler.pipeline.rules.listings.page_heading import (
    CHANGES,
    changing_parts,
    heading_of,
    is_same,
    settled,
    with_doubt,
    with_heading,
)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"", ""),
        (b"<pre><a href=a>a</a></pre>", ""),
        (b"<title>Index of /pub</title><h1>Index of /pub</h1>", "Index of /pub"),
        (b"<TITLE>Index\n of </TITLE><H1 class=x><a href=/>pub</a> / <b>x</b></H1>", "Index of | pub / x"),
        (b"<title>a</title><title>b</title><h1>c</h1><h1>d</h1>", "a | c"),
        (b"<h1>c</h1><title>a</title>", "c | a"),
        (b"<title></title><h1>Log in</h1>", "Log in"),
        (b"<title>not closed <h1>c</h1>", "c"),
        (b"<titles>a</titles><h1>\xe9</h1>", "\ufffd"),
        (b"<h1>" + b"x" * 500 + b"</h1>", "x" * 200),
        (b" " * 16_384 + b"<h1>c</h1>", ""),
    ],
)
def test_the_heading_is_the_first_title_and_the_first_heading(page: bytes, expected: str) -> None:
    assert heading_of(page) == expected


@pytest.mark.parametrize(
    ("heading", "other", "is_same"),
    [
        ("Index of /pub", "index of /PUB", True),
        ("/pub (1 file, 3 KB)", "/pub (212 files, 1.5 GiB)", True),
        ("Files as of Monday, 30 November 2026", "Files as of Tuesday, 1 December 2026", True),
        ("Page 1 of 3", "Page 2 of 4", True),
        ("Index of /pub", "Index of /other", False),
        ("Index of /pub", "Log in", False),
        ("Index of /pub", "", False),
    ],
)
def test_numbers_and_dates_do_not_make_another_heading(heading: str, other: str, *, is_same: bool) -> None:
    assert (settled(heading) == settled(other)) is is_same


def test_what_is_remembered_of_a_heading() -> None:
    assert settled("Index of /Pub: 12 Files, 3.5 GiB, Monday 1 Dec") == "index of /pub: 0, 0, 0 0"


def after(*headings: str) -> Surroundings:
    """What is remembered of a page that had ``headings`` while no row was missing."""
    known = Surroundings(texts="x", doubts=1)
    for heading in headings:
        known = with_heading(known, heading, is_lossy=False)
    return known


TUESDAY, WEDNESDAY, THURSDAY = (f"index of /pub (dien{day}stag)" for day in "xyz")


@pytest.mark.parametrize(
    ("before", "heading", "same"),
    [
        ([], "", True),
        ([], "log in", False),
        ([TUESDAY], TUESDAY, True),
        ([TUESDAY], WEDNESDAY, False),
        ([TUESDAY, WEDNESDAY], THURSDAY, False),
        ([TUESDAY, WEDNESDAY, TUESDAY], THURSDAY, True),
        ([TUESDAY, TUESDAY, WEDNESDAY, WEDNESDAY, TUESDAY], THURSDAY, True),
        ([TUESDAY, WEDNESDAY, TUESDAY], "index of /pub", False),
        ([TUESDAY, WEDNESDAY, TUESDAY], "", False),
        ([TUESDAY, WEDNESDAY, TUESDAY], "log in", False),
        ([TUESDAY, WEDNESDAY, TUESDAY], "index of /other", False),
        ([TUESDAY, WEDNESDAY, "log in"], THURSDAY, False),
        ([TUESDAY, WEDNESDAY, TUESDAY, "log in"], TUESDAY, False),
        ([TUESDAY, WEDNESDAY, "log in", TUESDAY, WEDNESDAY], THURSDAY, False),
        (["a.zip", "b.bin", "c.iso"], "log in", False),  # nothing is left of it
        (["acme files", "acme news", "acme docs"], "acme log in", False),  # or less than half
        (["newest: a | downloads", "newest: b | downloads", "newest: c | downloads"], "newest: d | downloads", True),
        (["newest: a | downloads", "newest: b | downloads", "newest: c | downloads"], "newest: d", False),
        (["newest: a | the newest: a", "newest: b | the newest: b", "newest: c | the newest: c"],
         "newest: d | the newest: d", True),
        (["index (a) of pub", "index (b) of pub", "index (c) of pub"], "index (d) of pub", True),
        (["index (a) of pub", "index (b) of pub", "index (c) of pub"], "index (d) of bup", False),
        (["index (a) of pub", "index (b) of pub", "index (c) or pub"], "index (d) or pub", True),
        (["index (a) of pub", "index (b) of pub", "index (c) or pub"], "index (d) on tub", False),
        (["abcd 1234", "abcd 5678", "abcd 9000"], "abcd 0999", True),
        (["abc-123", "abc-456", "abc-789"], "abc-00000", False),  # what is left is half of it, and not more
        (["abcd 1", "abcd 2 | b", "abcd 3 | b"], "abcd 4 | b", False),  # other parts begin anew
    ],
)  # fmt: skip
def test_a_heading_that_changes_is_the_same_one_as_long_as_the_rest_is(
    before: list[str], heading: str, *, same: bool
) -> None:
    assert is_same(after(*before), heading) is same


def test_what_is_remembered_besides_the_heading_stays() -> None:
    known = after(TUESDAY)
    assert known == Surroundings(TUESDAY, "x", 1)
    assert with_heading(known, TUESDAY, is_lossy=False) == known
    changed = with_heading(known, WEDNESDAY, is_lossy=False)
    assert (changed.heading, changed.texts, changed.doubts, changed.changes) == (WEDNESDAY, "x", 1, 1)
    assert with_heading(known, WEDNESDAY, is_lossy=True).changes == 0, "it may be another page"


@given(
    st.lists(st.text(alphabet="abcd -", min_size=1, max_size=8), min_size=CHANGES + 1, max_size=9),
    st.text(alphabet="xy ", max_size=12), st.text(alphabet="pq /", max_size=12),
)  # fmt: skip
@settings(max_examples=60)
def test_what_varies_is_found_wherever_it_stands(parts: list[str], start: str, end: str) -> None:
    headings = [f"{start}{part}{end}" for part in parts]
    known = after(*headings)
    is_most = all(2 * len(start + end) > len(heading) for heading in headings)
    changes = sum(one != other for one, other in pairwise(headings))
    assert is_same(known, headings[-1])
    assert not is_most or changes < CHANGES or all(is_same(known, heading) for heading in headings)
    assert not is_same(known, "Log in, please")


def test_a_heading_that_differs_in_each_doubted_visit_changes_always() -> None:
    known = after(TUESDAY)
    for _ in range(9):
        known = with_doubt(known, WEDNESDAY)
        assert not is_same(known, WEDNESDAY), "it stays, as that of an error does"
    known = with_doubt(known, THURSDAY)
    assert is_same(known, WEDNESDAY)
    assert known.heading == TUESDAY
    assert with_heading(known, TUESDAY, is_lossy=True).doubted == ""


def test_a_doubted_heading_that_has_little_in_common_tells_nothing() -> None:
    known = after(TUESDAY)
    for heading in ("log in", "sign in", ""):
        assert with_doubt(known, heading) == known


@pytest.mark.parametrize(
    ("changes", "parts"), [(0, ()), (CHANGES - 1, ()), (CHANGES, ["a b", "c"]), (CHANGES + 1, ["a b", "c"])]
)
def test_the_parts_of_a_heading_that_is_known_to_change_are_no_news(changes: int, parts: Sequence[str]) -> None:
    assert changing_parts(Surroundings(changes=changes), "a b | c") == parts


def test_a_heading_that_counts_is_not_doubted_any_more() -> None:
    doubted = with_doubt(after(TUESDAY), WEDNESDAY)
    assert (doubted.doubted, doubted.common) == (WEDNESDAY, "index of /pub (dien\nstag)")
    assert with_heading(doubted, THURSDAY, is_lossy=False).doubted == ""
