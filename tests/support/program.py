"""``python -m crawler`` as a subprocess, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.support import warm_start
from tests.support.starvation import Stopwatch

PATIENCE = 300.0
"""Time limit for one run in seconds. It is below that of a test, so that the output of a hanging run is shown."""

MEASURE = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
"""A small parent that records the peak memory of its child. A measurement from pytest would be wrong: Linux includes
what a process had resident before exec, which would be a copy of pytest."""


@dataclass(frozen=True, slots=True)
class Run:
    """How one run of the program ended."""

    code: int
    """Exit code; the negative signal number if a signal killed it."""
    stdout: str
    stderr: str
    seconds: float
    peak: int | None = None
    """Largest resident size of any of its processes in bytes, if it was measured."""

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


class Program:
    """Runs the program in a separate directory, unaffected by this machine's proxies and settings."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith("CRAWLER_")
        } | {"HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "dumb"}

    def __call__(
        self,
        *arguments: object,
        stdin: str | None = None,
        env: dict[str, str] | None = None,
        patience: float = PATIENCE,
        measure: bool = False,
    ) -> Run:
        """Run ``python -m crawler ARGUMENTS`` to its end. ``measure`` records its peak memory."""
        note = self._home / "peak"
        command = self._command(arguments)
        if measure:
            command = [sys.executable, "-I", "-S", "-c", MEASURE, str(note), *command]
        begun = time.monotonic()
        with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
            given.write((stdin or "").encode(errors="surrogateescape"))
            given.seek(0)
            process = warm_start.start(
                command,
                env=self._environment | (env or {}),
                cwd=self._home,
                stdin=given.fileno(),
                stdout=out.fileno(),
                stderr=err.fileno(),
            )
            try:
                code = process.wait(patience)
            finally:
                process.kill()
            seconds = time.monotonic() - begun
            stdout, stderr = (_text(file) for file in (out, err))
        peak = int(note.read_text()) * 1024 if measure else None
        return Run(code, stdout, stderr, seconds, peak)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start ``python -m crawler ARGUMENTS`` without waiting for it."""
        return subprocess.Popen(
            self._command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._home,
            env=self._environment,
        )

    @staticmethod
    def _command(arguments: tuple[object, ...]) -> list[str]:
        return [sys.executable, "-m", "crawler", *(str(argument) for argument in arguments)]


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="surrogateescape")


def finish(process: subprocess.Popen[str]) -> Run:
    """Wait until a program that was asked to stop has ended; its seconds count from now, as those of a Stopwatch."""
    watch = Stopwatch(process.pid)
    begun = watch.now()
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        watch.sample()
        time.sleep(0.005)
    seconds = watch.now() - begun
    try:
        stdout, stderr = process.communicate(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        raise AssertionError(f"the program does not end:\n{stdout}{stderr}") from None
    return Run(process.returncode, stdout, stderr, seconds)


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until ``condition`` holds; fail if ``process`` ends first."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            stdout, stderr = process.communicate()
            raise AssertionError(
                f"the program ended before the condition held (exit {process.returncode}):\n{stdout}{stderr}"
            )
        time.sleep(0.005)
