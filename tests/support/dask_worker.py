"""A scheduler of dask on loopback, and workers in child processes, as another machine would have them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from typing import Any

import dask
import distributed

from crawler.workers.child_process import ChildProcess

_KEYS = ("tls_ca_file", "tls_worker_key", "tls_worker_cert", "tls_client_key", "tls_client_cert")
_ANY_PORT = "127.0.0.1:0"


def new_scheduler(security: distributed.Security, scratch: str) -> distributed.Scheduler:
    """A scheduler that keeps its temporary files in ``scratch``."""
    with dask.config.set({"temporary_directory": scratch, "distributed.scheduler.http.routes": []}):
        return distributed.Scheduler(
            port=0, host="127.0.0.1", security=security, dashboard=False, dashboard_address=_ANY_PORT
        )


def start_worker(scheduler: str, security: distributed.Security, scratch: str) -> ChildProcess:
    """Start a worker of ``scheduler``, which ends with this process."""
    child = ChildProcess("tests.support.dask_worker")
    keys = {key: getattr(security, key) for key in _KEYS}
    child.connection.sendall(json.dumps({"scheduler": scheduler, "scratch": scratch, **keys}).encode() + b"\n")
    return child


def main() -> None:
    """Serve the scheduler that the first line of standard input names."""
    connection = socket.socket(fileno=os.dup(0))
    with connection.makefile("rb") as lines:
        settings = json.loads(lines.readline())
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
        host="127.0.0.1",
        local_directory=settings["scratch"],
    ) as worker:
        await worker.finished()
