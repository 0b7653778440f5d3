"""How long processes were ready to run while others had the processors: a busy machine is no fault of theirs."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.processes import children, read

_TELLS = Path("/proc/self/schedstat").exists()


class Stopwatch:
    """A clock for a process that stands while it waits for a processor. The default is this process.

    It also stands for the process's children, and for the other threads of this process, one of which may be a server.
    Where the system does not tell (``/proc/PID/schedstat``), it goes on all the time.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._pid = os.getpid() if pid is None else pid
        self._processes = {self._pid}
        self._seen = dict[str, tuple[float, float]]()
        self._timeline = Timeline()
        self._at = time.monotonic()
        self._since()

    def now(self) -> float:
        """Seconds since it was made; looks at the process, too."""
        self.sample()
        return self._timeline.own

    def sample(self) -> None:
        """Look at the process; to be called often, because what is known of it vanishes with it."""
        since = self._since()
        before, self._at = self._at, time.monotonic()
        ran = max((ran for ran, _ in since), default=0.0)
        self._timeline.add(self._at - before, [delay for _, delay in since], ran)

    def _since(self) -> list[tuple[float, float]]:
        """For each thread that counts: how long it has run, and waited to run, since the last call."""
        with contextlib.suppress(OSError):
            self._processes |= set(children(self._pid))
        mine = str(threading.get_native_id())  # it waits for the process, or it is that of the process
        others = [f"self/task/{task}" for task in os.listdir("/proc/self/task") if task != mine] if _TELLS else []
        since = list[tuple[float, float]]()
        for task in (*others, *map(str, self._processes)):
            with contextlib.suppress(OSError):
                ran, waited = (int(field) / 1e9 for field in read(f"/proc/{task}/schedstat").split()[:2])
                before = self._seen.get(task, (0.0, 0.0))
                self._seen[task] = ran, waited
                since.append((max(0.0, ran - before[0]), max(0.0, waited - before[1])))
        return since


class Timeline:
    """Spans of time, and how much of each is delay: at most all but what the busiest thread ran in it.

    The delays of several threads may follow each other, as where one waits for the other, or overlap. Within one span
    they are taken to follow each other; what does not fit into it is the same time. A delay is known only when it has
    ended: what is longer than the span in which it ends belongs to those before it.
    """

    def __init__(self) -> None:
        self._own = list[float]()
        """What is left of each span; at least what was run in it."""
        self._spans = list[tuple[float, float]]()
        """The length of each span, and how long the busiest thread ran in it."""

    def add(self, length: float, delays: Sequence[float], ran: float) -> None:
        """Add a span in which ``delays`` ended, one for each thread, and the busiest thread ran for ``ran`` seconds."""
        self._spans.append((length, min(ran, length)))
        self._own.append(length)
        for i in reversed(range(len(self._spans))):
            length, least = self._spans[i]
            self._own[i] = max(least, self._own[i] - sum(min(delay, length) for delay in delays))
            delays = [delay - length for delay in delays if delay > length]
            if not delays:
                break

    @property
    def own(self) -> float:
        """The length of all spans without the delays."""
        return sum(self._own)
