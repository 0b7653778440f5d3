"""Lists the snapshots of a mirror, goes back to one, or verifies one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path

from crawler.app.lifetime import accounted
from crawler.app.resources import Resources, shared_gate
from crawler.http.client_options import client_options
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError, DestinationError
from crawler.model.observer import Observer
from crawler.model.report import Report, Snapshot
from crawler.model.values import Known
from crawler.paths import real_path
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.verify import VerifyRun
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.os_errors import UnusablePath, destination_error
from crawler.storage.snapshots import shelf
from crawler.storage.snapshots.manifest import files_of, totals_of
from crawler.storage.snapshots.names import moment_of
from crawler.storage.state.read_only import NullState
from crawler.storage.state.store import SqliteState
from crawler.text.urls import STATE_DIRECTORY

_BATCH = 500
"""Number of files of a manifest that are compared at once."""


def list_snapshots(directory: Path) -> list[Snapshot]:
    """The snapshots of ``directory``, oldest first. Raises ConfigError, DestinationError."""
    try:
        with shelf.opened(directory) as found:
            if found is None:
                raise ConfigError(f"{directory} has no snapshots: --snapshots creates them")
            return [_described(name, directory, found) for name in found.names()]
    except UnusablePath as problem:
        raise DestinationError(f"cannot read {directory}/{STATE_DIRECTORY}/{shelf.SNAPSHOTS}: {problem}") from problem
    except OSError as error:
        raise destination_error(error, str(directory)) from error


def _described(name: str, directory: Path, found: shelf.Shelf) -> Snapshot:
    totals = found.totals(name)
    return Snapshot(
        name=name,
        path=str(directory / STATE_DIRECTORY / shelf.SNAPSHOTS / name),
        files=None if totals is None else totals.files,
        size=None if totals is None else totals.size,
        is_current=name == found.current(),
    )


async def roll_back(name: str, directory: Path, config: Config) -> str | None:
    """Make the snapshot ``name`` current until a run publishes another one. Returns the one that was current.

    Raises ConfigError, AlreadyRunning, DestinationError.
    """
    names = [snapshot.name for snapshot in list_snapshots(directory)]
    if name not in names:
        last = ", ".join(names[-5:]) or "none"
        raise ConfigError(f"--rollback {name}: {directory} has no such snapshot; the last ones are {last}")
    async with LocalDestination(directory, fsync=config.fsync) as destination:
        await destination.acquire(config.lock_wait, lock=config.lock != "none")
        return await asyncio.to_thread(_switch, name, directory)


def _switch(name: str, directory: Path) -> str | None:
    try:
        with shelf.opened(directory) as found:
            if found is None or name not in found.names():
                raise ConfigError(f"--rollback {name}: a run has just removed it")
            found.settle()
            before = found.current()
            found.switch(name)
            return before
    except UnusablePath as problem:
        raise DestinationError(f"cannot roll back {directory}: {problem}") from problem
    except OSError as error:
        raise destination_error(error, str(directory)) from error


def snapshot_at(directory: Path) -> Path | None:
    """The real path of ``directory`` if it is a snapshot, else None. Links such as ``current`` are followed."""
    place = real_path(directory)
    is_snapshot = moment_of(place.name) and place.parts[-3:-1] == (STATE_DIRECTORY, shelf.SNAPSHOTS)
    return place if is_snapshot else None


class _Manifest(SqliteState):
    """The manifest of a snapshot, used in place of a state: it knows the files and their digests."""

    def __init__(self, snapshot: Path) -> None:
        super().__init__(None)
        self._snapshot_path = snapshot
        self._manifest = snapshot.with_name(snapshot.name + shelf.MANIFEST)

    def check(self) -> None:
        """Raise DestinationError if the manifest cannot be read or is incomplete."""
        try:
            text = self._manifest.read_bytes()[-_BATCH:].decode("utf-8", "surrogateescape")
        except OSError as error:
            reason = (error.strerror or "").lower()
            raise DestinationError(f"nothing can be verified: {self._manifest}: {reason}") from None
        if totals_of(text) is None:
            raise DestinationError(f"nothing can be verified: {self._manifest} is incomplete")

    async def all_files(self) -> AsyncIterator[list[Known]]:
        """All files of the snapshot, in batches."""
        with self._manifest.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            files = files_of(lines)
            while batch := await asyncio.to_thread(self._batch, files):
                yield batch

    def _batch(self, files: Iterator[tuple[str, str | None]]) -> list[Known]:
        return [
            Known(path=path, url="", row="", size=self._size(path), mtime=0, digest=digest)
            for path, digest in islice(files, _BATCH)
        ]

    def _size(self, path: str) -> int:
        """The current size of the file in bytes. Only its digest tells whether the file is intact."""
        try:
            return os.lstat(os.fsencode(self._snapshot_path) + b"/" + path.encode("utf-8", "surrogateescape")).st_size
        except OSError:
            return 0


async def run_verify_snapshot(
    snapshot: Path, config: Config, observers: Sequence[Observer], stop: Stop
) -> tuple[Report, CrawlerError | None]:
    """Compare the files of a snapshot with its manifest. Takes no lock: runs never change a snapshot."""
    tally = Tally("", str(snapshot))

    async def open_parts(stack: AsyncExitStack) -> tuple[Components, SqliteState]:
        resources = Resources(stack=stack, config=config, directory=snapshot, tally=tally)
        destination = await resources.open_directory(read_only=True)
        manifest = _Manifest(snapshot)
        await asyncio.to_thread(manifest.check)
        state = await stack.enter_async_context(manifest)
        gate = shared_gate([config])
        parts = await resources.open_components(
            client_options(config, []), destination, state, gate=gate, observers=observers, stop=stop
        )
        return parts, NullState()

    async def work(parts: Components) -> None:
        await VerifyRun(parts, repair=False).verify()

    return await accounted(work, open_parts, config, tally, stop)
