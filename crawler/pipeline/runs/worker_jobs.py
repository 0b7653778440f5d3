"""Does the jobs that another process plans: the part of a run that a worker does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

from crawler.model.config import Config
from crawler.model.state.store import StateStore
from crawler.model.values import Rejection
from crawler.pipeline import engine
from crawler.pipeline.fetch.build import build_batches, build_downloader
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.tools import Tools
from crawler.pipeline.walk.robots_txt import RobotsTxt


class JobSource(Protocol):
    """The process that plans the jobs and keeps the state."""

    async def produce(self, put: engine.Put) -> None:
        """The engine's producer: put its jobs, until there are no more."""

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        """The rejection of a redirect of a file; None if it may be followed."""

    def warn(self, text: str) -> None:
        """Report a problem that does not end the work."""


async def do_jobs(source: JobSource, tools: Tools, state: StateStore, config: Config, agent: str) -> None:
    """Do all jobs of ``source``. Complete files get their names even if this is cancelled.

    ``state`` stands in for the one that the source keeps; ``agent`` is the User-Agent. Raises DestinationError.
    """
    filters = Filters(config, datetime.now(UTC))
    rules = RobotsTxt(tools.client, config, agent)
    downloader = build_downloader(config, filters, tools, rules.permit(source.file_redirect))
    committer = Committer(tools.destination, state, tools.observer)
    writer = asyncio.create_task(committer.run(), name="committer")
    try:
        begin, workers, backlog = build_batches(config, downloader).begin, config.workers, config.backlog
        await engine.run(
            source.produce, downloader.process, committer.put, workers=workers, backlog=backlog, begin=begin
        )
    finally:
        committer.close()
        await writer
        for text in sorted(getattr(tools.destination, "lacks", ())):
            source.warn(text)
