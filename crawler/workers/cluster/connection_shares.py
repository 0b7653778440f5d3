"""The division of the connections to a host among the workers of a cluster and the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def granted(free: int, wanted: Mapping[str, int], held: Mapping[str, int]) -> dict[str, int]:
    """Worker → the connections that it may have for now: of ``wanted``, as many as are free beside those held.

    ``free``: how many nobody has open. A worker may hold more than is wanted for it, until it has closed them.
    """
    found = {}
    for worker, connections in wanted.items():
        found[worker] = min(connections, held[worker] + max(0, free))
        free -= max(0, found[worker] - held[worker])
    return found
