"""Base class of the displays that show something. They draw on a timer: any number of files costs them the same."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from math import ceil
from types import TracebackType
from typing import ClassVar, Self, TextIO

from crawler.output.progress.counters import Clock, Counters
from crawler.output.progress.silent import SilentDisplay
from crawler.text.escape import printable


class Display(Counters, SilentDisplay):
    """Counts events, and draws from its own thread every ``interval`` seconds while it is entered.

    Installs no signal handlers and replaces no streams.
    """

    interval: ClassVar[float]

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic) -> None:
        Counters.__init__(self, clock)
        SilentDisplay.__init__(self, stream)
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
        """``name`` escaped for the encoding of the stream, so that its width is known."""
        return printable(name).encode(self._encoding, "backslashreplace").decode(self._encoding)

    def waiting(self, now: float) -> str:
        """A text about the next attempt of a failed request, so that a pause is explained; "" if none is pending."""
        pending_retries = self.pending_retries(now)
        if not pending_retries:
            return ""
        others = f" (and {len(pending_retries) - 1:,} more)" if len(pending_retries) > 1 else ""
        first = pending_retries[0]
        return f"attempt {first.attempt} in {ceil(first.until - now)} s{others}: {self.shown(first.reason)}"

    @abstractmethod
    def tick(self) -> None:
        """Draw the display once."""

    def _run(self) -> None:
        try:
            while not self._stop.wait(self.interval):
                self.tick()
        except OSError:
            return  # the terminal is gone; the run continues without a display
