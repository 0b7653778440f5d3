"""Which links of a page are followed, and which errors say that there is no page where they lead."""

from __future__ import annotations

import pytest

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError
from crawler.model.flaws import Claim, ClaimKind
from crawler.model.state.store import ListingMemo
from crawler.model.values import Listing, Validators
from crawler.pipeline.rules.listings.page_links import (
    back_links,
    following,
    is_absent,
    is_chain,
    is_gone,
    is_paged,
    next_of,
    with_next,
)
from crawler.pipeline.rules.scope import Scope

ROOT = "http://h.test/pub/"
TWO, THREE, AWAY = f"{ROOT}?page=2", f"{ROOT}?page=3", "http://other.test/pub/?page=2"
SCOPE = Scope(ROOT)


def listing(*next_pages: str, linked: tuple[str, ...] = (), family: str = "generic") -> Listing:
    return Listing(url=ROOT, is_listing=True, confidence=1.0, family=family, next_pages=next_pages, linked=linked)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 407, 408, 410, 414, 421, 422, 425, 429, 500, 503, None])
def test_which_responses_say_that_there_is_no_page(status: int | None) -> None:
    error = FetchError("x", url=ROOT, status=status)
    assert is_gone(error) is (status in {404, 410})
    assert is_absent(error) is (status in {400, 404, 410, 414, 422})


def test_what_is_no_listing_is_absent_but_not_gone() -> None:
    assert not is_gone(ListingError("x"))
    assert is_absent(ListingError("x"))


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


@pytest.mark.parametrize(("page", "is_its_own"), [(TWO, True), (THREE, True), (AWAY, False)])
def test_a_page_to_which_a_link_was_added_is_not_what_its_bytes_say(page: str, *, is_its_own: bool) -> None:
    memo = ListingMemo(
        url=ROOT, answered=ROOT, path="", validators=Validators(etag='"1"'), body_digest="d", family="generic",
        complete=True, entries=(), next_pages=(TWO,), linked=(THREE,),
    )  # fmt: skip
    found = with_next(memo, page)
    assert page in next_of(found)
    assert (found == memo) is is_its_own
    assert (found.body_digest, bool(found.validators)) == (("d", True) if is_its_own else ("", False))
