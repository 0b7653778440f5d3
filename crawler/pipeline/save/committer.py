"""Gives complete bodies their final names in batches: while one batch is written, the next one is collected.

Workers do not wait for the disk. They hand over a complete body and fetch the next file; only when more than
``limits.PENDING_FILES`` or ``limits.PENDING_BYTES`` are waiting does the disk slow them down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crawler.model import limits
from crawler.model.columns.new_files import Columns, NewFiles, SavedFiles, SavedResults
from crawler.model.errors import DestinationError
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.state.store import StateStore
from crawler.model.struct import replace
from crawler.model.values import Known, Outcome, Result, Staged

_ENDED = "the committer has ended: its own error says why"


class Committer:
    """The last stage of a job: reports each Result, that of a body once its file has its final name."""

    def __init__(self, destination: Destination, state: StateStore, observer: Observer) -> None:
        self._destination = destination
        self._state = state
        self._observer = observer
        self._new, self._others = NewFiles(Columns(), []), list[Staged]()
        """The bodies of the next batch, and those of the batch after it."""
        self._bytes = 0
        self._unwritten = 0
        """Number of bodies that have not been reported."""
        self._idle = asyncio.Event()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = self._is_flushing = self._has_ended = False
        self._stored: tuple[int, Sequence[Staged], Sequence[Known | str]] = 0, [], []
        """The size of the last batch, the batch if its records do not say it all, and what became of it, as long as it
        is not recorded: the memory of bodies that are stored is wanted for others."""
        self._error: DestinationError | None = None

    async def put(self, *all_done: Result | Staged | NewFiles) -> None:
        """Take finished jobs. Waits while too many are pending. Raises the DestinationError of a failed batch."""
        others = list[Staged]()
        for done in all_done:
            if isinstance(done, Result):
                self._report(done)
            elif isinstance(done, NewFiles):
                await self._put(done)
            else:
                others.append(done)
        await self._put(others)

    async def _put(self, bodies: Sequence[Staged]) -> None:
        while bodies and self._is_full() and not self._has_ended:
            self._room.clear()
            await self._room.wait()
        if bodies:
            self._add(bodies)

    def _report(self, done: Result) -> None:
        """Report a job that leaves no body to be named."""
        if done.known is not None:
            self._state.remember([done.known])
        self._observer.finished(done)
        if done.outcome is Outcome.SAVED and not self._is_flushing:  # a worker process has saved it
            self._is_flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _add(self, bodies: Sequence[Staged]) -> None:
        """Add bodies to the next batch. Raises the DestinationError of a failed batch."""
        if self._error is not None:
            for done in bodies:
                self._fail(done, str(self._error))
            raise self._error
        if self._has_ended:
            raise RuntimeError(_ENDED)
        is_first = not self._pending
        self._unwritten += len(bodies)
        if isinstance(bodies, NewFiles):
            self._new.extend(bodies)
            self._bytes += bodies.size
            replaces_large = False
        else:
            self._others += bodies
            self._bytes += _size_of(bodies)
            replaces_large = any(done.part and done.job.local is not None for done in bodies)
        is_batch = self._pending >= limits.BATCH_FILES or self._bytes >= limits.BATCH_BYTES
        # a large body is written at once if that frees the space of the file that it replaces
        if is_batch or replaces_large:
            self._wake.set()
        elif is_first:
            self._timer = asyncio.get_running_loop().call_later(limits.BATCH_SECONDS, self._wake.set)

    @property
    def _pending(self) -> int:
        """Number of bodies that wait to be written."""
        return len(self._new) + len(self._others)

    def _is_full(self) -> bool:
        return self._pending >= limits.PENDING_FILES or self._bytes >= limits.PENDING_BYTES

    def _next_batch(self) -> Sequence[Staged]:
        """What is written next: new files first, which are many; then all others."""
        batch: Sequence[Staged] = self._new or self._others
        if self._new:
            self._new, self._bytes = NewFiles(Columns(), []), _size_of(self._others)
        else:
            self._others, self._bytes = [], 0
        if self._others:
            self._wake.set()
        return batch

    async def run(self) -> None:
        """Write batches until ``close`` was called and everything is written. Raises DestinationError.

        Even after an unexpected error (a custom destination may raise any) no caller is left waiting.
        """
        try:
            await self._write_batches()
        finally:
            self._has_ended = True
            self._room.set()
            self._idle.set()

    async def _write_batches(self) -> None:
        while self._pending or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            if self._timer is not None:
                self._timer.cancel()
            await self._write(self._next_batch())
            if not (self._pending and self._wake.is_set()):
                self._record_stored()
            if not self._unwritten:
                self._idle.set()

    async def _write(self, batch: Sequence[Staged]) -> None:
        """Write ``batch``, which may be empty, and record the one before meanwhile."""
        self._room.set()
        if batch:
            await self._doubt_replaced(batch)
            storing = asyncio.ensure_future(self._store(batch))
            try:
                await asyncio.sleep(0)  # so that it begins
            finally:
                self._record_stored()
            outcomes = await storing
            self._stored = len(batch), [] if isinstance(outcomes, SavedFiles) else batch, outcomes

    async def drain(self) -> None:
        """Wait until all files that were put have their names. Raises the DestinationError of a failed batch."""
        while self._unwritten and not self._has_ended:
            self._idle.clear()
            self._wake.set()
            await self._idle.wait()
        if self._error is not None:
            raise self._error
        if self._unwritten:
            raise RuntimeError(_ENDED)

    async def _doubt_replaced(self, batch: Sequence[Staged]) -> None:
        # If the program is killed after a file got its name and before its record is written, the record of an older
        # file must not stay, even if there was no file during the scan. The first run has no older records.
        knew = self._state.knew_files
        if isinstance(batch, NewFiles):
            doubtful = batch.columns.paths if knew else []
        else:
            doubtful = [staged.job.path for staged in batch if knew or staged.job.local is not None]
        if doubtful:
            self._record_stored()
            await self._state.doubt(doubtful)

    async def _store(self, batch: Sequence[Staged]) -> Sequence[Known | str]:
        """Give all bodies of ``batch`` their names. Raises the DestinationError of a failed one after reporting all."""
        try:
            return await self._destination.commit(batch)
        except DestinationError as error:
            named = {known.path: known for known in error.done}
            self._state.remember(error.done)
            for staged in batch:
                if (saved := named.get(staged.job.path)) is not None:
                    self._settle(staged, saved)
                else:
                    self._fail(staged, str(error), known=_before(staged) if error.untouched else None)
            for staged in (*self._new, *self._others):  # collected in the meantime; these will not be written
                self._fail(staged, str(error))
            self._state.flush()
            self._new, self._others = NewFiles(Columns(), []), []
            self._error = error
            raise

    def _record_stored(self) -> None:
        """Record and report the last batch: the destination may be busy with the next one meanwhile."""
        count, batch, results = self._stored
        self._stored = 0, [], []
        if not count:
            return
        if isinstance(results, SavedFiles):
            self._state.remember(results)
            self._observer.all_saved(SavedResults(results))
        else:
            self._record_all(batch, results)
        self._state.flush()  # after each batch, because files whose records a kill loses must be read again
        self._unwritten -= count

    def _record_all(self, batch: Sequence[Staged], results: Sequence[Known | str]) -> None:
        saved = [known for known in results if isinstance(known, Known)]
        self._state.remember(saved)
        if len(saved) == len(batch):  # nearly always
            self._observer.all_saved([_saved(staged, known) for staged, known in zip(batch, saved, strict=True)])
        else:
            for staged, known in zip(batch, results, strict=True):
                self._settle(staged, known)

    def _flush(self) -> None:
        """Write the records of all results that arrived in one message of a worker process."""
        self._is_flushing = False
        self._state.flush()

    def _settle(self, staged: Staged, known: Known | str) -> None:
        """Report one body of a batch. ``known``: the record of the saved file, or the reason why it was not saved."""
        if isinstance(known, Known):
            self._observer.finished(_saved(staged, known))
        else:
            self._fail(staged, known, known=_before(staged))

    def close(self) -> None:
        """Announce that no more jobs will come, so that ``run`` returns when everything is written."""
        self._closing = True
        self._wake.set()

    def _fail(self, staged: Staged, reason: str, *, known: Known | None = None) -> None:
        """Report a body that was not saved. ``known``: the record of what is there, which is no longer in doubt."""
        if known is not None:
            self._state.remember([known])
        self._observer.finished(replace(staged.result, outcome=Outcome.FAILED, reason=reason, known=known))


def _size_of(bodies: Sequence[Staged]) -> int:
    """The size in bytes of those of ``bodies`` that are in memory."""
    return sum([len(done.body) for done in bodies])


def _saved(staged: Staged, known: Known) -> Result:
    """The result of a body that is saved now, as ``known`` records it."""
    result = staged.result
    if known is result.known or known == result.known:
        return result
    return replace(result, known=known, digest=known.digest if staged.lacks_digest else result.digest)


def _before(staged: Staged) -> Known | None:
    """The record of the file before this run tried to replace it; None if there is none, or it is of another URL."""
    job = staged.job
    return job.recorded or job.copy or job.known
