"""The number of requests in flight on a lane: tables of what a host did, and of what may be sent then."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.lane.pipeline_depth import (
    DEEPEST,
    Experience,
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
from crawler.model.struct import replace


def test_depth_grows_while_responses_agree() -> None:
    host, found = HostDepth(), []
    for _ in range(40):
        found.append(usable(host, DEEPEST))
        host = agreed(host, 1, DEEPEST)
    assert found == [2] * 2 + [8] * 8 + [32] * 30


@pytest.mark.parametrize(
    ("make", "deepest", "depth"),
    [
        (lambda: HostDepth(), 8, 2),
        (lambda: HostDepth(), 1, 1),
        (lambda: HostDepth(depth=8), 3, 3),
        (lambda: HostDepth(depth=8, most=4), 8, 4),
        (lambda: HostDepth(depth=8, most=1), 8, 1),
        (lambda: HostDepth(depth=8, per_connection=5), 8, 5),
        (lambda: HostDepth(depth=8, per_connection=1), 8, 1),
        (lambda: broken(HostDepth()), 8, 1),
        (lambda: agreed(broken(HostDepth()), 100, 8), 8, 1),
        (lambda: doubted(HostDepth(depth=8)), 8, 2),
        (lambda: doubted(doubted(HostDepth(depth=8))), 8, 2),
        (lambda: doubted(doubted(doubted(HostDepth(depth=8)))), 8, 1),
        (lambda: interrupted(HostDepth(depth=8)), 8, 4),
        (lambda: interrupted(interrupted(HostDepth(depth=8))), 8, 2),
        (lambda: interrupted(HostDepth()), 8, 1),
        (lambda: agreed(interrupted(HostDepth()), 100, 8), 8, 1),
        (lambda: agreed(interrupted(HostDepth(depth=8)), 8, 8), 8, 8),
        (lambda: interrupted(broken(HostDepth())), 8, 1),
        (lambda: refused(HostDepth(depth=8), 8), 8, 4),
        (lambda: refused(refused(HostDepth(depth=8), 8), 8), 8, 4),
        (lambda: refused(refused(HostDepth(depth=8), 8), 4), 8, 2),
        (lambda: refused(HostDepth(depth=8), 1), 8, 1),
        (lambda: agreed(refused(HostDepth(depth=8), 8), 100, 8), 8, 4),
        (lambda: closes_after(HostDepth(depth=8), 3), 8, 3),
        (lambda: closes_after(closes_after(HostDepth(depth=8), 3), 5), 8, 3),
    ],
)
def test_what_may_be_sent(make: Callable[[], HostDepth], deepest: int, depth: int) -> None:
    assert usable(make(), deepest) == depth


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
    ("make", "learnt", "is_news"),
    [
        (lambda: HostDepth(), 0, False),
        (lambda: agreed(HostDepth(), 2, 16), 8, True),
        (lambda: broken(HostDepth()), 1, True),
        (lambda: recalled(HostLimits(limit=6, beyond=None, depth=1)), 1, False),
        (lambda: doubted(HostDepth(depth=8)), 0, False),
        (lambda: interrupted(HostDepth()), 0, False),
        (lambda: interrupted(HostDepth(depth=8)), 4, False),
        (lambda: closes_after(HostDepth(), 100), 0, True),
    ],
)
def test_what_is_remembered(make: Callable[[], HostDepth], learnt: int, is_news: bool) -> None:
    host = make()
    assert (host.learnt, host.is_news) == (learnt, is_news)


HOST = HostDepth(depth=8, agreed=3)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: agreed(HOST, 0, 16), HOST),
        (lambda: agreed(HOST, 4, 16), HostDepth(depth=8, agreed=7)),
        (lambda: agreed(HOST, 5, 16), HostDepth(depth=16, is_news=True)),
        (lambda: agreed(HOST, 5, 64), HostDepth(depth=32, is_news=True)),
        (lambda: agreed(HOST, 9, 8), HostDepth(depth=8, agreed=8)),
        (lambda: agreed(HOST, 9, 4), HostDepth(depth=8, agreed=8)),
        (lambda: agreed(HostDepth(is_broken=True), 5, 16), HostDepth(is_broken=True)),
        (lambda: doubted(HOST), HostDepth(doubts=1)),
        (lambda: doubted(replace(HOST, doubts=1)), HostDepth(doubts=2)),
        (lambda: doubted(replace(HOST, doubts=2)), HostDepth(doubts=2, is_broken=True, is_news=True)),
        (lambda: broken(HOST), HostDepth(is_broken=True, is_news=True)),
        (lambda: broken(HostDepth(is_broken=True)), HostDepth(is_broken=True)),
        (lambda: interrupted(HOST), HostDepth(depth=4)),
        (lambda: interrupted(HostDepth(depth=5, agreed=2)), HostDepth(depth=2)),
        (lambda: interrupted(replace(HOST, most=5)), HostDepth(depth=4, most=5)),
        (lambda: interrupted(HostDepth(agreed=1)), HostDepth(most=1)),
        (lambda: interrupted(HostDepth(is_broken=True, agreed=1)), HostDepth(is_broken=True, agreed=1)),
        (lambda: refused(HOST, 8), HostDepth(depth=8, most=4)),
        (lambda: refused(HOST, 1), HostDepth(depth=8, most=1)),
        (lambda: refused(HOST, 5), HostDepth(depth=8, most=2)),
        (lambda: refused(replace(HOST, most=3), 8), HostDepth(depth=8, most=3)),
        (lambda: refused(replace(HOST, most=3), 4), HostDepth(depth=8, most=2)),
        (lambda: closes_after(HOST, 5), replace(HOST, per_connection=5, is_news=True)),
        (lambda: closes_after(HOST, 0), replace(HOST, per_connection=1, is_news=True)),
        (lambda: closes_after(replace(HOST, per_connection=5), 5), replace(HOST, per_connection=5)),
        (lambda: closes_after(replace(HOST, per_connection=5), 6), replace(HOST, per_connection=5)),
        (
            lambda: closes_after(replace(HOST, per_connection=5), 4),
            replace(HOST, per_connection=4, is_news=True),
        ),
    ],
)
def test_each_event_changes_what_it_is_about_and_nothing_else(
    make: Callable[[], HostDepth], expected: HostDepth
) -> None:
    assert make() == expected


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


def test_what_the_lanes_to_an_endpoint_have_shown() -> None:
    seen, shown = Experience(), list[tuple[bool, bool]]()
    for minor, connections in [(0, 1), (1, 1), (0, 1), (0, 2), (1, 1)]:
        seen.note_response(minor, connections)
        shown.append((seen.is_persistent, seen.is_concurrent))
    assert shown == [(False, False), (True, False), (True, False), (True, True), (True, True)]
    most = list[float]()
    for responses in (5, 7, 7, 9, 9, 3, 3):
        seen.note_end(responses)
        most.append(seen.most_requests)
    assert most == [inf, inf, 7, 7, 7, 7, 3], "one end may be that of the server"
    assert seen.has_excess is False
    seen.note_excess()
    assert seen.has_excess is True
