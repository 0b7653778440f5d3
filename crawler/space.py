"""How much a run may save: by --max-files and --max-total-size, and by the free space of the disk."""

from __future__ import annotations

from dataclasses import dataclass

from crawler import limits
from crawler.errors import DestinationError
from crawler.render import render_size


@dataclass(slots=True, kw_only=True)
class Budget:
    """--max-files and --max-total-size: how much is still to be saved. None: no limit."""

    files: int | None = None
    size: int | None = None

    def takes(self, size: int) -> bool:
        """Book one file of ``size`` bytes, unless that is more than is left."""
        if (self.files is not None and self.files < 1) or (self.size is not None and size > self.size):
            return False
        self.files = None if self.files is None else self.files - 1
        self.size = None if self.size is None else self.size - size
        return True


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
