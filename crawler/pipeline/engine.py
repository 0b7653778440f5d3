"""The engine: a producer feeds a bounded queue that a fixed number of workers drain.

Only the producer puts jobs. A worker that put into the bounded queue it drains could wait forever once the queue is
full; so recursion belongs to the producer, and the queue carries files only. A file that fails is a Result; an
exception that arrives here is a bug or a failed destination, and stops the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from crawler.model.values import Job, Result, Staged

Put = Callable[[Job], Awaitable[None]]
Produce = Callable[[Put], Awaitable[None]]
Process = Callable[[Job], Awaitable[Result | Staged]]
Finish = Callable[[Result | Staged], Awaitable[None]]


async def run(produce: Produce, process: Process, finish: Finish, *, workers: int, backlog: int) -> None:
    """Run ``process`` on every job that ``produce`` puts, ``workers`` at a time; pass each result to ``finish``.

    At most ``backlog`` jobs wait. Returns when all are done. Raises an ExceptionGroup if a part fails; cancelling it
    cancels all parts.
    """
    queue: asyncio.Queue[Job | None] = asyncio.Queue(backlog)

    async def producer() -> None:
        await produce(queue.put)
        for _ in range(workers):
            await queue.put(None)

    async def worker() -> None:
        while (job := await queue.get()) is not None:
            await finish(await process(job))

    async with asyncio.TaskGroup() as group:
        group.create_task(producer(), name="producer")
        for number in range(workers):
            group.create_task(worker(), name=f"worker-{number}")
