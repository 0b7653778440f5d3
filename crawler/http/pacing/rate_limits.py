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
    def per_second(cls, requests: int | None, received: int | None) -> RateLimits:
        """Limits on requests and on bytes received, each per second."""
        return cls(requests=_limiter(requests, 1.0), bytes=_limiter(received, 0.25))


def _limiter(per_second: int | None, period: float) -> RateLimiter | None:
    """A leaky bucket for the amount of ``period`` seconds, so that a run does not begin with a burst."""
    if per_second is None:
        return None
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(max(1.0, per_second * period), period if per_second * period >= 1 else 1 / per_second)
