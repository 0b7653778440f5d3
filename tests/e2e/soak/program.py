"""One run of the program: monitored, measured, and ended by a signal at a given moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.memory import peak

STEP = 0.002
"""Seconds between checks whether the moment for the signal has come."""
BETWEEN = 0.05
"""Seconds between measurements of the memory."""


class TooLate(Exception):
    """The time limit of the whole soak has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A signal to send, and when to send it."""

    number: signal.Signals
    moment: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run ended."""

    code: int
    """Exit status; negative: killed by that signal."""
    text: str
    """Standard output and standard error."""
    seconds: float
    struck: float | None
    """Seconds from the signal to the end; None if none was sent."""
    half: int
    """Largest resident size in the first half of the run, in bytes; 0 if it cannot be measured."""
    peak: int
    """Largest resident size in the whole run, in bytes; 0 if it cannot be measured."""


def run(arguments: Sequence[str], log: Path, deadline: float, blow: Blow | None = None) -> Run:
    """``python -m crawler ARGUMENTS``. Raises TooLate, with nothing left running, at ``deadline`` (monotonic)."""
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "crawler", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        peaks, struck = _watch(process, deadline, blow)
    except BaseException:
        process.kill()
        process.wait()
        raise
    ended = time.monotonic()
    middle = (began + ended) / 2
    return Run(
        code=process.returncode,
        text=log.read_text("utf-8", "backslashreplace"),
        seconds=ended - began,
        struck=None if struck is None else ended - struck,
        half=max((peak for when, peak in peaks if when <= middle), default=0),
        peak=max((peak for _, peak in peaks), default=0),
    )


def _watch(
    process: subprocess.Popen[bytes], deadline: float, blow: Blow | None
) -> tuple[list[tuple[float, int]], float | None]:
    """Wait for the end. Returns (memory peaks by time, time of the signal)."""
    peaks: list[tuple[float, int]] = []
    struck: float | None = None
    while process.poll() is None:
        now = time.monotonic()
        if now > deadline:
            raise TooLate
        if blow is not None and struck is None and blow.moment():
            process.send_signal(blow.number)
            struck = time.monotonic()
        if not peaks or now - peaks[-1][0] >= BETWEEN:
            peaks.append((now, peak(process.pid)))
        time.sleep(STEP if blow is not None and struck is None else BETWEEN / 5)
    return peaks, struck


def environment_is_plain() -> None:
    """Remove this machine's proxies and settings from the environment."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("CRAWLER_"):
            del os.environ[name]
