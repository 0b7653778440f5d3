"""Starts other processes of this program. Imports little: they begin while their parent still reads its modules."""

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

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {} import main; main(*sys.argv[2:])"


class Spawned:
    """A process that calls ``main`` of ``module``, and the connection to it, which is its standard input.

    ``arguments`` are those of ``main``; ``directory`` is where it runs, if not here. Raises OSError if it cannot be
    started. It gets a process group of its own, for an interrupt from the terminal is ours to pass on; and the path of
    modules as it is here: who looks for modules in the present directory may find a file that was mirrored. It is not
    made by multiprocessing, which would run the main module of whoever uses the library once more.
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
        """At once. Nothing is left of it afterwards, not even a zombie."""
        self.connection.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class SpawnedProcesses:
    """As many processes as were asked for, or as could be started. Leaving the context kills what is left of them."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.members: list[Spawned] = []
        with suppress(OSError):  # no process, no descriptor: the work is done by fewer
            while len(self.members) < wanted:
                self.members.append(Spawned("crawler.app.worker"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self.members:
            member.kill()


def company(processes: int, workers: int) -> SpawnedProcesses:
    """The processes of a run with so many ``workers``; none for 1. ``processes`` 0 is auto: this one and they together
    are as many as the processors that they may use.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = min(processes or usable - 1, workers - 1)  # one connection is for what this process asks
    return SpawnedProcesses(count if count > 1 else 0)
