"""When a host is given up: a circuit breaker, as a value that is told what happened."""

from __future__ import annotations

from crawler.model import limits


class CircuitBreaker:
    """Of one host. Failures in a row put it in doubt: it may be gone, or some of its files may be broken, whose
    attempts follow each other while they hold all connections. One request decides, for what the host has answered
    before: if that is answered now, the count begins anew, else the host is given up.
    """

    __slots__ = ("_is_open", "answered", "failures")

    def __init__(self, ask: str) -> None:
        self.answered = ask
        """URL of the last GET that the host answered; ``ask`` until then."""
        self.failures = 0
        """In a row."""
        self._is_open = False

    @property
    def is_in_doubt(self) -> bool:
        """True from the last failure that is tolerated until it is known if the host still answers."""
        return self.failures >= limits.CONNECTION_FAILURES and not self._is_open

    @property
    def is_open(self) -> bool:
        """True if the host is given up."""
        return self._is_open

    def failed(self) -> None:
        """It could not be talked to, or asked to be left alone."""
        self.failures += 1

    def succeeded(self, url: str | None) -> None:
        """It has answered something; ``url`` if that was asked for with GET."""
        self.failures, self._is_open = 0, False
        self.answered = url or self.answered

    def asked(self) -> None:
        """The request that decides has ended. If nothing has been answered meanwhile, that was all."""
        self._is_open = self.failures >= limits.CONNECTION_FAILURES
