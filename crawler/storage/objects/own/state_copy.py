"""The copy of the state in the store, for machines that keep no files. Like the state, the copy is only a cache."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import PreconditionError

from crawler.model import limits
from crawler.storage.objects.errors import CONFLICT, FAILURES, MISSING, summary
from crawler.storage.objects.own.versions import is_same, parse, render, version_of
from crawler.text.urls import STATE_DIRECTORY, STATE_FILE

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode, PutResult, UpdateVersion
    from obstore.store import ObjectStore

KEY = f"{STATE_DIRECTORY}/{STATE_FILE}"
AT_ONCE = 64 * limits.MIB
"""Maximum size in bytes of a state that is sent from memory in one request with a condition. A larger state, of about
300,000 files or more, is sent in parts; stores offer no condition for that, so the version is compared before, under
the lock."""
SMALL = 4 * limits.MIB
"""Maximum size in bytes of a state that is sent after each run, so that the copy has its history: some 10,000 files."""
_BESIDE = ("-wal", "-shm", "-journal")


class StateCopy:
    """Keeps the state at ``path`` and its copy in the store identical.

    A file next to the state holds the version of the copy that was last fetched or saved.
    """

    def __init__(self, store: ObjectStore, path: Path) -> None:
        self._store, self._path = store, path
        self._note = path.with_name(f"{path.name}.copy")
        self._behind = path.with_name(f"{path.name}.ahead")
        """A file that is there while the state may have records that the copy lacks: during a run, and after a kill."""
        self._is_behind = True
        self.is_missing = False
        """Whether ``is_newer`` has found no copy."""

    async def is_newer(self) -> bool:
        """Whether the copy is not the last one fetched or saved here, or no state is here. Raises FAILURES."""
        try:
            version = version_of(await obstore.head_async(self._store, KEY))
        except MISSING:
            self.is_missing = True
            return False
        return not (is_same(version, self._noted()) and self._path.is_file())

    def drop_note_without_copy(self) -> None:
        """Make ``save`` create a copy if ``is_newer`` found none, for example because it was removed."""
        if self.is_missing:
            with suppress(OSError):
                self._note.unlink(missing_ok=True)

    async def fetch(self, target: Path) -> bool:
        """Write the copy to ``target``. False if there is none. Raises FAILURES."""
        new = target.with_name(f"{target.name}.new")
        try:
            got = await obstore.get_async(self._store, KEY)
        except MISSING:
            return False
        with new.open("wb") as file:
            async for chunk in got.stream():
                await asyncio.to_thread(file.write, chunk)
            if file.tell() != got.meta["size"]:
                raise ValueError("the copy of the state was cut short")
        self._use(new, target, version_of(got.meta))
        return True

    def _use(self, new: Path, target: Path, version: UpdateVersion) -> None:
        for suffix in _BESIDE:
            Path(f"{target}{suffix}").unlink(missing_ok=True)
        new.replace(target)
        if target == self._path:
            self._note.write_text(render(version))

    def begin(self) -> None:
        """Note that a run begins: if it is killed, the next one must save the state whatever it records itself."""
        self._is_behind = self._behind.exists()
        with suppress(OSError):
            self._behind.touch()

    async def save(self, *, has_news: bool = True) -> str:
        """Replace the copy by the state, which must be closed, unless another run has written it in the meantime.

        A large copy stays as it is if it lacks nothing but runs without ``has_news``. Returns the reason why it was not
        possible; "" if it succeeded.
        """
        is_current = not (has_news or self._is_behind or self.is_missing)
        problem = "" if is_current and _size(str(self._path)) > SMALL else await self._save()
        if not problem:
            self.end()
        return problem

    def end(self) -> None:
        """Note that the copy lacks nothing."""
        with suppress(OSError):
            self._behind.unlink(missing_ok=True)

    async def _save(self) -> str:
        if not self._path.is_file() or any(_size(f"{self._path}{suffix}") for suffix in _BESIDE):
            return ""  # unchanged or not closed cleanly; the next run on this machine has all of it
        try:
            done: PutResult | ObjectMeta = await self._put()
        except CONFLICT:
            written = await self._already_written()
            if written is None:
                return "another run has written it meanwhile"
            done = written
        except FAILURES as error:
            return summary(error)
        with suppress(OSError):
            self._note.write_text(render(version_of(done)))
        return ""

    async def _already_written(self) -> ObjectMeta | None:
        """The copy if it is the present state: the response to the request that wrote it was lost. None if not."""
        try:
            got = await obstore.get_async(self._store, KEY)
            if got.meta["size"] != _size(str(self._path)):
                return None
            copy, state = hashlib.sha256(), hashlib.sha256()
            async for chunk in got.stream():
                copy.update(chunk)
            with self._path.open("rb") as file:
                while chunk := await asyncio.to_thread(file.read, limits.MIB):
                    state.update(chunk)
        except FAILURES:
            return None
        return got.meta if copy.digest() == state.digest() else None

    async def _put(self) -> PutResult:
        """Replace the copy if it still has the noted version. Raises what obstore raises."""
        mode: PutMode = self._noted() or "create"
        attributes = {"Content-Type": "application/vnd.sqlite3"}
        if _size(str(self._path)) <= AT_ONCE:
            body = await asyncio.to_thread(self._path.read_bytes)
            return await obstore.put_async(self._store, KEY, body, mode=mode, attributes=attributes)
        if await self.is_newer():
            raise PreconditionError
        return await obstore.put_async(self._store, KEY, self._path, attributes=attributes, use_multipart=True)

    def _noted(self) -> UpdateVersion | None:
        try:
            return parse(self._note.read_text())
        except (OSError, ValueError):
            return None


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
