"""When a failure is told: a table of ends, and what holds for any sequence of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.report import ListingFailure, Report
from crawler.model.values import Outcome, Result
from crawler.output.commands.notices import (
    AGAIN,
    KINDS_KEPT,
    Failure,
    Notice,
    Trouble,
    decide,
    failure_of,
    untold,
)

HOUR, DAY = 3600.0, 86400.0
NOON = 1_700_000_000.0
A, B = Failure(5, frozenset({"HTTP 503"})), Failure(5, frozenset({"HTTP 404"}))
LOCKED = Failure(7, frozenset({"held by process #"}))


def told(ends: list[tuple[float, Failure | None]]) -> list[str]:
    """What is told at each of the ``ends``, given as (hours since NOON, failure): a status, or "" for silence."""
    trouble: Trouble | None = None
    notices = []
    for hours, failure in ends:
        notice, trouble = decide(trouble, failure, NOON + hours * HOUR)
        notices.append(notice.status if notice.is_due or notice.status == "recovered" else "")
    return notices


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([(0, None), (1, None)], ["", ""]),
        ([(0, A), (1, A), (22.9, A), (23, A), (24, A), (46, A)], ["failed", "", "", "failed", "", "failed"]),
        ([(0, A), (23.5, A), (47, A)], ["failed", "failed", "failed"]),
        ([(0, A), (1, None), (2, A)], ["failed", "recovered", "failed"]),
        ([(0, A), (1, None), (2, None)], ["failed", "recovered", ""]),
        ([(0, A), (1, B), (2, A), (3, B)], ["failed", "failed", "", ""]),
        ([(0, LOCKED), (1, LOCKED), (2, A), (3, LOCKED)], ["failed", "", "failed", ""]),
        ([(0, A), (-5, A)], ["failed", "failed"]),
        ([(0, Failure(1, A.reasons)), (1, Failure(4, A.reasons))], ["failed", "failed"]),
    ],
)
def test_a_failure_is_reported_once_a_day_until_a_run_succeeds(
    ends: list[tuple[float, Failure | None]], expected: list[str]
) -> None:
    assert told(ends) == expected


def test_hourly_failures_of_a_week_make_one_message_a_day() -> None:
    hourly = told([(float(hour), A) for hour in range(7 * 24)])
    assert hourly.count("failed") == 8
    assert all("failed" in hourly[day * 24 : day * 24 + 24] for day in range(7))


def test_a_notice_says_since_when_and_how_often() -> None:
    _, trouble = decide(None, A, NOON)
    _, trouble = decide(trouble, LOCKED, NOON + HOUR)
    notice, trouble = decide(trouble, B, NOON + 2 * HOUR)
    assert notice == Notice("failed", is_due=True, since=NOON, runs=3)
    assert decide(trouble, None, NOON + 3 * HOUR) == (Notice("recovered", is_due=False, since=NOON, runs=3), None)


def test_a_command_that_failed_is_tried_again_by_the_next_run() -> None:
    _, trouble = decide(None, A, NOON)
    assert trouble is not None
    trouble = untold(trouble, A)
    notice, _ = decide(trouble, A, NOON + HOUR)
    assert notice == Notice("failed", is_due=True, since=NOON, runs=2)


ENDS = st.lists(st.tuples(st.floats(0, 3 * DAY), st.sampled_from([None, A, B, LOCKED])), max_size=30)


@given(ENDS)
def test_whatever_happens_no_failure_is_silent_for_longer_than_a_day_nor_told_twice_within_one(
    ends: list[tuple[float, Failure | None]],
) -> None:
    trouble, now = None, NOON
    last: dict[Failure, float] = {}
    was_bad = False
    for wait, failure in ends:
        now += wait
        notice, trouble = decide(trouble, failure, now)
        if failure is None:
            assert notice.status == ("recovered" if was_bad else "ok")
            last, was_bad = {}, False
        else:
            assert notice.is_due == (now - last.get(failure, -AGAIN) >= AGAIN)
            last, was_bad = last | ({failure: now} if notice.is_due else {}), True


def test_what_is_remembered_has_a_bound() -> None:
    trouble = None
    for number in range(KINDS_KEPT + 5):
        _, trouble = decide(trouble, Failure(5, frozenset({"x" * number})), NOON + number)
    assert trouble is not None
    assert len(trouble.told) == KINDS_KEPT


def failed(reason: str, path: str = "a") -> Result:
    return Result(path=path, url="http://h/a", outcome=Outcome.FAILED, reason=reason)


def report(code: int = 5, **more: object) -> Report:
    return Report(url="http://h/", directory="d", exit_code=code, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        (report(failures=(failed("HTTP 503"),)), report(failures=(failed("HTTP 503", "b"), failed("HTTP 503"))), True),
        (report(failures=(failed("HTTP 503"),)), report(failures=(failed("HTTP 404"),)), False),
        (report(failures=(failed("cut at 12 of 99"),)), report(failures=(failed("cut at 7 of 1000"),)), True),
        (report(warnings=("held by process 12",), code=7), report(warnings=("held by process 9",), code=7), True),
        (report(warnings=("disk full",), code=4), report(warnings=("disk full",), code=1), False),
        (report(), report(listing_failures=(ListingFailure(path="x", url="http://h/x/", reason="HTTP 500"),)), False),
        (report(warnings=("a\nb",)), report(warnings=("a", "b")), True),
        (report(9, interrupted="--max-files"), report(9, interrupted="--max-duration"), True),
    ],
)
def test_runs_fail_alike_with_the_same_exit_code_and_reasons(one: Report, other: Report, is_alike: bool) -> None:
    first, second = failure_of(one), failure_of(other)
    assert first is not None
    assert second is not None
    assert (first.key == second.key) is is_alike


def test_exit_0_is_no_failure_whatever_it_warns_of() -> None:
    assert failure_of(report(0, warnings=("the server has no times",))) is None
