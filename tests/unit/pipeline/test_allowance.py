"""--max-files and --max-total-size: how much a run may still save while files are being fetched."""

from __future__ import annotations

import asyncio
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.reasons import Reason
from crawler.model.values import Job, Known, Outcome, Result, Span
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.rules.budgets import UNKNOWN_AT_ONCE, Booking, Budget


def job(path: str, size: int | None = 10, **more: object) -> Job:
    span = None if size is None else Span(size, size)
    return Job(url=f"http://h/{path}", path=path, reason="new", size=span, **more)  # type: ignore[arg-type]


def ended(path: str, outcome: Outcome, size: int = 10) -> Result:
    return Result(path=path, url="", outcome=outcome, size=size)


@pytest.mark.parametrize(
    ("budget", "size", "expected"),
    [
        (Budget(), 10, Booking.TAKEN),
        (Budget(), None, Booking.TAKEN),
        (Budget(files=3, saved=2), 10, Booking.TAKEN),
        (Budget(files=3, saved=3), 10, Booking.SPENT),
        (Budget(files=3, saved=2, booked={"x": 1}), 10, Booking.WAIT),
        (Budget(files=3, saved=3, booked={"x": 1}), 10, Booking.SPENT),
        (Budget(size=30, saved_bytes=20), 10, Booking.TAKEN),
        (Budget(size=30, saved_bytes=21), 10, Booking.SPENT),
        (Budget(size=30, saved_bytes=10, booked={"x": 11}), 10, Booking.WAIT),
        (Budget(size=30, saved_bytes=30), 0, Booking.TAKEN),
        (Budget(size=30, saved_bytes=30), None, Booking.SPENT),
        (Budget(size=30, booked={"x": None}), None, Booking.TAKEN),
        (Budget(size=30, booked=dict.fromkeys("abcdefgh"[:UNKNOWN_AT_ONCE])), None, Booking.WAIT),
        (Budget(size=30, booked={"x": None}), 30, Booking.TAKEN),  # nothing known exceeds the limit
        (Budget(size=30, saved_bytes=29), None, Booking.TAKEN),
        (Budget(files=99, booked=dict.fromkeys("abcdefghijkl")), None, Booking.TAKEN),
        (Budget(size=30), 31, Booking.TOO_LARGE),
        (Budget(size=30, saved_bytes=30), 31, Booking.TOO_LARGE),
        (Budget(files=1, size=30, saved=1), 10, Booking.SPENT),
        (Budget(files=9, size=30, saved_bytes=25), 10, Booking.SPENT),
    ],
)
def test_one_more_file_is_taken_waits_or_is_refused(budget: Budget, size: int | None, expected: Booking) -> None:
    budget = deepcopy(budget)  # some runners read the table more than once
    assert budget.book("new", size) is expected
    assert ("new" in budget.booked) == (expected is Booking.TAKEN)


def test_what_was_saved_adds_up_and_what_was_not_is_free_again() -> None:
    budget = Budget(files=9, size=90)
    used: list[tuple[int, int, int]] = []
    for path, saved in (("a", 3), ("b", None), ("c", 4), ("d", 0)):
        assert budget.book(path, 10) is Booking.TAKEN
        budget.settle(path, saved)
        budget.settle("never booked", 50)
        used.append((budget.saved, budget.saved_bytes, len(budget.booked)))
    assert used == [(1, 3, 0), (1, 3, 0), (2, 7, 0), (3, 7, 0)]


@pytest.mark.parametrize(
    ("budget", "sizes", "postpones"),
    [
        (Budget(files=2, saved=2), [], False),
        (Budget(files=2, saved=2), [10], True),
        (Budget(files=2, saved=1), [10], False),
        (Budget(files=2, saved=1), [10, 10], True),
        (Budget(files=3, saved=1), [10, 10], False),
        (Budget(files=2), [10, 10], False),
        (Budget(files=2), [10, 10, 10], False),
        (Budget(size=30, saved=1, saved_bytes=10), [10, 10], False),
        (Budget(size=30, saved=1, saved_bytes=11), [10, 10], True),
        (Budget(size=30, saved=1, saved_bytes=10), [0, 20], False),
        (Budget(size=30, saved=1, saved_bytes=29), [None], False),
        (Budget(size=30, saved=1, saved_bytes=30), [None], True),
        (Budget(size=30), [20, 20], False),
        (Budget(size=30), [31], True),
        (Budget(size=30), [30], False),
        (Budget(size=30, saved=1, saved_bytes=10), [31, 10], False),
        (Budget(size=30, saved=1, saved_bytes=21), [31, 10], True),
    ],
)
def test_what_needs_a_deletion_waits_for_a_run_that_has_room_for_it(
    budget: Budget, sizes: list[int | None], postpones: bool
) -> None:
    """A run that has saved nothing has all the room that any run will have, so it begins."""
    assert budget.postpones(sizes) is postpones
    assert budget.booked == {}


@given(
    st.integers(1, 5),
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(list(Outcome)), st.integers(0, 4)), max_size=30),
)
def test_a_limit_is_never_exceeded_and_never_reached_by_what_is_not_saved(
    files: int, size: int, wanted: list[tuple[int, Outcome, int]]
) -> None:
    """Several files of known sizes at a time, some of which are not saved."""
    budget = Budget(files=files, size=size)
    flying: list[tuple[str, int, Outcome]] = []

    def settle() -> None:
        path, length, outcome = flying.pop(0)
        budget.settle(path, length if outcome is Outcome.SAVED else None)

    for number, (length, outcome, at_once) in enumerate(wanted):
        while (booking := budget.book(str(number), length)) is Booking.WAIT:
            settle()
        if booking is Booking.SPENT:
            assert budget.saved == files or budget.saved_bytes + length > size
        elif booking is Booking.TOO_LARGE:
            assert length > size
        else:
            flying.append((str(number), length, outcome))
        while len(flying) > at_once:
            settle()
        assert budget.saved + len(budget.booked) <= files
        assert budget.saved_bytes + sum(booked or 0 for booked in budget.booked.values()) <= size


async def test_the_last_place_is_given_once_it_is_known_whether_the_one_before_took_it() -> None:
    allowance = Allowance(Budget(files=1))
    assert await allowance.book(job("a")) is None
    waiting = asyncio.create_task(allowance.book(job("b")))
    other = asyncio.create_task(allowance.book(job("c")))
    await asyncio.sleep(0)
    assert not waiting.done()
    allowance.finished(ended("a", Outcome.UNCHANGED))
    assert await waiting is None
    assert not other.done()
    allowance.finished(ended("b", Outcome.SAVED))
    assert await other == Reason.BUDGET
    assert allowance.spent


async def test_a_file_that_no_run_can_save_is_reported_and_does_not_end_the_run() -> None:
    stopped: list[str] = []
    warnings: list[str] = []
    allowance = Allowance(Budget(size=30), stopped_at=stopped.append, warn=warnings.append)
    assert await allowance.book(job("big", 31)) == Reason.LARGER_THAN_BUDGET
    assert await allowance.book(job("small", 30)) is None
    assert (allowance.reached, allowance.spent) == (True, False)
    assert stopped == ["--max-total-size"]
    assert warnings == ["big is larger than --max-total-size: no run will save it"]


@pytest.mark.parametrize(
    ("budget", "option"), [(Budget(files=1), "--max-files"), (Budget(size=15), "--max-total-size")]
)
async def test_the_option_that_ended_the_run_is_named(budget: Budget, option: str) -> None:
    stopped: list[str] = []
    allowance = Allowance(deepcopy(budget), stopped_at=stopped.append)
    assert await allowance.book(job("a")) is None
    allowance.finished(ended("a", Outcome.SAVED))
    assert await allowance.book(job("b")) == Reason.BUDGET
    assert stopped == [option]


async def test_where_no_row_gives_a_size_the_one_that_a_file_had_is_expected() -> None:
    allowance = Allowance(Budget(size=30))
    known = Known(path="a", url="", row="", size=31, mtime=0)
    assert await allowance.book(job("a", None, known=known)) == Reason.LARGER_THAN_BUDGET


@pytest.mark.parametrize("probes", [False, True])
async def test_a_plan_counts_what_would_certainly_be_saved(probes: bool) -> None:
    allowance = Allowance(Budget(files=1), plans=True)
    assert await allowance.book(job("a", probe=probes)) is None
    allowance.finished(ended("a", Outcome.SKIPPED, 0))
    assert await allowance.book(job("b")) == (None if probes else Reason.BUDGET)


async def test_what_was_skipped_or_holds_nothing_uses_no_budget_up() -> None:
    allowance = Allowance(Budget(files=1))
    assert allowance.reached is False
    assert await allowance.book(job("a")) is None
    allowance.finished(ended("a", Outcome.SKIPPED))
    assert await allowance.book(job("b")) is None
    allowance = Allowance(Budget(size=10))
    assert await allowance.book(job("empty", 0)) is None
    allowance.finished(ended("empty", Outcome.SAVED, 0))
    assert await allowance.book(job("b", 10)) is None


async def test_a_run_counts_what_was_received_and_a_plan_what_was_expected() -> None:
    for plans, outcome, size in ((False, Outcome.SAVED, 25), (True, Outcome.SKIPPED, 0)):
        allowance = Allowance(Budget(size=30), plans=plans)
        assert await allowance.book(job("a", 21 if plans else 1)) is None
        allowance.finished(ended("a", outcome, size))
        assert await allowance.book(job("b")) == Reason.BUDGET


async def test_a_rounded_size_is_taken_for_its_middle_and_an_unknown_one_for_none() -> None:
    allowance = Allowance(Budget(size=10))
    assert await allowance.book(Job(url="http://h/a", path="a", reason="new", size=Span(10, 11))) is None
    allowance.finished(ended("a", Outcome.UNCHANGED))
    assert await allowance.book(job("b", None)) is None
