"""Limits on what a run may save: --max-files, --max-total-size, and the free space of the disk."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import DestinationError
from crawler.model.struct import Struct, field
from crawler.model.values import Job
from crawler.text.units import render_size

UNKNOWN_AT_ONCE = 8
"""Maximum number of files of unknown size in flight under --max-total-size, which they may exceed together."""


class Booking(Enum):
    """Whether a budget has room for one more file."""

    TAKEN = "taken"
    WAIT = "wait"
    """Undecided: it depends on the files that are being fetched."""
    SPENT = "spent"
    TOO_LARGE = "too large"
    """The file is larger than the whole budget: no run can save it."""


class Budget(Struct, kw_only=True):
    """The budget of a run: the limits of --max-files and --max-total-size (bytes), and what has been used of them.

    None means no limit. Only saved files count. A file is booked before it is requested and settled when its outcome is
    known; so files that turn out to be unchanged do not use up the budget of every run.
    """

    files: int | None = None
    size: int | None = None
    saved: int = 0
    saved_bytes: int = 0
    booked: dict[str, int | None] = field(default_factory=dict)
    """Path of each file that is being fetched → its size in bytes, None if unknown."""

    @property
    def is_limited(self) -> bool:
        return self.files is not None or self.size is not None

    @property
    def option(self) -> str:
        """The option whose limit has been reached."""
        is_full = self.files is not None and (self.size is None or self.saved >= self.files)
        return "--max-files" if is_full else "--max-total-size"

    def book(self, path: str, size: int | None) -> Booking:
        """Book the file ``path`` of about ``size`` bytes, if the budget has room for it."""
        answer = self._answer(size)
        if answer is Booking.TAKEN:
            self.booked[path] = size
        return answer

    def is_too_large(self, size: int | None) -> bool:
        """Whether a file of this size is larger than the whole budget."""
        return self.size is not None and size is not None and size > self.size

    def postpones(self, sizes: Sequence[int | None]) -> bool:
        """Whether files of these sizes, for which something must be deleted first, have to wait for another run.

        A run that has saved nothing has all the room that any run will have, so it begins if any of them fits. Those
        that are larger than the whole budget do not count, unless there are no others.
        """
        possible = [size for size in sizes if not self.is_too_large(size)]
        files, total, fitting = self.saved, self.saved_bytes, 0
        for size in possible:
            if not self._fits(files, total, size):
                break
            files, total, fitting = files + 1, total + (size or 0), fitting + 1
        return bool(sizes) and not (fitting and (fitting == len(possible) or not self.saved))

    def _answer(self, size: int | None) -> Booking:
        if self.is_too_large(size):
            return Booking.TOO_LARGE
        if not self._fits(self.saved, self.saved_bytes, size):
            return Booking.SPENT
        unknown = sum(booked is None for booked in self.booked.values())
        is_crowded = self.size is not None and unknown >= UNKNOWN_AT_ONCE
        expected = self.saved_bytes + sum(booked or 0 for booked in self.booked.values())
        if is_crowded or not self._fits(self.saved + len(self.booked), expected, size):
            return Booking.WAIT
        return Booking.TAKEN

    def _fits(self, files: int, total: int, size: int | None) -> bool:
        """Whether one more file fits beside ``files`` files of ``total`` bytes; an unknown size counts as one byte."""
        if self.files is not None and files >= self.files:
            return False
        return self.size is None or total + (1 if size is None else size) <= self.size

    def settle(self, path: str, saved: int | None) -> None:
        """Release the booking of ``path``, and count its ``saved`` bytes. None: the file was not saved."""
        if path in self.booked:
            del self.booked[path]
            if saved is not None:
                self.saved += 1
                self.saved_bytes += saved


def new_budget(config: Config) -> Budget:
    """The budget of a run that begins."""
    return Budget(files=config.max_files, size=config.max_total_size)


def expected_size(job: Job) -> int | None:
    """The expected size of the file in bytes: as listed, or as last saved; None if neither is known."""
    if job.size is not None:
        return (job.size.low + job.size.high) // 2
    return job.known.size if job.known is not None else None


class Room:
    """The space on the disk that a run may use. ``free``: free bytes when the run began.

    Only bytes that are certain to be written count: the lower bound of a rounded size, nothing for an unlisted size. So
    a refusal is always right, but the disk may still become full; that is noticed only when it happens.
    """

    def __init__(self, directory: str, free: int, *, keeps_old: bool = False, strict: bool = True) -> None:
        """``keeps_old``: replaced files stay in the trash. ``strict``: ``check`` raises an error if space is short."""
        self._directory = directory
        self._free = free
        self._limit = free - min(limits.FREE_RESERVE, free // 100)
        self._planned = 0
        self._keeps_old = keeps_old
        self._strict = strict

    @property
    def problem(self) -> str | None:
        """Why the booked files do not fit, with both figures; None if they fit."""
        if self._planned <= self._limit:
            return None
        return (
            f"cannot store files in {self._directory}: not enough space: {render_size(self._planned)} or more are "
            f"to be fetched, the disk has {render_size(self._free)} free ({self._planned} and {self._free} bytes)"
        )

    def may_overflow(self, size: int) -> bool:
        """Whether ``size`` more bytes may exceed the free space."""
        return self._planned + size > self._limit

    def book(self, size: int, replaced: int = 0) -> None:
        """Book a file of at least ``size`` bytes, which replaces a file of ``replaced`` bytes."""
        self._planned += size if self._keeps_old else size - replaced

    def check(self) -> None:
        """Raise DestinationError if the booked files do not fit on the disk, unless not ``strict``."""
        if self._strict and self.problem is not None:
            raise DestinationError(self.problem)
