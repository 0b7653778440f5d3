"""Opens the workers of a run, and connects its components with them. Imported only if a run has workers."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from crawler.http.client import ClientOptions
from crawler.http.credentials.keyring import NO_CREDENTIALS
from crawler.http.pacing.concurrency import START
from crawler.http.pacing.gate import Gate
from crawler.model.config import Config
from crawler.model.errors import ConfigError, DestinationError
from crawler.model.state.host_limits import divided
from crawler.model.struct import Value, replace
from crawler.output.log import LOGGER
from crawler.pipeline.attempts import announce
from crawler.pipeline.runs.components import Components
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.text.urls import STATE_DIRECTORY
from crawler.workers.child_process import WorkerProcesses
from crawler.workers.cluster.carrier import Connection
from crawler.workers.cluster.desk import Callbacks, Desk
from crawler.workers.cluster.local import LocalConnection
from crawler.workers.cluster.pool import ClusterPool
from crawler.workers.cluster.roster import Roster
from crawler.workers.cluster.shards import Settings

if TYPE_CHECKING:
    from crawler.storage.objects.location import Location
    from crawler.workers.cluster.dask_connection import DaskConnection

MARK = "cluster-"
"""What the names of files in DIR/.crawler begin with that prove to workers that they see the same DIR."""


class Site(Value, frozen=True, kw_only=True):
    """The place where the files of a run are stored."""

    directory: Path
    store: Value | None
    """The place in an object store, instead of ``directory``."""
    own: Sequence[OwnFile]


async def open_pool(
    stack: AsyncExitStack, parts: Components, options: ClientOptions, gate: Gate, *, site: Site, cluster: object
) -> ClusterPool | None:
    """The workers of this run, on ``stack``: processes of this machine, or those of a dask cluster.

    ``cluster``: what ``find_workers`` returned. None if --processes has no
    connections to share. Raises ConfigError, ClusterError, DestinationError.
    """
    if gate.ceiling < 2 and parts.config.cluster is None and isinstance(cluster, WorkerProcesses):
        return None
    if gate.ceiling < 2:
        raise ConfigError("--cluster needs two connections to a host: allow more open files (ulimit -n)")
    connection: Connection
    if isinstance(cluster, WorkerProcesses):
        token = secrets.token_hex(8)
        settings = _settings(parts, options, gate, site=site, mark="", parties=len(cluster.started))
        local = LocalConnection(cluster, parts.tally.warn)
        connection = await stack.enter_async_context(local)
        local.set_up(token, settings)
    else:
        dask = cast("DaskConnection", cluster)
        token = dask.token
        mark = await stack.enter_async_context(_marked(site, parts.config, token))
        parties = len(await dask.workers())
        dask.set_up(_settings(parts, options, gate, site=site, mark=mark, parties=parties))
        connection = dask
    roster = Roster(connection, gate, listers=parts.config.listers, warn=parts.tally.warn)
    desk = Desk(
        Callbacks(
            observer=parts.observer,
            doubt=parts.state.doubt,
            warn=parts.tally.warn,
            credentials=options.credentials,
            announce_retry=announce,
        ),
        gate,
        roster,
    )
    return await stack.enter_async_context(ClusterPool(connection, roster, desk, gate, token))


def _settings(
    parts: Components, options: ClientOptions, gate: Gate, *, site: Site, mark: str, parties: int
) -> Settings:
    """The settings that workers need; there are ``parties`` of them now."""
    parties = max(1, parties)
    return Settings(
        config=without_secrets(parts.config),
        options=replace(options, credentials=NO_CREDENTIALS),
        directory=str(site.directory.absolute() if mark and site.store is None else site.directory),
        mark=mark,
        store=site.store,
        own=tuple(site.own),
        log_level=LOGGER.getEffectiveLevel(),
        hosts={name: divided(learnt, parties) for name, learnt in gate.known.items()},
        start=max(1, START // parties),
        knew_files=parts.state.knew_files,
    )


def without_secrets(config: Config) -> Config:
    """``config`` without what may hold secrets and is of use to the client alone.

    The settings of an object store remain, because each worker writes there.
    """
    return dataclasses.replace(
        config, header=(), cookies=None, proxy=None, fallback=(), on_change=None, on_failure=None, on_end=None
    )


def _marked(site: Site, config: Config, token: str) -> AbstractAsyncContextManager[str]:
    """What proves to workers that they store files in the same place; it exists only during the run.

    Entering it raises DestinationError.
    """
    if site.store is None:
        return _marked_directory(site.directory, token)
    from crawler.storage.objects.own.run_mark import marked

    return marked(cast("Location", site.store), config, token)


@asynccontextmanager
async def _marked_directory(directory: Path, token: str) -> AsyncIterator[str]:
    """The name of a new file in DIR/.crawler, which exists only during the run. Raises DestinationError."""
    home = directory / STATE_DIRECTORY
    mark = home / f"{MARK}{token}"
    try:
        for old in home.glob(f"{MARK}*"):  # of runs that were killed; DIR is locked
            old.unlink(missing_ok=True)
        mark.touch(exist_ok=False)
    except OSError as error:
        raise DestinationError(f"cannot store files in {directory}: {error.strerror}") from None
    try:
        yield mark.name
    finally:
        with suppress(OSError):
            mark.unlink()
