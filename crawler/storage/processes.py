"""Processes that hold something up: somebody has stopped them, or a system call takes long."""

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


def holders_of_lock(descriptor: int) -> list[int]:
    """The processes of this user that hold a lock of flock on the open file. Empty if this system does not say."""
    wanted, found = os.fstat(descriptor), set[int]()
    for place in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if os.path.samestat(place.stat(), wanted):
                about = (place.parents[1] / "fdinfo" / place.name).read_bytes()
                if b"FLOCK" in about:
                    found.add(int(place.parts[2]))
    return sorted(found)


def kill_and_reap(number: int) -> None:
    """Kill a child process and wait until it has ended, but not for a system call that cannot be interrupted."""
    with suppress(OSError):  # somebody else has reaped it
        os.kill(number, signal.SIGKILL)
        until = time.monotonic() + _REAP_SECONDS
        while os.waitpid(number, os.WNOHANG)[0] == 0 and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
