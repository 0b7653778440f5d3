"""Every row of a listing is an entry or a rejection with a reason and a name; navigation is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import parse_listing
from crawler.listings.values.queries import kept_of, without_session
from crawler.model.values import Listing, Span
from tests.support.misbehaving.pages import Row, apache, nginx, python

URL = "http://h/pub/"
TIME = 1_735_787_045.0


def fancyindex(title: str, rows: list[Row]) -> bytes:
    lines = "".join(
        f'<tr><td class="link"><a href="{row.href}" title="{row.text}">{row.text}</a></td>'
        f'<td class="size">{"-" if row.size is None else row.size}</td><td class="date">2025-Mar-05 10:00</td></tr>\n'
        for row in rows
    )
    heads = "".join(
        f'<th><a href="?C={key}&amp;O=A">{name}</a></th>' for key, name in (("N", "Name"), ("S", "Size"), ("M", "Date"))
    )
    return (
        f"<html><head><title>Index of {title}</title></head><body><h1>Index of {title}</h1><table id='list'><thead><tr>"
        f"{heads}</tr></thead><tbody><tr><td class='link'><a href='../?C=M&amp;O=D'>Parent directory/</a></td>"
        f"<td class='size'>-</td><td class='date'>-</td></tr>{lines}</tbody></table></body></html>"
    ).encode()


def many(title: str, rows: list[Row]) -> bytes:
    """A page with enough rows to be abridged and read in parts."""
    more = [Row(href=f"{number:05}.bin", size=7, mtime=TIME, text=f"{number:05}.bin") for number in range(5_500)]
    return nginx(title, [*more[:9], *rows, *more[9:]])


SHAPES = {"nginx": nginx, "apache": apache, "python": python, "fancyindex": fancyindex}


def listing_of(shape: str, *rows: tuple[str, str], own: bool = True) -> Listing:
    shown = [
        Row(href=href, size=None if text.endswith("/") else 5, mtime=TIME, text=text)
        for href, text in [*([("own.bin", "own.bin")] if own else []), *rows]
    ]
    return parse_listing(SHAPES.get(shape, many)("/pub/", shown), URL, "text/html; charset=utf-8")


ENTRIES = [
    ("a.zip?download=1", "a.zip", "a.zip", "a.zip?download=1"),
    ("a.zip?raw=true", "a.zip", "a.zip", "a.zip?raw=true"),
    ("./a.iso?sort=name&order=asc", "a.iso", "a.iso", "a.iso"),
    ("a.bin?k=XyZ", "a.bin", "a.bin", "a.bin?k=XyZ"),
    ("a.bin?C=M&O=D", "a.bin", "a.bin", "a.bin"),
    ("a.bin?k=XyZ&sort=name", "a.bin", "a.bin", "a.bin?k=XyZ"),
    ("a.bin;jsessionid=1.node", "a.bin", "a.bin", "a.bin"),
    ("a.bin?PHPSESSID=1", "a.bin", "a.bin", "a.bin"),
    ("sub/?C=M&O=D", "sub/", "sub", "sub/"),
    ("sub/?raw=true", "sub/", "sub", "sub/"),
    ("sub/?sort=date&order=desc", "sub/", "sub", "sub/"),
    ("sub/?k=AbC", "sub/", "sub", "sub/?k=AbC"),
    ("sub/;jsessionid=1", "sub/", "sub", "sub/"),
    ("what?.txt", "what?.txt", "what?.txt", "what%3F.txt"),
    ("q?/", "q?/", "q?", "q%3F/"),
    ("a#1.txt", "a#1.txt", "a#1.txt", "a%231.txt"),
    ("1:2.deb", "1:2.deb", "1:2.deb", "1%3A2.deb"),
    ("epoch1:2.deb", "epoch1:2.deb", "epoch1:2.deb", "epoch1%3A2.deb"),
    ("http://h/pub/what?.txt", "what?.txt", "what?.txt", "what%3F.txt"),
    ("/pub/what?.txt", "what?.txt", "what?.txt", "what%3F.txt"),
]


@pytest.mark.parametrize("shape", [*SHAPES, "many"])
def test_a_row_with_a_query_a_session_or_an_unescaped_name_is_an_entry(shape: str) -> None:
    for href, text, name, url in ENTRIES:
        if shape == "many" and href not in {"a.bin?k=XyZ", "what?.txt"}:
            continue
        listing = listing_of(shape, (href, text))
        found = {entry.name: entry.url for entry in listing.entries}
        assert listing.is_listing, href
        assert (found.get(name), found["own.bin"]) == (URL + url, URL + "own.bin"), href
        assert [each for each in listing.rejections if each.row] == [], href


ELSEWHERE = [
    ("get.php?file=a.zip", "a.zip", "query"),
    ("sub/?zip", "sub.zip", "query"),
    ("?item=sub", "sub.d", "query"),
    ("http://cdn.test/a.zip", "a.zip", "other-host"),
    ("//cdn.test/a.zip", "a.zip", "other-host"),
    ("/other/a.zip", "a.zip", "above"),
    ("ftp://h/pub/a.zip", "a.zip", "scheme"),
    ("javascript:get(7)", "a.zip", "scheme"),
    ("#", "a.zip", "fragment"),
    ("..%2fa.zip", "..%2fa.zip", "bad-name"),
]


@pytest.mark.apart
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("shape", [*SHAPES, "many"])
def test_a_row_that_leads_elsewhere_is_an_entry_or_has_a_name_and_a_reason(shape: str, own: bool) -> None:
    for href, text, reason in ELSEWHERE[: 2 if shape == "many" else None]:
        listing = listing_of(shape, (href, text), own=own)
        rejected = [(each.reason, each.row) for each in listing.rejections if each.row]
        entries = [entry.name for entry in listing.entries if entry.name not in {"own.bin"} and entry.size != 7]
        assert listing.is_listing, href
        if text not in entries:
            assert [each for each, _ in rejected] == [reason], (href, rejected)
            assert rejected[0][1] in {text, "..", "../a.zip"}, href


@pytest.mark.parametrize("shape", list(SHAPES))
def test_navigation_is_neither_an_entry_nor_counted(shape: str) -> None:
    hrefs = ("?C=N;O=D", "?sort=name", "#", "#top", "javascript:void(0)", "/", "./", "../?C=M&O=D", "/pub/?C=S&O=A")
    listing = listing_of(shape, *((href, href) for href in hrefs))
    assert [entry.name for entry in listing.entries] == ["own.bin"]
    assert [each for each in listing.rejections if each.row] == []


def test_links_of_a_header_and_a_footer_are_not_counted() -> None:
    page = nginx("/pub/", [Row(href="a.bin", size=5, mtime=TIME)]).decode()
    links = '<p><a href="https://x.test/">x</a> <a href="get.php?id=1">get</a> <a href="ftp://x.test/">ftp</a></p>'
    page = page.replace("<h1>", f"{links}<h1>").replace("</body>", f"{links}</body>")
    listing = parse_listing(page.encode(), URL, "text/html")
    assert [entry.name for entry in listing.entries] == ["a.bin"]
    assert [each for each in listing.rejections if each.row] == []


def test_two_links_to_one_file_are_one_entry_and_two_keys_are_two() -> None:
    def urls(*rows: tuple[str, str]) -> list[str]:
        return [entry.url for entry in listing_of("nginx", *rows, own=False).entries]

    assert urls(("a.bin?sort=x", "a.bin"), ("a.bin", "a.bin")) == [f"{URL}a.bin"]
    assert urls(("a.bin?k=1", "a.bin"), ("a.bin", "a.bin")) == [f"{URL}a.bin"]
    assert urls(("a.bin", "a.bin"), ("a.bin?k=1", "a.bin")) == [f"{URL}a.bin"]
    assert urls(("a.bin?k=1", "a.bin"), ("a.bin?k=2", "a.bin")) == [f"{URL}a.bin?k=1", f"{URL}a.bin?k=2"]


@pytest.mark.parametrize(
    ("path", "query", "kept"),
    [
        ("/a.bin", "C=M&O=D", ""), ("/a.bin", "sort=x", ""), ("/a.bin", "k=1", "k=1"), ("/a.bin", "k=1;sort=x", "k=1"),
        ("/a.bin", "download", "download"), ("/a.bin", "sid=1&X-Amz-Signature=%2F", "X-Amz-Signature=%2F"),
        ("/s/", "raw=true", ""), ("/s/", "k=1&C=N", "k=1"), ("/s/", "zip", None), ("/s/", "download=zip", None),
        ("/a.bin", "delete", None), ("/s/", "action=edit", None), ("/a.php", "k=1", None), ("/a.cgi", "id=1", None),
        ("/login", "next=x", None), ("/README", "download=1", "download=1"), ("/README", "sort=x", ""),
        ("/s/", "page=2", None), ("/a.bin", "", ""),
    ],
)  # fmt: skip
def test_which_part_of_a_query_is_kept(path: str, query: str, kept: str | None) -> None:
    assert kept_of(path, query) == kept


@given(st.text("abk;&=?/#: .", max_size=30))
def test_only_sessions_are_removed(href: str) -> None:
    assert without_session(href) == href
    assert without_session(f"{href};jsessionid=x") == href


@given(st.text("ab.?#:&=/%2F;+ ", min_size=1, max_size=12))
def test_no_row_is_lost(href: str) -> None:
    listing = listing_of("fancyindex", (href, "shown name.zip"))
    rejected = any(each.row for each in listing.rejections) or len(listing.entries) > 1
    assert rejected or {each.reason for each in listing.rejections} & {
        "self",
        "parent",
        "breadcrumb",
        "sort",
        "page",
        "duplicate",
    }


_TWICE = '<a href="a.bin">a.bin</a>       01-Jan-2020 00:00     {}\r\n'


@pytest.mark.parametrize(
    ("second", "reason"), [("1000", "duplicate"), ("1K", "duplicate"), ("2000", "clash"), ("2M", "clash")]
)
@pytest.mark.parametrize("around", ["", "<p>a theme</p>"])
def test_one_url_with_two_sizes_is_a_clash(second: str, reason: str, around: str) -> None:
    page = (
        "<html>\r\n<head><title>Index of /pub/</title></head>\r\n<body>\r\n<h1>Index of /pub/</h1><hr><pre>"
        f'<a href="../">../</a>\r\n{_TWICE.format(1000)}{_TWICE.format(second)}</pre><hr>{around}</body>\r\n</html>\r\n'
    )
    listing = parse_listing(page.encode(), "http://h.test/pub/", "text/html")
    assert [(entry.name, entry.size) for entry in listing.entries] == [("a.bin", Span(1000, 1000))]
    assert [each.reason for each in listing.rejections if each.subject == "a.bin"] == [reason]
    assert [each.row for each in listing.rejections if each.row] == (["a.bin"] if reason == "clash" else [])
