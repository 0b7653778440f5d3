"""What is taken from the pieces of a page: whose last row may be cut off, what is no listing, what has become empty."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from crawler.model.errors import ListingError
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.network.responses import FetchedPage
from crawler.model.reasons import Reason
from crawler.model.state.store import ListingMemo
from crawler.model.state.surroundings import Surroundings
from crawler.model.struct import replace
from crawler.model.values import Listing, Rejection
from crawler.pipeline.rules.listings.page_texts import DOUBTS, judge
from crawler.pipeline.walk.page_versions import with_claims
from crawler.pipeline.walk.pages import Remembered
from crawler.pipeline.walk.sound_pages import compared, sound, with_belief
from tests.unit.pipeline.walk.test_other_headings import ONE, URL, digest, listing, memo, page

CUT, ERROR, PART, UNKNOWN = map(Flaw, (FlawKind.CUT, FlawKind.ERROR, FlawKind.PART, FlawKind.UNKNOWN))
WHOLE = listing("abc")
OTHER = replace(WHOLE, is_listing=False, confidence=0.2)


async def parsed(pieces: Sequence[Listing]) -> AsyncGenerator[Listing, None]:
    for piece in pieces:
        yield piece


async def read(pieces: Sequence[Listing], answer: FetchedPage, was: Remembered = None) -> list[Listing]:
    return [piece async for piece in sound(parsed(pieces), answer, URL, was)]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, "abc"), ({"flaws": (UNKNOWN,), "conclusive": False}, "abc"), ({"closed": False}, "abc"),
        ({"complete": False}, "ab"), ({"complete": False, "flaws": (CUT, ERROR)}, "ab"),
        ({"complete": False, "flaws": (ERROR,)}, "abc"),
    ],
)  # fmt: skip
async def test_the_last_row_of_a_page_that_is_cut_short_is_dropped(changes: dict[str, Any], names: str) -> None:
    whole = replace(WHOLE, **changes)
    assert await read([whole], page(b"x")) == [with_claims(replace(whole, entries=listing(names).entries))]


@pytest.mark.parametrize(
    ("body", "flaws", "names"),
    [
        (b"<br>", (), "abc"), (b"<br>  ", (), "abc"), (b"a\n", (), "abc"), (b"a", (), "ab"), (b"<br>X", (), "ab"),
        (b" a ", (), "ab"), (b"", (), "ab"), (b"<br>", (CUT,), "ab"),
        (b"a", (ERROR,), "ab"), (b"<br>", (ERROR,), "abc"),
    ],
)  # fmt: skip
async def test_without_a_proven_end_a_page_is_incomplete(body: bytes, flaws: tuple[Flaw, ...], names: str) -> None:
    answer = replace(page(body), end_proven=False)
    whole = replace(WHOLE, flaws=flaws, complete=not flaws, closed=False)
    (found,) = await read([whole], answer)
    assert found.complete is False
    assert found.flaws == (*(flaw for flaw in flaws if flaw is CUT), Flaw(FlawKind.UNBOUNDED))
    assert found.claims == (Claim(ClaimKind.ERROR),) * (ERROR in flaws)
    assert found.entries == listing(names).entries
    assert await read([WHOLE], answer) == [WHOLE], "it is closed"


async def test_pieces_of_a_page_have_its_links_and_claims() -> None:
    answer = replace(page(ONE), link='<?page=2>; rel="next"')
    dead = replace(WHOLE, flaws=(Flaw(FlawKind.DEAD_END, "More"),), complete=False)
    found = await read([listing("a"), replace(dead, entries=())], answer)
    assert found == [
        replace(listing("a"), linked=(URL + "?page=2",)),
        replace(WHOLE, entries=(), linked=(URL + "?page=2",), claims=(Claim(ClaimKind.DEAD_END, "More"),)),
    ]


@pytest.mark.parametrize(("kind", "claim"), [(FlawKind.PART, ClaimKind.PART), (FlawKind.ERROR, ClaimKind.ERROR)])
async def test_what_a_page_states_of_itself_is_a_claim_if_it_has_rows(kind: FlawKind, claim: ClaimKind) -> None:
    total = Claim(ClaimKind.ENTRIES, "4 files", 4)
    said = replace(WHOLE, flaws=(Flaw(kind, "4 files"),), claims=(total,), complete=False)
    assert await read([said], page(b"x")) == [replace(WHOLE, claims=(total, Claim(claim, "4 files", 4)))]
    empty = replace(said, entries=())
    assert await read([empty], page(b"x")) == [empty]


PASSWORD = b"<html><input type=password>"


@pytest.mark.parametrize(
    ("pieces", "answer", "text", "is_empty"),
    [
        ([], page(b""), "(text/html)", False),
        ([], replace(page(b""), content_type=""), "(no content type)", False),
        ([OTHER], page(b""), "(text/html)", False),
        ([replace(OTHER, complete=False)], page(b""), "(text/html)", False),
        ([replace(OTHER, confidence=0.9)], page(b""), "(text/html)", False),
        ([replace(OTHER, entries=(), confidence=0.3)], page(b""), "(text/html)", False),
        ([replace(OTHER, entries=(), confidence=0.4)], page(b""), "(text/html)", True),
        ([replace(OTHER, entries=(), confidence=0.4, rejections=(Rejection(Reason.PARENT, "../"),))], page(b""),
         "(text/html)", True),
        ([replace(OTHER, entries=(), confidence=0.4, rejections=(Rejection(Reason.NAVIGATION, "?page=2"),))], page(b""),
         "(text/html)", True),
        ([replace(OTHER, entries=(), confidence=0.4, rejections=(Rejection(Reason.NAVIGATION, "a.zip"),))], page(b""),
         "(text/html)", False),
        ([replace(OTHER, entries=(), confidence=0.4)], page(PASSWORD),
         "(text/html): it asks for a password: --cookies FILE, --netrc or --header @FILE may log in", False),
        ([], replace(page(b"x"), url=URL + "a.bin", content_type="application/octet-stream"),
         f"(application/octet-stream): it redirects to a file: give its URL, {URL}a.bin", False),
    ],
)  # fmt: skip
async def test_what_is_no_listing_is_an_error_that_says_what_it_is(
    pieces: list[Listing], answer: FetchedPage, text: str, *, is_empty: bool
) -> None:
    with pytest.raises(ListingError) as caught:
        await read(pieces, answer)
    error = caught.value
    assert str(error) == f"the response is not a directory listing {text}"
    assert (error.content_type, error.is_advised, error.is_empty) == (answer.content_type, ": " in text, is_empty)


async def test_rows_of_what_is_no_listing_are_shown_first() -> None:
    shown = replace(OTHER, complete=False)
    pieces = sound(parsed([shown, replace(OTHER, entries=())]), page(b"x"), URL, None)
    assert await anext(pieces) == shown
    with pytest.raises(ListingError):
        await anext(pieces)


TEXTS = ("Tere",)
AROUND = compared(None, URL, page(ONE), replace(WHOLE, texts=TEXTS), WHOLE.entries).surroundings
WAS = replace(memo(texts=TEXTS), family="y")
NEXT = {"next_pages": (URL + "?page=2",)}
EMPTY = replace(listing("", flaws=(UNKNOWN,), conclusive=False, texts=TEXTS), is_listing=False)


def doubted(times: int) -> ListingMemo:
    return replace(WAS, surroundings=replace(AROUND, doubts=times))


def headless(family: str) -> ListingMemo:
    return replace(WAS, surroundings=replace(AROUND, heading=""), family=family)


@pytest.mark.parametrize(
    ("was", "body", "changes", "is_believed"),
    [
        (WAS, ONE, {}, True),
        (replace(digest(), family="y", surroundings=AROUND), ONE, {}, True),
        (None, ONE, {}, False),
        (WAS, ONE, {"is_listing": True}, True),
        (WAS, ONE, {"conclusive": True}, True),
        (WAS, ONE, {"is_listing": True, "conclusive": True}, False),  # as it is
        (WAS, ONE, {"entries": WHOLE.entries}, False),
        (WAS, ONE, {"complete": False}, False),
        (WAS, ONE, {"flaws": ()}, True),
        (WAS, ONE, {"flaws": (UNKNOWN, ERROR)}, False),
        (WAS, ONE, NEXT, False),
        (replace(WAS, **NEXT), ONE, {}, False),  # type: ignore[arg-type]
        (WAS, ONE, {"texts": ("Tere", "Head aega")}, False),
        (WAS, ONE, {"texts": ()}, True),
        (WAS, ONE, {"texts": None}, False),
        (doubted(1), ONE, {}, False),
        (WAS, b"<h1>Log in</h1>", {}, False),
        (WAS, b"", {"is_listing": True, "family": "y"}, False),
        (headless("y"), b"", {"is_listing": True, "family": "y"}, True),
        (headless("y"), b"", {"is_listing": True, "family": "z"}, False),
        (headless("y"), b"", {"family": "y"}, False),
        (headless("y"), ONE, {}, False),
    ],
)
def test_a_page_without_rows_that_is_as_it_was_beside_them_is_that_of_an_empty_directory(
    was: Remembered, body: bytes, changes: dict[str, Any], *, is_believed: bool
) -> None:
    now = replace(EMPTY, **changes)
    found = with_belief(was, page(body), now)
    family = was.family if was is not None else ""
    believed = replace(now, is_listing=True, family=family, conclusive=True, flaws=())
    assert found == (believed if is_believed else now)


async def test_a_page_that_is_believed_to_be_empty_is_a_listing() -> None:
    (found,) = await read([EMPTY], page(ONE), was=WAS)
    assert (found.is_listing, found.entries) == (True, ())


def test_what_is_remembered_beside_the_rows() -> None:
    found = compared(None, URL, page(ONE), replace(WHOLE, texts=TEXTS), WHOLE.entries)
    texts = judge("", TEXTS, is_lossy=False).noted
    assert texts
    assert found.surroundings == Surroundings("index of /pub | index of /pub (0)", texts)


@pytest.mark.parametrize("body", [b"", b"x", ONE, b"<title>A</title>", b"<h1>A</h1><TITLE>\xff <i>A</i></title>"])
@pytest.mark.parametrize("texts", [None, (), ("Tere",), ("3 files", "Tere")])
@pytest.mark.parametrize("rest", [{}, {"next_pages": (URL + "?page=2",)}, {"mentioned": frozenset({"c", "Tere"})}])
@pytest.mark.parametrize("is_first", [False, True])
def test_a_page_of_which_nothing_is_known_is_like_one_of_which_only_nothing_is_remembered(
    body: bytes, texts: Sequence[str] | None, rest: dict[str, Any], *, is_first: bool
) -> None:
    now, nothing = replace(WHOLE, texts=texts, **rest), replace(WAS, entries=(), surroundings=Surroundings())
    new, known = (compared(was, URL, page(body), now, now.entries, is_first=is_first) for was in (None, nothing))
    assert new == known


MORE, REST = Claim(ClaimKind.DEAD_END, "More"), Claim(ClaimKind.OTHER_PATH, "Rest")
GONE = {"mentioned": frozenset({"c", "gone"})}


@pytest.mark.parametrize(
    ("url", "texts", "more", "says"),
    [
        (URL, ("Head aega",), {}, "Head aega"),
        (URL, ("Head aega\0x/",), {}, "Head aega"),
        (URL + "?dir=a", ("Head aega",), {}, "Head aega"),
        (URL, ("Tere",), {}, None),
        (URL, ("c\0x\0y", "c", "\1c"), GONE, None),  # the row that is missing leads elsewhere
        (URL, ("gone\0x\0y", "c"), GONE, "gone"),
        (URL, ("\1Head aega",), {}, "Head aega"),
        (URL, ("x\0gone",), GONE, "x"),
        (URL, ("More\0#", "Rest"), {"claims": (MORE, REST)}, None),
        (URL, ("More",), {"claims": (Claim(ClaimKind.NEXT, "More"),)}, "More"),
        (URL, ("More", "c"), {"claims": (MORE,), **GONE}, None),
        (URL, None, {}, "more texts than can be compared"),
    ],
)  # fmt: skip
def test_new_text_is_a_flaw_if_rows_are_missing_and_other_means_do_not_say_what_it_means(
    url: str, texts: tuple[str, ...] | None, more: dict[str, Any], says: str | None
) -> None:
    now = listing("ab", texts=texts, **more)
    found = compared(replace(WAS, claims=()), url, page(ONE), now, now.entries)
    assert found.flaw == (Flaw(FlawKind.UNLIKE, f"{url}: it says {says!r}") if says else None)
    assert found.doubted == (replace(AROUND, doubts=1) if says else None)
    assert compared(WAS, url, page(ONE), now, now.entries, is_first=False).flaw is None


@pytest.mark.parametrize("times", range(DOUBTS + 1))
def test_new_text_is_believed_once_it_has_been_doubted_often(times: int) -> None:
    now = listing("ab", texts=("Head aega",))
    found = compared(doubted(times), URL, page(ONE), now, now.entries)
    assert (found.flaw is None) is (times == DOUBTS)
    assert found.doubted == (None if times == DOUBTS else replace(AROUND, doubts=times + 1))


@pytest.mark.parametrize(
    ("was", "now", "is_doubted"),
    [
        ("caddy-json", "caddy", False),  # an empty directory is no data
        ("caddy", "caddy-json", False),
        ("nginx-xml", "nginx-pre", False),
        ("embedded-json-generic", "json-generic", False),
        ("caddy", "caddy", True),
        ("caddy", "generic-table", True),
        ("caddy-json", "nginx-xml", True),
        ("swift", "swift", True),  # JSON, XML or HTML
        ("swift", "generic-table", True),
        ("embedded-json-generic", "caddy", True),
    ],
)
@pytest.mark.parametrize("times", range(DOUBTS))
def test_what_a_page_of_another_format_says_is_unknown_and_not_new(
    was: str, now: str, times: int, *, is_doubted: bool
) -> None:
    known = replace(doubted(times), family=was)
    for body, names in ((ONE, "ab"), (ONE, ""), (b"<h1>Caddy</h1>", "")):
        page_now = replace(listing(names, texts=("filter",)), family=now)
        found = compared(known, URL, page(body), page_now, page_now.entries)
        assert (found.flaw is not None, found.doubted is not None) == (is_doubted, is_doubted)
        if not is_doubted:
            assert found.surroundings == compared(None, URL, page(body), page_now, page_now.entries).surroundings
