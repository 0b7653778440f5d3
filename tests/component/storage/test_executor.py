"""BriefExecutor blocks the event loop only for short calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crawler.storage.executor import BriefExecutor


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


async def test_a_short_call_is_done_before_anything_else_runs(executor: ThreadPoolExecutor) -> None:
    order: list[str] = []
    asyncio.get_running_loop().call_soon(order.append, "something else")
    assert await BriefExecutor(executor).run(lambda: (order.append("the call"), 7)[1]) == 7
    assert order == ["the call"]


async def test_a_long_call_does_not_block_the_loop(executor: ThreadPoolExecutor) -> None:
    goes_on = threading.Event()
    turns = BriefExecutor(executor)
    asyncio.get_running_loop().call_soon(goes_on.set)  # the call can only end while the loop runs
    assert await turns.run(goes_on.wait, 30)
    order: list[str] = []
    asyncio.get_running_loop().call_soon(order.append, "something else")
    await turns.run(lambda: None)
    assert order == ["something else"], "the next call is not waited for either"


async def test_both_raise_the_errors_of_the_call(executor: ThreadPoolExecutor) -> None:
    goes_on = threading.Event()

    def breaks() -> None:
        goes_on.wait(30)
        raise OSError("broken")

    turns = BriefExecutor(executor)
    asyncio.get_running_loop().call_soon(goes_on.set)
    with pytest.raises(OSError, match="broken"):
        await turns.run(breaks)
    with pytest.raises(OSError, match="broken"):
        await BriefExecutor(executor).run(breaks)
