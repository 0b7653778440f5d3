"""What the end of a page proves: that it was truncated, that it was not, or nothing."""

from __future__ import annotations

import pytest

from crawler.listings import parse_listing

HEADING = "<h1>Index of /pub/</h1>\n"
DATE = "2024-05-06 03:08"
LINE = f'<a href="{{0}}">{{0}}</a>  {DATE}  100<br>\n'
DIV = f'<div><a href="{{0}}">{{0}}</a> <span>{DATE}</span> <span>100</span></div>\n'
ITEM = f'<li><a href="{{0}}">{{0}}</a> {DATE} 100</li>\n'
CELLS = f'<tr><td><a href="{{0}}">{{0}}</a></td><td>{DATE}</td><td>100</td></tr>\n'


def ends(page: str) -> tuple[bool, bool]:
    listing = parse_listing(page.encode(), "http://host.test/pub/", "text/html")
    assert listing.is_listing
    return listing.complete, listing.closed


def rows(row: str, count: int = 6) -> str:
    return "".join(row.format(f"f{number}.bin") for number in range(count))


@pytest.mark.parametrize(
    ("before", "row", "after"),
    [
        ("<html><body>", LINE, "</body></html>"),
        ("<html><body>", DIV, "</body></html>"),
        ("<div>\n", DIV, "</div>"),
        ("<ul>", ITEM, "</ul>"),
        ("<ul>", ITEM.replace("</li>", ""), "</ul>"),
        ("<pre>", LINE.replace("<br>", ""), "</pre>"),
        ("<table>", CELLS, "</table>"),
        ("<div><table>", CELLS, "</table></div>"),
    ],
)
def test_a_page_whose_elements_are_closed_is_complete(before: str, row: str, after: str) -> None:
    assert ends(f"{HEADING}{before}{rows(row)}{after}") == (True, True)
    for count in (6, 1):
        assert not ends(f"{HEADING}{before}{rows(row, count)}")[0]


@pytest.mark.parametrize(
    "row",
    [
        LINE,
        DIV,
        f"<div>{DIV}</div>",
        ITEM,
        ITEM.replace("</li>", ""),
        f"<ul>{ITEM}</ul>",
        f"<table>{CELLS}</table>",
        LINE.replace("<a", "<p><a").replace("<br>", "</p>"),
    ],
)
def test_a_page_without_elements_around_its_rows_proves_nothing(row: str) -> None:
    for count in (6, 1):
        assert ends(f"{HEADING}{rows(row, count)}") == (True, False)


def test_a_list_of_one_row_is_recognised_by_its_headings() -> None:
    headings = "<tr><th>Name</th><th>Last modified</th><th>Size</th></tr>"
    assert ends(f"{HEADING}<table>{headings}{rows(CELLS, 1)}</table>") == (True, True)
    assert ends(f"{HEADING}<table>{rows(CELLS, 1)}</table>") == (True, False)


@pytest.mark.parametrize(("row", "after", "expected"), [(DIV, "", (True, False)), (f"{DIV}", "</div>", (True, True))])
def test_the_end_of_a_page_read_in_parts_is_judged_alike(row: str, after: str, expected: tuple[bool, bool]) -> None:
    before = "<div>" if after else ""
    assert ends(f"{HEADING}{before}{rows(row, 6_000)}{after}") == expected
    assert not before or not ends(f"{HEADING}{before}{rows(row, 6_000)}")[0]
