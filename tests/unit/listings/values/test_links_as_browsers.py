"""The targets of links by every function that resolves them, in one table, following WHATWG URL like browsers do.

``resolve`` serves requests and redirects, ``resolve_link`` JSON and XML, ``Resolver`` HTML.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.listings.values.exact_urls import is_external, resolve_link
from crawler.listings.values.hrefs import Resolver
from crawler.text.urls import is_same_site, origin, page_origin, resolve

PAGE = "http://h.test/pub/"
LINKS = [
    ("a.bin", "http://h.test/pub/a.bin"),
    ("/x/a.bin", "http://h.test/x/a.bin"),
    ("//h.test/pub/a.bin", "http://h.test/pub/a.bin"),
    ("//h.test:80/pub/a.bin", "http://h.test:80/pub/a.bin"),
    ("//H.TEST/pub/a.bin", "http://H.TEST/pub/a.bin"),
    ("//bücher.test/a.bin", "http://xn--bcher-kva.test/a.bin"),
    ("http://127.1/a.bin", "http://127.0.0.1/a.bin"),
    ("https://h.test/pub/a.bin", "https://h.test/pub/a.bin"),
    # Port 0 is not the default port (WHATWG URL section 4.4, port state), and an invalid port makes the URL invalid.
    ("http://h.test:0/pub/a.bin", "http://h.test:0/pub/a.bin"),
    ("http://h.test:/pub/a.bin", "http://h.test:/pub/a.bin"),
    ("http://h.test:65536/pub/a.bin", None),
    ("http://h.test:x/pub/a.bin", None),
    ("http://:80/pub/a.bin", None),
    # Browsers no longer speak ftp, and neither does the program.
    ("ftp://h.test/pub/a.bin", None),
    ("FTP://h.test/pub/a.bin", None),
    ("mailto:a@h.test", None),
    # In a path, a backslash is part of a name. If a browser would use another host, the link is rejected.
    ("a\\b.bin", "http://h.test/pub/a%5Cb.bin"),
    ("/x\\b.bin", "http://h.test/x%5Cb.bin"),
    ("a.bin?x=\\\\other.test", "http://h.test/pub/a.bin?x=%5C%5Cother.test"),
    ("\\\\other.test\\a.bin", None),
    ("/\\other.test/a.bin", None),
    ("http:\\\\other.test/a.bin", None),
    ("//other.test\\@h.test/pub/a.bin", None),
    ("http://other.test\\@h.test/pub/a.bin", None),
    ("http://h.test\\@other.test/pub/a.bin", None),
    ("//other.test\\a.bin", None),
    # Tabs and line breaks are removed wherever they are, spaces at both ends (section 4.4).
    ("  a.bin\t", "http://h.test/pub/a.bin"),
    ("a\n.b\tin", "http://h.test/pub/a.bin"),
    ("http:/\t/other.test/a.bin", "http://other.test/a.bin"),
    ("a b.bin", "http://h.test/pub/a%20b.bin"),
    ("a.bin#part", "http://h.test/pub/a.bin"),
    ("/pub/a.bin?", "http://h.test/pub/a.bin"),
    ("http://other.test/a.bin?", "http://other.test/a.bin"),
]


@pytest.mark.parametrize(("href", "expected"), LINKS)
def test_all_functions_resolve_a_link_alike(href: str, expected: str | None) -> None:
    assert resolve(PAGE, href) == expected
    assert resolve_link(PAGE, href) == expected
    target = Resolver(PAGE).target(href)
    assert (target.url if origin(target.url) else None) == expected
    if expected is None and "\\" in href:
        assert target.kind.value == "bad-name"  # an entry that fails, because it may be the name of a file


@example("/\t/0")
@given(st.text(":/\\@?#.;ahtp%0 \t", max_size=14))
@settings(max_examples=300)
def test_all_functions_resolve_any_link_alike(href: str) -> None:
    url = resolve(PAGE, href)
    assert resolve_link(PAGE, href) == url
    target = Resolver(PAGE).target(href, literal=True)
    if origin(target.url) and "?" not in href:  # the HTML reader drops parts of a query that do not name a file
        assert target.url == url


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("http://h/", "http://h:80/", True),
        ("http://h/", "https://h/", True),
        ("http://h:80/", "https://h:443/", True),
        ("http://h/", "http://h:0/", False),
        ("http://h:443/", "https://h:80/", False),
        ("http://h:443/", "http://h/", False),
        ("http://h:8080/", "https://h:8080/", False),
        ("http://h/", "http://g/", False),
        ("http://h/", "ftp://h/", False),
        ("http://h/", "mailto:a", False),
    ],
)
def test_http_and_https_on_their_default_ports_are_the_same_site(first: str, second: str, same: bool) -> None:
    for one, other in ((first, second), (second, first)):
        assert is_same_site(page_origin(one), page_origin(other)) is same
        assert is_external(one, other) is not same
        elsewhere = Resolver(one).target(f"{other}a.bin").kind.value in {"other-host", "scheme"}
        assert elsewhere is not same


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://h/pub/", ("ftp", "h", 21)),
        ("ftp://H:2121/", ("ftp", "h", 2121)),
        ("ftp://h:0/", ("ftp", "h", 0)),
        ("ftp://h:x/", None),
        ("ftp:///x", None),
        ("ftp://h\\@other/", None),
        ("http://h/", ("http", "h", 80)),
        ("gopher://h/", None),
    ],
)
def test_the_page_of_another_program_may_have_an_ftp_url(url: str, expected: tuple[str, str, int] | None) -> None:
    assert page_origin(url) == expected
    assert Resolver("ftp://h/pub/").target("ftp://h/pub/a.bin").name == "a.bin"
