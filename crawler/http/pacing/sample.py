"""The counts of one window in which one limit was in force: throughput, errors, and use of the limit."""

from __future__ import annotations

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

    @property
    def rate(self) -> float:
        """Throughput in bytes per second."""
        return (self.received + REQUEST_BYTES * (self.requests + self.more / 2)) / self.seconds

    @property
    def is_quick(self) -> bool:
        return self.busy <= QUICK * self.requests
