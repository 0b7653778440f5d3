"""BriefExecutor blocks the event loop only for short calls; GatheringExecutor makes several calls in one hop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from crawler.storage.executor import BriefExecutor, GatheringExecutor


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


async def test_a_short_call_is_done_before_anything_else_runs(executor: ThreadPoolExecutor) -> None:
    order: list[str] = []
    asyncio.get_running_loop().call_soon(order.append, "something else")
    assert await BriefExecutor(executor).run(lambda: (order.append("the call"), 7)[1]) == 7
    assert order == ["the call"]


async def test_long_calls_do_not_block_the_loop(executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = BriefExecutor(executor)

    async def sees_the_loop_run(seconds: float) -> bool:
        goes_on = threading.Event()
        asyncio.get_running_loop().call_soon(goes_on.set)
        return await turns.run(goes_on.wait, seconds)

    assert await sees_the_loop_run(30)
    assert not await sees_the_loop_run(0.001), "one alone may have been held up by something else"
    assert await sees_the_loop_run(30)
    assert await sees_the_loop_run(30)
    monkeypatch.setattr("crawler.storage.executor._MOMENT", 30)
    assert await sees_the_loop_run(20), "after two of them the next call is not waited for"


async def test_both_raise_the_errors_of_the_call(executor: ThreadPoolExecutor) -> None:
    goes_on = threading.Event()

    def breaks() -> None:
        goes_on.wait(60)
        raise OSError("broken")

    turns = BriefExecutor(executor)
    asyncio.get_running_loop().call_soon(goes_on.set)
    with pytest.raises(OSError, match="broken"):
        await turns.run(breaks)
    with pytest.raises(OSError, match="broken"):
        await BriefExecutor(executor).run(breaks)


def halved(numbers: Sequence[int]) -> list[int | BaseException]:
    return [number // 2 if number % 2 == 0 else OSError(f"{number} is odd") for number in numbers]


async def test_calls_of_one_turn_share_a_hop_and_each_gets_its_own_result_or_error(
    executor: ThreadPoolExecutor,
) -> None:
    hops: list[list[int]] = []

    def noted(numbers: Sequence[int]) -> list[int | BaseException]:
        hops.append(list(numbers))
        return halved(numbers)

    gathering = GatheringExecutor(BriefExecutor(executor), noted)
    found = await asyncio.gather(*map(gathering.run, (2, 3, 4)), return_exceptions=True)
    assert (found[0], str(found[1]), found[2]) == (1, "3 is odd", 2)
    assert await gathering.run(6) == 3
    assert hops == [[2, 3, 4], [6]]


async def test_a_cancelled_caller_takes_nothing_from_the_others(executor: ThreadPoolExecutor) -> None:
    goes_on = threading.Event()

    def slow(numbers: Sequence[int]) -> list[int | BaseException]:
        goes_on.wait(60)
        return halved(numbers)

    gathering = GatheringExecutor(BriefExecutor(executor), slow)
    first, second = (asyncio.ensure_future(gathering.run(number)) for number in (2, 4))
    await asyncio.sleep(0)
    first.cancel()
    asyncio.get_running_loop().call_soon(goes_on.set)
    assert await second == 2
    assert first.cancelled()


async def test_after_the_end_of_the_executor_each_caller_gets_an_error(executor: ThreadPoolExecutor) -> None:
    gathering = GatheringExecutor(BriefExecutor(executor), halved)
    executor.shutdown()
    for found in await asyncio.gather(gathering.run(2), gathering.run(4), return_exceptions=True):
        assert isinstance(found, RuntimeError)


async def test_an_error_of_the_common_call_is_that_of_each_caller(executor: ThreadPoolExecutor) -> None:
    def broken(_numbers: Sequence[int]) -> list[int | BaseException]:
        raise ValueError("broken")

    gathering = GatheringExecutor(BriefExecutor(executor), broken)
    for found in await asyncio.gather(gathering.run(2), gathering.run(4), return_exceptions=True):
        assert isinstance(found, ValueError)
