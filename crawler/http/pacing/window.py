"""The counts of one window in which one limit was in force: throughput, errors, and use of the limit."""

from __future__ import annotations

import math

from crawler.model.struct import Value

QUICK = 0.010
"""Seconds. A host with a shorter average response time does not slow a run, so it gets all requests that it accepts."""
REQUEST_BYTES = 64 * 1024
"""Bytes added to the body of each request, so that small files count by number and large ones by size."""


class Sample(Value, frozen=True, kw_only=True):
    """Counts of one window, in which one limit was in force."""

    requests: int
    """Number of requests that ended."""
    more: int = 0
    """Increase in the number of requests in flight; on average, each additional request is half done."""
    received: int
    """Number of body bytes received."""
    troubles: int
    """Number of requests that ended in a reset or a timeout."""
    refused: int = 0
    """Number of requests with the status 503."""
    seconds: float
    busy: float
    """Total time in seconds that requests were in flight, summed over all requests."""
    turns: int = 0
    """Number of times that a connection was used; several requests may share it. 0: as many as there were requests."""
    usual: float = 0.0
    """Average time in seconds of the turns before the limit was first reached; 0 if there were none."""

    @property
    def rate(self) -> float:
        """Throughput in bytes per second."""
        return (self.received + REQUEST_BYTES * (self.requests + self.more / 2)) / self.seconds

    @property
    def slowdown(self) -> float:
        """How many times as long as before the limit was first reached a turn takes; infinite if that is not known.

        0 if none ended, as of large bodies.
        """
        turns = self.turns or self.requests
        if not turns:
            return 0.0
        return self.busy / turns / self.usual if self.usual else math.inf

    @property
    def is_quick(self) -> bool:
        return self.busy <= QUICK * self.requests
