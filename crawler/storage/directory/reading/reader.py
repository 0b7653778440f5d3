"""Reads DIR: the half of ``LocalDestination`` that changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crawler.model.interfaces import Destination, LargeDirectory
from crawler.model.values import Kind, Local
from crawler.storage.directory.boundaries.spared import OwnFile, Spared
from crawler.storage.directory.known_empty import KnownEmpty
from crawler.storage.directory.layout import Layout
from crawler.storage.directory.os_errors import destination_error
from crawler.storage.executor import BriefExecutor, GatheringExecutor
from crawler.storage.fd_limits import descriptor_budget, descriptor_limit

if TYPE_CHECKING:
    from crawler.storage.directory.reading.counted import Counted
    from crawler.storage.directory.reading.counted_ahead import CountedAhead
    from crawler.storage.directory.reading.scan import Scan

T = TypeVar("T")

_DIRECTORY, _FILE, _WORTH_A_PROCESS = 11e-6, 2.5e-6, 6e-3
"""Seconds that it takes to count a directory, and each file in it; minimum that is worth a process."""
Scanned = dict[str, Local] | BaseException


class DirectoryReader(Destination):
    """What lies in ``directory``. One thread reads it, so that a slow disk never stalls the event loop."""

    def __init__(self, directory: Path, own: Sequence[OwnFile], layout: Layout | None) -> None:
        self._shown = str(directory)
        self._layout = layout or Layout(directory)
        self._spared = Spared(own, directory)  # shared by scanner, writer and trash
        self._spared_paths: dict[str, str] = {}
        self._known_empty = KnownEmpty()
        self._scanner: Scan | None = None
        self._scan_thread = ThreadPoolExecutor(1, "destination-look")
        self._brief_scans = BriefExecutor(self._scan_thread)
        self._scans = GatheringExecutor(self._brief_scans, self._scan)
        self._counts = GatheringExecutor(self._brief_scans, self._count)
        self._ahead: CountedAhead | None = None

    async def _run(self, thread: Executor | BriefExecutor, call: Callable[..., T], *args: object) -> T:
        """Run ``call`` in ``thread``: a BriefExecutor for calls that nearly always return at once."""
        try:
            if isinstance(thread, BriefExecutor):
                return await thread.run(call, *args)
            return await asyncio.get_running_loop().run_in_executor(thread, call, *args)
        except OSError as error:
            raise destination_error(error, self._shown) from error

    async def scan(self, directory: str) -> dict[str, Local]:
        """See ``interfaces.Destination``. {} also for a directory behind a link."""
        return (await self._scan_all([directory]))[0]

    def scan_all(self, directories: Sequence[str]) -> Awaitable[list[dict[str, Local]]] | None:
        """See ``interfaces.Destination``. In one hop to the thread."""
        return self._scan_all(directories)

    async def _scan_all(self, directories: Sequence[str]) -> list[dict[str, Local]]:
        empty, fills = self._known_empty, self._known_empty.fills
        unknown = [directory for directory in directories if not empty.covers(directory)]
        scanned = {} if self._ahead is None else self._listed_ahead(self._ahead, unknown)
        unknown = [directory for directory in unknown if directory not in scanned]
        for directory, found in zip(unknown, await self._scans.run(unknown) if unknown else [], strict=True):
            if isinstance(found, OSError):
                raise destination_error(found, self._shown) from found
            if isinstance(found, BaseException):
                raise found
            if not found and empty.fills == fills:  # a file created during the scan may have been missed
                empty.found_empty(directory)
            scanned[directory] = found
        return [scanned.get(directory, {}) for directory in directories]

    def counted(self, directories: Sequence[str]) -> Awaitable[Sequence[Counted | None]] | None:
        """See ``interfaces.Destination``. In one hop to the thread, unless they were counted ahead."""
        return self._counted(directories)

    async def _counted(self, directories: Sequence[str]) -> list[Counted | None]:
        found: dict[str, Counted | None] = {}
        if self._ahead is not None:
            found |= await self._ahead.found(directories)
        if rest := [directory for directory in directories if directory not in found]:
            found |= zip(rest, await self._counts.run(rest), strict=True)
        return [found[directory] for directory in directories]

    def count_ahead(self, directories: Mapping[str, int]) -> None:
        """See ``interfaces.Destination``. A process counts them, if there are enough."""
        work = len(directories) * _DIRECTORY + sum(directories.values()) * _FILE
        if work >= _WORTH_A_PROCESS and self._ahead is None and self._layout.root >= 0:
            from crawler.storage.directory.reading.counted_ahead import begin  # imported only if needed

            self._ahead = begin(self._layout.root, directories)

    def _changes(self, directory: str) -> None:
        """Note that something is about to be created or changed in ``directory``."""
        self._known_empty.fill(directory)
        if self._ahead is not None:
            self._ahead.forget([directory])

    def _listed_ahead(self, ahead: CountedAhead, directories: Sequence[str]) -> dict[str, dict[str, Local]]:
        """What is known ahead of ``directories``, which is what a scan would find."""
        self._spared.refresh(self._layout.root)
        found = {directory: ahead.items(directory, self._spared.is_bare) for directory in directories}
        return {directory: items for directory, items in found.items() if items is not None}

    async def inspect(self, directory: str, names: Collection[str]) -> dict[str, Local]:
        """See ``interfaces.Destination``. Looks at ``names`` alone, however many files lie beside them."""
        if self._known_empty.covers(directory):
            return {}
        return await self._run(self._brief_scans, self._inspect, directory, names)

    def _inspect(self, directory: str, names: Collection[str]) -> dict[str, Local]:
        scanner = self._opened_scanner()
        return {} if scanner is None else scanner.inspect(directory, names)

    def large_directory(self, directory: str) -> LargeDirectory | None:
        """See ``interfaces.Destination``."""
        if self._known_empty.covers(directory):
            return None
        from crawler.storage.directory.reading.pieces import LargeLocalDirectory  # imported only if needed

        return LargeLocalDirectory(self._scan_thread, self._opened_scanner, directory, self._shown)

    def files_in_pieces(self, directory: str) -> AsyncGenerator[dict[str, Local], None] | None:
        """See ``interfaces.Destination``."""
        from crawler.storage.directory.reading.pieces import files_in_pieces  # imported only if needed

        return files_in_pieces(self._scan_thread, self._opened_scanner, directory)

    def _opened_scanner(self) -> Scan | None:
        if self._scanner is None and self._layout.root >= 0:
            from crawler.storage.directory.reading.scan import Scan  # not before the first request
            from crawler.storage.directory.tree import Tree

            capacity, _ = descriptor_budget(descriptor_limit())
            self._scanner = Scan(Tree(self._layout.root, capacity=capacity), self._spared)
        return self._scanner

    def _scan(self, groups: Sequence[Sequence[str]]) -> list[list[Scanned]]:
        """What is in the directories of each group."""
        scanner = self._opened_scanner()
        if scanner is None:
            return [[{} for _ in group] for group in groups]
        found = iter(scanner.scan_all([directory for group in groups for directory in group]))
        return [list(islice(found, len(group))) for group in groups]

    def _count(self, groups: Sequence[Sequence[str]]) -> list[list[Counted | None]]:
        root = self._layout.root
        if root < 0:
            return [[None] * len(group) for group in groups]
        from crawler.storage.directory.reading.counted import counted  # not before the first request

        found = counted(root, [directory for group in groups for directory in group])
        return [list(islice(found, len(group))) for group in groups]

    async def walk_local(self, directory: str) -> list[tuple[str, Kind, int]]:
        """See ``interfaces.Destination``. Spared paths are left out; ``spared`` returns them."""
        found = await self._run(self._scan_thread, self._walk, directory)
        self._spared_paths = {path: local.spared for path, local in found if local.spared}
        return [(path, local.kind, local.size) for path, local in found if not local.spared]

    def spared(self) -> dict[str, str]:
        """See ``interfaces.Destination``."""
        return self._spared_paths

    def owner(self, directory: str) -> str | None:
        """See ``interfaces.Destination``."""
        return self._scanner.owner(directory) if self._scanner is not None else None

    def _walk(self, directory: str) -> list[tuple[str, Local]]:
        return [] if (scanner := self._opened_scanner()) is None else list(scanner.walk(directory))

    async def free_space(self) -> int:
        """See ``interfaces.Destination``. If DIR does not exist, for the file system on which it would be created."""
        return await self._run(self._scan_thread, self._layout.free_space)
