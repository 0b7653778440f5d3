"""Learnt limits of the number of requests that a host accepts at once, and their division among processes."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.struct import Value


class HostLimits(Value, frozen=True, kw_only=True):
    """The state's record of a host."""

    limit: int
    """Maximum number of connections with requests in flight."""
    beyond: int | None
    """The smallest number of connections that was found to be too high, or None."""
    depth: int = 0
    """Maximum number of requests in flight on one connection; 1: the host does not accept several, 0: unknown."""
    per_connection: int | None = None
    """Number of requests after which the host closes a connection, or None."""


def divided(learnt: HostLimits, parts: int) -> HostLimits:
    """The limits for one of ``parts`` processes that use the same host."""
    beyond = None if learnt.beyond is None else max(2, learnt.beyond // parts)
    return HostLimits(
        limit=max(1, learnt.limit // parts), beyond=beyond, depth=learnt.depth, per_connection=learnt.per_connection
    )


def added(shares: Sequence[HostLimits]) -> HostLimits:
    """The limits that several processes found separately, combined."""
    limit = sum(share.limit for share in shares)
    found = [share.beyond for share in shares if share.beyond is not None]
    depths = [share.depth for share in shares]
    closing = [share.per_connection for share in shares if share.per_connection is not None]
    return HostLimits(
        limit=limit,
        beyond=None if len(found) < len(shares) else max(limit + 1, sum(found)),
        depth=1 if 1 in depths else max(depths, default=0),
        per_connection=min(closing, default=None),
    )
