"""Composition: the only place that builds concrete objects and joins them into a run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

from crawler import urls
from crawler.access import client_options
from crawler.client import Client
from crawler.config import Config
from crawler.destinations.local import LocalDestination
from crawler.discover import Folder, FolderPage
from crawler.errors import CrawlerError
from crawler.escape import masked
from crawler.gate import Gate
from crawler.interfaces import Observer
from crawler.models import Entry, Rejection
from crawler.progress import Fanout
from crawler.report import Report, Tally
from crawler.run import DownloadRun, MirrorRun, Parts, build_walker, fetch_robots
from crawler.state import NullState, SqliteState
from crawler.stop import Stop


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
    url: str, directory: str | Path, config: Config, observers: Sequence[Observer], stop: Stop
) -> tuple[Report, CrawlerError | None]:
    """``mirror``, but an error that ends the run comes back beside the report of what was done until then."""
    start = urls.start_url(url)
    bare, _ = urls.userinfo(start)
    tally = Tally(masked(bare), str(directory))

    async def work(parts: Parts) -> None:
        await MirrorRun(parts, bare).run()

    return await _accounted(work, [start], Path(directory), config, [tally, *observers], stop)


async def run_download(
    items: Iterable[tuple[str, str]], directory: str | Path, config: Config, observers: Sequence[Observer], stop: Stop
) -> tuple[Report, CrawlerError | None]:
    """``download``, but an error that ends the run comes back beside the report of what was done until then."""
    wanted = [(urls.start_url(url), path) for url, path in items]
    tally = Tally("", str(directory))

    async def work(parts: Parts) -> None:
        await DownloadRun(parts).run([(urls.userinfo(url)[0], path) for url, path in wanted])

    return await _accounted(work, [url for url, _ in wanted], Path(directory), config, [tally, *observers], stop)


async def _accounted(
    work: Callable[[Parts], Awaitable[None]],
    starts: Sequence[str],
    directory: Path,
    config: Config,
    observers: Sequence[Observer],
    stop: Stop,
) -> tuple[Report, CrawlerError | None]:
    """Open everything, do ``work``, close everything; the account is closed whatever happens."""
    began = time.monotonic()
    tally = cast("Tally", observers[0])
    error: CrawlerError | None = None
    timer = None
    if config.max_duration is not None:
        timer = asyncio.get_running_loop().call_later(config.max_duration, stop.request, "--max-duration")
    try:
        async with AsyncExitStack() as stack:
            await work(await _open(stack, starts, directory, config, observers, stop))
    except CrawlerError as problem:
        error = problem
    except BaseExceptionGroup as group:
        error = _first(group)
    finally:
        if timer is not None:
            timer.cancel()
    if error is not None:
        tally.warn(str(error), error.exit_code)
    return tally.close(time.monotonic() - began, stop.reason or (type(error).__name__ if error else None)), error


def _first(group: BaseExceptionGroup[BaseException]) -> CrawlerError:
    """The error that a TaskGroup's children died of. Raises what is none of ours."""
    _, others = group.split(CrawlerError)
    if others is not None:
        raise others
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return cast("CrawlerError", error)


async def _open(
    stack: AsyncExitStack,
    starts: Sequence[str],
    directory: Path,
    config: Config,
    observers: Sequence[Observer],
    stop: Stop,
) -> Parts:
    """The parts of a run, opened on ``stack``: DIR is locked first, so that nothing is touched twice."""
    tally = cast("Tally", observers[0])
    options = client_options(config, starts)
    fsync = cast("Literal['none', 'batch', 'file']", config.fsync)
    destination = await stack.enter_async_context(LocalDestination(directory, fsync=fsync, trash_seconds=config.trash))
    await destination.acquire(config.lock_wait)
    state = await _state(stack, config, directory, tally)
    client = await stack.enter_async_context(Client(options, _gate(config)))
    return Parts(
        config=config,
        agent=options.user_agent,
        client=client,
        destination=destination,
        state=state,
        observer=Fanout(observers) if len(observers) > 1 else tally,
        tally=tally,
        stop=stop,
    )


async def _state(stack: AsyncExitStack, config: Config, directory: Path, tally: Tally) -> SqliteState:
    path = Path(config.state) if config.state else directory / urls.STATE_DIRECTORY / "state.sqlite3"
    state = await stack.enter_async_context(SqliteState(path))
    if state.problem:
        tally.warn(state.problem)
    return state


def _gate(config: Config) -> Gate:
    return Gate(config.workers, requests_per_second=config.requests_per_second, bytes_per_second=config.limit_rate)


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
    async with Client(options, _gate(config)) as client:
        allows = await fetch_robots(client, config, options.user_agent, bare)

        def refuse(_path: str, target: str) -> Rejection | None:
            return None if allows(target) else Rejection("robots", target, "forbidden by robots.txt")

        walker = build_walker(config, client, NullState(), Tally(masked(bare), ""), refuse)

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
