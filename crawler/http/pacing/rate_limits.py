"""Limits on requests and bytes per second, over all hosts."""

from __future__ import annotations

from typing import Protocol

from crawler.model.struct import Value


class RateLimiter(Protocol):
    """The interface of ``aiolimiter.AsyncLimiter``, which another process may implement."""

    max_rate: float

    async def acquire(self, amount: float = 1) -> None: ...


class RateLimits(Value, frozen=True, kw_only=True):
    """The rate limits of a run; None means no limit."""

    requests: RateLimiter | None = None
    bytes: RateLimiter | None = None

    @classmethod
    def per_second(cls, requests: float | None, received: int | None) -> RateLimits:
        """Limits on requests and on bytes received, each per second."""
        return cls(requests=_limiter(requests, 1.0), bytes=_limiter(received, 0.25))

    def shared(self) -> RateLimits:
        """The same limits, kept by several processes together: ``take`` says which part is this one's."""
        requests, received = self.requests, self.bytes
        return RateLimits(
            requests=None if requests is None else RateShare(requests),
            bytes=None if received is None else RateShare(received),
        )

    def take(self, part: int, of: int) -> None:
        """From now on the share of this process is ``part`` of ``of``, where limits are ``shared``."""
        for each in (self.requests, self.bytes):
            if isinstance(each, RateShare):
                each.take(part, of)


class RateShare:
    """A share of a rate that several processes keep together: implements ``RateLimiter``."""

    max_rate = float(1 << 62)
    """No limit on a single amount: ``acquire`` divides it."""

    def __init__(self, whole: RateLimiter) -> None:
        """``whole``: a limiter of the rate of all processes together. The share is all of it until ``take``."""
        self._whole, self._part, self._of = whole, 1, 1

    def take(self, part: int, of: int) -> None:
        """From now on the share is ``part`` of ``of``."""
        self._part, self._of = part, of

    async def acquire(self, amount: float = 1) -> None:
        """Wait until ``amount`` is allowed: until the whole rate would have allowed as much more as others have."""
        left = amount * self._of / self._part
        while left > 0:
            piece = min(left, self._whole.max_rate)
            await self._whole.acquire(piece)
            left -= piece


def _limiter(per_second: float | None, period: float) -> RateLimiter | None:
    """A leaky bucket for the amount of ``period`` seconds, so that a run does not begin with a burst."""
    if per_second is None:
        return None
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(max(1.0, per_second * period), period if per_second * period >= 1 else 1 / per_second)
