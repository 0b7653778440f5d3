"""Which parameters of a link to the same directory select another page, and which another view."""

from __future__ import annotations

import pytest

from crawler.listings.html.pager.parameters import changed, differing, is_known, is_no_page, is_presentation, varying


@pytest.mark.parametrize(
    ("url", "own", "expected"),
    [
        ("?page=2", "", {"page": "2"}),
        ("?page=2&dir=a", "?page=1&dir=a", {"page": "2"}),
        ("?dir=", "", {"dir": ""}),
        ("", "?page=1", {}),
    ],
)
def test_what_a_link_changes(url: str, own: str, expected: dict[str, str]) -> None:
    assert changed(url, own) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?page=2", False),
        ("?page=", False),  # a page, whichever it is
        ("?Cursor=x", False),
        ("?x=5", False),
        ("?sort=size&x=5", False),
        ("?q=", True),  # of a search without a word
        ("?dir=a", True),
        ("?PATH=/a/b", True),
        ("?lang=de", True),
        ("?s=n", True),
        ("?s=20", False),
        ("?sb=name", True),
        ("?o=name", True),
        ("?v=2", True),
        ("?v=20", False),
        ("?limit=50", True),
        ("?cal=2026-09", True),
        ("?cal=2026-09-01", True),
        ("?cal=2026-9", False),
        ("?m=12&y=2026", True),
        ("?d=1&m=12&y=2026", True),
        ("?m=12&d=2", False),
        ("?m=12&y=x", False),
        ("?m=12", False),
        ("?x=12&y=2026", False),
        ("?hidden=1", True),
        ("?showhidden=true", True),
        ("?show_all=1", True),
        ("?hide=1", False),
        ("?direction=desc", True),
        ("?direction=next", False),
        ("?skin=2", True),
        ("?vote=2", True),
        ("", True),
        ("?id=7", True),  # the page has it, too
    ],
)
def test_which_links_may_show_the_same_rows(query: str, expected: bool) -> None:
    assert is_presentation(f"http://h/{query}", "http://h/?id=7") is expected


def test_names_of_parameters_are_known_in_any_case() -> None:
    assert [key for key in ("page", "PAGE", "Seite", "blatt", "") if is_known(key)] == ["page", "PAGE", "Seite"]


def test_parameters_with_several_values() -> None:
    assert varying(["?a=1&b=1", "?a=2&b=1", "?b=1&c=1"]) == {"a"}


@pytest.mark.parametrize(
    ("query", "number", "several", "expected"),
    [
        ("?nr=2", 2, "", "nr"),
        ("?view=2", 2, "", "view"),  # there is no other
        # the only one that the page itself has, and the link lacks
        ("?own=1", 1, "", "x"),
        # those with several values, then the known ones
        ("?nr=2&page=5", 2, "", "page"),
        ("?nr=2&page=5", 2, "nr", "nr"),
        ("?nr=2&page=2", 2, "nr page", "page"),
        ("?limit=2&nr=5", 2, "limit", "limit"),
        # then those that select no view
        ("?limit=2&nr=5", 2, "", "nr"),
        ("?s=2&nr=5", 2, "", "nr"),
        ("?s=20&nr=5", 20, "", "s"),
        # then those that are the number, counted from 1 or 0
        ("?cat=12&nr=2", 2, "", "nr"),
        ("?cat=12&nr=1", 2, "", "nr"),
        ("?cat=3&nr=1", 2, "", "nr"),
        ("?cat=0&nr=1", 2, "", "nr"),
        # nothing else
        ("?cat=a&nr=b", 2, "", ""),
        ("?own=1&x=3", 2, "", ""),
    ],
)
def test_which_parameter_selects_the_page(query: str, number: int, several: str, expected: str) -> None:
    assert differing(query, "?own=1&x=3", number, several.split()) == expected


def test_of_the_parameters_that_a_link_to_the_first_page_lacks_the_known_one_selects_it() -> None:
    assert differing("http://h/", "http://h/?cat=1&page=3", 1, ()) == "page"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?lang=de", True), ("?hl=fr&theme=dark", True), ("?mirror=2", True), ("?info", True), ("?LANG=de", True),
        ("?vote=2", True), ("?vote=2&file=a.iso", True), ("?file=a.iso&tar", True), ("?archive=true", True),
        ("?lang=de&x=abc", False), ("?lang=de&page=2", False), ("?rating=5&page=2", False), ("?x=2", False),
        ("?view=all", False), ("?hidden=1", False), ("?m=12&y=2026", False), ("?date=2026-09", False), ("", False),
        ("?direction=next", False), ("?downvoted=2", False),
    ],
)  # fmt: skip
def test_which_links_are_never_pages(query: str, expected: bool) -> None:
    assert is_no_page(f"http://h/{query}", "http://h/?id=7") is expected
    assert is_no_page(f"http://h/{query}", f"http://h/{query}") is False
