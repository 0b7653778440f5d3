"""What the pages of a listing show together, beside what was known of them."""

from __future__ import annotations

import string
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.state.store import ListingMemo
from crawler.model.state.surroundings import Surroundings
from crawler.model.struct import replace
from crawler.model.values import ASIDE, Entry, Kind, Listing, Validators
from crawler.pipeline.rules.listings.page_links import is_bare
from crawler.pipeline.rules.listings.page_texts import judge
from crawler.pipeline.rules.listings.several_pages import SeveralPages

ROOT = "http://h.test/pub/"
NEXT = Claim(ClaimKind.NEXT)
Page = tuple[str, Sequence[object]]
"""A row for each letter, and the pages to which it links."""


def url_of(page: object) -> str:
    return ROOT if page == "first" else f"{ROOT}?page={page}"


def entries(names: str) -> tuple[Entry, ...]:
    return tuple(Entry(name=name, url=ROOT + name, kind=Kind.FILE) for name in names)


def memo(url: str, page: Page, claims: tuple[Claim, ...] = ()) -> ListingMemo:
    return ListingMemo(
        url=url, answered=url, path="", validators=Validators(), body_digest="", family="generic", complete=True,
        entries=entries(page[0]), next_pages=tuple(map(url_of, page[1])), claims=claims,
    )  # fmt: skip


def add(pages: SeveralPages, page: object, now: Page, known: Page | None, *claims: Claim, linked: bool = False) -> None:
    url = url_of(page)
    listing = Listing(
        url=url, family="generic", confidence=1.0, is_listing=True, entries=entries(now[0]),
        next_pages=tuple(map(url_of, now[1])),
    )  # fmt: skip
    pages.add(url, listing, None if known is None else memo(url, known, claims), is_linked=linked)


@pytest.mark.parametrize(
    ("known", "page", "expected"),
    [
        (None, 0, True),
        (None, 1, False),  # a pager may begin with 0
        (None, 2, False),
        (None, "t", False),
        (("ab", [2]), 1, True),
        (("ab", [3]), 1, True),
        (("ab", [3]), 2, False),
        (("ab", [1, 2]), 1, False),  # it is the second page
        (("ab", [0]), 1, False),
        (("ab", ["t"]), 1, False),
        (("", [2]), 1, False),  # the first page was not filled, so that its links prove nothing
        (("ab", [2]), 0, True),
    ],
)
def test_the_number_of_a_page_may_say_that_it_is_the_first_one(
    known: Page | None, page: object, *, expected: bool
) -> None:
    pages = SeveralPages()
    add(pages, "first", ("ab", [2]), known)
    assert pages.is_first_by_number(url_of(page)) is expected


def test_links_of_a_later_page_do_not_tell_the_number_of_the_first_one() -> None:
    pages = SeveralPages()
    add(pages, "first", ("ab", [2]), ("", [2]))
    add(pages, 2, ("cd", [3]), ("cd", [3]))
    assert not pages.is_first_by_number(url_of(1))


@pytest.mark.parametrize(
    ("claims", "second", "expected"),
    [
        ([NEXT], "ab", [False, True, False]),
        ([], "ab", [False, False, False]),
        ([NEXT], "cd", [False, False, False]),
        ([NEXT], "a", [False, False, False]),  # not all rows of the first one
    ],
)
def test_a_page_that_was_the_first_one_again_in_a_whole_listing(
    claims: list[Claim], second: str, expected: list[bool]
) -> None:
    pages, found = SeveralPages(), list[bool]()
    for page, names in (("first", "ab"), (2, second), (3, "ef")):
        add(pages, page, (names, []), (names, []), *claims)
        found.append(pages.was_repeated)
    assert found == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ([("first", ("ab", []), ("ab", [2]))], [2]),
        ([("first", ("ab", [2]), ("ab", [2]))], []),  # it still leads on
        ([("first", ("ab", [2]), ("abc", [2, 3]))], [2, 3]),  # but a row is missing
        ([("first", ("ab", []), ("ab", []))], []),
        ([("first", ("ab", []), None)], []),
        ([("first", ("ab", []), ("ab", [2])), (2, ("cd", []), ("cd", [3]))], [2, 3]),
        # a link to the first page leads to none that follows
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("cd", ["first"]), ("cd", [3]))], [3]),
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("cd", []), ("cd", ["first"]))], []),
        # neither does one to the page itself
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("cd", [2]), ("cd", [3]))], [3]),
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("cd", []), ("cd", [2]))], []),
    ],
)
def test_pages_to_which_one_led_are_read_if_it_does_no_more(
    read: list[tuple[object, Page, Page | None]], expected: list[object]
) -> None:
    pages = SeveralPages()
    for page, now, known in read:
        add(pages, page, now, known)
    assert [list(pages.former(count)) for count in (0, 1)] == [[url_of(each) for each in expected]] * 2
    assert list(pages.former(2)) == []


@pytest.mark.parametrize(("last", "is_odd"), [(("ab", []), True), (("c", []), False), (("ab", [4]), False)])
def test_more_of_them_are_read_if_the_end_repeats_the_page_before(last: Page, *, is_odd: bool) -> None:
    pages = SeveralPages()
    add(pages, "first", ("ab", [3]), ("abe", [2]))
    add(pages, 3, last, None)
    assert list(pages.former(2)) == ([url_of(2)] if is_odd else [])


@pytest.mark.parametrize(
    ("last", "known", "is_open"),
    [
        (("fg", []), None, True),
        (("f", []), None, False),  # a short page is the last one
        (("fg", [9]), None, False),
        (("fg", []), ("fg", []), False),  # it is known where that one led
    ],
)
@pytest.mark.parametrize("is_lossy", [False, True])
def test_more_of_them_are_read_if_the_end_is_new_and_of_full_length(
    last: Page, known: Page | None, *, is_open: bool, is_lossy: bool
) -> None:
    pages = SeveralPages()
    add(pages, "first", ("bc", [3]), ("abc" if is_lossy else "bc", [2]))
    add(pages, 3, ("de", [4]), ("de", [5]))
    add(pages, 4, last, known)
    assert list(pages.former(2)) == ([url_of(2), url_of(5)] if is_open and is_lossy else [])


ROWS, SHORT = "it has no rows of its own", "fewer rows than there were on a page"
FIRST = ("first", ("ab", [2, 3]), ("ab", [2, 3]))


@pytest.mark.parametrize(
    ("read", "linked", "expected"),
    [
        # all pages that were linked had rows, so that the last one of them was the end
        ([FIRST, (2, ("cd", [3]), ("cd", [3])), (3, ("", []), ("ef", [2]))], (), (3, ROWS)),
        ([FIRST, (2, ("", []), ("cd", [3])), (3, ("ef", []), ("ef", [2]))], (), (2, ROWS)),
        # a page that led nowhere was the end, whatever else was linked
        ([("first", ("ab", [2]), ("ab", [2, 4])), (2, ("", []), ("cd", []))], (), (2, ROWS)),
        # "Next" was on every page: the one after the last had no rows, and now the last one has none
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("cd", [3]), ("cd", [3])), (3, ("", []), ("ef", [4]))], (), None),
        # unless several pages lead there: "Next" is on the page before alone
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("cd", [3]), ("cd", [3])), (3, ("", []), ("ef", [4]))], (3,),
         (3, ROWS)),
        # another URL of the first page was no page that followed the last one
        ([("first", ("ab", [2]), ("ab", [2, "t"])), (2, ("", []), ("cd", ["t"])), ("t", ("ab", []), ("ab", []))], (),
         (2, ROWS)),
        # the first page again, in which a row was new when it was read for the second time
        ([("first", ("ab", [0]), ("ab", [0])), (0, ("ab", []), ("abc", []))], (), None),
        # the first page again, by an address that is new, and to which the second one links as to one before it
        ([("first", ("bc", [2]), ("ab", [2])), (2, ("de", []), ("cd", [])), ("t", ("bc", [2]), None)], (), None),
        ([("first", ("bc", [2]), ("ab", [2])), (2, ("de", ["t"]), ("cd", [])), ("t", ("bc", [2]), None)], (),
         ("t", ROWS)),
        # but it has to show the same
        ([("first", ("ab", [0]), ("ab", [0])), (0, ("", []), ("abc", []))], (), (0, ROWS)),
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("ab", []), ("abc", []))], (), (2, ROWS)),
        # the second page is older than the others, so that a row is on two pages, and another one on none
        ([("first", ("bc", [2]), ("ab", [2])), (2, ("cd", [3]), ("cd", [3])), (3, ("f", []), ("ef", []))], (),
         (2, "some of its rows are on another page, too")),
        # unless rows were on two pages before
        ([("first", ("bc", [2]), ("ab", [2])), (2, ("cd", [3]), ("bd", [3])), (3, ("f", []), ("ef", []))], (), None),
        # a page that repeated another one, and to which none led, was not known to follow the last one
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("ce", [3]), ("cd", [])), (3, ("ce", []), ("cd", []))], (),
         (3, ROWS)),
        ([("first", ("ab", [2]), ("ab", [2])), (2, ("ce", [3]), ("cd", [3])), (3, ("ce", []), ("cd", []))], (), None),
        # no row is missing
        ([("first", ("abcd", [2]), ("ab", [2])), (2, ("", []), ("cd", []))], (), None),
        ([("first", ("a", [2]), ("ab", [2])), (2, ("cd", []), ("cd", []))], (), ("first", SHORT)),
        # nothing was known
        ([("first", ("ab", [2]), None), (2, ("", []), None)], (), None),
    ],
)  # fmt: skip
def test_pages_that_do_not_look_as_they_did_although_rows_are_missing(
    read: list[tuple[object, Page, Page | None]], linked: tuple[object, ...], expected: tuple[object, str] | None
) -> None:
    pages = SeveralPages()
    for page, now, known in read:
        add(pages, page, now, known, linked=page in linked)
    assert pages.flaw() == (
        None if expected is None else Flaw(FlawKind.UNLIKE, f"{url_of(expected[0])}: {expected[1]}")
    )


def test_a_page_to_which_nothing_leads_is_taken_back() -> None:
    pages = SeveralPages()
    add(pages, "first", ("ab", []), ("ab", [2]))
    add(pages, 2, ("", []), ("cd", []))
    assert pages.next_unread() is None
    pages.withdraw()
    assert pages.next_unread() == url_of(2)
    assert pages.flaw() is None, "it was the last one"


OTHER = "it has the rows of another page"


@pytest.mark.parametrize("is_former", [False, True])
@pytest.mark.parametrize(
    ("first", "known", "second", "expected"),
    [
        ("cd", "ab", "cd", True),
        ("cde", "ab", "cde", True),  # with new rows
        ("ce", "ab", "ce", True),  # and without a known one
        ("cd", "ab", "ef", False),  # rows have moved up
        ("cd", "ab", "", False),  # the second page is gone
        ("cd", "ab", "c", False),  # not the same page
        ("bcd", "ab", "bcd", False),  # a row of the first page is left, so that others of it may be gone
        ("ef", "ab", "ef", False),  # nothing of what was known is left: tokens may have become invalid
        ("cd", "", "cd", False),  # the first page was empty
        ("cd", None, "cd", False),
    ],
)
def test_a_later_page_in_place_of_the_first_one(
    first: str, known: str | None, second: str, *, expected: bool, is_former: bool
) -> None:
    pages = SeveralPages()
    add(pages, "first", (first, ["t3"]), None if known is None else (known, ["t2", "t3"]))
    add(pages, "t2", (second, ["t3"]), ("cd", ["t3"]))
    if is_former:
        pages.withdraw()
    flaw = pages.flaw()
    assert (flaw is not None and OTHER in flaw.quote) is expected
    assert not expected or flaw == Flaw(FlawKind.UNLIKE, f"{ROOT}: {OTHER}")


@pytest.mark.parametrize(
    ("second", "known", "later", "is_expected"),
    [
        ([], [3], [3], False),  # now the second page is the last one
        ([3], [3], [3], True),
        ([], [], [3], True),  # the third one came before it
        ([], [5], [3], True),
        ([], [4], [4, 3], False),  # the third one came after the page that came after it
    ],
)
def test_the_first_page_sent_for_one_after_the_last_page_is_where_it_belongs(
    second: list[object], known: list[object], later: list[int], *, is_expected: bool
) -> None:
    pages = SeveralPages()
    add(pages, "first", ("cd", [2]), ("ab", [2, 3]))
    add(pages, 2, ("ef", second), ("cd", known))
    for page in later:
        add(pages, page, ("cd", []), ("gh" if page == 4 else "ef", [3] if page == 4 else []))
        pages.withdraw()
    assert pages.flaw() == (Flaw(FlawKind.UNLIKE, f"{ROOT}: {OTHER}") if is_expected else None)


@given(
    known=st.integers(2, 12), length=st.integers(1, 4), seed=st.randoms(use_true_random=False), sent=st.integers(1, 5)
)
@settings(max_examples=60)
def test_no_removal_and_no_order_of_rows_looks_like_a_later_page_in_place_of_the_first_one_and_that_always_does(
    known: int, length: int, seed: Random, sent: int
) -> None:
    names = string.ascii_lowercase[:known]
    left = [name for name in names if seed.random() < 0.7]
    now = left + [name for name in "ABC" if seed.random() < 0.3]
    if seed.random() < 0.5:
        seed.shuffle(now)

    def chunks(rows: Sequence[str]) -> list[str]:
        return ["".join(rows[start : start + length]) for start in range(0, len(rows), length)] or [""]

    def flaw(wrong: str | None) -> str:
        pages, old, new = SeveralPages(), chunks(names), chunks(now)
        for number in range(1, max(len(old), len(new)) + 1):
            rows = wrong if number == 1 and wrong is not None else "".join(new[number - 1 : number])
            before = old[number - 1] if number <= len(old) else None
            after = [[number + 1], []]
            known_page = None if before is None else (before, after[number >= len(old)])
            add(pages, "first" if number == 1 else number, (rows, after[number >= len(new)]), known_page)
        found = pages.flaw()
        return "" if found is None else found.quote

    assert OTHER not in flaw(None)
    wrong, first = "".join(chunks(now)[sent : sent + 1]), {*names[:length]}
    if sent < len(chunks(names)) and not first.intersection(now[length:]) and {*wrong}.intersection(names):
        assert OTHER in flaw(wrong)


@pytest.mark.parametrize("has_back", [False, True])
def test_a_later_page_with_links_back_shows_whether_it_is_where_it_belongs(*, has_back: bool) -> None:
    for is_first in (True, False):
        pages, claims = SeveralPages(), (Claim(ClaimKind.BACK, url_of(9)),) * has_back
        if not is_first:
            add(pages, "first", ("xy", [2]), ("xy", [2]))
        for page, known in (("first" if is_first else 2, "ab"), (3, "cd")):
            listing = Listing(
                url=url_of(page), family="generic", confidence=1.0, is_listing=True, entries=entries("cd"),
                claims=claims,
            )  # fmt: skip
            pages.add(url_of(page), listing, memo(url_of(page), (known, []), claims), is_linked=False)
        flaw = pages.flaw()
        assert (flaw is not None and OTHER in flaw.quote) is (is_first or not has_back)


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize(("rows", "expected"), [("cd", True), ("c", False), ("ab", False)])
def test_after_the_same_rows_none_was_there(rows: str, *, expected: bool, is_read: bool) -> None:
    pages, end = SeveralPages(), memo(url_of("old"), ("cd", ["gone"]), (Claim(ClaimKind.END),))
    add(pages, "first", ("ab", ["t2"]), ("ab", ["old"]))
    if is_read:
        listing = Listing(url=url_of("old"), family="generic", confidence=1.0, is_listing=True, entries=entries("e"))
        pages.add(url_of("old"), listing, end, is_linked=False)
    else:
        pages.note_unread(url_of("old"), end)
    add(pages, "t2", (rows, ["t3"]), None)
    assert pages.was_end is expected


@pytest.mark.parametrize(("names", "expected"), [("ab", True), ("da", True), ("", True), ("ae", False)])
def test_a_known_page_may_have_repeated_others(names: str, *, expected: bool) -> None:
    pages = SeveralPages()
    add(pages, "first", ("e", [2]), ("ab", [2]))
    add(pages, 2, ("cd", [3]), ("cd", [3]))
    assert pages.repeated(memo(url_of(3), (names, []))) is expected


def test_pages_to_which_pages_led_are_noted_one_after_the_other_unless_they_are_read() -> None:
    pages = SeveralPages()
    add(pages, "first", ("ab", ["x"]), ("ab", [2, 3]))
    assert pages.next_unread() == url_of(2)
    pages.note_unread(url_of(2), memo(url_of(2), ("c", [4])))
    assert not pages.may_be_all
    add(pages, "x", ("c", []), None)
    assert pages.may_be_all
    add(pages, 3, ("d", []), None)
    assert pages.next_unread() == url_of(4)
    pages.note_unread(url_of(4), None)
    assert (pages.next_unread(), pages.may_be_all) == (None, True)


def test_rows_of_pages_that_have_other_urls_now_are_missing_too() -> None:
    pages = SeveralPages()
    add(pages, "first", ("ab", ["x"]), ("ab", [2]))
    pages.note_unread(url_of(2), memo(url_of(2), ("cd", [3])))
    pages.note_unread(url_of(3), memo(url_of(3), ("ef", [])))
    for page, rows in (("x", ("c", ["y"])), ("y", ("ef", []))):
        add(pages, page, rows, None)
    assert pages.flaw() == Flaw(FlawKind.UNLIKE, f"{url_of('x')}: fewer rows than there were on a page")


@pytest.mark.parametrize(
    ("headings", "lost", "expected"),
    [
        # the heading of each page, which had that of the first letter: known → now; "-" for a page that was not known
        ("aa aa aa", True, None),
        ("aa ab aa", True, 2),
        ("ab aa aa", True, "first"),
        ("ab aa aa", False, None),
        ("ab aa ab", True, None),  # it is that of today
        ("ab ab ab", True, None),
        ("aa bb bc", True, 3),
        ("a. aa aa", True, "first"),  # none any more
        (".a aa .a", True, None),  # not known
        ("aa -b aa", True, 2),
        ("aa -b -b", True, None),
        ("aa -c bb", True, None),  # each page has its own
        ("-a -b -c", True, None),
        ("ab -b ab", True, None),
        ("ab -b -a", True, None),  # none has kept its own
    ],
)
def test_a_page_that_alone_has_another_heading_may_not_show_all_rows(
    headings: str, expected: object, *, lost: bool
) -> None:
    pages = SeveralPages()
    for number, (was, now) in enumerate(headings.split(), start=1):
        page, rows = "first" if number == 1 else number, string.ascii_lowercase[3 * number :][:3]
        url = url_of(page)
        known = replace(memo(url, (rows, [number + 1])), surroundings=Surroundings(was.strip(".")))
        seen = rows[:-1] if lost else rows
        listing = Listing(
            url=url, family="generic", confidence=1.0, is_listing=True, entries=entries(seen),
            next_pages=(url_of(number + 1),),
        )  # fmt: skip
        now_memo = replace(known, entries=listing.entries, surroundings=Surroundings(now.strip(".")))
        pages.add(url, listing, None if was == "-" else known, now_memo, is_linked=False)
    found = pages.flaw()
    heading = Flaw(FlawKind.UNLIKE, f"{url_of(expected)}: its heading is another one")
    assert found == (None if expected is None else heading)


def with_texts(
    pages: SeveralPages, page: object, known: tuple[str, str, int] | None, texts: Sequence[str], **listing: Any
) -> None:
    """Add a page of the rows "ab". ``known``: its rows, what is remembered of its texts, and the number of doubts."""
    url = url_of(page)
    was = None
    if known is not None:
        was = replace(memo(url, (known[0], [])), surroundings=Surroundings(texts=known[1], doubts=known[2]))
    now = Listing(
        url=url, family="generic", confidence=1.0, is_listing=True, entries=entries("ab"), texts=tuple(texts), **listing
    )  # fmt: skip
    pages.add(url, now, was, is_linked=False)


NEW = "abc", judge("", ["x"], is_lossy=False).noted, 0


@pytest.mark.parametrize(
    ("known", "texts", "listing", "doubted"),
    [
        (NEW, ["x", "y", "z"], {}, "y"),
        (NEW, ["x", "y\0?link"], {}, "y"),
        (NEW, ["x"], {}, None),
        (("ab", *NEW[1:]), ["x", "y"], {}, None),  # no row is missing
        (None, ["x", "y"], {}, None),
        (NEW, ["x", ASIDE + "y"], {}, None),  # a label
        (NEW, ["x", "y"], {"conclusive": False}, None),
        (NEW, ["x", "y"], {"claims": [Claim(ClaimKind.DEAD_END, "y")]}, None),  # other pages may disprove it
        (NEW, ["x", "y\0?link"], {"claims": [Claim(ClaimKind.DEAD_END, "y")]}, None),
        (NEW, ["x", "y"], {"claims": [Claim(ClaimKind.NEXT, "y")]}, "y"),
        ((*NEW[:2], 1), ["x", "y"], {}, "y"),
        ((*NEW[:2], 2), ["x", "y"], {}, None),
        (("abc", "0", 0), ["y"], {}, "y"),  # of an older version, which did not keep names
        (("abc", "0", 0), ["y"], {"mentioned": frozenset("y")}, None),
    ],
)
def test_new_text_is_doubted_if_rows_are_missing(
    known: tuple[str, str, int] | None, texts: Sequence[str], listing: dict[str, Any], doubted: str | None
) -> None:
    pages = SeveralPages()
    with_texts(pages, "first", known, texts, **listing)
    assert pages.flaw() == (None if doubted is None else Flaw(FlawKind.UNLIKE, f"{ROOT}: it says {doubted!r}"))
    before = known[2] if known else 0
    assert [memo.surroundings.doubts for memo in pages.remembered([], is_whole=False)] == (
        [] if doubted is None else [before + 1]
    )
    assert all(
        (memo.surroundings.texts, memo.url) == (known and known[1], ROOT)
        for memo in pages.remembered([], is_whole=False)
    )


def test_the_first_of_several_doubts_is_named_and_those_of_a_page_end_with_it() -> None:
    pages = SeveralPages()
    for page in ("first", 2, 3):
        with_texts(pages, page, NEW, [f"says {page}"])
    for count in (3, 2, 1):
        assert [memo.url for memo in pages.remembered([], is_whole=False)] == [ROOT, url_of(2), url_of(3)][:count]
        pages.withdraw()
    assert pages.remembered([], is_whole=False) == []


BACK = Claim(ClaimKind.BACK, ROOT), Claim(ClaimKind.PREVIOUS)


@pytest.mark.parametrize(
    ("known", "rows", "is_read", "now", "expected"),
    [
        ([("cd", BACK), ("e", BACK)], "cd", False, (), True),
        ([("cde", BACK), ("", ())], "cd", False, (), True),  # one without rows is none of the listing
        ([("cd", BACK), ("e", ())], "cd", False, (), False),  # so not all pages say that one precedes them
        ([("cd", ()), ("e", BACK)], "cd", False, (), False),
        ([("cd", BACK[:1]), ("e", BACK[:1])], "cd", False, (), False),  # a link back may be any other one
        ([("cd", BACK), ("e", BACK)], "cd", False, BACK[:1], False),
        ([("cd", BACK), ("e", BACK)], "cd", False, BACK[1:], False),
        ([("cd", BACK), ("e", BACK)], "", False, (), False),  # the end
        ([("cd", BACK), ("e", BACK)], "cde", False, (), False),  # all rows are there
        ([("cd", BACK), ("e", BACK)], "cd", True, (), False),  # it was the last page
        ([], "cd", False, (), False),
    ],
)
def test_a_new_page_without_links_is_not_the_last_one_if_all_others_said_that_one_precedes_them(
    known: list[tuple[str, tuple[Claim, ...]]], rows: str, now: tuple[Claim, ...], *, is_read: bool, expected: bool
) -> None:
    """Pages have other URLs once a row is gone if these name the row that precedes them."""
    pages, url = SeveralPages(), url_of("x")
    add(pages, "first", ("ab", ["x"]), ("ab", [2]))
    listing = Listing(
        url=url, family="generic", confidence=1.0, is_listing=True, entries=entries(rows), claims=now
    )  # fmt: skip
    pages.add(url, listing, memo(url, (rows, [])) if is_read else None, is_linked=False)
    for number, (names, claims) in enumerate(known, 2):
        pages.note_unread(url_of(number), memo(url_of(number), (names, []), claims))
    flaw = Flaw(FlawKind.UNLIKE, f"{url}: its links to other pages are gone")
    assert (pages.flaw() == flaw) is expected


@pytest.mark.parametrize(
    ("found", "unread", "end", "expected"),
    [
        ([("cd", BACK, BACK)], (), ("ef", ()), True),
        ([("cd", BACK, BACK)], BACK, ("ef", ()), True),
        ([("cd", BACK, BACK), ("ij", None, ())], (), ("ef", ()), True),  # nothing is known of a page that is new, too
        ([("cd", BACK, BACK)], None, ("ef", ()), False),  # a page that followed did not say that one precedes it
        ([("cd", (), BACK)], (), ("ef", ()), False),
        ([("cd", BACK, ())], (), ("ef", ()), False),  # pages are made in another way now
        ([("cd", BACK, BACK)], (), ("ef", BACK), False),
        ([("cd", BACK, BACK)], (), ("", ()), False),  # the end
        ([("cd", BACK, BACK), ("ab", (), ())], (), ("ef", ()), True),  # another URL of the first page
    ],
)
def test_a_new_page_without_links_is_not_the_last_one_if_those_that_are_found_say_that_one_precedes_them(
    found: list[tuple[str, tuple[Claim, ...] | None, tuple[Claim, ...]]],
    unread: tuple[Claim, ...] | None,
    end: tuple[str, tuple[Claim, ...]],
    *,
    expected: bool,
) -> None:
    """Its links are missing, and so are the pages after it. ``unread``: () if all pages are found."""
    pages = SeveralPages()
    add(pages, "first", ("ab", [2]), ("abz", [2]))
    bare = url_of("x")
    ends = [(bare, *end, None)]
    for number, (names, was, claims) in enumerate(found, 2):
        ends.insert(-1 if names != "ab" else len(ends), (url_of(number), names, claims, was))
    for url, names, claims, was in ends:
        listing = Listing(
            url=url, family="generic", confidence=1.0, is_listing=True, entries=entries(names), claims=claims
        )  # fmt: skip
        pages.add(url, listing, None if was is None else memo(url, (names, []), was), is_linked=False)
    if unread != ():
        pages.note_unread(url_of(9), memo(url_of(9), ("gh", []), unread or ()))
    flaw = Flaw(FlawKind.UNLIKE, f"{bare}: its links to other pages are gone")
    assert (pages.flaw() == flaw) is expected


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize(
    ("leads_to", "rows", "expected"),
    [
        (["end"], "ef", None),  # "Next" was on every page, and led to the last one again
        (["end"], "eg", "it has no rows of its own"),
        ([], "ef", "it has no rows of its own"),  # no page with these rows led there
    ],
)
def test_a_page_that_repeated_the_one_before_may_do_so_though_that_has_another_url_now(
    leads_to: list[object], rows: str, expected: str | None, *, is_read: bool
) -> None:
    """Pages have other URLs once a row is gone if these name the row that precedes them."""
    pages = SeveralPages()
    add(pages, "first", ("bc", ["t2"]), ("ab", [2]))
    add(pages, "t2", ("de", ["t3"]), None)
    add(pages, "t3", ("f", ["end"]), None)
    add(pages, "end", ("f", ["end"]), ("ef", ["end"]))
    if is_read:
        add(pages, 2, ("cd", ["t2"]), ("cd", [3]))
        pages.withdraw()
        add(pages, 3, ("ef", ["end"]), (rows, leads_to))
        pages.withdraw()
    else:
        pages.note_unread(url_of(3), memo(url_of(3), (rows, leads_to)))
    found = pages.flaw()
    assert found == (None if expected is None else Flaw(FlawKind.UNLIKE, f"{url_of('end')}: {expected}"))


@pytest.mark.parametrize(
    ("first", "last", "is_odd"),
    [
        (("ab", "ab"), ("cd", "cd", BACK), False),
        (("ab", "ab"), ("cd", "cd", ()), True),  # its links are gone
        (("abx", "ab"), ("cd", "cd", ()), True),
        (("a", "ab"), ("cd", "cd", BACK), False),  # rows are missing: so this is decided now
        (("ab", "ab"), ("c", "cd", BACK), False),
        (("a", "ac"), ("cde", "de", BACK), True),  # the first page is short
    ],
)
@pytest.mark.parametrize("odd_before", [0, 1, 2])
def test_a_page_that_is_not_what_it_was_is_not_remembered_for_two_visits_if_no_row_is_missing(
    first: tuple[str, str], last: tuple[str, str, tuple[Claim, ...]], *, is_odd: bool, odd_before: int
) -> None:
    pages, url = SeveralPages(), url_of(2)
    expected = replace(memo("#", ("d", [])), surroundings=Surroundings(doubts=odd_before))
    add(pages, "first", (first[0], [2]), (first[1], [2]))
    pages.expect(expected)
    listing = Listing(
        url=url, family="generic", confidence=1.0, is_listing=True, entries=entries(last[0]), claims=last[2]
    )  # fmt: skip
    pages.add(url, listing, memo(url, (last[1], []), BACK), is_linked=False)
    held = [memo(ROOT, ("ab", [2])), memo(url, ("cd", []))]
    is_kept = is_odd and odd_before < 2
    assert pages.remembered(held, is_whole=True) == ([] if is_kept else held)
    assert pages.remembered(held, is_whole=False) == held
    unplaced = pages.unplaced(is_whole=True)
    assert unplaced is not None
    assert unplaced.surroundings.doubts == (odd_before + 1 if is_odd else 0)
    assert bool(unplaced.entries) == is_kept
    assert (pages.unplaced(is_whole=False) or expected).surroundings.doubts == odd_before


def test_rows_on_no_page_that_is_remembered_are_forgotten_once_the_listing_is_whole() -> None:
    pages, none = SeveralPages(), memo("#", ("", []))
    add(pages, "first", ("abx", [2]), ("ab", [2]))
    assert pages.unplaced(is_whole=False) is None, "what is remembered is not known"
    pages.expect(none)
    add(pages, 2, ("cd", []), ("cd", []))
    assert pages.unplaced(is_whole=True) is None, "nothing has changed"
    found = pages.unplaced(is_whole=False)
    assert found is not None
    assert found.entries == entries("x")
    pages.expect(found)
    assert pages.unplaced(is_whole=False) == found
    assert pages.unplaced(is_whole=True) == none


@pytest.mark.parametrize(("trusts", "is_known"), [(True, True), (False, False)])
def test_pages_are_remembered_as_they_are_if_that_is_believed_or_nothing_was_known(
    *, trusts: bool, is_known: bool
) -> None:
    pages = SeveralPages(trusts)
    add(pages, "first", ("ab", [2]), ("ab", [2]) if is_known else None)
    pages.expect(memo("#", ("", [])))
    add(pages, 2, ("bc", []), ("c", []) if is_known else None)  # it has a row of another page
    held = [memo(ROOT, ("ab", [2]))]
    assert pages.remembered(held, is_whole=True) == held


@pytest.mark.parametrize(
    ("recalled", "linked", "is_known", "expected"),
    [
        (True, ("n",), True, True),
        (False, ("n",), True, False),
        (True, (), True, False),
        (True, ("m",), True, False),
        (True, ("n",), False, False),
    ],
)
def test_a_header_that_a_304_keeps_is_asked_for_anew_if_the_listing_is_not_whole(
    linked: tuple[str, ...], *, recalled: bool, is_known: bool, expected: bool
) -> None:
    pages = SeveralPages()
    known = replace(memo(ROOT, ("ab", [])), linked=("n",), validators=Validators(etag='"1"'))
    listing = Listing(
        url=ROOT, family="generic", confidence=1.0, is_listing=True, entries=entries("ab"), linked=linked,
        recalled=recalled,
    )  # fmt: skip
    pages.add(ROOT, listing, known if is_known else None, is_linked=False)
    assert pages.remembered([], is_whole=False) == ([replace(known, validators=Validators())] if expected else [])


@pytest.mark.parametrize(
    ("family", "names", "complete", "expected"),
    [("swift", "", True, True), ("generic", "", True, False), ("swift", "a", True, False), ("swift", "", False, False)],
)
def test_an_empty_page_of_a_chain_is_bare(family: str, names: str, *, complete: bool, expected: bool) -> None:
    listing = Listing(
        url=ROOT, family=family, confidence=1.0, is_listing=True, entries=entries(names), complete=complete
    )  # fmt: skip
    assert is_bare(listing) is expected


@pytest.mark.parametrize(
    ("third", "expected"),
    [
        ([], True),
        ([1, 2], False),  # numbers lead to all pages, and not there
        ([4], True),  # where the next page leads is not known
    ],
)
def test_what_is_sent_for_a_number_that_no_page_shows_any_more_is_any_page(
    third: list[object], *, expected: bool
) -> None:
    pages = SeveralPages()
    add(pages, "first", ("cd", [2, 3]), ("ab", [2, 3, 9]))
    add(pages, 3, ("gh", third), ("gh", third))
    add(pages, 9, ("cd", []), ("cd", [1]))
    pages.withdraw()
    assert pages.flaw() == (Flaw(FlawKind.UNLIKE, f"{ROOT}: {OTHER}") if expected else None)
