"""DIR as a destination in which files have names that FAT, NTFS and CIFS can hold.

All other modules use the names of the server; paths are translated only here, on the way to the disk and back.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from crawler.model import limits
from crawler.model.errors import DestinationError
from crawler.model.struct import replace
from crawler.model.values import Kind, Known, Local, Staged
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.layout import NAMES_MARK
from crawler.storage.directory.tree import CREATE_FLAGS
from crawler.storage.directory.windows.stored_names import StoredNames
from crawler.text.escape import printable
from crawler.text.names.windows import decoded_path, encoded


class WindowsDestination(LocalDestination):
    """A ``LocalDestination`` for the server's paths. It never touches files with names that it would not use.

    The names in each directory that was visited are kept in memory.
    """

    def __init__(self, directory: Path, **options: Any) -> None:
        super().__init__(directory, **options)
        self._names: dict[str, StoredNames] = {}
        """Stored path of a directory → the names in it."""
        self._renamed = 0
        """Number of files that this run has stored under different names."""
        self._example = ""
        self._is_marked = False

    @property
    def lacks(self) -> frozenset[str]:
        """The messages of ``LocalDestination``, and how many files were stored under other names."""
        if not self._renamed:
            return super().lacks
        files = "1 file is" if self._renamed == 1 else f"{self._renamed} files are"
        return super().lacks | {f"{files} stored under names that Windows can hold, such as {self._example}"}

    async def _mark(self) -> None:
        """Record in DIR/.crawler that this class chooses the names, before the first file is stored."""
        if not self._is_marked:
            await self._ready()
            await self._run(self._write_thread, self._create_mark)
            self._is_marked = True

    def _create_mark(self) -> None:
        with suppress(FileExistsError):
            os.close(os.open(NAMES_MARK, CREATE_FLAGS, 0o644, dir_fd=self._layout.own))

    # --- names ------------------------------------------------------------------------------------

    async def _names_in(self, stored: str) -> StoredNames:
        if stored not in self._names:
            self._names.setdefault(stored, StoredNames(await self._scan_stored(stored)))
        return self._names[stored]

    async def _scan_stored(self, stored: str) -> dict[str, Local]:
        """The content of the directory stored as ``stored``; {} if its name became too long."""
        if any(len(_bytes(name)) > limits.NAME_BYTES for name in stored.split("/")):
            return {}
        return await super().scan(stored)

    async def _path(self, path: str, *, creates: bool = False) -> str:
        """The path under which ``path`` is or would be stored. ``creates``: a file is about to be stored there."""
        stored = ""
        for name in _segments(path):
            names = await self._names_in(stored)
            stored = _joined(stored, names.add(name) if creates else names.find(name))
        return stored

    def stored_as(self, path: str) -> str:
        stored = ""
        for name in _segments(path):
            stored = _joined(stored, self._names.get(stored, StoredNames()).find(name))
        return stored

    def rejects(self, path: str) -> str | None:
        is_long = any(len(_bytes(encoded(name))) > limits.NAME_BYTES for name in path.split("/"))
        if is_long:
            return f"its name would become longer than {limits.NAME_BYTES} bytes for Windows"
        return super().rejects("/".join(map(encoded, path.split("/"))))

    # --- reading ----------------------------------------------------------------------------------

    def scan_all(self, directories: Sequence[str]) -> None:
        """None: names are translated directory by directory."""

    def counted(self, directories: Sequence[str]) -> None:
        """None: the names of the copies are not those of their files."""

    def count_ahead(self, directories: Mapping[str, int]) -> None:
        """Nothing, for the same reason."""

    async def scan(self, directory: str) -> dict[str, Local]:
        stored = await self._path(directory)
        found = await self._scan_stored(stored)
        names = self._names.setdefault(stored, StoredNames())
        names.note(found)
        shown = {names.name_of(each): local for each, local in found.items()}
        return {name: local for name, local in shown.items() if name is not None}

    async def inspect(self, directory: str, names: Collection[str]) -> dict[str, Local]:
        stored = await self._path(directory)
        if any(len(_bytes(name)) > limits.NAME_BYTES for name in stored.split("/")):
            return {}
        known = await self._names_in(stored)
        wanted = {known.find(name): name for name in names}
        found = await super().inspect(stored, wanted)
        return {wanted[each]: local for each, local in found.items() if known.name_of(each) == wanted[each]}

    def large_directory(self, directory: str) -> None:
        return  # the names in a directory are kept in memory anyway

    def files_in_pieces(self, directory: str) -> None:
        return  # stored names have another order

    async def walk_local(self, directory: str) -> list[tuple[str, Kind, int]]:
        found = await super().walk_local(await self._path(directory))
        shown = [(decoded_path(path), kind, size) for path, kind, size in found]
        return [(path, kind, size) for path, kind, size in shown if path is not None]

    def spared(self) -> dict[str, str]:
        return {decoded_path(path) or path: what for path, what in super().spared().items()}

    def owner(self, directory: str) -> str | None:
        found = super().owner(self.stored_as(directory))
        return None if found is None else decoded_path(found) or found

    async def digest(self, path: str) -> str:
        return await super().digest(await self._path(path))

    async def read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        return await super().read(await self._path(path), limit)

    # --- writing ----------------------------------------------------------------------------------

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        await self._mark()
        mapped = []
        for staged in batch:
            stored = await self._path(staged.job.path, creates=True)
            mapped.append(replace(staged, job=replace(staged.job, path=stored)))
        outcomes = await super().commit(mapped)
        result: list[Known | str] = []
        for staged, as_stored, outcome in zip(batch, mapped, outcomes, strict=True):
            if isinstance(outcome, str):
                result.append(outcome)
                continue
            if staged.job.path != as_stored.job.path:
                self._renamed += 1
                self._example = self._example or printable(f"{staged.job.path} as {as_stored.job.path}")
            result.append(replace(outcome, path=staged.job.path))
        return result

    async def set_time(self, path: str, local: Local, mtime: int) -> int | None:
        return await super().set_time(await self._path(path), local, mtime)

    async def make_folder(self, path: str) -> str | None:
        await self._mark()
        return await super().make_folder(await self._path(path, creates=True))

    async def delete(self, paths: Sequence[str]) -> list[str | None]:
        stored = [await self._path(path) for path in paths]
        try:
            outcomes = await super().delete(stored)
        except DestinationError as error:
            self._removed(error.outcomes)
            given = dict(zip(stored, paths, strict=True))
            raise error.after({given[path]: outcome for path, outcome in error.outcomes.items()}) from None
        self._removed(dict(zip(stored, outcomes, strict=True)))
        return outcomes

    def _removed(self, outcomes: Mapping[str, str | None]) -> None:
        """Note that the names of the stored paths whose outcome is None are free again."""
        for path, problem in outcomes.items():
            directory, _, name = path.rpartition("/")
            if problem is None and directory in self._names:
                self._names[directory].discard(name)
                self._names.pop(path, None)


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _segments(path: str) -> list[str]:
    """The names in ``path``; an absolute path is returned whole, and LocalDestination refuses it."""
    return [path] if path.startswith("/") else path.split("/") if path else []


def _joined(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name
