"""The heading of a page, and what of it stays the same while its numbers and dates change."""

from __future__ import annotations

import pytest

from crawler.pipeline.rules.listings.page_heading import heading_of, settled


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
