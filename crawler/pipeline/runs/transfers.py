"""Does the jobs of a run: fetches files and saves them, in this process or in worker processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from crawler.model.columns.new_files import NewFiles, one_by_one
from crawler.model.interfaces import Redirects, Response
from crawler.model.observer import Observer
from crawler.model.values import Job, Outcome, Rejection, Result, Staged
from crawler.pipeline import engine
from crawler.pipeline.backlog import Batch
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.runs.components import Components
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.walk.robots_txt import RobotsTxt

if TYPE_CHECKING:
    from crawler.pipeline.fetch.downloader import Downloader
    from crawler.pipeline.plan.checksum_files import Checksums
    from crawler.pipeline.walk.upstreams.list_mirrors import ListMirrors
    from crawler.pipeline.walk.upstreams.upstreams import Upstreams


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
        checksums: Callable[[], Checksums | None] = lambda: None,
        upstreams: Upstreams | ListMirrors | None = None,
    ) -> None:
        """``redirects`` returns the rules for redirects of files at the time of the call. ``results`` receives all
        results of the workers. ``checksums`` returns None if published checksum files are not consulted.
        ``upstreams``: the hosts that have the files, if there are several.
        """
        self._parts = parts
        self._redirects = redirects
        self._results = results
        self._checksums = checksums
        self._upstreams = upstreams
        self._filters = filters
        self._permit = rules.permit(_current(redirects))
        self._dry_run = parts.dry_run
        self._built: Downloader | None = None

    @property
    def _downloader(self) -> Downloader:
        """Built when the first file is to be fetched."""
        if self._built is None:
            from crawler.pipeline.fetch.build import build_downloader

            config, parts = self._parts.config, self._parts
            self._built = build_downloader(config, self._filters, parts, self._permit, alternatives=self._upstreams)
        return self._built

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

    async def run(self, produce: engine.Produce, committer: Committer) -> list[Result]:
        """Do the jobs that ``produce`` puts. Raises DestinationError.

        Returns the results of the entries that looked like files in their listings but are directories.
        """
        config, pool, directories = self._parts.config, self._parts.pool, list[Result]()

        async def finish(*done: Result | Staged | NewFiles) -> None:
            if self._upstreams is not None:
                done = tuple(self._upstreams.noted(each) for each in one_by_one(done))
            if Result in set(map(type, done)):  # seldom for those of a batch
                results = [each for each in done if isinstance(each, Result)]
                directories.extend(each for each in results if each.outcome is Outcome.DIRECTORY)
            await committer.put(*done)

        workers = config.workers if pool is None else pool.capacity  # a gate limits the requests to each host
        try:
            watched = self._watched(produce)
            await engine.run(
                watched, self._process(), finish, workers=workers, backlog=config.backlog, begin=self._begin()
            )
            if pool is not None:
                pool.check()
        except BaseException:
            for result in await pool.stop() if pool is not None else ():
                await finish(result)
            raise
        return directories

    def _watched(self, produce: engine.Produce) -> engine.Produce:
        """``produce``, ended if the workers can no longer be used: it may wait for a listing, or in a pause."""
        pool = self._parts.pool
        if pool is None:
            return produce

        async def watched(put: engine.Put) -> None:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(pool.watch())
                await produce(put)
                watch.cancel()

        return watched

    async def use(self, job: Job, reply: Response, began: float) -> Result | Staged | None:
        """Make the first attempt at ``job`` with a response that is here; None: further ones are worthwhile."""
        return await self._downloader.use(job, reply, began, is_alone=True)

    def _begin(self) -> engine.Begin:
        """The function that starts batches. In dry runs and with worker processes it starts none."""
        if self._dry_run is not None or self._parts.pool is not None:
            return lambda _job: None
        begin: engine.Begin | None = None

        def begin_with(job: Job) -> Batch | None:
            nonlocal begin
            if begin is None:
                from crawler.pipeline.fetch.build import build_batches

                checksums = self._checksums()
                published = None if checksums is None else checksums.beside_all
                begin = build_batches(self._parts.config, self._downloader, published).begin
            return begin(job)

        return begin_with

    def _process(self) -> engine.Process:
        """The function that the engine's workers call for each job."""
        if self._dry_run is not None:
            return self._dry_run.process
        pool = self._parts.pool

        async def process(job: Job) -> Result | Staged:
            if (checksums := self._checksums()) is not None:
                job = await checksums.beside(job)
            if pool is None:
                return await self._downloader.process(job)
            done = await pool.process(job, redirects=self._redirects, fallback=self._downloader.process)
            return await self._downloader.verifiable(done)

        return process


def _current(redirects: Callable[[], Redirects]) -> Callable[[str, str], Rejection | None]:
    """A rule for redirects that asks ``redirects`` at each redirect, because its rules may change."""
    return lambda source, target: redirects().file_redirect(source, target)
