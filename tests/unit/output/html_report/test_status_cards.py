"""The content of a card of the status page, depending on what the state records."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.exit_codes import ExitCode
from crawler.output.html_report.status.cards import (
    PUBLIC,
    MirrorFacts,
    Standing,
    card_of,
    is_current,
    is_overdue,
    next_action,
    standing_of,
)
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import Figures, RunRecord

NOON, HOUR, DAY = 1_700_000_000.0, 3600.0, 86_400.0


def run(hours: float, code: int | None = 0, *, size: int | None = 100) -> RunRecord:
    """A run that began ``hours`` before NOON and took a minute; ``code`` None: it did not end."""
    figures = None if code is None else Figures(seconds=60, outcome="x", exit_code=code)
    totals = None if size is None else FileTotals(3, size)
    return RunRecord(id=1, url="", started=NOON - hours * HOUR, figures=figures, totals=totals)


def facts(*runs: RunRecord, **more: Any) -> MirrorFacts:
    return MirrorFacts(name="pub", url="https://h/", directory="/srv/pub", runs=runs, **more)


DAILY = tuple(run(24 * day + 1) for day in range(12))


@pytest.mark.parametrize(
    ("mirror", "standing"),
    [
        (facts(), Standing.NEW),
        (facts(is_running=True), Standing.RUNNING),
        (facts(run(1, None)), Standing.KILLED),
        (facts(run(1, None), is_running=True), Standing.RUNNING),
        (facts(*DAILY), Standing.GOOD),
        (facts(*DAILY, is_running=True), Standing.RUNNING),
        (facts(run(0, None), *DAILY, is_running=True), Standing.RUNNING),
        (facts(run(0, None), *DAILY), Standing.KILLED),
        (facts(run(0, 5), *DAILY), Standing.FAILING),
        (facts(run(0, 5), *DAILY, is_running=True), Standing.FAILING),
        (facts(run(0, None), run(1, 5), *DAILY, is_running=True), Standing.FAILING),
        (facts(run(0, 9), *DAILY), Standing.STOPPED),
        (facts(run(0, 143), *DAILY), Standing.STOPPED),
        (facts(*(run(24 * day + 70) for day in range(12))), Standing.OVERDUE),
        (facts(run(70, 5), *(run(24 * day + 94) for day in range(12))), Standing.FAILING),
        (facts(*DAILY, problem="damaged"), Standing.UNREADABLE),
    ],
)
def test_the_standing_of_a_mirror(mirror: MirrorFacts, standing: Standing) -> None:
    assert standing_of(mirror, NOON) is standing


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([], False), ([1000], False), ([1000, 1024], False), ([50, 74, 98], False), ([61, 85, 109], True),
        ([3, 4, 5], True), ([2.4, 3.4, 4.4], False), ([0.9, 0.92, 0.94], False),
        ([30, 54, 54.1, 78, 102, 126], False), ([200, 368, 536], False),
    ],
)  # fmt: skip
def test_a_mirror_is_overdue_after_two_and_a_half_usual_intervals(hours: list[float], expected: bool) -> None:
    assert is_overdue([NOON - hour * HOUR for hour in hours], NOON) is expected


def test_a_card_has_the_last_success_the_totals_and_the_growth() -> None:
    mirror = facts(run(1, 5, size=None), run(25, 5, size=900), run(49, 0, size=700), run(73, 5, size=400))
    card = card_of(mirror, NOON)
    assert (card.good, card.failed_runs, card.growth) == (NOON - 49 * HOUR + 60, 2, 500)
    assert card.totals == FileTotals(3, 900)
    assert not is_current(card)


def test_only_the_charted_runs_count_for_the_growth() -> None:
    card = card_of(facts(*(run(24 * day, size=1000 - day) for day in range(100))), NOON)
    assert (card.growth, card.failed_runs) == (39, 0)
    assert is_current(card)


@pytest.mark.parametrize("code", [code for code in ExitCode if code not in {0, 9, 129, 130, 143}])
def test_each_failure_has_a_next_action(code: ExitCode) -> None:
    action = next_action(Standing.FAILING, facts(run(1, code)))
    assert (action != "") is (code != ExitCode.ALREADY_RUNNING), "a run that found another one is not recorded"


CODES = st.sampled_from([None, *map(int, ExitCode), 77])


@given(st.lists(CODES, max_size=8), st.booleans(), st.booleans())
def test_whatever_the_runs_were_there_is_a_card_with_words(codes: list[int | None], running: bool, bad: bool) -> None:
    runs = [run(24.0 * number, code) for number, code in enumerate(codes)]
    card = card_of(facts(*runs, is_running=running, problem="x" if bad else None), NOON)
    assert PUBLIC[card.standing]
    assert (card.good is not None) == (0 in codes)
    assert not (is_current(card) and card.standing is Standing.FAILING)
    newest = next((code for code in codes if code is not None), 0)
    if newest not in {0, 9, 129, 130, 143} and not bad:
        assert card.standing is Standing.FAILING
