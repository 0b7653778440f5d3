"""The engine runs each job once, never too many at a time, and ends whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.values import Job, Outcome, Result, Staged
from crawler.pipeline import engine

JOBS = [Job(url=f"http://h/{number}", path=str(number), reason="new") for number in range(50)]


def result(job: Job) -> Result:
    return Result(path=job.path, url=job.url, outcome=Outcome.SAVED)


async def turn() -> None:
    await asyncio.sleep(0)


class Machine:
    """Runs the engine and counts the calls."""

    def __init__(self, jobs: int = 50, *, workers: int = 4, backlog: int = 10) -> None:
        self.jobs = JOBS[:jobs]
        self.workers, self.backlog = workers, backlog
        self.put = 0
        self.taken: list[str] = []
        self.finished: list[str] = []
        self.active = self.most_active = self.most_waiting = 0
        self.on_job: Callable[[Job], Awaitable[None]] = lambda _job: turn()
        self.on_put: Callable[[], Awaitable[None]] = turn
        self.on_finish: Callable[[], Awaitable[None]] = turn

    async def produce(self, put: engine.Put) -> None:
        for job in self.jobs:
            await put(job)
            self.put += 1
            self.most_waiting = max(self.most_waiting, self.put - len(self.taken))
            await self.on_put()

    async def process(self, job: Job) -> Result | Staged:
        self.taken.append(job.path)
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        try:
            await self.on_job(job)
        finally:
            self.active -= 1
        return result(job)

    async def finish(self, *done: Result | Staged) -> None:
        await self.on_finish()
        for each in done:
            assert isinstance(each, Result)
            self.finished.append(each.path)

    async def run(self) -> None:
        await engine.run(self.produce, self.process, self.finish, workers=self.workers, backlog=self.backlog)


def others() -> set[str]:
    """Names of all other tasks that are still running."""
    return {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}


@given(jobs=st.integers(0, 50), workers=st.integers(1, 9), backlog=st.integers(1, 20))
async def test_every_job_is_processed_and_finished_once(jobs: int, workers: int, backlog: int) -> None:
    machine = Machine(jobs, workers=workers, backlog=backlog)
    await machine.run()
    assert sorted(machine.taken) == sorted(machine.finished) == sorted(job.path for job in machine.jobs)
    assert machine.most_active <= workers
    assert others() == set()


async def test_the_backlog_bounds_what_waits() -> None:
    machine = Machine(workers=1, backlog=3)
    blocked = asyncio.Event()

    async def block(_job: Job) -> None:
        await blocked.wait()

    machine.on_job = block
    run = asyncio.create_task(machine.run())
    for _ in range(100):
        await turn()
    assert (machine.put, machine.taken) == (4, ["0"]), "one in work, three waiting"
    blocked.set()
    await run
    assert len(machine.finished) == 50


async def test_workers_work_at_once() -> None:
    machine = Machine(workers=4)
    together = asyncio.Barrier(4)

    async def meet(job: Job) -> None:
        if int(job.path) < 4:
            await together.wait()

    machine.on_job = meet
    await machine.run()
    assert machine.most_active == 4


async def test_a_slow_finish_holds_its_worker_only() -> None:
    machine = Machine(3, workers=2)
    slow = asyncio.Event()

    async def finish() -> None:
        if not machine.finished and len(machine.taken) == 1:
            await slow.wait()
        elif len(machine.finished) == 1:
            slow.set()

    machine.on_finish = finish
    await machine.run()
    assert sorted(machine.finished) == ["0", "1", "2"]


class BugError(Exception):
    """An unexpected error."""


async def fail(*_: object) -> None:
    await turn()
    raise BugError


async def wait_for_ever(*_: object) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("part", ["on_job", "on_put", "on_finish"])
@pytest.mark.parametrize("backlog", [1, 100])
async def test_a_part_that_breaks_ends_all_of_them(part: str, backlog: int) -> None:
    machine = Machine(backlog=backlog)
    setattr(machine, part, fail)
    with pytest.raises(ExceptionGroup) as raised:
        await machine.run()
    assert {type(error) for error in raised.value.exceptions} == {BugError}
    assert others() == set()
    assert machine.active == 0


async def test_a_dead_worker_does_not_leave_the_producer_waiting() -> None:
    machine = Machine(workers=1, backlog=1)
    machine.on_job = fail
    with pytest.raises(ExceptionGroup):
        await machine.run()
    assert machine.put < 50


@pytest.mark.parametrize("part", ["on_job", "on_put", "on_finish"])
async def test_cancelling_leaves_no_task(part: str) -> None:
    machine = Machine(backlog=2)
    setattr(machine, part, wait_for_ever)
    run = asyncio.create_task(machine.run())
    for _ in range(20):
        await turn()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert others() == set()
    assert machine.active == 0
