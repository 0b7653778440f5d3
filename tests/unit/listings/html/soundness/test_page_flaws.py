"""What a whole page says beside its rows: of its pager, of its length, of rows without links, and of other pages."""

from __future__ import annotations

import pytest

from crawler import Listing, parse_listing
from crawler.listings.html.soundness.page_flaws import with_flaws
from crawler.listings.values.hrefs import Resolver
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Rejection

URL = "http://h.test/pub/"
UP = '<tr><td><a href="../">Parent Directory</a></td><td>-</td><td>-</td></tr>'
A, B = '<a href="a.bin">a.bin</a>', '<a href="b.bin">b.bin</a>'
PREVIOUS, NEXT = '<a href="?page=1">Previous</a>', '<a href="?page=3">Next</a>'
BACK, ON = Claim(ClaimKind.BACK, f"{URL}?page=1"), Claim(ClaimKind.NEXT)


def page(*cells: str, around: str = "", query: str = "") -> Listing:
    rows = "".join(f"<tr><td>{cell}</td><td>1000</td><td>2020-01-01 00:00</td></tr>\n" for cell in cells)
    text = (
        "<html><head><title>Index of /pub/</title></head><body><h1>Index of /pub/</h1><table>"
        f"<tr><th>Name</th><th>Size</th><th>Last modified</th></tr>{UP}{rows}</table>{around}</body></html>"
    )
    listing = parse_listing(text.encode(), URL + query, "text/html")
    assert listing.is_listing
    return listing


@pytest.mark.parametrize(
    ("around", "query", "following", "claims"),
    [
        ("", "", [], []),
        (f"<p>{PREVIOUS} 2 {NEXT}</p>", "?page=2", [3], [ON, BACK]),
        (f"<p>{PREVIOUS} 2</p>", "?page=2", [], [BACK]),  # the place of the page is kept if it is the last one
        # what one page says about its own length is settled by its rows
        ("<p>2 files</p>", "", [], []),
        ("<p>Page 1 of 1</p>", "", [], []),
        # one of several says it about all of them, so that all have to be read
        (f"<p>2 files</p><p>{NEXT}</p>", "", [3], [Claim(ClaimKind.ENTRIES, "2 files", 2), ON]),
        ("<p>9 files</p>", "?page=2", [], [Claim(ClaimKind.ENTRIES, "9 files", 9)]),
        ('<div class="pagination" data-total="9"></div>', "?page=2", [], [Claim(ClaimKind.ENTRIES, "data-total=9", 9)]),
    ],
)
def test_what_a_page_says_about_others(around: str, query: str, following: list[int], claims: list[Claim]) -> None:
    found = page(A, B, around=around, query=query)
    assert found.next_pages == tuple(f"{URL}?page={number}" for number in following)
    assert list(found.claims) == claims
    assert found.flaws == ()


@pytest.mark.parametrize(
    ("cells", "around", "flaws"),
    [
        ((A, B), "<p>3 files</p>", [Flaw(FlawKind.PART, "3 files")]),
        ((A, B), "<p>3-4 of 4</p>", [Flaw(FlawKind.PART, "3-4 of 4")]),  # the last page, and none before it
        ((A, B), "<p>1-2 of 2</p>", []),
        ((A, "c.bin"), "<p>3 files</p>", [Flaw(FlawKind.PART, "3 files")]),
        ((A, B, "c.bin"), "<p>3 files</p>", []),  # a row without a link is one of them
        ((f"{A} 9 files", B), "", []),  # the text of a row is about its file
        (("c.bin 9 files", A, B), "", []),
        ((A, B), "<p><a>Next</a></p>", [Flaw(FlawKind.DEAD_END, "Next")]),
        ((A, B), "<p><a>Next</a></p><p>Page 1 of 1</p>", []),  # that is what is left of it on the last page
        ((A, B), "<p><a>Next</a></p><p>1</p>", []),
        ((), "<p>Hello there</p>", [Flaw(FlawKind.UNKNOWN, "Hello there")]),
        ((), f"<p>{PREVIOUS}</p>", []),  # the links of a pager explain themselves, together and alone
        ((), f"<p>{PREVIOUS} {NEXT}</p>", []),
        ((A, B), "<p>c.bin   2020-01-01 00:00  1000</p>", [Flaw(FlawKind.UNLINKED, "c.bin")]),
        ((A, B), "<p>a.bin   2020-01-01 00:00  1000</p>", []),
    ],
)
def test_what_is_wrong_with_a_page(cells: tuple[str, ...], around: str, flaws: list[Flaw]) -> None:
    found = page(*cells, around=around)
    assert list(found.flaws) == flaws
    assert found.complete is not any(flaw.is_incomplete for flaw in flaws)
    assert found.conclusive is all(flaw.is_incomplete for flaw in flaws)


@pytest.mark.parametrize(
    ("cells", "around", "rows", "mentioned"),
    [
        ((A, "c.bin"), "", ["c.bin"], {"c.bin"}),
        ((A, "c/"), "", ["c/"], {"c"}),
        ((A, '<a href="c/">c/</a>', "c/"), "", [], set()),  # it has another row with a link
        ((A, B), "<p>c.bin   2020-01-01 00:00  1000</p>", [], {"c.bin"}),
        ((A, B, f"{NEXT}"), "", [], set()),
        ((A, B), '<p><a href="?page=2">c.bin</a> <a href="?page=2">Next</a></p>', [], set()),
    ],
)
def test_names_that_a_page_shows_without_a_link(
    cells: tuple[str, ...], around: str, rows: list[str], mentioned: set[str]
) -> None:
    found = page(*cells, around=around)
    lost = [each for each in found.rejections if each.row]
    assert [(each.reason, each.subject, each.row) for each in lost] == [(Reason.NO_LINK, row, row) for row in rows]
    assert set(found.mentioned) == mentioned


def test_a_link_to_another_page_that_looks_like_a_row_is_none() -> None:
    rows = tuple(Rejection(Reason.QUERY, subject, "", "x.bin") for subject in (" ?page=3", "?x=3"))
    link = Rejection(Reason.QUERY, "?page=3", "the detail")
    markup = f"<html><body><h1>Index of /pub/</h1><pre>{A}\n</pre><p>{NEXT}</p></body></html>"
    listing = replace(page(A), rejections=(*rows, link))
    found = with_flaws(listing, markup, Resolver(URL)).rejections
    assert found == (Rejection(Reason.PAGE, " ?page=3"), rows[1], link)
    alone = with_flaws(listing, markup.replace(NEXT, ""), Resolver(URL)).rejections
    assert alone == (*rows, link), "without a pager, it is a row"


BLANK = "<html><body><h1>Index of /pub/</h1><p>{}</p></body></html>"


@pytest.mark.parametrize(
    ("markup", "is_blank"),
    [
        (BLANK.format(""), True),
        (BLANK.format("<ul></ul><a href='../'>Parent directory</a><hr>nginx/1.2"), True),
        (BLANK.format("0 files"), True),
        (BLANK.format("3 files"), False),
        (BLANK.format("Folder ini kosong"), False),
        (BLANK.format("").replace("/pub/", "/other/"), False),
        ("", False),
        (BLANK.format("<script>document.writeln('<tr><td><a href=b.zip>')</script>"), False),
        (BLANK.format("<script src=app.js></script>"), False),
        (BLANK.format("<form action=/login></form>"), False),
        (BLANK.format("<iframe src=x></iframe>"), False),
        (BLANK.format("").ljust(50_000), True),
        (BLANK.format("").ljust(50_001), False),
    ],
)
def test_a_page_that_is_no_listing_is_blank_if_it_shows_nothing_but_that_of_an_empty_directory_does(
    markup: str, *, is_blank: bool
) -> None:
    unknown = replace(page(A), is_listing=False, entries=())
    assert with_flaws(unknown, markup, Resolver(URL, "")) == replace(unknown, is_blank=is_blank)
