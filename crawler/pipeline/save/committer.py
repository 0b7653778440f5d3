"""Gives finished bodies their names in batches: while one batch is written, the next one gathers.

Workers do not wait for the disk. They hand over a complete body and fetch the next file; only when more than
``limits.PENDING_FILES`` or ``limits.PENDING_BYTES`` are waiting does the disk slow them down.
"""

from __future__ import annotations

import asyncio

from crawler.model import limits
from crawler.model.errors import DestinationError
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.state.store import StateStore
from crawler.model.struct import replace
from crawler.model.values import Known, Outcome, Result, Staged

_ENDED = "the committer has ended: its own error says why"


class Committer:
    """The last stage: every Result passes here, and is reported once the file has its name."""

    def __init__(self, destination: Destination, state: StateStore, observer: Observer) -> None:
        self._destination = destination
        self._state = state
        self._observer = observer
        self._pending: list[Staged] = []
        self._bytes = 0
        self._unwritten = 0
        """Number of bodies without a result."""
        self._idle = asyncio.Event()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = self._is_flushing = self._has_ended = False
        self._error: DestinationError | None = None

    async def put(self, done: Result | Staged) -> None:
        """Take one finished job. Waits while too much is pending. Raises the DestinationError of a failed batch."""
        if isinstance(done, Result):
            self._report(done, done.known)
            if done.outcome is Outcome.SAVED and not self._is_flushing:  # by another process, in its own batch
                self._is_flushing = True
                asyncio.get_running_loop().call_soon(self._flush)
            return
        while self._is_full() and not self._has_ended:
            self._room.clear()
            await self._room.wait()
        if self._error is not None:
            self._fail(done, str(self._error))
            raise self._error
        if self._has_ended:
            raise RuntimeError(_ENDED)
        self._pending.append(done)
        self._unwritten += 1
        self._bytes += len(done.body)
        is_batch = len(self._pending) >= limits.BATCH_FILES or self._bytes >= limits.BATCH_BYTES
        if is_batch or done.part:  # a large body is worth its own batch, and the file that it replaces may be needed
            self._wake.set()
        elif len(self._pending) == 1:
            self._timer = asyncio.get_running_loop().call_later(limits.BATCH_SECONDS, self._wake.set)

    def _is_full(self) -> bool:
        return len(self._pending) >= limits.PENDING_FILES or self._bytes >= limits.PENDING_BYTES

    async def run(self) -> None:
        """Write batches until ``close`` was called and everything is written. Raises DestinationError.

        However it ends, nothing waits for it any longer: a destination of the calling program may raise anything.
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
            batch, self._pending, self._bytes = self._pending, [], 0
            self._room.set()
            if batch:
                await self._commit(batch)
                self._unwritten -= len(batch)
            if not self._unwritten:
                self._idle.set()

    async def drain(self) -> None:
        """Wait until everything taken so far has its name. Raises the DestinationError of a failed batch."""
        while self._unwritten and not self._has_ended:
            self._idle.clear()
            self._wake.set()
            await self._idle.wait()
        if self._error is not None:
            raise self._error
        if self._unwritten:
            raise RuntimeError(_ENDED)

    async def _commit(self, batch: list[Staged]) -> None:
        # A kill between a name and its record must leave no record of an older file beside the new one, even if there
        # was no file when the directory was scanned. Before the first run there are no records to doubt.
        knew = self._state.knew_files
        doubtful = [staged.job.path for staged in batch if knew or staged.job.local is not None]
        if doubtful:
            await self._state.doubt(doubtful)
        try:
            results = await self._destination.commit(batch)
        except DestinationError as error:
            named = {known.path: known for known in error.done}
            for staged in batch:
                self._settle(staged, named.get(staged.job.path, str(error)))
            for staged in self._pending:  # gathered meanwhile, and never to be written
                self._fail(staged, str(error))
            self._state.flush()
            self._pending = []
            self._error = error
            raise
        for staged, known in zip(batch, results, strict=True):
            self._settle(staged, known)
        self._state.flush()  # with each batch of names: what a kill leaves unrecorded must be read again

    def _flush(self) -> None:
        """Write the records of all results that came with one message."""
        self._is_flushing = False
        self._state.flush()

    def _settle(self, staged: Staged, known: Known | str) -> None:
        """Report one body of a batch: what is on disk now, or why it is not."""
        if isinstance(known, Known):
            expected = staged.result  # nearly always the file on disk is as expected
            self._report(expected if known == expected.known else replace(expected, known=known), known)
        else:
            self._fail(staged, known)

    def close(self) -> None:
        """No more jobs will come; ``run`` returns when everything is written."""
        self._closing = True
        self._wake.set()

    def _report(self, result: Result, known: Known | None) -> None:
        if known is not None:
            self._state.remember([known])
        self._observer.finished(result)

    def _fail(self, staged: Staged, reason: str) -> None:
        self._observer.finished(replace(staged.result, outcome=Outcome.FAILED, reason=reason))
