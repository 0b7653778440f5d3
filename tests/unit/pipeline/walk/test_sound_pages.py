"""What is taken from the pieces of a page: whose last row may be cut off, what is no listing, what has become empty."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from crawler.model.errors import ListingError
from crawler.model.flaws import Claim, ClaimKind, Flaw, FlawKind
from crawler.model.network.responses import FetchedPage
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Listing, Rejection, Validators
from crawler.pipeline.walk.page_versions import memo_of, trusted, with_claims
from crawler.pipeline.walk.sound_pages import sound, with_belief

URL = "http://h.test/pub/"
ONE = b"<title>Index of /pub</title><h1>Index of /pub (3 files)</h1>"


def page(body: bytes) -> FetchedPage:
    return FetchedPage(url=URL, status=200, content_type="text/html", body=body, validators=Validators())


def listing(names: str, **more: Any) -> Listing:
    entries = tuple(Entry(name=name, url=URL + name, kind=Kind.FILE) for name in names)
    return Listing(url=URL, family="x", confidence=1.0, is_listing=True, entries=entries, **more)


CUT, ERROR, PART, UNKNOWN = map(Flaw, (FlawKind.CUT, FlawKind.ERROR, FlawKind.PART, FlawKind.UNKNOWN))
WHOLE = listing("abc")
OTHER = replace(WHOLE, is_listing=False, confidence=0.2)


async def parsed(pieces: Sequence[Listing]) -> AsyncGenerator[Listing, None]:
    for piece in pieces:
        yield piece


async def read(
    pieces: Sequence[Listing], answer: FetchedPage, was: ListingMemo | DirectoryDigest | None = None
) -> list[Listing]:
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


def memo(**more: Any) -> ListingMemo:
    known = listing("abc", **more)
    return memo_of(URL, "", page(ONE), known, known.entries)


DIGEST = DirectoryDigest(
    answered=URL, body_digest="0", validators=Validators(), family="x", wishes="", files=2, total=0, resolution=1,
    newest=0, newest_local=0, skipped=(),
)  # fmt: skip
NEXT = {"next_pages": (URL + "?page=2",)}
EMPTY = replace(listing(""), is_listing=False, is_blank=True, confidence=0.3, family="none")


@pytest.mark.parametrize(
    ("was", "changes", "is_believed"),
    [
        (memo(), {}, True),
        (DIGEST, {}, True),
        (None, {}, False),
        (memo(), {"is_listing": True}, False),  # as it is
        (memo(), {"entries": WHOLE.entries}, False),
        (memo(), {"complete": False}, False),
        (memo(), {"is_blank": False}, False),
        (memo(), {"confidence": 0.29}, False),
        (memo(), NEXT, False),
        (memo(**NEXT), {}, False),
    ],
)
def test_a_listing_of_which_only_the_heading_is_left_is_that_of_an_empty_directory(
    was: ListingMemo | DirectoryDigest | None, changes: dict[str, Any], *, is_believed: bool
) -> None:
    now = replace(EMPTY, **changes)
    believed = replace(now, is_listing=True, family="x", conclusive=True, flaws=())
    assert with_belief(was, now) == (believed if is_believed else now)


async def test_a_page_that_is_believed_to_be_empty_is_a_listing() -> None:
    (found,) = await read([EMPTY], page(ONE), was=memo())
    assert (found.is_listing, found.entries) == (True, ())


@pytest.mark.parametrize(
    ("flaws", "is_listing", "is_trusted"),
    [
        ((UNKNOWN,), True, True),
        ((UNKNOWN, UNKNOWN), True, True),
        ((UNKNOWN,), False, False),
        ((), True, False),
        ((UNKNOWN, Flaw(FlawKind.SCRIPT)), True, False),
        ((Flaw(FlawKind.HEADING),), True, False),
        ((UNKNOWN, CUT), True, False),
    ],
)
def test_what_else_is_on_a_page_without_rows_means_nothing_if_the_user_says_so(
    flaws: tuple[Flaw, ...], *, is_listing: bool, is_trusted: bool
) -> None:
    page_now = replace(listing("", flaws=flaws, conclusive=False), is_listing=is_listing)
    assert trusted(page_now) == (replace(page_now, conclusive=True, flaws=()) if is_trusted else page_now)
