"""The engine: a producer feeds a bounded queue that a fixed number of workers drain.

Only the producer puts jobs. A worker that put into the bounded queue it drains could wait forever once the queue is
full; so only the producer enters directories, and the queue carries files only. A file that fails is a Result; an
exception that arrives here is a bug or a failure of the destination, and stops the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from crawler.model.values import Job, Result, Staged
from crawler.pipeline.backlog import Backlog, Batch, Finish


class Put(Protocol):
    """Puts jobs into the queue. Waits while it is full."""

    async def __call__(self, *jobs: Job) -> None: ...


Produce = Callable[[Put], Awaitable[None]]
Process = Callable[[Job], Awaitable[Result | Staged]]
Begin = Callable[[Job], Batch | None]
"""Starts a batch with a job; returns None if the job has to be done alone."""


async def run(
    produce: Produce, process: Process, finish: Finish, *, workers: int, backlog: int, begin: Begin = lambda _job: None
) -> None:
    """Run ``process`` on every job that ``produce`` puts, ``workers`` at a time; pass each result to ``finish``.

    A worker does several jobs together if ``begin`` returns a batch. At most ``backlog`` jobs wait. Returns when all
    are done. Raises an ExceptionGroup if a part fails; cancelling it cancels all parts.
    """
    queue = Backlog(backlog)

    async def producer() -> None:
        await produce(queue.put)
        for _ in range(workers):
            await queue.put(None)

    async def worker() -> None:
        while (job := await queue.get()) is not None:
            batch = begin(job)
            if batch is not None and (queue.fill(batch) or batch.is_rest):
                await batch.process(finish, queue.put_back)
            else:
                await finish(await process(job))

    async with asyncio.TaskGroup() as group:
        group.create_task(producer(), name="producer")
        for number in range(workers):
            group.create_task(worker(), name=f"worker-{number}")
