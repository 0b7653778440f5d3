"""The number of requests in flight on a lane: tables of what a host did, and of what may be sent then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.lane.pipeline_depth import (
    DEEPEST,
    HostDepth,
    agreed,
    broken,
    closes_after,
    doubted,
    interrupted,
    recalled,
    refused,
    usable,
)
from crawler.model.state.host_limits import HostLimits, added, divided

BROKEN = broken(HostDepth())


def test_depth_grows_while_responses_agree() -> None:
    host, found = HostDepth(), []
    for _ in range(40):
        found.append(usable(host, DEEPEST))
        host = agreed(host, 1, DEEPEST)
    assert found == [2] * 2 + [8] * 8 + [32] * 30


@pytest.mark.parametrize(
    ("host", "deepest", "depth"),
    [
        (HostDepth(), 8, 2),
        (HostDepth(), 1, 1),
        (HostDepth(depth=8), 3, 3),
        (HostDepth(depth=8, most=4), 8, 4),
        (HostDepth(depth=8, most=1), 8, 1),
        (HostDepth(depth=8, per_connection=5), 8, 5),
        (HostDepth(depth=8, per_connection=1), 8, 1),
        (BROKEN, 8, 1),
        (agreed(BROKEN, 100, 8), 8, 1),
        (doubted(HostDepth(depth=8)), 8, 2),
        (doubted(doubted(HostDepth(depth=8))), 8, 2),
        (doubted(doubted(doubted(HostDepth(depth=8)))), 8, 1),
        (interrupted(HostDepth(depth=8)), 8, 4),
        (interrupted(interrupted(HostDepth(depth=8))), 8, 2),
        (interrupted(HostDepth()), 8, 1),
        (agreed(interrupted(HostDepth()), 100, 8), 8, 1),
        (agreed(interrupted(HostDepth(depth=8)), 8, 8), 8, 8),
        (interrupted(BROKEN), 8, 1),
        (refused(HostDepth(depth=8), 8), 8, 4),
        (refused(refused(HostDepth(depth=8), 8), 8), 8, 4),
        (refused(refused(HostDepth(depth=8), 8), 4), 8, 2),
        (refused(HostDepth(depth=8), 1), 8, 1),
        (agreed(refused(HostDepth(depth=8), 8), 100, 8), 8, 4),
        (closes_after(HostDepth(depth=8), 3), 8, 3),
        (closes_after(closes_after(HostDepth(depth=8), 3), 5), 8, 3),
    ],
)
def test_what_may_be_sent(host: HostDepth, deepest: int, depth: int) -> None:
    assert usable(host, deepest) == depth


@pytest.mark.parametrize(
    ("known", "depth", "is_news"),
    [
        (None, 2, False),
        (HostLimits(limit=6, beyond=None), 2, False),
        (HostLimits(limit=6, beyond=None, depth=8), 8, False),
        (HostLimits(limit=6, beyond=None, depth=1), 1, False),
        (HostLimits(limit=6, beyond=None, depth=8, per_connection=4), 4, False),
    ],
)
def test_what_an_earlier_run_learnt_is_where_the_next_begins(
    known: HostLimits | None, depth: int, is_news: bool
) -> None:
    host = recalled(known)
    assert (usable(host, DEEPEST), host.is_news) == (depth, is_news)


@pytest.mark.parametrize(
    ("host", "learnt", "is_news"),
    [
        (HostDepth(), 0, False),
        (agreed(HostDepth(), 2, 16), 8, True),
        (BROKEN, 1, True),
        (recalled(HostLimits(limit=6, beyond=None, depth=1)), 1, False),
        (doubted(HostDepth(depth=8)), 0, False),
        (interrupted(HostDepth()), 0, False),
        (interrupted(HostDepth(depth=8)), 4, False),
        (closes_after(HostDepth(), 100), 0, True),
    ],
)
def test_what_is_remembered(host: HostDepth, learnt: int, is_news: bool) -> None:
    assert (host.learnt, host.is_news) == (learnt, is_news)


def test_processes_add_what_they_learnt() -> None:
    one = HostLimits(limit=3, beyond=None, depth=8, per_connection=100)
    other = HostLimits(limit=3, beyond=None, depth=4)
    assert added([one, other]) == HostLimits(limit=6, beyond=None, depth=8, per_connection=100)
    assert added([one, HostLimits(limit=3, beyond=None, depth=1)]).depth == 1
    assert divided(one, 2) == HostLimits(limit=1, beyond=None, depth=8, per_connection=100)


EVENTS = st.sampled_from(["agreed", "doubted", "interrupted", "broken", "refused", "closes"])


@given(st.lists(st.tuples(EVENTS, st.integers(1, 20)), max_size=30), st.integers(1, 64))
def test_no_history_lets_more_through_than_allowed_and_what_is_broken_stays_broken(
    events: list[tuple[str, int]], deepest: int
) -> None:
    host, was_broken = HostDepth(), False
    for event, number in events:
        match event:
            case "agreed":
                host = agreed(host, number, deepest)
            case "doubted":
                host = doubted(host)
            case "interrupted":
                host = interrupted(host)
            case "broken":
                host = broken(host)
            case "refused":
                host = refused(host, number)
            case _:
                host = closes_after(host, number)
        was_broken = was_broken or host.is_broken
        assert 1 <= usable(host, deepest) <= deepest
        assert not was_broken or (host.is_broken and usable(host, deepest) == 1)
