"""A prefix in an object store as a destination.

Objects appear completely or not at all: a body is sent in one request, or by an upload that ends with the commit. There
are no directories. Nevertheless a file and a directory must not have the same name, so that a mirror in a store can be
copied to a directory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Container, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import obstore

from crawler.model import limits
from crawler.model.errors import noting_outcomes
from crawler.model.interfaces import UNLIMITED, Destination, LargeDirectory
from crawler.model.reasons import Reason
from crawler.model.values import Job, Kind, Known, Local, Staged
from crawler.storage.directory.known_empty import KnownEmpty
from crawler.storage.objects import listing
from crawler.storage.objects.attributes import attributes, digest_of
from crawler.storage.objects.commit import BatchCommit
from crawler.storage.objects.directories import Directories
from crawler.storage.objects.errors import FAILURES, destination_error
from crawler.storage.objects.keys import key_problem, unusable
from crawler.storage.objects.large_body import PART, ObjectPart
from crawler.storage.objects.large_directory import LargeObjectDirectory
from crawler.storage.objects.removal import remove

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from crawler.storage.objects.location import Location

T = TypeVar("T")
AT_ONCE = 32
"""Maximum number of requests for single objects in flight."""


class ObjectDestination(Destination):
    """``interfaces.Destination`` for ``where`` in ``store``. An async context manager that closes open parts.

    ``check`` is called before anything is written, and raises DestinationError if another run may hold the lock.
    """

    def __init__(self, store: ObjectStore, where: Location, check: Callable[[], None] = lambda: None) -> None:
        self._store, self._where, self._check = store, where, check
        self._directories = Directories(store)
        self._known_empty = KnownEmpty()
        self._parts: dict[str, ObjectPart] = {}
        self._digests: dict[str, str] = {}
        self._spared: dict[str, str] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._commit = BatchCommit(store, where, self._parts, self._directories, self._turns)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for part in list(self._parts.values()):
            await part.discard()

    async def _run(self, work: Awaitable[T]) -> T:
        """Await ``work`` and return its result. Turns the errors of obstore into DestinationError."""
        try:
            return await work
        except FAILURES as error:
            raise destination_error(error, self._where) from error

    # --- reading ----------------------------------------------------------------------------------

    async def scan(self, directory: str) -> dict[str, Local]:
        """See ``interfaces.Destination``. Needs one request per thousand objects, and none for a single object."""
        if self._known_empty.covers(directory):
            return self._directories.shown_in(directory)
        if directory and unusable(directory, self._where.prefix):
            return {}
        fills = self._known_empty.fills
        found, is_mirror = await self._run(listing.scan(self._store, directory))
        self._directories.saw(directory, found, is_mirror=is_mirror)
        if not found and self._known_empty.fills == fills:
            self._known_empty.found_empty(directory)
        return {**self._directories.shown_in(directory), **found}

    def large_directory(self, directory: str) -> LargeDirectory | None:
        if self._known_empty.covers(directory):
            return None
        return LargeObjectDirectory(self.files_in_pieces(directory))

    async def files_in_pieces(self, directory: str) -> AsyncGenerator[dict[str, Local], None]:
        """See ``interfaces.Destination``. Needs as many requests as ``scan``."""
        if self._directories.made or (directory and unusable(directory, self._where.prefix)):
            yield {}
            return
        async with aclosing(listing.files_in_pieces(self._store, directory)) as pieces:
            while (piece := await self._run(anext(pieces, None))) is not None:
                yield piece

    async def inspect(self, directory: str, names: Collection[str]) -> dict[str, Local]:
        """See ``interfaces.Destination``. Sends one request for each name, many at once."""
        above = f"{directory}/" if directory else ""
        found = await asyncio.gather(*[self._inspect(above + name) for name in names])
        return {name: local for name, local in zip(names, found, strict=True) if local is not None}

    async def _inspect(self, path: str) -> Local | None:
        if self._known_empty.covers(path.rpartition("/")[0]) or unusable(path, self._where.prefix):
            return None
        async with self._turns:
            found = await self._run(listing.look(self._store, path))
            if found is None:
                return listing.DIRECTORY if await self._run(listing.is_directory(self._store, path)) else None
        self._digests[path] = digest_of(found[1])
        return found[0]

    async def walk_local(self, directory: str) -> list[tuple[str, Kind, int]]:
        files = await self._run(listing.walk(self._store, directory))
        rows, self._spared = listing.arrange(files, directory, self._directories.made)
        self._directories.known.update(path for path, kind, _ in rows if kind is Kind.DIRECTORY)
        mirrors = (path for path, reason in self._spared.items() if reason != listing.MARK)
        self._directories.owners.update(mirrors)
        return rows

    def spared(self) -> Mapping[str, str]:
        """Other mirrors below the prefix. See ``interfaces.Destination``."""
        return self._spared

    def owner(self, directory: str) -> str | None:
        return self._directories.owner(directory)

    async def digest(self, path: str) -> str:
        """See ``interfaces.Destination``. Downloads the object; "" if there is none."""
        if unusable(path, self._where.prefix):
            return ""
        return await self._run(self._digest(path))

    async def _digest(self, path: str) -> str:
        hashing, size = hashlib.sha256(), 0
        try:
            got = await obstore.get_async(self._store, path)
        except FileNotFoundError:
            return ""
        async for chunk in got.stream(limits.MIB):
            hashing.update(chunk)
            size += len(chunk)
        return f"sha256:{hashing.hexdigest()}" if size == got.meta["size"] else ""

    async def noted_digest(self, path: str) -> str:
        """See ``interfaces.Destination``. The digest in the object's metadata, if these were read."""
        return self._digests.get(path, "")

    async def read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        if unusable(path, self._where.prefix):
            return None
        return await self._run(self._read(path, limit))

    async def _read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        try:
            got = await obstore.get_async(self._store, path)
        except FileNotFoundError:
            return None
        local = listing.local_of(got)
        return (local, bytes(await got.bytes_async())) if local.size <= limit else None

    async def free_space(self) -> int:
        """See ``interfaces.Destination``. Effectively unlimited: a store does not report a limit."""
        return UNLIMITED

    # --- writing ----------------------------------------------------------------------------------

    def rejects(self, path: str) -> str | None:
        return key_problem(path, self._where.prefix)

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        """See ``interfaces.Destination``. The error's ``done`` lists the objects that were stored."""
        self._check()
        for staged in batch:
            self._known_empty.fill(staged.job.path.rpartition("/")[0])
        return await self._commit.commit(batch)

    async def set_time(self, path: str, local: Local, mtime: int) -> int | None:
        """See ``interfaces.Destination``. Only for small objects, which are stored again: times cannot change."""
        self._check()
        if unusable(path, self._where.prefix) or local.size > PART:
            return None
        return await self._run(self._set_time(path, local, mtime))

    async def _set_time(self, path: str, local: Local, mtime: int) -> int | None:
        found = await listing.look(self._store, path)
        if found is None or (found[0].size, found[0].version) != (local.size, local.version):
            return None
        if found[0].mtime != local.mtime:
            return None
        got = await obstore.get_async(self._store, path, options=listing.if_match(local.version))
        body = await got.bytes_async()
        new = attributes(path, mtime, digest_of(found[1]) or None, self._where.scheme)
        await obstore.put_async(self._store, path, bytes(body), attributes=new, use_multipart=False)
        return mtime

    async def make_folder(self, path: str) -> str | None:
        """See ``interfaces.Destination``. Nothing is stored: a store has no directories."""
        problem = unusable(path, self._where.prefix)
        if problem is None:
            await self._run(self._directories.check([f"{path}/"]))
            if self._directories.obstacle(f"{path}/") == Reason.FILE_IN_THE_WAY:
                problem = Reason.FILE_IN_THE_WAY
        if problem is None:
            self._known_empty.fill(path)
            self._directories.make(path)
        return problem

    async def delete(self, paths: Sequence[str]) -> list[str | None]:
        """See ``interfaces.Destination``. An object that is already gone counts as deleted."""
        self._check()
        with noting_outcomes() as done:
            return await self._run(remove(self._store, paths, self._directories, self._where.prefix, done))

    # --- large bodies -----------------------------------------------------------------------------

    async def open_part(self, job: Job) -> ObjectPart:
        """See ``interfaces.Destination``. Never resumes."""
        part = ObjectPart(self._store, job, self._where, self._where.scheme, check=self._check)
        self._parts[part.name] = part
        return part

    async def clean_parts(self, wanted: Container[str]) -> None:
        """See ``interfaces.Destination``. Uploads of killed runs are not visible: a lifecycle rule must remove them."""
        return
