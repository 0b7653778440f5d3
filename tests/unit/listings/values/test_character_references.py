# ruff: noqa: E501 - pages are data
"""Character references in hrefs: the grammar and the tree request the same URLs as a browser.

The expected values come from the HTML standard (its table of names is ``html.entities.html5``) and from the escaping in
servers' sources, never from the readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from html.entities import html5
from string import ascii_letters, digits
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.listings import parse_listing, parse_without_grammar
from crawler.listings.html.document import read_html
from crawler.listings.html.grammar import read_by_grammar
from crawler.listings.html.reader import HtmlReader
from crawler.listings.html.specimens.abridged_page import Abridged, Abridger
from crawler.listings.html.specimens.row_copies import NotAbridgeable
from crawler.listings.page import Page, tree_of
from crawler.listings.values.character_references import attribute_value

URL = "http://host.test/pub/"
HTML = "text/html; charset=utf-8"
NAMES = sorted({name.rstrip(";") for name in html5})
OPEN = sorted(name for name in html5 if not name.endswith(";"))
FOLLOWED = ("", "=", "a", "Z", "7", ".", "-", "/x", "&", "é", ";", "_")
WORD = ascii_letters + digits
NUMBERS = {
    0: "\ufffd", 1: "\1", 9: "\t", 0x0B: "\x0b", 0x1F: "\x1f", 0x26: "&", 0x3C: "<", 0x7F: "\x7f",
    0x80: "€", 0x81: "\x81", 0x82: "‚", 0x83: "ƒ", 0x84: "„", 0x85: "…", 0x86: "†", 0x87: "‡", 0x88: "ˆ", 0x89: "‰",
    0x8A: "Š", 0x8B: "‹", 0x8C: "Œ", 0x8D: "\x8d", 0x8E: "Ž", 0x8F: "\x8f", 0x90: "\x90", 0x91: "‘", 0x92: "’",
    0x93: "“", 0x94: "”", 0x95: "•", 0x96: "–", 0x97: "—", 0x98: "˜", 0x99: "™", 0x9A: "š", 0x9B: "›", 0x9C: "œ",
    0x9D: "\x9d", 0x9E: "ž", 0x9F: "Ÿ", 0xA0: "\xa0", 0xD7FF: "\ud7ff", 0xD800: "\ufffd", 0xDFFF: "\ufffd",
    0xE000: "\ue000", 0xFDD0: "\ufdd0", 0xFFFE: "\ufffe", 0x10000: "\U00010000", 0x10FFFF: "\U0010ffff",
    0x110000: "\ufffd", 2**32 + 65: "\ufffd", 2**64 + 65: "\ufffd", 10**5000: "\ufffd",
}  # fmt: skip
"""Section 13.2.5.80, "numeric character reference end state"."""


def numeric() -> Iterator[tuple[str, str]]:
    for number, character in NUMBERS.items():
        for written in (f"#{number}" if number < 2**70 else "#1" + "0" * 5000, f"#x{number:x}", f"#X000{number:X}"):
            for after in ("", "=", "-"):
                yield f"&{written};{after}", character + after
                yield f"&{written}{after}", character + after


def named() -> Iterator[tuple[str, str, str]]:
    """(reference and the text after it, its value in an attribute, its value in text)."""
    for number, name in enumerate(NAMES):
        followed = FOLLOWED if name in html5 else (FOLLOWED[number % len(FOLLOWED)],)
        for after in followed:
            if name + ";" in html5:
                yield f"&{name};{after}", html5[name + ";"] + after, html5[name + ";"] + after
            if after == ";" or name not in html5 or any((name + after).startswith(other) for other in LONGER[name]):
                continue
            resolved = html5[name] + after
            kept = after and (after == "=" or after in WORD)
            yield f"&{name}{after}", f"&{name}{after}" if kept else resolved, resolved
    for text in ("&", "&#", "&#;", "&#x", "&#x;", "&#xg", "&nosuch", "&nosuch;", "&-", "&;", "&=", "&&", "& amp;"):
        yield text, text, text
    yield "&notit;", "&notit;", "¬it;"
    yield "&notin;", "∉", "∉"
    yield "&notin", "&notin", "¬in"


LONGER = {name: [other for other in OPEN if other != name and other.startswith(name)] for name in NAMES}
ROWS = list(named()) + [(text, value, value) for text, value in numeric()]


def test_an_attribute_has_the_value_that_the_standard_defines() -> None:
    wrong = [(text[:40], value) for text, value, _ in ROWS if attribute_value(f"q{text}") != f"q{value}"]
    assert wrong == []


def test_the_tree_reads_attributes_and_text_as_the_standard_defines() -> None:
    page = "<html><body>" + "".join(f'<p><a href="q{text}">q{text}</a>' for text, _, _ in ROWS)
    links = tree_of(page).find_all("a")
    assert len(links) == len(ROWS)
    found = [(link["href"], link.get_text()) for link in links]
    assert [pair for pair, row in zip(found, ROWS, strict=True) if pair != (f"q{row[1]}", f"q{row[2]}")] == []


def go(hrefs: list[tuple[str, str]]) -> str:
    return "<pre>\n" + "".join(f'<a href="{href}">{text}</a>\n' for href, text in hrefs) + "</pre>\n"


def nginx(hrefs: list[tuple[str, str]]) -> str:
    rows = "".join(f'<a href="{href}">{text}</a>     01-Jan-2024 10:00        7\r\n' for href, text in hrefs)
    return (
        "<html>\r\n<head><title>Index of /pub/</title></head>\r\n<body>\r\n<h1>Index of /pub/</h1><hr><pre>"
        f'<a href="../">../</a>\r\n{rows}</pre><hr></body>\r\n</html>\r\n'
    )


def apache(hrefs: list[tuple[str, str]]) -> str:
    rows = "".join(f'<li><a href="{href}"> {text}</a></li>\n' for href, text in hrefs)
    return (
        "<html>\n <head>\n  <title>Index of /pub</title>\n </head>\n <body>\n<h1>Index of /pub</h1>\n"
        f'<ul><li><a href="/"> Parent Directory</a></li>\n{rows}</ul>\n</body></html>\n'
    )


def python(hrefs: list[tuple[str, str]]) -> str:
    rows = "".join(f'<li><a href="{href}">{text}</a></li>\n' for href, text in hrefs)
    return (
        '<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Directory listing for /pub/</title>\n'
        f"</head>\n<body>\n<h1>Directory listing for /pub/</h1>\n<hr>\n<ul>\n{rows}</ul>\n<hr>\n</body>\n</html>\n"
    )


def table(hrefs: list[tuple[str, str]]) -> str:
    """A page that no grammar matches, with enough rows to be abridged."""
    rows = [*hrefs, *((f"z{number}.bin", f"z{number}.bin") for number in range(40))]
    return (
        "<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1><table>"
        + "".join(
            f'<tr><td><a href="{href}">{text}</a></td><td>2024-01-01 10:00</td><td>7</td></tr>' for href, text in rows
        )
        + "</table></body></html>"
    )


PAGES: list[Callable[[list[tuple[str, str]]], str]] = [go, nginx, apache, python]


def urls(body: str, reader: Callable[[bytes, str, str], object] = parse_listing) -> list[str]:
    listing = reader(body.encode("utf-8", "surrogatepass"), URL, HTML)
    return [entry.url for entry in listing.entries]  # type: ignore[attr-defined]


def stays_here(value: str) -> bool:
    """True for an href that is one segment below the page, whatever its characters."""
    return not {"/", "?", "#", "\t", "\n", "\\"} & set(value)


HERE = [
    (f"./f{number}-{text}", f"f{number}-{value}")
    for number, (text, value, _) in enumerate(ROWS)
    if stays_here(value) and not any(sign.isspace() or sign == "/" for sign in text) and len(text) < 1000
]
BROWSERS = [URL + quote(value, safe="%:=&~+!$,;'@()*[]|") for _, value in HERE]


@pytest.mark.parametrize("page", PAGES)
def test_the_grammar_requests_the_same_urls_as_a_browser(page: Callable[[list[tuple[str, str]]], str]) -> None:
    body = page([(text, "shown") for text, _ in HERE])
    assert read_by_grammar(Page(body=body.encode(), url=URL, content_type=HTML)) is not None
    assert [pair for pair in zip(urls(body), BROWSERS, strict=True) if pair[0] != pair[1]] == []


def test_the_tree_requests_the_same_urls_abridged_or_not() -> None:
    step = 7  # so that every following character occurs
    body = table([(text, text) for text, _ in HERE[::step]])
    assert set(BROWSERS[::step]) - set(urls(body)) == set()
    whole = HtmlReader(URL, body, Abridged(body, [], len(body))).listing()
    assert [entry.url for entry in whole.entries] == urls(body)


@pytest.mark.parametrize(
    "href", ["x;", "./x;", "/pub/x;", "//host.test/pub/x;", "http://host.test/pub/x;", "../pub/x;"]
)
def test_a_semicolon_at_the_end_of_a_name_belongs_to_it(href: str) -> None:
    assert urls(table([(href, "x;")]))[0] == URL + "x;"


ESCAPED: dict[str, tuple[Callable[[list[tuple[str, str]]], str], Callable[[str], str], Callable[[str], str]]] = {
    # ngx_http_autoindex_html: NGX_ESCAPE_URI_COMPONENT, ngx_escape_html
    "nginx": (nginx, lambda name: quote(name, safe=""), escape),
    # mod_autoindex: ap_escape_html of ap_os_escape_path
    "apache": (apache, lambda name: ("./" if ":" in name else "") + escape(quote(name, safe="$-_.+!*'(),:@&=~"), quote=False), lambda name: escape(name, quote=False)),
    # dirList of net/http: url.URL.String, which is not escaped as HTML, and htmlReplacer
    "go": (go, lambda name: ("./" if ":" in name else "") + quote(name, safe="$&+,:;=@"), lambda name: escape(name).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")),
    # http.server.list_directory: urllib.parse.quote, html.escape without quotes
    "python": (python, lambda name: quote(name, errors="surrogatepass"), lambda name: escape(name, quote=False)),
    # mod_dirlisting of lighttpd: ENCODING_REL_URI_PART, ENCODING_MINIMAL_XML
    "lighttpd": (table, lambda name: quote(name, safe="!()*"), lambda name: escape(name, quote=False)),
    # html/template, in Caddy and rclone serve: the path as url.URL writes it, escaped as HTML
    "html/template": (table, lambda name: "./" + escape(quote(name, safe="$&+,:;=@'!*()")), lambda name: escape(name).replace("+", "&#43;")),
    # httpd_indexcgi.c of busybox: everything but letters and digits, in hexadecimal and as decimal references
    "busybox": (table, lambda name: "".join(c if c.isalnum() and c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode()) for c in name), lambda name: "".join(c if c.isascii() and c.isalnum() else f"&#{ord(c)};" if c.isascii() else c for c in name)),
    # IIS and thttpd print absolute paths
    "thttpd": (table, lambda name: "/pub/" + quote(name, safe="-~").replace("!", "%21"), escape),
}  # fmt: skip
TRICKY = [
    "drum&notes.txt", "a&copy=1.txt", "R&D.txt", "&amp", "&amp.txt", "&ampa", "x&lt", "&notin", "&", "&&", "a&b&gt=c", "1&#38",
    "&#x26", "a=b&reg", "q&para.gz", "a&sect7", "100%.txt", "%26amp", "it's&quot", "+&+", "x:y&z",
]  # fmt: skip
"""Names without semicolons, which Go escapes incorrectly."""
LETTERS = "&;#=%+:'!()*,$@~x26ampltnotcy.é"


def ends_open(name: str) -> bool:
    """True if Go prints a name such that it ends in a reference in an attribute too, which is a bug of Go."""
    return attribute_value(name) != name


@pytest.mark.parametrize("server", ESCAPED)
@example(names=TRICKY)
@given(names=st.lists(st.text(LETTERS, min_size=1, max_size=12), min_size=1, max_size=6, unique=True))
@settings(max_examples=15)
def test_names_are_read_back_however_a_server_escapes_them(server: str, names: list[str]) -> None:
    page, href, text = ESCAPED[server]
    kept = [
        name for name in dict.fromkeys(f"n{name}.txt" for name in names) if not (server == "go" and ends_open(name))
    ]
    body = page([(href(name), text(name)) for name in kept])
    for reader in (parse_listing, parse_without_grammar):
        found = [unquote(url.removeprefix(URL)) for url in urls(body, reader)]
        assert found[: len(kept)] == kept, body


@given(
    values=st.lists(st.text("&;#x=a1notcpyamglt38\xad\x80\0\ud800\x01\x7f\ufffe", max_size=14), min_size=1, max_size=5),
    page=st.sampled_from(PAGES),
)
@settings(max_examples=60)
def test_the_tree_reads_every_page_of_the_grammar_alike(
    values: list[str], page: Callable[[list[tuple[str, str]]], str]
) -> None:
    body = page([(f"f{number}{value}", "shown") for number, value in enumerate(values)])
    as_page = Page(body=body.encode("utf-8", "surrogatepass"), url=URL, content_type=HTML)
    lean, tree = read_by_grammar(as_page), read_html(as_page)
    assert tree is not None
    assert lean is None or [entry.url for entry in lean.entries] == [entry.url for entry in tree.entries]


@given(values=st.lists(st.text("&;#x=a1notcpyamglt38\xad\x80\x01\ufffe ->", max_size=14), min_size=25, max_size=40))
@settings(max_examples=20)
def test_an_abridged_page_has_the_same_values(values: list[str]) -> None:
    text = table([(f"f{number}{value.strip()}", value) for number, value in enumerate(values)])
    try:
        abridged = HtmlReader(URL, text, Abridger(text).part(0, size=1 << 30, rows=1 << 30)).listing()
    except NotAbridgeable:
        return
    assert abridged == HtmlReader(URL, text, Abridged(text, [], len(text))).listing()
