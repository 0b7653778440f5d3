"""Fetches and saves what shards bring, on one worker of a cluster, with the parts that any other run uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from crawler.app.resources import rate_limits
from crawler.http.client import HttpClient
from crawler.http.credentials.keyring import Keyring
from crawler.http.pacing.gate import Gate
from crawler.model.errors import CrawlerError
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.values import Known, Staged
from crawler.pipeline.attempts import prepare
from crawler.pipeline.runs.worker_jobs import JobSource, do_jobs
from crawler.pipeline.tools import Tools
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.fd_limits import are_few
from crawler.storage.state.read_only import NullState
from crawler.text.urls import STATE_DIRECTORY
from crawler.workers.cluster.shards import Settings
from crawler.workers.page_parsers import PageParsers

if TYPE_CHECKING:
    from crawler.storage.objects.location import Location


class Unfit(CrawlerError):
    """This worker cannot take part in the run."""


class Source(JobSource, Protocol):
    """The client, which has planned the jobs."""

    def check(self) -> None:
        """Raise DestinationError if nothing may be written any more."""

    async def doubt(self, paths: list[str]) -> None:
        """Have the client call ``StateStore.doubt``."""

    @property
    def keyring(self) -> Keyring:
        """The credentials that came with the jobs."""
        ...


def open_gate(settings: Settings, on_pause: Callable[[str, float], None]) -> Gate:
    """The gate of this worker. It has one connection per host, and no rate, until the client gives it a share."""
    gate = Gate(1, rate_limits([settings.config]).shared(), on_pause=on_pause, start=settings.start)
    gate.add_known(settings.hosts)
    return gate


async def work(source: Source, settings: Settings, gate: Gate, reporter: Observer) -> None:
    """Do all jobs of ``source``. Complete files get their names even if this is cancelled.

    ``reporter`` receives the results. Raises Unfit if this worker cannot take part, DestinationError if the
    destination fails as a whole.
    """
    if are_few():
        prepare()
    async with (
        _opened(settings, source.check) as destination,
        HttpClient(settings.options, gate, source.keyring) as client,
        PageParsers(source.warn) as parser,
    ):
        tools = Tools(client=client, destination=destination, observer=reporter, parser=parser)
        state = _State(source, knew_files=settings.knew_files)
        await do_jobs(source, tools, state, settings.config, settings.options.user_agent)


def _opened(settings: Settings, check: Callable[[], None]) -> AbstractAsyncContextManager[Destination]:
    """DIR, or the place in an object store: in any case that of the client. Entering it raises Unfit."""
    return _directory(settings, check) if settings.store is None else _store(settings, check)


@asynccontextmanager
async def _directory(settings: Settings, check: Callable[[], None]) -> AsyncIterator[Destination]:
    directory, config = Path(settings.directory), settings.config
    if settings.mark and not (directory / STATE_DIRECTORY / settings.mark).exists():
        raise Unfit(f"it does not see the DIR of this run at {directory}: mount the same file system there")
    own = tuple(settings.own)
    async with _Checked(directory, check, fsync=config.fsync, trash_seconds=config.trash_seconds, own=own) as opened:
        await opened.join()
        yield opened


@asynccontextmanager
async def _store(settings: Settings, check: Callable[[], None]) -> AsyncIterator[Destination]:
    try:
        from crawler.storage.objects.connect import connect
        from crawler.storage.objects.destination import ObjectDestination
        from crawler.storage.objects.own.run_mark import why_unseen
    except ImportError:
        raise Unfit("it lacks obstore: pip install 'crawler[objects]'") from None
    where, config = cast("Location", settings.store), settings.config
    problem = await why_unseen(where, config, settings.mark) if settings.mark else None
    if problem is not None:
        raise Unfit(f"{problem}: give it the same endpoint and credentials, by its environment or by [objects]")
    async with ObjectDestination(connect(where, config.objects), where, check) as opened:
        yield opened


class _Checked(LocalDestination):
    """Writes only while the client is there."""

    def __init__(self, directory: Path, check: Callable[[], None], **options: object) -> None:
        super().__init__(directory, **options)  # type: ignore[arg-type]
        self._check = check

    async def commit(self, batch: Sequence[Staged]) -> Sequence[Known | str]:
        self._check()
        return await super().commit(batch)


class _State(NullState):
    """Asks the client, which keeps the state, to doubt its records before a batch of files is named."""

    def __init__(self, source: Source, *, knew_files: bool) -> None:
        super().__init__()
        self._source, self.knew_files = source, knew_files

    async def doubt(self, paths: Collection[str]) -> None:
        await self._source.doubt(list(paths))
