"""The part that all kinds of runs have in common: their components, and the transfer of files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from crawler.model.config import Config
from crawler.model.interfaces import Redirects, Response
from crawler.model.observer import Observer
from crawler.model.state.store import StateStore
from crawler.model.struct import field
from crawler.model.values import Job, Outcome, Rejection, Result, Staged
from crawler.pipeline import engine
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.fetch.batches import nothing_published
from crawler.pipeline.plan.checksum_files import Checksums
from crawler.pipeline.plan.neighbours import UrlOf
from crawler.pipeline.pool import WorkerPool
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.runs.build import Tools, build_batches, build_downloader
from crawler.pipeline.runs.dry_run import DryRun
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.pipeline.walk.robots_txt import RobotsTxt

if TYPE_CHECKING:
    from crawler.pipeline.walk.upstreams.list_mirrors import ListMirrors
    from crawler.pipeline.walk.upstreams.upstreams import Upstreams


async def _unknown(_directory: str) -> str | None:
    return None


class Components(Tools, frozen=True, kw_only=True):
    """The components of a run, which ``app`` has built."""

    config: Config
    agent: str
    """The User-Agent header, which the groups of a robots.txt may name."""
    state: StateStore
    tally: Tally
    stop: Stop
    is_mirror: bool = False
    """Whether an earlier run found a listing with entries for DIR."""
    allowance: Allowance = field(default_factory=Allowance)
    url_of: UrlOf = _unknown
    """Looks up the URL that a directory in DIR with a state of its own mirrors, by its path."""
    pool: WorkerPool | None = None
    """The worker processes that fetch; None if there are none."""

    @property
    def dry_run(self) -> DryRun | None:
        """Notes what would be done in a dry run; None in any other run."""
        return None if self.tally.plan is None else DryRun(self.tally.plan, self.observer)


class Transfers:
    """Does the jobs of a run: fetches files and saves them, in this process or in worker processes."""

    def __init__(
        self,
        parts: Components,
        filters: Filters,
        rules: RobotsTxt,
        redirects: Callable[[], Redirects],
        *,
        results: Observer,
        checksums: Checksums | None = None,
        upstreams: Upstreams | ListMirrors | None = None,
    ) -> None:
        """``redirects`` returns the rules for redirects of files at the time of the call. ``results`` receives all
        results of the workers. ``checksums``: None if published checksum files are not consulted. ``upstreams``: the
        hosts that have the files, if there are several.
        """
        self._parts = parts
        self._redirects = redirects
        self._results = results
        self._checksums = checksums
        self._upstreams = upstreams
        permit = rules.permit(_current(redirects))
        self._downloader = build_downloader(parts.config, filters, parts, permit, alternatives=upstreams)
        self._dry_run = parts.dry_run

    async def guarded(self, work: Callable[[Committer], Coroutine[Any, Any, None]]) -> bool:
        """Do ``work`` with a running committer. Returns False if it was stopped; complete files are always kept."""
        committer = Committer(self._parts.destination, self._parts.state, self._results)
        writer = asyncio.create_task(committer.run(), name="committer")
        try:
            await self._parts.stop.guard(work(committer))
        finally:
            committer.close()
            await writer
        return self._parts.stop.reason is None

    async def run(self, produce: engine.Produce, committer: Committer) -> list[tuple[str, str]]:
        """Do the jobs that ``produce`` puts. Raises DestinationError.

        Returns (path, URL) of each entry that looked like a file in its listing but is a directory.
        """
        config, pool, directories = self._parts.config, self._parts.pool, list[tuple[str, str]]()

        async def finish(done: Result | Staged) -> None:
            if self._upstreams is not None:
                done = self._upstreams.noted(done)
            if isinstance(done, Result) and done.outcome is Outcome.DIRECTORY:
                directories.append((done.path, done.url))
            await committer.put(done)

        workers = config.workers if pool is None else pool.capacity  # a gate limits the requests to each host
        try:
            await engine.run(
                produce, self._process(), finish, workers=workers, backlog=config.backlog, begin=self._begin()
            )
            if pool is not None:
                pool.check()
        except BaseException:
            for result in await pool.stop() if pool is not None else ():
                await finish(result)
            raise
        return directories

    async def use(self, job: Job, reply: Response, began: float) -> Result | Staged | None:
        """Make the first attempt at ``job`` with a response that is here; None: further ones are worthwhile."""
        return await self._downloader.use(job, reply, began, is_alone=True)

    def _begin(self) -> engine.Begin:
        """The function that starts batches. In dry runs and with worker processes it starts none."""
        if self._dry_run is not None or self._parts.pool is not None:
            return lambda _job: None
        published = nothing_published if self._checksums is None else self._checksums.beside_all
        return build_batches(self._parts.config, self._downloader, published).begin

    def _process(self) -> engine.Process:
        """The function that the engine's workers call for each job."""
        if self._dry_run is not None:
            return self._dry_run.process
        fetch, pool, checksums = self._downloader.process, self._parts.pool, self._checksums
        if pool is not None:
            fetch = partial(pool.process, redirects=self._redirects, fallback=self._downloader.process)

        async def process(job: Job) -> Result | Staged:
            return await fetch(job if checksums is None else await checksums.beside(job))

        return process


def _current(redirects: Callable[[], Redirects]) -> Callable[[str, str], Rejection | None]:
    """A rule for redirects that asks ``redirects`` at each redirect, because its rules may change."""
    return lambda source, target: redirects().file_redirect(source, target)
