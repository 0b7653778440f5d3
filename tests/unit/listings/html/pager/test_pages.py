"""What the controls of a page say together: the pages that follow, all pages, the labels, what leads nowhere."""

from __future__ import annotations

import pytest

from crawler.listings.html.pager.controls import controls_in
from crawler.listings.html.pager.pages import Continuation, continuation
from crawler.listings.html.pager.place import place_of
from crawler.listings.values.hrefs import Resolver
from crawler.model.flaws import Flaw, FlawKind

PUB = "http://h.test/pub/"


def read(markup: str, query: str = "", entries: tuple[str, ...] = ()) -> Continuation:
    return continuation(controls_in(markup), place_of(Resolver(PUB + query)), {"next", "2"}, entries)


def link(href: str, text: str, more: str = "") -> str:
    return f'<a href="{href}"{more}>{text}</a>'


@pytest.mark.parametrize(
    ("query", "markup", "following", "all_pages", "labels"),
    [
        ("", link("?page=1", "1") + link("?page=2", "2") + link("?page=3", "3"), "23", "123", "123"),
        ("?page=2", link("?page=1", "1") + link("?page=2", "2") + link("?page=3", "3"), "3", "13", "13"),
        ("?page=2", link("?page=1", "&lt;") + link("?page=3", "&gt;"), "3", "13", "<>"),
        ("?page=3", link("?page=1", "&lt;") + link("?page=2", "2"), "", "12", "<2"),
        ("?page=2", link("?page=3", "x"), "3", "3", "x"),
        ("?page=2", link("?page=2", "x") + link("?page=1", "x"), "", "", ""),
        ("", link("?page=3#rows", "3") + link("?page=2", "2"), "32", "23", "23"),
        # a label that another link has, too, may be the name of a file
        ("", link("?page=2", "2") + link("http://o.test/", "2"), "2", "2", ""),
        ("", link("?page=2", "2") + link("2/", "2"), "2", "2", "2"),
        # a gap is filled by the number that it leaves out, and by no other
        ("", link("?page=5", "5"), "52", "5", "5"),
        ("", link("?page=3", "3") + link("?page=5", "5"), "352", "35", "35"),
        # the URL of an entry is no page
        ("", link("?page=2", "2") + link("?page=0", "0"), "2", "2", "2"),
        ("?page=3", link("?page=2", "2") + link("?page=4", "4") + link("?page=9", "9"), "49", "249", "249"),
        ("?page=3", link("?page=2", "2") + link("?page=9", "9"), "94", "29", "29"),
        ("?page=3", link("?page=2", "2") + link("?page=1", "1"), "", "12", "12"),
        ("?page=3", link("?page=4", "4") + link("?page=5", "5"), "45", "45", "45"),
    ],
)  # fmt: skip
def test_the_pages_that_follow_and_all_others_by_their_numbers(
    query: str, markup: str, following: str, all_pages: str, labels: str
) -> None:
    found = read(markup, query, (f"{PUB}2/", f"{PUB}?page=0"))
    assert found.next_pages == tuple(f"{PUB}?page={number}" for number in following)
    assert found.links == {f"{PUB}?page={number}" for number in all_pages}
    assert found.labels == set(labels)
    assert found.flaw is None


@pytest.mark.parametrize("query", ["?sort=name&page=2", "?sort=name&start=25"])
def test_the_number_1_without_the_parameter_of_pages_leads_back(query: str) -> None:
    found = read(link("?sort=name", "1"), query)
    assert (found.next_pages, found.links) == ((), {f"{PUB}?sort=name"})


NUMBERS = "<button onclick=go(1)>1</button><button onclick=go(2)>2</button><button onclick=go(3)>3</button>"


@pytest.mark.parametrize(
    ("query", "markup", "flaw"),
    [
        ("", "<a>Next</a>", Flaw(FlawKind.DEAD_END, "Next")),
        ("", "<a>Older</a><a>Next</a>", Flaw(FlawKind.DEAD_END, "Older")),
        ("", link("page/2/", "Next"), Flaw(FlawKind.OTHER_PATH, "Next")),
        ("", link("page/2/", "Next") + "<a>Older</a>", Flaw(FlawKind.OTHER_PATH, "Next")),
        ("", link("page/1/", "1") + link("page/2/", "2"), Flaw(FlawKind.OTHER_PATH, "2")),
        ("", NUMBERS, Flaw(FlawKind.DEAD_END, "2")),
        ("", "<a>Older</a>" + NUMBERS, Flaw(FlawKind.DEAD_END, "Older")),
        ("", NUMBERS.replace(">1<", ">x<"), Flaw(FlawKind.DEAD_END, "2")),
        ("", NUMBERS.replace(">2<", ">x<"), None),
        ("", NUMBERS + link("?page=2", "Next"), None),
        ("?page=2", link("?page=1", "Previous") + "<a>Next</a>", None),
        ("?page=2", link("?page=1", "Previous") + link("page/3/", "Next"), Flaw(FlawKind.OTHER_PATH, "Next")),
        ("", link("next", "next") + "<a>Next</a>", Flaw(FlawKind.DEAD_END, "Next")),
        # a link that shows its own name is that of a row
        ("", link("1", "1") + link("2", "2"), None),
        ("", link("1", "1") + link("2/", "2"), None),
        ("", link("1", "1") + link("2?x=1", "2"), Flaw(FlawKind.OTHER_PATH, "2")),
        ("", link("1", "1") + link("page/2", "2"), Flaw(FlawKind.OTHER_PATH, "2")),
        ("", link("1", "1") + link("2", "", " aria-label=2"), Flaw(FlawKind.OTHER_PATH, "2")),
        ("", link("1", "1") + link("3", "3") + link("p2", "[2]"), Flaw(FlawKind.OTHER_PATH, "[2]")),
    ],
)  # fmt: skip
def test_what_leads_on_and_has_no_page_is_named(query: str, markup: str, flaw: Flaw | None) -> None:
    found = read(markup, query)
    assert found.flaw == flaw


@pytest.mark.parametrize(
    ("query", "markup", "pages"),
    [
        # offsets, from 0 or from 1, and pages that are counted from 0
        ("?x=20", link("?x=0", "1") + link("?x=10", "2") + link("?x=30", "4"), ["?x=30"]),
        ("?x=21", link("?x=1", "1") + link("?x=11", "2") + link("?x=31", "4"), ["?x=31"]),
        ("?x=1", link("?x=0", "1") + link("?x=2", "3"), ["?x=2"]),
        ("?x=20", link(".", "1") + link("?x=10", "2") + link("?x=30", "4"), ["?x=30"]),
        ("?x=0", link("?x=20", "2"), ["?x=20"]),
        ("", "1 ... " + link("?x=39", "40"), ["?x=39", "?x=1"]),
        ("", link("?start=1", "x"), ["?start=1"]),
        # numbers that do not grow evenly, do not begin beside the current page, or are letters
        ("", link("?x=10", "2") + link("?x=25", "3") + link("?x=30", "4"), []),
        ("", link("?x=30", "4") + link("?x=40", "5"), []),
        ("", link("?x=7", "2") + link("?x=7", "3"), []),
        ("", "1 ... " + link("?x=0", "5"), []),
        ("", link("?x=5", "1") + link("?x=20", "2") + link("?x=30", "3"), []),
        ("", link("?x=b", "2") + link("?x=c", "3"), []),
        ("", link("?x=30", "2") + link("?x=20", "3"), []),
        ("?x=a", link("?x=10", "2") + link("?x=20", "3"), []),
        ("", link("?s=N", "2") + link("?s=M", "3"), []),
        # a number that is shown and leads elsewhere is no current page
        ("", link("?x=1", "1") + link("?x=2", "2") + link("?x=3", "3"), ["?x=2", "?x=3"]),
        ("", link("?x=1", "1") + link("?x=2", "2") + link("?x=4", "4"), []),
        ("", link("?x=1", "1", " class=current") + link("?x=2", "2") + link("?x=4", "4"), ["?x=2", "?x=4"]),
    ],
)  # fmt: skip
def test_numbers_in_a_parameter_that_may_be_anything(query: str, markup: str, pages: list[str]) -> None:
    assert [url.removeprefix(PUB) for url in read(markup, query).next_pages] == pages
