"""Builds what fetches files. Imported with the first job, so that a run in which nothing has changed does without."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.model.config import Config
from crawler.model.interfaces import Permit
from crawler.model.values import Job
from crawler.pipeline.fetch.batches import Batches
from crawler.pipeline.fetch.downloader import Downloader, Published, nothing_published
from crawler.pipeline.fetch.segments import SegmentConnections
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.tools import Tools

if TYPE_CHECKING:
    from crawler.pipeline.fetch.failover import Alternatives


def build_downloader(
    config: Config, filters: Filters, tools: Tools, permit: Permit, *, alternatives: Alternatives | None = None
) -> Downloader:
    """Build the downloader of a run, which fetches and verifies one file at a time."""

    def rejects_headers(job: Job, size: int | None, modified: float | None) -> str | None:
        if not filters.has_limits or not filters.needs_headers(job.size, job.modified):
            return None
        moment = None if modified is None else datetime.fromtimestamp(modified, UTC)
        rejection = filters.rejects_headers(size, moment, job.path)
        return rejection.reason if rejection else None

    return Downloader(
        client=tools.client,
        destination=tools.destination,
        observer=tools.observer,
        permit=permit,
        attempts=config.attempts,
        is_listing=tools.parser.is_listing,
        verify=config.verify_digests,
        rejects_headers=rejects_headers,
        connections=SegmentConnections(most=config.segments, free=config.workers),
        alternatives=alternatives,
    )


def build_batches(config: Config, downloader: Downloader, published: Published | None = None) -> Batches:
    """Build the object that starts batches of small files. The client limits their number."""
    return Batches(
        downloader, is_trusted=config.pipeline > 1, published=published or nothing_published, workers=config.workers
    )
