"""The connection of a client to the workers of a dask cluster: the only use of dask.distributed on this side."""

from __future__ import annotations

import asyncio
import logging
import pickle
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import CancelledError as FutureCancelled
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import distributed
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError
from distributed.versions import VersionMismatchWarning

from crawler.model.errors import ConfigError
from crawler.model.options.cluster import check_exposed
from crawler.model.struct import Value
from crawler.workers.cluster.carrier import Changed, ClusterError, Deliver, ShardLost, lost
from crawler.workers.cluster.shards import REFUSED, SHARD_BYTES, SHARD_FILES, Sealed, Settings, seal
from crawler.workers.cluster.versions import version_of, version_text

PATIENCE = 30.0
"""Time limit in seconds for a request to the scheduler."""
CONNECT_SECONDS = 10.0
"""Time limit in seconds for connecting to a scheduler, including repeated attempts."""
_NO_CERTIFICATES = "TLS needs certificates: name them in the configuration of dask, see docs/cluster.md"
_EVENTS = "all"
"""The topic under which a scheduler announces workers that join and leave."""
_FAILURES = (OSError, CommClosedError, TimeoutError, ClosedClientError, RuntimeError, AttributeError, LookupError,
             ValueError, TypeError)  # fmt: skip
"""What calls of a client raise: if the scheduler is gone, errors of the parts of dask that it has closed itself."""
_BROKEN = (ImportError, AttributeError, SyntaxError, pickle.UnpicklingError)
"""Errors of a worker that cannot import what a message calls."""
_SILENT = logging.CRITICAL + 10


class Functions(Value, frozen=True):
    """The functions that dask calls on workers."""

    control: Callable[..., None]
    """Called with (token, message)."""
    run_shard: Callable[..., Sealed]
    """Called with (token, name, versions, settings, shard)."""


class DaskConnection:
    """Implements ``carrier.Connection``. The cluster may serve several runs; ``token`` names this one."""

    can_grow = True
    shard_limits = (SHARD_FILES, SHARD_BYTES)

    def __init__(self, client: Any, token: str, functions: Functions) -> None:
        self._client, self.token, self._functions = client, token, functions
        self._settings = seal(None)
        self._deliver: Deliver = lambda _message: None
        self._wish: Any = None

    def set_up(self, settings: Settings) -> None:
        """Note what workers need to know of the run; it travels with each shard."""
        self._settings = seal(settings)

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
        self._wish_for(found["workers"])
        return list(found["workers"])

    def _wish_for(self, present: Collection[str]) -> None:
        """Submit a task while no workers are ``present``: a cluster that scales by itself starts some only then."""
        if present and self._wish is not None:
            self.release(self._wish)
            self._wish = None
        elif not present and self._wish is None:
            with suppress(*_FAILURES):
                self._wish = self._client.submit(bool, key=f"crawler-{self.token}-wish", pure=False)

    def listen(self, deliver: Deliver, changed: Changed) -> None:
        self._deliver = deliver

        def receive(event: tuple[float, Any]) -> None:
            message = event[1]
            if isinstance(message, dict) and message.get("action") in {"add-worker", "remove-worker"}:
                changed(message["worker"], message["action"] == "add-worker")

        self._client.subscribe_topic(self.token, lambda event: deliver(pickle.loads(event[1])))
        self._client.subscribe_topic(_EVENTS, receive)

    def unsubscribe(self) -> None:
        for each in (self.token, _EVENTS):
            with suppress(*_FAILURES):
                self._client.unsubscribe_topic(each)

    async def tell(self, message: Sequence[Any], workers: Sequence[str]) -> bool:
        try:
            async with asyncio.timeout(PATIENCE / 3):
                replies = await self._client.run(
                    self._functions.control, self.token, list(message), workers=list(workers), on_error="return"
                )
        except _FAILURES:
            return False
        for address, reply in replies.items():
            if type(reply) is Exception or isinstance(reply, _BROKEN):  # dask wraps errors of unpickling
                self._deliver([REFUSED, address, f"it cannot run crawler: {reply}"])
        return len(replies) == len(workers) and all(reply is None for reply in replies.values())

    def submit(self, shard: Sealed, worker: str, name: str) -> Any:
        arguments = (self.token, name, version_text(), self._settings, shard)
        return self._client.submit(
            self._functions.run_shard, *arguments, key=name, workers=[worker], allow_other_workers=False,
            pure=False, retries=0,
        )  # fmt: skip

    async def result(self, submitted: Any) -> Sealed:
        try:
            found = await submitted
        except (distributed.KilledWorker, FutureCancelled, *_FAILURES) as error:
            raise ShardLost(str(error)) from None
        if not isinstance(found, Sealed):
            raise ShardLost(f"a worker returned {type(found).__name__}")
        return found

    def release(self, submitted: Any) -> None:
        with suppress(*_FAILURES):  # otherwise the cluster would repeat a finished shard if its worker dies
            submitted.release()

    def why_gone(self, address: str) -> str:
        return ""

    async def versions(self) -> dict[str, str]:
        """Address of each worker, or ``scheduler`` → its versions, as ``version_text`` prints them."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._client.get_versions(packages=["crawler"])
        except _FAILURES:
            raise ClusterError(lost(self.address)) from None
        everyone = {"scheduler": found["scheduler"], **found["workers"]}
        return {name: version_of(one["packages"]) for name, one in everyone.items() if one is not None}


@asynccontextmanager
async def connected(
    cluster: object, token: str, functions: Functions, *, insecure: bool
) -> AsyncIterator[DaskConnection]:
    """Connect to the scheduler that --cluster names, or use the connection of a ``distributed.Client``.

    Raises ConfigError, ClusterError.
    """
    async with AsyncExitStack() as stack:
        if isinstance(cluster, str):
            for name in ("distributed", "distributed.client", "tornado"):
                logging.getLogger(name).setLevel(_SILENT)  # their messages are reported in one line, or mean no problem
            address, security = cluster, distributed.Security()
        elif isinstance(cluster, distributed.Client) and cluster.scheduler is not None:
            address, security = str(cluster.scheduler.address), cluster.security
        else:
            raise ConfigError("cluster: expected text, or a distributed.Client that is connected")
        check_exposed(address, insecure=insecure)
        with warnings.catch_warnings():  # ``check_versions`` compares those that matter
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = await _client(stack, address, security, token)
        yield DaskConnection(client, token, functions)


async def _client(stack: AsyncExitStack, address: str, security: Any, token: str) -> Any:
    """A client of the scheduler at ``address``, closed by ``stack``. Raises ConfigError."""
    try:
        client: Any = distributed.Client(
            address,
            security=security,
            asynchronous=True,
            timeout=CONNECT_SECONDS,
            set_as_default=False,
            name=f"crawler-{token}",
        )
        stack.push_async_callback(_close, client)
        async with asyncio.timeout(2 * CONNECT_SECONDS):  # its own does not end a wait for the first bytes
            await client
    except TypeError:  # how dask reports this
        raise ConfigError(f"--cluster {address}: {_NO_CERTIFICATES}") from None
    except MemoryError:  # how dask reacts to the first bytes of another protocol
        raise ConfigError(f"--cluster {address}: what answers there is no dask scheduler") from None
    except (FileNotFoundError, PermissionError, ssl.SSLError) as error:
        raise ConfigError(f"--cluster {address}: {_problem_of(security) or _reason(error)}") from None
    except _FAILURES as error:
        raise ConfigError(f"--cluster {address}: cannot connect: {_reason(error)}") from None
    return client


def _problem_of(security: Any) -> str:
    """What is wrong with the files of ``security``; "" if they can be read and fit, or are not files."""
    ca, cert, key = security.tls_ca_file, security.tls_client_cert, security.tls_client_key
    if any("\n" in text for text in (ca, cert, key) if text):  # the certificates themselves
        return ""
    context = ssl.create_default_context()
    for path, what, load in (
        (ca, "is no CA file", context.load_verify_locations),
        (cert, "is no certificate file", context.load_verify_locations),
        (key, f"is not the key of {cert}", partial(context.load_cert_chain, cert)),
    ):
        try:
            if path:
                Path(path).read_bytes()
                load(path)
        except OSError as error:
            return f"cannot use {path}: {what if isinstance(error, ssl.SSLError) else error.strerror}"
    return ""


async def _close(client: Any) -> None:
    with suppress(*_FAILURES):
        async with asyncio.timeout(2 * CONNECT_SECONDS):
            await client.close()


def _reason(error: BaseException) -> str:
    """The first cause of ``error``, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or f"no answer within {CONNECT_SECONDS:.0f} s"
