"""Does the jobs of a run with all of their attempts, and then on other hosts that have the file, if there are any."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import Response
from crawler.model.struct import field, replace
from crawler.model.values import Job, Result, Staged
from crawler.pipeline.attempts import persist
from crawler.pipeline.fetch.effort import Ended
from crawler.pipeline.fetch.transfer import Shared, Transfer
from crawler.pipeline.seen_responses import SeenResponses
from crawler.text.hosts import origin_of

if TYPE_CHECKING:
    from crawler.pipeline.fetch.failover import Alternatives


Published = Callable[[list[Job]], Awaitable[list[Job]]]
"""Adds the digests that checksum files beside the files publish to the jobs that have none.

Returns its argument if it adds nothing."""


async def nothing_published(jobs: list[Job]) -> list[Job]:
    """The lookup of a run that consults no checksum files: no digest is known."""
    return jobs


class Downloader(Shared, frozen=True, kw_only=True):
    """Does jobs one at a time. The engine's workers call ``process``."""

    alternatives: Alternatives | None = None
    """The other hosts; None if all files are on one host."""
    seen: SeenResponses = field(default_factory=SeenResponses)
    """What the responses to requests in the usual way were like."""

    async def process(self, job: Job) -> Result | Staged:
        """Do one job. A failed file is a Result; raises DestinationError if the destination itself fails."""
        self.observer.started(job)
        return await self.fetch(job)

    async def use(self, job: Job, reply: Response, began: float, *, is_alone: bool = False) -> Result | Staged | None:
        """Do one job with a response to its request, sent at ``began``. None if it must be requested again."""
        transfer = Transfer(self, job, began)
        try:
            transfer.effort.begin_attempt()
            done = await transfer.take(reply, None)
        except (FetchError, VerificationError) as error:
            return transfer.effort.ended_by(error, most=self.attempts if is_alone and not job.mirrors else None)
        finally:
            await transfer.close()
        return done and await self.verifiable(done)

    async def fetch(self, job: Job) -> Result | Staged:
        """Do one job, like ``process``, whose beginning has been reported to the observer already."""
        if self.alternatives is not None:
            from crawler.pipeline.fetch.failover import fetch_from_any  # imported only if needed, as below

            return await fetch_from_any(self, job, self.alternatives)
        ended = await self.attempt(job)
        if not ended.is_failed or ended.headers is None or "Link" not in ended.headers:
            return ended.done
        from crawler.pipeline.fetch.failover import fetch_duplicate

        return await fetch_duplicate(self, job, ended)

    def asks(self, url: str) -> bool:
        """Whether the host of ``url`` is still used, and not given up."""
        return self.alternatives is None or self.alternatives.given_up(url) is None

    async def attempt(self, job: Job) -> Ended:
        """Do one job, like ``fetch``, and return also what another upstream needs if this one fails."""
        transfer, error = Transfer(self, job), None
        self.connections.begin()
        try:
            done = await persist(transfer.attempt, max(1, self.attempts - job.spent))
        except (FetchError, VerificationError) as problem:
            done, error = transfer.effort.failed(problem), problem
        finally:
            self.connections.end()
            await transfer.close()
        if isinstance(done, Staged) and transfer.headers is not None:
            self.seen.note_one(origin_of(job.url), job.path, transfer.headers)
        promise = error.promise if isinstance(error, FetchError) else None
        return Ended(await self.verifiable(done), error, promise or transfer.headers)

    async def verifiable(self, done: Result | Staged) -> Result | Staged:
        """``done``, with the digest of the copy added if it was adopted without one.

        A digest that is stored beside the copy is known only where the copy was looked at: in the process that plans.
        """
        if not isinstance(done, Result) or done.known is None or done.known.digest:
            return done
        digest = await self.destination.noted_digest(done.path) or None
        return replace(done, known=replace(done.known, digest=digest))
