"""Decides how many connections to a host are opened before there are requests for them."""

from __future__ import annotations

from crawler.http.pacing.concurrency import ConcurrencyLimit


def connections_ahead(state: ConcurrencyLimit, *, free: int, idle: int, requests: int) -> int:
    """The number of connections to open ahead of ``requests`` more requests.

    ``free`` more connections may be used, and ``idle`` of them are open; those in use will be free by then. A host that
    is known to refuse connections, or to be no faster with more, gets none that may turn out to be useless.
    """
    if state.beyond is not None:
        return 0
    active = max(0, state.limit - free)
    return max(0, min(free, requests - active) - idle)
