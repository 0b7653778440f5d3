"""Starts child processes of this program. Imports little: children start while the parent still imports its modules."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.model.config import Config
from crawler.model.options.cluster import local_worker_count

_REAP_SECONDS = 3.0
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {} import main; main(*sys.argv[2:])"


class ChildProcess:
    """A process that runs ``main(*arguments)`` of ``module``; its standard input is a socket to this process.

    It runs in ``directory``, by default the working directory. Raises OSError if it cannot be started.

    - It has its own process group: the parent decides what an interrupt from the terminal means for it.
    - It gets the parent's ``sys.path``, made absolute: an import relative to the working directory could load a
      mirrored file.
    - multiprocessing is not used, because it would run the main module of the calling program again.
    """

    def __init__(self, module: str, *arguments: str, directory: str | None = None) -> None:
        path = json.dumps([str(Path(place).absolute()) for place in sys.path])
        self.connection, theirs = socket.socketpair()
        with theirs:
            try:
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _START.format(module), path, *arguments],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=directory,
                    process_group=0,
                )
            except BaseException:
                self.connection.close()
                raise

    def kill(self) -> None:
        """Kill and reap the process, but do not wait for a system call of it that cannot be interrupted."""
        self.connection.close()
        if self.process.poll() is None:
            self.process.kill()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_REAP_SECONDS)


class WorkerProcesses:
    """Up to ``wanted`` worker processes. Leaving the context kills those that still run."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.started: list[ChildProcess] = []
        """The started processes: fewer than ``wanted`` if no more processes or descriptors were available."""
        with suppress(OSError):
            while len(self.started) < wanted:
                self.started.append(ChildProcess("crawler.app.cluster.local_worker"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self.started:
            child.kill()


def start_workers(config: Config) -> WorkerProcesses:
    """Start the workers of ``--cluster local`` or ``--processes``; none if the cluster is another one."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return WorkerProcesses(local_worker_count(config.cluster, config.processes, config.workers, usable))
