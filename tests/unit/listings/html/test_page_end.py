"""The rules that decide what the end of a page proves: one case for each, in order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from bs4.element import Tag

from crawler.listings.html.soundness.page_end import RULES, LastRow, PageEnd, Tail, end_of

LINK = '<a href="x">x</a>'
CUT, OPEN, CLOSED = PageEnd.CUT, PageEnd.OPEN, PageEnd.CLOSED


def last_row(text: str, region: str, *, holds_all: bool = True) -> LastRow:
    """The last row of ``text``, which has a single link; its rows are in the element ``region``."""
    element = BeautifulSoup(f"<{region}></{region}>", "html.parser").find(region) if region else None
    assert element is None or isinstance(element, Tag)
    around = frozenset({region}) if region else frozenset[str]()
    return LastRow(element, "x" if "href" in text else "", around, holds_all)


@pytest.mark.parametrize(
    ("text", "region", "proved", "rule"),
    [
        (f"<html><pre>{LINK}</pre></html", "pre", False, 0),
        (f"<pre>{LINK}</pr", "pre", True, 0),
        (f"<html><pre>{LINK}</pre></html>", "pre", False, 1),
        (f"<body><div>{LINK}</body>", "div", False, 1),
        (f'{LINK}{LINK}<a href="x">x', "", False, 2),
        (f'<pre>{LINK}{LINK}<a href="x">x</pre>', "pre", True, 2),
        (f"<pre>{LINK}</pre><table>", "pre", True, 3),
        (f"<html><pre>{LINK}</pre>", "pre", False, 4),
        (f"<html><div>{LINK}</div>", "div", True, 4),
        (f"<pre>{LINK}", "pre", True, 5),
        (f"<div>{LINK}", "div", False, 5),
        (f"<pre>{LINK}</pre>", "pre", False, 6),
        (f"<html><pre>{LINK}</pre>", "pre", True, 6),
        (f"<div>{LINK}</div>", "div", False, 6),
        (LINK, "", False, 7),
        (f'{LINK}<a href="x">x', "", False, 7),  # a program that closes only the link to the parent
        (f"<p>{LINK}</p>", "p", True, 7),
    ],
)
def test_the_first_rule_that_applies_decides(text: str, region: str, proved: bool, rule: int) -> None:
    last = last_row(text, region)
    tail = Tail(text, last, proved=proved)
    assert next(number for number, known in enumerate(RULES) if known.applies(tail)) == rule
    assert end_of(text, last, proved=proved) is RULES[rule].end


def test_a_region_with_only_some_of_the_rows_does_not_end_the_listing() -> None:
    text = f"<ul>{LINK}</ul>"
    last = last_row(text, "ul")
    assert end_of(text, last, proved=False) is CLOSED
    assert end_of(text, replace(last, holds_all=False), proved=False) is OPEN
    assert end_of(text, replace(last, holds_all=False), proved=True) is CLOSED


def test_every_prefix_of_a_closed_page_counts_as_cut() -> None:
    text = f"<html><body><table><tr><td>{LINK}</td></tr></table></body></html>"
    last = last_row(text, "table")
    start, end = text.index("x</a>"), text.index("</body>")
    assert {end_of(text[:length], last, proved=False) for length in range(start, end + 6)} == {CUT}
    assert end_of(text, last, proved=False) is CLOSED
