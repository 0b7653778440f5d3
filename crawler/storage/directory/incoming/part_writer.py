"""Writes a large body: collects chunks, then hashes and writes them in one hop to a thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from crawler.model import limits
from crawler.model.errors import DestinationError, FetchError
from crawler.model.interfaces import BulkBody
from crawler.model.values import Job, Validators
from crawler.storage.directory.incoming.part_threads import Fillers, PartThreads, is_for_process
from crawler.storage.directory.incoming.parts import OpenPart, PartStore
from crawler.storage.directory.incoming.piece_stages import PieceStages
from crawler.storage.directory.os_errors import destination_error, is_whole, item_reason

if TYPE_CHECKING:
    from crawler.storage.directory.incoming.filler import Filled, Filler

T = TypeVar("T")


class LocalPart:
    """See ``interfaces.Part``. For one task at a time.

    Methods raise DestinationError if the disk fails, FetchError (not retryable) if only this file cannot be stored.
    """

    def __init__(self, job: Job, store: PartStore, *, threads: PartThreads, fillers: Fillers, where: str) -> None:
        """Open the part. Blocks if an earlier run has left one: call it in a thread then. Raises OSError."""
        self._job = job
        self._store = store
        self._threads, self._fillers = threads, fillers
        self._where = where
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._writing: asyncio.Future[None] | None = None
        self._has_failed = False
        self.validators = Validators()
        self._take(store.open(job))

    def _take(self, opened: OpenPart) -> None:
        self.name, self._raw, note = opened
        self.offset = self._noted = self._raw.written
        if note is not None:
            self.validators = note.validators

    @property
    def is_open(self) -> bool:
        return self._raw.is_open

    def note(self, validators: Validators) -> None:
        """See ``interfaces.Part``."""
        self.validators = validators

    def expect(self, mtime: int | None, digests: Sequence[str]) -> None:
        """See ``interfaces.Part``. Does nothing: the time is set at the end, and the file can be read again."""

    async def write(self, chunk: bytes) -> None:
        """Append to the body. BODY_CHUNK bytes at a time are written while the next ones arrive."""
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        self.offset += len(chunk)
        if self._waiting >= limits.BODY_CHUNK:
            await self._finish_write()
            self._start_write()

    def fill(self, offer: Callable[[], BulkBody | None]) -> Awaitable[bytes] | None:
        """See ``interfaces.Part``."""
        is_able = self._may_go_elsewhere()
        filler = self._fillers.pick() if is_able else None
        thread = self._threads.reserve() if filler is None else None
        body = None if filler is None and thread is None else offer()
        if is_able and filler is None and body is not None:
            filler = self._fillers.note(self._store.directory)
        if body is not None and filler is None and thread is not None:
            return self._fill(body, thread)
        if thread is not None:
            self._threads.free(thread)
        return None if body is None or filler is None else self._fill_elsewhere(body, filler)

    def _may_go_elsewhere(self) -> bool:
        """Whether a process may receive the body: a new one, and not so long that its beginning is noted meanwhile."""
        return is_for_process(self._job.size) and self._writing is None and self._raw.is_untouched

    def _fill_elsewhere(self, body: BulkBody, filler: Filler) -> Awaitable[bytes]:
        pieces, self._chunks, self._waiting = [*self._chunks, *body.pieces], [], 0
        self._has_failed = True  # nothing may be appended unless these bytes are written
        filled = filler.fill(self.name, pieces, body, is_hashed=self._raw.hashing is not None)
        size = sum(map(len, pieces)) + body.length
        self._writing = asyncio.ensure_future(self._take_over(body, filled, size))
        return self._ending_of(body)

    async def _ending_of(self, body: BulkBody) -> bytes:
        await self._finish_write()
        return body.ending

    async def _take_over(self, body: BulkBody, filling: asyncio.Future[Filled], size: int) -> None:
        """Go on with what a process has stored: ``size`` bytes, if nothing happens."""
        filled, raw, last, ending = await filling, self._raw, b"", b""
        try:
            is_complete = filled.is_complete and filled.count == body.length
            if is_complete and not body.is_followed():
                raw.conclude(size, filled.digest)
            else:
                await self._run(raw.adopt, filled.count)
                last = await self._run(raw.last, limits.DOUBTED) if is_complete else b""
            self.offset = raw.written
            ending = filled.padded_ending if is_complete else b""
        finally:
            body.end_elsewhere(filled.count, filled.network, ending, last)
        if filled.disk:
            raise OSError(filled.disk, os.strerror(filled.disk))
        self._has_failed = False

    async def _fill(self, body: BulkBody, thread: Executor) -> bytes:
        try:
            await self._finish_write()
        except BaseException:
            self._threads.free(thread)
            raise
        chunks, self._chunks, self._waiting = self._chunks, [], 0
        self._writing = asyncio.get_running_loop().run_in_executor(thread, self._receive, body, chunks)
        self._writing.add_done_callback(lambda _done: self._threads.free(thread))
        await self._finish_write()
        return body.ending

    def _receive(self, body: BulkBody, chunks: list[bytes]) -> None:
        self._has_failed = True  # nothing may be appended unless these bytes are written
        self._raw.writelines(chunks)
        with closing(PieceStages(self._raw)) as stages:
            is_long = body.length >= limits.BULK_STAGED
            body.receive(partial(self._append, stages, is_long), self._threads.memory)
        if body.is_whole:
            self._raw.close()
        self._has_failed = False

    def _append(self, stages: PieceStages, is_long: bool, data: bytes | memoryview) -> memoryview | None:
        """Returns other memory than ``data`` if that is still in use."""
        memory = None
        is_fast = stages.is_behind or len(data) >= limits.BULK_PIECE // 2  # the network is faster than one thread
        if is_long and is_fast and isinstance(data, memoryview) and self._threads.has_idle_processor:
            memory = stages.put(data)
        else:
            stages.append(data)
        self.offset += len(data)
        if self.validators and self._raw.written - self._noted >= limits.CHECKPOINT_BYTES:
            self._store.write_note(self.name, self._raw, self._job, self.validators)
            self._noted = self._raw.written
        return memory

    def _start_write(self) -> None:
        chunks, self._chunks, self._waiting = self._chunks, [], 0
        self._writing = asyncio.ensure_future(self._write_chunks(chunks))

    async def _finish_write(self) -> None:
        """Wait for the current write, if any, and raise its errors."""
        if self._writing is not None:
            await _ended(self._writing)
            writing, self._writing = self._writing, None
            try:
                writing.result()
            except OSError as error:
                raise self._translated(error) from error

    async def _write_rest(self) -> None:
        """Write the remaining chunks."""
        await self._finish_write()
        if self._chunks:
            self._start_write()
            await self._finish_write()

    async def _write_chunks(self, chunks: list[bytes]) -> None:
        from aiofiles.threadpool import wrap  # imported only if needed: with 13 modules, which take 5 ms

        self._has_failed = True  # nothing may be appended unless these bytes are written
        await wrap(self._raw, executor=self._threads).writelines(chunks)
        self._has_failed = False
        if self.validators and self._raw.written - self._noted >= limits.CHECKPOINT_BYTES:
            await self._run(self._store.write_note, self.name, self._raw, self._job, self.validators)
            self._noted = self._raw.written

    async def rewind(self) -> None:
        """See ``interfaces.Part``."""
        if not self.is_open:
            await self.restart()
            return
        await self._write_rest()
        await self._run(self._raw.rewind)
        self.offset = self._raw.written
        if self._noted > self.offset:  # the note proves bytes that are gone
            await self._run(self._store.write_note, self.name, self._raw, self._job, self.validators)
            self._noted = self.offset

    async def restart(self) -> None:
        """Start again from the first byte, in a new part."""
        await self.discard()
        self.validators = Validators()
        self._take(await self._run(self._store.create, self._job))

    async def finish(self) -> str | None:
        """Write the remaining chunks and close. Returns ``sha256:<hex>``, or None if digests are off."""
        await self._write_rest()
        if self.is_open:
            await self._run(self._raw.complete)
        digest = self._raw.sha256
        return None if digest is None else f"sha256:{digest}"

    async def matches(self, digest: str) -> bool:
        """See ``interfaces.Part``. False for an algorithm that this Python does not know."""
        algorithm, _, expected = digest.partition(":")
        known = self._raw.sha256
        if known is not None and algorithm == "sha256":
            return known == expected.lower()
        return await self._run(self._store.digest, self.name, algorithm) == expected.lower()

    async def keep(self) -> None:
        """Keep the part for a later run; discard it if its content cannot be proven or the disk fails."""
        try:
            await self._finish_write()
            if self._chunks and not self._has_failed:
                self._start_write()
                await self._finish_write()
            kept = await self._run(self._store.write_note, self.name, self._raw, self._job, self.validators)
        except (DestinationError, FetchError):
            kept = False
        await self._run(self._shut if kept else self._remove)

    async def discard(self) -> None:
        """Remove the part. Disk errors are ignored."""
        await self.wait_for_write()
        self._chunks, self._waiting, self.offset = [], 0, 0
        self._has_failed = False
        await self._run(self._remove)

    def _shut(self) -> None:
        with suppress(OSError):  # the part was flushed, or its digest is verified before use
            self._raw.close()

    def _remove(self) -> None:
        self._shut()
        self._store.remove(self.name)

    async def wait_for_write(self) -> None:
        """Wait until nothing is being written, ignoring disk errors."""
        with suppress(DestinationError, FetchError):
            await self._finish_write()

    def abandon(self) -> None:
        """Close a part that its user did not finish, when the destination closes."""
        if self.is_open:
            self._shut()
            if not self._noted:
                self._store.remove(self.name)

    async def _run(self, call: Callable[..., T], *args: object) -> T:
        return await self._run_in(self._threads, call, *args)

    async def _run_in(self, executor: Executor, call: Callable[..., T], *args: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, call, *args)
        except OSError as error:
            raise self._translated(error) from error

    def _translated(self, error: OSError) -> Exception:
        if is_whole(error):
            return destination_error(error, self._where)
        message = f"cannot be stored: {item_reason(error)}"
        return FetchError(message, url=self._job.url, retryable=False)


async def _ended(future: asyncio.Future[None]) -> None:
    """Wait until ``future`` is done. Unlike ``await future``, does not propagate a cancellation to it."""
    if not future.done():
        over = asyncio.Event()
        future.add_done_callback(lambda _done: over.set())
        await over.wait()
