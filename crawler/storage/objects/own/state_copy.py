"""The copy of the state in the store, for machines that keep nothing. The state is a cache: so is the copy."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import obstore

from crawler.storage.objects.errors import CONFLICT, FAILURES, MISSING, summary

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import ObjectStore

KEY = ".crawler/state.sqlite3"
_BESIDE = ("-wal", "-shm", "-journal")


class StateCopy:
    """Keeps the state at ``path`` and its copy in the store the same.

    Beside the state there is a file with the ETag of the copy that it comes from or became.
    """

    def __init__(self, store: ObjectStore, path: Path) -> None:
        self._store, self._path = store, path
        self._note = path.with_name(f"{path.name}.copy")
        self._is_missing = False

    async def newer(self) -> str | None:
        """ETag of a copy that another machine wrote since this one; None if there is none. Raises FAILURES."""
        try:
            etag = (await obstore.head_async(self._store, KEY))["e_tag"] or ""
        except MISSING:
            self._is_missing = True
            return None
        return None if etag == self._noted() and self._path.is_file() else etag

    def drop_note_without_copy(self) -> None:
        """If ``newer`` found no copy, for example because it was removed, ``save`` is to create one."""
        if self._is_missing:
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
        self._use(new, target, got.meta["e_tag"] or "")
        return True

    def _use(self, new: Path, target: Path, etag: str) -> None:
        for suffix in _BESIDE:
            Path(f"{target}{suffix}").unlink(missing_ok=True)
        new.replace(target)
        if target == self._path:
            self._note.write_text(etag)

    async def save(self) -> str:
        """Replace the copy by the state, which is closed, unless another run has written it meanwhile.

        Returns why that was not possible; "" if it was.
        """
        if not self._path.is_file() or any(_size(f"{self._path}{suffix}") for suffix in _BESIDE):
            return ""  # unchanged, or not closed cleanly: the next run on this machine has all of it
        noted = self._noted()
        mode: PutMode = {"e_tag": noted} if noted else "create"
        attributes = {"Content-Type": "application/vnd.sqlite3"}
        try:
            body = await asyncio.to_thread(self._path.read_bytes)
            done = await obstore.put_async(self._store, KEY, body, mode=mode, attributes=attributes)
        except CONFLICT:
            return "another run has written it meanwhile"
        except FAILURES as error:
            return summary(error)
        with suppress(OSError):
            self._note.write_text(done["e_tag"] or "")
        return ""

    def _noted(self) -> str:
        try:
            return self._note.read_text()
        except (OSError, ValueError):
            return ""


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
