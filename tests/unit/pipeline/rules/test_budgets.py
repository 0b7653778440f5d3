"""How much a run may still write: the free space, and when too much of it is reserved."""

from __future__ import annotations

import pytest

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import DestinationError
from crawler.pipeline.rules.budgets import Room, new_budget

FREE = 100_000
"""Free bytes, a hundredth of which stays free."""
MIB, GIB = limits.MIB, limits.MIB * 1024


@pytest.mark.parametrize(
    ("free", "fits"),
    [(FREE, 99_000), (50, 50), (0, 0), (GIB, GIB - GIB // 100), (1000 * GIB, 1000 * GIB - limits.FREE_RESERVE)],
)
def test_a_part_of_the_disk_stays_free(free: int, fits: int) -> None:
    room = Room("dir", free)
    assert (room.may_overflow(fits), room.may_overflow(fits + 1)) == (False, True)
    room.book(fits)
    room.check()
    assert room.problem is None
    room.book(1)
    assert room.problem is not None


def test_a_user_reads_both_figures() -> None:
    room = Room("dir", FREE)
    room.book(60_000)
    room.book(60_000)
    text = (
        "cannot store files in dir: not enough space: 117 KiB or more are to be fetched, "
        "the disk has 97.7 KiB free (120000 and 100000 bytes)"
    )
    assert room.problem == text
    with pytest.raises(DestinationError) as raised:
        room.check()
    assert str(raised.value) == text


@pytest.mark.parametrize(("options", "fits"), [({}, True), ({"keeps_old": False}, True), ({"keeps_old": True}, False)])
def test_what_is_replaced_gives_its_room_unless_it_stays_in_the_trash(options: dict[str, bool], fits: bool) -> None:
    room = Room("dir", FREE, **options)
    room.book(60_000, 30_000)
    room.book(60_000, 30_000)
    assert (room.problem is None) is fits


def test_a_run_that_is_not_strict_goes_on() -> None:
    room = Room("dir", FREE, strict=False)
    room.book(2 * FREE)
    assert room.problem is not None
    room.check()


@pytest.mark.parametrize(("files", "size"), [(None, None), (3, None), (None, 7), (3, 7)])
def test_a_run_may_save_what_its_options_say(files: int | None, size: int | None) -> None:
    budget = new_budget(Config(max_files=files, max_total_size=size))
    assert (budget.files, budget.size, budget.saved, budget.saved_bytes) == (files, size, 0, 0)
