"""Counts the requests of one host, and gives ``concurrency`` a sample after each window. Does not read the clock."""

from __future__ import annotations

from crawler.http.pacing import concurrency
from crawler.http.pacing.concurrency import ConcurrencyLimit
from crawler.http.pacing.search_stages import Growing
from crawler.http.pacing.window import REQUEST_BYTES, Sample


class Meter:
    """The requests of one host. ``now`` is in seconds on a monotonic clock.

    The methods are called for each request or chunk, so they only count; decisions are made once per window.
    """

    __slots__ = (
        "_began", "_burst", "_busy", "_bytes", "_closes_at", "_due", "_ended", "_errors", "_first", "_is_filling",
        "_spared", "_turns", "_unavailable", "_updated", "_usual", "active", "generation", "limit", "state",
    )  # fmt: skip

    def __init__(self, state: ConcurrencyLimit, now: float) -> None:
        self.active = 0
        """Number of connections with requests in flight."""
        self.generation = 0
        """Number of times that the limit has been lowered."""
        self._updated = now
        self._usual: float | None = None
        """Average time in seconds of the turns before the limit was first reached; None until then."""
        self._burst = -1
        """Generation of the requests in flight when the limit was last lowered because of a refusal."""
        self._spared = 0
        """Number of them that have not been refused."""
        self._use(state)
        self._start_window(now)

    def _use(self, state: ConcurrencyLimit) -> None:
        self.state = state
        self.limit = state.limit
        self._due = state.requests
        self._is_filling = isinstance(state.stage, Growing) and self.active < state.limit

    def _start_window(self, now: float) -> None:
        self._began = now
        self._busy = 0.0
        self._ended = self._turns = self._bytes = self._errors = self._unavailable = 0
        self._first = self.active
        self._closes_at = now + self.state.seconds

    def entered(self, now: float) -> None:
        """A request has begun."""
        self._busy += self.active * (now - self._updated)
        self._updated = now
        self.active += 1
        if self._is_filling and self.active == self.limit:  # the time until the limit was reached does not count
            self._is_filling = False
            if self._usual is None:
                self._usual = self._busy / self._turns if self._turns > 0 else 0.0
            self._start_window(now)

    def began_before(self, seconds: float) -> None:
        """A request that is in flight was sent ``seconds`` before ``entered`` was called."""
        self._busy += seconds

    def withdrew(self, now: float) -> None:
        """A request that was counted by ``entered`` was not sent."""
        self._busy += self.active * (now - self._updated)
        self._updated = now
        self.active -= 1

    def left(self, now: float, requests: int = 1) -> None:
        """Note that ``requests`` requests on one connection have ended, successfully or not."""
        self._busy += self.active * (now - self._updated)
        self._updated = now
        self.active -= 1
        self._ended += requests
        self._turns += 1
        if self._turns >= self._due:
            self._close(now)

    def received(self, count: int, now: float) -> None:
        """``count`` bytes of a body have arrived."""
        self._bytes += count
        if now >= self._closes_at:
            if self._bytes >= REQUEST_BYTES * self.limit:
                self._close(now)
            else:
                self._closes_at = now + self.state.seconds

    def troubled(self) -> None:
        """A request has ended in a reset or a timeout."""
        self._errors += 1

    def unavailable(self) -> None:
        """A request got a 503: the host is overloaded, or a single file is broken."""
        self._unavailable += 1

    def refused(self, generation: int, now: float) -> bool:
        """The host refused a request of ``generation`` because of too many requests.

        True if the limit has been lowered since the request was sent; False if the request was alone in flight, so
        that lowering the limit cannot help.
        """
        if generation == self.generation:
            if self.active <= 1:
                self.unavailable()
                return False
            ended = 0 if self._is_filling or self.state.settling else self._ended
            self._burst = generation
            self._spared = self.active - 1
            self.follow(concurrency.overloaded(self.state, self.active, concurrency.REFUSED, ended), now)
        elif generation == self._burst:
            self._spared -= 1
            self.follow(concurrency.lowered(self.state, self._spared), now)
        self._turns -= 1
        self._ended -= 1  # the end of the refused request says nothing about the current limit
        return True

    def follow(self, state: ConcurrencyLimit, now: float) -> None:
        """Begin a window with ``state``."""
        if state.limit < self.limit:
            self.generation += 1
        self._use(state)
        self._start_window(now)

    def _close(self, now: float) -> None:
        self._busy += self.active * (now - self._updated)
        self._updated = now
        sample = Sample(
            requests=self._ended,
            more=self.active - self._first,
            received=self._bytes,
            troubles=self._errors,
            refused=self._unavailable,
            seconds=max(now - self._began, 1e-6),
            busy=self._busy,
            turns=self._turns,
            usual=self._usual or 0.0,
        )
        self.follow(concurrency.after(self.state, sample), now)
