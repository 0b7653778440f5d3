"""Which pages of a listing are read, in which order, and whether they are all of it: the rules without a walk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.reasons import Reason
from crawler.model.state.store import ListingMemo
from crawler.model.values import Entry, Kind, Listing, Rejection, Validators
from crawler.pipeline.rules.listings.read_pages import pages_from
from crawler.pipeline.rules.scope import Scope

ROOT = "http://h.test/pub/"
SCOPE = Scope(ROOT)
NEXT = Claim(ClaimKind.NEXT)
GONE = FetchError("HTTP 404", url=ROOT, status=404)
Site = Mapping[str, Listing]

END = Claim(ClaimKind.END)
MISSING = Flaw(FlawKind.NOT_FOUND, "HTTP 404")


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
        self.pages, self.order, self.memos = pages_from(ROOT), list[object](), list[ListingMemo]()
        known = known or {}
        names = {url_of(key): key for key in {*site, *known, *range(1, 12)}}
        while self.pages.todo:
            url = self.pages.begin()
            key = names[url]
            self.order.append(key)
            if key not in site:
                if not self.pages.may_be_missing(MISSING):
                    raise GONE
                found = Listing(url=url, family="none", confidence=1.0, is_listing=True)
            else:
                found = site[key]
            self.pages.add(found.entries)
            before = memo(url, known[key]) if key in known else None
            now = memo(url, found) if key in site else None
            self.memos += self.pages.end(found, SCOPE, before, now)

    @property
    def remembered(self) -> list[str]:
        return [each.url for each in self.memos]

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


@pytest.mark.parametrize(
    ("known", "flaws"),
    [
        (None, [FlawKind.REPEATED]),
        ({1: page("ab", 2, claims=[NEXT]), 2: page("ab")}, WHOLE),  # as when the listing was whole
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
        ({1: page("ab", claims=[DEAD])}, {1: page("ab", 2), 2: page("cd")}, [FlawKind.DEAD_END]),
    ],
)
def test_a_control_that_leads_nowhere(
    site: dict[object, Listing], known: dict[object, Listing] | None, flaws: list[FlawKind]
) -> None:
    read = Read(site, known)
    assert read.flaws == flaws
    assert bool(read.remembered) is not bool(flaws) or 2 in site


@pytest.mark.parametrize(
    ("site", "known", "flaws", "is_noted"),
    [
        ({1: page("ab", 2)}, None, [FlawKind.NOT_FOUND], True),  # the next run knows
        ({1: page("ab", 2), 2: page("c", 3)}, None, WHOLE, True),  # the last page is shorter
        ({1: page("ab", 2), 2: page("cd", 3)}, None, [FlawKind.NOT_FOUND], True),
        ({1: page("ab", 2), 2: page("ab", 3)}, None, WHOLE, True),  # the one before shows nothing new
        ({1: page("ab", 2)}, {1: page("ab", 2, claims=[END])}, WHOLE, True),  # none was there before
        ({1: page("ac", 5)}, {1: page("ab", 3, claims=[END]), 3: page("")}, WHOLE, True),
        ({1: page("ab", 2), 2: page("cd", 3)}, {1: page("ab", 2), 2: page("cd", 3, claims=[END])}, WHOLE,
         True),
        ({1: page("ab", 2)}, {1: page("ab", 2), 2: page("cd")}, [FlawKind.NOT_FOUND], True),
        ({1: page("ab", 2), 2: page("c")}, {1: page("ab", 2, claims=[END])}, WHOLE, False),  # it is no end now
    ],
)  # fmt: skip
def test_next_on_the_last_page_leads_to_one_that_is_not_found(
    site: dict[object, Listing], known: dict[object, Listing] | None, flaws: list[FlawKind], *, is_noted: bool
) -> None:
    read = Read(site, known)
    assert read.flaws == flaws
    assert [END in each.claims for each in read.memos if each.url == ROOT][-1] is is_noted


@pytest.mark.parametrize(
    "site",
    [
        {1: page("ab", 2, 3), 3: page("c")},  # a number
        {1: page("ab", 2, 3), 2: page("cd", 3)},  # two pages lead there
        {1: page("ab", 2, family="s3-xml")},  # pages that name the next one know that it is there
    ],
)
def test_any_other_page_that_is_not_found_is_missing(site: dict[object, Listing]) -> None:
    with pytest.raises(FetchError):
        Read(site)


@pytest.mark.parametrize("trusts", [False, True])
@pytest.mark.parametrize("is_only_next", [False, True])
def test_a_page_that_is_not_found_is_not_missing_if_the_user_says_so(*, trusts: bool, is_only_next: bool) -> None:
    pages = pages_from(ROOT, trusts=trusts)
    pages.begin()
    pages.end(page("ab", *([2] if is_only_next else [2, 3])), SCOPE)
    pages.begin()
    assert pages.may_be_missing(MISSING) is (trusts or is_only_next)
    pages.end(Listing(url=pages.queue.url, family="none", confidence=1.0, is_listing=True), SCOPE)
    assert pages.whole is (trusts or not is_only_next)
    assert pages.believed == [MISSING] * trusts


def total(count: int) -> Claim:
    return Claim(ClaimKind.ENTRIES, "in all", count)


def numbered(count: int) -> Claim:
    return Claim(ClaimKind.PAGES, "pages", count)


@pytest.mark.parametrize(
    ("site", "flaws"),
    [
        ({1: page("ab", 3), 3: page("ef", back=[2]), 2: page("cd")}, [Flaw(FlawKind.SKIPPED, url_of(3))]),
        # any page may say how much there is
        ({1: page("ab", 2, claims=[total(4)]), 2: page("cd")}, []),
        ({1: page("ab", 2, claims=[total(5)]), 2: page("cd")}, [Flaw(FlawKind.PART, "in all")]),
        ({1: page("ab", 2, claims=[numbered(2)]), 2: page("cd")}, []),
        ({1: page("ab", 2), 2: page("cd", claims=[numbered(3)])}, [Flaw(FlawKind.PART, "pages")]),
    ],
)  # fmt: skip
def test_a_flaw_names_the_page_that_shows_it_or_what_a_page_says(
    site: dict[object, Listing], flaws: list[Flaw]
) -> None:
    assert Read(site).pages.flaws == flaws


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
    assert (pages.rows, pages.pages) == (5, 1)
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
