"""The threads and processes that store bodies."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.model import limits
from crawler.model.values import Span
from crawler.storage.executor import usable_processors

if TYPE_CHECKING:
    from crawler.storage.directory.incoming.filler import Filler
    from crawler.storage.directory.incoming.parts import PartStore
    from crawler.storage.directory.incoming.receiving.receiver import Receiver
    from crawler.storage.directory.incoming.receiving.series import SeriesReceiver

_PROCESSES = 2
"""Number of processes, on two processors or more: with a third one, mixed bodies took no less time."""
_BEFORE = 3
"""Number of bodies for which processes are started: each takes 12 ms."""
_WRITING = 8
"""Threads for calls that take a moment; more would only compete for the same disk."""
_FILLING = 16
"""Maximum number of parts that are filled at once, each by a thread of its own, with a buffer of 1 MiB."""

_MANY = 4 * limits.BATCH_FILES
"""Number of new files that are worth preparing for."""
Start = Callable[[int, Sequence[int]], None]
"""Starts the process for so many files, with these descriptors for ``arrivals``, if it is to receive them."""


class PartThreads(ThreadPoolExecutor):
    """Runs calls that take a moment, and lends threads for calls that take as long as a body takes to arrive."""

    def __init__(self) -> None:
        super().__init__(_WRITING, "destination-part")
        self._fillers: list[Executor] = []
        """A thread each."""
        self._idle: list[Executor] = []
        self._processors = usable_processors()
        self._memories = threading.local()

    @property
    def has_idle_processor(self) -> bool:
        """Whether there are more processors than threads that fill parts."""
        return len(self._fillers) - len(self._idle) < self._processors

    @property
    def memory(self) -> memoryview:
        """Memory of BULK_PIECE that belongs to the current thread."""
        memory: memoryview | None = getattr(self._memories, "memory", None)
        if memory is None:
            memory = self._memories.memory = memoryview(bytearray(limits.BULK_PIECE))
        return memory

    def reserve(self) -> Executor | None:
        """A running thread for nothing else until ``free``; None if there are enough, or the system has no more."""
        if self._idle:
            return self._idle.pop()
        if len(self._fillers) == _FILLING:
            return None
        thread = ThreadPoolExecutor(1, "destination-fill")
        try:
            thread.submit(int)  # which starts the thread
        except RuntimeError:
            return None
        self._fillers.append(thread)
        return thread

    def free(self, thread: Executor) -> None:
        """Give back what ``reserve`` returned."""
        self._idle.append(thread)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop all threads; see ``Executor.shutdown``."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        for thread in self._fillers:
            thread.shutdown(wait, cancel_futures=cancel_futures)


def is_for_process(size: Span[int] | None) -> bool:
    """Whether a process may receive a new body of ``size``: it is not so long that its beginning is noted meanwhile."""
    return size is not None and 0 < size.high < limits.BULK_STAGED


class Fillers:
    """The processes that receive bodies, once a few bodies are known of. Belongs to the event loop."""

    def __init__(self) -> None:
        self._fillers: list[Filler] = []
        self._before = _BEFORE if usable_processors() > 1 and hasattr(os, "memfd_create") else -1
        """Number of further bodies until there are processes; negative if there are, or never will be."""
        self._expected = 0
        """Number of bodies for processes that have been announced."""

    def expect(self, sizes: Sequence[Span[int] | None], parts: Callable[[], int]) -> None:
        """More bodies of these sizes are about to arrive: start the processes if they are enough.

        ``parts`` returns what ``note`` takes. The other processor has nothing else to do before the first body.
        """
        if self._before > 0:
            small = limits.SMALL_BODY
            self._expected += len([size for size in sizes if size and size.high > small and is_for_process(size)])
            if self._expected >= _BEFORE:
                self._start(parts())

    def note(self, parts: int) -> Filler | None:
        """A thread is about to receive a body. Returns a process that is to do so instead.

        ``parts``: see ``Filler``.
        """
        self._before -= 1
        if self._before == 0:
            self._start(parts)
        return self.pick()

    def _start(self, parts: int) -> None:
        from crawler.storage.directory.incoming.filler import Filler  # imported only if needed

        self._before = -1
        with suppress(OSError, ValueError, TypeError):  # a sandbox, or an interpreter that does not know itself
            for _ in range(_PROCESSES):
                self._fillers.append(Filler(parts))

    def forgo(self) -> None:
        """Never start them: this process is one of several that already keep the processors busy."""
        self._before = -1

    def pick(self) -> Filler | None:
        """One that takes another body or series; None if there is none."""
        able = [each for each in self._fillers if each.is_able]
        return min(able, key=lambda each: each.load) if able else None

    @property
    def have_lost(self) -> bool:
        """Whether one of them was given up after it had started."""
        return any(each.is_lost for each in self._fillers)

    def close(self) -> None:
        """End the processes; ``reap`` must follow."""
        for filler in self._fillers:
            filler.close()

    def reap(self) -> None:
        """Wait until the processes have ended, in any thread."""
        for filler in self._fillers:
            filler.reap()


class Receiving:
    """The receivers of a destination, while there are any. Belongs to the event loop."""

    def __init__(self) -> None:
        self.receiver: Receiver | None = None
        """What the process that stores small files receives."""
        self._series: SeriesReceiver | None = None
        self._expected = 0
        """Number of new files that have been announced."""

    def expect(self, files: int, thread: Executor, starter: Callable[[], Start], *, receives: bool) -> None:
        """More ``files`` are about to arrive: start the process in ``thread`` if they are enough.

        ``starter`` returns what starts it. ``receives``: it may receive them.
        """
        before, self._expected = self._expected, self._expected + files
        if before < _MANY <= self._expected:
            self.receiver = _receiver() if receives else None
            thread.submit(_start, starter(), self._expected, self.receiver)

    def receivers(self, fillers: Fillers, parts: PartStore) -> Sequence[Receiver | SeriesReceiver]:
        """See ``interfaces.Destination``. The processes of ``fillers`` store in ``parts``."""
        if self._series is None and fillers.pick() is not None:
            from crawler.storage.directory.incoming.receiving.series import SeriesReceiver  # imported only if needed

            self._series = SeriesReceiver(fillers.pick, parts)
        return [each for each in (self.receiver, self._series) if each is not None]

    def close(self) -> None:
        """Receive nothing more."""
        if self.receiver is not None:
            self.receiver.close()


def _receiver() -> Receiver | None:
    """A receiver, if this system can have one and a processor for it."""
    if usable_processors() < 2:
        return None
    from crawler.storage.directory.incoming.receiving.receiver import Receiver  # imported only if needed

    try:
        return Receiver()
    except (OSError, AttributeError):
        return None


def _start(start: Start, files: int, receiver: Receiver | None) -> None:
    try:
        start(files, receiver.given if receiver is not None else ())
    finally:
        if receiver is not None:
            receiver.forget()
