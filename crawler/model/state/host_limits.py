"""The number of concurrent requests found best for a host, and how several processes share it."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.struct import Value


class HostLimits(Value, frozen=True, kw_only=True):
    """What the state remembers about a host."""

    limit: int
    """Most requests in flight."""
    beyond: int | None
    """The smallest limit found too high, or None."""


def divided(learnt: HostLimits, parts: int) -> HostLimits:
    """The share of one of ``parts`` processes that use the same host."""
    beyond = None if learnt.beyond is None else max(2, learnt.beyond // parts)
    return HostLimits(limit=max(1, learnt.limit // parts), beyond=beyond)


def added(shares: Sequence[HostLimits]) -> HostLimits:
    """The limits that several processes found separately, combined."""
    limit = sum(share.limit for share in shares)
    found = [share.beyond for share in shares if share.beyond is not None]
    return HostLimits(limit=limit, beyond=None if len(found) < len(shares) else max(limit + 1, sum(found)))
