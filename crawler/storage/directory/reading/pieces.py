"""Reads directories that are too large for memory piece by piece. For the thread of a ``Scan``."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial

from crawler.model.errors import DestinationError
from crawler.model.interfaces import LargeDirectory
from crawler.model.struct import replace
from crawler.model.values import Kind, Local
from crawler.storage.directory.boundaries.other_file_systems import is_leftover
from crawler.storage.directory.os_errors import UnusablePath, destination_error
from crawler.storage.directory.reading.places import Place, Places, is_absent, reading_error
from crawler.storage.directory.reading.scan import Scan
from crawler.storage.directory.tree import decoded, encoded
from crawler.text import urls

_PIECE = 4000
"""Number of files that are looked at together."""


def is_empty(places: Places, path: str) -> bool:
    """Whether the directory ``path`` is absent, or empty but for ``.crawler``; False if it cannot be read."""
    places.refresh()
    try:
        with os.scandir(places.open(path).directory) as entries:
            return all(not path and entry.name == urls.STATE_DIRECTORY for entry in entries)
    except (FileNotFoundError, UnusablePath):
        return True
    except OSError:
        return False


def others(places: Places, path: str, is_file: Callable[[str], bool]) -> Iterator[tuple[dict[str, Local], int]]:
    """What ``Scan.scan`` returns, in pieces, but of the files for which ``is_file(name)`` only their number.

    Raises what ``scan`` raises.
    """
    try:
        places.refresh()
        place = places.open(path)
        directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.directory)
        try:  # with a descriptor of its own, because between two pieces other directories may be read
            yield from _others(places, replace(place, directory=directory), is_file)
        finally:
            os.close(directory)
    except UnusablePath:
        return
    except OSError as error:
        if (problem := reading_error(path, error)) is not None:
            raise problem from error
        if not is_absent(path, error):
            raise


def _others(places: Places, place: Place, is_file: Callable[[str], bool]) -> Iterator[tuple[dict[str, Local], int]]:
    found, count, seen = dict[str, Local](), 0, 0
    is_plain = place.owner is None and place.protected is None
    with os.scandir(place.directory) as entries:
        for entry in entries:
            name = decoded(entry.name)
            if not place.path and name == urls.STATE_DIRECTORY:
                continue
            seen += 1
            if is_plain and is_file(name) and entry.is_file(follow_symlinks=False) and not is_leftover(name):
                count += 1
            else:
                with suppress(FileNotFoundError):
                    local = places.item(place, name, entry.stat(follow_symlinks=False))
                    found |= {} if local is None else {name: local}
            if seen == _PIECE:
                yield found, count
                found, count, seen = {}, 0, 0
    yield found, count


def sorted_files(places: Places, path: str) -> Iterator[dict[str, Local]]:
    """See ``interfaces.Destination``. Never raises: whatever is wrong with a directory, ``scan`` finds it again."""
    try:
        places.refresh()
        place = places.open(path)
        if place.owner is None and place.protected is None:
            directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.directory)
            try:
                yield from _sorted_files(directory, path)
            finally:
                os.close(directory)
            return
    except (OSError, DestinationError, UnusablePath):
        pass
    yield {}


def _sorted_files(directory: int, path: str) -> Iterator[dict[str, Local]]:
    """The files in the open ``directory``, in pieces; the last one is empty if there is anything else."""
    names = os.listdir(directory)
    names = sorted(map(decoded, names) if path else (decoded(name) for name in names if name != urls.STATE_DIRECTORY))
    for start in range(0, len(names), _PIECE):
        piece = dict[str, Local]()
        for name in names[start : start + _PIECE]:
            try:
                status = os.stat(encoded(name), dir_fd=directory, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(status.st_mode) or is_leftover(name):
                yield {}
                return
            piece[name] = Local(Kind.FILE, status.st_size, status.st_mtime_ns)
        if piece:
            yield piece


async def files_in_pieces(
    thread: Executor, opened: Callable[[], Scan | None], directory: str
) -> AsyncGenerator[dict[str, Local], None]:
    """The pieces of ``sorted_files``. ``opened`` and the scan that it returns are used only in ``thread``."""
    run = partial(asyncio.get_running_loop().run_in_executor, thread)
    scan = await run(opened)
    pieces = iter(()) if scan is None else sorted_files(scan.places, directory)
    while (piece := await run(next, pieces, None)) is not None:
        yield piece


class LargeLocalDirectory(LargeDirectory):
    """``interfaces.LargeDirectory`` for the directory ``path``. ``opened``: see ``files_in_pieces``; ``shown``: DIR."""

    def __init__(self, thread: Executor, opened: Callable[[], Scan | None], path: str, shown: str) -> None:
        self._thread, self._opened, self._path, self._shown = thread, opened, path, shown
        self._was_empty: bool | None = None
        """Whether the directory was empty at first: then nothing in it has to be looked up."""
        self.files = 0

    async def find(self, names: Collection[str]) -> dict[str, Local]:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._find, names)
        except OSError as error:
            raise destination_error(error, self._shown) from error

    def _find(self, names: Collection[str]) -> dict[str, Local]:
        scan = self._opened()
        if self._was_empty is None:
            self._was_empty = scan is None or is_empty(scan.places, self._path)
        return {} if scan is None or self._was_empty else scan.inspect(self._path, names)

    async def others(self, is_file: Callable[[str], bool]) -> AsyncGenerator[dict[str, Local], None]:
        if self._was_empty:  # what is there now, this run has stored
            return
        run = partial(asyncio.get_running_loop().run_in_executor, self._thread)
        scan = await run(self._opened)
        pieces = iter(()) if scan is None else others(scan.places, self._path, is_file)
        try:
            while (piece := await run(next, pieces, None)) is not None:
                found, count = piece
                self.files += count
                if found:
                    yield found
        except OSError as error:
            raise destination_error(error, self._shown) from error
