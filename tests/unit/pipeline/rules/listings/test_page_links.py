"""Which links of a page are followed, and which errors say that there is no page where they lead."""

from __future__ import annotations

import pytest

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import Claim, ClaimKind
from crawler.model.state.store import ListingMemo
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Listing, Validators
from crawler.pipeline.rules.listings.page_links import (
    PageQueue,
    as_end,
    back_links,
    following,
    is_bare,
    is_chain,
    is_end,
    is_gone,
    is_paged,
    next_of,
)
from crawler.pipeline.rules.scope import Scope

ROOT = "http://h.test/pub/"
TWO, THREE, FOUR = (f"{ROOT}?page={number}" for number in (2, 3, 4))
AWAY = "http://other.test/pub/?page=2"
SCOPE = Scope(ROOT)


def listing(*next_pages: str, linked: tuple[str, ...] = (), family: str = "generic") -> Listing:
    return Listing(url=ROOT, is_listing=True, confidence=1.0, family=family, next_pages=next_pages, linked=linked)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 407, 408, 410, 414, 421, 422, 425, 429, 500, 503, None])
def test_which_responses_say_that_there_is_no_page(status: int | None) -> None:
    error = FetchError("x", url=ROOT, status=status)
    assert is_gone(error) is (status in {404, 410})


def test_a_page_that_is_no_listing_is_gone_if_it_has_nothing_but_a_heading() -> None:
    assert not is_gone(ListingError("x"))
    assert is_gone(ListingError("x", is_empty=True))


@pytest.mark.parametrize(
    ("page", "done", "expected"),
    [
        (listing(), (), []),
        (listing(TWO, THREE), (), [TWO, THREE]),
        (listing(TWO, THREE), (TWO,), [THREE]),
        (listing(TWO, THREE), (TWO, THREE), []),
        (listing(linked=(TWO,)), (TWO,), []),
        (listing(TWO, family="swift"), (TWO,), []),
        (listing(TWO, AWAY), (), [TWO]),
        (listing(TWO, linked=(TWO, THREE)), (), [TWO, THREE]),
        (listing(linked=(TWO, THREE)), (TWO,), [THREE]),
        (listing(family="s3-xml"), (TWO,), []),
    ],
)
def test_pages_that_were_not_read_and_may_be_read_follow(
    page: Listing, done: tuple[str, ...], expected: list[str]
) -> None:
    assert following(page, done, SCOPE) == expected


def test_a_chain_that_cannot_be_followed_is_an_error() -> None:
    with pytest.raises(ListingError, match=r"^it continues at http://other\.test/pub/\?page=2, which is not read: "):
        following(listing(linked=(AWAY,)), (), SCOPE)


def test_the_number_of_pages_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTING_PAGES", 2)
    assert following(listing(TWO), (ROOT,), SCOPE) == [TWO]
    assert following(listing(), (ROOT, TWO), SCOPE) == []
    with pytest.raises(ListingError, match=r"^the listing has more than 2 pages$"):
        following(listing(THREE), (ROOT, TWO), SCOPE)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (listing(TWO), False),
        (listing(linked=(TWO,)), True),
        (listing(family="s3-xml"), True),
        (listing(family="json-generic"), True),
    ],
)
def test_chains_are_pages_that_name_only_the_next_one(page: Listing, expected: bool) -> None:
    assert is_chain(page) is expected


@pytest.mark.parametrize(
    ("family", "names", "complete", "expected"),
    [
        ("swift", (), True, True),
        ("json-generic", (), True, True),
        ("generic", (), True, False),
        ("swift", ("a",), True, False),
        ("swift", (), False, False),
    ],
)
def test_only_an_empty_page_of_a_chain_is_bare(
    family: str, names: tuple[str, ...], *, complete: bool, expected: bool
) -> None:
    entries = tuple(Entry(name=name, url=ROOT + name, kind=Kind.FILE) for name in names)
    assert is_bare(replace(listing(family=family), entries=entries, complete=complete)) is expected


def test_two_pages_that_link_to_another_one_are_enough() -> None:
    queue = PageQueue([ROOT, TWO])
    linked = list[tuple[bool, bool, bool]]()
    for page in (ROOT, TWO, THREE, FOUR):
        assert queue.begin() == page
        linked.append((queue.is_linked_by(ROOT), queue.is_linked_by(TWO), queue.is_linked_by(THREE)))
        queue.follow([THREE, FOUR])
    assert linked == [(False, False, False)] * 2 + [(True, True, False)] * 2


def test_of_the_pages_before_another_one_the_first_that_was_not_read_comes_next() -> None:
    queue = PageQueue([ROOT])
    queue.begin()
    queue.go_back([ROOT, AWAY, TWO, THREE], SCOPE)
    assert queue.todo == [TWO]


def test_links_forwards_and_back() -> None:
    claims = (Claim(ClaimKind.BACK, TWO), Claim(ClaimKind.NEXT, "x"), Claim(ClaimKind.BACK, ROOT))
    page = Listing(
        url=THREE, is_listing=True, confidence=1.0, family="generic", claims=claims, next_pages=(TWO,), linked=(THREE,)
    )
    assert back_links(page) == [TWO, ROOT]
    assert list(next_of(page)) == [TWO, THREE]


@pytest.mark.parametrize(
    ("next_pages", "linked", "expected"),
    [((), (), False), ((TWO,), (), True), ((), (TWO,), True), ((TWO,), (TWO,), True)],
)
def test_a_known_page_led_to_others_by_links_of_either_kind(
    next_pages: tuple[str, ...], linked: tuple[str, ...], expected: bool
) -> None:
    memo = ListingMemo(
        url=ROOT, answered=ROOT, path="", validators=Validators(), body_digest="", family="generic", complete=True,
        entries=(), next_pages=next_pages, linked=linked,
    )  # fmt: skip
    assert is_paged(memo) is expected
    assert not is_paged(None)


def test_that_no_page_follows_is_noted_once_and_taken_back() -> None:
    back = Claim(ClaimKind.BACK, ROOT)
    memo = ListingMemo(
        url=ROOT, answered=ROOT, path="", validators=Validators(etag='"1"'), body_digest="d", family="generic",
        complete=True, entries=(), next_pages=(TWO,), claims=(back,),
    )  # fmt: skip
    noted = as_end(memo)
    assert (is_end(noted), is_end(memo), is_end(None)) == (True, False, False)
    assert as_end(noted) == noted == replace(memo, claims=(back, Claim(ClaimKind.END)))
    assert as_end(noted, is_end=False) == memo


def test_the_first_page_that_leads_back_to_another_one_is_noted() -> None:
    queue, page = PageQueue([ROOT, TWO]), replace(listing(), claims=(Claim(ClaimKind.BACK, THREE),))
    for _ in range(2):
        queue.begin()
        queue.note_back(page)
    assert (queue.first, queue.back) == (ROOT, {THREE: ROOT})
