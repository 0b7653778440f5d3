"""One run from start to end: robots.txt, the walk, the transfers, the files held back, the deletions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from crawler import engine, listings
from crawler.attempts import persist
from crawler.checksums import Checksums
from crawler.committer import Committer
from crawler.config import Config
from crawler.deletion import Excluded, candidates, check_limit, remove
from crawler.discover import Bounds, Folder, FolderPage, Refuse, Walker
from crawler.dryrun import Planner
from crawler.errors import FetchError, ListingError, RobotsForbidden, VerificationError
from crawler.escape import masked
from crawler.filters import Filters
from crawler.interfaces import Client, Destination, Observer, Permit, StateStore
from crawler.models import Job, Outcome, Rejection, Result, Staged, Validators
from crawler.producer import Policy, Producer
from crawler.reading import Reader
from crawler.report import Tally
from crawler.retry import RETRYABLE_STATUS
from crawler.robots import ALLOW_ALL, Robots, rules_for
from crawler.scope import same_host_redirect
from crawler.space import Budget, Room
from crawler.stop import Stop
from crawler.transfer import Downloader

HELD_BACK = "held back, because something before it failed"
"""Why a file that matches --last was skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What ``app`` built for a run."""

    config: Config
    agent: str
    client: Client
    destination: Destination
    state: StateStore
    observer: Observer
    tally: Tally
    stop: Stop


async def fetch_robots(client: Client, config: Config, agent: str, url: str) -> Callable[[str], bool]:
    """Which URLs robots.txt allows us. Raises as ``fetch_rules`` does, and RobotsForbidden if it forbids ``url``."""
    allows = await fetch_rules(client, config, agent, url)
    if not allows(url):
        where = urlsplit(url)
        raise RobotsForbidden(
            f"{where.scheme}://{where.netloc}/robots.txt forbids {url}: --no-robots goes on without asking"
        )
    return allows


async def fetch_rules(client: Client, config: Config, agent: str, url: str) -> Callable[[str], bool]:
    """Which URLs on the host of ``url`` robots.txt allows us.

    Raises ListingError if the host cannot be talked to, RobotsForbidden if its robots.txt cannot be had.
    """
    if config.no_robots:
        return lambda _url: True
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}/robots.txt"

    async def ask() -> Robots | None:
        page = await client.fetch_page(where, validators=Validators(), permit=same_host_redirect)
        if page.status in RETRYABLE_STATUS:
            raise FetchError(f"HTTP {page.status}", url=where, status=page.status)
        return rules_for(page.status, page.body)

    try:
        robots = await persist(ask, config.attempts)
    except VerificationError:
        robots = ALLOW_ALL
    except FetchError as error:
        if error.status is None and error.rejection is None:  # not an answer: the certificate, the host, the protocol
            raise ListingError(f"{masked(url)}: {error}") from error
        robots = ALLOW_ALL if error.rejection else None
    if robots is None:
        raise RobotsForbidden(f"{where} cannot be read, so nothing may be fetched: --no-robots goes on without it")
    rules = robots
    return lambda target: rules.allows(target, agent)


def build_walker(
    config: Config,
    client: Client,
    state: StateStore,
    observer: Observer,
    *,
    refuse: Refuse = lambda _path, _url: None,
) -> Walker:
    """A walker that goes as far as ``config`` says."""
    reader = Reader(
        client=client,
        state=state,
        observer=observer,
        parse=listings.parse_listing_pieces,
        attempts=config.attempts,
    )
    return Walker(
        reader,
        observer,
        bounds=Bounds(listers=config.listers, max_depth=config.max_depth, recursive=not config.no_recursive),
        refuse=refuse,
        hosts=frozenset(host.lower() for host in config.allow_host),
    )


class Run:
    """What a mirror and a list of URLs have in common: workers, and a committer that outlives a stop."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.filters = Filters(parts.config, datetime.now(UTC))
        self.committer = Committer(parts.destination, parts.state, parts.observer)
        self.late: list[tuple[str, str]] = []
        """(path, URL) of what looked like a file and is a folder."""
        steps = parts.tally.plan
        self.planner = None if steps is None else Planner(steps, parts.observer)
        """Set for a dry run: it notes what would be done, and nothing is."""
        self.checksums: Checksums | None = None
        """Set where published checksum files are to be looked into."""

    async def guarded(self, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do ``work`` with the committer running. False if it was stopped; what was fetched is kept either way."""
        writer = asyncio.create_task(self.committer.run(), name="committer")
        try:
            await self.parts.stop.guard(work())
        finally:
            self.committer.close()
            await writer
        return self.parts.stop.reason is None

    async def engine(self, produce: engine.Produce, permit: Permit) -> None:
        config = self.parts.config
        downloader = Downloader(
            client=self.parts.client,
            destination=self.parts.destination,
            observer=self.parts.observer,
            permit=permit,
            attempts=config.attempts,
            is_listing=lambda body, url, kind: listings.parse_listing(body, url, kind).is_listing,
            verify=config.verify_digests,
            rejects_headers=self._rejects_headers,
        )

        async def fetch(job: Job) -> Result | Staged:
            digest = await self.checksums.beside(job.path) if self.checksums and job.digest is None else None
            return await downloader.process(replace(job, digest=digest) if digest else job)

        process = fetch if self.planner is None else self.planner.process
        await engine.run(produce, process, self._finish, workers=config.workers, backlog=config.backlog)

    def _rejects_headers(self, job: Job, size: int | None, modified: float | None) -> str | None:
        if not self.filters.needs_headers(job.size, job.modified):
            return None
        moment = None if modified is None else datetime.fromtimestamp(modified, UTC)
        rejection = self.filters.rejects_headers(size, moment, job.path)
        return rejection.reason if rejection else None

    async def _finish(self, done: Result | Staged) -> None:
        if isinstance(done, Result) and done.outcome is Outcome.DIRECTORY:
            self.late.append((done.path, done.url))
        await self.committer.put(done)


class MirrorRun(Run):
    """Mirrors one listing and what is below it."""

    def __init__(self, parts: Parts, url: str) -> None:
        super().__init__(parts)
        self._url = url
        self._walker: Walker
        self._producer: Producer

    async def run(self) -> None:
        """Raises ListingError, RobotsForbidden, DestinationError, DeleteRefused."""
        if await self.guarded(self._transfer):
            await self._delete()
            await self._clean_parts()

    async def _transfer(self) -> None:
        parts, config = self.parts, self.parts.config
        allows = await fetch_robots(parts.client, config, parts.agent, self._url)
        free = await parts.destination.free_space()
        room = Room(parts.tally.directory, free, keeps_old=config.trash is not None, strict=self.planner is None)
        if config.verify_digests:
            self.checksums = Checksums(
                parts.client,
                parts.destination,
                parts.state,
                self._permit,
                attempts=config.attempts,
                warn=parts.tally.warn,
            )
        policy = Policy(
            allows=allows,
            budget=Budget(files=config.max_files, size=config.max_total_size),
            room=room,
            last=config.last,
            check=config.check,
            checksums=self.checksums,
        )
        self._producer = producer = Producer(parts.destination, parts.state, parts.observer, self.filters, policy)
        self._walker = walker = build_walker(config, parts.client, parts.state, parts.observer, refuse=producer.refuse)
        producer.scope = lambda: walker.scope
        starts = [Folder(path="", url=self._url)]
        while starts:
            await self.engine(lambda put, starts=starts: self._produce(starts, put), self._permit)  # type: ignore[misc]
            late, self.late = self.late, []
            starts = walker.late(late)
        await self.committer.drain()
        await self._finish_last(producer.held)
        if room.problem is not None:
            parts.tally.warn(room.problem, 4)

    async def _produce(self, starts: Sequence[Folder], put: engine.Put) -> None:
        producer, walker = self._producer, self._walker
        producer.put = put

        async def visit(page: FolderPage) -> None:
            await producer.visit(page)
            walker.stopped = producer.exhausted

        await walker.walk(starts, visit)
        self.parts.observer.walked()

    def _permit(self, source: str, target: str) -> Rejection | None:
        return self._walker.scope.file_redirect(source, target)

    async def _finish_last(self, held: Sequence[Job]) -> None:
        """Files that match --last, which name others: only once all of those are here."""
        if self.parts.tally.failed:
            for job in held:
                self.parts.observer.finished(
                    Result(path=job.path, url=job.url, outcome=Outcome.SKIPPED, reason=HELD_BACK)
                )
            return

        async def produce(put: engine.Put) -> None:
            for job in held:
                await put(job)

        if held:
            await self.engine(produce, self._permit)
            await self.committer.drain()

    async def _delete(self) -> None:
        """What is gone upstream, if nothing casts doubt on that."""
        parts, config, producer = self.parts, self.parts.config, self._producer
        parts.tally.extraneous = len(producer.extraneous)
        if not config.delete or not producer.extraneous:
            return
        if producer.exhausted:
            parts.tally.warn("nothing was deleted: the run ended at --max-files or --max-total-size")
            return
        if parts.tally.failed and not config.ignore_errors:
            code = 6 if self._walker.failures else 0
            parts.tally.warn("nothing was deleted, because something failed (--ignore-errors would)", code)
            return
        doomed = await candidates(
            producer.extraneous, parts.destination, self.filters, delete_excluded=config.delete_excluded
        )
        parts.tally.extraneous = len(doomed.files)
        if self.planner is not None:
            self.planner.delete(doomed)
        check_limit(len(doomed.files), producer.local_files + doomed.uncounted, config.max_delete)
        if self.planner is not None:
            return
        for path, reason in await remove(doomed, parts.destination, parts.state, parts.observer):
            parts.tally.warn(f"could not delete {path}: {reason}", 4)

    async def _clean_parts(self) -> None:
        """After a run that brought all there is, a part that is left belongs to a file that is gone upstream."""
        config = self.parts.config
        is_partial = config.no_recursive or config.max_depth is not None or self._producer.exhausted
        if self.planner is None and not is_partial and not self.parts.tally.failed:
            await self.parts.destination.clean_parts(Excluded(self.filters))
