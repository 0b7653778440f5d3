"""When an upstream is given up for the rest of a run: a circuit breaker, without I/O."""

from __future__ import annotations

from crawler.model.errors import FetchError

FAILURES = 3
"""Consecutive requests, each with all its attempts, after which an upstream is not asked again in this run."""


class Condition:
    """The condition of one upstream in one run."""

    __slots__ = ("failures", "files", "listings", "problem", "reason")

    def __init__(self) -> None:
        self.failures = 0
        """Consecutive requests that the upstream, not the single file, is to blame for."""
        self.reason: str | None = None
        """Why the upstream is given up; None as long as it is asked."""
        self.problem: str | None = None
        """The first problem because of which another upstream was asked."""
        self.files = self.listings = 0
        """Files and listings that the upstream has served."""

    def failed(self, error: Exception, *, problem: str) -> None:
        """A request has failed with ``error`` after all its attempts."""
        self.problem = self.problem or problem
        if not is_down(error):
            return
        self.failures += 1
        if self.failures >= FAILURES:
            self.give_up(problem)

    def answered(self, *, files: int = 0, listings: int = 0) -> None:
        """The upstream has answered; it served so many files and listings."""
        self.failures = 0
        self.files += files
        self.listings += listings

    def give_up(self, reason: str) -> None:
        """Do not ask the upstream again."""
        self.reason = self.reason or reason
        self.problem = self.problem or reason


def is_down(error: Exception) -> bool:
    """Whether ``error`` says that the host does not work: no response, or a 5xx or 429. A 404 concerns one file."""
    if not isinstance(error, FetchError) or error.rejection is not None:
        return False
    return error.status is None or error.status >= 500 or error.status == 429
