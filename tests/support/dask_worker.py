"""A scheduler of dask on loopback, and workers in child processes, as another machine would have them."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import dask
import distributed

from crawler.workers.child_process import ChildProcess

_KEYS = ("tls_ca_file", "tls_worker_key", "tls_worker_cert", "tls_client_key", "tls_client_cert")
_NETWORK = 0x40000000
"""CLONE_NEWNET of ``setns(2)``."""
_ANY_PORT = "127.0.0.1:0"


def new_scheduler(security: distributed.Security, scratch: str, host: str = "127.0.0.1") -> distributed.Scheduler:
    """A scheduler that keeps its temporary files in ``scratch``, and listens on ``host``."""
    with dask.config.set({"temporary_directory": scratch, "distributed.scheduler.http.routes": []}):
        return distributed.Scheduler(port=0, host=host, security=security, dashboard=False, dashboard_address=_ANY_PORT)


def start_worker(
    scheduler: str, security: distributed.Security, scratch: str, *, namespace: str = "", host: str = "127.0.0.1"
) -> ChildProcess:
    """Start a worker of ``scheduler`` at ``host``, which ends with this process.

    ``namespace``: the network namespace in which it runs; "" for that of this process.
    """
    child = ChildProcess("tests.support.dask_worker")
    keys = {key: getattr(security, key) for key in _KEYS}
    settings = {"scheduler": scheduler, "scratch": scratch, "namespace": namespace, "host": host, **keys}
    child.connection.sendall(json.dumps(settings).encode() + b"\n")
    return child


def main() -> None:
    """Serve the scheduler that the first line of standard input names."""
    connection = socket.socket(fileno=os.dup(0))
    with connection.makefile("rb") as lines:
        settings = json.loads(lines.readline())
    if settings["namespace"]:
        with Path("/run/netns", settings["namespace"]).open() as namespace:
            ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _NETWORK)
    threading.Thread(target=lambda: (connection.recv(1), os._exit(1)), daemon=True).start()
    asyncio.run(_serve(settings))


async def _serve(settings: dict[str, Any]) -> None:
    dask.config.set({"distributed.worker.http.routes": [], "distributed.worker.profile.enabled": False})
    async with distributed.Worker(
        settings["scheduler"],
        security=distributed.Security(require_encryption=True, **{key: settings[key] for key in _KEYS}),
        nthreads=4,
        memory_limit=0,
        dashboard=False,
        dashboard_address=_ANY_PORT,
        host=settings["host"],
        local_directory=settings["scratch"],
    ) as worker:
        await worker.finished()
