"""The division of the connections to a host among the workers of a cluster and the client."""

from __future__ import annotations

from collections.abc import Sequence

LISTERS = 4
"""Connections that the client keeps for listings while it walks, unless --listers says more."""


def own_share(total: int, workers: int, *, listers: int | None, is_walked: bool) -> int:
    """Connections of the client, of ``total``, 2 or more. At least one is left to ``workers``, if there are any."""
    if not workers:
        return total
    wanted = 1 if is_walked else min(listers or LISTERS, total - workers)
    return max(1, min(wanted, total - 1))


def shares(left: int, workers: Sequence[str]) -> dict[str, int]:
    """Worker → its connections, of ``left``; 0 for the last ones if there are not enough."""
    each, extra = divmod(left, len(workers)) if workers else (0, 0)
    return {worker: each + (number < extra) for number, worker in enumerate(workers)}
