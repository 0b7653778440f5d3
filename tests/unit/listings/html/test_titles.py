"""What a title or a heading says of a page, and what marks do to the verdict."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.html.families import FAMILIES, GENERIC
from crawler.listings.html.titles import Titles, leads_up, links_up, read_titles
from crawler.listings.html.tree.survey import Survey
from crawler.listings.html.verdict import Evidence, PageFacts, is_recognised
from crawler.listings.values.hrefs import Resolver
from crawler.model.struct import replace

URL = "http://files.acme.test/a/pub/"


def titles(*texts: str) -> Titles:
    markup = "".join(
        f"<{name}>{text}</{name}>" for name, text in zip(("title", "h1", "h2"), texts, strict=False) if text
    )
    return read(f"<html><body>{markup}</body></html>")


def read(markup: str, url: str = URL, path: str = "/a/pub/") -> Titles:
    return read_titles(Survey.of(BeautifulSoup(markup, "lxml")), url, path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Index of /a/pub/", "3 own"),
        ("Index of /elsewhere", "2"),
        ("Index of / a / pub /", "3 own"),
        ("Index of /mirror/pub/", "3 own"),
        ("Index of /a/pubX", "2"),
        ("Index of /search/error/", "2"),
        ("File index /a/pub/", "3 own"),
        ("Directory /a/pub/", "3 own"),
        ("Directory pub", "1 own"),
        ("Directory a/publications", "1"),
        ("Zeta - File listing", "0 own"),
        ("Listing of /a/pub/", "3 own"),
        ("Listing of jobs", "1"),
        ("Links for pub", "2"),
        ("Links for today", "1"),
        ("File contents", "0 own"),
        ("Contents of your cart", "1 other"),
        ("فهرس /a/pub/", "3 own"),
        ("/a/pub/", "1 own"),
        ("pub", "0 own"),
        ("files.acme.test", "0 own"),
        ("Acme | Files", "0 own"),
        ("Files of Acme", "0 own"),
        ("Smith and Sons: Files", "0"),
        ("/a/pub/ の一覧", "0 own"),
        ("Podcast", "0"),
        ("Disk usage of /a/pub/", "1 other"),
        ("Deleted files of /a/pub/", "1 other"),
        ("Search results", "0 other"),
        ("404 Not Found", "0 error"),
        ("Zugriff verweigert", "0 error"),
        ("ページが見つかりません", "0 error"),
        ("Bitte anmelden", "0 error"),
        ("", "0"),
    ],
)
def test_what_a_title_says(text: str, says: str) -> None:
    for found in (titles(text), titles("", text)):
        marks = {"own": found.is_own, "other": found.is_other, "error": found.is_error}
        assert " ".join([f"{found.score:.0f}", *(mark for mark, shown in marks.items() if shown)]) == says
    assert titles(text).is_missing is (not text)


@pytest.mark.parametrize(
    ("text", "path", "score"),
    [
        ("Index of /", "/", 3), ("Directory /", "/", 3), ("File index /", "/", 3), ("Acme /", "/", 0),
        ("Index of", "/", 2), ("Directory", "/", 1), ("Listing of: pub", "/pub/", 3), ("Index of /pubX", "/pubX/", 3),
        ("Index of /mirror/pub", "/a/b/pub/", 3), ("Index of /b/pub", "/a/b/pub/", 3),
        ("Links for pub", "/a/b/pub/", 2),
        ("Links for b", "/a/b/pub/", 1), ("Index of /mirror/a b", "/x/a%20%20b/", 3),
    ],
)  # fmt: skip
def test_which_directory_a_title_names(text: str, path: str, score: float) -> None:
    assert read(f"<h1>{text}</h1>", f"http://h.test{path}", path).score == score


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<h1>Index <b>of</b>/a/pub/</h1>", Titles(3.0, is_own=True)),
        ("<h1>Files <b>of</b>/a/pub/</h1>", Titles(3.0, is_own=True)),
        ("<h2>{index}</h2>", Titles(3.0, is_own=True)),
        ("<h3>{index}</h3>", Titles(3.0, is_own=True)),
        ("<h4>{index}</h4>", Titles(3.0, is_missing=True)),
        ("<table><caption>{index}</caption></table>", Titles(3.0, is_missing=True)),
        ("<h4>a</h4><h4>b</h4><h4>{index}</h4>", Titles(3.0, is_missing=True)),
        ("<h4>a</h4><h4>b</h4><h4>c</h4><h4>{index}</h4>", Titles(0.0, is_missing=True)),
        ("<h1>Files</h1><h1>404</h1>", Titles(0.0, is_own=True)),
        ("<title>x</title><h1>Cart</h1>", Titles(0.0, is_other=True)),
        ("<title>x</title><h1>y</h1><h2>Cart</h2>", Titles(0.0)),
        ("<title>x</title><h1>y</h1><h2>Fehler</h2>", Titles(0.0, is_error=True)),
        ("<title>x</title><h1>y</h1><h2>z</h2><h3>Fehler</h3>", Titles(0.0, is_error=True)),
        ("<title>404</title><h1>y</h1><h2>{index}</h2>", Titles(3.0, is_own=True)),
        ("<title>404</title><h1>y</h1><h2>z</h2><h3>{index}</h3>", Titles(3.0, is_own=True, is_error=True)),
        ("<h1>Files</h1><input type=Password>", Titles(0.0, is_own=True, is_error=True)),
        ("<h1>Files</h1><input><input type=text name=password>", Titles(0.0, is_own=True)),
        ("<h1>{index}</h1><input type=password>", Titles(3.0, is_own=True)),
        (f"<h1>{'x' * 293} fehler</h1>", Titles(0.0, is_error=True)),
        (f"<h1>{'x' * 294} fehler</h1>", Titles(0.0)),
        (f"<h4>/{'x' * 5992}/a/pub/", Titles(1.0, is_missing=True)),
        (f"<h4>/{'x' * 5994}/a/pub", Titles(0.0, is_missing=True)),
    ],
)
def test_which_titles_count(markup: str, expected: Titles) -> None:
    assert read(markup.replace("{index}", "Index of /a/pub/")) == expected


@pytest.mark.parametrize(
    ("url", "path", "text"),
    [
        ("http://files.acme/", "/", "files.acme"),
        ("http://files.acme:8080/", "/", "files.acme"),
        ("http://files.acme:8080/", "/", "files.acme:8080"),
        ("http://files.acme/", "/", "Acme"),
        ("http://[2001:db8::ab]:8080/", "/", "[2001:db8::ab]"),
        ("http://h.test/http://x.acme/y", "/", "http: / / x.acme"),
        ("http://zz.acme/http://x.test/y", "/", "zz.acme"),
        ("http://h.test/acme/?x=y?z#acme", "/acme/", "x=y?z"),
        ("http://h.test/?dir=acme", "/acme/", "acme"),
        ("http://h.test/acme%20zone/x%2Fyz", "/", "acme zone - x - yz"),
        ("http://h.test/a%20photo/photo/", "/a%20photo/photo/", "a photo - photo"),
        ("http://h.test/photo/a%20photo/", "/photo/a%20photo/", "photo / a photo"),
    ],
)
def test_the_address_alone_says_nothing(url: str, path: str, text: str) -> None:
    assert read(f"<h1>{text}</h1>", url, path).is_own
    assert not read(f"<h1>{text}</h1>", "http://127.0.0.1/", "/").is_own
    assert not read(f"<h1>{text} zine</h1>", url, path).is_own


def test_a_fragment_is_no_part_of_the_address() -> None:
    assert not read("<h1>acme</h1>", "http://h.test/#acme", "/").is_own


@pytest.mark.parametrize(
    ("href", "text", "is_up"),
    [
        ("..", "Home", True), (" ../", "Home", True), ("../x", "", True), ("/", "Home", False),
        ("/", "acme.org", False),
        ("/", "[Start]", False), ("/", "", False), ("/", "Parent directory", True), ("/", "Homes", True),
    ],
)  # fmt: skip
def test_which_links_lead_up_and_not_home(href: str, text: str, is_up: bool) -> None:
    survey = Survey.of(BeautifulSoup(f'<a href="{href}">{text}</a>', "lxml"))
    (link,) = survey.links(Resolver(URL, ""))
    assert leads_up(link) is is_up


@pytest.mark.parametrize(
    ("links", "says"),
    [
        ("", ""), ("<a href='x'>x</a>", ""), ("<a href='/'>Home</a>", "parent"), ("<a href='../'>..</a>", "parent up"),
        ("<a href='../'>Back</a>", "parent up back"), ("<a href='../'>\u2190 Zur\u00fcck</a>", "parent up back"),
        ("<a href='../'>Parent Directory</a>", "parent up"), ("<a href='../'>\u2191</a>", "parent up"),
        ("<a href='../'>Back</a><a href='..'>..</a>", "parent up"),
        ("<a href='/'>Home</a><a href='../'>..</a>", "parent up"),
        ("<ul><li><a href='../'>..</a></ul>", "parent up inside"), ("<ol><li><a href='../'>..</a></ol>", "parent up"),
        ("<ul><li><a href='/'>Home</a></ul>", "parent"),
        ("<ul><li><a href='../'>Back</a></ul>", "parent up back inside"),
    ],
)  # fmt: skip
def test_what_links_to_the_directory_above_say(links: str, says: str) -> None:
    soup = BeautifulSoup(f"<html><body>{links}</body></html>", "lxml")
    found = links_up(Survey.of(soup).links(Resolver("http://h.test/pub/", "")), soup.find_all("ul"))
    names = ("parent", "up", "back", "inside")
    assert " ".join(name for name, holds in zip(names, found, strict=True) if holds) == says


def test_words_in_the_path_say_nothing() -> None:
    found = read(
        "<title>error/search/cart</title><h1>error/search/cart</h1>",
        "http://h.test/error/search/cart/",
        "/error/search/cart/",
    )
    assert (found.is_error, found.is_other, found.is_own) == (False, False, True)


counts = st.integers(0, 12)
facts = st.builds(
    PageFacts,
    rows=st.builds(
        Evidence, entries=counts, matching=counts, dated=counts, sized=counts, slashed=counts, filelike=counts,
        directories=counts, sort_links=st.integers(0, 3), parent=st.booleans(), up=st.booleans(),
        headings=st.integers(0, 4), others=st.integers(0, 5),
    ),
    titles=st.builds(
        Titles, score=st.sampled_from([0.0, 1.0, 2.0, 3.0]), is_error=st.booleans(), is_other=st.booleans(),
        is_own=st.booleans(),
    ),
    family=st.sampled_from([GENERIC, *FAMILIES[:2]]),
)  # fmt: skip


@given(facts)
def test_a_mark_of_a_listing_never_speaks_against_one(page: PageFacts) -> None:
    rows, said = page.rows, page.titles
    better = [
        replace(page, rows=replace(rows, up=True, parent=True)),
        replace(page, rows=replace(rows, matching=rows.entries)),
        replace(page, rows=replace(rows, sized=rows.entries)),
        replace(page, rows=replace(rows, filelike=rows.entries)),
        replace(page, rows=replace(rows, sort_links=3)),
        replace(page, titles=replace(said, is_own=True)),
        replace(page, titles=replace(said, is_error=False)),
        replace(page, titles=replace(said, is_other=False)),
        replace(page, titles=replace(said, score=3.0)),
    ]
    if is_recognised(page):
        assert all(map(is_recognised, better))


@given(facts)
def test_an_error_or_a_page_for_another_purpose_has_no_form(page: PageFacts) -> None:
    plain = replace(page, family=GENERIC, titles=replace(page.titles, score=min(page.titles.score, 1.0)))
    assert not is_recognised(replace(plain, titles=replace(plain.titles, is_error=True)))
    lone = replace(plain, rows=replace(plain.rows, up=False, parent=False))
    assert not is_recognised(replace(lone, titles=replace(lone.titles, is_other=True)))
