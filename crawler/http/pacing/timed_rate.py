"""A limit on bytes per second that changes with the time of day, even while a caller waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from crawler.http.pacing.rate_limits import RateLimiter, RateLimits
from crawler.model.options.timetable import Timetable, strictest

LONGEST_WAIT = 60.0
"""Seconds after which the clock is read again: it may have been set, or summer time may have begun."""

_LOG = logging.getLogger("crawler")


def _local_time() -> datetime:
    return datetime.now()  # noqa: DTZ005 - a timetable is in local time


class TimedRate:
    """A ``RateLimiter`` that applies the strictest of several limits, chosen by the time of day for each amount."""

    max_rate = float(1 << 62)
    """The largest amount of a single call, effectively unlimited: ``acquire`` divides it."""

    def __init__(self, limits: Sequence[int | Timetable | None], now: Callable[[], datetime] = _local_time) -> None:
        self._limits, self._now = limits, now
        self._rate: int | None = None
        self._limiter: RateLimiter | None = None

    async def acquire(self, amount: float = 1) -> None:
        """Wait until ``amount`` bytes are allowed. A new rate applies at once to the remaining bytes."""
        while amount > 0:
            limiter, left = self._current()
            if limiter is None:
                return
            share = min(amount, int(limiter.max_rate))
            try:
                async with asyncio.timeout(min(left, LONGEST_WAIT)):
                    await limiter.acquire(share)
            except TimeoutError:
                continue
            amount -= share

    def _current(self) -> tuple[RateLimiter | None, float]:
        """(the limiter of the rate in force, or None without a limit; the seconds until the next slot)."""
        rate, left = strictest(self._limits, self._now())
        if rate != self._rate:
            _LOG.info("rate", extra={"fields": {"bytes_per_second": rate or 0, "before": self._rate or 0}})
            self._rate, self._limiter = rate, RateLimits.per_second(None, rate).bytes
        return self._limiter, left
