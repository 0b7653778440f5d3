"""How the marks of a page make it a listing: each condition just met, and just not."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from crawler.listings.html.families import FAMILIES, GENERIC, Family
from crawler.listings.html.titles import Titles
from crawler.listings.html.verdict import (
    Evidence,
    PageFacts,
    has_form,
    is_empty_frame,
    is_frame,
    is_recognised,
    says_empty,
    weigh,
)

KNOWN = next(family for family in FAMILIES if not family.proves)
PROVES = next(family for family in FAMILIES if family.proves)
FAMILY = {"known": KNOWN, "proves": PROVES}
ROWS = {
    "e": "entries", "m": "matching", "d": "dated", "s": "sized", "/": "slashed", "f": "filelike", "k": "directories",
    "q": "queried", "x": "foreign", "o": "sort_links", "h": "headings", "l": "others", "y": "typed", "a": "alike",
    "w": "weighed",
}  # fmt: skip


def page(text: str) -> PageFacts:
    """A page of the given counts (see ``ROWS``), such as ``e10``, and facts; without ``own`` no title says nothing."""
    words = text.split()
    counts = {ROWS[word[0]]: int(word[1:]) for word in words if word[0] in ROWS and word[1:].isdigit()}
    facts = {word: True for word in words if word in {"up", "parent", "empty", "inside", "back", "measured"}}
    said = {f"is_{word}": word in words for word in ("own", "error", "other", "missing")}
    score = sum(float(word[1:]) for word in words if word[0] == "t" and word[1:].isdigit())
    family: Family = next((FAMILY[word] for word in words if word in FAMILY), GENERIC)
    return PageFacts(Evidence(**counts, **facts), Titles(score, **said), family)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # dates and sizes
        ("own e10 d5 s5 m5 f1", True), ("own e10 d4 s5 m5 f1", False), ("own e10 d5 s4 m5 f1", False),
        ("own e10 d5 s5 m4 f1", False), ("own e10 d5 s5 m5", False), ("own e10 d5 s5 m5 k1", True),
        ("own e10 d5 s5 m5 /1", True), ("own e10 d5 s5 m5 h2", True), ("own e10 d5 s5 m5 h1", False),
        ("own e10 d5 s5 m5 o2", True), ("own e10 d5 s5 m5 o1", False), ("own e10 d5 s5 f5", True),
        ("own e10 d5 s5 f4", False), ("e10 d5 s5 f5", False), ("e10 d5 s5 m5 f5 y5", True),
        ("e10 d5 s5 m5 f5 y4", False),
        ("e10 d5 s5 m5 f2 y2 k2 /1", True), ("e10 d5 s5 m5 f2 y2 k2", False), ("e10 d5 s5 m5 f1 up", True),
        # sizes of directories, and what is no size
        ("own e10 d5 s5 m5 f1 w5", False), ("own e10 d5 s5 m5 f1 w4", True), ("up e10 d5 s5 m5 f1 w5", True),
        ("known e10 d5 s5 m5 f1 w5", True), ("e10 /5 m8 h2 s5 w4", True), ("e10 /5 m8 h2 s4 w4", False),
        ("own measured e10 d5 s5 m5 f1", False), ("up measured e10 d5 s5 m5 f1", True),
        ("known measured e10 d5 s5 m5 f1", True), ("measured e9 s9 m9 f9 a9", False), ("e9 s9 m9 f9 a9", True),
        # sizes
        ("own e10 s5 m8 f1", True), ("own e10 s4 m8 f1", False), ("own e10 s5 m7 f1", False), ("own e10 s5 m8", False),
        ("e10 s5 m8 f1", False), ("e10 s5 m8 f5 y5", True),
        # links that sort the rows, and headings of columns
        ("own e10 o2 h2 m5", True), ("own e10 o1 h2 m5", False), ("own e10 o2 h1 m5", False),
        ("own e10 o2 h2 m4", False), ("e10 o2 h2 m5", False), ("up e10 o2 h2 m5", True), ("known e10 o2 h2 m5", True),
        # marks of directories
        ("own e10 /5 m8", True), ("own e10 /4 m8", False), ("own e10 /5 m7", False), ("own e10 k5 m8", True),
        ("own e10 k2 q3 m8", True), ("own e10 k2 q2 m8", False), ("own e10 k3 q2 m8", True), ("e10 /5 m8", True),
        ("e10 /5 m8 h1", False), ("e10 /5 m8 d1", False), ("e10 /5 m8 d1 s1", True), ("e10 /5 m8 h1 s1", True),
        ("own e10 /5 m8 h1 d1", True), ("own e2 /2 m2", True), ("own e1 /1 m1", False),
        # a link up among the rows
        ("own up inside e3 m3 d3 h3", True), ("own up inside e10 m8 h2", True), ("own up inside e10 m7 h2", False),
        ("own up inside e10 m8 h1", False), ("own up e10 m8 d8 h3", False), ("up inside e10 m8 d8 h3", False),
        ("t1 up inside e10 m8 d8 h3", True), ("t1 up inside e10 m8 h3 other", False),
        # many names of files
        ("e10 f8 y8 m9 h1", True), ("e10 f8 y7 m9 h1", False), ("e10 f8 y8 m8 h1", False), ("e9 f9 y9 m9 h1", False),
        ("own e10 f8 m9 h1", True), ("own e10 f7 m9 h1", False),
        # fewer, and directories, on a page that is placed
        ("own e3 f3 m3", True), ("own e2 f2 m2", False), ("e3 f3 y3 m3", False), ("up e3 f2 /1 m3", True),
        ("own e10 f6 /2 m9", True), ("own e10 f6 /1 m9", False), ("own e10 f6 /2 m8", False),
        ("e10 f6 y6 /2 m9", False),
        # extensions that are not known count if most rows have them, and sizes
        ("e10 f10 m10", False), ("e10 f10 a10 m10", False), ("e10 f10 a10 m10 s10", True), ("e10 f8 a8 m10 s8", True),
        ("e10 f7 a7 m10 s10", False), ("e10 f8 a8 m10 s7", False), ("e10 f8 y1 a7 m10 s10", True),
        ("e10 f10 a7 m10 s10", False), ("own e10 f10 a7 m10 s10", True), ("e10 d10 s10 m10 f10 a4", False),
        # a single row
        ("own e1 m1 d1 s1 h3", True), ("own e1 m1 d1 h3", False), ("own e1 m1 d1 s1 h2", False),
        ("own e1 d1 s1 h3", False), ("e1 m1 d1 s1 h3", False), ("own e1 m1 d1 h2 up", True),
        ("own e1 m1 s1 h2 up", True), ("own e1 m1 d1 s1 h2 up", True), ("own e1 m1 h2 up", False),
        ("own e1 m1 d1 h1 up", False), ("own up h2 o2", False),
        # a link "Back" leads up if the title fits
        ("up e10 d5 s5 m5 f1", True), ("up back e10 d5 s5 m5 f1", False), ("up back t1 e10 d5 s5 m5 f1", False),
        ("up back t2 e10 d5 s5 m5 f1", True), ("up back own t1 measured e10 d5 s5 m5 f1", True),
        ("up back own measured e10 d5 s5 m5 f1", False),
        ("up back own e10 d5 s5 m5 f1", True), ("up back known e10 d5 s5 m5 f1", True),
        ("up back t1 e10 d5 s5 m5 f1 other", False), ("up t1 e10 d5 s5 m5 f1 other", True),
        ("up back own e10 d5 s5 m5 f1 other", False),
        # titles
        ("own e10 d5 s5 m5 f1 error up", False), ("own e10 d5 s5 m5 f1 other", False),
        ("own e10 d5 s5 m5 f1 other up", True),
    ],
)  # fmt: skip
def test_rows_alone_have_the_form_of_a_listing(text: str, *, expected: bool) -> None:
    assert has_form(page(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("own h2", True), ("own h1", False), ("own o2", True), ("own o1", False), ("h2", False), ("h2 t1", True),
        ("h2 known", True), ("own proves", True), ("proves", False), ("own known", False), ("own h2 error", False),
        ("own h2 other", False),
    ],
)  # fmt: skip
def test_columns_and_a_title_are_the_frame_of_a_listing(text: str, *, expected: bool) -> None:
    assert is_frame(page(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("own h2 up l3", True), ("own h2 up l4", False), ("own h2 up x1", False), ("own h2", False),
        ("own h2 up missing", False), ("own h2 up missing proves", True), ("own h1 up", False),
    ],
)  # fmt: skip
def test_the_page_of_an_empty_directory_has_a_frame_and_few_links(text: str, *, expected: bool) -> None:
    found = page(text)
    assert is_empty_frame(found) is expected
    assert is_recognised(found) is expected


@pytest.mark.parametrize(
    ("text", "weight", "expected"),
    [
        ("own e3 /3 m3 up", 3.0, True), ("own e2 /2 m2 up", 2.5, False),
        ("own e3 /3 m3 parent", 2.0, False), ("e3 m3 parent t1", 3.0, False),
        ("e1 m1 parent t2", 3.5, True), ("e1 m1 t2", 2.5, False), ("e1 m1 parent t1", 2.5, False),
        ("e1 m1 parent proves", 5.5, True), ("e1 m1 up h2", 3.0, False), ("e1 m1 parent h2", 2.0, False),
        # without rows
        ("t2 parent empty", 4.0, True), ("t2 parent", 3.0, False), ("t2 parent empty x1", 4.0, False),
        ("t1 parent empty o2", 4.5, False), ("t1 parent proves", 6.0, True), ("parent proves", 5.0, False),
        ("t3 proves", 7.0, True), ("t2 proves", 6.0, False), ("t2 proves o2", 7.5, True), ("t2 proves o1", 6.0, False),
        ("t2 proves h2", 7.5, True), ("t2 proves h1", 6.0, False), ("t2 proves parent", 7.0, True),
        ("t2 proves empty", 7.0, True), ("t3 proves parent empty o2 h2", 12.0, True),
    ],
)  # fmt: skip
def test_the_marks_suffice_for_a_listing(text: str, weight: float, *, expected: bool) -> None:
    assert weigh(page(text)) == weight
    assert is_recognised(page(text)) is expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>No files found.", True), ("<p>a<p>This directory is empty", True),
        ("<p>(EMPTY)", True), ("<p>0 files", True),
        ("<p>10 files", False), ("<p>empty", False), ("<script>no files found</script>", False),
        (f"<p>no files found {'x' * 184}", True), (f"<p>no files found {'x' * 185}", False),
    ],
)  # fmt: skip
def test_words_say_that_a_directory_is_empty(markup: str, *, expected: bool) -> None:
    assert says_empty(BeautifulSoup(markup, "lxml")) is expected
