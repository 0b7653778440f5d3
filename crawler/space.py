"""Free space: a run that cannot fit is refused before it fills the disk."""

from __future__ import annotations

from crawler import limits
from crawler.errors import DestinationError
from crawler.render import render_size


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
