"""Fetches several small files over one connection by sending their requests together (pipelining).

A response is used only if its listing row proves that it belongs to its request. Every other file is then fetched
alone, in the ordinary way and with all of its attempts.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import zip_longest

from crawler.model import limits
from crawler.model.network.responses import WholeResponse
from crawler.model.network.sharing import Carried, Verdict
from crawler.model.values import Job, Result, Staged
from crawler.pipeline.backlog import Finish
from crawler.pipeline.fetch.downloader import Downloader
from crawler.pipeline.fetch.plain import plain_files
from crawler.pipeline.rules.responses import alike
from crawler.pipeline.rules.responses.alike import sizes_of, with_size
from crawler.pipeline.rules.responses.carried import may_follow
from crawler.pipeline.rules.responses.conditional_requests import UNCONDITIONAL, request_headers
from crawler.pipeline.rules.responses.neighbours import all_facts, are_apart, is_plain, row_of
from crawler.pipeline.rules.responses.shared import verdict

Published = Callable[[list[Job]], Awaitable[list[Job]]]
"""Adds the digests that checksum files beside the files publish to the jobs that have none.

Returns its argument if it adds nothing."""


async def nothing_published(jobs: list[Job]) -> list[Job]:
    """The lookup of a run that consults no checksum files: no digest is known."""
    return jobs


class Batches:
    """Starts batches of small files.

    ``is_trusted``: the user asserts that servers respond in order, so rows need not tell the files of a batch apart.
    """

    def __init__(
        self, downloader: Downloader, *, is_trusted: bool = False, published: Published = nothing_published
    ) -> None:
        self.downloader = downloader
        self.is_trusted = is_trusted
        self.published = published

    def begin(self, job: Job) -> FileBatch | None:
        """Start a batch with ``job``. Returns None if the job has to be done alone."""
        shared = self.downloader
        if not is_plain(job) or shared.destination.has_part(job.path) or not shared.asks(job.url):
            return None
        depth = shared.client.sharing.depth(job.url)
        return FileBatch(self, job, depth) if depth > 1 else None


class FileBatch:
    """Small files of one origin that are requested together. Implements ``backlog.Batch`` and ``sharing.Together``."""

    are_small = True

    def __init__(self, batches: Batches, job: Job, room: int) -> None:
        self._batches = batches
        self.room = room
        self._jobs = [job]
        self._rows = [row_of(job)]
        self._sizes = sizes_of(self._rows)
        """The result of ``sizes_of`` for the rows."""
        self._origin = job.url[: job.url.find("/", job.url.find("://") + 3) + 1]
        self._size = job.size.high if job.size else 0
        """Maximum size of all bodies together, in bytes."""

    def add(self, job: Job) -> bool:
        """Add ``job`` if its row distinguishes it from all other files of the batch and the total size stays small."""
        if not is_plain(job) or not job.url.startswith(self._origin):
            return False
        size = self._size + (job.size.high if job.size else 0)
        row, batches = row_of(job), self._batches
        sizes = None if self._sizes is None else with_size(self._sizes, row)
        is_apart = sizes is not None or batches.is_trusted or all(are_apart(row, other) for other in self._rows)
        if size > limits.SMALL_BODY or not is_apart or batches.downloader.destination.has_part(job.path):
            return False
        self._jobs.append(job)
        self._rows.append(row)
        self._size, self._sizes = size, sizes
        return True

    async def process(self, finish: Finish) -> None:
        """Request all files together and save those whose responses are proven; then fetch the others one by one.

        Raises DestinationError.
        """
        shared, began = self._batches.downloader, time.monotonic()
        jobs = await self._batches.published(self._jobs)
        if jobs is not self._jobs:
            self._jobs, self._rows = jobs, [row_of(job) for job in jobs]
        for job in jobs:
            shared.observer.started(job)
        shared.connections.begin()
        try:
            replies = await shared.client.sharing.send(self)
        finally:
            shared.connections.end()
        alone, ready = list[Job](), list[Result | Staged]()
        for job, reply, plain in zip_longest(jobs, replies, plain_files(shared, jobs, replies, began)):
            done: Result | Staged | None = plain
            if plain is None and reply is not None:
                await finish(*ready)
                ready = []
                done = await shared.use(job, reply, began)
            if done is None:
                alone.append(job)
            else:
                ready.append(done)
        await finish(*ready)
        for job in alone:
            await finish(await shared.fetch(job))

    @property
    def url(self) -> str:
        return self._jobs[0].url

    def requests(self, most: int, free: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        """See ``Together``."""
        if len(self._rows) > most:
            del self._rows[most:]
            self._sizes = sizes_of(self._rows)
        return [
            (job.url, UNCONDITIONAL if job.known is None and not job.fresh else request_headers(job, None))
            for job in self._jobs[:most]
        ]

    def may_follow(self, carried: Carried) -> bool:
        """See ``Together``."""
        return alike.may_follow(self._rows, self._sizes, carried) or may_follow(self._rows, carried)

    def judge(self, responses: Sequence[WholeResponse | None], carried: Carried | None) -> Verdict:
        """See ``Together``."""
        rows = self._rows
        plain = alike.verdict(rows, self._sizes, responses, carried)
        return plain or verdict(rows, all_facts(rows, responses), carried, is_trusted=self._batches.is_trusted)
