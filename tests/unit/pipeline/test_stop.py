"""Ending a run early, without swallowing cancellations by others."""

from __future__ import annotations

import asyncio

import pytest

from crawler.pipeline.stop import Stop


class Work:
    """A coroutine that waits until it is released, and records how it ended."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.go = asyncio.Event()
        self.ended = ""

    async def run(self) -> None:
        self.started.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "done"


async def test_work_that_ends_by_itself_is_not_stopped() -> None:
    stop, work = Stop(), Work()
    work.go.set()
    await stop.guard(work.run())
    assert (work.ended, stop.reason) == ("done", None)


async def test_a_request_cancels_the_work_and_names_the_reason() -> None:
    stop, work = Stop(), Work()
    guard = asyncio.create_task(stop.guard(work.run()))
    await work.started.wait()
    stop.request("SIGTERM")
    await guard
    assert (work.ended, stop.reason) == ("cancelled", "SIGTERM")


async def test_the_first_reason_counts() -> None:
    stop, work = Stop(), Work()
    guard = asyncio.create_task(stop.guard(work.run()))
    await work.started.wait()
    stop.request("--max-duration")
    stop.request("SIGINT")
    await guard
    assert stop.reason == "--max-duration"


async def test_work_after_a_request_does_not_begin() -> None:
    stop, work = Stop(), Work()
    stop.request("SIGINT")
    await stop.guard(work.run())
    assert not work.started.is_set()


async def test_a_request_after_the_work_has_no_effect_on_others() -> None:
    stop, work = Stop(), Work()
    work.go.set()
    await stop.guard(work.run())
    stop.request("SIGINT")
    await asyncio.sleep(0)
    assert (work.ended, stop.reason) == ("done", "SIGINT")


async def test_what_the_work_raises_is_raised() -> None:
    async def broken() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        await Stop().guard(broken())


async def test_what_the_work_raises_while_it_is_stopped_is_raised_too() -> None:
    stop, started = Stop(), asyncio.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("while cleaning up")

    guard = asyncio.create_task(stop.guard(work()))
    await started.wait()
    stop.request("SIGINT")
    with pytest.raises(LookupError, match="cleaning up"):
        await guard


async def test_a_cancellation_from_outside_is_not_swallowed() -> None:
    stop, work = Stop(), Work()
    guard = asyncio.create_task(stop.guard(work.run()))
    await work.started.wait()
    guard.cancel()
    with pytest.raises(asyncio.CancelledError):
        await guard
    assert (work.ended, stop.reason) == ("cancelled", None)


async def test_a_cancellation_from_outside_that_meets_a_request_is_not_swallowed() -> None:
    stop, work = Stop(), Work()
    guard = asyncio.create_task(stop.guard(work.run()))
    await work.started.wait()
    stop.request("SIGINT")
    guard.cancel()
    with pytest.raises(asyncio.CancelledError):
        await guard
    assert work.ended == "cancelled"


async def test_a_time_limit_around_the_guard_works() -> None:
    stop, work = Stop(), Work()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await stop.guard(work.run())


async def test_work_that_cancels_itself_is_not_taken_for_a_stop() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Stop().guard(work())


async def test_the_innermost_guard_ends_and_those_around_it_go_on() -> None:
    stop, work, steps = Stop(), Work(), list[str]()

    async def outer() -> str:
        await stop.guard(work.run())
        steps.append("after the inner one")
        await asyncio.sleep(0)
        return "what it found"

    guard = asyncio.create_task(stop.guard(outer()))
    await work.started.wait()
    stop.request("SIGTERM")
    assert await guard == "what it found"
    assert (work.ended, steps) == ("cancelled", ["after the inner one"])


async def test_a_guard_returns_the_result_of_its_work_and_none_if_it_was_stopped() -> None:
    async def work() -> int:
        return 3

    stop = Stop()
    assert await stop.guard(work()) == 3
    stop.request("SIGINT")
    assert await stop.guard(work()) is None


async def test_a_stopped_guard_leaves_its_task_able_to_wait() -> None:
    stop, works = Stop(), [Work(), Work()]

    async def stubborn(work: Work) -> None:
        try:
            await work.run()
        except asyncio.CancelledError:
            return  # swallowed, as work should not

    async def both() -> str:
        await stop.guard(stubborn(works[0]))
        async with asyncio.timeout(60):
            await works[1].run()
        return "done"

    task = asyncio.create_task(both())
    await works[0].started.wait()
    stop.request("SIGINT")
    works[1].go.set()
    assert await task == "done"
    assert task.cancelling() == 0


async def test_a_stop_reaches_its_children() -> None:
    parent = Stop()
    children, works = [parent.child(), parent.child()], [Work(), Work()]
    guards = [asyncio.create_task(child.guard(work.run())) for child, work in zip(children, works, strict=True)]
    for work in works:
        await work.started.wait()
    parent.request("SIGTERM")
    await asyncio.gather(*guards)
    assert [child.reason for child in children] == ["SIGTERM", "SIGTERM"]
    assert [work.ended for work in works] == ["cancelled", "cancelled"]


async def test_a_child_ends_alone() -> None:
    parent = Stop()
    first, second = parent.child(), parent.child()
    first.request("--max-duration")
    assert (first.reason, second.reason, parent.reason) == ("--max-duration", None, None)
    parent.request("SIGINT")
    assert (first.reason, second.reason) == ("--max-duration", "SIGINT")


async def test_a_child_of_a_stopped_parent_is_stopped() -> None:
    parent = Stop()
    parent.request("SIGINT")
    assert parent.child().reason == "SIGINT"


async def test_what_comes_after_the_work_sees_only_later_requests() -> None:
    stop, work = Stop(), Work()
    stop.request("SIGTERM")
    later = stop.afterwards()
    guard = asyncio.create_task(later.guard(work.run()))
    await work.started.wait()
    stop.request("SIGINT")
    await guard
    assert (stop.reason, later.reason, work.ended) == ("SIGTERM", "SIGINT", "cancelled")
