"""What holds requests back: connections, pauses, rates, and giving a host up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crawler import limits
from crawler.errors import FetchError
from crawler.gate import Gate

URL = "http://h/pub/a"
SAME_HOST = "HTTP://H:80/other?x"
OTHER_HOST = "http://other/"


@asynccontextmanager
async def slot(gate: Gate, url: str) -> AsyncIterator[None]:
    """Hold one connection to the host of ``url``."""
    host = gate.host(url)
    await host.enter(url)
    try:
        yield
    finally:
        host.leave()


async def enter(gate: Gate, url: str = URL) -> None:
    async with slot(gate, url):
        pass


async def seconds_to_enter(gate: Gate, url: str = URL) -> float:
    began = time.monotonic()
    await enter(gate, url)
    return time.monotonic() - began


async def test_a_host_has_no_more_connections_than_allowed() -> None:
    gate, active, most = Gate(3), 0, 0

    async def use() -> None:
        nonlocal active, most
        async with slot(gate, URL):
            active += 1
            most = max(most, active)
            await asyncio.sleep(0)
            active -= 1

    await asyncio.gather(*(use() for _ in range(20)))
    assert most == 3


async def test_another_origin_has_connections_of_its_own() -> None:
    gate = Gate(1)
    async with slot(gate, URL):
        async with asyncio.timeout(5):
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
    async with asyncio.timeout(5):
        await enter(gate)


async def test_one_pause_holds_every_request_to_that_host() -> None:
    gate = Gate(8)
    gate.host(SAME_HOST).pause(0.1)
    waits = await asyncio.gather(*(seconds_to_enter(gate) for _ in range(5)))
    assert min(waits) >= 0.09
    assert await seconds_to_enter(gate) < 0.09


async def test_a_pause_does_not_concern_another_host() -> None:
    gate = Gate(1)
    gate.host(URL).pause(60)
    assert await seconds_to_enter(gate, OTHER_HOST) < 5


async def test_the_longest_pause_counts() -> None:
    gate = Gate(1)
    gate.host(URL).pause(0.1)
    gate.host(URL).pause(0.01)
    assert await seconds_to_enter(gate) >= 0.09


async def test_a_pause_may_grow_while_it_is_waited_for() -> None:
    gate = Gate(1)
    gate.host(URL).pause(0.02)
    waiting = asyncio.create_task(seconds_to_enter(gate))
    await asyncio.sleep(0)
    gate.host(URL).pause(0.1)
    assert await waiting >= 0.09


async def test_a_host_that_cannot_be_talked_to_is_given_up() -> None:
    gate = Gate(1)
    for _ in range(limits.CONNECTION_FAILURES - 1):
        gate.host(URL).failed()
    await enter(gate)
    gate.host(SAME_HOST).failed()
    with pytest.raises(FetchError) as raised:
        await enter(gate, "http://user:secret@h/")
    assert not raised.value.retryable
    assert raised.value.connection
    assert str(limits.CONNECTION_FAILURES) in str(raised.value)
    assert "secret" not in str(raised.value)
    await enter(gate, OTHER_HOST)


async def test_one_answer_makes_a_host_good_again() -> None:
    gate = Gate(1)
    for _ in range(limits.CONNECTION_FAILURES - 1):
        gate.host(URL).failed()
    gate.host(URL).succeeded()
    gate.host(URL).failed()
    await enter(gate)


async def test_a_host_that_is_overloaded_for_ever_is_given_up_too() -> None:
    gate = Gate(1)
    for _ in range(limits.CONNECTION_FAILURES):
        gate.host(URL).pause(0)
    with pytest.raises(FetchError, match="given up"):
        await enter(gate)


async def test_those_who_wait_for_a_connection_learn_that_the_host_was_given_up() -> None:
    gate = Gate(1)
    async with slot(gate, URL):
        waiting = [asyncio.create_task(enter(gate)) for _ in range(3)]
        await asyncio.sleep(0)
        for _ in range(limits.CONNECTION_FAILURES):
            gate.host(URL).failed()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in ended] == [FetchError] * 3


async def test_requests_per_second_hold_over_all_hosts() -> None:
    gate = Gate(8, requests_per_second=50)
    began = time.monotonic()
    await asyncio.gather(*(enter(gate, URL if number % 2 else OTHER_HOST) for number in range(60)))
    assert time.monotonic() - began >= 0.15, "50 at once, then ten more at 50 per second"


async def test_bytes_per_second_hold_over_all_transfers() -> None:
    gate = Gate(8, bytes_per_second=100_000)
    began = time.monotonic()
    await asyncio.gather(*(gate.spend(10_000) for _ in range(5)))
    assert 0.2 <= time.monotonic() - began < 2, "25,000 at once, then 25,000 more at 100,000 per second"


async def test_one_chunk_may_be_larger_than_a_second_allows() -> None:
    gate = Gate(1, bytes_per_second=1_000_000)
    began = time.monotonic()
    await gate.spend(400_000)
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("rate", [1, 2, 3, 5])
async def test_the_smallest_rates_work(rate: int) -> None:
    gate = Gate(1, bytes_per_second=rate, requests_per_second=rate)
    async with asyncio.timeout(5):
        await gate.spend(1)
        await enter(gate)


async def test_without_a_rate_nothing_is_counted() -> None:
    gate = Gate(1)
    assert not gate.limits_bytes
    async with asyncio.timeout(5):
        await gate.spend(1 << 60)
    assert Gate(1, bytes_per_second=5).limits_bytes
