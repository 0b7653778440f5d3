"""Which table rows, lines and items without a usable link are rows of the listing, and under which name."""

from __future__ import annotations

import pytest

from crawler.listings.html.soundness import unlinked_rows
from crawler.listings.html.soundness.passages import Passage, split_passages

LINK = "<a href={0}>{0}</a>"
DAY = "2020-01-01"


def passages(markup: str) -> list[Passage]:
    return list(split_passages(markup))


def named(found: dict[int, str], among: list[Passage]) -> dict[str, str]:
    """The text of each passage in ``found`` → the name found."""
    return {each.text: found[id(each)] for each in among if id(each) in found}


def rows(markup: str) -> list[str]:
    """The names of the rows without a link in the first region of ``markup``."""
    among = [each for each in passages(markup) if each.region == 1]
    return list(named(unlinked_rows.names_without_link(among), among).values())


def lines(markup: str, regions: set[int] | None = None) -> list[str]:
    among = passages(markup)
    return list(named(unlinked_rows.lines_without_link(among, regions or set()), among).values())


def table(*cells: tuple[str, ...]) -> str:
    return "<table>" + "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in cells) + "</table>"


@pytest.mark.parametrize(
    ("link", "is_lacking"),
    [
        ("c.bin", True),
        ("<a>c.bin</a>", True),
        ("<a href=''>c.bin</a>", True),
        ("<a href=' '>c.bin</a>", True),
        ("<a href='mailto:c.bin'>c.bin</a>", True),
        ("<a href=' TEL:1'>c.bin</a>", True),
        ("<a href='c.bin'>c.bin</a>", False),
        ("<a href='mailto:x'>c.bin</a> <a href='c.bin'>get</a>", False),
        ("write to <a href='mailto:me@h.test '>mailto:me@h.test</a>", False),  # an address that is shown is no file
    ],
)
def test_which_links_cannot_lead_to_a_file(link: str, is_lacking: bool) -> None:
    (passage,) = passages(f"<p>{link}</p>")
    assert unlinked_rows.lacks_usable_link(passage) is is_lacking


@pytest.mark.parametrize(
    ("markup", "names", "regions"),
    [
        (table((LINK.format("a"),)) + table((LINK.format("b"),)) + table((LINK.format("x"),)), "ab", {1, 2}),
        (table(("a",)), "a", set()),
        (table((LINK.format("x"),)), "a", set()),
        (f"<p>{LINK.format('a')}</p>", "a", set()),
        (f"<ul><li>{LINK.format('a/')}</ul><ul><li>{LINK.format('x')}</ul>", "a", {1}),
        # without entries: the first table, the first pre and the lists with a link up
        (table(("x",)) + table(("y",)) + "<pre>x</pre><pre>y</pre>", "", {1, 3}),
        ("<ul><li>x</ul><ul><li><a href=../>up</a></ul><ol><li><a href='..'>up</a></ol>", "", {2, 3}),
        ("<ul><li><a href=/>up</a></ul><ol><li><a href=/../>up</a></ol><dl><dt><a href=../>up</a></dl>", "", set()),
    ],
)
def test_the_regions_of_the_listing(markup: str, names: str, regions: set[int]) -> None:
    assert unlinked_rows.listing_regions(passages(markup), set(names)) == regions


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (("c.bin", "1000", DAY), "c.bin"),
        ((" c \n d ", "1000", ""), "c d"),
        (("c", "", DAY), "c"),
        (("", "c.bin", "12 kB"), "c.bin"),
        (("-", "c.bin", DAY), "c.bin"),
        ((DAY, "c.bin", "a program"), "c.bin"),
        (("c.bin", "a program", "free"), ""),  # neither a size nor a date
        (("", "1000", DAY), ""),
        (("-", "1000", ""), ""),
        (("c.bin", DAY), ""),  # not as wide as the rows with links
        (("c.bin", "1000", DAY, "free"), ""),
        (("Total", "1000", DAY), ""),
        (("3 files", "1000", ""), ""),
        (("Subtotal", "1.5 MB", ""), ""),
        (("Total 1.5MB", "", DAY), ""),
        (("Parent directory", "-", DAY), ""),
        (("..", "", DAY), ""),
        (("../", "", DAY), ""),
        ((DAY, "", "."), ""),
        (("..c", "", DAY), "..c"),
        (("3", "files", DAY), ""),
        (("Last modified:", DAY, "-"), ""),
        (("Name", f"Modified since {DAY}", "Size"), ""),
        (("Changes", f"Last update {DAY}", ""), ""),
        # a file may have such words in its name
        (("Total war.zip", "1000", DAY), "Total war.zip"),
        (("3 files.zip", "1000", DAY), "3 files.zip"),
        (("modified.txt", "1000", DAY), "modified.txt"),
        (("update-size.txt", "1000", DAY), "update-size.txt"),
        (("files.txt", "last update", DAY), "files.txt"),
        (("date-and-size", "1000", DAY), "date-and-size"),
    ],
)
def test_which_rows_of_a_table_are_rows_and_what_their_names_are(row: tuple[str, ...], name: str) -> None:
    linked = (LINK.format("a.bin"), "1000", DAY)
    assert rows(table(linked, row, linked, (LINK.format("notes"), ""))) == ([name] if name else [])


def test_the_widest_rows_count_if_none_has_a_link() -> None:
    assert rows(table(("c.bin", DAY), ("d.bin", "1000", DAY), ("e.bin", "", DAY))) == ["d.bin", "e.bin"]


def test_a_row_with_a_link_and_a_heading_are_no_rows_without_one() -> None:
    assert rows(table((LINK.format("a.bin"), "1000", DAY))) == []
    assert rows("<table><tr><th>c.bin</th><td>1000</td></tr><tr><td>d.bin</td><td>1000</td></tr></table>") == ["d.bin"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"c d.bin   {DAY} 00:00   1000", "c d.bin"),
        (f"c   {DAY} 00:00   - a directory", "c"),
        (f"{DAY} 00:00   1000 c d.bin", "c d.bin"),
        (f"{DAY} 00:00   &lt;DIR&gt; c", "c"),
        (f"{DAY} 00:00   &lt;DIR&gt; ..", ""),
        (f"total.zip   {DAY} 00:00   1000", "total.zip"),
        (f"Total   {DAY} 00:00   1000", ""),
        (f"c.bin {DAY} was the day", ""),
        (f"{DAY} 00:00   1000 bytes", ""),
        (f"{DAY} 00:00   1000", ""),
        ("c.bin   1000", ""),
        ("c.bin", ""),
    ],
)
def test_which_lines_of_a_pre_are_rows(line: str, name: str) -> None:
    assert rows(f"<pre>{line}\n</pre>") == ([name] if name else [])


@pytest.mark.parametrize("kind", ["ul", "ol"])
@pytest.mark.parametrize(
    ("item", "name"),
    [("c.bin", "c.bin"), ("c d.bin", ""), ("c", ""), ("1.5K", ""), ("01.Jan.2020", ""), (f"c.bin {DAY}", "")],
)
def test_which_items_of_a_list_are_rows(kind: str, item: str, name: str) -> None:
    assert rows(f"<{kind}><li>{item}</{kind}>") == ([name] if name else [])


def test_what_has_a_date_in_no_table_pre_or_list_is_looked_at_as_a_line() -> None:
    assert rows(f"<dl><dt>c.bin {DAY} 00:00 1000</dl>") == []


@pytest.mark.parametrize(
    ("markup", "regions", "is_outside"),
    [
        (f"<p>{LINK.format('a')}</p>", {1}, True),
        (f"<p>{LINK.format('x')}</p>", {1}, False),
        (f"<h2>{LINK.format('a')}</h2>", {1}, False),
        (table((LINK.format("a"),)), {1}, False),
        (table((LINK.format("a"),)), {2}, True),
        (f"<ul><li>{LINK.format('a')}</ul>", {1}, True),
        (f"<ol><li>{LINK.format('a')}</ol>", {1}, True),
        (f"<dl><dt>{LINK.format('a')}</dl>", {1}, True),
        (f"<pre>{LINK.format('a')}</pre>", {1}, False),
    ],
)
def test_an_entry_outside_the_regions_or_in_a_list_shows_that_rows_are_lines(
    markup: str, regions: set[int], is_outside: bool
) -> None:
    (passage,) = passages(markup)
    assert unlinked_rows.is_row_outside(passage, regions, {"a"}) is is_outside


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("c.bin 12 MB", "c.bin"),
        ("c.bin: 12 MB", "c.bin"),
        ("c.bin, 12 MB", "c.bin"),
        ("PAPER.TEX: 12 MB", "PAPER.TEX"),
        ("12 MB c.bin", "c.bin"),
        (f"c.bin {DAY}", "c.bin"),
        (f"c.bin - {DAY} -", "c.bin"),
        (f"c.bin {DAY} 1000", "c.bin"),  # beside a date, a size needs no unit
        ("c.bin 1000", ""),
        ("sum.txt 12 MB", "sum.txt"),
        ("ab/ 12 MB", "ab"),
        ("a/ 12 MB", ""),  # one letter is too little for a directory
        (".b/ 12 MB", ""),
        ("http://h/x/ 12 MB", ""),
        ("ab 12 MB", ""),
        ("me@h.bin 12 MB", ""),
        ("1.5K 12 MB", ""),
        ("01.Jan.2020 12 MB", ""),
        ("c.bin is of 12 MB", ""),
        (LINK.format("c.bin") + " 12 MB", ""),
    ],
)
def test_which_lines_are_rows_beside_the_regions(line: str, name: str) -> None:
    expected = [name] if name else []
    assert lines(f"<p>{line}</p>") == expected
    assert lines(f"<h2>{line}</h2>") == []  # a heading is none
    assert lines(f"<table><tr><td>{line}</td></tr></table>", {1}) == []
    for kind in ("ul", "ol", "dl"):
        assert lines(f"<{kind}><li>{line}</{kind}>", {1}) == expected


@pytest.mark.parametrize(("length", "names"), [(300, ["c.bin"]), (301, [])])
def test_a_line_that_is_longer_than_300_characters_is_prose(length: int, names: list[str]) -> None:
    assert lines(f"<p>c.bin {'-' * (length - 12)} 12 MB</p>") == names


@pytest.mark.parametrize(
    ("markup", "names"),
    [
        ("<p>c.bin</p><p>12 MB</p>", ["c.bin"]),
        (f"<p>ab/</p><p>{DAY}</p><p>12 MB</p>", ["ab"]),
        ("<p>a.bin</p><p>b.bin</p><p>12 MB</p>", ["b.bin"]),
        ("<p>12 MB</p><p>c.bin</p>", []),
        ("<p>c.bin</p><p>x</p><p>12 MB</p>", []),
        ("<p>my c.bin</p><p>12 MB</p>", []),
        ("<p>c.bin</p><p>12</p>", []),
        # what is between a name and its facts belongs to neither
        ("<p>c.bin</p><h2>News</h2><p>12 MB</p>", []),
        (f"<p>c.bin</p>{table(('x',))}<p>12 MB</p>", []),
        (f"<p>c.bin</p><p>{LINK.format('x')}</p><p>12 MB</p>", []),
        (f"{table(('x',))}<h2>News</h2><p>c.bin 12 MB</p>", ["c.bin"]),
    ],
)
def test_a_name_and_its_facts_may_be_blocks_one_after_the_other(markup: str, names: list[str]) -> None:
    assert lines(markup, {1}) == names
