"""How long processes were ready to run while others had the processors: a busy machine is no fault of theirs."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from tests.support.processes import children

_TELLS = Path("/proc/self/schedstat").exists()


class Stopwatch:
    """A clock for a process that stands while it waits for a processor. The default is this process.

    It also stands for the process's children, and for the other threads of this process, one of which may be a server.
    Where the system does not tell (``/proc/PID/schedstat``), it goes on all the time.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._pid = os.getpid() if pid is None else pid
        self._known = {self._pid}
        self._delays = dict[int, float]()

    def now(self) -> float:
        """Seconds since some moment."""
        self.sample()
        mine = str(threading.get_native_id())  # it waits for the process, or it is that of the process
        others = [task for task in Path("/proc/self/task").iterdir() if task.name != mine] if _TELLS else []
        return time.monotonic() - sum(self._delays.values()) - sum(map(_delay, others))

    def sample(self) -> None:
        """Look at the process; to be called often, because what is known of it vanishes with it."""
        with contextlib.suppress(OSError):
            self._known |= set(children(self._pid))
        for pid in self._known:
            self._delays[pid] = max(self._delays.get(pid, 0.0), _delay(Path(f"/proc/{pid}")))


def _delay(task: Path) -> float:
    """Seconds that a thread has waited for a processor."""
    with contextlib.suppress(OSError):
        return int((task / "schedstat").read_text().split()[1]) / 1e9
    return 0.0
