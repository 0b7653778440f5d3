"""What carries shards and messages between a client and its workers: implemented with dask, and with sockets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from crawler.model.errors import CrawlerError
from crawler.model.exit_codes import ExitCode
from crawler.workers.cluster.shards import Sealed

Deliver = Callable[[list[Any]], None]
"""Takes a message of a worker: its kind, and its values."""
Changed = Callable[[str, bool], None]
"""Called with (address, whether it has joined) for each worker that joins or leaves."""


class ClusterError(CrawlerError):
    """The cluster can no longer be used."""

    exit_code = ExitCode.DESTINATION.value


class ShardLost(Exception):
    """The worker that had the shard has ended, or the shard has been taken from it."""


class Connection(Protocol):
    """The client's connection to the workers of one run."""

    @property
    def can_grow(self) -> bool:
        """Whether workers may still join."""
        ...

    @property
    def shard_limits(self) -> tuple[int, int]:
        """Number of jobs, and size of all their files together in bytes, at which a shard is complete."""
        ...

    @property
    def address(self) -> str:
        """What messages call the cluster."""
        ...

    @property
    def is_lost(self) -> bool:
        """Whether no worker can be reached any longer."""
        ...

    async def workers(self) -> list[str]:
        """The addresses of the present workers. Raises ClusterError."""
        ...

    def listen(self, deliver: Deliver, changed: Changed) -> None:
        """From now on, pass on the messages of workers, and who joins or leaves."""

    def unsubscribe(self) -> None:
        """Pass on nothing more. Never raises."""

    async def tell(self, message: Sequence[Any], workers: Sequence[str]) -> bool:
        """Send a message to ``workers``. Returns whether all of them have handled it."""
        ...

    def submit(self, shard: Sealed, worker: str, name: str) -> Any:
        """Have ``worker`` do a shard. ``result`` waits for what became of it, which is kept until ``release``."""
        ...

    async def result(self, submitted: Any) -> Sealed:
        """Wait until a shard has been done. Raises ShardLost."""
        ...

    def release(self, submitted: Any) -> None:
        """Forget a shard."""

    def why_gone(self, address: str) -> str:
        """How a worker has ended, as the end of a sentence; "" if that is not known."""
        ...


class Host(Protocol):
    """The place where a worker runs: its connection to the client."""

    @property
    def address(self) -> str: ...
    @property
    def is_in_client(self) -> bool:
        """Whether the worker is a thread in the process of its client."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether the worker still belongs to a cluster."""
        ...

    def is_wanted(self, name: str) -> bool:
        """Whether the client still waits for the shard ``name``; it does not if the client has ended."""
        ...

    def send(self, topic: str, message: list[Any]) -> None:
        """Send a message to the client, from any thread. It is lost if there is no connection."""


def lost(address: str) -> str:
    """The message for a scheduler that is gone."""
    return f"the scheduler at {address} has ended or cannot be reached: the next run continues"
