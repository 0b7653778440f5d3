"""The queue of the workers: which jobs a batch takes from it, how many, and in which order the others follow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.values import Job
from crawler.pipeline.backlog import Backlog, Finish, PutBack


def job(name: str) -> Job:
    return Job(url=f"http://h/{name}", path=name, reason="new")


class Alike:
    """A batch of jobs whose names begin with the same letter."""

    def __init__(self, first: str, room: int = 8, *, takes_first: bool = False) -> None:
        self.room, self.takes_first = room, takes_first
        self.names = [first]

    def add(self, job: Job) -> bool:
        fits = job.path[0] == self.names[0][0]
        if fits:
            self.names.append(job.path)
        return fits

    def add_first(self, jobs: Iterable[Job | None]) -> int:
        fit = list(takewhile(lambda job: job is not None and self.takes_first and self.add(job), jobs))
        return len(fit)

    is_rest = is_undecided = False

    async def process(self, finish: Finish, put_back: PutBack) -> None: ...


async def filled(names: list[str]) -> Backlog:
    queue = Backlog(len(names) + 1)
    for name in names:
        await queue.put(job(name))
    await queue.put(None)
    return queue


async def rest(queue: Backlog) -> list[str]:
    return [taken.path async for taken in _drained(queue)]


async def _drained(queue: Backlog):  # type: ignore[no-untyped-def]
    while (taken := await queue.get()) is not None:
        yield taken


@pytest.mark.parametrize(
    ("room", "names", "taken", "left"),
    [
        (8, "a1 a2 b1 a3", "a0 a1 a2 a3", "b1"),
        (2, "a1 a2", "a0 a1", "a2"),
        (1, "a1 a2", "a0", "a1 a2"),
        (8, "", "a0", ""),
        (8, "b1 b2 b3 b4 a1", "a0", "b1 b2 b3 b4 a1"),
        (8, "b1 b2 b3 a1 b4 a2", "a0 a1", "b1 b2 b3 b4 a2"),
    ],
)
async def test_a_batch_takes_what_fits_from_the_first_jobs(room: int, names: str, taken: str, left: str) -> None:
    queue, batch = await filled(names.split()), Alike("a0", room)
    assert queue.fill(batch) is (len(taken.split()) > 1)
    assert (batch.names, await rest(queue)) == (taken.split(), left.split())


async def test_the_first_jobs_that_fit_are_taken_at_once() -> None:
    queue, batch = await filled(["a1", "a2", "b1", "a3", "a4"]), Alike("a0", 4, takes_first=True)
    assert queue.fill(batch)
    assert batch.names == ["a0", "a1", "a2", "a3"]
    assert await rest(queue) == ["b1", "a4"]


async def test_idle_workers_get_their_share() -> None:
    queue = Backlog(20)
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    for number in range(11):
        queue.put_nowait(job(f"a{number + 1}"))
    batch = Alike("a0")
    queue.fill(batch)
    assert len(batch.names) == 3, "12 jobs, 4 workers"
    assert sorted(taken.path for taken in await asyncio.gather(*workers) if taken) == ["a3", "a4", "a5"]


async def test_a_bounded_producer_goes_on_when_a_batch_has_made_room() -> None:
    queue = Backlog(2)
    for name in ("a1", "a2"):
        await queue.put(job(name))
    waiting = asyncio.create_task(queue.put(job("a3")))
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.fill(Alike("a0"))
    await waiting


async def test_after_vain_searches_fewer_are_made() -> None:
    queue = await filled(["b"] * 100)
    looked = 0

    class Nothing(Alike):
        def add(self, job: Job) -> bool:
            nonlocal looked
            looked += 1
            return False

    for _ in range(90):
        assert not queue.fill(Nothing("a0"))
    assert looked < 90

    class NothingYet(Nothing):
        is_undecided = True

    queue, looked = await filled(["b"] * 100), 0
    for _ in range(20):
        assert not queue.fill(NothingYet("a0"))
    assert queue.fill(Alike("b0")), "what may fit later is looked for as often as before"


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 9), st.booleans())
def test_each_job_comes_out_once(letters: list[str], room: int, takes_first: bool) -> None:
    async def run() -> None:
        names = [f"{letter}{number}" for number, letter in enumerate(letters)]
        queue, found = await filled(names), list[str]()
        while (taken := await queue.get()) is not None:
            batch = Alike(taken.path, room, takes_first=takes_first)
            queue.fill(batch)
            assert len(batch.names) <= room
            found += batch.names
        assert sorted(found) == sorted(names)

    asyncio.run(run())


async def test_what_is_put_back_comes_first_and_wakes_a_worker_even_if_the_queue_is_full() -> None:
    queue = await filled(["b1", "b2"])
    assert queue.full()
    queue.put_back([job("a1"), job("a2")])
    assert await rest(queue) == ["a1", "a2", "b1", "b2"]
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.put_back([job("a3")])
    taken = await asyncio.wait_for(waiting, 60)
    assert taken is not None
    assert taken.path == "a3"
