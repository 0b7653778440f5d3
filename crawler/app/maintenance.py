"""Looking after a mirror that exists: its history, its verification, the explanation of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from crawler.app.accounting import accounted, first_error
from crawler.app.api import shared_gate
from crawler.app.refusals import refuse_missing_disk
from crawler.http.client import HttpClient
from crawler.http.credentials import client_options
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError, DestinationError
from crawler.model.observer import Observer
from crawler.model.report import Report
from crawler.output.progress import Fanout
from crawler.pipeline.runs.base import Components
from crawler.pipeline.runs.explain import Explainer, Line
from crawler.pipeline.runs.verify import VerifyRun
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.directory.boundaries.spared import own_files
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.state import NullState, ReadOnlyState, RunRecord, SqliteState, existing_state, state_path
from crawler.text import urls
from crawler.text.arguments import start_url
from crawler.workers.page_parsers import PageParsers


def _state_of(directory: Path, config: Config) -> Path:
    """The state of ``directory``. Raises ConfigError if there is none."""
    path = existing_state(directory, config)
    if path is None:
        where = state_path(directory, config)
        if where.is_symlink() or where.exists():
            raise ConfigError(f"state {where} cannot be used (it is not a regular file): move it away")
        raise ConfigError(f"{directory} is no mirror of ours: there is no {where} (--state names another place)")
    return path


async def read_history(directory: Path, config: Config, limit: int) -> list[RunRecord]:
    """The last runs, newest first. Raises ConfigError."""
    async with ReadOnlyState(_state_of(directory, config)) as state:
        runs = await state.runs(limit)
        if state.problem:
            raise ConfigError(state.problem)
    return runs


async def _hold(destination: LocalDestination, config: Config, *, writes: bool) -> None:
    """Take the lock; without it only a run that does not write goes on. Raises AlreadyRunning, DestinationError."""
    try:
        await destination.acquire(config.lock_wait, lock=config.lock != "none")
    except DestinationError:  # a disk that cannot be written to is changed by nobody else either
        if writes:
            raise


async def run_verify(
    directory: Path, config: Config, observers: Sequence[Observer], stop: Stop, *, repair: bool
) -> tuple[Report, CrawlerError | None]:
    """Compare what ``directory`` holds with its state; with ``repair`` fetch again what differs.

    In the report, unchanged files are good ones and saved ones were repaired. It holds the lock where it can, so that
    no run writes meanwhile. Raises ConfigError.
    """
    path = _state_of(directory, config)
    tally = Tally("", str(directory), is_dry_run=config.dry_run)

    async def open_parts(stack: AsyncExitStack) -> tuple[Components, SqliteState]:
        await refuse_missing_disk(directory, config)
        destination = await stack.enter_async_context(
            LocalDestination(directory, fsync=config.fsync, trash_seconds=config.trash_seconds, own=own_files(config))
        )
        await _hold(destination, config, writes=repair)
        state = await stack.enter_async_context(SqliteState(path) if repair else ReadOnlyState(path))
        if state.problem:
            raise DestinationError(f"nothing can be verified: {state.problem}")
        options = client_options(config, [run.url for run in await state.runs(10) if run.url][:1])
        gate = shared_gate([config])
        gate.add_known(state.hosts)
        parts = Components(
            config=config,
            agent=options.user_agent,
            client=await stack.enter_async_context(HttpClient(options, gate)),
            destination=destination,
            state=state,
            observer=Fanout([tally, *observers]),
            tally=tally,
            stop=stop,
            parser=await stack.enter_async_context(PageParsers(tally.warn)),
        )
        return parts, NullState()  # the history is that of the mirror's runs

    async def work(parts: Components) -> None:
        await VerifyRun(parts, repair=repair).verify()

    return await accounted(work, open_parts, config, tally, stop)


async def explain(target: str, url: str, directory: Path, config: Config) -> tuple[list[Line], bool]:
    """What a run of the mirror of ``url`` would do about the entry at ``target``, and whether it is listed.

    Raises ConfigError, ListingError, RobotsForbidden, DestinationError. Changes nothing.
    """
    start = start_url(url)
    bare, _ = urls.userinfo(start)
    wanted, _ = urls.userinfo(start_url(target))
    options = client_options(config, [start])
    tally = Tally(bare, str(directory))
    async with (
        LocalDestination(directory, read_only=True) as destination,
        ReadOnlyState(state_path(directory, config)) as state,
        HttpClient(options, shared_gate([config])) as client,
        PageParsers(tally.warn) as parser,
    ):
        parts = Components(
            config=config,
            agent=options.user_agent,
            client=client,
            destination=destination,
            state=state,
            observer=tally,
            tally=tally,
            stop=Stop(),
            parser=parser,
        )
        try:
            return await Explainer(parts, bare, wanted).explain()
        except* CrawlerError as group:
            error = first_error(group)
    raise error
