"""Decides when to give up on a host: a circuit breaker, without I/O."""

from __future__ import annotations

from crawler.model import limits


class CircuitBreaker:
    """The circuit breaker of one host.

    Consecutive failures put the host in doubt: it may be down, or attempts for a few broken files may occupy all
    connections. One probe of a URL that the host has served before decides: if a response arrives, the count starts
    again; if not, the circuit opens.
    """

    __slots__ = ("_is_open", "failures", "probe_url")

    def __init__(self, probe_url: str) -> None:
        self.probe_url = probe_url
        """URL of the last GET that got a response; before the first response, the initial ``probe_url``."""
        self.failures = 0
        """Consecutive failures."""
        self._is_open = False

    @property
    def is_in_doubt(self) -> bool:
        """True if too many consecutive requests have failed and the probe has not ended yet."""
        return self.failures >= limits.CONNECTION_FAILURES and not self._is_open

    @property
    def is_open(self) -> bool:
        """True if the host is given up."""
        return self._is_open

    def failed(self) -> None:
        """The host could not be reached, or asked for a pause."""
        self.failures += 1

    def succeeded(self, url: str | None) -> None:
        """The host has sent a response; ``url`` is the URL of the request if it was a GET, else None."""
        self.failures, self._is_open = 0, False
        self.probe_url = url or self.probe_url

    def probed(self) -> None:
        """The probe has ended. The circuit opens unless a response has arrived."""
        self._is_open = self.failures >= limits.CONNECTION_FAILURES
