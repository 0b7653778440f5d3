"""A large body on its way to the disk: chunks are collected, then hashed and written in one hop to a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from aiofiles.threadpool import wrap

from crawler import limits
from crawler.destinations.parts import Note, Opened, PartStore
from crawler.destinations.reasons import destination_error, is_whole, item_reason
from crawler.errors import FetchError
from crawler.models import Job, Validators

if TYPE_CHECKING:
    from aiofiles.threadpool.binary import AsyncFileIO

T = TypeVar("T")


class LocalPart:
    """See ``interfaces.Part``. For one task at a time.

    Methods raise DestinationError when the disk is in trouble, FetchError (not retryable) when this file alone
    cannot be stored.
    """

    def __init__(self, job: Job, store: PartStore, *, executor: Executor, where: str) -> None:
        """Opens the file, so it is made in a thread. Raises OSError."""
        self._job = job
        self._store = store
        self._executor = executor
        self._where = where
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._broken = False
        self.validators = Validators()
        self._take(store.open(job))

    def _take(self, opened: Opened) -> None:
        self.name, self._raw, note = opened
        self._file: AsyncFileIO = wrap(self._raw, executor=self._executor)
        self.offset = self._noted = 0
        if note is not None:
            self.offset = self._noted = note.offset
            self.validators = note.validators

    @property
    def is_open(self) -> bool:
        return not self._raw.closed

    def note(self, validators: Validators) -> None:
        """Which version the bytes that follow belong to; see ``interfaces.Part.note``."""
        self.validators = validators

    async def write(self, chunk: bytes) -> None:
        """Take more of the body. Written when BODY_CHUNK bytes have come together."""
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        self.offset += len(chunk)
        if self._waiting >= limits.BODY_CHUNK:
            await self._drain()
            if self.validators and self.offset - self._noted >= limits.CHECKPOINT_BYTES:
                await self._checkpoint()

    async def _drain(self) -> None:
        if self._chunks:
            chunks, self._chunks, self._waiting = self._chunks, [], 0
            self._broken = True  # until it is known that all of it was written
            try:
                await self._file.writelines(chunks)
            except OSError as error:
                raise self._translated(error) from error
            self._broken = False

    async def _checkpoint(self) -> None:
        hashing = self._raw.hashing
        if hashing is None:
            return
        note = Note(
            url=self._job.url,
            path=self._job.path,
            etag=self.validators.etag,
            last_modified=self.validators.last_modified,
            offset=self.offset,
            digest=hashing.hexdigest(),
        )
        await self._run(self._store.write_note, self.name, self._raw, note)
        self._noted = self.offset

    async def restart(self) -> None:
        """Start again from the first byte, in a new part."""
        await self.discard()
        self._take(await self._run(self._store.create, self._job))
        self._broken = False
        self.validators = Validators()

    async def finish(self) -> str | None:
        """Write what is left and close. Returns ``sha256:<hex>``, or None if digests are off."""
        await self._drain()
        await self._run(self._raw.close)
        hashing = self._raw.hashing
        return f"sha256:{hashing.hexdigest()}" if hashing is not None else None

    async def matches(self, digest: str) -> bool:
        """See ``interfaces.Part``. False for an algorithm that this Python does not know."""
        algorithm, _, expected = digest.partition(":")
        hashing = self._raw.hashing
        if hashing is not None and algorithm == hashing.name:
            return hashing.hexdigest() == expected.lower()
        return await self._run(self._store.digest, self.name, algorithm) == expected.lower()

    async def keep(self) -> None:
        """Leave what is there for a later run if it can be proven then; else discard it."""
        if self._raw.closed:
            return
        if self._broken or not self.validators or not self.offset or self._raw.hashing is None:
            await self.discard()
            return
        await self._drain()
        await self._checkpoint()
        await self._run(self._raw.close)

    async def discard(self) -> None:
        """Remove it. Never raises an error of the disk."""
        self._chunks, self._waiting, self.offset = [], 0, 0
        await self._run(self._remove)

    def _remove(self) -> None:
        with suppress(OSError):
            self._raw.close()
        self._store.remove(self.name)

    def abandon(self) -> None:
        """For the destination that closes: whoever held this part did not come back for it."""
        if not self._raw.closed:
            with suppress(OSError):
                self._raw.close()
            if not self._noted:
                self._store.remove(self.name)

    async def _run(self, call: Callable[..., T], *args: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, call, *args)
        except OSError as error:
            raise self._translated(error) from error

    def _translated(self, error: OSError) -> Exception:
        self._broken = True
        if is_whole(error):
            return destination_error(error, self._where)
        message = f"cannot be stored: {item_reason(error)}"
        return FetchError(message, url=self._job.url, retryable=False)
