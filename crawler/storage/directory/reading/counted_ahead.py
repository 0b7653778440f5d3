"""Has a process look at the directories of a known tree ahead (``counting_process``), before their pages are requested.

What it says is what ``counted`` and a scan would say here. This process is still importing modules at that time, and
would need its interpreter lock. What it has not seen yet when that is needed is looked at here. Only for a large
directory it is waited for, about as long as counting it here would take.
"""

from __future__ import annotations

import asyncio
import marshal
import os
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from crawler.model.values import Kind, Local
from crawler.storage.directory.tree import close_quietly
from crawler.storage.executor import usable_processors
from crawler.storage.life_line import COUNTED
from crawler.storage.processes import HelperProcess
from crawler.text.names.places import directories_above

if TYPE_CHECKING:
    from crawler.storage.directory.reading.counted import Counted, Items

_MODULE = "crawler.storage.directory.reading.counting_process"
_KINDS = {False: Kind.FILE, True: Kind.DIRECTORY}
_LARGE, _FILE = 1000, 4e-6
"""Number of files in a large directory; seconds for each of them that it is waited for."""
_POLL_SECONDS = 0.001


class CountedAhead:
    """The process, and what it has found. For one thread only. Raises OSError if there can be no process."""

    def __init__(self, root: int, directories: Mapping[str, int]) -> None:
        """``root``: descriptor of DIR, which belongs to the caller. ``directories``: path → expected number of files.

        No run may change DIR but this one.
        """
        self._paths, self._next = list(directories), 0
        self._above = sorted({above for path in directories if path for above in _above(path)})
        """The directories that contain others, as far as no answer about them has come. All are listed first."""
        self._items: dict[str, Items] = {}
        self._large = {path: files for path, files in directories.items() if files >= _LARGE}
        """The large directories of which nothing has been asked yet."""
        self._found: dict[str, Counted] = {}
        self._gone = set[str]()
        """Directories that may have changed since they were counted."""
        order = os.memfd_create("directories", os.MFD_CLOEXEC)
        try:
            with open(order, "wb", closefd=False) as file:
                file.write(marshal.dumps((self._above, self._paths)))
            self._process = HelperProcess(_MODULE, [order, root])
        finally:
            close_quietly(order)
        self._connection = self._process.connection
        self._connection.setblocking(False)

    async def found(self, paths: Collection[str]) -> dict[str, Counted]:
        """The result of ``take``, if need be after a moment."""
        if self._large:
            seconds = _FILE * sum(self._large.pop(path, 0) for path in paths)
            until, last = time.monotonic() + seconds, max(map(self._place, paths)) if seconds else -1
            while self._next <= last and time.monotonic() < until:
                await asyncio.sleep(_POLL_SECONDS)
                self._receive()
        return self.take(paths)

    def _place(self, path: str) -> int:
        return self._paths.index(path) if path in self._paths else -1

    def take(self, paths: Collection[str]) -> dict[str, Counted]:
        """What is known of ``paths`` by now, and is forgotten, so that a directory has to be counted to be seen again.

        Those that have to be scanned are missing, too.
        """
        if self._process.number > 0:
            self._receive()
        return {path: found for path in paths if (found := self._found.pop(path, None)) is not None}

    def items(self, path: str, is_bare: Callable[[tuple[int, int]], bool]) -> dict[str, Local] | None:
        """What a scan of ``path`` would find, if that is known; it is then forgotten.

        ``is_bare``: whether nothing in a directory, identified by device and inode, is protected.
        """
        if self._above and self._process.number > 0:
            self._receive()
        found = self._items.pop(path, None)
        if found is None or not is_bare(found[0]):
            return None
        return {name: Local(_KINDS[is_directory], size, mtime) for name, is_directory, size, mtime in found[1]}

    def forget(self, paths: Collection[str]) -> None:
        """Forget what was found in ``paths``, or will be: this run is about to change something there."""
        for path in paths:
            for each in (path, *_above(path)):  # a directory may be created there, too
                self._gone.add(each)
                self._found.pop(each, None)
                self._items.pop(each, None)

    def _receive(self) -> None:
        """Note the answers that have come."""
        try:
            while self._above:
                items = marshal.loads(self._connection.recv(COUNTED))
                path = self._above.pop(0)
                if items is not None and path not in self._gone:
                    self._items[path] = items
            while self._next < len(self._paths):
                group = marshal.loads(self._connection.recv(COUNTED))
                named = zip(self._paths[self._next :], group, strict=False)
                self._found |= {path: found for path, found in named if found is not None and path not in self._gone}
                self._next += len(group)
            if self._process.has_ended():
                self.close()
        except BlockingIOError:
            return
        except (OSError, ValueError, EOFError, TypeError):  # it has been killed
            self._next = len(self._paths)
            self._above.clear()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.close()


def _above(path: str) -> tuple[str, ...]:
    """DIR and the directories above a path."""
    return ("", *directories_above(path))


def begin(root: int, directories: Mapping[str, int]) -> CountedAhead | None:
    """Have ``directories`` counted, if this system can have a process for it, and a processor; see ``CountedAhead``."""
    if not hasattr(os, "memfd_create") or usable_processors() < 2:
        return None
    try:
        return CountedAhead(root, directories)
    except (OSError, ValueError, TypeError):  # a sandbox, or an interpreter that does not know its own program
        return None
