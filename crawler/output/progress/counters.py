"""Counts what a run has done and still has to do; the display reads the sums a few times a second.

Counting happens on the event loop for every file and only adds numbers. Reading may happen in another thread: it copies
the collections over which it iterates, and its figures may be one event old.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from crawler.model import limits
from crawler.model.observer import Observer
from crawler.model.state.directory_digest import StoredFile
from crawler.model.struct import Value
from crawler.model.values import Job, Outcome, Result
from crawler.output.progress.transfers import LATEST, Speed, TransferProgress
from crawler.text.escape import masked

Clock = Callable[[], float]

_KEPT = (Outcome.SAVED, Outcome.UNCHANGED)


class PendingRetry(Value, frozen=True, kw_only=True):
    """A failed request that will be sent again."""

    until: float
    """Time of the next attempt, by the clock of ``Counters``, in seconds."""
    attempt: int
    """Number of the next attempt; the first is 1."""
    reason: str


class Totals(Value, frozen=True, kw_only=True):
    """The sums at one time. Sizes in bytes, times in seconds."""

    done: int
    files: int
    bytes_done: int
    bytes_total: int
    growing: bool
    """Whether listings are still being read, so that the totals grow."""
    sizes_unknown: bool
    """Whether listings lack sizes, so that ``bytes_total`` is a lower bound."""
    rate: float
    eta: float | None
    """Seconds until everything is done; None if unknown."""
    failed: int
    finishing: bool = False
    """Whether no transfer is left, and what remains is the end of the run."""
    partly: float = 0.0
    """Sum of the shares (0 to 1) of the transfers in flight that have arrived."""
    elapsed: float = 0.0
    """Seconds since the display began."""
    mirrors: tuple[int, int] | None = None
    """(finished, all) if several mirrors are shown together."""

    @property
    def fraction(self) -> float | None:
        """The share done (0 to 1): by bytes if all sizes are known, else by files; None while the total grows."""
        if self.growing or not self.files:
            return None
        if self.bytes_total and not self.sizes_unknown:
            return self.bytes_done / self.bytes_total
        return min(1.0, (self.done + self.partly) / self.files)


class Counters(Observer):
    """Counts events. Takes about a microsecond per file, and memory only for files that are listed and unfinished."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._files = self._done = self._failed = 0
        self._bytes = self._received = 0
        self._walked = self._finishing = False
        self._pending: dict[str, int] = {}  # path -> bytes, -1 if unknown
        self._pending_bytes = self._pending_unknown = 0
        self._in_flight: dict[str, TransferProgress] = {}
        self._pending_retries: dict[str, PendingRetry] = {}  # by URL
        self._mirrors: tuple[int, int] | None = None  # (finished, all) if several are shown together
        self._began = now = clock()
        self._bytes_speed, self._files_speed = Speed(now), Speed(now)

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self._failed += 1

    def listed(self, path: str, size: int | None) -> None:
        self._files += 1
        if path in self._pending:
            self._settle(path)
        self._expect(path, size)

    def walked(self) -> None:
        self._walked = True

    def finishing(self) -> None:
        """Note that no transfer is left, complete or not."""
        self._finishing = True
        self._pending_retries = {}

    def mirrors_added(self, count: int) -> None:
        """Note that ``count`` mirrors are shown together."""
        self._mirrors = 0, count

    def mirror_finished(self) -> None:
        """Note that one of the mirrors shown together has finished."""
        finished, count = self._mirrors or (0, 0)
        self._mirrors = finished + 1, count

    def retrying(self, attempt: int, wait: float, error: Exception) -> None:
        """Note that attempt number ``attempt`` (the first is 1) follows in ``wait`` seconds because of ``error``."""
        now = self._clock()
        pending_retries = {url: each for url, each in self._pending_retries.items() if each.until > now}
        url = getattr(error, "url", "")
        reason = masked(f"{error} ({url})" if url else str(error))
        pending_retries[url] = PendingRetry(until=now + wait, attempt=attempt, reason=reason)
        self._pending_retries = pending_retries

    def started(self, job: Job) -> None:
        size = self._pending.get(job.path, -1)
        self._in_flight[job.path] = TransferProgress(job, self._clock(), size if size >= 0 else None)

    def received(self, job: Job, count: int) -> None:
        self._received += count
        transfer = self._in_flight.get(job.path)
        if transfer is not None:
            transfer.add(count)

    def resumed(self, job: Job, offset: int) -> None:
        transfer = self._in_flight.get(job.path)
        if transfer is not None:
            transfer.resume(offset)
            if transfer.expected is None and job.size is not None:
                transfer.expect(job.size.high)
                if job.path in self._pending:
                    self._settle(job.path)
                    self._expect(job.path, job.size.high)

    def finished(self, result: Result) -> None:
        outcome, path = result.outcome, result.path
        self._in_flight.pop(path, None)
        if path in self._pending:
            self._settle(path)
        if outcome is Outcome.DELETED:
            return
        if outcome is Outcome.DIRECTORY:
            self._files -= 1
            return
        self._done += 1
        if outcome in _KEPT:
            self._bytes += result.size
        elif outcome is Outcome.FAILED:
            self._failed += 1

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        self.count_unchanged(len(files), sum(file.size for file in files))

    def counts_unchanged(self) -> bool:
        return True

    def count_unchanged(self, files: int, size: int) -> None:
        self._files += files
        self._done += files
        self._bytes += size

    def _expect(self, path: str, size: int | None) -> None:
        if size is None:
            self._pending[path] = -1
            self._pending_unknown += 1
        else:
            self._pending[path] = size
            self._pending_bytes += size

    def _settle(self, path: str) -> None:
        size = self._pending.pop(path)
        if size < 0:
            self._pending_unknown -= 1
        else:
            self._pending_bytes -= size

    def transfers(self, now: float, *, older_than: float) -> list[TransferProgress]:
        """Transfers in flight for at least ``older_than`` seconds, oldest first, except those waiting for the disk."""
        transfers = [] if self._finishing else list(self._in_flight.values())  # atomic: there is another thread
        return [transfer for transfer in transfers if now - transfer.since >= older_than and not transfer.complete]

    def pending_retries(self, now: float) -> list[PendingRetry]:
        """Requests that will be sent again, soonest first."""
        return sorted(
            (each for each in self._pending_retries.values() if each.until > now), key=lambda each: each.until
        )

    def totals(self, now: float) -> Totals:
        """The sums at time ``now``."""
        transfers = list(self._in_flight.values())
        arrived = sum(min(transfer.arrived, transfer.expected or 0) for transfer in transfers)
        unsized = sum(transfer.arrived for transfer in transfers if transfer.expected is None)
        left = max(0, self._pending_bytes - arrived)
        done = self._bytes + arrived + unsized
        rate = self._bytes_speed.rate(now, self._received)
        self._files_speed.rate(now, self._done)
        return Totals(
            done=self._done,
            files=self._files,
            bytes_done=done,
            bytes_total=done + left,
            growing=not self._walked,
            sizes_unknown=self._pending_unknown > 0,
            rate=rate,
            eta=self._eta(left, now - self._began),
            finishing=self._finishing,
            failed=self._failed,
            partly=sum(transfer.share for transfer in transfers),
            elapsed=now - self._began,
            mirrors=self._mirrors,
        )

    def _eta(self, left: int, elapsed: float) -> float | None:
        """Seconds until everything is done: large files are limited by their bytes, small ones by their number."""
        if not self._walked:
            return None
        files = self._files - self._done
        if files <= 0:
            return 0.0
        if elapsed < LATEST:
            return None
        byte_rate, file_rate = self._bytes_speed.latest(), self._files_speed.latest()
        by_bytes = left / byte_rate if byte_rate > 0 and not self._pending_unknown else None
        small = file_rate > 0 and byte_rate / file_rate < limits.SMALL_BODY
        by_files = files / file_rate if small or (file_rate > 0 and by_bytes is None) else None
        known = [seconds for seconds in (by_bytes, by_files) if seconds is not None]
        return max(known, default=None)
