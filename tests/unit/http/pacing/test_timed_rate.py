"""A rate that changes by the time of day takes effect while somebody waits for it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from crawler.app.resources import shared_gate
from crawler.http.pacing.timed_rate import TimedRate
from crawler.model.config import Config
from crawler.model.options.timetable import Timetable, parse_limit_rate

NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001


class Clock:
    """A clock on the wall that shows NOON a few milliseconds after it is made."""

    def __init__(self, seconds: float) -> None:
        self._offset = timedelta(seconds=asyncio.get_running_loop().time() + seconds)

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time()) - self._offset


def table(text: str) -> Timetable:
    parsed = parse_limit_rate(text)
    assert isinstance(parsed, Timetable)
    return parsed


async def test_what_waits_at_the_old_rate_goes_on_at_the_new_one() -> None:
    rate = TimedRate([table("00:00,1 12:00,off")], Clock(0.05))
    async with asyncio.timeout(60):
        await asyncio.gather(*(rate.acquire(1 << 30) for _ in range(20)))


async def test_a_limit_that_begins_while_bytes_arrive_holds_from_then_on() -> None:
    shown = NOON - timedelta(hours=1)
    rate = TimedRate([table("00:00,off 12:00,10")], lambda: shown)
    await rate.acquire(1 << 40)
    shown = NOON + timedelta(hours=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await rate.acquire(1000)


async def test_a_clock_that_is_set_counts_at_the_next_amount() -> None:
    shown = NOON - timedelta(hours=1)
    rate = TimedRate([table("00:00,1M 12:00,off")], lambda: shown)
    await rate.acquire(1000)
    shown = NOON + timedelta(hours=1)
    async with asyncio.timeout(60):
        await rate.acquire(1 << 50)


async def test_the_strictest_rate_of_several_mirrors_holds() -> None:
    rate = TimedRate([table("00:00,off"), 20, table("00:00,1M")], lambda: NOON)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await rate.acquire(1000)


@pytest.mark.parametrize(
    ("values", "is_limited"),
    [((None,), False), (("off",), False), (("2M", None), True), (("08:00,2M 19:00,off", "1M"), True)],
)
def test_a_gate_counts_bytes_if_any_mirror_has_a_rate(values: tuple[str | None, ...], is_limited: bool) -> None:
    configs = [Config(limit_rate=value) for value in values]  # type: ignore[arg-type]
    assert shared_gate(configs).limits_bytes is is_limited
