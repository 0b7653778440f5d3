"""``--cluster local``: a scheduler in this process, and workers in child processes of this machine.

``distributed.LocalCluster`` is not used: multiprocessing would run the main module of the calling program again. The
cluster ends with this process, even if that is killed. TLS with certificates in memory excludes other users of the
machine, who could otherwise run programs as this user.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any

import dask
import distributed

from crawler.model.errors import ConfigError
from crawler.workers.child_process import ChildProcess

_KEYS = ("tls_ca_file", "tls_worker_key", "tls_worker_cert", "tls_client_key", "tls_client_cert")
_START_SECONDS = 60.0
_ANY_PORT = "127.0.0.1:0"
THREADS = 4
"""Maximum number of shards that a worker handles at the same time; they share its connections."""


def processors() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@asynccontextmanager
async def local_cluster(count: int, most: int) -> AsyncIterator[tuple[str, distributed.Security]]:
    """Start a cluster of ``count`` workers, at most ``most``; yield the address and the TLS settings of its scheduler.

    ``count`` 0 means one worker fewer than there are processors. All workers have joined. Raises ConfigError.
    """
    try:
        security = distributed.Security.temporary()
    except ImportError:
        raise ConfigError("--cluster local needs cryptography: pip install 'crawler[cluster]'") from None
    wanted = min(count or max(1, processors() - 1), most)
    with TemporaryDirectory(prefix="crawler-", ignore_cleanup_errors=True) as scratch:
        children: list[ChildProcess] = []
        try:
            made = new_scheduler(security, scratch)
            async with made as scheduler:
                try:
                    while len(children) < wanted:
                        children.append(start_worker(scheduler.address, security, scratch))
                except OSError as error:
                    raise ConfigError(f"--cluster local: cannot start {wanted} workers: {error.strerror}") from None
                await _joined(scheduler, children, wanted)
                yield scheduler.address, security
        finally:
            await asyncio.to_thread(_end, children)


def new_scheduler(security: distributed.Security, scratch: str) -> distributed.Scheduler:
    """A scheduler on loopback. Dask requires an HTTP server in it, which has no pages."""
    private = {"temporary_directory": scratch, "distributed.scheduler.http.routes": []}
    with dask.config.set(private):  # scratch: no name in /tmp that others could guess
        return distributed.Scheduler(
            port=0, host="127.0.0.1", security=security, dashboard=False, dashboard_address=_ANY_PORT
        )


def start_worker(scheduler: str, security: distributed.Security, scratch: str) -> ChildProcess:
    """Start a worker of ``scheduler``, which keeps its temporary files in ``scratch``. Raises OSError."""
    child = ChildProcess("crawler.app.cluster.local_worker")
    keys = {key: getattr(security, key) for key in _KEYS}
    child.connection.sendall(json.dumps({"scheduler": scheduler, "scratch": scratch, **keys}).encode() + b"\n")
    return child


async def serve(settings: dict[str, str]) -> None:
    """Run a worker of the scheduler that ``settings`` names, until the scheduler ends."""
    dask.config.set({"distributed.worker.http.routes": [], "distributed.worker.profile.enabled": False})
    security = distributed.Security(require_encryption=True, **{key: settings[key] for key in _KEYS})
    worker = distributed.Worker(
        settings["scheduler"],
        security=security,
        nthreads=THREADS,
        memory_limit=0,
        dashboard=False,
        dashboard_address=_ANY_PORT,
        host="127.0.0.1",
        local_directory=settings["scratch"],
    )
    async with worker:
        await worker.finished()


async def _joined(scheduler: Any, children: list[ChildProcess], wanted: int) -> None:
    """Wait until all workers have joined. Raises ConfigError if one ends instead."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            while len(scheduler.workers) < wanted and all(child.process.poll() is None for child in children):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    if len(scheduler.workers) < wanted:
        raise ConfigError(f"--cluster local: only {len(scheduler.workers)} of {wanted} workers started")


def _end(children: list[ChildProcess]) -> None:
    for child in children:
        child.kill()
