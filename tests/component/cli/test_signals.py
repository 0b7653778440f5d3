"""Signals before there is an event loop, after it has ended, and while the interpreter exits."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
PREAMBLE = """
import atexit, os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may themselves run under nohup
from crawler.cli import signals
signals.install()
number = int(sys.argv[1])
def strike(): os.kill(os.getpid(), number)
def request_stop(name): print("stop requested:", name, flush=True)
def cleanup(): print("cleaned up", flush=True)
def closed(name): raise RuntimeError("Event loop is closed")
"""


def run(script: str, number: int) -> tuple[int, str]:
    """Run PREAMBLE and ``script``. Returns the exit code (negative if a signal killed the process) and the output."""
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script, str(int(number))], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


each = pytest.mark.parametrize("number", ALL)


@each
def test_before_and_after_a_run_a_signal_ends_the_process_by_its_exit_code(number: signal.Signals) -> None:
    assert run("strike(); print('not reached')", number) == (128 + number, "")


@each
def test_the_first_signal_of_a_run_requests_a_stop_and_the_second_ends_the_process(number: signal.Signals) -> None:
    script = (
        "signals.set_stop_request(request_stop); strike(); print('goes on', flush=True); strike(); print('not reached')"
    )
    assert run(script, number) == (128 + number, f"stop requested: {number.name}\ngoes on\n")


@each
def test_a_signal_ends_the_process_if_the_event_loop_has_just_been_closed(number: signal.Signals) -> None:
    assert run("signals.set_stop_request(closed); strike(); print('not reached')", number) == (128 + number, "")


@each
def test_a_signal_ends_the_process_while_threads_and_exit_handlers_are_waited_for(number: signal.Signals) -> None:
    assert run("atexit.register(cleanup); atexit.register(strike)", number) == (128 + number, "")


@each
def test_a_signal_during_interpreter_shutdown_does_not_change_the_exit_code(number: signal.Signals) -> None:
    script = "class Late:\n def __del__(self, kill=os.kill, pid=os.getpid()): kill(pid, number)\n"
    script += "sys.late = Late()\nsys.exit(5)"
    assert run(script, number) == (5, "")


@each
def test_cleanup_runs_before_the_process_ends_but_only_for_a_limited_time(number: signal.Signals) -> None:
    assert run("signals.set_cleanup(cleanup); strike()", number) == (128 + number, "cleaned up\n")
    stuck = "signals._CLEANUP_SECONDS = 0.01; signals.set_cleanup(lambda: time.sleep(3600)); strike()"
    assert run(stuck, number) == (128 + number, "")


def test_nohup_is_respected() -> None:
    script = "signal.signal(signal.SIGHUP, signal.SIG_IGN); signals.install(); strike(); print('goes on')"
    assert run(script, signal.SIGHUP) == (0, "goes on\n")
