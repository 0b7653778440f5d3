"""Runs the program many times at the cost of one start: each run is a fork of a process that has imported it.

Reads JSON lines ``{"argv": [...], "torture": {...}, "output": path}`` and writes the exit code of each. Started by the
torture tests with this directory on PYTHONPATH, so that ``sitecustomize`` is in place before the program is imported.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import select
import signal
import sys
from typing import Any

import sitecustomize  # type: ignore[import-not-found]  # the one beside this file

import crawler
from crawler.__main__ import main

PATIENCE = 120.0
for module in pkgutil.walk_packages(crawler.__path__, "crawler."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)  # once here, not in every child


def child(order: dict[str, Any]) -> None:
    descriptor = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["crawler", *order["argv"]]
    sitecustomize.TORTURE.configure(order["torture"])
    main()


def wait(pid: int) -> int:
    """Exit code of the child; -9 if it had to be killed."""
    handle = os.pidfd_open(pid)
    ended, _, _ = select.select([handle], [], [], PATIENCE)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    os.close(handle)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


for line in sys.stdin:
    born = os.fork()
    if born == 0:
        child(json.loads(line))
    sys.stdout.write(f"{wait(born)}\n")
    sys.stdout.flush()
