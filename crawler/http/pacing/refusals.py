"""Tells refusals that show that a host has too many requests in flight from those that happen by chance."""

from __future__ import annotations

from crawler.model.struct import Value, replace

PROOF_ROUNDS = 6
"""A limit is proven once this many times its number of requests have ended without a refusal."""
CHANCE_ROUNDS = 16
"""A chance refusal is forgotten after this many times the limit of requests."""
MAX_CHANCES = 3
"""Maximum number of chance refusals remembered at once; one more means that the host handles fewer requests now."""


class Refusals(Value, frozen=True, kw_only=True):
    """The refusals of a host so far, and what they imply."""

    ended: int = 0
    """Number of requests that have ended under the current limit."""
    proven: int = 0
    """The highest number of requests in flight that is proven not to be too many; 0 if none is."""
    chances: int = 0
    """Number of refusals attributed to chance and not yet forgotten."""

    def with_ended(self, requests: int, limit: int) -> Refusals:
        """The state after another ``requests`` have ended under ``limit``."""
        ended, period = self.ended + requests, CHANCE_ROUNDS * limit
        forgotten = ended // period - self.ended // period
        proven = limit if ended >= PROOF_ROUNDS * limit else 0
        return Refusals(ended=ended, proven=max(self.proven, proven), chances=max(0, self.chances - forgotten))

    def is_chance(self, in_flight: int) -> bool:
        """True if a refusal with ``in_flight`` requests can be attributed to chance."""
        return in_flight <= self.proven and self.chances < MAX_CHANCES

    def refused(self, in_flight: int) -> Refusals:
        """The state after a refusal with ``in_flight`` requests that lowers the limit."""
        if self.is_chance(in_flight):
            return Refusals(proven=self.proven, chances=self.chances + 1)
        return Refusals()

    def at_another_limit(self) -> Refusals:
        """The state after a change of the limit."""
        return replace(self, ended=0)
