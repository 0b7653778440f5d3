"""The path of a page in its texts is no statement about pages, and the number 1 alone is that of the only page."""

from __future__ import annotations

import pytest

from crawler.listings.html.soundness.dead_pager import shows_one_page
from crawler.listings.html.soundness.own_path import own_path
from crawler.listings.html.soundness.passages import split_passages


@pytest.mark.parametrize(
    ("url", "text", "left"),
    [
        ("http://h/pub/page/2/", "Index of /pub/page/2", "Index of  "),
        ("http://h/pub/page/2/", "Index of /mirror/pub/page/2/", "Index of  /"),
        ("http://h/pub/page/2/", "Home \xbb pub > page | 2", "Home \xbb  "),
        ("http://h/pub/2/", "pub / 2 of 3", "  of 3"),
        ("http://h/pub/2/", "pub 2 of 3", "pub 2 of 3"),
        ("http://h/pub/2/", "pub/21", "pub/21"),
        ("http://h/1/2/", "1/2", "1/2"),
        ("http://h/a%20b/2/", "/a b/2 and /a%20b/2", "  and  "),
        # the name of one of its directories, alone, as in breadcrumbs
        ("http://h/pub/page/2/", " page/ ", ""),
        ("http://h/pub/page/2/", "/2", ""),
        ("http://h/x/http://o/2/", "x", ""),
        # the query may name the directory, the fragment does not; of two paths, the longer one counts
        ("http://h/pub?dir=/pub/page/2", "Index of /pub/page/2", "Index of  "),
        ("http://h/pub/#/page", "page", "page"),
        ("http://h/", "Index of /", "Index of /"),
    ],
)
def test_the_path_of_a_page_is_taken_out_of_its_texts(url: str, text: str, left: str) -> None:
    assert own_path(url).left_of(text) == left


@pytest.mark.parametrize(
    ("markup", "is_one"),
    [
        ("<p>1</p>", True),
        ("<p>Prev 1 Next</p><p>no numbers</p>", True),
        ("<p>1</p><p class=row>7</p>", True),
        ("<p>1</p><p>7</p>", False),
        ("<p class=row>1</p>", False),
        ("<p>1</p><p>Part 7</p>", True),
        ("<p onclick=go()>1</p>", False),
        ("<p>1</p><script>bind()</script>", False),
    ],
)
def test_a_pager_of_one_page_shows_its_number_alone_outside_the_rows(markup: str, is_one: bool) -> None:
    passages = list(split_passages(markup))
    rows = {id(each) for each in passages if "class=row" in markup and each is passages[-1]}
    assert shows_one_page(markup, passages, rows) is is_one
