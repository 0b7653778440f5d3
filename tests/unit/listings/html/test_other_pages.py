"""Pages that are not listings are never taken for one, because local files would then be deleted."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings import parse_listing
from tests.unit.listings.html.other_pages import HOST, OTHERS, a, links, page, table
from tests.unit.listings.html.report_pages import REPORTS, report, row_page


@pytest.mark.parametrize("name", OTHERS)
def test_a_page_of_another_kind_is_not_a_listing(name: str) -> None:
    path, text = OTHERS[name]
    listing = parse_listing(text.encode(), HOST + path, "text/html; charset=utf-8")
    assert not listing.is_listing, (listing.family, [entry.name for entry in listing.entries])
    assert listing.entries == ()


_WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9)
_FILE = st.tuples(_WORD, st.sampled_from(["zip", "tar.gz", "1", "0.9", "pdf", "html"])).map(".".join)
_ABROAD = st.tuples(_WORD, _FILE).map(lambda pair: (f"https://{pair[0]}.test/{pair[1]}", pair[1]))


@given(st.lists(_ABROAD, max_size=30), st.lists(_WORD, max_size=20), st.booleans())
def test_links_to_other_hosts_are_not_a_listing(abroad: list[tuple[str, str]], words: list[str], dated: bool) -> None:
    prose = "".join(
        f"<p>{word} {' '.join(words)} {a(href, text)}</p>" for word, (href, text) in zip(words, abroad, strict=False)
    )
    rows = ([a(href, text), "2024-05-06 12:00" if dated else "free", text] for href, text in abroad)
    text = page(" ".join(words), '<a href="/">Home</a>' + prose + table("Name|Updated|Product", rows) + links(abroad))
    assert not parse_listing(text.encode(), HOST + "/pub/", "text/html").is_listing


_MEMBERS = st.lists(_FILE, max_size=12, unique=True)
_HEADS = {
    "nginx": ("<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1><hr><pre>"
              '<a href="../">../</a>\n',
              '<a href="{0}">{1}</a>              06-May-2024 03:08      12\n', "</pre><hr></body></html>"),
    "apache": ("<html>\n <head>\n  <title>Index of /pub</title>\n </head>\n <body>\n<h1>Index of /pub</h1>\n<ul>"
               '<li><a href="/"> Parent Directory</a></li>\n', '<li><a href="{0}"> {1}</a></li>\n',
               "</ul>\n</body></html>\n"),
    "python": ("<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<title>Directory listing for /pub/</title>\n"
               "</head>\n<body>\n<h1>Directory listing for /pub/</h1>\n<hr>\n<ul>\n",
               '<li><a href="{0}">{1}</a></li>\n',
               "</ul>\n<hr>\n</body>\n</html>\n"),
    "devpi": ("<html><head><title>me/dev: simple list (including inherited indices)</title></head><body>"
              "<h1>me/dev: simple list (including inherited indices)</h1>", '<a href="{0}">{1}</a><br/>\n',
              "</body></html>"),
    "folders by query": ("<html><head><title>Files</title></head><body><a href=\"?dir=\">..</a>",
                         '<a class="item dir" href="?dir={0}">{1}</a>', "</body></html>"),
}  # fmt: skip


@pytest.mark.parametrize("family", _HEADS)
@given(names=_MEMBERS)
def test_a_listing_of_a_known_family_is_recognised_whatever_its_file_names(family: str, names: list[str]) -> None:
    head, row, tail = _HEADS[family]
    if family in {"devpi", "folders by query"} and len(names) < 3:
        return
    text = head + "".join(row.format(quote(name), escape(name)) for name in names) + tail
    listing = parse_listing(text.encode(), HOST + "/pub/", "text/html; charset=utf-8")
    assert listing.is_listing
    assert sorted(entry.name for entry in listing.entries) == sorted(names)


@pytest.mark.parametrize(
    "script",
    [
        "document.write('<a href=\"b.zip\">b.zip</a>')",
        "document.writeln(\"<tr><td><a href='b.zip'>\")",
        "list.innerHTML += '<li><a href=b.zip>b.zip</a></li>'",
        "list.insertAdjacentHTML('beforeend', `<li><a href=b.zip>`)",
    ],
)
def test_a_page_whose_script_writes_rows_may_not_show_all_of_them(script: str) -> None:
    body = f"<h1>Index of /pub</h1><ul>{links([('a.zip', 'a.zip')])}</ul>"
    listing = parse_listing(
        page("Index of /pub", f"{body}<script>{script}</script>").encode(), HOST + "/pub/", "text/html"
    )
    assert listing.is_listing
    assert not listing.conclusive
    quiet = page("Index of /pub", f"{body}<script>document.write(new Date())</script>")
    assert parse_listing(quiet.encode(), HOST + "/pub/", "text/html").conclusive


@pytest.mark.parametrize("name", REPORTS)
def test_rows_that_are_no_files_are_not_a_listing(name: str) -> None:
    for count in (11, 9, 3, 1):
        listing = parse_listing(report(name, count=count).encode(), f"{HOST}/pub/", "text/html; charset=utf-8")
        assert not listing.is_listing, (count, listing.family, [entry.name for entry in listing.entries])


_MARKS = {
    "a link back": '<p><a href="../">Back</a></p>',
    "a link home": '<a href="/">Home</a>',
    "breadcrumbs": '<nav class="breadcrumb"><a href="/">Home</a> / <a href="/pub/">pub</a></nav>',
    "a search": '<form action="/search"><input name="q"></form>',
    "a total": "<p>11 entries</p>",
    "a footer": '<footer><a href="/about">About</a> Powered by Acme 1.2</footer>',
    "a picture": '<img src="/icons/folder.png" alt="">',
    "a login": '<a href="/login">Log in</a>',
    "a pager": '<a href="?page=2">Next</a>',
    "prose": "<p>Everything in one place.</p>",
}


@given(st.sampled_from(sorted(REPORTS)), st.sets(st.sampled_from(sorted(_MARKS))), st.integers(1, 12))
def test_what_other_pages_have_besides_rows_makes_no_listing_of_them(name: str, marks: set[str], rows: int) -> None:
    text = report(name, count=rows, below="".join(_MARKS[mark] for mark in sorted(marks)))
    listing = parse_listing(text.encode(), f"{HOST}/pub/", "text/html; charset=utf-8")
    assert not listing.is_listing, (listing.family, [entry.name for entry in listing.entries])


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_page_without_a_title_is_none_unless_its_rows_are_files(name: str) -> None:
    title, labels, cells = REPORTS[name]
    is_of_files = labels.startswith("Directory|") or re.search(r"\.(?:\w*[a-z]\w* |tar)", cells) is not None
    text = report(name).replace(f"<title>{title}</title>", "").replace(f"<h1>{title}</h1>", "")
    assert is_of_files or not parse_listing(text.encode(), f"{HOST}/pub/", "text/html; charset=utf-8").is_listing


_ROWS = {
    "papers": ("Publications", "", "[{0}.pdf {0}.pdf]", 12),
    "a podcast": ("Episodes", "", "{1} [{0}.mp3 {0}.mp3] (23 MB)", 3),
    "slides": ("CS101: slides", "Date|Topic|Slides", "{1}|Topic|[{0}.pdf {0}.pdf]", 12),
    "artifacts": ("Artifacts of job 7", "Name|Size", "[{0}.log {0}.log]|12 KB", 3),
    "members of an archive": ("Contents of app.zip", "Name|Size|Modified", "[{0}.c {0}.c]|100|{1} 10:00", 3),
    "sources": ("app - source", "", "[{0}.rs {0}.rs]", 12),
    "versions under the path": ("/pub/", "Name|Modified|Size", "[{0} {0}]|{1}|12 KB", 2),
    "words below a link up": ("Acme", "Name|Modified|Size", "[{0} {0}]|{1}|12 KB", 2),
    "words without a title, below a link up": ("", "Name|Modified|Size", "[{0} {0}]|{1}|12 KB", 2),
    "files without a title": ("", "Name|Modified|Size", "[{0}.zip {0}.zip]|{1}|12 KB", 2),
    "words in Arabic": ("فهرس /pub/", "الاسم|التاريخ|الحجم", "[{0} {0}]|{1}|12 KB", 2),
}


@pytest.mark.parametrize("name", _ROWS)
def test_files_of_this_directory_are_a_listing_whatever_the_page_is_for(name: str) -> None:
    title, labels, row, least = _ROWS[name]
    up = '<a href="../">..</a>' if name.endswith("link up") else ""
    for count in (least, 14):
        text = row_page(title, labels, [row.format(f"w{number}x", "2024-05-06") for number in range(count)], above=up)
        listing = parse_listing(text.encode(), f"{HOST}/pub/", "text/html; charset=utf-8")
        assert (listing.is_listing, len(listing.entries)) == (True, count)
