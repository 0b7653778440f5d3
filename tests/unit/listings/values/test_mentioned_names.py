"""Names that a page shows but does not list, and whether the absence of entries proves anything."""

from __future__ import annotations

import json

import pytest

from crawler.listings import parse_listing
from crawler.model.values import Listing

HERE = "http://host.test/pub/"
FOOTER = (
    '<p>Served by <a href="https://nginx.org/">nginx</a>, theme by <a href="https://git.test/who/theme">who</a>, '
    'last changed 2024-05-06 03:08, see <a href="/about/contact.html">contact</a> <a href="?view=grid">grid</a></p>'
)


def parse(page: str, content_type: str = "text/html; charset=utf-8") -> Listing:
    return parse_listing(page.encode(), HERE, content_type)


def nginx(*hrefs: str, footer: str = "") -> str:
    rows = "".join(
        f'<a href="{href}">{href.partition("?")[0].rpartition("/")[2] or href}</a>  06-May-2024 03:08  100\n'
        for href in hrefs
    )
    return (
        "<html>\n<head><title>Index of /pub/</title></head>\n<body>\n"
        f'<h1>Index of /pub/</h1><hr><pre><a href="../">../</a>\n{rows}</pre><hr>{footer}</body>\n</html>\n'
    )


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ('<a href="http://cdn.test/x/f%20o.bin">get</a>', "f o.bin"),
        ('<a href="/elsewhere/f.bin?token=1#top">get</a>', "f.bin"),
        ('<a href="sub/?token=1">get</a>', "sub"),
        ('<a href="javascript:get(1)">f.bin</a>', "f.bin"),
        ('<a href="#" data-id="7">f.bin</a>', "f.bin"),
        ('<a href="ftp://host.test/pub/f.bin">get</a>', "f.bin"),
        ('<a href="a:b.bin">a:b.bin</a>', "a:b.bin"),
    ],
)
def test_a_link_that_is_not_an_entry_mentions_its_last_segment_and_its_text(link: str, name: str) -> None:
    listing = parse(nginx("a.bin", footer=link))
    assert [entry.name for entry in listing.entries] == ["a.bin"]
    assert name in listing.mentioned
    assert listing.conclusive


def test_sort_links_and_links_up_mention_nothing() -> None:
    sorts = "".join(f'<th><a href="?C={key};O=D">{label}</a></th>' for key, label in (("N", "Name"), ("S", "Size")))
    rows = '<tr><td><a href="/">pub</a></td></tr><tr><td><a href="a.bin">a.bin</a></td><td>5</td></tr>'
    page = f"<html><h1>Index of /pub</h1><table><tr>{sorts}</tr>{rows}</table></html>"
    assert parse(page).mentioned == frozenset()
    assert parse(nginx("a.bin", "b.bin")).mentioned == frozenset()


@pytest.mark.parametrize(
    ("crumb", "is_mention"),
    [
        ('<a href="">pub</a>', False), ('<a href="#">pub</a>', False), ('<a href="">pub/</a>', False),
        ('<a href="./">pub</a>', False), ('<a href="/pub/">pub</a>', False),
        ('<a href="">f.bin</a>', True), ('<a href="#">f.bin</a>', True), ('<a href="javascript:get()">pub</a>', True),
        ('<a href="https://cdn.test/pub">get</a>', True), ('<a href="/x/pub">pub</a>', True),
    ],
)  # fmt: skip
def test_the_breadcrumb_that_is_the_page_itself_mentions_nothing(crumb: str, *, is_mention: bool) -> None:
    """A file may have the name of its directory: ``pub/pub``."""
    assert bool(parse(nginx("a.bin", footer=crumb)).mentioned) is is_mention


def test_a_row_with_the_name_of_the_directory_that_leads_nowhere_mentions_it() -> None:
    page = nginx("a.bin").replace("</pre>", '<a href="">pub</a>  06-May-2024 03:08  100\n</pre>')
    assert parse(page).mentioned == {"pub"}


@pytest.mark.parametrize(("footer", "is_known"), [("", True), ("<p>nginx/1.22.1</p>", True), (FOOTER, False)])
def test_a_page_without_entries_is_conclusive_if_all_of_it_is_known(footer: str, is_known: bool) -> None:
    listing = parse(nginx(footer=footer))
    assert (listing.is_listing, listing.complete, listing.conclusive, listing.entries) == (True, True, is_known, ())


@pytest.mark.parametrize(
    "href", ["http://cdn.test/f.bin", "/other/f.bin", "f.bin?thumb=1", "get.php?id=1", "javascript:get(1)", "..%2fe"]
)
@pytest.mark.parametrize("directories", [(), ("sub/",)])
def test_a_page_whose_file_rows_all_lead_elsewhere_is_inconclusive(href: str, directories: tuple[str, ...]) -> None:
    listing = parse(nginx(*directories, href))
    assert (listing.is_listing, listing.conclusive) == (True, False)
    assert parse(nginx(*directories, href, "own.bin")).conclusive


def test_rows_without_date_and_size_are_recognised_by_their_names() -> None:
    rows = '<li><a href="f.bin?thumb=1">f.bin</a></li>'
    page = f"<html><title>Directory listing for /pub/</title><h1>Directory listing for /pub/</h1><ul>{rows}</ul></html>"
    listing = parse(page)
    assert (listing.is_listing, listing.conclusive, listing.mentioned) == (True, False, frozenset({"f.bin"}))


@pytest.mark.parametrize(
    "footer",
    [
        '<p>Powered by <a href="https://example.org">example.org</a></p>',
        '<footer><a href="https://example.org">example.org</a></footer>',
        '<p>See <a href="/LICENSE.txt">LICENSE.txt</a> and <a href="https://other.test/KEY.asc">KEY.asc</a></p>',
    ],
)
def test_links_in_a_footer_are_not_rows(footer: str) -> None:
    listing = parse(nginx("sub/", footer=footer))
    assert listing.conclusive


def test_a_page_read_in_parts_mentions_the_names_of_all_parts() -> None:
    rows = [f"{number}.bin" for number in range(6_000)]
    listing = parse(nginx(*rows, "http://cdn.test/f.bin?token=1", footer='<a href="http://x.test/g.bin">g</a>'))
    assert len(listing.entries) == 6_000
    assert {"f.bin", "g.bin", "g"} <= listing.mentioned
    assert listing.conclusive


def test_rows_of_a_bucket_that_lead_elsewhere_are_rows_nevertheless() -> None:
    page = (
        '<?xml version="1.0"?><ListBucketResult><Name>b</Name><Prefix>pub/</Prefix><IsTruncated>false</IsTruncated>'
        "<Contents><Key>{}</Key><LastModified>2024-05-06T03:08:00.000Z</LastModified><Size>{}</Size></Contents>"
        "</ListBucketResult>"
    )
    url = "http://host.test/b/?prefix=pub/"
    elsewhere = parse_listing(page.format("other/f.bin", 5).encode(), url, "application/xml")
    assert (elsewhere.is_listing, elsewhere.conclusive, elsewhere.mentioned) == (True, False, frozenset({"f.bin"}))
    marker = parse_listing(page.format("pub/", 0).encode(), url, "application/xml")
    assert (marker.is_listing, marker.conclusive, marker.entries) == (True, True, ())


def test_a_socket_is_mentioned() -> None:
    rows = [{"name": name, "type": kind, "mtime": "Mon, 06 May 2024 03:08:00 GMT"} for name, kind in (
        ("s.sock", "other"), ("sub", "directory")
    )]  # fmt: skip
    listing = parse(json.dumps(rows), "application/json")
    assert (listing.is_listing, listing.mentioned) == (True, frozenset({"s.sock"}))


def test_a_name_that_cannot_be_encoded_does_no_harm() -> None:
    rows = [{"name": "a\ud800b%41/", "type": "other"}, {"name": "..", "type": "file"}, {"name": "c", "type": "file"}]
    for row in rows:
        row["mtime"] = "Mon, 06 May 2024 03:08:00 GMT"
    assert parse_listing(json.dumps(rows).encode(), HERE, "application/json") is not None


def test_a_link_up_moved_by_a_proxy_is_not_a_file_row() -> None:
    row = '<a href="/behind/the/proxy/">Parent Directory</a>  06-May-2024 03:08  -\n'
    listing = parse(nginx().replace("</pre>", f"{row}</pre>"))
    assert (listing.is_listing, listing.conclusive, listing.entries) == (True, True, ())


@pytest.mark.parametrize("script", ["index.php", "index.php5", "index.cgi", "index.aspx"])
def test_a_script_taken_for_the_page_itself_is_not_proven_absent(script: str) -> None:
    """A themed page may list its own script, and a directory may contain a file of that name: both look the same."""
    rows = "".join(
        f'<tr><td><a href="{name}">{name}</a></td><td>2024-01-02 03:04</td><td>1.2K</td></tr>'
        for name in ("a.iso", script, "b.iso")
    )
    page = f"<html><body><h1>Index of /d/</h1><table><tr><th>Name</th><th>Date</th><th>Size</th></tr>{rows}</table>"
    listing = parse_listing(f"{page}</body></html>".encode(), "http://h/d/", "text/html")
    assert listing.is_listing
    assert [entry.name for entry in listing.entries] == ["a.iso", "b.iso"]
    assert script in listing.mentioned
