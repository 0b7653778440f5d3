"""One timer implements the timeouts of many waits."""

from __future__ import annotations

import asyncio

import pytest

from crawler.http.timeouts import SharedTimeout


async def test_a_wait_that_takes_too_long_raises_a_timeout() -> None:
    timeout = SharedTimeout(0.02)
    with pytest.raises(TimeoutError), timeout.wait():
        await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0, "the task can go on"


async def test_each_of_many_waits_is_ended() -> None:
    timeout = SharedTimeout(0.02)

    async def wait() -> str:
        try:
            with timeout.wait():
                await asyncio.Event().wait()
        except TimeoutError:
            return "ended"
        return "went on"

    assert await asyncio.gather(*(wait() for _ in range(20))) == ["ended"] * 20


async def test_a_wait_that_is_over_is_not_cancelled_later() -> None:
    timeout = SharedTimeout(0.02)
    with timeout.wait():
        pass
    with pytest.raises(TimeoutError), timeout.wait():  # a later one is, by the same timer
        await asyncio.Event().wait()
    with timeout.wait():
        await asyncio.sleep(0)


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    timeout = SharedTimeout(60)

    async def wait() -> None:
        with timeout.wait():
            await asyncio.Event().wait()

    task = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    timeout.close()


async def test_other_errors_pass_through_a_wait() -> None:
    timeout = SharedTimeout(60)
    with pytest.raises(KeyError), timeout.wait():
        raise KeyError("inner")
    timeout.close()
