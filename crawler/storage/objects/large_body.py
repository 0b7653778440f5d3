"""The body of a large file: an upload that stays open until the file is committed.

The upload ends with the commit, which is when the object appears. If it is aborted by an error, neither the object nor
any part of it remains. Calls of obstore are never cancelled, because that would leave the parts in the store.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import obstore

from crawler.model import limits
from crawler.model.interfaces import Part
from crawler.model.values import Job, Validators
from crawler.storage.objects.attributes import attributes
from crawler.storage.objects.errors import FAILURES, destination_error
from crawler.text.http_fields import certain_length

if TYPE_CHECKING:
    from obstore import PutResult
    from obstore.store import ObjectStore

PART = 8 * limits.MIB
"""Size in bytes of the parts of an upload. A body up to this size is stored in one request."""
_PARTS = 9_000
"""Maximum number of parts of an upload, below the 10,000 that S3 accepts."""
_AHEAD = 4 * limits.MIB
"""Number of bytes that may be waiting to be uploaded; beyond that the download waits."""
_AT_ONCE = 2
"""Number of parts of one body that are sent at the same time."""
_ALGORITHMS = hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}


class _LeaveError(Exception):
    """Raised inside an upload to abort it."""


class Upload:
    """A multipart upload that receives chunks. Only one task at a time may use it."""

    def __init__(self, store: ObjectStore, key: str, found: dict[str, str], part_size: int) -> None:
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._ended = False
        self._left = False
        self._more, self._room = asyncio.Event(), asyncio.Event()
        self._task = asyncio.ensure_future(self._put(store, key, found, part_size))
        self._task.add_done_callback(lambda _task: self._room.set())

    async def _put(self, store: ObjectStore, key: str, found: dict[str, str], part_size: int) -> PutResult:
        return await obstore.put_async(
            store,
            key,
            self._feed(),
            attributes=found,
            use_multipart=True,
            chunk_size=part_size,
            max_concurrency=_AT_ONCE,
        )

    async def _feed(self) -> AsyncIterator[bytes]:
        while True:
            while not self._chunks:
                if self._left:
                    raise _LeaveError
                if self._ended:
                    return
                self._more.clear()
                await self._more.wait()
            chunk = self._chunks.popleft()
            self._waiting -= len(chunk)
            self._room.set()
            yield chunk

    async def write(self, chunk: bytes) -> None:
        """Pass a chunk to the upload, once there is room for it. Raises what the upload raised."""
        while self._waiting >= _AHEAD and not self._task.done():
            self._room.clear()
            await self._room.wait()
        if self._task.done():
            self._task.result()
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        self._more.set()

    async def complete(self) -> PutResult:
        """Send the rest and make the object appear. Raises the error of the upload."""
        self._ended = True
        self._more.set()
        await asyncio.wait([self._task])  # unlike await, does not propagate a cancellation
        return self._task.result()

    async def abort(self) -> None:
        """Abort the upload, leaving neither an object nor a part of it. Waits for that even if cancelled."""
        if self._ended:
            return
        self._left = True
        self._chunks.clear()
        self._more.set()
        try:
            await asyncio.wait([self._task])
        except asyncio.CancelledError:
            await asyncio.wait([self._task])
            raise
        finally:
            if self._task.done() and not self._task.cancelled():
                self._task.exception()


class ObjectPart(Part):
    """See ``interfaces.Part``. A later run cannot resume it, because obstore does not reveal the ID of an upload."""

    def __init__(self, store: ObjectStore, job: Job, where: object, scheme: str, *, check: Callable[[], None]) -> None:
        """``check`` raises DestinationError if nothing may be written any longer."""
        self._store, self._job, self._where, self._scheme, self._check = store, job, where, scheme, check
        self.name = f"{id(self):x}.{job.path}"
        self._reset()

    def _reset(self) -> None:
        self.offset = 0
        self.validators = Validators()
        self.mtime: int | None = None
        self._held: list[bytes] = []
        self._end = b""
        """The last bytes of the body, at most DOUBTED."""
        self._upload: Upload | None = None
        self._hashes = {"sha256": hashlib.sha256()}
        published = self._job.digest.partition(":")[0] if self._job.digest else ""
        self._hash_also([published])

    def _hash_also(self, algorithms: Sequence[str]) -> None:
        for name in algorithms:
            if name in _ALGORITHMS and name not in self._hashes:
                self._hashes[name] = hashlib.new(name, usedforsecurity=False)

    def note(self, validators: Validators) -> None:
        self.validators = validators

    def expect(self, mtime: int | None, digests: Sequence[str]) -> None:
        """See ``interfaces.Part``. The time is sent before the body, and the body cannot be read again."""
        self.mtime = mtime
        if not self.offset:
            self._hash_also([digest.partition(":")[0] for digest in digests])

    async def write(self, chunk: bytes) -> None:
        for hashing in self._hashes.values():
            hashing.update(chunk)
        self.offset += len(chunk)
        self._end = (self._end + chunk[-limits.DOUBTED :])[-limits.DOUBTED :]
        try:
            if self._upload is not None:
                await self._upload.write(chunk)
                return
            self._held.append(chunk)
            if self.offset > PART:
                await self._start()
        except FAILURES as error:
            raise destination_error(error, self._where) from error

    async def _start(self) -> None:
        """Begin the upload with the bytes held so far."""
        self._check()
        high = self._job.size.high if self._job.size is not None else 0
        size = max(PART, -(-high // _PARTS))
        found = attributes(self._job.path, self.mtime, self._published, self._scheme)
        self._upload = Upload(self._store, self._job.path, found, size)
        held, self._held = self._held, []
        for chunk in held:
            await self._upload.write(chunk)

    @property
    def _published(self) -> str | None:
        """The SHA-256 that the body must have, if known; if it differs, the upload is never completed."""
        digest = self._job.digest
        return digest if digest is not None and digest.startswith("sha256:") else None

    async def rewind(self) -> None:
        """See ``interfaces.Part``. What has been sent to a store cannot be shortened, so the body starts again."""
        if certain_length(self._end) < len(self._end):
            await self.restart()

    async def restart(self) -> None:
        await self.discard()
        self._reset()

    async def finish(self) -> str | None:
        """See ``interfaces.Part``. The upload stays open."""
        return f"sha256:{self._hashes['sha256'].hexdigest()}"

    async def matches(self, digest: str) -> bool:
        """See ``interfaces.Part``. False if the algorithm was not announced by ``expect`` and the body is gone."""
        algorithm, _, wanted = digest.partition(":")
        if algorithm in self._hashes:
            return self._hashes[algorithm].hexdigest() == wanted.lower()
        if algorithm not in _ALGORITHMS or self._upload is not None:
            return False
        return hashlib.new(algorithm, b"".join(self._held), usedforsecurity=False).hexdigest() == wanted.lower()

    async def keep(self) -> None:
        """See ``interfaces.Part``. Discards the part, which could not be resumed."""
        await self.discard()

    async def discard(self) -> None:
        self._held, self.offset = [], 0
        upload, self._upload = self._upload, None
        if upload is not None:
            with suppress(*FAILURES):
                await upload.abort()

    async def store_as(self, found: dict[str, str]) -> PutResult:
        """Make the object appear, with the attributes ``found`` if the body is stored in one request.

        Raises the errors of obstore.
        """
        upload, self._upload = self._upload, None
        if upload is not None:
            return await upload.complete()
        body, self._held = b"".join(self._held), []
        return await obstore.put_async(self._store, self._job.path, body, attributes=found, use_multipart=False)
