"""Opens DIR if it is a location in an object store. Imported only in that case."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from crawler.app.resources import needs_record
from crawler.model.errors import AlreadyRunning, ConfigError, DestinationError
from crawler.storage.directory.boundaries.permissions import Permissions
from crawler.storage.state.read_only import ReadOnlyState
from crawler.storage.state.store import SqliteState

if TYPE_CHECKING:
    from crawler.app.resources import Resources
    from crawler.model.config import Config
    from crawler.model.interfaces import Destination
    from crawler.pipeline.tally import Tally
    from crawler.storage.objects.location import Location


def location_of(directory: str, config: Config) -> Location:
    """The location that the URL ``directory`` names. Raises ConfigError, also for options that do not apply to it."""
    if find_spec("obstore") is None:
        raise ConfigError(f"{directory.partition('://')[0]}:// needs obstore: pip install 'crawler[objects]'")
    from crawler.storage.objects.location import parse_location

    where = parse_location(directory, config.objects)
    for name, is_given, why in (
        ("names", config.names != "posix", "its keys are not Windows file names"),
        ("trash", config.trash is not None, "enable versioning of the bucket, which keeps deleted objects"),
        (
            "snapshots",
            config.snapshots is not None,
            "snapshots consist of hard links; enable versioning of the bucket instead",
        ),
        ("fsync", config.fsync != "batch", "a store confirms an object only when it is durable"),
    ):
        if is_given:
            raise ConfigError(f"--{name} cannot be combined with {where.scheme}://: {why}")
    return where


@contextmanager
def _naming(where: Location) -> Iterator[None]:
    """Let errors about the local directory of a store name the store."""
    try:
        yield
    except AlreadyRunning as error:
        raise AlreadyRunning(str(error).replace(str(where.cache), str(where))) from None
    except DestinationError as error:
        reason = str(error).partition(f"{where.cache}: ")[2].replace(": choose another directory", "")
        raise DestinationError(
            f"cannot keep the state of {where} in {where.cache}: {reason}: "
            "set XDG_STATE_HOME to a directory that can be written"
        ) from None


def _note_unwritable(where: Location, tally: Tally) -> None:
    """Note that a run could not keep its state. Whether it may write into the store is known only by trying."""
    try:
        with _naming(where):
            Permissions(where.cache).check()
    except DestinationError as error:
        tally.warn(str(error), error.exit_code)


async def open_in_store(
    resources: Resources, where: Location, *, read_only: bool, must_know: bool = False
) -> tuple[Destination, SqliteState]:
    """Open the destination at ``where``, locked unless ``read_only``, and its state, on the stack of ``resources``.

    ``must_know``: raise ConfigError if there is no state.
    """
    from crawler.storage.objects.own.session import Session

    config, stack, tally = resources.config, resources.stack, resources.tally
    until = time.monotonic() + config.lock_wait
    opened: list[SqliteState] = []
    session = Session(
        where,
        config,
        read_only=read_only,
        is_unused=lambda: tally.is_empty and not needs_record(config) and not config.lock_wait,
        has_news=lambda: any(state.has_news for state in opened),
    )
    if must_know:
        await session.check_known()
    if not read_only:  # the local lock protects the local state, even if the store has no lock
        directory = await resources.open_directory(read_only=False)
        with _naming(where):
            await directory.acquire(config.lock_wait)
        if not must_know:
            resources.withdraw_if_unused(directory)
    elif config.dry_run:
        _note_unwritable(where, tally)
    stack.callback(lambda: tally.warn(session.problem) if session.problem else None)
    await stack.enter_async_context(session.waiting(until - time.monotonic()))
    if must_know and not session.state.is_file():
        raise session.unknown
    state = ReadOnlyState(session.state, is_brief=False) if read_only else SqliteState(session.state)
    opened.append(state)
    return session.destination, await stack.enter_async_context(state)


async def open_for_verify(resources: Resources, where: Location, *, repair: bool) -> tuple[Destination, SqliteState]:
    """Open the destination, locked if the store is writable, and its state. Raises ConfigError if there is no state."""
    try:
        opened = await open_in_store(resources, where, read_only=False, must_know=True)
    except DestinationError:  # a store that cannot be written is not changed by others either
        if repair:
            raise
        opened = await open_in_store(resources, where, read_only=True, must_know=True)
    return opened


@asynccontextmanager
async def reading_state(directory: str, config: Config) -> AsyncIterator[Config]:
    """Yield ``config`` with the newest state of the store at ``directory``, which must only be read.

    Raises ConfigError, DestinationError.
    """
    where = location_of(directory, config)
    from crawler.storage.objects.own.session import Session

    async with Session(where, config, read_only=True) as session:
        yield dataclasses.replace(config, state=str(session.state))
