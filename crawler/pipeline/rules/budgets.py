"""How much a run may save: by --max-files and --max-total-size, and by the free space of the disk."""

from __future__ import annotations

from enum import Enum

from crawler.model import limits
from crawler.model.errors import DestinationError
from crawler.model.struct import Struct, field
from crawler.text.units import render_size

UNKNOWN_AT_ONCE = 8
"""Files of unknown size that may be fetched at once under --max-total-size; together they may exceed it."""


class Booking(Enum):
    """Whether a budget has room for one more file."""

    TAKEN = "taken"
    WAIT = "wait"
    """It depends on files that are being fetched."""
    SPENT = "spent"
    TOO_LARGE = "too large"
    """More than the whole budget: no run can save it."""


class Budget(Struct, kw_only=True):
    """The limits of --max-files and --max-total-size (bytes); None means no limit.

    Only what is saved counts. A file is booked before it is requested and settled when its outcome is known, because a
    conditional request that finds it unchanged must not use up the budget of every run.
    """

    files: int | None = None
    size: int | None = None
    saved: int = 0
    saved_bytes: int = 0
    booked: dict[str, int | None] = field(default_factory=dict)
    """Path → bytes, or None if unknown, of each file that is being fetched."""

    @property
    def is_limited(self) -> bool:
        return self.files is not None or self.size is not None

    @property
    def option(self) -> str:
        """The option whose limit leaves the least."""
        return "--max-files" if self.files is not None and self.saved >= self.files else "--max-total-size"

    def book(self, path: str, size: int | None) -> Booking:
        """Book the file ``path`` of about ``size`` bytes, if it fits."""
        answer = self._answer(size)
        if answer is Booking.TAKEN:
            self.booked[path] = size
        return answer

    def _answer(self, size: int | None) -> Booking:
        if self.size is not None and size is not None and size > self.size:
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
        """Whether another file fits beside ``files`` files of ``total`` bytes; one of unknown size needs a byte."""
        if self.files is not None and files >= self.files:
            return False
        return self.size is None or total + (1 if size is None else size) <= self.size

    def settle(self, path: str, saved: int | None) -> None:
        """The file ``path`` has ended: ``size`` bytes were saved, or nothing (None)."""
        if path in self.booked:
            del self.booked[path]
            if saved is not None:
                self.saved += 1
                self.saved_bytes += saved


class Room:
    """What a run may still write. ``free`` is the free space of the disk when the run began, in bytes.

    Only certain bytes count: the low end of a rounded size, and nothing for files whose size is not listed. So a
    refusal is always right, and the disk may still run full; that is found when it happens.
    """

    def __init__(self, directory: str, free: int, *, keeps_old: bool = False, strict: bool = True) -> None:
        """``keeps_old``: replaced files stay, in the trash. Without ``strict`` only ``problem`` shows an overflow."""
        self._directory = directory
        self._free = free
        self._limit = free - min(limits.FREE_RESERVE, free // 100)
        self._planned = 0
        self._keeps_old = keeps_old
        self._strict = strict

    @property
    def problem(self) -> str | None:
        """Why the run cannot fit, with both figures; None while it does."""
        if self._planned <= self._limit:
            return None
        return (
            f"cannot store files in {self._directory}: not enough space: {render_size(self._planned)} or more are "
            f"to be fetched, the disk has {render_size(self._free)} free ({self._planned} and {self._free} bytes)"
        )

    def may_overflow(self, size: int) -> bool:
        """Whether ``size`` more bytes may be too many."""
        return self._planned + size > self._limit

    def book(self, size: int, replaced: int = 0) -> None:
        """Book a file of at least ``size`` bytes; ``replaced`` bytes are freed with the file that it replaces."""
        self._planned += size if self._keeps_old else size - replaced

    def check(self) -> None:
        """Raise DestinationError if the booked files do not fit."""
        if self._strict and self.problem is not None:
            raise DestinationError(self.problem)
