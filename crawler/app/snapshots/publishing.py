"""Publishes DIR as a snapshot at the end of a complete run. Imported only with --snapshots."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from crawler.model.errors import DestinationError
from crawler.model.options.retention import Retention
from crawler.model.report import Published
from crawler.output.log import event
from crawler.pipeline.runs.components import Components
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.storage.directory.os_errors import UnusablePath, destination_error
from crawler.storage.executor import BriefExecutor
from crawler.storage.snapshots.builder import Builder
from crawler.storage.snapshots.content import Content
from crawler.storage.snapshots.publication import Publication
from crawler.storage.state.read_only import NullState
from crawler.storage.state.store import SqliteState

T = TypeVar("T")


async def publish(parts: Components, directory: Path, own: Sequence[OwnFile]) -> None:
    """Publish a snapshot if the run was complete and DIR differs from the newest snapshot.

    Then remove the snapshots that --snapshots does not keep. If a stop interrupts this, nothing is published, and the
    next run makes up for it. An error is reported as a problem of the run (exit code 4) but does not undo the run.
    """
    report = parts.tally.close(0.0, parts.stop.reason)
    if report.plan is not None or report.exit_code or report.interrupted is not None:
        return
    try:
        await parts.stop.guard(_publish(parts, directory, own, changed=report.changed))
    except DestinationError as error:
        parts.tally.warn(str(error), error.exit_code)


async def _publish(parts: Components, directory: Path, own: Sequence[OwnFile], *, changed: bool) -> None:
    where = f"{directory}/.crawler/snapshots"
    fsync = parts.config.fsync != "none"
    with ThreadPoolExecutor(1, "publication") as executor:
        thread = _Thread(BriefExecutor(executor), where)
        publication = await thread.run(Publication, directory, own, fsync=fsync)
        try:
            await _Stages(parts, publication, thread).run(changed=changed)
        finally:
            executor.submit(publication.close)


class _Thread:
    """Runs the steps of a publication in a thread of its own, and turns their errors into errors for the user."""

    def __init__(self, executor: BriefExecutor, where: str) -> None:
        self._executor = executor
        self.where = where

    async def run(self, call: Callable[..., T], *args: object, **more: object) -> T:
        """Run ``call`` in the thread, and return its result. Raises DestinationError."""
        try:
            return await self._executor.run(lambda: call(*args, **more))
        except UnusablePath as problem:
            raise DestinationError(f"cannot publish in {self.where}: {problem}") from problem
        except OSError as error:
            raise destination_error(error, self.where) from error

    async def each(self, steps: Iterator[T]) -> AsyncIterator[T]:
        """Yield the values of ``steps``, each computed in the thread. Raises DestinationError."""
        end = object()
        while (value := await self.run(next, steps, end)) is not end:
            yield value


class _Stages:
    """The stages of a publication."""

    def __init__(self, parts: Components, publication: Publication, thread: _Thread) -> None:
        self._parts = parts
        self._publication = publication
        self._thread = thread

    async def run(self, *, changed: bool) -> None:
        """Run all stages. ``changed``: whether this run has changed DIR. Raises DestinationError."""
        publication, thread = self._publication, self._thread
        await self._remove(None)
        content = await thread.run(publication.content, await self._foreign())
        if changed or not await self._is_published(content):
            async with self._discarded_on_error():
                await self._make(content)
        await thread.run(publication.point_to_newest)
        await self._remove(self._parts.config.snapshots)

    async def _foreign(self) -> set[str]:
        """The mount points in DIR where the mirror has stored nothing."""
        state, points = self._parts.state, await self._thread.run(self._publication.mount_points)
        assert isinstance(state, SqliteState)
        return {point for point in points if not await state.knows_below(point) and await state.file(point) is None}

    async def _is_published(self, content: Content) -> bool:
        """Whether the content of DIR is that of its newest snapshot."""
        async for is_same in self._thread.each(self._publication.comparison(content)):
            if not is_same:
                return False
        return True

    async def _make(self, content: Content) -> None:
        parts, publication, thread = self._parts, self._publication, self._thread
        builder = await thread.run(publication.begin, content, parts.tally.url, datetime.now(UTC))
        is_blind = isinstance(parts.state, NullState)
        directories = [""]
        while directories:
            directory = directories.pop()
            known = await parts.state.directory(directory)
            steps = publication.fill(builder, directory, known, trust=is_blind, below=directories)
            async for _ in thread.each(steps):
                pass
        async for _ in thread.each(builder.finish()):
            pass
        await thread.run(publication.publish, builder)
        self._report(builder, content)

    def _report(self, builder: Builder, content: Content) -> None:
        name, totals, tally = self._publication.name, builder.totals, self._parts.tally
        tally.note_published(
            Published(name=name, files=totals.files, size=totals.size, left_out=dict(content.left_out))
        )
        event(logging.INFO, "published", path=name, files=totals.files, size=totals.size)
        if builder.copied:
            tally.warn(
                f"snapshot {name}: {builder.copied} files were copied, because they cannot be hard-linked "
                f"({builder.obstacle})"
            )

    @asynccontextmanager
    async def _discarded_on_error(self) -> AsyncIterator[None]:
        """Remove an unfinished snapshot after an error, because the disk may be full."""
        try:
            yield
        except DestinationError:
            await asyncio.shield(self._thread.run(self._publication.discard))
            raise

    async def _remove(self, retention: Retention | None) -> None:
        """Remove what killed runs have left, and the snapshots that ``retention`` does not keep."""
        async for problem in self._thread.each(self._publication.removals(retention, datetime.now(UTC))):
            if problem is not None:
                self._parts.tally.warn(f"could not remove an old snapshot from {self._thread.where}: {problem}", 4)
