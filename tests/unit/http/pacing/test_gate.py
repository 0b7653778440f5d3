"""What delays or prevents requests: connections, pauses, rates, and the circuit breaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiolimiter import AsyncLimiter

from crawler.http.lane.pipeline_depth import broken
from crawler.http.pacing import host as host_module
from crawler.http.pacing.concurrency import START
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.host import Host, Probe
from crawler.http.pacing.rate_limits import RateLimits
from crawler.model import limits
from crawler.model.errors import FetchError
from crawler.model.state.host_limits import HostLimits
from tests.support.starvation import Stopwatch

URL = "http://h/pub/a"
SAME_HOST = "HTTP://H:80/other?x"
OTHER_HOST = "http://other/"
TICK = 1e-6
"""A sum of floats may be so much less. Each pause begins after the clock was read, however busy the machine is."""


async def silent(_url: str, _host: Host) -> None:
    """A probe without a response."""


async def responding(url: str, host: Host) -> None:
    """A probe with a response."""
    host.succeeded(url)


@asynccontextmanager
async def slot(gate: Gate, url: str, probe: Probe = silent) -> AsyncIterator[None]:
    """Hold one connection to the host of ``url``."""
    host = gate.host(url)
    await host.enter(url, probe)
    try:
        yield
    finally:
        host.leave()


async def enter(gate: Gate, url: str = URL, probe: Probe = silent) -> None:
    async with slot(gate, url, probe):
        pass


def fail(gate: Gate, times: int = limits.CONNECTION_FAILURES) -> None:
    for _ in range(times):
        gate.host(URL).failed()


async def test_a_host_has_no_more_connections_than_allowed() -> None:
    assert await most_at_once(Gate(3), 20) == 3


async def test_another_origin_has_connections_of_its_own() -> None:
    gate = Gate(1)
    async with slot(gate, URL):
        async with asyncio.timeout(60):
            await enter(gate, OTHER_HOST)
            await enter(gate, "http://h:8080/")
            await enter(gate, "https://h/")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await enter(gate, SAME_HOST)


async def test_a_slot_is_free_again_after_an_error_and_a_cancellation() -> None:
    gate = Gate(1)
    with pytest.raises(LookupError):
        async with slot(gate, URL):
            raise LookupError
    async with slot(gate, URL):
        waiting = asyncio.create_task(enter(gate))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(60):
        await enter(gate)


async def hold(gate: Gate, count: int) -> list[asyncio.Task[None]]:
    """``count`` tasks, each of which waits for a connection and holds it until cancelled."""

    async def use() -> None:
        async with slot(gate, URL):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(use()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def most_at_once(gate: Gate, uses: int) -> int:
    """How many of ``uses`` concurrent requests have a connection at the same time."""
    active, most = 0, 0

    async def use() -> None:
        nonlocal active, most
        async with slot(gate, URL):
            active += 1
            most = max(most, active)
            await asyncio.sleep(0)
            active -= 1

    await asyncio.gather(*(use() for _ in range(uses)))
    return most


def refuse(gate: Gate, status: int = 429, generation: int | None = None, **headers: str) -> bool:
    host = gate.host(URL)
    now = host.generation if generation is None else generation
    return host.overloaded(status, {name.replace("_", "-"): value for name, value in headers.items()}, now)


@pytest.fixture
def no_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "_SHORT_PAUSE", 0.0)


async def test_an_unknown_host_gets_some_connections_first_and_more_as_it_responds() -> None:
    gate = Gate(64)
    holding = await hold(gate, 30)
    assert gate.host(URL).state.limit == START
    await end(*holding)
    assert START < await most_at_once(gate, 500) <= 64


async def test_a_known_host_starts_with_the_limit_of_an_earlier_run() -> None:
    gate = Gate(64)
    gate.add_known({"http://h:80": HostLimits(limit=3, beyond=4), "http://other:80": HostLimits(limit=5, beyond=None)})
    assert await most_at_once(gate, 20) == 3
    assert gate.host(OTHER_HOST).state.limit == 5


async def test_late_knowledge_does_not_change_a_host_in_use() -> None:
    gate = Gate(8)
    await enter(gate)
    gate.add_known({"http://h:80": HostLimits(limit=1, beyond=2)})
    assert await most_at_once(gate, 20) > 1


@pytest.mark.usefixtures("no_breath")
async def test_learnt_limits_are_reported_by_host_name() -> None:
    gate = Gate(START)
    await enter(gate, OTHER_HOST)
    holding = await hold(gate, START)
    assert refuse(gate)
    await end(*holding)
    assert gate.learnt() == {"http://h:80": HostLimits(limit=START // 2, beyond=START)}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h/", "https://h:443"),
        ("http://user:secret@H:8080/x", "http://h:8080"),
        ("http://[::1]/", "http://[::1]:80"),
    ],
)
def test_a_host_is_named_by_its_origin(url: str, name: str) -> None:
    assert Gate(1).host(url).name == name


@pytest.mark.usefixtures("no_breath")
async def test_refusals_halve_the_connections_until_there_is_one() -> None:
    gate = Gate(8)
    gate.add_known({"http://h:80": HostLimits(limit=8, beyond=None)})
    holding = await hold(gate, 8)
    seen = []
    for _ in range(3):
        assert refuse(gate), "it may be asked again at no charge"
        seen.append(gate.host(URL).state.limit)
    await end(*holding)
    assert seen == [4, 2, 1]


@pytest.mark.usefixtures("no_breath")
async def test_a_503_that_does_not_say_how_long_is_one_failure_among_others() -> None:
    gate = Gate(START)
    holding = await hold(gate, START)
    assert not refuse(gate, 503)
    assert gate.host(URL).state.limit == START
    await end(*holding)


@pytest.mark.usefixtures("no_breath")
async def test_a_503_with_a_time_halves_but_is_an_attempt() -> None:
    gate = Gate(START)
    holding = await hold(gate, START)
    assert not refuse(gate, 503, Retry_After="0")
    assert gate.host(URL).state.limit == START // 2
    await end(*holding)


async def test_a_retry_after_of_days_does_not_lower_the_limit() -> None:
    gate = Gate(START)
    holding = await hold(gate, START)
    assert not refuse(gate, Retry_After="86400")
    assert gate.host(URL).state.limit == START
    await end(*holding)


async def test_a_refusal_among_concurrent_requests_is_a_short_pause_and_not_a_failure() -> None:
    pauses: list[float] = []
    gate = Gate(64, on_pause=lambda _url, seconds: pauses.append(seconds))
    gate.add_known({"http://h:80": HostLimits(limit=64, beyond=None)})
    holding = await hold(gate, 64)
    generation = gate.host(URL).generation
    began = time.monotonic()
    for _ in range(2 * limits.CONNECTION_FAILURES):
        assert refuse(gate, generation=generation)
    await end(*holding)
    await enter(gate)
    assert time.monotonic() - began >= 0.1 - TICK
    assert set(pauses) == {0.1}


async def test_the_ceiling_may_be_lowered_and_raised_at_any_time() -> None:
    gate = Gate(5)
    holding = await hold(gate, 5)
    gate.limit_connections(2)
    waiting = asyncio.create_task(enter(gate))
    await end(*holding[:3])
    assert not waiting.done()
    await end(holding[3])
    async with asyncio.timeout(60):
        await waiting
    waiting = asyncio.create_task(enter(gate))
    await end(holding[4])
    await waiting
    assert await most_at_once(gate, 20) == 2
    gate.limit_connections(7)
    assert await most_at_once(gate, 200) == 7
    assert gate.host(OTHER_HOST).state.ceiling == 7


async def test_raising_the_ceiling_admits_waiting_requests() -> None:
    gate = Gate(1)
    async with slot(gate, URL):
        waiting = asyncio.create_task(enter(gate))
        await asyncio.sleep(0)
        gate.limit_connections(2)
        async with asyncio.timeout(60):
            await waiting


@pytest.mark.usefixtures("no_breath")
async def test_a_change_is_logged_once_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate(START)
    holding = await hold(gate, START)
    with caplog.at_level("INFO", "crawler"):
        generation = gate.host(URL).generation
        refuse(gate, generation=generation)
        refuse(gate, generation=generation)
    await end(*holding)
    (record,) = caplog.records
    assert record.getMessage() == "pace"
    assert vars(record)["fields"] == {
        "url": "http://h:80", "connections": START // 2, "before": START, "reason": "the host refused more requests",
    }  # fmt: skip


async def test_one_pause_holds_every_request_to_that_host() -> None:
    gate = Gate(8)
    entered: list[float] = []

    async def enter_once() -> None:
        await enter(gate)
        entered.append(time.monotonic())

    began = time.monotonic()
    gate.host(SAME_HOST).pause(0.1)
    await asyncio.gather(*(enter_once() for _ in range(5)))
    assert len(entered) == 5
    assert min(entered) - began >= 0.1 - TICK
    assert gate.pauses() == [], "it is over"


async def test_a_pause_does_not_concern_another_host() -> None:
    gate = Gate(1)
    gate.host(URL).pause(600)
    async with asyncio.timeout(60):
        await enter(gate, OTHER_HOST)


async def test_the_longest_pause_counts() -> None:
    gate = Gate(1)
    began = time.monotonic()
    gate.host(URL).pause(0.1)
    gate.host(URL).pause(0.01)
    await enter(gate)
    assert time.monotonic() - began >= 0.1 - TICK


async def test_a_pause_may_grow_while_it_is_waited_for() -> None:
    gate = Gate(1)
    gate.host(URL).pause(0.02)
    waiting = asyncio.create_task(enter(gate))
    await asyncio.sleep(0)
    began = time.monotonic()
    gate.host(URL).pause(0.1)
    await waiting
    assert time.monotonic() - began >= 0.1 - TICK


async def test_an_unreachable_host_is_given_up() -> None:
    gate = Gate(1)
    fail(gate, limits.CONNECTION_FAILURES - 1)
    await enter(gate)
    gate.host(SAME_HOST).failed()
    with pytest.raises(FetchError) as raised:
        await enter(gate, "http://user:secret@h/")
    assert not raised.value.retryable
    assert raised.value.connection
    assert str(limits.CONNECTION_FAILURES) in str(raised.value)
    assert "secret" not in str(raised.value)
    await enter(gate, OTHER_HOST)


async def test_one_response_resets_the_failures_of_a_host() -> None:
    gate = Gate(1)
    fail(gate, limits.CONNECTION_FAILURES - 1)
    gate.host(URL).succeeded(URL)
    gate.host(URL).failed()
    await enter(gate)


async def test_a_host_that_responds_is_not_given_up_for_the_failures_of_its_files() -> None:
    gate = Gate(1)
    for _ in range(3):  # the probe has the only connection
        fail(gate)
        await enter(gate, probe=responding)
    fail(gate, limits.CONNECTION_FAILURES - 1)
    await enter(gate)


async def test_a_host_in_doubt_is_probed_with_the_url_that_it_served_last() -> None:
    gate, probed = Gate(1), list[str]()

    async def probe(url: str, host: Host) -> None:
        probed.append(url)
        host.succeeded(None)

    for served in (None, "http://h/pub/", None, SAME_HOST):  # None: a HEAD, which proves nothing about GET
        gate.host(URL).succeeded(served)
        fail(gate)
        await enter(gate, probe=probe)
    assert probed == ["http://h:80/robots.txt", "http://h/pub/", "http://h/pub/", SAME_HOST]


@pytest.mark.parametrize("responds", [True, False])
async def test_one_probe_decides_for_all_waiting_requests(responds: bool) -> None:
    gate, probed, free = Gate(4), list[str](), asyncio.Event()

    async def probe(url: str, host: Host) -> None:
        probed.append(url)
        await free.wait()
        if responds:
            host.succeeded(url)

    fail(gate)
    waiting = [asyncio.create_task(enter(gate, probe=probe)) for _ in range(6)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    free.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert len(probed) == 1
    assert [type(error) for error in ended] == [type(None) if responds else FetchError] * 6


async def test_if_a_probe_is_cancelled_another_request_probes() -> None:
    gate = Gate(2)

    async def never(_url: str, _host: Host) -> None:
        await asyncio.Event().wait()

    fail(gate)
    first = asyncio.create_task(enter(gate, probe=never))
    second = asyncio.create_task(enter(gate, probe=responding))
    await asyncio.sleep(0)
    await end(first)
    async with asyncio.timeout(60):
        await second


async def test_responses_to_other_requests_during_a_probe_count() -> None:
    gate = Gate(2)

    async def probe(_url: str, host: Host) -> None:
        host.succeeded(None)  # a transfer in flight
        host.failed()

    fail(gate)
    await enter(gate, probe=probe)


async def test_a_probe_respects_the_rate_limit_and_the_pause() -> None:
    class Bucket:
        max_rate, taken = 1.0, 0.0

        async def acquire(self, amount: float = 1) -> None:
            self.taken += amount

    bucket = Bucket()
    gate = Gate(1, RateLimits(requests=bucket))
    fail(gate)
    gate.host(URL).rest(0.05)
    began = time.monotonic()
    await enter(gate, probe=responding)
    assert time.monotonic() - began >= 0.05
    assert bucket.taken == 2


async def test_a_host_that_stays_overloaded_is_given_up_too() -> None:
    gate = Gate(1)
    for _ in range(limits.CONNECTION_FAILURES):
        gate.host(URL).pause(0)
    with pytest.raises(FetchError, match="given up"):
        await enter(gate)


async def test_requests_waiting_for_a_connection_fail_when_the_host_is_given_up() -> None:
    gate = Gate(1)
    async with slot(gate, URL):
        waiting = [asyncio.create_task(enter(gate)) for _ in range(3)]
        await asyncio.sleep(0)
        fail(gate)
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in ended] == [FetchError] * 3


async def test_requests_per_second_hold_over_all_hosts() -> None:
    gate = Gate(8, RateLimits.per_second(50, None))
    began = time.monotonic()
    await asyncio.gather(*(enter(gate, URL if number % 2 else OTHER_HOST) for number in range(60)))
    assert time.monotonic() - began >= 0.15, "50 at once, then ten more at 50 per second"


@pytest.mark.parametrize(
    ("rate", "taken", "least"),
    [(0.001, 1, 0), (0.001, 2, 1000), (0.5, 1, 0), (0.5, 2, 2), (0.5, 4, 6), (1.5, 1, 0), (1.5, 4, 1.6), (20, 20, 0)],
)
async def test_a_rate_may_have_a_fraction(rate: float, taken: int, least: float) -> None:
    limiter = RateLimits.per_second(rate, None).requests
    assert isinstance(limiter, AsyncLimiter)
    assert limiter.max_rate >= 1, "else no request could ever be made"
    waited = max(0.0, taken - limiter.max_rate) * limiter.time_period / limiter.max_rate
    assert waited == pytest.approx(least, abs=0.1)


async def test_bytes_per_second_hold_over_all_transfers() -> None:
    gate = Gate(8, RateLimits.per_second(None, 100_000))
    watch = Stopwatch()
    began, own = time.monotonic(), watch.now()
    await asyncio.gather(*(gate.acquire_bytes(10_000) for _ in range(5)))
    assert time.monotonic() - began >= 0.2, "25,000 at once, then 25,000 more at 100,000 per second"
    assert watch.now() - own < 2


async def test_one_chunk_may_be_larger_than_a_second_allows() -> None:
    gate = Gate(1, RateLimits.per_second(None, 1_000_000))
    began = time.monotonic()
    await gate.acquire_bytes(400_000)
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("rate", [1, 2, 3, 5])
async def test_the_smallest_rates_work(rate: int) -> None:
    gate = Gate(1, RateLimits.per_second(rate, rate))
    async with asyncio.timeout(60):
        await gate.acquire_bytes(1)
        await enter(gate)


async def test_without_a_rate_nothing_is_counted() -> None:
    gate = Gate(1)
    assert not gate.limits_bytes
    async with asyncio.timeout(60):
        await gate.acquire_bytes(1 << 60)
    assert Gate(1, RateLimits.per_second(None, 5)).limits_bytes


def test_depths_are_learnt_beside_the_limits_and_known_faults_are_not_learnt_anew() -> None:
    gate = Gate(8)
    gate.add_known(
        {
            "http://known:80": HostLimits(limit=3, beyond=4),
            "http://faulty:80": HostLimits(limit=3, beyond=4, depth=1),
        }
    )
    for name in ("http://known:80", "http://new:80", "http://faulty:80"):
        gate.depths.change(name, broken(gate.depths.of(name)), "a test")
    assert gate.learnt() == {
        "http://known:80": HostLimits(limit=3, beyond=4, depth=1),
        "http://new:80": HostLimits(limit=START, beyond=None, depth=1),
    }
