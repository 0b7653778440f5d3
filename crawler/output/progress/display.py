"""A display that is drawn by the clock and not by events: what it costs does not depend on the number of files."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from math import ceil
from types import TracebackType
from typing import ClassVar, Self, TextIO

from crawler.model.observer import Observer
from crawler.output.progress.counters import Clock, Counters
from crawler.text.escape import printable


class Silence(Observer):
    """Shows nothing and counts nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def retrying(self, attempt: int, wait: float, error: Exception) -> None:
        """``attempt`` (2 follows the first) will be made in ``wait`` seconds, because of ``error``."""
        return

    def write(self, line: str) -> None:
        """Print one line, given without its end, so that it does not run into the display. Any thread may."""
        self._stream.write(line + "\n")
        self._stream.flush()


class Display(Counters, Silence):
    """Counts, and draws in a thread of its own every ``interval`` seconds while it is entered.

    It installs no signal handler and replaces no stream.
    """

    interval: ClassVar[float]

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic) -> None:
        Counters.__init__(self, clock)
        Silence.__init__(self, stream)
        self._encoding = getattr(stream, "encoding", None) or "ascii"
        unicode = self._encoding.lower().startswith("utf")
        self.at_least, self.ellipsis = ("≥", "…") if unicode else (">=", "...")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def shown(self, name: str) -> str:
        """A foreign name as this stream can show it, so that its width can be counted."""
        return printable(name).encode(self._encoding, "backslashreplace").decode(self._encoding)

    def waiting(self, now: float) -> str:
        """What comes next of the requests that failed: why nothing seems to happen. "" if there are none."""
        waits = self.waits(now)
        if not waits:
            return ""
        others = f" (and {len(waits) - 1:,} more)" if len(waits) > 1 else ""
        first = waits[0]
        return f"attempt {first.attempt} in {ceil(first.until - now)} s{others}: {self.shown(first.reason)}"

    @abstractmethod
    def tick(self) -> None:
        """Draw."""

    def _run(self) -> None:
        try:
            while not self._stop.wait(self.interval):
                self.tick()
        except OSError:
            return  # the terminal is gone; the run has other work than to look good
