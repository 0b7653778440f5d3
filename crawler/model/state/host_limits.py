"""What is remembered of how many requests a host gets at once, and how several processes share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimits:
    """What is worth remembering of a host."""

    limit: int
    beyond: int | None
    """The smallest limit that was found too high; None if none was."""


def divided(learnt: HostLimits, parts: int) -> HostLimits:
    """The share of one of ``parts`` processes that ask a host together."""
    beyond = None if learnt.beyond is None else max(2, learnt.beyond // parts)
    return HostLimits(limit=max(1, learnt.limit // parts), beyond=beyond)


def added(shares: Sequence[HostLimits]) -> HostLimits:
    """What several processes have found, each by itself, as one."""
    limit = sum(share.limit for share in shares)
    found = [share.beyond for share in shares if share.beyond is not None]
    return HostLimits(limit=limit, beyond=None if len(found) < len(shares) else max(limit + 1, sum(found)))
