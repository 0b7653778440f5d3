"""The workers of a cluster, as the client of a run knows them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from crawler.model import limits
from crawler.model.struct import Struct
from crawler.model.values import Job, Result

IN_FLIGHT = 3
"""Maximum number of shards at one worker: one that ends, one at work, and one to begin."""
SILENCE = 30.0
"""Seconds without a word of a worker after which its shards are given to others. Longer than its own patience."""


class Pending(Struct, kw_only=True):
    """A job whose result is awaited."""

    job: Job
    done: asyncio.Future[Result | None]
    """Its result; None if the worker that had it is gone."""
    redirects: Any
    """The rules for redirects as of when it was planned."""
    reported: int = 0
    """Number of bytes reported to the observer."""
    started: bool = False
    """Whether the observer was told that the job has started."""

    def begin(self) -> bool:
        """Note that the observer is told. Whether it is the first time."""
        was, self.started = self.started, True
        return not was

    def report(self, size: int) -> None:
        """Note that ``size`` more bytes were reported."""
        self.reported += size

    @property
    def size(self) -> int:
        return 0 if self.job.size is None else min(self.job.size.high, 1 << 40)


class ShardInFlight(Struct, kw_only=True):
    """A shard that a worker has."""

    name: str
    pending: list[Pending]
    submitted: Any
    """What ``Connection.submit`` returned."""
    waiting: asyncio.Task[None] | None = None
    """The task that waits for the result."""

    def wait_in(self, task: asyncio.Task[None]) -> None:
        """Note the task that waits for the result."""
        self.waiting = task


class Member:
    """One worker of the cluster."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.share = 0
        """Connections to a host that it was told it has."""
        self.is_alive = True
        self.shards: dict[str, ShardInFlight] = {}
        self.heard = time.monotonic()

    def hear(self) -> None:
        """Note that it has been heard."""
        self.heard = time.monotonic()

    def give(self, connections: int) -> None:
        """Note that it has confirmed its share."""
        self.share = connections
        self.hear()

    def leave(self) -> dict[str, ShardInFlight]:
        """Note that it takes no part any more. Returns what it had."""
        self.is_alive = False
        left, self.shards = self.shards, {}
        return left

    @property
    def has_room(self) -> bool:
        return self.is_alive and self.share > 0 and len(self.shards) < IN_FLIGHT

    @property
    def load(self) -> int:
        return len(self.shards)

    @property
    def is_silent(self) -> bool:
        """Whether it has not been heard for so long that it must have stopped by itself."""
        return bool(self.share) and time.monotonic() - self.heard > SILENCE


class Gathering:
    """Jobs that will be a shard."""

    def __init__(self, files: int, size: int = 64 * limits.MIB) -> None:
        self._files, self._size = files, size
        self._pending: list[Pending] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, pending: Pending) -> bool:
        """Add a job. Whether the shard is complete."""
        self._pending.append(pending)
        self._bytes += pending.size
        return len(self._pending) >= self._files or self._bytes >= self._size

    def take(self) -> list[Pending]:
        """What has been gathered; a new shard begins."""
        taken, self._pending, self._bytes = self._pending, [], 0
        return taken
