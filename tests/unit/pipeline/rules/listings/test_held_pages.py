"""What was known of a listing is kept until all of its pages may be replaced."""

from __future__ import annotations

import pytest

from crawler.model.state.store import ListingMemo
from crawler.model.values import Entry, Kind, Validators
from crawler.pipeline.rules.listings.held_pages import HeldPages
from crawler.pipeline.rules.listings.page_links import as_end


def memo(number: int, rows: int = 1) -> ListingMemo:
    url = f"http://h.test/pub/?page={number}"
    row = Entry(name="a", url=f"{url}a", kind=Kind.FILE)
    return ListingMemo(
        url=url, answered=url, path="", validators=Validators(), body_digest="", family="x", complete=True,
        entries=(row,) * rows, next_pages=(),
    )  # fmt: skip


ONE, TWO, THREE = memo(1), memo(2), memo(3)


@pytest.mark.parametrize(
    ("is_known", "is_whole", "is_sound", "is_kept"),
    [
        (False, False, True, False),  # nothing is lost if it is remembered at once
        (False, True, True, False),
        (False, False, False, True),  # what is wrong with it would seem usual to the next run
        (False, True, False, False),
        (True, False, True, True),
        (True, False, False, True),
        (True, True, True, False),
        (True, True, False, False),
    ],
)
def test_when_a_page_is_remembered(*, is_known: bool, is_whole: bool, is_sound: bool, is_kept: bool) -> None:
    held = HeldPages()
    held.know(ONE if is_known else None)
    held.know(None)
    assert held.hold(TWO, None, is_whole=is_whole, is_sound=is_sound) == ([] if is_kept else [TWO])
    assert held.hold(None, None, is_whole=True, is_sound=True) == ([TWO] if is_kept else [])
    assert held.hold(None, None, is_whole=True, is_sound=True) == []


def test_pages_that_were_held_are_remembered_together_in_their_order() -> None:
    held = HeldPages()
    held.know(ONE)
    for page in (ONE, TWO):
        assert held.hold(page, None, is_whole=False, is_sound=True) == []
    assert held.hold(THREE, None, is_whole=True, is_sound=True) == [ONE, TWO, THREE]


@pytest.mark.parametrize(
    ("pages", "has_end", "expected"),
    [
        ([(None, ONE), (None, TWO)], True, [as_end(ONE), TWO]),
        ([(ONE, None), (TWO, None)], True, [as_end(ONE)]),  # both are unchanged
        ([(ONE, TWO)], True, [as_end(TWO)]),
        ([(as_end(ONE), None)], True, []),  # that is known
        ([(as_end(ONE), None), (None, TWO)], False, [ONE, TWO]),  # one has come
        ([(as_end(ONE), ONE), (None, TWO)], False, [ONE, TWO]),
        ([(None, None), (None, TWO)], True, [as_end(TWO)]),  # the first one is not to be remembered
        ([(None, None)], True, []),
    ],
)
def test_that_no_page_followed_the_last_one_is_noted_with_the_first_one(
    pages: list[tuple[ListingMemo | None, ListingMemo | None]], expected: list[ListingMemo], *, has_end: bool
) -> None:
    held = HeldPages()
    for known, now in pages:
        held.know(known)
        held.hold(now, known, is_whole=False, is_sound=False)
    if has_end:
        held.note_end()
    assert held.hold(None, None, is_whole=True, is_sound=True) == expected


@pytest.mark.parametrize(("known", "expected"), [(None, False), (ONE, False), (as_end(ONE), True)])
def test_any_page_tells_that_no_page_followed_the_last_one(known: ListingMemo | None, *, expected: bool) -> None:
    held = HeldPages()
    for each in (known, TWO):
        held.know(each)
    assert held.had_end is expected


@pytest.mark.parametrize(("rows", "is_held"), [(19_999, True), (20_000, True), (20_001, False)])
def test_the_rows_that_are_held_are_limited(rows: int, *, is_held: bool) -> None:
    held, long = HeldPages(), memo(1, rows)
    held.know(ONE)
    held.hold(long, None, is_whole=False, is_sound=True)
    assert held.hold(TWO, None, is_whole=True, is_sound=True) == ([long, TWO] if is_held else [long])
