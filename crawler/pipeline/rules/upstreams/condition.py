"""Decides when an upstream is given up for the rest of a run: a circuit breaker, without I/O."""

from __future__ import annotations

from crawler.model.errors import FetchError

FAILURES = 3
"""Number of consecutive failed requests, each with all attempts, after which an upstream is given up."""


class Condition:
    """The condition of one upstream in one run."""

    __slots__ = ("failures", "files", "listings", "problem", "reason")

    def __init__(self) -> None:
        self.failures = 0
        """Number of consecutive failures that are due to the upstream and not to a single file."""
        self.reason: str | None = None
        """The reason why the upstream is given up; None as long as it is used."""
        self.problem: str | None = None
        """The first problem because of which another upstream was used; None if there was none."""
        self.files = self.listings = 0
        """Numbers of files and listings that the upstream has served."""

    def failed(self, error: Exception, *, problem: str) -> None:
        """Note that a request has failed with ``error`` after all its attempts."""
        self.problem = self.problem or problem
        if not is_down(error):
            return
        self.failures += 1
        if self.failures >= FAILURES:
            self.give_up(problem)

    def answered(self, *, files: int = 0, listings: int = 0) -> None:
        """Note that the upstream has responded, and served these numbers of files and listings."""
        self.failures = 0
        self.files += files
        self.listings += listings

    def give_up(self, reason: str) -> None:
        """Give the upstream up, for ``reason``."""
        self.reason = self.reason or reason
        self.problem = self.problem or reason


def is_down(error: Exception) -> bool:
    """Whether ``error`` means that the host is down: no response, 5xx or 429. A 404 concerns a single file."""
    if not isinstance(error, FetchError) or error.rejection is not None:
        return False
    return error.status is None or error.status >= 500 or error.status == 429
