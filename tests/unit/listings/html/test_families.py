# ruff: noqa: E501 - pages are data
"""Every family of HTML listings gives its rows, and no other page is taken for a listing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.listings import parse_listing
from crawler.model.values import Entry, Kind, Listing
from tests.unit.listings.html.html_pages import LISTINGS, OTHER_PAGES

HERE = "http://host.test/pub/"


def parse(page: str, url: str = HERE) -> Listing:
    return parse_listing(page.encode(), url, "text/html; charset=utf-8")


def shown(entry: Entry) -> str:
    return entry.name + ("/" if entry.kind is Kind.DIRECTORY else "")


def row(cells: str, heading: str = "<th>Name</th><th>Last modified</th><th>Size</th>") -> Entry:
    """The entry of a table with one row of interest and a directory beside it."""
    page = (
        f"<html><h1>Index of /pub/</h1><table><tr>{heading}</tr>"
        f"<tr><td><a href='d/'>d/</a></td><td></td><td>-</td></tr><tr>{cells}</tr></table></html>"
    )
    return parse(page).entries[1]


@pytest.mark.parametrize(("url", "page", "names"), [case[1:] for case in LISTINGS], ids=[case[0] for case in LISTINGS])
def test_a_listing_gives_its_rows_and_is_complete(url: str, page: str, names: list[str]) -> None:
    listing = parse(page, url)
    assert [shown(entry) for entry in listing.entries] == names
    assert listing.is_listing
    assert listing.complete
    assert listing.family != "none"
    assert 0 < listing.confidence <= 1


@pytest.mark.parametrize("page", [case[1] for case in OTHER_PAGES], ids=[case[0] for case in OTHER_PAGES])
def test_another_page_is_never_a_listing(page: str) -> None:
    listing = parse(page)
    assert not listing.is_listing
    assert listing.entries == ()
    assert listing.family == "none"


@pytest.mark.parametrize(
    ("href", "reason"),
    [
        ("?C=N;O=D", "sort"),
        ("?C=M&amp;O=A", "sort"),
        ("?N=D", "sort"),
        ("?ND", "sort"),
        ("/pub/?sort=name&order=asc", "sort"),
        ("../", "parent"),
        ("/", "parent"),
        ("./..", "parent"),
        ("x/../..", "parent"),
        ("./", "self"),
        ("/pub/", "self"),
        ("", "fragment"),
        ("#top", "fragment"),
        ("http://other.test/x", "other-host"),
        ("//other.test/x", "other-host"),
        ("http://host.test:8080/pub/x", "other-host"),
        ("mailto:a@b", "scheme"),
        ("javascript:void(0)", "scheme"),
        ("data:text/plain,x", "scheme"),
        ("ftp://host.test/pub/x", "scheme"),
        ("a:b", "scheme"),
        ("?download=x", "query"),
        ("c.php?raw=1", "query"),
        ("sub/?zip", "query"),
        ("/elsewhere/x/", "above"),
        ("sub/dir/", "deep"),
        ("..%2fetc", "bad-name"),
        ("%2e%2e", "bad-name"),
        ("%2e", "bad-name"),
        ("a%2Fb", "bad-name"),
        ("..%5c..%5cx", "bad-name"),
        ("a%00b", "bad-name"),
    ],
)
def test_a_link_that_is_not_an_entry_is_rejected_with_a_reason(href: str, reason: str) -> None:
    listing = parse(
        "<html><title>Index of /pub/</title><h1>Index of /pub/</h1><pre><a href='../'>../</a>\n"
        f"<a href='a.zip'>a.zip</a> 2024-02-01 10:11 12\n<a href='{href}'>link</a>\n"
        "<a href='b.zip'>b.zip</a> 2024-02-01 10:11 12\n</pre></html>"
    )
    assert [entry.name for entry in listing.entries] == ["a.zip", "b.zip"]
    assert reason in {rejection.reason for rejection in listing.rejections[1:]}


def test_breadcrumbs_duplicates_and_menus_are_distinguished() -> None:
    listing = parse(
        "<html><h1>Index of <a href='/'>root</a>/<a href='/a/'>a</a>/<a href='/a/b/'>b</a></h1>"
        "<nav class='menu'><a href='news'>News</a></nav><table><tr><th>Name<th>Date<th>Size</tr>"
        "<tr><td><a href='x.zip'><img src='i.png'></a><a href='x.zip'>x.zip</a><td>2024-02-01<td>12K</tr>"
        "<tr><td><a href='y.zip'>y.zip</a><td>2024-02-01<td>13K</tr></table></html>",
        "http://host.test/a/b/",
    )
    reasons = [(rejection.reason, rejection.subject) for rejection in listing.rejections]
    assert reasons == [
        ("breadcrumb", "/"),
        ("parent", "/a/"),
        ("self", "/a/b/"),
        ("navigation", "news"),
        ("duplicate", "x.zip"),
    ]
    assert [entry.name for entry in listing.entries] == ["x.zip", "y.zip"]


@pytest.mark.parametrize(
    ("href", "name", "url"),
    [
        ("a%20b", "a b", "a%20b"),
        ("a b", "a b", "a%20b"),
        ("%d1%88", "ш", "%d1%88"),
        ("ш", "ш", "%D1%88"),
        ("%E9.txt", "\udce9.txt", "%E9.txt"),
        ("a%2520b", "a%20b", "a%2520b"),
        ("a+b;c=d", "a+b;c=d", "a+b;c=d"),
        ("a&amp;b", "a&b", "a&b"),
        ("./c:d", "c:d", "c:d"),
        ("%3fC=N;O=D", "?C=N;O=D", "%3fC=N;O=D"),
        ("x%23y", "x#y", "x%23y"),
        ("%zz", "%zz", "%zz"),
        ("HTTP://HOST.test:80/pub/full", "full", "HTTP://HOST.test:80/pub/full"),
        ("https://host.test/pub/tls", "tls", "https://host.test/pub/tls"),
        ("/pub/absolute#part", "absolute", "absolute"),
        ("..twodots", "..twodots", "..twodots"),
        ("...", "...", "..."),
        ("back%5Cslash", "back\\slash", "back%5Cslash"),
    ],
)
def test_a_name_is_decoded_once_and_the_url_keeps_its_bytes(href: str, name: str, url: str) -> None:
    entry = row(f"<td><a href='{href}'>any</a></td><td>2024-02-01 10:11</td><td>5</td>")
    assert entry.name == name
    wanted = url if "://" in url else HERE + url
    assert entry.url.lower() == wanted.lower()
    assert entry.url.endswith(url.rpartition("/")[2])


def test_a_base_href_applies_to_every_link() -> None:
    page = (
        "<html><head><base href='http://host.test/real/'></head><h1>Index of /real/</h1><pre><a href='../'>../</a>\n"
        "<a href='x/'>x/</a>  2024-02-01 10:11 -\n<a href='y.gz'>y.gz</a>  2024-02-01 10:11 10\n</pre></html>"
    )
    assert [entry.url for entry in parse(page).entries] == ["http://host.test/real/x/", "http://host.test/real/y.gz"]


@pytest.mark.parametrize("base", ["/", "http://host.test/"])
@pytest.mark.parametrize("beside", ["", "<a href='other.txt'>other.txt</a>  2024-02-01 10:11 10\n" * 3])
def test_a_base_href_above_the_page_does_not_widen_the_tree(base: str, beside: str) -> None:
    directory = HERE.removeprefix("http://host.test/")
    page = (
        f"<html><head><base href='{base}'></head><h1>Index of /{directory}</h1><pre><a href='../'>../</a>\n"
        f"<a href='{directory}x/'>x/</a>  2024-02-01 10:11 -\n{beside}"
        f"<a href='{directory}y.gz'>y.gz</a>  2024-02-01 10:11 10\n</pre></html>"
    )
    found = {entry.name: entry.url for entry in parse(page).entries if entry.name != "other.txt"}
    assert found == {"x": f"{HERE}x/", "y.gz": f"{HERE}y.gz"}


@pytest.mark.parametrize(
    ("links", "names"),
    [
        ({"a/index.html": "a", "b/index.html": "b/"}, {"a/", "b/"}),
        ({"a/index.php": "a", "x.zip": "x.zip"}, {"a/", "x.zip"}),
        ({"a/": "a/", "b/index.html": "b"}, {"a/"}),
        ({"a/index.html": "a", "b/other.html": "b"}, set()),
        ({"a/index.html": "Introduction", "x.zip": "x.zip"}, {"x.zip"}),
        ({"a/b/index.html": "b", "x.zip": "x.zip"}, {"x.zip"}),
        ({"a/index.html": "a", "a": "a"}, {"a"}),
    ],
)
def test_an_index_page_shown_by_the_name_of_its_directory_is_that_directory(
    links: dict[str, str], names: set[str]
) -> None:
    rows = "".join(f"<li><a href='{href}'>{text}</a></li>" for href, text in links.items())
    page = f"<html><h1>Index of /pub/</h1><a href='../'>up</a><ul>{rows}</ul></html>"
    assert {shown(entry) for entry in parse(page).entries} == names


@pytest.mark.parametrize(
    ("query", "values", "names"),
    [
        ("", {"QSBi": "A b", "eC8=": "x"}, {"A b/", "x/"}),
        ("?folder=QSBi", {"QSBiL3k=": "y", "QSBiL3o=": "z"}, {"y/", "z/"}),
        ("", {"YWI/": "ab?", "QSBi": "A b"}, {"ab?/", "A b/"}),
        ("?folder=QSBi", {"QSBiL2hvdz8%2F": "how??", "QSBiL2hvdz8": "how?"}, {"how??/", "how?/"}),
        ("?folder=QSBi", {"QSBiL8O-w74": "þþ", "QSBiL8O%2Bw78=": "þÿ"}, {"þþ/", "þÿ/"}),
        ("", {"sub": "sub", "./sub/": "sub", "sub&sort=size": "sub"}, {"sub/"}),
        ("", {"QSBi": "QSBi", "eC8=": "eC8="}, {"QSBi/", "eC8=/"}),
        ("", {"QSBi": "A b", "plain": "plain"}, {"QSBi/", "plain/"}),
        ("", {"/w//": "/w//", "QSBi": "QSBi"}, {"w/", "QSBi/"}),
        ("", {"/pub/a": "a", "/pub/b": "b"}, {"a/", "b/"}),
        ("", {"/pub/a": "a", "F_b": "b"}, {"a/"}),
        ("", {"/pub/a": "a", "c": "c", "pub": "pub"}, {"c/", "pub/"}),
    ],
)
def test_queries_name_directories_in_base64_or_by_the_full_path(
    query: str, values: dict[str, str], names: set[str]
) -> None:
    rows = "".join(
        f"<tr><td class='folder'><a href='?folder={value}'><img src='folder.png'></a></td><td></td><td></td><td></td></tr>"
        f"<tr><td><a href='?folder={value}'>{text}</a></td><td></td><td></td><td></td></tr>"
        for value, text in values.items()
    )
    page = f"<html><h1>Index of /pub/</h1><table><tr><th>Name<th>Size<th>Date</tr></table><table>{rows}</table></html>"
    found = parse(page, HERE + query).entries
    assert sorted(shown(entry) for entry in found) == sorted(names)
    assert all(entry.url.partition("?folder=")[2] in values for entry in found)


@pytest.mark.parametrize(
    ("cell", "low", "high"),
    [
        ("5120", 5120, 5120),
        ("5,120", 5120, 5120),
        ("17 bytes", 17, 17),
        ("(56,153 bytes)", 56153, 56153),
        ("1.5 KiB", 1400, 1639),
        ("3 .3M", 3200000, 3565159),
        ("13 Mo", 12000000, 14680064),
        ("1 KB", 0, 2048),
        ("۱۲ KB", 11000, 13312),
    ],
)
def test_a_size_of_unknown_rounding_is_a_safe_interval(cell: str, low: int, high: int) -> None:
    size = row(f"<td><a href='a'>a</a></td><td>2024-02-01 10:11</td><td>{cell}</td>").size
    assert size is not None
    assert (size.low, size.high) == (low, high)


def test_a_unit_in_the_heading_counts() -> None:
    size = row("<td><a href='a'>a</a></td><td></td><td>700</td>", "<th>Name</th><th>Date</th><th>Size (KB)</th>").size
    assert size is not None
    assert 700_000 in size
    assert 700 * 1024 in size


@pytest.mark.parametrize("cell", ["27 elements", "2 items", "[41 Files]", "abc", "-", "", "1/2", "12:30"])
def test_a_cell_that_is_not_a_size_gives_none(cell: str) -> None:
    assert row(f"<td><a href='a'>a</a></td><td>2024-02-01 10:11</td><td>{cell}</td>").size is None


@pytest.mark.parametrize(
    "attribute", ["data-order='1536'", "data-sort='1536'", "sorttable_customkey='1536'", "title='1,536 Bytes'"]
)
def test_an_exact_size_in_an_attribute_wins_when_it_agrees(attribute: str) -> None:
    exact = row(f"<td><a href='a'>a</a></td><td></td><td {attribute}>1.5 KB</td>")
    assert exact.size is not None
    assert (exact.size.low, exact.size.high) == (1536, 1536)
    assert "1" in exact.row
    other = row(f"<td><a href='a'>a</a></td><td></td><td {attribute}>9.5 MB</td>")
    assert other.size is not None
    assert other.size.low > 9_000_000


@pytest.mark.parametrize(
    ("cell", "low", "high"),
    [
        ("06-May-2025 03:08", "2025-05-06 03:08:00", "2025-05-06 03:08:59"),
        ("2025-05-06 03:08", "2025-05-06 03:08:00", "2025-05-06 03:08:59"),
        ("2025-05-06 03:08:09", "2025-05-06 03:08:09", "2025-05-06 03:08:09"),
        ("2025-May-06 03:08:09", "2025-05-06 03:08:09", "2025-05-06 03:08:09"),
        ("2001-APR-26", "2001-04-26 00:00:00", "2001-04-26 23:59:59"),
        ("Thu, 10 May 2012 11:42:44 GMT", "2012-05-10 11:42:44+00:00", "2012-05-10 11:42:44+00:00"),
        ("2025-05-06T03:08:09Z", "2025-05-06 03:08:09+00:00", "2025-05-06 03:08:09+00:00"),
        ("2025-05-06 03:08:09 +0200", "2025-05-06 03:08:09+02:00", "2025-05-06 03:08:09+02:00"),
        ("Tue Feb 19 12:12:50 CET 2013", "2013-02-19 12:12:50", "2013-02-19 12:12:50"),
        ("Tue Feb 19 2013 12:12:50 GMT+0100 (CET)", "2013-02-19 12:12:50+01:00", "2013-02-19 12:12:50+01:00"),
        ("1/16/2014 10:37 PM", "2014-01-16 22:37:00", "2014-01-16 22:37:59"),
        ("1/1/2014 12:05 AM", "2014-01-01 00:05:00", "2014-01-01 00:05:59"),
        ("28.10.2018", "2018-10-28 00:00:00", "2018-10-28 23:59:59"),
        ("2017-08-10 오후 6:22", "2017-08-10 18:22:00", "2017-08-10 18:22:59"),
        ("Dec 6th 2016 at 12:21am", "2016-12-06 00:21:00", "2016-12-06 00:21:59"),
        ("17Oct2022 17:35", "2022-10-17 17:35:00", "2022-10-17 17:35:59"),
        ("October-20-2010 15:01", "2010-10-20 15:01:00", "2010-10-20 15:01:59"),
        ("20 déc. 2019 14:00", "2019-12-20 14:00:00", "2019-12-20 14:00:59"),
        ("2019/05/06", "2019-05-06 00:00:00", "2019-05-06 23:59:59"),
        # 3 April or 4 March: the interval contains both
        ("3/4/2014", "2014-03-04 00:00:00", "2014-04-03 23:59:59"),
    ],
)
def test_a_time_is_the_interval_that_its_text_covers(cell: str, low: str, high: str) -> None:
    entry = row(f"<td><a href='a'>a</a></td><td>{cell}</td><td>12</td>")
    assert entry.modified is not None
    assert (str(entry.modified.low), str(entry.modified.high)) == (low, high)
    assert entry.row == f"{cell}  12"


@pytest.mark.parametrize("cell", ["2 years ago", "4673.5 days", "yesterday"])
def test_an_age_is_neither_a_time_nor_part_of_the_row(cell: str) -> None:
    entry = row(f"<td><a href='a'>a</a></td><td>{cell}</td><td>12</td>")
    assert entry.modified is None
    assert entry.row == "12"


def test_a_date_without_a_year_is_kept_in_the_row_only() -> None:
    entry = row("<td><a href='a'>a</a></td><td>May 23 11:34</td><td>12</td>")
    assert entry.modified is None
    assert entry.row == "May 23 11:34  12"


def test_one_clear_date_settles_the_order_of_a_column() -> None:
    page = "<html><h1>Index of /pub/</h1><table><tr><th>Name<th>Date<th>Size</tr>{}</table></html>"
    rows = "<tr><td><a href='a.gz'>a.gz</a><td>03/04/2014<td>1</tr><tr><td><a href='b.gz'>b.gz</a><td>{}<td>1</tr>"
    first = parse(page.format(rows.format("25/04/2014"))).entries[0].modified
    assert first is not None
    assert first.low == datetime(2014, 4, 3)  # noqa: DTZ001 - in the server's own zone
    first = parse(page.format(rows.format("04/25/2014"))).entries[0].modified
    assert first is not None
    assert first.low == datetime(2014, 3, 4)  # noqa: DTZ001 - in the server's own zone


def test_a_machine_readable_time_beside_the_text_is_preferred() -> None:
    entry = row("<td><a href='a'>a</a></td><td data-sort='1706782272'>1 Feb 2024</td><td>12</td>")
    assert entry.modified is not None
    assert entry.modified.low == entry.modified.high == datetime(2024, 2, 1, 10, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ("<tr class='folder'><td><a href='a'>a</a><td>1<tr class='file'><td><a href='b'>b</a><td>2K", "df"),
        ("<tr><td><img alt='[DIR]' src=x><a href='a'>a</a><td>-<tr><td><img alt='[TXT]'><a href='b'>b</a><td>2K", "df"),
        ("<tr><td><a href='a'>a/</a><td>-<tr><td><a href='b'>b</a><td>2K", "df"),
        ("<tr><td><a href='a'>a</a>/<td>-<tr><td><a href='b'>b</a><td>2K", "df"),
        ("<tr><td><a href='a'>a</a><td>&lt;DIR&gt;<tr><td><a href='b'>b</a><td>2K", "df"),
        ("<tr><td><a href='a'>a</a><td>-<tr><td><a href='b'>b</a><td>2K", "df"),
        ("<tr><td><a href='a.d/'>a.d/</a><td>-<tr><td><a href='README'>README</a><td>-", "df"),
        ("<tr><td><a href='a.d'>a.d</a><td><tr><td><a href='README'>README</a><td>", "uu"),
    ],
)
def test_a_kind_needs_evidence(rows: str, kinds: str) -> None:
    page = f"<html><h1>Index of /pub/</h1><table><tr><th>Name<th>Size</tr>{rows}</table></html>"
    assert "".join(entry.kind.value[0] for entry in parse(page).entries) == kinds


def test_files_on_another_host_that_the_page_lists_as_its_own_are_external() -> None:
    listing = parse(
        "<html><h1>Index of /pub/</h1><table><tr><th>Name<th>Size</tr>"
        "<tr><td><a href='http://cdn.test/a.zip'>a.zip</a><td>1M</tr><tr><td><a href='b.zip'>b.zip</a>"
        " <a href='http://doc.test/'>docs</a><td>2M</tr></table></html>"
    )
    assert [(entry.url, entry.external) for entry in listing.entries] == [
        ("http://cdn.test/a.zip", True),
        (HERE + "b.zip", False),
    ]
    assert [rejection.reason for rejection in listing.rejections] == ["other-host"]


def test_further_pages_are_next_pages_and_earlier_ones_are_not() -> None:
    page = (
        "<html><h1>Index of /pub/</h1><table><tr><th>Name<th>Size</tr><tr><td><a href='b.zip'>b.zip</a><td>2M</tr></table>"
        "<a href='?page=1'>1</a><a href='?page=2'>2</a><a href='?page=3'>3</a><a href='?page=3'>next</a></html>"
    )
    assert parse(page).next_pages == (HERE + "?page=2", HERE + "?page=3")
    assert parse(page, HERE + "?page=2").next_pages == (HERE + "?page=3",)


def test_a_page_that_shows_a_part_says_so() -> None:
    url, page = next((url, page) for name, url, page, _ in LISTINGS if name == "caddy-2.7")
    cut = page.replace(
        "</b> directory</span>", "</b> directory</span><span>(of which only <b>1</b> are displayed)</span>"
    )
    assert parse(page, url).complete
    assert not parse(cut, url).complete


def test_rows_embedded_as_data_are_read() -> None:
    page = (
        "<html><body><div id=app></div><script>const DATA = {\"paths\": [{\"path_type\": \"Dir\", \"name\": \"d\","
        "\"mtime\": 1706782272000, \"size\": 0}, {\"path_type\": \"File\", \"name\": \"f.bin\", \"mtime\": 1706782272000,"
        "\"size\": 1536}]};</script></body></html>"
    )  # fmt: skip
    listing = parse(page)
    assert [shown(entry) for entry in listing.entries] == ["d/", "f.bin"]
    assert listing.entries[1].size is not None
    assert listing.entries[1].size.low == 1536


def test_rows_built_by_script_calls_are_read() -> None:
    page = (
        "<html><body><script>\n_d('old','Jun-07-16','index.php?dir=old');\n"
        "_f('a \\'b\\'.mp3',3022848,'Jun-07-16','x/a%20%27b%27.mp3',1465318601);\n</script></body></html>"
    )
    listing = parse(page, "http://host.test/index.php")
    assert [shown(entry) for entry in listing.entries] == ["old/", "a 'b'.mp3"]
    assert listing.entries[1].url == "http://host.test/x/a%20%27b%27.mp3"
    assert listing.complete


def test_the_charset_is_found_in_header_byte_order_mark_and_meta() -> None:
    page = "<html>{}<h1>Index of /pub/</h1><pre><a href='../'>../</a>\n<a href='x'>žluť.txt</a> 2024-02-01 10:11 5\n</pre></html>"
    meta = page.format("<meta charset=iso-8859-2>").encode("iso-8859-2")
    for body, kind in (
        (page.format("").encode("iso-8859-2"), "text/html; charset=ISO-8859-2"),
        (meta, "text/html"),
        (page.format("").encode("utf-8-sig"), "text/html"),
        (page.format("").encode("utf-16"), "text/html"),
    ):
        listing = parse_listing(body, HERE, kind)
        assert listing.is_listing
        assert [entry.name for entry in listing.entries] == ["x"]


def test_a_page_cut_in_a_header_with_its_own_links_is_not_complete() -> None:
    page = (
        "<html><body><h1>Index of /pub/</h1><ul><li><a href='9.1/'>9.1/</a> current</li><li><a href='9.0/'>9.0/</a> old</li>"
        "<li><a href='8.9/'>8.9/</a> older</li></ul>{}"
    )
    assert parse(page.format("")).is_listing
    assert not parse(page.format("")).complete
    assert parse(page.format("</body></html>")).complete


def test_a_header_that_closes_its_own_document_does_not_hide_truncation() -> None:
    page = (
        "<html><head><title>Index of /pub</title></head><body><html><body><h2>Hello</h2></body></html><h1>Index of /pub</h1>"
        "<table><tr><th><a href='?C=N;O=D'>Name</a><th><a href='?C=S;O=A'>Size</a></tr><tr><td><a href='/'>Parent Directory</a><td>-</tr>"
        "<tr><td><a href='a&amp;b.gz'>a&amp;b.gz</a><td>1.2K</tr>{}"
    )
    assert not parse(page.format("")).complete
    assert not parse(page.format("<tr><td><a href='c.gz'>c.gz</a><td>1.2K</tr>")).complete
    assert parse(page.format("</table><p><a href='http://o/'>sponsor</a>")).complete
    assert parse(page.format("</table></body></html>")).complete
