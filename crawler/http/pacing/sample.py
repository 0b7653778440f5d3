"""What is counted while one limit is in force: throughput, troubles, and whether the limit was used."""

from __future__ import annotations

from dataclasses import dataclass

QUICK = 0.010
"""Seconds. A host that answers within these on average is not what a run waits for: it gets what it takes."""
REQUEST_BYTES = 64 * 1024
"""What a request counts for beside its bytes: small files are measured by their number, large ones by their size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What happened while one limit was in force. The windows of several processes add up, field by field."""

    requests: int
    """That ended."""
    more: int = 0
    """How many more were in flight at its end than at its beginning: half done, on average."""
    received: int
    """Bytes of bodies."""
    troubles: int
    """Requests among them that ended in a reset or a time-out, …"""
    refused: int = 0
    """… or were answered 503."""
    seconds: float
    busy: float
    """Seconds that requests took, all together: with those in flight at the moment."""

    @property
    def rate(self) -> float:
        """Throughput in bytes per second."""
        return (self.received + REQUEST_BYTES * (self.requests + self.more / 2)) / self.seconds

    @property
    def is_quick(self) -> bool:
        return self.busy <= QUICK * self.requests
