"""Runs a command and measures its cost, as reported by the operating system."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Resources used by one run of a command."""

    wall: float
    """Elapsed seconds."""
    cpu: float
    """CPU seconds of all its processes and threads, user and system."""
    memory: float
    """Largest resident set of one of its processes in MB. Never less than that of this program, its parent."""
    code: int
    requests: int = 0
    problem: str = ""
    """Why the run does not count; "" if its mirror is complete."""


def run(command: Sequence[str], *, limit: float = 120.0) -> Cost:
    """Run ``command`` without input or output; it is killed after ``limit`` seconds."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0)
        previous = signal.signal(signal.SIGALRM, lambda _number, _frame: os.killpg(process.pid, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, limit)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        wall = time.perf_counter() - began
        process.returncode = code = os.waitstatus_to_exitcode(status)
    return Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, memory=usage.ru_maxrss * 1024 / 1e6, code=code)


def scratch_directory() -> Path:
    """A new directory, in memory if possible: the programs are compared, not the disk."""
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="crawler-bench-", dir=parent))
