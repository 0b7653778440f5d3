"""Transfers in flight, as a display shows them, and rates."""

from __future__ import annotations

from collections import deque

from crawler.model.values import Job

RATE_WINDOW = 10.0
"""Seconds over which a rate is averaged: long enough to be readable, short enough to show a stall."""
LATEST = 3.0
"""Seconds over which the rate behind the ETA is averaged, and before which there is no ETA. Concurrency grows in the
first seconds of a run, so a longer average would promise several times the time that it takes."""


class Speed:
    """Rate of an increasing count over the last RATE_WINDOW seconds, or over the LATEST ones."""

    __slots__ = ("_samples",)

    def __init__(self, now: float, count: int = 0) -> None:
        self._samples = deque([(now, count)])

    def rate(self, now: float, count: int) -> float:
        """Increase per second. ``count`` is the value at time ``now`` (seconds, monotonic)."""
        samples = self._samples
        samples.append((now, count))
        while len(samples) > 2 and samples[1][0] <= now - RATE_WINDOW:
            samples.popleft()
        return self._since(samples[0])

    def latest(self) -> float:
        """Increase per second up to the last call of ``rate``, over LATEST seconds; over all samples if that is 0."""
        samples = self._samples
        start = samples[-1][0] - LATEST
        recent = next((sample for sample in reversed(samples) if sample[0] <= start), samples[0])
        return self._since(recent) or self._since(samples[0])

    def _since(self, sample: tuple[float, int]) -> float:
        since, before = sample
        now, count = self._samples[-1]
        return (count - before) / (now - since) if now > since else 0.0


class TransferProgress:
    """A transfer in flight."""

    __slots__ = ("_here", "_speed", "expected", "path", "received", "since")

    def __init__(self, job: Job, now: float, size: int | None = None) -> None:
        """``size``: that of the file in bytes as it was listed, for a job without one; None if it is not known."""
        self.path = job.path
        self.expected = (job.size.low + job.size.high) // 2 if job.size is not None else size
        self.since = now
        self.received = 0
        """Number of bytes received over the network in all attempts."""
        self._here = 0
        """``received`` minus the bytes of the body that are here."""
        self._speed: Speed | None = None

    def add(self, count: int) -> None:
        """Count ``count`` more bytes that have arrived."""
        self.received += count

    def expect(self, size: int) -> None:
        """Note that the whole body has ``size`` bytes."""
        self.expected = size

    def resume(self, offset: int) -> None:
        """Note that the body continues after ``offset`` bytes."""
        self._here = self.received - offset

    @property
    def arrived(self) -> int:
        """Number of bytes of the body that have arrived, including those of earlier runs."""
        return self.received - self._here

    @property
    def share(self) -> float:
        """The part of the body that has arrived, from 0 to 1; 0 if its size is not known."""
        return min(1.0, self.arrived / self.expected) if self.expected else 0.0

    @property
    def complete(self) -> bool:
        """Whether the whole body has arrived and only has to be stored."""
        return self.expected is not None and self.arrived >= self.expected

    def rate(self, now: float) -> float:
        """Bytes per second at time ``now``. The average starts with the first call: most transfers are never shown."""
        if self._speed is None:
            self._speed = Speed(self.since)
        return self._speed.rate(now, self.received)
