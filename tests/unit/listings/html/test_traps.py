"""Text around the rows or inside names that looks like a row, a date or a size."""

from __future__ import annotations

import pytest

from crawler.listings import parse_listing
from crawler.model.values import Listing

HERE = "http://host.test/pub/"


def parse(page: str) -> Listing:
    return parse_listing(page.encode(), HERE, "text/html; charset=utf-8")


def table(names: list[str], rest: str = "<td>4.5K</td>") -> str:
    """A table with names and sizes, but no times."""
    rows = "".join(f'<tr><td><a href="{name}">{name}</a></td>{rest}</tr>' for name in names)
    return f"<html><h1>Index of /pub</h1><table><tr><th>Name</th><th>Size</th></tr>{rows}</table></html>"


@pytest.mark.parametrize(
    "names",
    [
        ["backup-2024-03-31.tar.gz", "backup-2024-04-30.tar.gz"],
        ["2024-03-31/", "2024-04-30/"],
        ["1.2.24/", "1.2.25/"],
        ["dump 06-May-2025 03:08.sql", "dump 07-May-2025 03:08.sql"],
        ["20240331/", "20240430/"],
    ],
    ids=lambda names: names[0],
)
def test_a_date_in_a_name_is_not_the_time_of_the_file(names: list[str]) -> None:
    listing = parse(table(names))
    assert [entry.name for entry in listing.entries] == [name.rstrip("/") for name in names]
    assert all(entry.modified is None for entry in listing.entries)


def test_a_size_in_a_name_is_not_the_size_of_the_file() -> None:
    rows = "".join(f'<tr><td><a href="{size}M">{size}M</a></td></tr>' for size in (10, 100, 1000))
    listing = parse(f"<html><h1>Index of /pub</h1><table>{rows}</table></html>")
    assert [(entry.name, entry.size) for entry in listing.entries] == [("10M", None), ("100M", None), ("1000M", None)]


def test_a_linked_date_beside_a_short_name_is_a_time() -> None:
    cell = '<td><a href="2">2024-05-06 03:08</a></td><td>4.5K</td>'
    row = f'<tr><td><a href="2">2</a></td>{cell}</tr>'
    heading = "<tr><th>Name</th><th>Last modified</th><th>Size</th></tr>"
    listing = parse(f"<html><h1>Index of /pub</h1><table>{heading}{row}</table></html>")
    assert [entry.name for entry in listing.entries] == ["2"]
    assert listing.entries[0].modified is not None


def test_hundreds_of_blanks_may_precede_a_date() -> None:
    page = (
        f"<html><h1>Index of /pub</h1><pre>\n<a href='a.bin'>a.bin</a>{' ' * 700}2024-05-06 03:08  4.5K\n</pre></html>"
    )
    (entry,) = parse(page).entries
    assert entry.row == "2024-05-06 03:08  4.5K"
    assert entry.modified is not None
    assert entry.size is not None


APACHE = """\
<html><head><title>Index of /pub</title></head><body><h1>Index of /pub</h1>{header}
<pre><a href="?C=N;O=D">Name</a> <a href="?C=M;O=A">Last modified</a> <a href="?C=S;O=A">Size</a><hr>\
<a href="/">Parent Directory</a>   -
<a href="a.tar.gz">a.tar.gz</a>   2024-05-06 03:08  4.5K
<a href="b.tar.gz">b.tar.gz</a>   2024-05-06 03:08  4.5K
<hr></pre>{readme}</body></html>
"""


@pytest.mark.parametrize("place", ["header", "readme"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<pre><a href="https://example.org/c.iso">c.iso</a>  2020-01-01 00:00  99K\n</pre>', "other-host"),
        ('<ul><li><a href="/other/c.iso">c.iso</a></li></ul>', "above"),
        ('<p>Begin with <a href="c.iso">the big one</a>. Last changed 2019-01-01 00:00, 12 KB.</p>', "navigation"),
        ('<p>Begin with <a href="a.tar.gz">the small one</a>.</p>', "duplicate"),
    ],
)
def test_links_in_a_header_or_readme_are_not_entries(place: str, text: str, reason: str) -> None:
    listing = parse(APACHE.format(**{"header": "", "readme": "", place: text}))
    assert [entry.name for entry in listing.entries] == ["a.tar.gz", "b.tar.gz"]
    assert listing.complete
    assert {rejection.reason for rejection in listing.rejections} == {"sort", "parent", reason}


@pytest.mark.parametrize("href", ["Parent%20Directory", "./Parent%20Directory"])
def test_a_file_called_parent_directory_is_an_entry_in_a_root(href: str) -> None:
    page = (
        "<html>\n <head>\n  <title>Index of /</title>\n </head>\n <body>\n<h1>Index of /</h1>\n"
        f'<ul><li><a href="{href}"> Parent Directory</a></li>\n<li><a href="a.txt"> a.txt</a></li>\n'
        "</ul>\n</body></html>\n"
    )
    listing = parse_listing(page.encode(), "http://host.test/", "text/html")
    assert [entry.name for entry in listing.entries] == ["Parent Directory", "a.txt"]
    assert listing.is_listing


def test_the_size_in_lighttpd_2_is_that_in_the_attribute() -> None:
    cells = '<td class="size" val="1049251">0.9M</td>'
    (entry,) = parse(table(["a.tar.gz"], cells)).entries
    assert entry.size is not None
    assert (entry.size.low, entry.size.high) == (1049251, 1049251)


def test_directories_and_files_may_both_be_named_by_whole_queries() -> None:
    rows = [("/?/pub/b/c/", "c"), ("/?/pub/b/x.mkv", "x.mkv"), ("/?/pub/b/y.mkv", "y.mkv")]
    body = "".join(f'<li><a href="{href}">{name}</a> 2024-05-06 03:08 4.5 KB</li>' for href, name in rows)
    page = f'<html><a href="/?/pub/">..</a><h1>Index of /pub/b</h1><ul>{body}</ul></html>'
    listing = parse_listing(page.encode(), "http://host.test/?/pub/b/", "text/html")
    kinds = [(entry.name, entry.kind.value) for entry in listing.entries]
    assert kinds == [("c", "directory"), ("x.mkv", "file"), ("y.mkv", "file")]


def test_a_size_inside_the_link_is_that_of_the_file() -> None:
    rows = "".join(
        f'<tr><td></td><td><a href="{name}">{name}<span class="size">8.13 MB</span></a></td></tr>'
        for name in ("a.mp3", "b.mp3")
    )
    listing = parse(f"<html><h1>Index of /pub</h1><table>{rows}</table></html>")
    assert [entry.name for entry in listing.entries] == ["a.mp3", "b.mp3"]
    assert all(entry.size is not None and 8_300_000 in entry.size for entry in listing.entries)


def test_the_size_after_a_date_in_brackets_is_that_of_the_file() -> None:
    line = '<a href="ls-lR.gz">ls-lR.gz</a> . . . . . .  [Feb 20 03:07]   1141k'
    (entry,) = parse(f"<html><h1>Index of /pub</h1><pre>\n{line}\n</pre></html>").entries
    assert entry.size is not None
    assert 1141 * 1024 in entry.size


@pytest.mark.parametrize("text", ["23/Feb/19 12:30", "23-Feb-19 12:30", "23/Feb/2019 12:30"])
def test_a_two_digit_year_after_the_name_of_a_month(text: str) -> None:
    (entry,) = parse(table(["a.zip"], f"<td>{text}</td><td>4.5K</td>")).entries
    assert entry.modified is not None
    assert entry.modified.low.isoformat() == "2019-02-23T12:30:00"


@pytest.mark.parametrize("href", ["http:", "https:", "http://", "ftp:", "mailto:"])
def test_a_row_whose_name_is_no_reference_is_counted(href: str) -> None:
    listing = parse(
        table(["a.iso"]).replace("</table>", f"<tr><td><a href='{href}'>{href}</a></td><td>4.5K</td></tr></table>")
    )
    assert [entry.name for entry in listing.entries] == ["a.iso"]
    assert [rejection.reason for rejection in listing.rejections if rejection.row] == ["scheme"]


@pytest.mark.parametrize("name", ["a.iso", "-rf", "...", "..x", ".hidden"])
def test_a_type_code_is_no_part_of_the_name_whatever_the_name_begins_with(name: str) -> None:
    links = "".join(f'<a href="{name}{code}">{text}</a> ' for code, text in (("", name), (";type=a", "[VIEW]")))
    listing = parse(
        f"<title>Index of /pub/</title><h1>Index of /pub/</h1><pre><a href='../'>..</a>\n{links}12K\n</pre>"
    )
    assert [entry.name for entry in listing.entries] == [name]


def test_a_file_whose_name_is_a_statement_is_a_row() -> None:
    names = ["and 8 more files", "Permission denied", "a.iso"]
    rows = "".join(f"<li><a href='{name}'><div>{name}</div><div>3 KB</div></a></li>" for name in names)
    listing = parse(f"<html><title>Index of /pub/</title><h1>Index of /pub/</h1><ul>{rows}</ul></html>")
    assert (listing.complete, listing.conclusive, listing.flaws) == (True, True, ())
    assert [entry.name for entry in listing.entries] == names
