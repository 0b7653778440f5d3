"""Composition: the only place that builds concrete objects and joins them into a run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from crawler import urls
from crawler.access import client_options
from crawler.client import Client
from crawler.config import Config
from crawler.destinations.local import LocalDestination
from crawler.discover import Folder, FolderPage
from crawler.errors import CrawlerError, DestinationError
from crawler.escape import masked
from crawler.gate import Gate
from crawler.interfaces import Observer
from crawler.listings import parse_listing
from crawler.models import Entry, Listing, Rejection
from crawler.progress import Fanout
from crawler.report import Report, Tally
from crawler.run import MirrorRun, Parts, build_walker, fetch_robots
from crawler.state import NullState, ReadOnlyState, SqliteState
from crawler.stop import Stop
from crawler.url_list import DownloadRun


async def mirror(
    url: str, directory: str | Path, config: Config | None = None, *, observers: Sequence[Observer] = ()
) -> Report:
    """Mirror the listing at ``url`` into ``directory``.

    Failures of single files are in the Report. Raises ConfigError, ListingError (the root), DestinationError,
    AlreadyRunning, RobotsForbidden, DeleteRefused. May be cancelled; what is complete is kept.
    """
    report, error = await run_mirror(url, directory, config or Config(), observers, Stop())
    if error is not None:
        raise error
    return report


async def download(
    items: Iterable[tuple[str, str]],
    directory: str | Path,
    config: Config | None = None,
    *,
    observers: Sequence[Observer] = (),
) -> Report:
    """Save each (URL, path under ``directory``); an empty path is the last name of the URL.

    Raises ConfigError, DestinationError, AlreadyRunning.
    """
    report, error = await run_download(items, directory, config or Config(), observers, Stop())
    if error is not None:
        raise error
    return report


async def run_mirror(
    url: str,
    directory: str | Path,
    config: Config,
    observers: Sequence[Observer],
    stop: Stop,
    gate: Gate | None = None,
) -> tuple[Report, CrawlerError | None]:
    """``mirror``, but an error that ends the run comes back beside the report of what was done until then."""
    start = urls.start_url(url)
    bare, _ = urls.userinfo(start)
    tally = Tally(masked(bare), str(directory))

    async def work(parts: Parts) -> None:
        await MirrorRun(parts, bare).run()

    setup = _Setup(starts=(start,), directory=Path(directory), config=config, gate=gate or shared_gate([config]))
    return await _accounted(work, setup, tally, observers, stop)


async def run_download(
    items: Iterable[tuple[str, str]], directory: str | Path, config: Config, observers: Sequence[Observer], stop: Stop
) -> tuple[Report, CrawlerError | None]:
    """``download``, but an error that ends the run comes back beside the report of what was done until then."""
    wanted = [(urls.start_url(url), path) for url, path in items]
    tally = Tally("", str(directory))

    async def work(parts: Parts) -> None:
        await DownloadRun(parts).run([(urls.userinfo(url)[0], path) for url, path in wanted])

    starts = tuple(url for url, _ in wanted)
    setup = _Setup(starts=starts, directory=Path(directory), config=config, gate=shared_gate([config]))
    return await _accounted(work, setup, tally, observers, stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setup:
    """What a run is about."""

    starts: tuple[str, ...]
    """URLs as given, with their user and password."""
    directory: Path
    config: Config
    gate: Gate


async def _accounted(
    work: Callable[[Parts], Awaitable[None]], setup: _Setup, tally: Tally, observers: Sequence[Observer], stop: Stop
) -> tuple[Report, CrawlerError | None]:
    """Open everything, do ``work``, close everything; the account is closed whatever happens."""
    began = time.monotonic()
    error: CrawlerError | None = None
    timer = None
    if setup.config.dry_run:
        tally.plan = []
    if setup.config.max_duration is not None:
        timer = asyncio.get_running_loop().call_later(setup.config.max_duration, stop.request, "--max-duration")
    try:
        async with AsyncExitStack() as stack:
            await work(await _open(stack, setup, tally, observers, stop))
    except CrawlerError as problem:
        error = problem
    except BaseExceptionGroup as group:
        error = _first(group)
    finally:
        if timer is not None:
            timer.cancel()
    if error is not None:
        tally.warn(str(error), error.exit_code)
    report = tally.close(time.monotonic() - began, stop.reason or ("an error" if error else None))
    if not report.accounts:  # promise 6; it cannot be, and if it is, it is said
        report = report.warned("the account does not close: please report this as a bug", 1)
    return report, error


def _first(group: BaseExceptionGroup[BaseException]) -> CrawlerError:
    """The error that a TaskGroup's children died of. Raises what is none of ours."""
    _, others = group.split(CrawlerError)
    if others is not None:
        raise others
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return cast("CrawlerError", error)


async def _open(stack: AsyncExitStack, setup: _Setup, tally: Tally, observers: Sequence[Observer], stop: Stop) -> Parts:
    """The parts of a run, opened on ``stack``: DIR is locked first, so that nothing is touched twice."""
    config = setup.config
    options = client_options(config, setup.starts)
    await _refuse_missing_disk(setup.directory, config)
    destination = await stack.enter_async_context(
        LocalDestination(setup.directory, fsync=config.fsync, trash_seconds=config.trash, read_only=config.dry_run)
    )
    tally.free = await destination.free_space()
    if not config.dry_run:
        await destination.acquire(config.lock_wait)
    path = state_path(setup.directory, config)
    if path.is_symlink() and not config.state:
        tally.warn(f"{path} is a symbolic link and is not used: remove it")
        state: SqliteState = NullState()
    else:
        state = await stack.enter_async_context(ReadOnlyState(path) if config.dry_run else SqliteState(path))
    stack.callback(lambda: tally.warn(state.problem) if state.problem else None)
    client = await stack.enter_async_context(Client(options, setup.gate))
    return Parts(
        config=config,
        agent=options.user_agent,
        client=client,
        destination=destination,
        state=state,
        observer=Fanout([tally, *observers]) if observers else tally,
        tally=tally,
        stop=stop,
    )


async def _refuse_missing_disk(directory: Path, config: Config) -> None:
    """Raise DestinationError if a state kept elsewhere knows files, but DIR holds no trace of us.

    That is how an empty mount point looks when its disk is missing: everything would be fetched onto the disk below.
    """
    if not config.state or (directory / urls.STATE_DIRECTORY).exists():
        return
    async with ReadOnlyState(Path(config.state)) as state:
        count = await state.count_files()
    if count:
        raise DestinationError(
            f"{directory} is empty or new, but {config.state} knows {count} files in it: is its disk mounted? "
            f"Remove {config.state} to begin again"
        )


def state_path(directory: Path, config: Config) -> Path:
    """Where the state of ``directory`` lives."""
    return Path(config.state) if config.state else directory / urls.STATE_DIRECTORY / "state.sqlite3"


def shared_gate(configs: Sequence[Config]) -> Gate:
    """One gate for mirrors that run together: the strictest of their rates, the widest of their worker counts."""
    requests = [config.requests_per_second for config in configs if config.requests_per_second is not None]
    rates = [config.limit_rate for config in configs if config.limit_rate is not None]
    return Gate(
        max(config.workers for config in configs),
        requests_per_second=min(requests, default=None),
        bytes_per_second=min(rates, default=None),
    )


async def read_listing(url: str, config: Config) -> Listing:
    """One listing with all its pages, for --list. Raises ConfigError, ListingError, RobotsForbidden."""
    start = urls.start_url(url)
    bare, _ = urls.userinfo(start)
    options = client_options(config, [start])
    single = replace(config, no_recursive=True)
    found: list[Listing] = []

    def parse(body: bytes, where: str, content_type: str) -> Listing:
        found.append(parse_listing(body, where, content_type))
        return found[-1]

    async def visit(_page: FolderPage) -> None:
        return

    async with Client(options, shared_gate([config])) as client:
        await fetch_robots(client, config, options.user_agent, bare)
        walker = build_walker(single, client, NullState(), Tally(masked(bare), ""), parse=parse)
        try:
            await walker.walk([Folder(path="", url=bare)], visit)
        except* CrawlerError as group:
            raise _first(group) from None
    return replace(
        found[0],
        entries=tuple(entry for listing in found for entry in listing.entries),
        rejections=tuple(rejection for listing in found for rejection in listing.rejections),
    )


@asynccontextmanager
async def walk(url: str, config: Config | None = None) -> AsyncIterator[AsyncIterator[Entry]]:
    """The entries of the listing at ``url`` and of all below it, as they are read; nothing is saved.

    ``async with crawler.walk(url) as entries: async for entry in entries: …``. ``Entry.folder`` is the path of
    the entry's folder below ``url``. Raises ConfigError, ListingError, RobotsForbidden.
    """
    config = config or Config()
    start = urls.start_url(url)
    bare, _ = urls.userinfo(start)
    options = client_options(config, [start])
    pages: asyncio.Queue[FolderPage | None] = asyncio.Queue(config.listers)
    async with Client(options, shared_gate([config])) as client:
        allows = await fetch_robots(client, config, options.user_agent, bare)

        def refuse(_path: str, target: str) -> Rejection | None:
            return None if allows(target) else Rejection("robots", target, "forbidden by robots.txt")

        walker = build_walker(config, client, NullState(), Tally(masked(bare), ""), refuse=refuse)

        async def produce() -> None:
            try:
                await walker.walk([Folder(path="", url=bare)], pages.put)
            except* CrawlerError as group:
                raise _first(group) from None
            finally:
                if not closed.is_set():
                    await pages.put(None)

        closed = asyncio.Event()
        task = asyncio.create_task(produce())
        try:
            yield _entries(pages, task)
        finally:
            closed.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _entries(pages: asyncio.Queue[FolderPage | None], task: asyncio.Task[None]) -> AsyncIterator[Entry]:
    while (page := await pages.get()) is not None:
        for entry in page.entries:
            folder = "/".join(filter(None, (page.folder.path, entry.folder)))
            yield replace(entry, folder=folder)
    await task
