"""Light helper processes, and processes that hold something up: stopped ones, or those whose system call takes long."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_START = "import sys; sys.path.append(sys.argv[1]); from {} import main; main()"
_ROOT = str(Path(__file__).parents[len(__name__.split(".")) - 1])
"""The directory in which the package is."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""A helper process never sees these signals: the parent decides what they mean for it."""
_REAP_SECONDS = 3.0
"""Seconds within which a killed process ends, unless a system call of it cannot be interrupted."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0001, 0.002
"""Seconds between two looks at whether it has ended: at first, and at last. A process that is idle ends at once."""


class HelperProcess:
    """A process that runs ``main`` of ``module``, and the connection to it. Raises what ``started`` raises.

    Its first message has ``descriptors``, which belong to the caller, and one with which the kernel kills it when this
    process ends (``life_line.begun``).
    """

    def __init__(self, module: str, descriptors: Sequence[int]) -> None:
        self.number = -1
        """Its number; -1 once it has been reaped."""
        theirs, self._life = os.pipe()
        self.connection, process_side = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.number = started(module, process_side.fileno())
            socket.send_fds(self.connection, [b"%d" % signal.SIGKILL], [*descriptors, theirs])
        except BaseException:
            self.close()
            raise
        finally:
            os.close(theirs)
            process_side.close()

    def has_ended(self) -> bool:
        """Whether it has ended, and is reaped now. Raises OSError if somebody else has reaped it."""
        if os.waitpid(self.number, os.WNOHANG)[0]:
            self.number = -1
        return self.number < 0

    def leave(self) -> None:
        """Have it end, whatever it is doing; ``close`` must follow."""
        if self._life >= 0:
            os.close(self._life)
            self._life = -1
        self.connection.close()

    def close(self) -> None:
        """End it, whatever it is doing, and wait until it has ended."""
        self.leave()
        number, self.number = self.number, -1
        if number > 0:
            kill_and_reap(number)


def started(module: str, connection: int) -> int:
    """Start a process that runs ``main`` of ``module`` with the socket ``connection`` as input; returns its number.

    It is started without ``site`` and ``subprocess``, which would take longer than the process itself. Raises OSError,
    ValueError or TypeError if it cannot be started.
    """
    program = sys.executable
    command = [program, "-I", "-S", *(["-B"] if sys.dont_write_bytecode else []), "-c", _START.format(module), _ROOT]
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    actions = [(os.POSIX_SPAWN_DUP2, connection, 0), *quiet]
    return os.posix_spawn(program, command, os.environ, file_actions=actions, setpgroup=0, setsigmask=_SIGNALS)


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
        until, pause = time.monotonic() + _REAP_SECONDS, _SHORTEST_PAUSE
        while os.waitpid(number, os.WNOHANG)[0] == 0 and time.monotonic() < until:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
