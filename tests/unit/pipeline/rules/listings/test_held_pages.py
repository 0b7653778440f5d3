"""What was known of a listing is kept until all of its pages may be replaced."""

from __future__ import annotations

import pytest

from crawler.model.state.store import ListingMemo
from crawler.model.struct import replace
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
LEADS_ON = replace(TWO, next_pages=(THREE.url,))


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
    assert held.hold(TWO, is_whole=is_whole, is_sound=is_sound) == ([] if is_kept else [TWO])
    assert held.hold(None, is_whole=True, is_sound=True) == ([TWO] if is_kept else [])
    assert held.hold(None, is_whole=True, is_sound=True) == []


def test_pages_that_were_held_are_remembered_together_in_their_order() -> None:
    held = HeldPages()
    held.know(ONE)
    for page in (ONE, TWO):
        assert held.hold(page, is_whole=False, is_sound=True) == []
    assert held.hold(THREE, is_whole=True, is_sound=True) == [ONE, TWO, THREE]


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([(None, ONE), (None, TWO)], [ONE, as_end(TWO)]),
        ([(ONE, None), (TWO, None)], [as_end(TWO)]),  # both are unchanged
        ([(ONE, TWO)], [as_end(TWO)]),
        ([(as_end(ONE), None)], []),  # that is known
        ([(as_end(ONE), None), (None, TWO)], [ONE, as_end(TWO)]),  # one has come
        ([(as_end(ONE), None), (None, memo(2, 0))], [as_end(memo(2, 0))]),
        ([(None, None)], []),  # it is not to be remembered
    ],
)
def test_the_page_after_which_none_was_there(
    pages: list[tuple[ListingMemo | None, ListingMemo | None]], expected: list[ListingMemo]
) -> None:
    held = HeldPages()
    for known, now in pages:
        held.know(known)
        held.hold(now, is_whole=False, is_sound=False)
    held.note_end()
    assert held.hold(None, is_whole=True, is_sound=True) == expected
    assert held.was_end(THREE.url) is False


@pytest.mark.parametrize(
    ("known", "expected"), [(None, False), (LEADS_ON, False), (as_end(LEADS_ON), True), (as_end(ONE), False)]
)
def test_a_page_was_not_there_if_the_one_before_led_to_it_and_was_the_end(
    known: ListingMemo | None, *, expected: bool
) -> None:
    held = HeldPages()
    held.know(known)
    assert held.was_end(THREE.url) is expected


@pytest.mark.parametrize(("rows", "is_held"), [(19_999, True), (20_000, True), (20_001, False)])
def test_the_rows_that_are_held_are_limited(rows: int, *, is_held: bool) -> None:
    held, long = HeldPages(), memo(1, rows)
    held.know(ONE)
    held.hold(long, is_whole=False, is_sound=True)
    assert held.hold(TWO, is_whole=True, is_sound=True) == ([long, TWO] if is_held else [long])
