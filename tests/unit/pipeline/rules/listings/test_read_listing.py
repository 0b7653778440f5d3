"""Which pages of a listing are read, in which order, and whether they are all of it: the rules without a walk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.reasons import Reason
from crawler.model.state.store import ListingMemo
from crawler.model.values import Entry, Kind, Listing, Rejection, Validators
from crawler.pipeline.rules.listings.read_pages import ReadPages, pages_from
from crawler.pipeline.rules.scope import Scope

ROOT = "http://h.test/pub/"
SCOPE = Scope(ROOT)
NEXT = Claim(ClaimKind.NEXT)
GONE = FetchError("HTTP 404", url=ROOT, status=404)
Site = Mapping[str, Listing]

END = Claim(ClaimKind.END)


def url_of(page: object) -> str:
    """1 is the first page, which has no number; None leads out of the directory."""
    return ROOT if page == 1 else f"{ROOT}?page={page}"


def page(
    names: str,
    *after: object,
    back: Sequence[object] = (),
    claims: Sequence[Claim] = (),
    link: object = None,
    family: str = "generic",
    unusable: int = 0,
) -> Listing:
    """A page with a row for each letter of ``names``, that links to ``after``; ``link``: its Link header does."""
    return Listing(
        url=ROOT, family=family, confidence=1.0, is_listing=True, next_pages=tuple(map(url_of, after)),
        linked=() if link is None else (url_of(link),),
        entries=tuple(Entry(name=name, url=ROOT + name, kind=Kind.FILE) for name in names),
        claims=(*claims, *(Claim(ClaimKind.BACK, url_of(each)) for each in back)),
        rejections=(Rejection(Reason.NO_LINK, "x", "", "x"),) * unusable + (Rejection(Reason.PAGE, "2"),),
    )  # fmt: skip


def memo(url: str, listing: Listing) -> ListingMemo:
    return ListingMemo(
        url=url, answered=url, path="", validators=Validators(), body_digest="", family=listing.family, complete=True,
        entries=listing.entries, next_pages=listing.next_pages, linked=listing.linked, claims=listing.claims,
    )  # fmt: skip


class Read:
    """A listing that has been read to its end."""

    def __init__(self, site: Mapping[object, Listing], known: Mapping[object, Listing] | None = None) -> None:
        self.pages, self.order, self.remembered = pages_from(ROOT), list[object](), list[str]()
        known = known or {}
        names = {url_of(key): key for key in {*site, *known, *range(1, 12)}}
        while self.pages.todo:
            url = self.pages.begin()
            key = names[url]
            self.order.append(key)
            if key not in site:
                was = memo(url, known[key]) if key in known else None
                if not self.pages.may_be_the_end(GONE, was):
                    raise GONE
                found = Listing(url=url, family="none", confidence=1.0, is_listing=True)
            else:
                found = site[key]
            self.pages.add(found.entries)
            before = memo(url, known[key]) if key in known else None
            now = memo(url, found) if key in site else None
            self.remembered += [each.url for each in self.pages.end(found, SCOPE, before, now)]

    @property
    def flaws(self) -> list[FlawKind]:
        return [flaw.kind for flaw in self.pages.flaws]


WHOLE: list[FlawKind] = []


@pytest.mark.parametrize(
    ("site", "order", "flaws"),
    [
        ({1: page("ab")}, [1], WHOLE),
        ({1: page("ab", 2), 2: page("cd")}, [1, 2], WHOLE),
        ({1: page("ab", 2, 3), 2: page("cd", 3), 3: page("e")}, [1, 2, 3], WHOLE),
        # the order of the links, each page once
        ({1: page("ab", 3, 2), 2: page("cd", 3), 3: page("e", 2)}, [1, 3, 2], WHOLE),
        # two pages without new rows end the links, one does not
        ({1: page("ab", 2), 2: page("cd", 3), 3: page("", 4), 4: page("", 5)}, [1, 2, 3, 4], WHOLE),
        ({1: page("ab", 2), 2: page("", 3), 3: page("cd")}, [1, 2, 3], [FlawKind.SKIPPED]),
        ({1: page("ab", 2), 2: page("cd", 3), 3: page("cd", 4), 4: page("cd", 5)}, [1, 2, 3, 4], WHOLE),
        # one message is enough
        ({1: page("a", 2, 3, 4, 5), 2: page(""), 3: page("c"), 4: page(""), 5: page("e")}, [1, 2, 3, 4, 5],
         [FlawKind.SKIPPED]),
        # the first page again
        ({1: page("ab", 2), 2: page("ab")}, [1, 2], WHOLE),
        ({1: page("ab", 2, claims=[NEXT]), 2: page("ab")}, [1, 2], [FlawKind.REPEATED]),
        ({1: page("ab", 2, claims=[NEXT]), 2: page("a")}, [1, 2], [FlawKind.REPEATED]),
        ({1: page("ab", 2, claims=[NEXT]), 2: page("")}, [1, 2], WHOLE),
        ({1: page("ab", 2, claims=[NEXT]), 2: page("bc")}, [1, 2], WHOLE),
        ({1: page("ab", 0, claims=[NEXT]), 0: page("ab")}, [1, 0], WHOLE),  # 0 is the first page
        # only the last page with new rows has to say so
        ({1: page("ab", 2, claims=[NEXT]), 2: page("cd", 3), 3: page("ab")}, [1, 2, 3], [FlawKind.SKIPPED]),
        ({1: page("ab", 2), 2: page("cd", 3, claims=[NEXT]), 3: page("ab")}, [1, 2, 3],
         [FlawKind.REPEATED, FlawKind.SKIPPED]),
        # a page before another one that nothing else leads to
        ({1: page("ab", 3), 3: page("ef", back=[2]), 2: page("cd")}, [1, 3, 2], [FlawKind.SKIPPED]),
        ({1: page("ab", 3), 3: page("ef", back=[2]), 2: page("ab")}, [1, 3, 2], [FlawKind.SKIPPED]),
        ({1: page("ab", 2), 2: page("cd", back=[1])}, [1, 2], WHOLE),
        ({1: page("ab", "t"), "t": page("cd", back=["s"]), "s": page("ab")}, [1, "t", "s"], WHOLE),
        ({1: page("ab", "t"), "t": page("cd", back=["s"]), "s": page("ef")}, [1, "t", "s"], [FlawKind.SKIPPED]),
        # no more than two of them
        ({1: page("a", "t"), "t": page("b", back=["s", "r", "q"]), **dict.fromkeys("srq", page("a"))},
         [1, "t", "s", "r"], WHOLE),
        # a page that repeats the one before it is the end, if only that one leads there
        ({1: page("a", 2), 2: page("b", 3), 3: page("b")}, [1, 2, 3], WHOLE),
        ({1: page("a", 2, 3), 2: page("b", 3), 3: page("b")}, [1, 2, 3], [FlawKind.SKIPPED]),
        ({1: page("a", 2), 2: page("b", 3), 3: page("a")}, [1, 2, 3], [FlawKind.SKIPPED]),
        # an empty page to which several others lead is the end, if a number says so or the first page leads there
        ({1: page("a", 2, 3), 2: page("b", 3), 3: page("")}, [1, 2, 3], WHOLE),
        ({1: page("a", "s"), "s": page("b", "t", "u"), "t": page("c", "u"), "u": page("")}, [1, "s", "t", "u"],
         [FlawKind.SKIPPED]),
        ({1: page("a", "s", "u"), "s": page("b", "t", "u"), "u": page(""), "t": page("c")}, [1, "s", "u", "t"],
         [FlawKind.SKIPPED]),
        # the first page by a token, unless that page leads there
        ({1: page("ab", "s"), "s": page("cd", "t"), "t": page("ab")}, [1, "s", "t"], WHOLE),
        ({1: page("ab", "s", "t"), "s": page("cd", "t"), "t": page("ab")}, [1, "s", "t"], [FlawKind.SKIPPED]),
    ],
)  # fmt: skip
def test_which_pages_are_read_and_what_is_wrong_with_them(
    site: dict[object, Listing], order: list[object], flaws: list[FlawKind]
) -> None:
    read = Read(site)
    assert read.order == order
    assert read.flaws == flaws
    assert read.pages.whole is not bool(flaws)


@pytest.mark.parametrize(
    ("site", "order", "flaws"),
    [
        ({1: page("ab", link=2), 2: page("cd", link=2)}, [1, 2], WHOLE),  # the last page leads to itself
        ({1: page("ab", link=2), 2: page("ab", link=2)}, [1, 2], [FlawKind.LOOP]),  # that is another one again
        ({1: page("ab", link=2), 2: page("cd", link=1)}, [1, 2], [FlawKind.LOOP]),
        # a chain is followed over pages without rows
        ({1: page("a", link=2), 2: page("", link=3), 3: page("", link=4), 4: page("b")}, [1, 2, 3, 4], WHOLE),
        ({n: page("ab", *([n + 1] if n < 4 else []), family="s3-xml") for n in range(1, 5)}, [1, 2, 3, 4], WHOLE),
        ({1: page("ab", 2, family="s3-xml"), 2: page("c", 1, family="s3-xml")}, [1, 2], [FlawKind.LOOP]),
    ],
)
def test_chains(site: dict[object, Listing], order: list[object], flaws: list[FlawKind]) -> None:
    read = Read(site)
    assert (read.order, read.flaws) == (order, flaws)


THREE_PAGES = {1: page("ab", 2, 3), 2: page("cd", 1, 3, back=[1]), 3: page("ef", 1, 2, back=[1, 2])}


@pytest.mark.parametrize(
    ("now", "order", "flaws"),
    [
        (THREE_PAGES, [1, 2, 3], WHOLE),
        ({**THREE_PAGES, 1: page("ab")}, [1, 2, 3], [FlawKind.UNPAGED]),
        ({1: page("ab"), 2: page("ab"), 3: page("ab")}, [1, 2, 3], WHOLE),  # others are the first one again
        ({1: page("ab")}, [1, 2, 3], WHOLE),  # they are not found
        ({1: page("ab"), 2: page("")}, [1, 2, 3], WHOLE),
        ({1: page("ab", 2), 2: page("cd")}, [1, 2, 3], WHOLE),
        ({1: page("ab", 2), 2: page("cd"), 3: page("ef")}, [1, 2, 3], [FlawKind.UNPAGED]),
        ({1: page("ab", 3), 3: page("ef"), 2: page("")}, [1, 3, 2], [FlawKind.UNPAGED]),  # a number between others
    ],
)
def test_pages_to_which_one_led_when_it_was_last_read(
    now: dict[object, Listing], order: list[object], flaws: list[FlawKind]
) -> None:
    read = Read(now, THREE_PAGES)
    assert (read.order, read.flaws[:1]) == (order, flaws)
    assert read.remembered == ([] if flaws else [url_of(each) for each in order if each in now])


@pytest.mark.parametrize(
    ("known", "flaws"),
    [
        (None, [FlawKind.REPEATED]),
        ({1: page("ab", 2, claims=[NEXT]), 2: page("ab")}, WHOLE),  # as when the listing was whole
        ({1: page("ab", 2), 2: page("ab")}, [FlawKind.REPEATED]),  # it did not say that a page follows
        ({1: page("ab", 2, claims=[NEXT]), 2: page("cd")}, [FlawKind.REPEATED]),
        ({1: page("ab", 2, claims=[NEXT])}, [FlawKind.REPEATED]),
    ],
)
def test_the_first_page_again_is_right_if_it_was_so_when_the_listing_was_whole(
    known: dict[object, Listing] | None, flaws: list[FlawKind]
) -> None:
    read = Read({1: page("ab", 2, claims=[NEXT]), 2: page("ab")}, known)
    assert read.flaws[:1] == flaws
    if known is None:
        assert read.remembered == [ROOT], "the next run does not take the page that was repeated for a usual one"


DEAD, OTHER = Claim(ClaimKind.DEAD_END, "Next"), Claim(ClaimKind.OTHER_PATH, "Next")


@pytest.mark.parametrize(
    ("site", "known", "flaws"),
    [
        ({1: page("ab", claims=[DEAD])}, None, [FlawKind.DEAD_END]),
        ({1: page("ab", claims=[OTHER])}, None, [FlawKind.OTHER_PATH]),
        ({1: page("ab", 2, claims=[DEAD]), 2: page("cd")}, None, WHOLE),  # another link leads on
        ({1: page("ab", 2), 2: page("cd", claims=[DEAD])}, None, [FlawKind.DEAD_END]),
        ({1: page("ab", claims=[DEAD])}, {1: page("abc", claims=[DEAD])}, WHOLE),
        ({1: page("ab", claims=[OTHER])}, {1: page("abc", claims=[DEAD])}, [FlawKind.OTHER_PATH]),
        ({1: page("ab", claims=[DEAD])}, {1: page("abc")}, [FlawKind.DEAD_END]),
        ({1: page("ab", claims=[DEAD])}, {1: page("ab", 2), 2: page("cd")}, WHOLE),  # page 2 is not found
        ({1: page("ab", claims=[OTHER])}, {1: page("ab", 2), 2: page("cd")}, [FlawKind.OTHER_PATH]),
        ({1: page("ab", claims=[DEAD]), 2: page("ab", claims=[DEAD])}, {1: page("ab", 2), 2: page("cd")}, WHOLE),
        ({1: page("ab", claims=[DEAD]), 2: page("cd")}, {1: page("ab", 2), 2: page("cd")},
         [FlawKind.UNPAGED, FlawKind.DEAD_END]),
    ],
)  # fmt: skip
def test_a_control_that_leads_nowhere(
    site: dict[object, Listing], known: dict[object, Listing] | None, flaws: list[FlawKind]
) -> None:
    read = Read(site, known)
    assert read.flaws == flaws
    assert bool(read.remembered) is not bool(flaws) or 2 in site
    assert ROOT not in read.remembered or DEAD not in site[1].claims or not flaws


@pytest.mark.parametrize(
    ("site", "known", "is_end"),
    [
        ({1: page("ab", 2)}, None, False),
        ({1: page("ab", 2), 2: page("c", 3)}, None, True),  # the last page is shorter
        ({1: page("ab", 2), 2: page("cd", 3)}, None, False),
        ({1: page("ab", 2), 2: page("ab", 3)}, None, True),  # the page before shows nothing new
        ({1: page("ab", 2)}, {1: page("ab", 2, claims=[END])}, True),  # it was not there when the link was last read
        ({1: page("ab", 2)}, {1: page("ab", 2)}, False),  # it may have been too long to be remembered
        ({1: page("ab", 2)}, {1: page("ab", 3, claims=[END])}, True),  # nothing followed the same rows
        ({1: page("ac", 2)}, {1: page("ab", 2, claims=[END])}, True),
        ({1: page("ac", 2)}, {1: page("ab", 3, claims=[END])}, False),
        ({1: page("ab", 2)}, {1: page("ab", 2), 2: page("cd")}, False),  # rows have followed
        ({1: page("ab", 2)}, {1: page("ab", 2), 2: page("cd", 3)}, True),  # it led on
        ({1: page("ab", 2)}, {1: page("ab", 2), 2: page("")}, True),
        ({1: page("ab", 2, 3), 3: page("c")}, None, False),  # a number
        ({1: page("ab", 2, 3), 3: page("c")}, {1: page("ab", 2)}, False),  # it is not the last one
    ],
)
def test_a_page_that_is_not_found(
    site: dict[object, Listing], known: dict[object, Listing] | None, *, is_end: bool
) -> None:
    if is_end:
        Read(site, known)
    else:
        with pytest.raises(FetchError):
            Read(site, known)


@pytest.mark.parametrize("trusts", [False, True])
@pytest.mark.parametrize(
    ("error", "is_first", "is_believed"),
    [
        (GONE, False, True),
        (GONE, True, False),
        (FetchError("HTTP 500", url=ROOT, status=500), False, False),
        (FetchError("HTTP 403", url=ROOT, status=403), False, False),
        (ListingError("it has nothing but a heading", is_empty=True), False, True),
        (ListingError("it is a login"), False, False),
    ],
)
def test_only_a_page_that_is_not_there_is_believed_to_be_none(
    error: FetchError | ListingError, *, is_first: bool, is_believed: bool, trusts: bool
) -> None:
    pages, flaw = pages_from(ROOT, trusts=trusts), Flaw(FlawKind.NOT_FOUND)
    pages.begin()
    if not is_first:
        pages.end(page("ab", 2, 3), SCOPE)
        pages.begin()
    assert pages.believe_without(error, flaw) is (is_believed and trusts)
    assert pages.believed == [flaw] * (is_believed and trusts)
    assert pages.whole


def begun(*pages: Listing) -> ReadPages:
    """The pages of a listing, and after them the beginning of one that is not found."""
    found = pages_from(ROOT)
    for each in pages:
        url = found.begin()
        found.add(each.entries)
        found.end(each, SCOPE, None, memo(url, each))
    found.begin()
    return found


MISSING = Flaw(FlawKind.NOT_FOUND, "HTTP 404")


def concluded(pages: ReadPages) -> list[ListingMemo]:
    """What is remembered if the current page of ``pages`` is not found, nor is any that followed one formerly."""
    assert pages.is_unsettled(GONE, None, MISSING)
    empty = Listing(url=pages.queue.url, family="none", confidence=1.0, is_listing=True)
    held = pages.end(empty, SCOPE)
    while pages.todo:
        pages.begin()
        assert pages.is_former
        assert pages.may_be_the_end(GONE, None)
        held = pages.end(empty, SCOPE)
    assert (pages.flaws, pages.whole) == ([MISSING], False)
    return held


def test_a_page_that_was_never_found_may_be_the_end() -> None:
    error = FetchError("HTTP 500", url=ROOT, status=500)
    assert not begun(page("ab", 2)).is_unsettled(error, None, MISSING)
    assert not begun(page("ab", 2, 3), page("cd", 3)).is_unsettled(GONE, None, MISSING)  # two pages lead there
    assert not begun(page("ab", 2, 3)).is_unsettled(GONE, None, MISSING)  # it is not the last one
    assert not begun(page("ab", 2)).is_unsettled(GONE, memo(url_of(2), page("cd")), MISSING)
    first = pages_from(ROOT)
    first.begin()
    assert not first.is_unsettled(GONE, None, MISSING)
    assert not begun(page("ab", 2)).may_be_the_end(error, memo(ROOT, page("", 2)))


def test_pages_before_one_that_was_never_found_are_remembered_if_that_may_be_the_end() -> None:
    assert concluded(begun(page("ab", 2))) == [memo(ROOT, page("ab", 2, claims=[END]))]
    pages = pages_from(ROOT)
    pages.begin()
    pages.end(page("ab", 3), SCOPE, memo(ROOT, page("ab", 2)), memo(ROOT, page("ab", 3)))
    pages.begin()
    assert concluded(pages) == [memo(ROOT, page("ab", 3, claims=[END]))]


@pytest.mark.parametrize(
    ("before", "now", "claims", "expected"),
    [
        (["ab", "cd"], ["ab", "cd"], [], True),
        (["ab", "cd"], ["ad", "ef"], [], True),  # what is missing would come before the last row
        (["abc", "de"], ["acd", "efg"], [], True),
        (["ab", "cdg"], ["ab", "cd"], [], False),  # it may have followed
        (["ab", "cdf"], ["ab", "ce"], [], False),  # so may a page have, that had it
        (["ab", "cd"], ["da", "ef"], [], False),  # not in the order of names
        (["ab", "cdg"], ["ab", "cd"], [4], True),  # these are all
        (["ab", "cdg"], ["ab", "cd"], [3], False),
        (["ab", "cdg"], ["ab", "cd"], [3, 4], False),
        (["abc"], ["ab"], [2], False),  # the number of rows on each page
        (["ab", "cd"], ["Ab", "cD"], [], False),
        (["abCd"], ["aCd"], [], True),  # whatever the case of letters is
    ],
)
def test_known_rows_that_are_missing_may_have_followed(
    before: list[str], now: list[str], claims: list[int], *, expected: bool
) -> None:
    pages = pages_from(ROOT)
    for number, rows in enumerate(now):
        url, numbers = pages.begin(), [total(each) for each in claims]
        was = page(before[number], f"k{number}") if number < len(before) else None
        each = page(rows, f"t{number}", claims=numbers)
        pages.add(each.entries)
        pages.end(each, SCOPE, None if was is None else memo(url, was), memo(url, each))
    pages.begin()
    assert bool(concluded(pages)) is expected


def total(count: int) -> Claim:
    return Claim(ClaimKind.ENTRIES, "in all", count)


def numbered(count: int) -> Claim:
    return Claim(ClaimKind.PAGES, "pages", count)


@pytest.mark.parametrize(
    ("site", "known", "flaws"),
    [
        ({1: page("ab"), 2: page("cd")}, {1: page("ab", 2), 2: page("cd")}, [Flaw(FlawKind.UNPAGED, url_of(2))]),
        ({1: page("ab", 3), 3: page("ef", back=[2]), 2: page("cd")}, None, [Flaw(FlawKind.SKIPPED, url_of(3))]),
        ({1: page("ab", 2), 2: page("ab")}, {1: page("ab", 2), 2: page("cd")},
         [Flaw(FlawKind.UNLIKE, f"{url_of(2)}: it has no rows of its own")]),
        # two pages link to one without rows, so that "Next" on every page does not explain it
        ({1: page("ab", 2, 3), 2: page("cd", 3), 3: page("")}, {1: page("ab", 2), 2: page("cd", 3), 3: page("ef", 4)},
         [Flaw(FlawKind.UNLIKE, f"{url_of(3)}: it has no rows of its own")]),
        # any page may say how much there is
        ({1: page("ab", 2, claims=[total(4)]), 2: page("cd")}, None, []),
        ({1: page("ab", 2, claims=[total(5)]), 2: page("cd")}, None, [Flaw(FlawKind.PART, "in all")]),
        ({1: page("ab", 2, claims=[numbered(2)]), 2: page("cd")}, None, []),
        ({1: page("ab", 2), 2: page("cd", claims=[numbered(3)])}, None, [Flaw(FlawKind.PART, "pages")]),
    ],
)  # fmt: skip
def test_a_flaw_names_the_page_that_shows_it_or_what_a_page_says(
    site: dict[object, Listing], known: dict[object, Listing] | None, flaws: list[Flaw]
) -> None:
    assert Read(site, known).pages.flaws == flaws


@pytest.mark.parametrize(
    ("site", "rows", "pages"),
    [
        ({1: page("ab", unusable=1)}, 3, 1),
        ({1: page("ab", 2, unusable=1), 2: page("bc", unusable=2)}, 6, 2),
        ({1: page("ab", 2), 2: page("ab")}, 2, 1),
        ({1: page("ab", 2, family="s3-xml"), 2: page("b", family="s3-xml", unusable=1)}, 4, 2),
    ],
)
def test_rows_and_pages_that_no_page_before_has_shown_are_counted(
    site: dict[object, Listing], rows: int, pages: int
) -> None:
    assert ((read := Read(site)).pages.rows, read.pages.pages) == (rows, pages)
    for count in (rows, rows + 1):
        last = max(site, key=str)
        claimed = {**site, last: page("b" if len(site) > 1 else "ab", claims=[total(count)])}
        if len(site) == 1:
            assert Read(claimed).pages.whole is (count <= len("ab"))


def test_a_long_page_comes_in_pieces_and_is_never_compared_with_others() -> None:
    pages = pages_from(ROOT)
    pages.begin()
    pages.add(page("abc").entries)
    last = page("de", 2)
    pages.add(last.entries)
    pages.end(last, SCOPE)
    assert (pages.rows, pages.pages, pages.together) == (5, 1, None)
    pages.begin()
    pages.add(page("f").entries)
    pages.end(page("f"), SCOPE)
    assert (pages.rows, pages.pages, pages.whole) == (6, 2, True)


def test_rows_may_have_moved_on_all_pages_but_the_first_unless_they_continue_after_a_name() -> None:
    pages = pages_from(ROOT)
    pages.begin()
    assert not pages.may_have_moved(page("a"))
    pages.end(page("a", 2), SCOPE)
    pages.begin()
    assert pages.may_have_moved(page("b"))
    assert not pages.may_have_moved(page("b", family="swift"))


def test_what_is_wrong_is_said_once_all_has_been_read() -> None:
    pages = Read({1: page("ab", 2), 2: page("", 3), 3: page("cd")}).pages
    with pytest.raises(
        ListingError, match=r"page after it is not, so rows may be missing \('http://h\.test/pub/\?page=2'\)"
    ):
        pages.check()
    Read({1: page("ab")}).pages.check()
