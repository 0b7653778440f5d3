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
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from crawler.storage.directory.incoming.orders import BODIES, Stored, Together, bodies_of, is_hashed, records_of
from crawler.storage.directory.incoming.saver_process import (
    ANSWER,
    DIGEST,
    READY,
    remove_parts,
)
from crawler.storage.directory.os_errors import NOT_OFFERED, Unresponsive
from crawler.storage.directory.tree import close_quietly
from crawler.storage.executor import usable_processors
from crawler.storage.life_line import MESSAGE
from crawler.storage.processes import HelperProcess, is_stopped

if TYPE_CHECKING:
    from crawler.storage.directory.incoming.saver_process import Answer

_MEMORY = 2 * BODIES
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
    ``beside``: descriptors for its ``Arrivals``, if it is to receive bodies as well. ``is_ending``: whether the run has
    been told to end.
    """

    def __init__(
        self,
        parts: int,
        name: Callable[[], str],
        beside: Sequence[int] = (),
        *,
        is_flushed: bool,
        is_ending: Callable[[], bool],
    ) -> None:
        self._parts, self._name, self._is_flushed, self._is_ending = parts, name, is_flushed, is_ending
        self.is_ready = False
        """Whether the process has started. Orders before that store nothing."""
        self._disappointments = 0
        self._batch = Together(())
        """The files that are ordered. Their bodies have to leave room in memory for others once they are stored."""
        self._end = ""
        """The end of the names of their parts."""
        self._memory = os.memfd_create("bodies", os.MFD_CLOEXEC)
        try:
            os.truncate(self._memory, _MEMORY)
            self._process = HelperProcess(f"{__name__}_process", [self._memory, parts, *beside])
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
        self._end, self._batch = self._name(), batch
        try:
            self._order(batch, directories)
        except (OSError, ValueError, EOFError, TypeError):
            self._lose()

    def stored(self) -> Stored:
        """Wait until the order is done, and return what is stored: the first files.

        Raises LostSaver; OSError if a flush failed; Unresponsive if the disk does not answer and the run is to end.
        """
        batch = self._batch
        try:
            stored, failed, digests, unflushed = self._outcome()
        except Unresponsive:  # it may hold up this thread, too; the next start removes the parts
            self.close()
            raise
        except (OSError, ValueError, EOFError, TypeError):
            self._lose()
        self._batch = Together(())
        if failed and failed not in NOT_OFFERED:  # otherwise the long way says what to do
            raise OSError(failed, os.strerror(failed))
        if stored < len(batch.items):
            self._disappointments += 1
        return Stored(records_of(batch.items[:stored], digests), batch.new_directories(stored), unflushed)

    def _lose(self) -> NoReturn:
        self.close()
        remove_parts(self._parts, self._end, range(len(self._batch.items)))
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
        bodies, sizes, mtimes, is_hashed = bodies_of(batch.items)
        given = [body for body in bodies if isinstance(body, bytes)]
        starts = [-1 if isinstance(body, bytes) else body.start for body in bodies]
        facts = batch.names, batch.places, batch.directories, sizes, starts, mtimes
        order = marshal.dumps((self._end, *facts, self._is_flushed, is_hashed))
        data = [order, *given]
        if os.pwritev(self._memory, data, 0) != sum(map(len, data)):
            raise EOFError
        socket.send_fds(self._connection, [b"%d" % len(order)], directories)

    def _outcome(self) -> Answer:
        """The outcome of an order. Raises OSError, ValueError, EOFError or TypeError if there is none."""
        stored, failed, digests, unflushed = marshal.loads(self._answer())
        if is_hashed(self._batch.items[:stored]) and len(digests) < stored * DIGEST:
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


def begin(
    parts: int, name: Callable[[], str], beside: Sequence[int] = (), *, is_flushed: bool, is_ending: Callable[[], bool]
) -> Saver | None:
    """A saver, if this system can have one and a processor for it; see ``Saver``."""
    if not hasattr(os, "memfd_create") or usable_processors() < 2:
        return None
    try:
        return Saver(parts, name, beside, is_flushed=is_flushed, is_ending=is_ending)
    except (OSError, ValueError, TypeError):  # a sandbox, or an interpreter that does not know its own program
        return None
