"""The client's records of the workers of a cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

from crawler.model.struct import Struct
from crawler.model.values import Job, Result

IN_FLIGHT = 3
"""Number of shards that keep a worker busy: one that is ending, one in progress, and one to begin."""
SILENCE = 30.0
"""Seconds without a message of a worker after which its shards are given to others. Longer than its own limit."""


class Pending(Struct, kw_only=True):
    """A job whose result is awaited."""

    job: Job
    done: asyncio.Future[Result | None]
    """The result of the job; None if the worker that had it has gone."""
    redirects: Any
    """The rules for redirects at the time when the job was planned."""
    reported: int = 0
    """Number of bytes reported to the observer."""
    started: bool = False
    """Whether the start of the job has been reported to the observer."""

    def begin(self) -> bool:
        """Note that the start is reported to the observer. Returns whether this is the first time."""
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
    """The handle that ``Connection.submit`` returned."""
    waiting: asyncio.Task[None] | None = None
    """The task that waits for the result."""

    def drop(self, paths: Collection[str]) -> list[Pending]:
        """Remove the jobs of ``paths``, whose results are in, and return them."""
        dropped = [each for each in self.pending if each.job.path in paths]
        self.pending = [each for each in self.pending if each.job.path not in paths]
        return dropped

    def wait_in(self, task: asyncio.Task[None]) -> None:
        """Note the task that waits for the result."""
        self.waiting = task


class Member:
    """One worker of the cluster."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.share = 0
        """Number of connections to a host that the worker has been given."""
        self.held = 0
        """Number of connections to a host that it may have open: more than ``share`` until it has closed the others."""
        self.is_alive = True
        self.shards: dict[str, ShardInFlight] = {}
        self.heard = time.monotonic()

    def hear(self) -> None:
        """Note that the worker has sent a message."""
        self.heard = time.monotonic()

    def offer(self, connections: int) -> None:
        """Note that the worker is told its share of connections."""
        self.held = max(self.held, connections)

    def give(self, connections: int) -> None:
        """Note that the worker has confirmed its share of connections."""
        self.share = connections
        self.hear()

    def fits(self, connections: int) -> None:
        """Note that the worker has no more connections open than the share that it names."""
        if connections == self.share:
            self.held = connections

    def leave(self) -> dict[str, ShardInFlight]:
        """Note that the worker no longer takes part. Returns the shards that it had."""
        self.is_alive = False
        left, self.shards = self.shards, {}
        return left

    @property
    def has_room(self) -> bool:
        """Whether another shard should be sent: large files are few in a shard, and each wants a connection."""
        if not self.is_alive or not self.share:
            return False
        return len(self.shards) < IN_FLIGHT or sum(len(each.pending) for each in self.shards.values()) < self.share

    @property
    def load(self) -> int:
        return len(self.shards)

    @property
    def is_silent(self) -> bool:
        """Whether the worker has been silent for so long that it must have stopped by itself."""
        return time.monotonic() - self.heard > SILENCE


class Gathering:
    """Jobs that are collected for the next shard."""

    def __init__(self, files: int, size: int) -> None:
        self._files, self._size = files, size
        self._pending: list[Pending] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, pending: Pending) -> bool:
        """Add a job. Returns whether the shard is complete."""
        self._pending.append(pending)
        self._bytes += pending.size
        return len(self._pending) >= self._files or self._bytes >= self._size

    def take(self) -> list[Pending]:
        """Return the collected jobs, and begin a new shard."""
        taken, self._pending, self._bytes = self._pending, [], 0
        return taken
