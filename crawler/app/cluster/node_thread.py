"""A Node in a thread with an event loop of its own, on a worker whose own event loop belongs to dask."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from crawler.app.cluster.flight import Flight
from crawler.app.cluster.node import Node
from crawler.workers.cluster.carrier import Host
from crawler.workers.cluster.shards import Done, Settings, Shard
from crawler.workers.event_loop import loop_factory


class NodeThread:
    """Passes shards and messages on to a Node. ``receive`` and ``do`` are called in threads of dask."""

    def __init__(self, host: Host, token: str) -> None:
        self.node = Node(host, token)
        self._turn = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def receive(self, message: list[Any]) -> None:
        """Take a message of the client."""
        self.node.hear(message)
        if self._loop is not None:
            self._call(self.node.obey, message)

    def do(self, name: str, settings: Settings, shard: Shard) -> Done:
        """Do the jobs of a shard, as the task ``name``. Blocks."""
        self.node.hear()
        with self._turn:
            if self.node.is_stopped:
                return Done()
            if self._loop is None:
                self._loop = loop_factory()()
                threading.Thread(target=self._run, args=(self._loop, settings), name="crawler", daemon=True).start()
        flight = Flight(name, shard)
        if not self._call(self.node.take, flight):
            flight.end()
        flight.done.result()
        return self.node.done(flight)

    def _call(self, function: Callable[..., None], *arguments: object) -> bool:
        """Call ``function`` in the loop. False if that has ended."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # closed
            return False
        return True

    def _run(self, loop: asyncio.AbstractEventLoop, settings: Settings) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            try:
                runner.run(self.node.serve(settings))
            finally:
                self.node.finish()
        self.node.finish()  # what came in while the loop was closing
