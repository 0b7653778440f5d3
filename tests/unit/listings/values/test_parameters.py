"""Possible path parameters (``;jsessionid=…``, ``;type=i``) are part of the name if the page shows them in it."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import parse_listing
from crawler.listings import parse_without_grammar
from crawler.listings.html.tree.unescaped_names import is_part_of_name
from tests.support.misbehaving.pages import Row, apache, nginx, python
from tests.unit.listings.html.test_rows import fancyindex

SHAPES = {"nginx": nginx, "apache": apache, "python": python, "fancyindex": fancyindex}
PARAMETERS = (";jsessionid=1", ";sid=1", ";PHPSESSID=1", ";aspsessionidX=2", ";type=i", ";sid=9.txt", ";sid=1;type=a")
MIXED = (("a;sid=1", "a;sid=1"), ("b.bin;jsessionid=1", "b.bin"), ("c;type=i", "c"), ("d;sid=7/", "d;sid=7/"))


def names(shape: str, *rows: tuple[str, str], where: str = "/pub/", repeat: int = 0) -> list[list[str]]:
    """The names by the first parser that recognises the page, and by the tree."""
    shown = [Row(href=href, size=None if text.endswith("/") else 5, mtime=1e9, text=text) for href, text in rows]
    shown += [Row(href=f"{n:05}", size=5, mtime=1e9, text=f"{n:05}") for n in range(repeat)]
    body, url = SHAPES[shape](where, shown), f"http://h{where}"
    listings = [reader(body, url, "text/html; charset=utf-8") for reader in (parse_listing, parse_without_grammar)]
    assert all(listing.is_listing for listing in listings)
    return [[entry.name for entry in listing.entries][: len(rows)] for listing in listings]


@pytest.mark.apart
@pytest.mark.parametrize(("shape", "parameter", "end"), list(product(SHAPES, PARAMETERS, ("", "/"))))
def test_the_name_is_as_shown(shape: str, parameter: str, end: str) -> None:
    pair = [f"a{end}", f"a{parameter}{end}"]
    wanted = [name.rstrip("/") for name in pair]
    assert names(shape, *((name, name) for name in pair)) == [wanted] * 2
    assert names(shape, *((name, name) for name in pair[::-1])) == [wanted[::-1]] * 2
    plain = [[f"b{'.bin' * (not end)}"]] * 2
    if "9" not in parameter or not end:
        assert names(shape, (f"{plain[0][0]}{parameter}{end}", f"{plain[0][0]}{end}")) == plain


@pytest.mark.parametrize("shape", SHAPES)
def test_each_row_is_judged_separately_however_long_the_page_is(shape: str) -> None:
    wanted = ["a;sid=1", "b.bin", "c", "d;sid=7"]
    for repeat in (0, 1, 2_500):
        assert names(shape, *MIXED, repeat=repeat) == [wanted] * 2


@pytest.mark.parametrize("shape", SHAPES)
def test_a_directory_with_such_a_name_keeps_it_in_absolute_links(shape: str) -> None:
    where = "/pub/d;sid=7/"
    rows = ((f"{where}a", "a"), (f"{where}b;sid=1", "b"), (f"{where}c;sid=1", "c;sid=1"))
    assert names(shape, *rows, where=where) == [["a", "b", "c;sid=1"]] * 2


@pytest.mark.parametrize(
    ("shown", "href", "by_members_only", "by_others"),
    [
        (["a;sid=1"], "a;sid=1", True, True),
        (["a"], "a;sid=1", False, False),
        (["a/"], "a;sid=1/", False, False),
        (["a long name;si..>"], "a%20long%20name;sid=1", True, True),
        (["a long na..>"], "a%20long%20name;sid=1", True, False),
        (["Download"], "a;sid=1", True, False),
        ([], "a;sid=1", True, False),
        (["Download", "a;sid=1"], "a;sid=1", True, True),
        (["d;sid=1/a"], "d;sid=1/a", True, True),
        (["x"], "./x;type=i", False, False),
        (["x;type=i"], "x;type=i?k=KEY", True, True),
    ],
)
def test_the_text_decides_or_else_the_program(
    shown: list[str], href: str, by_members_only: bool, by_others: bool
) -> None:
    assert is_part_of_name(shown, href, members_only=True) is by_members_only
    assert is_part_of_name(shown, href, members_only=False) is by_others


NAMES = ("a", "b", "a;sid=1", "a;sid=2", "a;type=i", "b;jsessionid=1")


@given(st.lists(st.sampled_from(NAMES), unique=True, min_size=1), st.sampled_from(sorted(SHAPES)))
def test_rows_with_different_names_stay_separate(listed: list[str], shape: str) -> None:
    assert names(shape, *((name, name) for name in listed)) == [listed] * 2


@pytest.mark.parametrize("shape", ["fancyindex", "nginx"])
def test_rows_with_one_url_are_counted_if_they_show_different_names(shape: str) -> None:
    def lost(*rows: tuple[str, str]) -> list[tuple[str, str]]:
        shown = [Row(href=href, size=5, mtime=1e9, text=text) for href, text in [("own.bin", "own.bin"), *rows]]
        body = SHAPES[shape]("/pub/", shown)
        listing = parse_listing(body, "http://h/pub/", "text/html")
        return [(each.reason, each.row) for each in listing.rejections if each.row]

    assert lost(("a.bin?sort=1", "first.bin"), ("a.bin?sort=2", "second.bin")) == [("clash", "second.bin")]
    assert lost(("a.bin?sort=1", "a.bin"), ("a.bin?sort=2", "second.bin")) == [("clash", "second.bin")]
    assert lost(("a.bin;sid=1", "a.bin"), ("a.bin;sid=2", "a.bin")) == []
    assert lost(("a.bin", "a.bin"), ("a.bin", "second.bin")) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_colon_that_a_script_removes_is_not_part_of_the_name(shape: str) -> None:
    """JFrog Bintray printed its directories this way."""
    rows = ((":0.0.1/", "0.0.1/"), (":a.xml", "a.xml"), (":b.xml", ":b.xml"))
    assert names(shape, *rows) == [["0.0.1", "a.xml", ":b.xml"]] * 2


def test_a_bintray_page_is_a_listing() -> None:
    rows = "".join(f'<pre><a href=":{name}" rel="nofollow">{name}</a></pre>\n' for name in ("0.0.1/", "a.xml"))
    listing = parse_listing(f"<html>\n<body>\n{rows}</body>\n</html>".encode(), "http://h/pub/", "text/html")
    assert [entry.url for entry in listing.entries] == ["http://h/pub/0.0.1/", "http://h/pub/a.xml"]
