"""A worker process of ``--cluster local``: fetches and saves what its client sends, and nothing else.

It ends with its client, even if that is killed: another run may lock DIR at any time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import Any

from crawler.app.cluster.flight import Flight
from crawler.app.cluster.node import Node
from crawler.workers.channel import Channel
from crawler.workers.cluster import local
from crawler.workers.cluster.local import name_of
from crawler.workers.cluster.shards import Sealed, Settings, seal_done, unseal, unseal_shard
from crawler.workers.event_loop import loop_factory


def main() -> None:
    """Do the jobs of the client, received on standard input, until it announces that there are no more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the client decides what these mean
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=os.dup(0))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(connection))


async def _serve(connection: socket.socket) -> None:
    client = _Client()
    await client.connect(connection)
    await client.left.wait()
    await client.close()


class _Host:
    """Implements ``carrier.Host``."""

    is_in_client, is_running = False, True  # this process ends with the client

    def __init__(self, client: _Client) -> None:
        self._client, self.address = client, name_of(os.getpid())

    def is_wanted(self, name: str) -> bool:
        return True

    def send(self, topic: str, message: list[Any]) -> None:
        self._client.send((local.EVENT, message))


class _Client(Channel):
    """The connection to the client."""

    def __init__(self) -> None:
        super().__init__()
        self.left = asyncio.Event()
        """Set when the client has said that no more messages will come."""
        self._work: tuple[str, Settings] | None = None
        """The token of the run, and its settings."""
        self._node: Node | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._is_over = False
        self._closed = asyncio.Event()

    def received(self, kind: int, *values: Any) -> None:
        if kind == local.TELL:
            number, message = values
            node = self._current()
            node.hear(message)
            node.obey(message)
            self.send((local.TOLD, number))
        elif kind == local.SHARD:
            self._do(*values)
        elif kind == local.SETTINGS:
            self._work = (values[0], unseal(values[1]))
            self._current()
        elif kind == local.LEAVE:
            self.left.set()

    def _current(self) -> Node:
        """The Node that works; a new one if the last one has ended."""
        assert self._work is not None, "the settings come first"
        if self._node is None or self._node.is_over:
            token, settings = self._work
            self._node = node = Node(_Host(self), token)
            task = asyncio.get_running_loop().create_task(node.serve(settings))
            self._serving.add(task)
            task.add_done_callback(lambda _done: node.finish())
        return self._node

    def _do(self, name: str, shard: Sealed) -> None:
        flight = Flight(name, unseal_shard(shard))
        node = self._current()
        node.hear()
        flight.done.add_done_callback(lambda _done: self.send((local.DONE, name, seal_done(node.done(flight)))))
        node.take(flight)

    async def close(self) -> None:
        """End the work, send what is left to say, and close the connection."""
        self._is_over = True
        if self._node is not None:
            self._node.leave()
        if self._serving:
            await asyncio.wait(self._serving)
        self.flush()
        assert self.transport is not None
        self.transport.close()
        await self._closed.wait()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_over:  # the client was killed
            os._exit(1)
        self._closed.set()
