"""Composition: the only place that builds concrete objects and joins them into a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from crawler.app.accounting import accounted
from crawler.app.refusals import refuse_another_mirror, refuse_enclosing_mirror, refuse_missing_disk
from crawler.http.client import ClientOptions, HttpClient
from crawler.http.credentials import client_options
from crawler.http.pacing.concurrency import START
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.rate_limits import RateLimits
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.report import Report
from crawler.model.state.host_limits import divided
from crawler.model.struct import Value, field, replace
from crawler.output.log import LOGGER
from crawler.output.progress import Fanout
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.attempts import announce, prepare
from crawler.pipeline.rules.budgets import Budget
from crawler.pipeline.runs.base import Components
from crawler.pipeline.runs.mirror import MirrorRun
from crawler.pipeline.runs.url_list import DownloadRun
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.directory.boundaries.spared import OwnFile, own_files
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.fd_limits import are_few, connection_budget, descriptor_limit
from crawler.storage.state import NullState, ReadOnlyState, SqliteState, state_path, url_of_mirror
from crawler.text import urls
from crawler.text.arguments import start_directory, start_url
from crawler.text.escape import masked
from crawler.workers.child_process import WorkerProcesses, start_workers
from crawler.workers.messages import WorkerSetup
from crawler.workers.page_parsers import PageParsers
from crawler.workers.worker import PoolCallbacks
from crawler.workers.worker_pool import ProcessPool


async def mirror(
    url: str,
    directory: str | Path,
    config: Config | None = None,
    *,
    observers: Sequence[Observer] = (),
    destination: AbstractAsyncContextManager[Destination] | None = None,
) -> Report:
    """Mirror the listing at ``url`` into ``directory``.

    With a ``destination`` of your own the files go there. It is entered for the run, after ``directory`` was locked,
    which then holds nothing but ``.crawler``: the lock and, unless the configuration names another place, the state.
    In a dry run it is asked what it holds, and never told to change anything.

    Failures of single files are in the Report. Raises ConfigError (also where ``directory`` is the mirror of another
    URL and ``config.moved`` does not allow that), ListingError (the root), DestinationError, AlreadyRunning,
    RobotsForbidden, DeleteRefused. May be cancelled; what is complete is kept.
    """
    given = Surroundings(observers=observers, destination=destination)
    report, error = await run_mirror(url, directory, Config.ensure(config), given)
    if error is not None:
        raise error
    return report


async def download(
    items: Iterable[tuple[str, str]],
    directory: str | Path,
    config: Config | None = None,
    *,
    observers: Sequence[Observer] = (),
    destination: AbstractAsyncContextManager[Destination] | None = None,
) -> Report:
    """Save each (URL, path under ``directory``); an empty path is the last name of the URL.

    ``destination`` as for ``mirror``. Raises ConfigError, DestinationError, AlreadyRunning.
    """
    given = Surroundings(observers=observers, destination=destination)
    report, error = await run_download(items, directory, Config.ensure(config), given)
    if error is not None:
        raise error
    return report


class Surroundings(Value, frozen=True, kw_only=True):
    """What a run meets, beside what it is about."""

    observers: Sequence[Observer] = ()
    stop: Stop = field(default_factory=Stop)
    gate: Gate | None = None
    """Shared with runs at the same time; None: one of its own."""
    destination: AbstractAsyncContextManager[Destination] | None = None
    """Where files go instead of into DIR."""
    company: WorkerProcesses | None = None
    """Processes that were started early for it."""
    own: Sequence[OwnFile] = ()
    """Files that the program uses, besides those that the configuration names."""


async def run_mirror(
    url: str, directory: str | Path, config: Config, given: Surroundings
) -> tuple[Report, CrawlerError | None]:
    """``mirror``, but an error that ends the run comes back beside the report of what was done until then."""
    start = start_url(url)
    bare, _ = urls.userinfo(start)
    tally = Tally(masked(bare), str(directory), is_dry_run=config.dry_run)

    async def work(parts: Components) -> None:
        await MirrorRun(parts, bare, free=await parts.destination.free_space()).run()

    setup = _Setup(starts=(start,), directory=start_directory(directory), config=config, given=given)
    return await accounted(work, lambda stack: _open(stack, setup, tally), config, tally, given.stop)


async def run_download(
    items: Iterable[tuple[str, str]], directory: str | Path, config: Config, given: Surroundings
) -> tuple[Report, CrawlerError | None]:
    """``download``, but an error that ends the run comes back beside the report of what was done until then."""
    wanted = [_listed_item(item) for item in items]
    tally = Tally("", str(directory), is_dry_run=config.dry_run)

    async def work(parts: Components) -> None:
        await DownloadRun(parts).run([(urls.userinfo(url)[0], path) for url, path in wanted])

    starts = tuple(url for url, _ in wanted)
    setup = _Setup(starts=starts, is_list=True, directory=start_directory(directory), config=config, given=given)
    return await accounted(work, lambda stack: _open(stack, setup, tally), config, tally, given.stop)


def _listed_item(item: tuple[str, str]) -> tuple[str, str]:
    """(URL, path) of one item of ``download``. Raises ConfigError."""
    if not isinstance(item, Sequence) or isinstance(item, str) or len(item) != 2 or not isinstance(item[1], str):
        raise ConfigError(f"items: expected pairs of URL and path, not {type(item).__name__}")
    return start_url(item[0]), item[1]


class _Setup(Value, frozen=True, kw_only=True):
    """What a run is about."""

    starts: tuple[str, ...]
    """URLs as given, with their user and password."""
    is_list: bool = False
    """Whether each of ``starts`` is a file of its own, and not the root of a mirror."""
    directory: Path
    config: Config
    given: Surroundings

    @property
    def own(self) -> tuple[OwnFile, ...]:
        return (*own_files(self.config), *self.given.own)


async def _open(stack: AsyncExitStack, setup: _Setup, tally: Tally) -> tuple[Components, SqliteState]:
    """The parts of a run, opened on ``stack``: DIR is locked first, so that nothing is touched twice."""
    config, given = setup.config, setup.given
    options = client_options(config, setup.starts, is_list=setup.is_list)
    if are_few():
        prepare()
    destination = await _open_destination(stack, setup, tally)
    tally.note_free(await destination.free_space())
    path = state_path(setup.directory, config)
    if path.is_symlink() and not config.state:
        tally.warn(f"{path} is a symbolic link and is not used: remove it")
        state: SqliteState = NullState()
    else:
        state = await stack.enter_async_context(ReadOnlyState(path) if config.dry_run else SqliteState(path))
    stack.callback(lambda: tally.warn(state.problem) if state.problem else None)
    await refuse_another_mirror(setup.directory, tally.url, state, config)
    gate = given.gate or shared_gate([config])
    gate.add_known(state.hosts)
    stack.callback(lambda: state.remember_hosts(gate.learnt()))
    client = await stack.enter_async_context(HttpClient(options, gate))
    budget = Budget(files=config.max_files, size=config.max_total_size)
    allowance = Allowance(budget, stopped_at=tally.stopped_at, warn=tally.warn, plans=config.dry_run)
    observers = [tally, *([allowance] if allowance.is_limited else []), *given.observers]
    parts = Components(
        config=config,
        agent=options.user_agent,
        client=client,
        destination=destination,
        state=state,
        observer=Fanout(observers) if len(observers) > 1 else tally,
        allowance=allowance,
        tally=tally,
        url_of=lambda folder: url_of_mirror(setup.directory / folder),
        stop=given.stop,
        parser=await stack.enter_async_context(PageParsers(tally.warn)),
    )
    if config.processes != 1 and given.destination is None and not config.dry_run:
        parts = replace(parts, pool=await _open_pool(stack, setup, options, gate, parts))
    return parts, state


async def _open_pool(
    stack: AsyncExitStack, setup: _Setup, options: ClientOptions, gate: Gate, parts: Components
) -> ProcessPool | None:
    """Other processes that fetch; None if one is all that is wanted."""
    config = setup.config
    started = setup.given.company or stack.enter_context(start_workers(config.processes, config.workers))
    if not started.wanted:
        return None
    count = len(started.started) or 1
    worker_setup = WorkerSetup(
        config=config,
        options=options,
        directory=str(setup.directory),
        own=setup.own,
        log_level=LOGGER.getEffectiveLevel(),
        hosts={name: divided(learnt, count) for name, learnt in gate.known.items()},
        start=max(1, START // count),
        knew_files=parts.state.knew_files,
    )
    callbacks = PoolCallbacks(
        observer=parts.observer, doubt=parts.state.doubt, warn=parts.tally.warn, announce_retry=announce
    )
    return await stack.enter_async_context(ProcessPool(started, worker_setup, gate, callbacks))


async def _open_destination(stack: AsyncExitStack, setup: _Setup, tally: Tally) -> Destination:
    """DIR, locked, or what was given in its place: then DIR keeps the lock and the state, and no files."""
    config, own = setup.config, setup.given.destination
    await refuse_enclosing_mirror(setup.directory, tally.url, config, wait=config.lock_wait)
    if own is None:
        await refuse_missing_disk(setup.directory, config)
    elif config.trash is not None:
        raise ConfigError("trash: what a destination of your own replaces or deletes is its own business")
    directory = await stack.enter_async_context(
        LocalDestination(
            setup.directory,
            fsync=config.fsync,
            trash_seconds=config.trash_seconds,
            read_only=config.dry_run,
            own=setup.own,
        )
    )
    stack.callback(lambda: tally.warn("; ".join(sorted(directory.lacks))) if directory.lacks else None)
    if not config.dry_run:
        await directory.acquire(config.lock_wait, lock=config.lock != "none")
        try:
            await refuse_enclosing_mirror(setup.directory, tally.url, config, wait=0)  # a run may have begun meanwhile
        except CrawlerError:
            await directory.withdraw()
            raise
    return directory if own is None else await stack.enter_async_context(own)


def shared_gate(configs: Sequence[Config]) -> Gate:
    """One gate for mirrors that run together: the strictest of their rates, the widest of their worker counts.

    Few open files mean few connections: a lack of them would look like a host that cannot be talked to.
    """
    requests = [config.requests_per_second for config in configs if config.requests_per_second is not None]
    rates = [config.limit_rate for config in configs if config.limit_rate is not None]
    return Gate(
        min(max(config.workers for config in configs), connection_budget(descriptor_limit())),
        RateLimits.per_second(min(requests, default=None), min(rates, default=None)),
    )
