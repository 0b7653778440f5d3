"""A local directory as destination.

Everything below DIR is accessed relative to its descriptor and never through a link (``tree``). Threads do the work, so
that a slow disk or NFS never stalls the event loop: one writes batches and deletes, one scans (without waiting for a
flush), and a few write large bodies.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Container, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from crawler.model.columns.new_files import directories_of
from crawler.model.errors import DestinationError, noting_outcomes
from crawler.model.values import Job, Known, Local, Span, Staged
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.storage.directory.incoming.part_threads import Fillers, PartThreads, Receiving
from crawler.storage.directory.layout import Layout
from crawler.storage.directory.os_errors import HELPER_LOST, destination_error
from crawler.storage.directory.reading.reader import DirectoryReader
from crawler.storage.directory.writer import DirectoryWriter, WriteOptions
from crawler.storage.executor import BriefExecutor, advanced, finished

if TYPE_CHECKING:
    from crawler.model.network.receiving import Receiver
    from crawler.storage.directory.incoming.part_writer import LocalPart
    from crawler.storage.directory.incoming.parts import PartStore
    from crawler.storage.directory.trash import Trash

T = TypeVar("T")


class LocalDestination(DirectoryReader):
    """``interfaces.Destination`` for a directory. An async context manager.

    Entering opens DIR and changes nothing; ``acquire``, or else the first write, creates what is missing. ``directory``
    may be a link to a directory. ``fsync`` is ``none``, ``batch`` or ``file``; without ``trash_seconds`` there is no
    trash. With ``read_only`` nothing is created or changed. ``own``: files of the program that are never replaced or
    deleted. ``is_ending``: whether the run has been told to end; then it waits only seconds for a disk that does not
    answer, where it can. ``layout``: DIR, if it has been opened, and maybe locked, already. All methods raise
    DestinationError if the directory as a whole cannot be used.
    """

    adds_digests = True

    def __init__(
        self,
        directory: Path,
        *,
        fsync: str = "batch",
        digests: bool = True,
        trash_seconds: float | None = None,
        read_only: bool = False,
        own: Sequence[OwnFile] = (),
        is_ending: Callable[[], bool] = lambda: False,
        layout: Layout | None = None,
    ) -> None:
        if os.name == "nt":
            raise DestinationError(f"cannot use {directory}: this system cannot open relative to a directory")
        super().__init__(directory, own, layout)
        self._options = WriteOptions(fsync=fsync, digests=digests, trash_seconds=trash_seconds, is_ending=is_ending)
        self._read_only, self._joined = read_only, False
        self._writer: DirectoryWriter | None = None
        self._open_parts: set[LocalPart] = set()
        self._write_thread = ThreadPoolExecutor(1, "destination-write")
        self._part_threads = PartThreads()
        self._fillers = Fillers()
        self._receiving = Receiving()
        self._brief_writes = BriefExecutor(self._write_thread)

    @property
    def folds_case(self) -> bool:
        """True if README and readme are the same file, so that the second is refused. Known after ``acquire``."""
        return self._writer is not None and self._writer.folds_case

    async def __aenter__(self) -> Self:
        try:
            await self._run(self._write_thread, self._layout.look)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def acquire(self, wait: float, *, lock: bool = True) -> None:
        """Lock DIR, waiting up to ``wait`` seconds for another run, then remove parts that cannot be resumed.

        Without ``lock`` the caller guarantees that there is no other run. Call it before anything else: DIR is opened
        anew if the other run withdraws it. Raises AlreadyRunning.
        """
        self._refuse_read_only()
        if lock:
            await self._layout.lock.acquire(wait, self._write_thread)
        writer = await self._ready()
        await self._run(self._write_thread, writer.sweep_parts)

    async def withdraw(self, *, with_state: bool = False) -> None:
        """Leave no trace of a run that stored nothing. ``with_state``: it created the state, and has closed it."""
        await self._run(self._write_thread, self._layout.withdraw, with_state)

    async def join(self) -> None:
        """Prepare to write into DIR, which another process of the same run has locked and will clean up."""
        self._joined = True
        (await self._ready()).committer.helper.forgo()
        self._fillers.forgo()

    async def close(self) -> None:
        """Remove old files from the trash, release the lock and close all descriptors. Call it once, at the end."""
        try:
            for part in tuple(self._open_parts):
                await part.wait_for_write()
        finally:
            self._fillers.close()
            self._receiving.close()
            await self._finish(self._write_thread.submit(self._close))

    async def _finish(self, closing: Future[None]) -> None:
        """Wait for ``closing`` even if cancelled, because a lock that is still held would stop the next run."""
        self._write_thread.shutdown(wait=False)
        waiting = asyncio.wrap_future(closing)
        try:
            await asyncio.wait([waiting])
        except asyncio.CancelledError:
            await asyncio.wait([waiting])
            raise
        error = waiting.exception()
        if error is not None:
            raise destination_error(error, self._shown) if isinstance(error, OSError) else error

    async def _ready(self) -> DirectoryWriter:
        self._refuse_read_only()
        if self._writer is not None:
            return self._writer
        return await self._run(self._write_thread, self._open_writer)

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise DestinationError(f"internal error: a read-only run tried to change {self._shown}")

    def _open_writer(self) -> DirectoryWriter:
        """Open the writer, once. Runs in the writing thread, so that concurrent callers get the same writer."""
        if self._writer is None:
            self._writer = DirectoryWriter(self._layout, self._options, self._spared)
        return self._writer

    def _close(self) -> None:
        self._fillers.reap()
        for executor in (self._scan_thread, self._part_threads):
            executor.shutdown(wait=True, cancel_futures=True)  # no thread may use a descriptor that is closed below
        try:
            if self._writer is not None and not self._joined:
                self._writer.empty_trash()
        finally:
            for part in self._open_parts:
                part.abandon()
            if self._ahead is not None:
                self._ahead.close()
            if self._scanner is not None:
                self._scanner.close()
            if self._writer is not None:
                self._writer.close()
            self._spared.close()
            self._layout.close()

    # --- reading ----------------------------------------------------------------------------------

    def rejects(self, path: str) -> str | None:
        """See ``interfaces.Destination``: the run writes a file of its own there."""
        return self._spared.claims.get(path)

    async def digest(self, path: str) -> str:
        """``sha256:<hex>`` of a local file; "" if it is not a regular file or cannot be read."""
        from crawler.storage.directory.reading.readback import digest_at  # imported only if needed

        return await self._run(self._part_threads, digest_at, self._layout.root, path)

    async def read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        from crawler.storage.directory.reading.readback import read_at  # imported only if needed

        return await self._run(self._part_threads, read_at, self._layout.root, path, limit)

    # --- writing ----------------------------------------------------------------------------------

    def expect(self, sizes: Sequence[Span[int] | None], *, in_bulk: bool) -> None:
        """See ``interfaces.Destination``. Prepares to store them as soon as they arrive."""
        if (writer := self._writer) is not None:
            if in_bulk:
                self._fillers.expect(sizes, lambda: writer.parts.directory)
            self._receiving.expect(
                len(sizes), self._write_thread, lambda: writer.committer.helper.note_batch, receives=in_bulk
            )

    @property
    def receivers(self) -> Sequence[Receiver]:
        return self._receiving.receivers(self._fillers, self._writer.parts) if self._writer is not None else ()

    async def commit(self, batch: Sequence[Staged]) -> Sequence[Known | str]:
        """See ``interfaces.Destination``. The error's ``done`` lists the files that already have their final names."""
        committer = (await self._ready()).committer
        directories = directories_of(batch)
        for directory in directories:
            self._changes(directory)
        steps = committer.commit(batch, self._shown)
        outcomes: Sequence[Known | str] | None = None
        if not committer.helper.is_ready or len(directories) == 1:
            thread = self._write_thread if committer.helper.is_ready else self._brief_writes
            return await self._run(thread, finished, steps)
        while outcomes is None:  # to open directories beside the event loop would take several times as long
            outcomes = await self._run(self._brief_writes, advanced, steps)
            if outcomes is None:
                outcomes = await self._run(self._write_thread, advanced, steps)
        return outcomes

    async def delete(self, paths: Sequence[str]) -> list[str | None]:
        """See ``interfaces.Destination``. A path that is already gone counts as deleted."""
        await self._remove_leftovers(writer := await self._ready())
        with noting_outcomes() as done:
            return await self._remove(writer, paths, writer.trash, done)

    async def set_time(self, path: str, local: Local, mtime: int) -> int | None:
        """See ``interfaces.Destination``. A file with several hard links keeps its time, which they share.

        If a snapshot may be the reason for the links, the file is replaced by a copy with the new time instead.
        """
        from crawler.storage.directory.reading.readback import copy_with_time, set_time_at  # imported only if needed

        writer = await self._ready()
        self._changes(path.rpartition("/")[0])
        given = await self._run(self._write_thread, set_time_at, self._layout.root, path, local, mtime)
        if given is None and self._layout.has_snapshots():
            target = self._layout, writer.parts.new_name()
            return await self._run(self._write_thread, copy_with_time, *target, path, local, mtime)
        return given

    async def make_folder(self, path: str) -> str | None:
        writer = await self._ready()
        self._changes(path)
        return await self._run(self._write_thread, writer.tree.make, path)

    async def _remove_leftovers(self, writer: DirectoryWriter) -> None:
        if self._scanner is not None and (gone := self._scanner.take_leftovers()):
            await self._remove(writer, gone, None, {})

    async def _remove(
        self, writer: DirectoryWriter, paths: Sequence[str], trash: Trash | None, done: dict[str, Any]
    ) -> list[str | None]:
        from crawler.storage.directory.trash import remove  # imported only if needed

        for path in paths:
            self._changes(path)

        return await self._run(self._write_thread, remove, writer.tree, paths, (trash, self._spared), done)

    def has_parts(self) -> bool:
        writer = self._writer
        return writer is not None and (parts := writer.found_parts) is not None and not parts.is_empty

    def has_part(self, path: str) -> bool:
        writer = self._writer
        return writer is not None and (parts := writer.found_parts) is not None and parts.has(path)

    async def open_part(self, job: Job) -> LocalPart:
        """See ``interfaces.Destination``. Reads the part that an earlier run left, to verify it."""
        parts = (await self._ready()).parts
        if not parts.has(job.path):
            return self._open_part(job, parts)
        return await self._run(self._part_threads, self._open_part, job, parts)

    def _open_part(self, job: Job, parts: PartStore) -> LocalPart:
        from crawler.storage.directory.incoming.part_writer import LocalPart

        part = LocalPart(job, parts, threads=self._part_threads, fillers=self._fillers, where=self._shown)
        self._open_parts.add(part)  # in this thread, so that close finds it even if the caller was cancelled
        self._open_parts -= {other for other in tuple(self._open_parts) if not other.is_open}
        return part

    async def clean_parts(self, wanted: Container[str]) -> None:
        writer = await self._ready()
        if parts := writer.found_parts:
            await self._run(self._write_thread, parts.clean, wanted)
        await self._remove_leftovers(writer)

    @property
    def lacks(self) -> frozenset[str]:
        """Messages about what this file system or machine lacks; files were stored without it."""
        found = self._writer.lacks if self._writer is not None else frozenset()
        return found | {HELPER_LOST} if self._fillers.have_lost else found
