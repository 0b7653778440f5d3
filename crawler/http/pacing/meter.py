"""Counts what happens between us and one host, and closes windows for ``pace``. Told the time, it asks no clock."""

from __future__ import annotations

from crawler.http.pacing import concurrency as paces
from crawler.http.pacing.concurrency import ConcurrencyLimit, Stage
from crawler.http.pacing.sample import REQUEST_BYTES, Sample


class Meter:
    """The requests of one host. ``now`` is in seconds, on a clock that never goes back.

    The methods are called for each request, and do little: a window is closed when enough has been counted.
    """

    __slots__ = (
        "_began", "_busy", "_due", "_filling", "_first", "_late", "_received", "_refused", "_requests", "_seen",
        "_troubles", "active", "generation", "limit", "pace",
    )  # fmt: skip

    def __init__(self, pace: ConcurrencyLimit, now: float) -> None:
        self.active = 0
        """Requests in flight."""
        self.generation = 0
        """Of the requests that are sent from now on: another one each time that the limit is lowered."""
        self._seen = now
        self._start(pace, now)

    def _start(self, pace: ConcurrencyLimit, now: float) -> None:
        """Begin a window."""
        self.pace = pace
        self.limit = pace.limit
        self._began = now
        self._first = self.active
        self._busy = 0.0
        self._requests = self._received = self._troubles = self._refused = 0
        self._due = pace.requests
        self._late = now + self.pace.seconds
        self._filling = pace.stage is Stage.GROW and self.active < pace.limit

    def entered(self, now: float) -> None:
        """A request has begun."""
        self._busy += self.active * (now - self._seen)
        self._seen = now
        self.active += 1
        if self._filling and self.active == self.limit:
            self._filled(now)

    def _filled(self, now: float) -> None:
        """A round begins when the limit is reached: nothing is to be learnt from the time before."""
        self._filling = False
        self._began = now
        self._busy = 0.0
        self._requests = self._received = self._troubles = self._refused = 0
        self._first = self.active
        self._late = now + self.pace.seconds

    def withdrew(self, now: float) -> None:
        """A request that has begun was not sent after all."""
        self._busy += self.active * (now - self._seen)
        self._seen = now
        self.active -= 1

    def left(self, now: float) -> None:
        """A request has ended, well or not."""
        self._busy += self.active * (now - self._seen)
        self._seen = now
        self.active -= 1
        self._requests += 1
        if self._requests >= self._due:
            self._close(now)

    def received(self, count: int, now: float) -> None:
        """``count`` bytes of a body have arrived."""
        self._received += count
        if now >= self._late:
            if self._received >= REQUEST_BYTES * self.limit:
                self._close(now)
            else:
                self._late = now + self.pace.seconds

    def troubled(self) -> None:
        """A request ends in a reset or a time-out."""
        self._troubles += 1

    def unavailable(self) -> None:
        """A request is answered 503: the host may have too much to do, or this one file be broken."""
        self._refused += 1

    def refused(self, generation: int, now: float) -> bool:
        """The host had too many requests to answer one of ``generation``, it says.

        True if fewer at once may help: fewer are allowed from now on. False if it was alone.
        """
        if generation == self.generation:
            if self.active <= 1:
                self.unavailable()
                return False
            ended = 0 if self._filling or self.pace.settling else self._requests
            self.follow(paces.overloaded(self.pace, self.active, paces.REFUSED, ended), now)
        self._requests -= 1  # its end says nothing about the limit that is in force now
        return True

    def follow(self, pace: ConcurrencyLimit, now: float) -> None:
        """Begin a window with ``pace``."""
        if pace.limit < self.limit:
            self.generation += 1
        self._start(pace, now)

    def _close(self, now: float) -> None:
        seconds = now - self._began
        self._busy += self.active * (now - self._seen)
        self._seen = now
        window = Sample(
            requests=self._requests,
            more=self.active - self._first,
            received=self._received,
            troubles=self._troubles,
            refused=self._refused,
            seconds=max(seconds, 1e-6),
            busy=self._busy,
        )
        self.follow(paces.after(self.pace, window), now)
