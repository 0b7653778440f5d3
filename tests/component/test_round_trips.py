"""The round trips that runs take, and the connections that they open, counted on a simulated clock."""

from __future__ import annotations

import pytest

from benchmarks.round_trips import WORKS, measure

MOST = {
    "one file": ((3, 8), (2, 2), (3, 2)),
    "110 files in 4 directories": ((4, 20), (3, 3), (5, 20)),
    "110 files of one size": ((4, 20), (3, 3), (5, 20)),
    "300 files": ((4, 16), (2, 2), (4, 16)),
    "400 files in 300 directories": ((7, 28), (4, 16), (6, 23)),
}
"""Work → the most round trips and connections of a first run, an unchanged one, and one in which all files are gone."""


@pytest.mark.parametrize("name", MOST)
def test_the_round_trips_and_connections_of_a_run(name: str) -> None:
    work = WORKS[name]
    runs = list(measure(work.make(), work.workers))
    assert [cost.code for cost in runs] == [0, 0, 0]
    assert [cost.saved for cost in runs] == [len(work.make()), 0, len(work.make())]
    for cost, least, (trips, connections) in zip(runs, work.least, MOST[name], strict=True):
        assert least <= cost.trips <= trips, cost
        assert cost.connections <= connections, cost


def test_a_host_that_may_be_slow_because_this_machine_is_busy_gets_one_request_for_each_file() -> None:
    """Besides those for robots.txt and four listings. A host that is certainly distant gets two."""
    work = WORKS["110 files of one size"]
    first, *_ = list(measure(work.make(), work.workers, is_busy=True))
    assert (first.code, first.saved, sum(first.rounds)) == (0, 110, 110 + 5)
