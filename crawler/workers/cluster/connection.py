"""The connection of a client to the scheduler of a cluster: the only use of dask.distributed on this side."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import CancelledError as FutureCancelled
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import distributed
from distributed.comm.core import CommClosedError

from crawler.model.errors import ConfigError, CrawlerError
from crawler.model.exit_codes import ExitCode
from crawler.model.options.cluster import check_exposed, local_workers
from crawler.workers.cluster.local import local_cluster
from crawler.workers.cluster.shards import Sealed
from crawler.workers.cluster.versions import version_of

Deliver = Callable[[list[Any]], None]
"""Takes a message of a worker: its kind, and its values."""
PATIENCE = 30.0
"""Time limit in seconds for a request to the scheduler."""
CONNECT_SECONDS = 10.0
"""Time limit in seconds for connecting to a scheduler, including repeated attempts."""
_NO_CERTIFICATES = "TLS needs certificates: name them in the configuration of dask, see docs/cluster.md"
_EVENTS = "all"
"""The topic under which a scheduler announces workers that join and leave."""
_FAILURES = (OSError, CommClosedError, asyncio.TimeoutError)
_SILENT = logging.CRITICAL + 10


class ClusterError(CrawlerError):
    """The cluster can no longer be used."""

    exit_code = ExitCode.DESTINATION.value


class ShardLost(Exception):
    """The worker that had the shard has ended, or the shard has been taken from it."""


class Connection:
    """A cluster in use by one run, which ``token`` names."""

    def __init__(self, client: Any, token: str, *, can_grow: bool) -> None:
        """``can_grow``: whether workers may still join."""
        self._client, self.token, self.can_grow = client, token, can_grow

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        return str(self._client.scheduler.address) if self._client.scheduler is not None else "the cluster"

    @property
    def is_lost(self) -> bool:
        """Whether the scheduler has ended, or cannot be reached."""
        return bool(self._client.status != "running")

    async def workers(self) -> list[str]:
        """The addresses of the present workers. Raises ClusterError."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._client.scheduler.identity(n_workers=-1)
        except _FAILURES:
            raise ClusterError(lost(self.address)) from None
        return list(found["workers"])

    def listen(self, topic: str, deliver: Deliver) -> None:
        """Pass on the messages that workers send under ``topic``."""
        self._client.subscribe_topic(topic, lambda event: deliver(pickle.loads(event[1])))

    def watch(self, changed: Callable[[str, bool], None]) -> None:
        """Call ``changed`` with (address, whether it has joined) for each worker that joins or leaves."""

        def receive(event: tuple[float, Any]) -> None:
            message = event[1]
            if isinstance(message, dict) and message.get("action") in {"add-worker", "remove-worker"}:
                changed(message["worker"], message["action"] == "add-worker")

        self._client.subscribe_topic(_EVENTS, receive)

    def unsubscribe(self, topic: str) -> None:
        """Stop receiving messages under ``topic``. Never raises."""
        for each in (topic, _EVENTS):
            with suppress(*_FAILURES, ValueError, KeyError):
                self._client.unsubscribe_topic(each)

    async def tell(self, function: Callable[..., None], message: Sequence[Any], workers: Sequence[str]) -> bool:
        """Call ``function(token, message)`` in ``workers``. Returns whether all of them have done so."""
        try:
            async with asyncio.timeout(PATIENCE / 3):
                replies = await self._client.run(
                    function, self.token, list(message), workers=list(workers), on_error="return"
                )
        except (*_FAILURES, ValueError, KeyError):
            return False
        return len(replies) == len(workers) and all(reply is None for reply in replies.values())

    def submit(self, function: Callable[..., Sealed], arguments: Sequence[object], worker: str, name: str) -> Any:
        """Have ``worker`` call ``function``. ``result`` waits for the result, which is kept until ``release``."""
        return self._client.submit(
            function, *arguments, key=name, workers=[worker], allow_other_workers=False, pure=False, retries=0
        )

    async def result(self, submitted: Any) -> Sealed:
        """Wait for the result of a call of ``submit``. Raises ShardLost."""
        try:
            found = await submitted
        except (distributed.KilledWorker, FutureCancelled, *_FAILURES, RuntimeError) as error:
            raise ShardLost(str(error)) from None
        if not isinstance(found, Sealed):
            raise ShardLost(f"a worker returned {type(found).__name__}")
        return found

    def release(self, submitted: Any) -> None:
        """Let the cluster forget a shard; otherwise it would repeat a finished one if its worker dies."""
        with suppress(*_FAILURES):
            submitted.release()

    async def versions(self) -> dict[str, str]:
        """Address of each worker, or ``scheduler`` → its versions, as ``version_text`` prints them."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._client.get_versions(packages=["crawler"])
        except _FAILURES:
            raise ClusterError(lost(self.address)) from None
        everyone = {"scheduler": found["scheduler"], **found["workers"]}
        return {name: version_of(one["packages"]) for name, one in everyone.items() if one is not None}


def lost(address: str) -> str:
    """The message for a scheduler that is gone."""
    return f"the scheduler at {address} has ended or cannot be reached: the next run continues"


@asynccontextmanager
async def connected(cluster: object, token: str, *, insecure: bool, most: int) -> AsyncIterator[Connection]:
    """Connect to ``cluster``, as --cluster names it, or use the connection of a ``distributed.Client``.

    ``most``: maximum number of workers that ``local`` starts. Raises ConfigError, ClusterError.
    """
    async with AsyncExitStack() as stack:
        if isinstance(cluster, str):
            for name in ("distributed", "distributed.client", "distributed.scheduler", "tornado", "bokeh"):
                logging.getLogger(name).setLevel(_SILENT)  # their messages are reported in one line, or mean no problem
            address, security, count = cluster, distributed.Security(), local_workers(cluster)
            if count is not None:
                address, security = await stack.enter_async_context(local_cluster(count, most))
        elif isinstance(cluster, distributed.Client) and cluster.scheduler is not None:
            address, security, count = str(cluster.scheduler.address), cluster.security, None
        else:
            raise ConfigError("cluster: expected text, or a distributed.Client that is connected")
        check_exposed(address, insecure=insecure)
        client: Any = distributed.Client(
            address,
            security=security,
            asynchronous=True,
            timeout=CONNECT_SECONDS,
            set_as_default=False,
            name=f"crawler-{token}",
        )
        stack.push_async_callback(_close, client)
        try:
            await client
        except TypeError:  # how dask reports this
            raise ConfigError(f"--cluster {address}: {_NO_CERTIFICATES}") from None
        except MemoryError:  # how dask reacts to the first bytes of another protocol
            raise ConfigError(f"--cluster {address}: what answers there is no dask scheduler") from None
        except (*_FAILURES, RuntimeError) as error:
            raise ConfigError(f"--cluster {address}: cannot connect: {_reason(error)}") from None
        yield Connection(client, token, can_grow=count is None)


async def _close(client: Any) -> None:
    with suppress(*_FAILURES):
        await client.close()


def _reason(error: BaseException) -> str:
    """The first cause of ``error``, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or f"no answer within {CONNECT_SECONDS:.0f} s"
