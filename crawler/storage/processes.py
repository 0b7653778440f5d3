"""Child processes that do not respond: somebody has stopped them, or a system call takes long."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_REAP_SECONDS = 3.0
"""Seconds within which a killed process ends, unless a system call of it cannot be interrupted."""
_POLL_SECONDS = 0.002


def is_stopped(number: int) -> bool:
    """Whether a signal or a debugger has stopped the process. False if this system does not say."""
    try:
        status = Path(f"/proc/{number}/stat").read_bytes()
    except OSError:
        return False
    return status.rpartition(b")")[2].split()[:1] in ([b"T"], [b"t"])


def kill_and_reap(number: int) -> None:
    """Kill a child process and wait until it has ended, but not for a system call that cannot be interrupted."""
    with suppress(OSError):  # somebody else has reaped it
        os.kill(number, signal.SIGKILL)
        until = time.monotonic() + _REAP_SECONDS
        while os.waitpid(number, os.WNOHANG)[0] == 0 and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
