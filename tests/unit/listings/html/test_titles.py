"""What a title or a heading says of a page, and what marks do to the verdict."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.html.families import FAMILIES, GENERIC
from crawler.listings.html.titles import Titles, read_titles
from crawler.listings.html.tree.survey import Survey
from crawler.listings.html.verdict import Evidence, PageFacts, is_recognised
from crawler.model.struct import replace


def titles(*texts: str) -> Titles:
    markup = "".join(
        f"<{name}>{text}</{name}>" for name, text in zip(("title", "h1", "h2"), texts, strict=False) if text
    )
    soup = BeautifulSoup(f"<html><body>{markup}</body></html>", "lxml")
    return read_titles(Survey.of(soup), "http://files.acme.test/a/pub/", "/a/pub/")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Index of /a/pub/", "3 own"),
        ("Index of /elsewhere", "2"),
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
        ("", "0 own"),
    ],
)
def test_what_a_title_says(text: str, says: str) -> None:
    for found in (titles(text), titles("", text)):
        marks = {"own": found.is_own, "other": found.is_other, "error": found.is_error}
        assert " ".join([f"{found.score:.0f}", *(mark for mark, shown in marks.items() if shown)]) == says
    assert titles(text).is_missing is (not text)


def test_words_in_the_path_say_nothing() -> None:
    soup = BeautifulSoup("<title>error/search/cart</title><h1>error/search/cart</h1>", "lxml")
    found = read_titles(Survey.of(soup), "http://h.test/error/search/cart/", "/error/search/cart/")
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
