"""Hands new small files to a process that stores them (``saver_process``) while the event loop goes on.

A thread that makes nine short system calls for each file would pass the interpreter lock back and forth with the loop.
The process does the steps of ``new_files`` for many files at a time, without any decision; a file counts as stored only
when the process has confirmed that it is flushed and has its name.
"""

from __future__ import annotations

import marshal
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from crawler.model import limits
from crawler.model.columns.new_files import NewFiles, SavedFiles
from crawler.model.struct import Struct, Value, field, replace
from crawler.model.values import Known, Staged
from crawler.storage.directory.incoming.pending import PendingFile, known_of
from crawler.storage.directory.incoming.saver_process import (
    ANSWER,
    DIGEST,
    READY,
    remove_parts,
)
from crawler.storage.directory.os_errors import NO_FLUSH, NOT_OFFERED, Unresponsive
from crawler.storage.directory.tree import close_quietly
from crawler.storage.executor import usable_processors
from crawler.storage.life_line import MESSAGE
from crawler.storage.processes import HelperProcess, is_stopped
from crawler.text.names.places import directories_above
from crawler.text.patterns import PLAIN_NAME

if TYPE_CHECKING:
    from crawler.storage.directory.incoming.saver_process import Answer

_BODIES = 2 * limits.MIB
"""Total size of the bodies of one order."""
_MEMORY = 2 * _BODIES
"""Size of the shared memory, which also holds the names."""
_SILENCE = 120.0
"""Seconds within which an order must be done, even on a slow disk."""
_LOOK_SECONDS = 0.5
"""How often it is checked whether somebody has stopped the process, or the run ends."""
_HURRY_SECONDS = 6.0
"""Seconds within which an order must be done once the run has been told to end."""
_START_SECONDS = 0.0
"""Seconds for which an order waits until the process has started: none, because files can be stored without it."""
_DISAPPOINTMENTS = 8
"""Number of orders of which something was left, after which the process ends: files here are not what it is for."""


class LostSaver(Exception):
    """The process is gone. What it was storing may have any state: named, or not."""


class Saver:
    """The process and its shared memory. For one thread only. Raises OSError if there can be no process.

    ``parts``: descriptor of DIR/.crawler/parts, which belongs to the caller. ``name`` returns a new name for a part.
    ``is_ending``: whether the run has been told to end.
    """

    def __init__(self, parts: int, name: Callable[[], str], *, is_flushed: bool, is_ending: Callable[[], bool]) -> None:
        self._parts, self._name, self._is_flushed, self._is_ending = parts, name, is_flushed, is_ending
        self.is_ready = False
        """Whether the process has started. Orders before that store nothing."""
        self._disappointments = 0
        self._items: Sequence[Staged] = ()
        """The files that were ordered last; likewise ``_batch``."""
        self._batch = Together(())
        self._end = ""
        """The end of the names of their parts."""
        self._memory = os.memfd_create("bodies", os.MFD_CLOEXEC)
        try:
            os.truncate(self._memory, _MEMORY)
            self._process = HelperProcess(f"{__name__}_process", [self._memory, parts])
        except BaseException:
            close_quietly(self._memory)
            raise
        self._connection = self._process.connection
        self._connection.settimeout(_START_SECONDS)

    def begin(self, batch: Together, directories: Sequence[int]) -> None:
        """Order the process to store the files of ``batch``; ``stored`` must follow.

        ``directories`` are open, see ``Together.directories``; no name in them may be protected. Must have started.
        Raises LostSaver.
        """
        self._items, self._end, self._batch = batch.items, self._name(), batch
        try:
            self._order(batch, directories)
        except (OSError, ValueError, EOFError, TypeError):
            self._lose()

    def stored(self) -> Stored:
        """Wait until the order is done, and return what is stored: the first files.

        Raises LostSaver; OSError if a flush failed; Unresponsive if the disk does not answer and the run is to end.
        """
        items = self._items
        try:
            stored, failed, digests, unflushed = self._outcome()
        except Unresponsive:  # it may hold up this thread, too; the next start removes the parts
            self.close()
            raise
        except (OSError, ValueError, EOFError, TypeError):
            self._lose()
        if failed and failed not in NOT_OFFERED:  # otherwise the long way says what to do
            raise OSError(failed, os.strerror(failed))
        if stored < len(items):
            self._disappointments += 1
        return Stored(_records_of(items[:stored], digests), self._batch.new_directories(stored), unflushed)

    def _lose(self) -> NoReturn:
        self.close()
        remove_parts(self._parts, self._end, range(len(self._items)))
        raise LostSaver from None

    @property
    def is_worth_while(self) -> bool:
        """Whether the process does what it is ordered to do."""
        return self._disappointments < _DISAPPOINTMENTS

    def has_started(self) -> bool:
        """Whether the process accepts orders. Raises LostSaver."""
        if not self.is_ready:
            try:
                self.is_ready = self._connection.recv(MESSAGE) == READY
            except (BlockingIOError, TimeoutError):
                return False
            except OSError:
                self.is_ready = False
            if not self.is_ready:
                self.close()
                raise LostSaver
            self._connection.settimeout(min(_LOOK_SECONDS, _SILENCE))
        return True

    def _order(self, batch: Together, directories: Sequence[int]) -> None:
        """Pass an order to the process. Raises OSError, ValueError, EOFError or TypeError if that is not possible."""
        bodies, mtimes, is_hashed = _bodies_of(batch.items)
        sizes = list(map(len, bodies))
        facts = batch.names, batch.places, batch.directories, sizes, mtimes
        order = marshal.dumps((self._end, *facts, self._is_flushed, is_hashed))
        data = [order, *bodies]
        if os.pwritev(self._memory, data, 0) != sum(map(len, data)):
            raise EOFError
        socket.send_fds(self._connection, [b"%d" % len(order)], directories)

    def _outcome(self) -> Answer:
        """The outcome of an order. Raises OSError, ValueError, EOFError or TypeError if there is none."""
        stored, failed, digests, unflushed = marshal.loads(self._answer())
        if _is_hashed(self._items[:stored]) and len(digests) < stored * DIGEST:
            raise EOFError
        return stored, failed, digests, unflushed

    def _answer(self) -> bytes:
        """Wait for the answer to an order. Raises OSError if there will be none, or only after a long time."""
        began, ending_since = time.monotonic(), float("inf")
        while True:
            try:
                return self._connection.recv(ANSWER)
            except TimeoutError:
                now = time.monotonic()
                if now - began >= _SILENCE or is_stopped(self._process.number):
                    raise
                ending_since = min(ending_since, now) if self._is_ending() else ending_since
                if now - ending_since >= _HURRY_SECONDS:
                    raise Unresponsive from None

    def close(self) -> None:
        """End the process, whatever it is doing. May be called again."""
        memory, self._memory = self._memory, -1
        if memory >= 0:
            close_quietly(memory)
        self._process.close()


class Together(Struct):
    """Files that the process can store together: in memory, with plain names, in a few directories."""

    items: Sequence[Staged]
    names: list[str] = field(default_factory=list)
    """The name of each in its directory."""
    places: list[int] = field(default_factory=list)
    """For each the number of its directory."""
    parents: list[str] = field(default_factory=list)
    """The paths of the directories."""
    directories: list[tuple[int, str]] = field(default_factory=list)
    """For each of the first directories the number of a descriptor, and the name of a directory to be created there; ""
    if the descriptor is that of the directory."""

    def cut(self, length: int) -> Together:
        """The first ``length`` files."""
        return Together(self.items[:length], self.names[:length], self.places[:length], self.parents, self.directories)

    def new_directories(self, files: int) -> list[str]:
        """The paths of the directories that have to be created for the first ``files``."""
        return [self.parents[place] for place in sorted(set(self.places[:files])) if self.directories[place][1]]


class Stored(Value, frozen=True):
    """What became of an order."""

    records: Sequence[Known] = ()
    """The records of the first files, which are stored."""
    made: Sequence[str] = ()
    """The paths of the directories that the process has created for them, and flushed."""
    unflushed: Sequence[int] = ()
    """The error numbers of those of them that could not be flushed."""

    def check_flushed(self) -> None:
        """Raise OSError if a new directory could not be flushed."""
        for number in sorted(set(self.unflushed) - NO_FLUSH):
            raise OSError(number, os.strerror(number))


def together(items: Sequence[Staged], most: tuple[int, int]) -> Together:
    """The first of ``items`` that the process can store together. ``most``: maximum number of files, of directories."""
    found, is_plain, total = Together(items[: most[0]]), PLAIN_NAME.fullmatch, 0
    names, places, numbers, paths = found.names, found.places, dict[str, int](), set[str]()
    for path, size in _fit(found.items):
        parent, _, name = path.rpartition("/")
        total += size
        if total > _BODIES or is_plain(name) is None:
            break
        if (place := numbers.get(parent)) is None:
            place = len(numbers)
            # If the path of a file is also that of a directory, which comes first, wins.
            if place == most[1] or not paths.isdisjoint(directories_above(path)):
                break
            numbers[parent] = place
        paths.add(path)
        names.append(name)
        places.append(place)
    found.parents = list(numbers)
    return found.cut(len(places))


def _fit(items: Sequence[Staged]) -> Iterator[tuple[str, int]]:
    """(Path, size) of each of the first ``items``, as long as their bodies are in memory and their times are known."""
    if isinstance(items, NewFiles):
        yield from zip(items.columns.paths, map(len, items.bodies), strict=True)
        return
    for item in items:
        if item.part or item.mtime is None or len(item.body) != item.size:
            return
        yield item.job.path, item.size


def _bodies_of(items: Sequence[Staged]) -> tuple[list[bytes], list[int] | list[int | None], bool]:
    """(The bodies of ``items``, their modification times, whether any lacks its digest)."""
    if isinstance(items, NewFiles):
        return items.bodies, items.columns.mtimes, True
    return [item.body for item in items], [item.mtime for item in items], _is_hashed(items)


def _is_hashed(items: Sequence[Staged]) -> bool:
    """Whether the process is to add the digest of any of ``items``."""
    return isinstance(items, NewFiles) or any(item.lacks_digest for item in items)


def _records_of(items: Sequence[Staged], digests: bytes) -> Sequence[Known]:
    """What the state should remember about ``items``, which are stored as they were to be.

    ``digests``: of those that lack one, and of the others between them.
    """
    found, texts = list[Known](), digests.hex()
    if isinstance(items, NewFiles):
        ends = range(2 * DIGEST, 2 * DIGEST * len(items) + 1, 2 * DIGEST)
        return SavedFiles(items.columns, ["sha256:" + texts[end - 2 * DIGEST : end] for end in ends])
    for place, item in enumerate(items):
        known, mtime, digest = item.result.known, item.mtime or 0, None
        if item.lacks_digest:
            start = 2 * DIGEST * place
            digest = "sha256:" + texts[start : start + 2 * DIGEST]
            if known is not None and (item.size, mtime) == (known.size, known.mtime):
                found.append(replace(known, digest=digest))
                continue
        elif known is not None and known.digest and (item.size, mtime) == (known.size, known.mtime):
            found.append(known)
            continue
        found.append(known_of(PendingFile(item, "", -1, item.size, mtime, digest=digest)))
    return found


def begin(parts: int, name: Callable[[], str], *, is_flushed: bool, is_ending: Callable[[], bool]) -> Saver | None:
    """A saver, if this system can have one and a processor for it; see ``Saver``."""
    if not hasattr(os, "memfd_create") or usable_processors() < 2:
        return None
    try:
        return Saver(parts, name, is_flushed=is_flushed, is_ending=is_ending)
    except (OSError, ValueError, TypeError):  # a sandbox, or an interpreter that does not know its own program
        return None
