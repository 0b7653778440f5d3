# ruff: noqa: E501 - pages are data
"""A page gives the same listing whether similar rows are parsed into the tree or not."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.listings.html.document import ROWS, read_html
from crawler.listings.html.reader import HtmlReader
from crawler.listings.html.specimens.abridged_page import KEPT, Abridged, Abridger
from crawler.listings.html.specimens.row_copies import NotAbridgeable
from crawler.listings.page import Page
from crawler.model.values import Listing

URL = "http://host.test/pub/"
HEAD = "<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1>"
ROOM = 1 << 30

ROWS_OF = {
    "h5ai": '<tr><td class="fb-i"><img src="/_h5ai/{icon}.png" alt="{icon}"/></td><td class="fb-n"><a href="/pub/{href}">{name}</a></td><td class="fb-d">{time}</td><td class="fb-s">{size} KB</td></tr>',
    "fancyindex": '<tr><td class="link"><a href="{href}" title="{name}">{name}</a></td><td class="size">{size}</td><td class="date">{time}</td></tr>\n',
    "caddy": '<tr class="file"><td></td><td><a href="./{href}"><svg><use xlink:href="#{icon}"></use></svg><span class="name">{name}</span></a></td><td data-order="{size}">{size} B</td><td><time datetime="{iso}">{time}</time></td></tr>\n',
    "apache with icons": '<tr><td valign="top"><a href="{href}"><img src="/icons/{icon}.gif" alt="[   ]"></a></td><td><a href="{href}">{name}</a></td><td align="right">{time}  </td><td align="right">{size}</td><td>&nbsp;</td></tr>\n',
    "signatures": '<tr><td><a href="{href}">{name}</a></td><td>{size}</td><td>{time}</td><td><a href="{href}.asc">sig</a> <a href="{href}?download=1">get</a></td></tr>\n',
    "unclosed cells": "<TR><TD><A HREF='{href}'>{name}</A><TD>{time}<TD>{size}\n",
    "items": '<li class="{icon}"><a href="{href}"><span class="n">{name}</span> <span>{size} B</span> <i>{time}</i></a></li>\n',
    "blocks": '<div class="row"><div class="name"><a href="{href}">{name}</a></div><div>{size}</div><div>{time}</div></div>\n',
    "lines": '<img src="/icons/{icon}.gif" alt="[   ]"> <a href="{href}">{name}</a>    {time}  {size}\r\n',
    "breaks": '<a href="{href}">{name}</a> {time} {size}<br>\n',
}  # fmt: skip
AROUND = {"<tr": ("<table>", "</table>"), "<TR": ("<table>", "</table>"), "<li": ("<ul>", "</ul>"), "<di": ("<div>", "</div>"), "<im": ("<pre>", "</pre>"), "<a ": ("", "")}  # fmt: skip


def row_of(shape: str, number: int) -> str:
    name = f"dir {number}/" if number % 7 == 0 else f"file-{number}.tar.gz"
    day, clock = f"2024-03-{1 + number % 28:02}", f"{number % 24:02}:{number % 60:02}"
    return ROWS_OF[shape].format(
        href=name.replace(" ", "%20"),
        name=name,
        icon="folder" if name.endswith("/") else ("file", "zip")[number % 2],
        size=number * 977,
        time=f"{day} {clock}",
        iso=f"{day}T{clock}:05Z",
    )


def page_of(rows: list[str], around: tuple[str, str]) -> str:
    return f"{HEAD}{around[0]}\n{''.join(rows)}{around[1]}</body></html>"


def unabridged(text: str) -> Listing:
    return HtmlReader(URL, text, Abridged(text, [], len(text))).listing()


def abridged(text: str) -> tuple[Abridged, Listing | None]:
    """The abridged page and its listing; None for the listing if the page must be read unabridged."""
    part = Abridger(text).part(0, size=ROOM, rows=ROOM)
    try:
        return part, HtmlReader(URL, text, part).listing()
    except NotAbridgeable:
        return part, None


@pytest.mark.parametrize("shape", ROWS_OF)
def test_similar_rows_are_read_without_a_tree(shape: str) -> None:
    rows = [row_of(shape, number) for number in range(150)]
    text = page_of(rows, AROUND[rows[0][:3]])
    part, listing = abridged(text)
    assert len(part.specimens) <= 12
    assert sum(len(specimen.rows) for specimen in part.specimens) >= 150 - KEPT - 2
    assert listing == unabridged(text)
    assert listing is not None
    assert len([entry for entry in listing.entries if not entry.name.endswith(".asc")]) >= 150


STRANGE = (
    "</table><table>", "<p>a text</p>", "</ul><ul>", "<tr><td>lonely</td></tr>", "<li>x", "<!--", "-->", "<script>",
    "</script>", '<a href="q', "<a href='q", "<b>", "</b>", "<td>", "<tr>", "</tr>", "</div>", "<div>", "<pre>", "</pre>",
    "<h2>group</h2>", "<table><tr><td><a href=in>in</a></td></tr></table>", "</a>", "<a href=open>", "<textarea>", "\n",
)  # fmt: skip
VALUES = ("", "&nbsp;", "-", "->", "-> ", "a &amp; b", "&copy;", "&mdash", "x\ny", "odd\x85", "<b>bold</b>", "2 days ago", "4 KB", ">", "\U0001f4c1 d", "\ue000")  # fmt: skip
NAMES = ("..", "../", "?C=N;O=D", "/else/where.gz", "http://other.test/f.zip", "#top", "", "mailto:x", "a b.gz", "a&b", "deep/er.gz", "./", "f'q.gz")  # fmt: skip


@st.composite
def pages(draw: st.DrawFn) -> str:
    """Rows of one or two shapes, with unusual names and values in some and unusual markup between others."""
    shapes = draw(st.lists(st.sampled_from(sorted(ROWS_OF)), min_size=1, max_size=2))
    rows = [row_of(shapes[number % len(shapes)], number) for number in range(60)]
    for at in draw(st.lists(st.integers(0, 59), max_size=8)):
        name = f"file-{at}.tar.gz"
        old, new = draw(
            st.tuples(st.sampled_from((f'"{name}"', f'"./{name}"', f">{name}<")), st.sampled_from(NAMES)).map(
                lambda pair: (pair[0], pair[0][0] + pair[1] + pair[0][-1])
            )
            | st.tuples(st.sampled_from((f"{at * 977}", ":")), st.sampled_from(VALUES))
        )
        rows[at] = rows[at].replace(old, new)
    for at in sorted(draw(st.lists(st.integers(0, 59), max_size=5)), reverse=True):
        rows.insert(at, draw(st.sampled_from(STRANGE)))
    before, after = AROUND[row_of(shapes[0], 1)[:3]]
    outer = draw(st.sampled_from(("", "", "<p>", "<a href=out>", "<center>", "<table><tr><td>", "<div class=nav>")))
    return page_of(rows, (outer + before, after + "<footer><a href=x.html>x</a></footer>"))


@given(text=pages())
@settings(max_examples=150, deadline=None)
def test_a_page_gives_the_same_listing_abridged_or_not(text: str) -> None:
    _, listing = abridged(text)
    assert listing is None or listing == unabridged(text)


def test_rows_that_a_quote_has_taken_in_are_not_those_of_a_specimen() -> None:
    rows = [row_of("blocks", number) for number in range(60)]
    odd = ["<a href=open>", "<a href='q</table><table>"]
    rows = [*rows[:9], *odd, *rows[9:16], "</table><table>", *rows[16:39], "<a href='q", *rows[39:]]
    before, after = AROUND[row_of("blocks", 1)[:3]]
    text = page_of(rows, (f"<a href=out>{before}", after))
    _, listing = abridged(text)
    assert listing is None or listing == unabridged(text)


def test_a_row_that_closes_elements_of_a_strange_row_may_open_others() -> None:
    rows = [row_of("apache with icons", number) for number in range(60)]
    rows[21], rows[23] = "</table><table>", '<a href="q' + rows[23]
    text = page_of(rows, ("<table>", "</table>"))
    assert abridged(text)[1] == unabridged(text)


@pytest.mark.apart
@pytest.mark.parametrize("strange", ["<tr>", "</div><div>", "</table><table>", "<tr><td>", "<ul><li>", "<section>"])
@pytest.mark.parametrize("shape", ["blocks", "fancyindex", "items"])
@pytest.mark.parametrize("around", ["<table>", "<div>"])
def test_rows_after_one_that_opens_another_element_are_not_abridged(strange: str, shape: str, around: str) -> None:
    for number in (25, 29, 40, 54):
        rows = ["</table><table>", *(row_of(shape, number) for number in range(60))]
        rows.insert(number + 5, "</table><table>")
        rows.insert(number, strange)
        text = page_of(rows, (around, ""))
        assert abridged(text)[1] in {None, unabridged(text)}, number


@pytest.mark.parametrize(
    ("name", "strange"),
    [
        ("an address without end", "<a href='q"),
        ("a comment", "<!--"),
        ("a script", "<script>"),
        ("a text field", "<textarea>"),
    ],
)
def test_rows_swallowed_by_preceding_markup_are_not_rows(name: str, strange: str) -> None:
    rows = [row_of("unclosed cells", number) for number in range(90)]
    text = page_of([*rows[:40], strange, *rows[40:]], ("<table>", "</table>"))
    body = text.encode()
    listing = read_html(Page(body=body, url=URL, content_type="text/html"))
    assert listing is not None
    assert listing == unabridged(text), name


def test_a_page_that_contains_placeholders_is_not_abridged() -> None:
    rows = [row_of("fancyindex", number) for number in range(90)]
    text = page_of([*rows, "<tr><td>\ue000\uf8ff0\uf8ff</td></tr>"], ("<table>", "</table>"))
    assert abridged(text)[0].specimens == []


def test_a_very_long_page_is_read_in_parts_that_know_of_each_other() -> None:
    rows = [row_of("fancyindex", number) for number in range(1, ROWS + 700)]
    rows += rows[:3]
    listing = read_html(Page(body=page_of(rows, ("<table>", "</table>")).encode(), url=URL, content_type="text/html"))
    assert listing is not None
    assert listing.complete
    assert len(listing.entries) == ROWS + 699
    assert [rejection.reason for rejection in listing.rejections] == ["duplicate"] * 3


@example(text="+2AA-")
@given(text=st.text("+2AA-<a href=x>\n", max_size=40))
@settings(max_examples=30, deadline=None)
def test_a_lone_surrogate_does_no_harm(text: str) -> None:
    page = Page(body=b"<a href=x>x</a>" + text.encode(), url=URL, content_type="text/html; charset=utf-7")
    assert read_html(page) is not None
