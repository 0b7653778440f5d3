"""A directory of this machine.

Everything below DIR is reached relative to its descriptor and never through a link (``tree``). Three kinds of
threads do the work, so that a slow disk or NFS never stalls the event loop: one writes batches and deletes, one
looks (``scan`` need not wait for a flush), a few carry large bodies.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Container, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from crawler.model.errors import DestinationError
from crawler.model.values import Job, Kind, Known, Local, Staged
from crawler.storage.directory.boundaries.spared import OwnFile, Spared
from crawler.storage.directory.commit import BatchCommit, Safeguards
from crawler.storage.directory.incoming.part_writer import LocalPart
from crawler.storage.directory.incoming.parts import PartStore
from crawler.storage.directory.known_empty import KnownEmpty
from crawler.storage.directory.layout import Layout
from crawler.storage.directory.lock import Lock
from crawler.storage.directory.os_errors import UnusablePath, destination_error
from crawler.storage.directory.readback import digest_at, read_at, set_time_at
from crawler.storage.directory.scan import Scan
from crawler.storage.directory.trash import Trash, remove
from crawler.storage.directory.tree import Tree
from crawler.storage.executor import BriefExecutor
from crawler.storage.fd_limits import descriptor_budget, descriptor_limit

T = TypeVar("T")

_STREAMS = 8
"""Threads that write large bodies; more of them only take turns at the same disk."""


class LocalDestination:
    """``interfaces.Destination`` for a directory. An async context manager.

    Entering looks, and changes nothing; ``acquire``, or else the first write, makes what is missing.
    ``directory`` may be a link to a directory. ``fsync`` is ``none``, ``batch`` or ``file``; ``trash_seconds``
    None means no trash. With ``read_only`` nothing is made or changed, DIR itself included. All methods raise
    DestinationError when the directory as a whole cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        *,
        fsync: str = "batch",
        digests: bool = True,
        trash_seconds: float | None = None,
        read_only: bool = False,
        own: Sequence[OwnFile] = (),
    ) -> None:
        if os.name == "nt":
            raise DestinationError(f"cannot use {directory}: this system cannot open relative to a directory")
        self._where, self._fsync, self._digests = str(directory), fsync, digests
        self._trash_seconds = trash_seconds
        self._read_only = read_only
        self._joined, self._home = False, Layout(directory)
        self.folds_case = False
        """True if README and readme are one name here: the second one is then refused. Known after ``acquire``."""
        self._made = False
        self._seen: Scan | None = None
        self._spared, self._left_out = Spared(own), dict[str, str]()  # one for all that look, write and delete
        self._bare = KnownEmpty()
        self._trash: Trash | None = None
        self._streams: set[LocalPart] = set()
        self._writer = ThreadPoolExecutor(1, "destination-write")
        self._looker = ThreadPoolExecutor(1, "destination-look")
        self._strokes, self._glances = BriefExecutor(self._writer), BriefExecutor(self._looker)
        self._carriers = ThreadPoolExecutor(_STREAMS, "destination-part")

    # --- opening and closing ----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        try:
            await self._run(self._writer, self._home.look)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def acquire(self, wait: float, *, lock: bool = True) -> None:
        """Hold DIR alone, waiting up to ``wait`` seconds for another run; then remove useless parts.

        Without ``lock`` it is the caller who knows that there is no other run. Raises AlreadyRunning.
        """
        await self._ready()
        if lock:
            await self._lock.acquire(wait)
        await self._run(self._writer, self._store.sweep)

    async def join(self) -> None:
        """Be ready to write into DIR, which another process of the same run holds, and will tidy up."""
        self._joined = True
        await self._ready()

    async def close(self) -> None:
        """Empty the trash of what is too old, give up the lock and every descriptor. For once, at the end."""
        try:
            for part in tuple(self._streams):
                await part.settle()
        finally:
            await self._to_the_end(self._writer.submit(self._close))

    async def _to_the_end(self, closing: Future[None]) -> None:
        """Wait for ``closing`` even when cancelled: a lock that is still held would refuse the next run."""
        self._writer.shutdown(wait=False)
        waiting = asyncio.wrap_future(closing)
        try:
            await asyncio.wait([waiting])
        except asyncio.CancelledError:
            await asyncio.wait([waiting])
            raise
        error = waiting.exception()
        if error is not None:
            raise destination_error(error, self._where) if isinstance(error, OSError) else error

    async def _ready(self) -> None:
        if self._read_only:
            raise DestinationError(f"nothing may be changed in {self._where} by a run that only looks")
        if not self._made:
            await self._run(self._writer, self._make)

    def _make(self) -> None:
        """In the writing thread, so that two callers cannot make it twice."""
        if self._made:
            return
        home = self._home
        home.make()
        self.folds_case = home.folds_case()
        folders, width = descriptor_budget(descriptor_limit())
        self._tree = Tree(home.root, capacity=folders, own=home.identity(), folds=self.folds_case)
        self._lock = Lock(home.own, self._where, self._writer)
        if self._trash_seconds is not None:
            self._trash = Trash(home.own, seconds=self._trash_seconds)
        self._store = PartStore(home.parts, digests=self._digests, flush=self._fsync != "none")
        self._store.load()
        self._committer = BatchCommit(
            self._tree,
            home.parts,
            fsync=self._fsync,
            width=width,
            safeguards=Safeguards(spared=self._spared, trash=self._trash),
            name=self._store.new_name,
        )
        self._spared.refresh(home.root)
        self._made = True

    def _close(self) -> None:
        for executor in (self._looker, self._carriers):
            executor.shutdown(wait=True, cancel_futures=True)  # nobody uses a descriptor that is closed below
        try:
            if self._trash is not None and not self._joined:
                with suppress(UnusablePath):
                    self._trash.empty(time.time())
        finally:
            for part in self._streams:
                part.abandon()
            if self._trash is not None:
                self._trash.close()
            if self._seen is not None:
                self._seen_tree.close()
            if self._made:
                self._tree.close()
                self._lock.release()
            self._spared.close()
            self._home.close()

    async def _run(self, thread: Executor | BriefExecutor, call: Callable[..., T], *args: object) -> T:
        """Through ``BriefExecutor`` for what is nearly always done in a moment."""
        try:
            if isinstance(thread, BriefExecutor):
                return await thread.run(call, *args)
            return await asyncio.get_running_loop().run_in_executor(thread, call, *args)
        except OSError as error:
            raise destination_error(error, self._where) from error

    # --- looking ----------------------------------------------------------------------------------

    async def scan(self, folder: str) -> dict[str, Local]:
        """See ``interfaces.Destination``. {} also for a folder that lies behind a link."""
        if self._bare.covers(folder):
            return {}
        fills = self._bare.fills
        found = await self._run(self._glances, self._scan, folder)
        if not found and self._bare.fills == fills:  # what was put there while we looked may have been overlooked
            self._bare.found_empty(folder)
        return found

    def _looking(self) -> Scan | None:
        if self._seen is None and self._home.root >= 0:
            self._seen_tree = Tree(self._home.root, capacity=descriptor_budget(descriptor_limit())[0])
            self._seen = Scan(self._seen_tree, self._spared)
        return self._seen

    def _scan(self, folder: str) -> dict[str, Local]:
        view = self._looking()
        return view.scan(folder) if view is not None else {}

    async def walk_local(self, folder: str) -> list[tuple[str, Kind, int]]:
        """See ``interfaces.Destination``. What must stay is left out: see ``spared``."""
        found = await self._run(self._looker, self._walk, folder)
        self._left_out = {path: local.spared for path, local in found if local.spared}
        return [(path, local.kind, local.size) for path, local in found if not local.spared]

    def spared(self) -> dict[str, str]:
        """See ``interfaces.Destination``: links, mount points, other mirrors, and the files of this program."""
        return self._left_out

    def owner(self, folder: str) -> str | None:
        """See ``interfaces.Destination``."""
        return self._seen.owner(folder) if self._seen is not None else None

    def _walk(self, folder: str) -> list[tuple[str, Local]]:
        view = self._looking()
        return list(view.walk(folder)) if view is not None else []

    async def digest(self, path: str) -> str:
        """``sha256:<hex>`` of a local file, read now; "" if it is no regular file or cannot be read."""
        return await self._run(self._carriers, digest_at, self._home.root, path)

    async def read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        """See ``interfaces.Destination``."""
        return await self._run(self._carriers, read_at, self._home.root, path, limit)

    async def free_space(self) -> int:
        """See ``interfaces.Destination``. Where DIR does not exist yet, of the disk that it would be made on."""
        return await self._run(self._looker, self._home.free_space)

    # --- writing ----------------------------------------------------------------------------------

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        """See ``interfaces.Destination``. The error's ``done`` holds what had its final name by then."""
        await self._ready()
        for folder in {staged.job.path.rpartition("/")[0] for staged in batch}:
            self._bare.fill(folder)
        return await self._run(self._strokes, self._committer.commit, batch, self._where)

    async def delete(self, paths: Sequence[str]) -> list[str | None]:
        """See ``interfaces.Destination``. What is already gone counts as removed."""
        await self._ready()
        await self._remove_leftovers()
        return await self._run(self._writer, remove, self._tree, paths, self._trash, self._spared)

    async def set_time(self, path: str, local: Local, mtime: int) -> int | None:
        """See ``interfaces.Destination``. A file with other names keeps its time: it is theirs as well."""
        await self._ready()
        return await self._run(self._writer, set_time_at, self._home.root, path, local, mtime)

    async def make_folder(self, path: str) -> str | None:
        """See ``interfaces.Destination``."""
        await self._ready()
        self._bare.fill(path)
        return await self._run(self._writer, self._tree.make, path)

    # --- large bodies -----------------------------------------------------------------------------

    def has_part(self, path: str) -> bool:
        """See ``interfaces.Destination``."""
        return self._made and self._store.has(path)

    async def open_part(self, job: Job) -> LocalPart:
        """See ``interfaces.Destination``. Reads what an earlier run left, to prove it."""
        await self._ready()
        return await self._run(self._carriers, self._open_part, job)

    def _open_part(self, job: Job) -> LocalPart:
        part = LocalPart(job, self._store, executor=self._carriers, where=self._where)
        self._streams.add(part)  # here, so that close finds it even if nobody waits for it any more
        self._streams -= {stream for stream in tuple(self._streams) if not stream.is_open}
        return part

    async def clean_parts(self, wanted: Container[str]) -> None:
        """See ``interfaces.Destination``."""
        await self._ready()
        await self._run(self._writer, self._store.clean, wanted)
        await self._remove_leftovers()

    async def _remove_leftovers(self) -> None:
        if self._seen is not None and self._seen.leftovers:
            await self._run(self._writer, remove, self._tree, self._seen.take_leftovers(), None, self._spared)

    @property
    def lacks(self) -> frozenset[str]:
        """What this file system cannot do and files were stored without, in words."""
        return frozenset(self._committer.lacks) if self._made else frozenset()
