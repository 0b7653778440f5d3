"""Examines an existing mirror: verifies its files, or explains a decision about an entry."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from crawler.app.checks.options import refuse_unusable_options
from crawler.app.history import place_of, state_of
from crawler.app.lifetime import accounted, explained, first_error
from crawler.app.refusals import (
    refuse_another_mirror,
    refuse_enclosing_mirror,
    refuse_missing_disk,
    refuse_other_names,
)
from crawler.app.resources import Resources, shared_gate
from crawler.app.snapshots.existing import run_verify_snapshot, snapshot_at
from crawler.http.client_options import client_options
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError, DestinationError
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.report import Report
from crawler.model.struct import replace
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.explain.lines import Line
from crawler.pipeline.runs.explain.run import explain as explain_entry
from crawler.pipeline.runs.verify import VerifyRun
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.directory.boundaries.spared import own_files
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.state.location import has_been_mirror
from crawler.storage.state.read_only import NullState
from crawler.storage.state.store import SqliteState
from crawler.text import urls
from crawler.text.arguments import start_url

if TYPE_CHECKING:
    from crawler.storage.objects.location import Location


async def _hold(destination: LocalDestination, config: Config, *, writes: bool) -> None:
    """Take the lock of DIR. If that is impossible and ``writes`` is False, continue without it.

    Raises AlreadyRunning, DestinationError.
    """
    try:
        await destination.acquire(config.lock_wait, lock=config.lock != "none")
    except DestinationError:  # on a read-only disk no other run can change anything either
        if writes:
            raise


async def _open_for_verify(
    resources: Resources, directory: Path | Location, *, repair: bool
) -> tuple[Destination, SqliteState]:
    """Open the destination, locked if possible, and its state. Raises ConfigError if there is no state."""
    config = resources.config
    if not isinstance(directory, Path):
        from crawler.app.object_stores import open_for_verify

        return await open_for_verify(resources, directory, repair=repair)
    await refuse_missing_disk(directory, config)
    destination = await resources.open_directory(read_only=False)
    await _hold(destination, config, writes=repair)
    return destination, await resources.open_state(read_only=not repair)


async def run_verify(
    directory: str, config: Config, observers: Sequence[Observer], stop: Stop, *, repair: bool
) -> tuple[Report, CrawlerError | None]:
    """Compare the files in ``directory`` with its state; with ``repair``, fetch those again that differ.

    In the report, unchanged files are intact and saved files were repaired. The lock is held if possible, so that no
    run writes at the same time. Raises ConfigError.
    """
    where = place_of(directory, config)
    snapshot = snapshot_at(where) if isinstance(where, Path) else None
    if snapshot is not None:
        if repair:
            raise ConfigError(f"--repair: {directory} is a snapshot, which is never changed: repair its mirror")
        return await run_verify_snapshot(snapshot, config, observers, stop)
    if isinstance(where, Path):
        state_of(where, config)
    tally = Tally("", directory, is_dry_run=config.dry_run)

    async def open_parts(stack: AsyncExitStack) -> tuple[Components, SqliteState]:
        path = where if isinstance(where, Path) else where.cache
        resources = Resources(stack=stack, config=config, directory=path, tally=tally, own_files=own_files(config))
        destination, state = await _open_for_verify(resources, where, repair=repair)
        if state.problem:
            raise DestinationError(f"nothing can be verified: {state.problem}")
        options = client_options(config, [run.url for run in await state.runs(10) if run.url][:1])
        gate = shared_gate([config])
        parts = await resources.open_components(options, destination, state, gate=gate, observers=observers, stop=stop)
        return parts, NullState()  # only runs of the mirror are recorded in the history

    async def work(parts: Components) -> None:
        await VerifyRun(parts, repair=repair).verify()

    return await accounted(work, open_parts, config, tally, stop)


async def open_destination_to_read(resources: Resources, where: Path | Location) -> tuple[Destination, SqliteState]:
    """Open the destination and its state for reading only."""
    if not isinstance(where, Path):
        from crawler.app.object_stores import open_in_store

        return await open_in_store(resources, where, read_only=True)
    return await resources.open_directory(read_only=True), await resources.open_state(read_only=True)


async def explain(target: str, url: str, directory: str, config: Config) -> tuple[list[Line], bool]:
    """Explain what a run of the mirror of ``url`` would do about the entry at ``target``, which may be relative.

    Returns the lines of the explanation, and whether it is known what a run would do: the entry is listed, or a rule or
    the local copy of an entry that is gone decides.

    Raises ConfigError, ListingError, RobotsForbidden, DestinationError. Changes nothing.
    """
    start = start_url(url)
    root, _ = urls.userinfo(start)
    wanted = [urls.userinfo(start_url(each))[0] for each in _addresses(root, target)]
    options = client_options(config, [start])
    refuse_unusable_options(config)
    where = place_of(directory, config)
    tally = Tally(root, directory, is_dry_run=True)
    async with AsyncExitStack() as stack:
        path = where if isinstance(where, Path) else where.cache
        resources = Resources(stack=stack, config=config, directory=path, tally=tally, own_files=own_files(config))
        if isinstance(where, Path):
            await refuse_enclosing_mirror(where, root, dataclasses.replace(config, dry_run=True), wait=0)
            await refuse_missing_disk(where, config)
        destination, state = await open_destination_to_read(resources, where)
        parts = await resources.open_components(options, destination, state, gate=shared_gate([config]), stop=Stop())
        parts = replace(parts, is_mirror=await has_been_mirror(state))
        await refuse_another_mirror(directory, root, state, config)
        if config.names == "windows":
            await refuse_other_names(path, state)
        try:
            found = [await explain_entry(parts, root, wanted[0])]
            if len(wanted) > 1 and not found[0][1]:
                found.append(await explain_entry(parts, root, wanted[1]))
            return next((each for each in reversed(found) if each[1]), found[0])
        except* CrawlerError as group:
            error = first_error(group)
    raise explained(error, root, config)


def _addresses(root: str, target: str) -> list[str]:
    """The URLs that ``target`` may mean. If it is a path below ``root``, ``#``, ``?`` and ``%`` may be of a name."""
    if urls.origin(target):
        return [target]
    addresses = [urls.joined(root, target)]
    return [*addresses, urls.joined(root, quote(target))] if any(mark in target for mark in "#?%") else addresses
