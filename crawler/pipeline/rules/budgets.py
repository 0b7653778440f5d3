"""How much a run may save: by --max-files and --max-total-size, and by the free space of the disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from crawler.model import limits
from crawler.model.errors import DestinationError
from crawler.text.units import render_size

UNKNOWN_AT_ONCE = 8
"""Files of unknown size that are fetched at once under --max-total-size, which they may exceed together."""


class Booking(Enum):
    """What a budget says to one more file."""

    TAKEN = "taken"
    WAIT = "wait"
    """Whether it fits depends on files that are being fetched."""
    SPENT = "spent"
    TOO_LARGE = "too large"
    """More than the whole budget: no run can save it."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """--max-files and --max-total-size (bytes): what a run may save. None: no limit.

    Only what was saved counts. A file is booked before it is asked for, and settled when it is known what became of
    it: a conditional request that finds it unchanged must not use up the budget of every run.
    """

    files: int | None = None
    size: int | None = None
    saved: int = 0
    saved_bytes: int = 0
    booked: dict[str, int | None] = field(default_factory=dict)
    """Path → bytes, or None if unknown, of what is being fetched."""

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
        """Is there room for a file beside ``files`` files of ``total`` bytes? One of unknown size needs a byte."""
        if self.files is not None and files >= self.files:
            return False
        return self.size is None or total + (1 if size is None else size) <= self.size

    def settle(self, path: str, saved: int | None) -> None:
        """The file ``path`` has ended: it was saved with that many bytes, or not (None)."""
        if path in self.booked:
            del self.booked[path]
            if saved is not None:
                self.saved += 1
                self.saved_bytes += saved


class Room:
    """What a run may still write. ``free`` is what the disk had to spare when the run began, in bytes.

    Only what is certain counts: the low end of a rounded size, nothing for files whose size no listing gives. So a
    refusal is right, and a disk may fill all the same: that is found when it happens.
    """

    def __init__(self, directory: str, free: int, *, keeps_old: bool = False, strict: bool = True) -> None:
        """With ``keeps_old`` replaced files stay, in the trash. Without ``strict`` only ``problem`` tells."""
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
            f"cannot store files in {self._directory}: no space for it all: {render_size(self._planned)} or more are "
            f"to be fetched, the disk has {render_size(self._free)} free ({self._planned} and {self._free} bytes)"
        )

    def may_overflow(self, size: int) -> bool:
        """Could ``size`` more bytes be too many?"""
        return self._planned + size > self._limit

    def book(self, size: int, replaced: int = 0) -> None:
        """A file of at least ``size`` bytes is to be fetched, and ``replaced`` bytes go away with the old one."""
        self._planned += size if self._keeps_old else size - replaced

    def check(self) -> None:
        """Raise DestinationError if what is booked does not fit."""
        if self._strict and self.problem is not None:
            raise DestinationError(self.problem)
