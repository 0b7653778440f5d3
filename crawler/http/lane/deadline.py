"""Decides when a lane has waited too long or a body is too slow. Times in seconds on the event loop's clock."""

from __future__ import annotations

from crawler.model import limits
from crawler.model.struct import Value


class Patience(Value, frozen=True):
    """Limits of all waits of a lane."""

    silence: float
    """Seconds to wait for a header section, from the request or the previous response, and for each piece of a body."""
    min_speed: int = 0
    """Minimum average speed of a body in bytes per second; 0 for no minimum."""

    @property
    def window(self) -> float:
        """Seconds over which ``min_speed`` is averaged."""
        return min(limits.MINIMUM_SPEED_WINDOW, self.silence)

    @property
    def too_slow(self) -> str:
        """Why a slow body is abandoned, in one clause."""
        return f"slower than {self.min_speed} B/s over {self.window:g} s"


class Deadline:
    """The deadline of a lane. ``until`` is None while the lane waits for nothing from the server."""

    __slots__ = ("_before", "_began", "_patience", "_paused_at", "_total", "until")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.until: float | None = None
        self._total = -1
        """Number of bytes of the current body that have arrived; -1 before its header section has."""
        self._began = 0.0
        self._before = 0
        """Number of bytes of the body that had arrived when the current window began, at ``_began``."""
        self._paused_at: float | None = None

    def expect(self, now: float) -> None:
        """Wait for a header section. Interim responses do not extend the wait."""
        self._total = -1
        self._wait(now)

    def rest(self) -> None:
        """Wait for nothing."""
        self.until = None

    def received(self, total: int, now: float) -> bool:
        """A header section and ``total`` bytes of its body have arrived; more will follow. False if it is too slow.

        Framing alone, such as the size of a chunk, does not extend the wait.
        """
        if self._total < 0:
            self._began, self._before = now, 0
        elif total == self._total:
            return True
        self._total = total
        self._wait(now)
        elapsed = now - self._began
        if elapsed < self._patience.window:
            return True
        is_fast = total - self._before >= self._patience.min_speed * elapsed
        self._began, self._before = now, total
        return is_fast

    def pause(self, now: float) -> None:
        """Suspend the deadline while the lane does not read, because the server cannot be late then."""
        self._paused_at = now
        self.until = None

    def resume(self, now: float) -> None:
        """Continue after ``pause``: the lane reads again."""
        if self._paused_at is not None:
            self._began += now - self._paused_at
            self._paused_at = None
        self._wait(now)

    def _wait(self, now: float) -> None:
        if self._paused_at is None:
            self.until = now + self._patience.silence
