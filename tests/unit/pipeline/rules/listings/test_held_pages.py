"""What was known of a listing is kept until all of its pages may be replaced."""

from __future__ import annotations

import pytest

from crawler.model.state.store import ListingMemo
from crawler.model.values import Entry, Kind, Validators
from crawler.pipeline.rules.listings.held_pages import HeldPages


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
    assert held.hold(TWO, is_whole=is_whole, is_sound=is_sound) == ([] if is_kept else [TWO])
    assert held.last == ([TWO] if is_kept else [])
    assert held.hold(None, is_whole=True, is_sound=True) == ([TWO] if is_kept else [])
    assert held.hold(None, is_whole=True, is_sound=True) == []


def test_pages_that_were_held_are_remembered_together_in_their_order() -> None:
    held = HeldPages()
    held.know(ONE)
    for page in (ONE, TWO):
        assert held.hold(page, is_whole=False, is_sound=True) == []
    assert held.last == [TWO]
    assert held.hold(THREE, is_whole=True, is_sound=True) == [ONE, TWO, THREE]
    assert held.last == []


@pytest.mark.parametrize(("rows", "is_held"), [(19_999, True), (20_000, True), (20_001, False)])
def test_the_rows_that_are_held_are_limited(rows: int, *, is_held: bool) -> None:
    held, long = HeldPages(), memo(1, rows)
    held.know(ONE)
    held.hold(long, is_whole=False, is_sound=True)
    assert held.hold(TWO, is_whole=True, is_sound=True) == ([long, TWO] if is_held else [long])
