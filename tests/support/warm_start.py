"""Starts ``python -m crawler`` in a process forked from one that has imported its modules already.

The suite runs the program some thousand times, and most of the time of a short run goes into imports. A run whose
environment has variables for the interpreter or the dynamic linker starts as usual.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

PROGRAM = [sys.executable, "-m", "crawler"]
IMPORTED = (
    "crawler.__main__", "crawler.cli.late_modules", "crawler.cli.parser", "crawler.cli.runner",
    "crawler.cli.mirrors.run", "crawler.app.api", "crawler.pipeline.plan.build",
    "crawler.pipeline.walk.groups.sibling_group", "crawler.pipeline.save.removal", "crawler.pipeline.save.absence",
    "crawler.pipeline.runs.build", "crawler.pipeline.runs.mirror", "crawler.pipeline.runs.root_response",
    "crawler.pipeline.walk.peeked_response", "crawler.pipeline.plan.planner", "crawler.pipeline.fetch.build",
    "crawler.pipeline.rules.single_file",
    "crawler.pipeline.filter_effects.watch",
    "crawler.app.first_request.early", "crawler.http.client", "crawler.http.pipelining", "crawler.storage.state.store",
    "crawler.storage.directory.commit",
    "crawler.app.filter_effects", "crawler.storage.directory.spellings",
    "crawler.storage.directory.reading.pieces", "crawler.storage.directory.reading.scan",
    "crawler.storage.directory.incoming.piece_stages",
    "crawler.storage.directory.incoming.parts",
    "crawler.listings", "crawler.listings.html.grammar", "crawler.listings.html.grammars",
    "crawler.listings.html.siblings",
    "crawler.listings.html.document", "crawler.listings.html.reader",
    "crawler.listings.json.formats", "crawler.output.format", "crawler.output.log",
    "crawler.output.summary", "crawler.text.advice.arguments",
    "crawler.cli.arguments.with_click", "crawler.cli.help.mistakes", "crawler.cli.modes", "crawler.app.maintenance",
    "crawler.pipeline.runs.dry_run", "crawler.pipeline.runs.verify", "crawler.pipeline.runs.explain.run",
    "crawler.storage.directory.reading.counted", "crawler.storage.state.digests.validators",
    "asyncio", "uvloop", "aiofiles", "aiohappyeyeballs", "bs4", "difflib", "email.utils", "encodings.utf_8_sig", "idna",
    "lxml.etree", "protego", "sqlite3", "stamina", "yarl",
)  # fmt: skip
"""What most runs import, and what takes long in others."""
DECIDED_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "COVERAGE_", "OPENSSL_", "SSLKEYLOGFILE")
"""Prefixes of the names of variables that are read when an interpreter starts."""
_NUMBER = 8
"""Number of bytes of a process ID or an exit code sent through a socket."""
_DESCRIPTORS = 1 << 16
"""More than any descriptor that is open: of the runs of this test, and of the process that forks."""


class Process:
    """A run that has been started, with the methods of ``subprocess.Popen`` that need no pipes."""

    def __init__(self, report: socket.socket, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._report = report

    def poll(self) -> int | None:
        """The exit code, negative after a signal; None while the process runs."""
        return self._code(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code. Raises subprocess.TimeoutExpired after ``timeout`` seconds."""
        code = self._code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(PROGRAM, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the run has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL, unless the run has ended."""
        self.send_signal(signal.SIGKILL)

    def _code(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._report.settimeout(timeout)
            try:
                self.returncode = int.from_bytes(self._report.recv(_NUMBER), "little", signed=True)
            except (TimeoutError, BlockingIOError):
                return None
            self._report.close()
        return self.returncode


def start(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: int, stdout: int, stderr: int
) -> Process | subprocess.Popen[bytes]:
    """Run ``argv`` with these files as standard streams."""
    fixed = tuple(sorted((name, value) for name, value in env.items() if name.startswith(DECIDED_AT_START)))
    if list(argv[: len(PROGRAM)]) != PROGRAM or any(name.startswith("PYTHON") for name, _ in fixed):
        return subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=stderr, env=dict(env), cwd=cwd)
    run = {"argv": argv[len(PROGRAM) :], "env": dict(env), "cwd": os.fspath(cwd)}
    return _template(fixed).fork(json.dumps(run).encode(), [stdin, stdout, stderr])


class _Template:
    """A process that has imported the program and forks for each run."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = f"from tests.support import warm_start; warm_start.serve({theirs.fileno()})"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # pipes, as of the runs: Python chooses its buffering at its start
                stderr=subprocess.PIPE,
                env=dict(environment),
                cwd=Path(__file__).parents[2],
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._end)

    def fork(self, run: bytes, files: list[int]) -> Process:
        """Start ``run`` with ``files`` as standard streams."""
        report, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._socket, [run], [*files, theirs.fileno()])
        pid = report.recv(_NUMBER)
        if not pid:
            self._process.kill()
            raise RuntimeError(self._process.communicate()[1].decode())
        return Process(report, int.from_bytes(pid, "little"))

    def _end(self) -> None:
        self._socket.close()
        self._process.communicate()


@cache
def _template(fixed: tuple[tuple[str, str], ...]) -> _Template:
    return _Template({"PATH": os.environ["PATH"], **dict(fixed)})


def serve(connection: int) -> None:
    """Fork at each message on a socket, until its other end is closed, and send the exit codes of the children."""
    for name in IMPORTED:
        import_module(name)
    _compile_patterns()
    gc.freeze()  # a child that searches for garbage copies no page for what is here already
    reports = dict[int, tuple[int, int]]()
    """The process and the socket to which its exit code goes, by the descriptor that is readable when it ends."""
    ready = select.poll()
    ready.register(connection, select.POLLIN)
    while True:
        for descriptor, _ in ready.poll():
            if descriptor in reports:
                ready.unregister(descriptor)
                _report_end(descriptor, *reports.pop(descriptor))
                continue
            run, files = _received(connection)
            if not run:
                return
            *streams, report = files
            pid = os.fork()
            if pid == 0:
                _become(json.loads(run), streams)
            for file in streams:
                os.close(file)
            os.write(report, pid.to_bytes(_NUMBER, "little"))
            handle = os.pidfd_open(pid)
            reports[handle] = pid, report
            ready.register(handle, select.POLLIN)


def _compile_patterns() -> None:
    """Compile the regular expressions that the program compiles when it needs them, so that no child has to."""
    kind = type(import_module("crawler.text.patterns").PLAIN_NAME)
    for module in list(sys.modules.values()):
        for value in list(vars(module).values()):
            if type(value) is kind:
                _ = value.flags  # ``re`` keeps what it has compiled


def _received(descriptor: int) -> tuple[bytes, list[int]]:
    """A message and its files; without any if the other end is closed."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        run, files, _, _ = socket.recv_fds(connection, 1 << 20, 4)
    return run, files


def _report_end(handle: int, pid: int, report: int) -> None:
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):  # nobody waits for it
        os.write(report, os.waitstatus_to_exitcode(status).to_bytes(_NUMBER, "little", signed=True))
    os.close(report)
    os.close(handle)


def _become(run: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    """Run the program in this process."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(len(streams), _DESCRIPTORS)
    os.environ.clear()
    os.environ.update(run["env"])
    time.tzset()
    os.chdir(run["cwd"])
    sys.argv[1:] = run["argv"]
    del sys.modules["crawler.__main__"]
    try:
        runpy.run_module("crawler", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, int):
            _end(end.code)
        raise
    _end(0)


def _end(code: int) -> NoReturn:
    """Do what the interpreter does at its end, up to the release of all objects, which takes a third of a short run."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
    except OSError:
        sys.exit(code)  # the interpreter reports it
    os._exit(code)
