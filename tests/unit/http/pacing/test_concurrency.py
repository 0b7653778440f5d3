"""The search for the best number of requests in flight: single decisions, and whole runs in simulated time."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

import pytest

from crawler.http.pacing import concurrency, refusals
from crawler.http.pacing.concurrency import (
    START,
    ConcurrencyLimit,
    after,
    initial,
    overloaded,
    with_ceiling,
)
from crawler.http.pacing.meter import Meter
from crawler.http.pacing.search_stages import Growing, Holding, Stage
from crawler.http.pacing.window import Sample
from crawler.model.state.host_limits import HostLimits, added, divided

Serve = Callable[[int], float]
"""Number of requests in progress, including this one → seconds that this one takes."""

# --- whole runs -----------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Run:
    """The outcome of a simulated run."""

    seconds: float
    refused: int
    state: ConcurrencyLimit
    limits: list[int]
    """All limits that were in force, in order."""


def steady(seconds: float) -> Serve:
    return lambda _active: seconds


def crowded(best: int, seconds: float = 0.05) -> Serve:
    """Serves ``best`` requests at full speed; beyond, the time of each grows with the square of their number."""
    return lambda active: seconds * max(1.0, active / best) ** 2


def queueing(best: int, seconds: float = 0.05) -> Serve:
    """Serves ``best`` requests at once; others wait without slowing it down."""
    return lambda active: seconds * max(1.0, active / best)


def run(
    serve: Serve,
    state: ConcurrencyLimit,
    *,
    files: int = 3000,
    most: int = 1 << 30,
    later: int | None = None,
    by_chance: float = 0.0,
    stalled: float = 0.0,
    size: int = 4096,
    seed: int = 1,
) -> Run:
    """Fetch ``files`` from a server with the response times of ``serve`` that refuses more than ``most`` requests.

    From the middle on it refuses more than ``later``, and a share of ``by_chance`` at random; a share of ``stalled``
    ends in a timeout after 2 s. The others take a third more or less, at random. Time is simulated.
    """
    chance, order, now, paused = random.Random(seed), count(), 0.0, 0.0
    meter = Meter(state, now)
    todo, active, refused, limits = files, 0, 0, [state.limit]
    events: list[tuple[float, int, str, int]] = []
    meter.entered(now)  # the listing
    now += serve(1)
    meter.left(now)
    while todo or events:
        while todo and meter.active < meter.limit:
            meter.entered(now)
            todo -= 1
            heapq.heappush(events, (max(now, paused), next(order), "send", 0))
        now, _, what, generation = heapq.heappop(events)
        bound = most if later is None or todo > files // 2 else later
        if what == "send" and now < paused:
            heapq.heappush(events, (paused, next(order), what, 0))
        elif what == "send" and (active >= bound or chance.random() < by_chance):
            heapq.heappush(events, (now + 0.005, next(order), "refused", meter.generation))
        elif what == "send":
            active += 1
            stalls = stalled and chance.random() < stalled
            seconds = 2.0 if stalls else serve(active) * chance.lognormvariate(0, 0.3)
            heapq.heappush(events, (now + seconds, next(order), "stalled" if stalls else "served", 0))
        elif what == "refused":
            refused, todo = refused + 1, todo + 1
            paused = now + (0.1 if meter.refused(generation, now) else 1.0)
            meter.left(now)
        else:
            active -= 1
            if what == "served":
                meter.received(size, now)
            else:
                meter.troubled()
                todo += 1
            meter.left(now)
        if meter.limit != limits[-1]:
            limits.append(meter.limit)
    return Run(seconds=now, refused=refused, state=meter.state, limits=limits)


def fixed(limit: int) -> ConcurrencyLimit:
    """A state whose limit never changes."""
    return ConcurrencyLimit(limit=limit, base=limit, ceiling=limit, stage=Holding(), patience=1 << 30)


def best_of(serve: Serve, limits: Sequence[int], most: int = 1 << 30) -> float:
    return min(run(serve, fixed(limit), most=most).seconds for limit in limits)


SERVERS = {
    "one at a time": (crowded(1), 1, 1 << 30, 0.75),
    "crowded beyond 3": (crowded(3), 3, 1 << 30, 0.9),
    "crowded beyond 6": (crowded(6), 6, 1 << 30, 0.9),
    "crowded beyond 10": (crowded(10), 10, 1 << 30, 0.85),
    "never crowded": (steady(0.05), 16, 1 << 30, 0.95),
    "refuses more than 1": (steady(0.1), 1, 1, 0.95),
    "refuses more than 3": (steady(0.1), 3, 3, 0.95),
    "refuses more than 8": (steady(0.1), 8, 8, 0.95),
    "refuses more than 13": (steady(0.1), 13, 13, 0.95),
}


@pytest.mark.parametrize(("serve", "best", "most", "share"), SERVERS.values(), ids=SERVERS.keys())
def test_a_first_run_of_3000_files_is_nearly_as_fast_as_with_the_best_fixed_limit_and_the_next_one_is(
    serve: Serve, best: int, most: int, share: float
) -> None:
    fastest = best_of(serve, [max(1, best - 1), best], most)
    first = run(serve, initial(16), most=most, seed=2)
    assert fastest / first.seconds >= share
    assert abs(first.state.base - best) <= best // 8
    again = run(serve, initial(16, first.state.learnt), most=most, seed=3)
    assert fastest / again.seconds >= 0.9
    assert first.refused <= 30
    assert again.refused <= 10


def test_if_more_requests_only_queue_on_the_server_fewer_are_sent() -> None:
    ran = run(queueing(4), initial(32), files=6000)
    assert 3 <= ran.state.base <= 16
    assert best_of(queueing(4), [4, 32]) * 2 / ran.seconds >= 0.9


def test_a_quick_server_gets_the_highest_limit_at_once() -> None:
    ran = run(steady(0.001), initial(64), files=1000)
    assert ran.limits == [START, 2 * START, 64]


@pytest.mark.parametrize(
    "known", [HostLimits(limit=1, beyond=2), HostLimits(limit=3, beyond=4), HostLimits(limit=8, beyond=9)]
)
@pytest.mark.parametrize("seconds", [0.05, 0.0005], ids=["slow", "quick"])
def test_a_server_that_manages_more_than_before_is_found_out(seconds: float, known: HostLimits) -> None:
    ran = run(steady(seconds), initial(16, known), files=2000)
    assert ran.state.base >= 12


def test_large_bodies_are_measured_while_they_arrive() -> None:
    """Each transfer takes ten minutes, so no request ends before the limit has grown."""
    meter = Meter(initial(16), 0.0)
    for second in range(30):
        while meter.active < meter.limit:
            meter.entered(float(second))
        meter.received(1_000_000 * meter.active, float(second))
    assert meter.limit == 16


# --- single decisions -----------------------------------------------------------------------------


def window(limit: int, seconds: float, *, requests: int | None = None, troubles: int = 0, refused: int = 0) -> Sample:
    """A sample with ``limit`` requests in flight all the time."""
    ended = limit if requests is None else requests
    return Sample(
        requests=ended,
        received=1000,
        troubles=troubles,
        refused=refused,
        seconds=seconds,
        busy=limit * seconds,
        usual=seconds,
    )


@pytest.mark.parametrize(("ceiling", "limit"), [(1, 1), (3, 3), (100, START)])
def test_the_limit_starts_low_and_never_above_the_ceiling(ceiling: int, limit: int) -> None:
    assert initial(ceiling).limit == limit


@pytest.mark.parametrize(
    ("ceiling", "known", "limit", "stage"),
    [
        (16, HostLimits(limit=3, beyond=4), 3, Holding()),
        (16, HostLimits(limit=16, beyond=None), 16, Holding()),
        (32, HostLimits(limit=16, beyond=None), 16, Growing()),
        (8, HostLimits(limit=12, beyond=13), 8, Holding()),
        (8, HostLimits(limit=12, beyond=None), 8, Holding()),
    ],
    ids=["found", "at the ceiling", "under a higher ceiling", "found above the ceiling", "under a lower ceiling"],
)
def test_the_limit_starts_at_what_an_earlier_run_learnt(
    ceiling: int, known: HostLimits, limit: int, stage: Stage
) -> None:
    state = initial(ceiling, known)
    assert (state.limit, state.stage) == (limit, stage)
    assert state.limit <= ceiling


def test_the_limit_doubles_while_throughput_grows() -> None:
    state = initial(64)
    limits = []
    for _ in range(4):
        limits.append(state.limit)
        state = after(state, window(state.limit, 0.1))
    assert limits == [START, 2 * START, 64, 64]


def test_the_limit_goes_back_if_twice_as_many_bring_less() -> None:
    state = after(initial(64), window(START, 0.1))
    back = after(state, window(2 * START, 0.5))
    assert (back.limit, back.base, back.beyond) == (START, START, 2 * START)
    assert back.reason, "that is worth remembering"


def test_a_window_in_which_the_limit_was_not_used_changes_nothing() -> None:
    state = initial(64)
    idle = replace(window(START, 0.1), busy=0.1)
    assert after(state, idle) == state


def test_a_refusal_halves_what_was_in_flight() -> None:
    halved = overloaded(initial(64, HostLimits(limit=40, beyond=None)), 20, concurrency.REFUSED)
    assert (halved.limit, halved.base, halved.beyond) == (10, 10, 20)
    assert overloaded(halved, 2, concurrency.REFUSED).limit == 1


@pytest.mark.parametrize(
    ("requests", "troubles", "limit"),
    [(16, 2, 8), (16, 1, 16), (100, 12, 16), (16, 16, 16), (1, 1, 16)],
    ids=["one in eight", "a single one", "one in nine", "nothing but failures", "one alone"],
)
def test_many_resets_and_timeouts_halve_the_limit_unless_the_host_is_down(
    requests: int, troubles: int, limit: int
) -> None:
    state = initial(16, HostLimits(limit=16, beyond=None))
    assert after(state, window(16, 1.0, requests=requests, troubles=troubles)).limit == limit


def test_a_refusal_of_what_was_proven_is_put_down_to_chance_a_few_times_or_if_it_is_rare() -> None:
    def refused(state: ConcurrencyLimit, after_requests: int) -> ConcurrencyLimit:
        return overloaded(state, 16, concurrency.REFUSED, after_requests)

    state = initial(16, HostLimits(limit=16, beyond=None))
    assert refused(state, refusals.PROOF_ROUNDS * 16 - 1).beyond == 16
    state = refused(state, refusals.PROOF_ROUNDS * 16)
    assert (state.limit, state.beyond, state.refusals.chances) == (8, None, 1)
    for _ in range(20):
        state = refused(replace(state, limit=16, base=16), refusals.CHANCE_ROUNDS * 16)
        assert (state.limit, state.beyond, state.refusals.chances) == (8, None, 1)
    for chances in range(2, refusals.MAX_CHANCES + 1):
        state = refused(replace(state, limit=16, base=16), refusals.CHANCE_ROUNDS * 16 - 1)
        assert (state.limit, state.beyond, state.refusals.chances) == (8, None, chances)
    state = refused(replace(state, limit=16, base=16), refusals.CHANCE_ROUNDS * 16 - 1)
    assert (state.limit, state.beyond, state.refusals.proven, state.refusals.chances) == (8, 16, 0, 0)


@pytest.mark.parametrize(("requests", "refused", "limit"), [(16, 2, 8), (16, 16, 8), (16, 1, 16), (100, 12, 16)])
def test_many_503_responses_halve_the_limit(requests: int, refused: int, limit: int) -> None:
    state = initial(16, HostLimits(limit=16, beyond=None))
    assert after(state, window(16, 1.0, requests=requests, refused=refused)).limit == limit


@pytest.mark.parametrize("ceiling", [1, 2, 5, 16, 40])
def test_another_ceiling_holds_at_once_and_a_higher_one_is_grown_into(ceiling: int) -> None:
    state = initial(16, HostLimits(limit=16, beyond=None))
    changed = with_ceiling(state, ceiling)
    assert changed.limit == (START if ceiling > START else min(16, ceiling))
    assert run(steady(0.05), changed, files=1000).state.base == ceiling


def test_windows_of_several_processes_add_up() -> None:
    one, two = window(4, 2.0, requests=10), window(4, 2.0, requests=20)
    both = Sample(requests=30, received=2000, troubles=0, seconds=2.0, busy=one.busy + two.busy)
    assert both.rate == one.rate + two.rate


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_the_limit_stays_between_one_and_the_ceiling(seed: int) -> None:
    chance = random.Random(seed)
    state = initial(12)
    for _ in range(2000):
        if chance.random() < 0.05:
            state = overloaded(state, chance.randint(2, 12), concurrency.REFUSED)
        troubles, refused = chance.choice([0, 0, 0, 2]), chance.choice([0, 0, 0, 2])
        state = after(state, window(state.limit, chance.uniform(0.001, 1), troubles=troubles, refused=refused))
        assert 1 <= state.limit <= 12
        assert 1 <= state.base <= 12
        assert state.beyond is None or state.beyond > state.base


# --- counting -------------------------------------------------------------------------------------


def test_one_burst_of_refusals_halves_once_and_leaves_no_more_than_it_spared() -> None:
    meter = Meter(initial(16, HostLimits(limit=16, beyond=None)), 0.0)
    for _ in range(16):
        meter.entered(0.0)
    generation = meter.generation
    for refused in range(1, 14):
        assert meter.refused(generation, 0.01)
        meter.left(0.01)
        assert meter.limit == min(8, 16 - refused)
    assert meter.refused(meter.generation, 0.02), "a later one, of three that are still in flight"
    assert meter.limit == 1


def test_a_request_that_is_refused_alone_is_not_refused_for_others() -> None:
    meter = Meter(initial(16), 0.0)
    meter.entered(0.0)
    assert not meter.refused(meter.generation, 0.01)
    assert meter.limit == 16


@pytest.mark.parametrize(
    ("limits", "found", "limit", "beyond"),
    [((3, 4), (None, None), 7, None), ((3, 4), (4, None), 7, None), ((2, 2), (3, 3), 4, 6), ((2,), (3,), 2, 3)],
)
def test_limits_of_several_processes_add_up(
    limits: tuple[int, ...], found: tuple[int | None, ...], limit: int, beyond: int | None
) -> None:
    shares = [HostLimits(limit=each, beyond=above) for each, above in zip(limits, found, strict=True)]
    assert added(shares) == HostLimits(limit=limit, beyond=beyond)


def test_the_share_of_a_process_is_at_least_one_request() -> None:
    assert divided(HostLimits(limit=9, beyond=12), 2) == HostLimits(limit=4, beyond=6)
    assert divided(HostLimits(limit=1, beyond=2), 3) == HostLimits(limit=1, beyond=2)
    assert divided(HostLimits(limit=8, beyond=None), 3) == HostLimits(limit=2, beyond=None)


def test_a_process_begins_with_its_share_whatever_the_ceiling_becomes() -> None:
    state = initial(1, start=2)
    assert state.limit == 1
    assert with_ceiling(state, 16).limit == 2
    assert initial(16, start=2).limit == 2
    assert initial(16, HostLimits(limit=5, beyond=6), start=2).limit == 5


@pytest.mark.parametrize(("share", "worth"), [(0.0005, 0.85), (0.002, 0.6), (0.005, 0.3)])
def test_chance_refusals_do_not_reduce_a_host_to_one_request_at_a_time(share: float, worth: float) -> None:
    fastest = run(steady(0.05), fixed(32), files=20_000).seconds
    for seed in range(3):
        assert fastest / run(steady(0.05), initial(32), files=20_000, by_chance=share, seed=seed).seconds > worth


@pytest.mark.parametrize("seconds", [0.1, 0.02, 0.0005])
def test_chance_refusals_and_stalls_do_not_leave_a_host_at_one_request_for_the_next_run(
    seconds: float,
) -> None:
    """With one request in flight, a stalled request delays everything."""
    for seed in range(5):
        one = run(steady(seconds), fixed(1), files=2000, by_chance=0.005, stalled=0.0025, seed=seed)
        known = initial(32, HostLimits(limit=1, beyond=2))
        ran = run(steady(seconds), known, files=2000, by_chance=0.005, stalled=0.0025, seed=seed)
        assert one.seconds / ran.seconds >= 2.5


@pytest.mark.parametrize(("before", "after_that"), [(16, 4), (8, 2), (12, 11)])
def test_a_host_that_manages_less_than_before_refuses_only_a_few_times(before: int, after_that: int) -> None:
    ideal = 150 / before + 150 / after_that
    for seed in range(3):
        ran = run(steady(0.1), initial(16), most=before, later=after_that, seed=seed)
        assert ran.refused <= 24
        assert ran.seconds <= 1.12 * ideal


# --- the first window -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("each", "usual", "limit", "following"),
    [
        (0.1, 0.1, 20, 40),
        (0.2, 0.1, 20, 40),
        (0.21, 0.1, 20, 6),
        (0.8, 0.1, 20, 5),
        (1.6, 0.1, 20, 2),
        (9.0, 0.1, 20, 1),
        (0.1, 0.0, 20, 6),
        (0.009, 0.001, 20, 40),
        (9.0, 0.1, 6, 12),
    ],
    ids=[
        "as fast", "twice as slow", "slower", "much slower", "even slower", "one by one", "nothing known before",
        "quick all the same", "few anyway",
    ],
)  # fmt: skip
def test_the_first_window_goes_on_with_fewer_requests_if_they_take_longer(
    each: float, usual: float, limit: int, following: int
) -> None:
    state = initial(64, start=limit)
    sample = Sample(requests=limit, received=1000, troubles=0, seconds=each, busy=limit * each, usual=usual)
    state = after(state, sample)
    assert (state.limit, state.beyond) == (following, None)
    slow = replace(sample, busy=state.limit * each, requests=state.limit, usual=usual / 100)
    assert after(replace(state, settling=False), slow).limit >= state.limit, "only the first window"


def test_the_first_window_of_large_bodies_goes_on_with_as_many() -> None:
    flowing = Sample(requests=0, received=1 << 30, troubles=0, seconds=0.5, busy=8.0)
    assert after(initial(16), flowing).limit == 16


@pytest.mark.parametrize(("refused", "limit"), [(3, 10), (10, 10), (12, 8), (17, 3), (20, 10)])
def test_503_responses_in_the_first_window_leave_no_more_requests_than_they_spared(refused: int, limit: int) -> None:
    """If none was spared, there may be another reason than their number."""
    first = Sample(requests=20, received=0, troubles=0, refused=refused, seconds=1.0, busy=20.0, usual=1.0)
    assert after(initial(64), first).limit == limit
    assert after(initial(64, HostLimits(limit=20, beyond=None)), first).limit == 10, "a known host"


@pytest.mark.parametrize("seed", range(5))
def test_no_order_of_refusals_raises_the_limit(seed: int) -> None:
    chance = random.Random(seed)
    meter = Meter(initial(24), 0.0)
    sent: list[int] = []
    for step in range(400):
        if meter.active < meter.limit and chance.random() < 0.6:
            meter.entered(step * 0.01)
            sent.append(meter.generation)
        elif sent:
            generation, before = sent.pop(chance.randrange(len(sent))), meter.limit
            if chance.random() < 0.3:
                meter.refused(generation, step * 0.01)
                assert 1 <= meter.limit <= before
            meter.left(step * 0.01)
            assert 1 <= meter.limit <= 24
