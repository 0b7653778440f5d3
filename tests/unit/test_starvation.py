"""What a stopwatch subtracts, on which the time limits of other tests depend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.starvation import Timeline

Span = tuple[float, list[float], float]


def own(spans: list[Span]) -> float:
    timeline = Timeline()
    for length, delays, ran in spans:
        timeline.add(length, delays, ran)
    return timeline.own


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], 0),
        ([(10, [], 3)], 10),
        ([(10, [4], 3)], 6),
        ([(10, [4, 3], 3)], 3),  # one after the other
        ([(10, [8, 8], 1)], 1),  # they must overlap
        ([(10, [8, 8, 8], 0)], 0),
        ([(10, [9], 4)], 4),  # another thread has run meanwhile
        ([(10, [], 12)], 10),
        ([(10, [], 0), (1, [5], 0)], 6),  # it has waited since the first span
        ([(10, [], 0), (1, [5, 5], 0)], 2),
        ([(10, [], 8), (1, [9], 0)], 8),
        ([(10, [], 0), (1, [90], 0)], 0),  # longer than it has been looked at
        ([(10, [6], 0), (1, [], 1), (10, [2], 0)], 13),
    ],
)
def test_delays_are_subtracted_once(spans: list[Span], expected: float) -> None:
    assert own(spans) == pytest.approx(expected)


_SECONDS = st.floats(0, 100)


@given(st.lists(st.tuples(_SECONDS, st.lists(_SECONDS, max_size=4), _SECONDS), max_size=8))
def test_what_has_run_remains_and_no_more_than_all_delays_is_subtracted(spans: list[Span]) -> None:
    found = own(spans)
    assert found >= sum(min(length, ran) for length, _, ran in spans) - 1e-9
    assert found <= sum(length for length, _, _ in spans) + 1e-9
    delays = sum(delay for _, delays, _ in spans for delay in delays)
    assert found >= sum(length for length, _, _ in spans) - delays - 1e-9
