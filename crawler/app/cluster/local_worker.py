"""A worker of ``--cluster local``: a child process that ends with its parent."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import threading

import crawler.app.cluster.tasks  # noqa: F401 - imported while the scheduler starts
from crawler.workers.cluster.local import serve


def main() -> None:
    """Read the settings of the cluster from standard input, then serve its scheduler."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the parent decides what these mean
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=os.dup(0))
    with connection.makefile("rb") as lines:
        line = lines.readline()
    if line:
        settings = json.loads(line)
        threading.Thread(target=_end_with, args=(connection, settings["scratch"]), daemon=True).start()
        asyncio.run(serve(settings))
    os._exit(0)


def _end_with(connection: socket.socket, scratch: str) -> None:
    """End this process at once when its parent has closed its end, or was killed: another run may lock DIR."""
    connection.recv(1)
    shutil.rmtree(scratch, ignore_errors=True)  # what the parent would do
    os._exit(1)
