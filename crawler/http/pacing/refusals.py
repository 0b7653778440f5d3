"""Which refusals show that a host has too many requests in flight, and which happen by chance."""

from __future__ import annotations

from dataclasses import dataclass, replace

PROOF_ROUNDS = 6
"""A limit is proven once this many requests for each one of it have ended without a refusal."""
CHANCE_ROUNDS = 16
"""A chance refusal is forgotten after this many requests for each one of the limit."""
MAX_CHANCES = 3
"""Chance refusals remembered at the same time; one more, and the host is taken to manage less than it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """What the refusals of a host have shown so far."""

    ended: int = 0
    """Requests that have ended under the present limit."""
    proven: int = 0
    """The most requests in flight that are proven not to be too many; 0 if none are, or no longer."""
    chances: int = 0
    """Refusals put down to chance and not yet forgotten."""

    def with_ended(self, requests: int, limit: int) -> Refusals:
        """After ``requests`` more have ended under ``limit``."""
        ended, period = self.ended + requests, CHANCE_ROUNDS * limit
        forgotten = ended // period - self.ended // period
        proven = limit if ended >= PROOF_ROUNDS * limit else 0
        return Refusals(ended=ended, proven=max(self.proven, proven), chances=max(0, self.chances - forgotten))

    def is_chance(self, in_flight: int) -> bool:
        """Whether a refusal with ``in_flight`` requests can be put down to chance."""
        return in_flight <= self.proven and self.chances < MAX_CHANCES

    def refused(self, in_flight: int) -> Refusals:
        """After a refusal with ``in_flight`` requests, which lowers the limit."""
        if self.is_chance(in_flight):
            return Refusals(proven=self.proven, chances=self.chances + 1)
        return Refusals()

    def at_another_limit(self) -> Refusals:
        """After a change of the limit."""
        return replace(self, ended=0)
