"""What every run has: its parts, and workers and a committer that outlive a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from crawler.model.config import Config
from crawler.model.interfaces import Redirects, WorkerPool
from crawler.model.observer import Observer
from crawler.model.state.store import StateStore
from crawler.model.values import Job, Outcome, Rejection, Result, Staged
from crawler.pipeline import engine
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.plan.checksum_files import Checksums
from crawler.pipeline.plan.neighbours import UrlOf
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.runs.build import Tools, build_downloader
from crawler.pipeline.runs.dry_run import DryRun
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.pipeline.walk.robots_txt import RobotsTxt


async def _unknown(_folder: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Components(Tools):
    """What ``app`` built for a run."""

    config: Config
    agent: str
    state: StateStore
    tally: Tally
    stop: Stop
    allowance: Allowance = field(default_factory=Allowance)
    url_of: UrlOf = _unknown
    """Tells of which URL a folder of DIR with a state of its own is the mirror."""
    pool: WorkerPool | None = None
    """Set where other processes fetch."""


class Run:
    """What a mirror and a list of URLs have in common: workers, and a committer that outlives a stop."""

    def __init__(self, parts: Components) -> None:
        self.parts = parts
        self.filters = Filters(parts.config, datetime.now(UTC))
        self.rules = RobotsTxt(parts.client, parts.config, parts.agent)
        self.committer: Committer
        """Of the work that ``guarded`` does now."""
        self.results: Observer = parts.observer
        """Hears of each result of the workers."""
        self.late: list[tuple[str, str]] = []
        """(path, URL) of what looked like a file and is a folder."""
        steps = parts.tally.plan
        self.planner = None if steps is None else DryRun(steps, parts.observer)
        """Set for a dry run: it notes what would be done, and nothing is."""
        self.checksums: Checksums | None = None
        """Set where published checksum files are to be looked into."""

    async def guarded(self, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do ``work`` with the committer running. False if it was stopped; what was fetched is kept either way."""
        self.committer = Committer(self.parts.destination, self.parts.state, self.results)
        writer = asyncio.create_task(self.committer.run(), name="committer")
        try:
            await self.parts.stop.guard(work())
        finally:
            self.committer.close()
            await writer
        return self.parts.stop.reason is None

    def redirects(self) -> Redirects:
        """What decides about redirects of files now."""
        raise NotImplementedError

    async def permit(self, source: str, target: str) -> Rejection | None:
        return self.redirects().file_redirect(source, target) or await self.rules.check(target)

    async def engine(self, produce: engine.Produce) -> None:
        """Do the jobs that ``produce`` puts, here or by other processes. Raises DestinationError."""
        parts, config = self.parts, self.parts.config
        downloader = build_downloader(config, self.filters, parts, self.permit)
        workers, fetch, pool = config.workers, downloader.process, parts.pool
        if pool is not None:
            workers = pool.capacity  # the bound for each host is that of the gates
            fetch = partial(pool.process, redirects=self.redirects, fallback=downloader.process)

        async def process(job: Job) -> Result | Staged:
            digest = await self.checksums.beside(job.path) if self.checksums and job.digest is None else None
            return await fetch(replace(job, digest=digest) if digest else job)

        if self.planner is not None:
            process = self.planner.process
        try:
            await engine.run(produce, process, self._finish, workers=workers, backlog=config.backlog)
            if pool is not None:
                pool.check()
        except BaseException:
            for result in await pool.stop() if pool is not None else ():
                await self._finish(result)
            raise

    async def _finish(self, done: Result | Staged) -> None:
        if isinstance(done, Result) and done.outcome is Outcome.DIRECTORY:
            self.late.append((done.path, done.url))
        await self.committer.put(done)
