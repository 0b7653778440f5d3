"""How many requests and bytes per second a run may take, over all hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class RateLimiter(Protocol):
    """What a bucket offers: ``aiolimiter.AsyncLimiter``, or another process that has it."""

    max_rate: float

    async def acquire(self, amount: float = 1) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """The rates of a run, over all hosts; None is no limit."""

    requests: RateLimiter | None = None
    bytes: RateLimiter | None = None

    @classmethod
    def per_second(cls, requests: int | None, received: int | None) -> RateLimits:
        """So many requests, so many bytes received."""
        return cls(requests=_limiter(requests, 1.0), bytes=_limiter(received, 0.25))


def _limiter(per_second: int | None, period: float) -> RateLimiter | None:
    """A bucket that holds what ``period`` seconds allow, so that the start is no burst."""
    if per_second is None:
        return None
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(max(1.0, per_second * period), period if per_second * period >= 1 else 1 / per_second)
