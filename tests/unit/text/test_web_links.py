"""The Link header field: the pages that follow a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text.web_links import DUPLICATES, duplicates, names_duplicates, next_pages

PAGE = "http://h/pub/?page=1"


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ('<?page=2>; rel="next"', ("http://h/pub/?page=2",)),
        ("</pub/?page=2>; rel=next", ("http://h/pub/?page=2",)),
        ('<?page=2> ; title="x" ; REL = "NEXT"', ("http://h/pub/?page=2",)),
        ('<http://o/2>; rel="next"', ("http://o/2",)),
        ('<a>; rel="prev", <b>; rel="next", <c>; rel="last"', ("http://h/pub/b",)),
        ('<a>; rel="prev next"', ("http://h/pub/a",)),
        ('<a>; rel="next", <b>; rel=next', ("http://h/pub/a", "http://h/pub/b")),
        ('<a>; title="x, <y>; rel=next"; rel=next', ("http://h/pub/a",)),
        ('<a>; title="a\\";b,c"; rel=next', ("http://h/pub/a",)),
        ("<a,b;c>; rel=next", ("http://h/pub/a,b;c",)),
        ("<#2>; rel=next", (PAGE,)),
        ('<a>; rel=next; anchor="#top"', ("http://h/pub/a",)),
        # nothing follows
        ("", ()),
        (" , ,", ()),
        ('<a>; rel="prev"', ()),
        ('<a>; rel="prev"; rel="next"', ()),
        ('<a>; rel="next-archive"', ()),
        ('<a>; rev="next"', ()),
        ('<a>; rel=next; anchor="/other"', ()),
        ("<next>", ()),
        ("nonsense", ()),
        # unknown
        ("next", None),
        ('a; rel="next"', None),
        ('<a>; rel="next', None),
        ('<a; rel="next"', None),
        ("<a>; rel=next nonsense, <b>; rel=next", None),
        ("<mailto:a>; rel=next", None),
    ],
)
def test_the_next_pages_in_a_link_header(field: str, found: tuple[str, ...] | None) -> None:
    assert next_pages(field, PAGE) == found


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("", False),
        ("<http://a/>; rel=duplicate", True),
        ('<http://a/>; rel="DUPLICATE"; pri=1; geo=de, <http://b/>; rel=next', True),
        ("<http://a/>; rel=next, <http://b/>; rel=duplicate", True),
        ('<a.meta4>; rel=describedby; type="application/metalink4+xml"', True),
        ("<a.html>; rel=describedby; type=text/html", False),
        ("<a.asc>; rel=describedby; type=application/pgp-signature", False),
        ('<http://a/>; rel="next"; title="rel=duplicate"', False),
        ("rel=duplicate", False),
        ("<http://a/>; rel=duplicates", False),
    ],
)
def test_a_link_header_may_name_copies_of_the_file(field: str, found: bool) -> None:
    assert names_duplicates(field) is found


@given(st.text(alphabet='<>;,="\\ \tnextrlap?2/', max_size=60))
def test_no_link_header_raises(field: str) -> None:
    names_duplicates(field)
    found = next_pages(field, PAGE)
    assert found is None or all(url.startswith("http") for url in found)


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("<http://m/f>; rel=duplicate", ("http://m/f",)),
        ('<http://m/f>; rel=duplicate; pri=2, <http://n/f>; rel="duplicate"; pri="1"', ("http://n/f", "http://m/f")),
        ("<http://m/f>; rel=duplicate, <http://n/f>; rel=duplicate; pri=999998", ("http://n/f", "http://m/f")),
        ("<http://m/f>; rel=duplicate; pri=x, <http://m/f>; rel=duplicate; pri=1", ("http://m/f",)),
        ("</other/f>; rel=duplicate", ("http://h/other/f",)),
        ("<f>; rel=duplicate", ()),
        ("<ftp://m/f>; rel=duplicate, <http://m/f.torrent>; rel=describedby", ()),
        ("nonsense", ()),
    ],
)
def test_the_copies_of_a_file_best_first(field: str, found: tuple[str, ...]) -> None:
    assert duplicates(field, "http://h/pub/f") == found


@given(st.text(alphabet='<>;,="pri duplicate0123/:', max_size=80))
def test_no_field_breaks_the_search_for_copies(field: str) -> None:
    assert len(duplicates(field, "http://h/pub/f")) <= DUPLICATES
