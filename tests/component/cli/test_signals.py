"""Signals at the edges of a process: before there is an event loop, after it, and while the interpreter ends."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
WATCHED = """
import atexit, os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may run them under nohup
from crawler.cli import signals
signals.watch()
number = int(sys.argv[1])
def strike(): os.kill(os.getpid(), number)
def asked(name): print("asked:", name, flush=True)
def spoken(): print("last words", flush=True)
def closed(name): raise RuntimeError("Event loop is closed")
"""


def run(script: str, number: int) -> tuple[int, str]:
    """Exit code, negative if a signal ended it, and output; after WATCHED."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED + script, str(int(number))], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


each = pytest.mark.parametrize("number", ALL)


@each
def test_before_and_after_a_run_a_signal_ends_the_process_by_its_exit_code(number: signal.Signals) -> None:
    assert run("strike(); print('not reached')", number) == (128 + number, "")


@each
def test_in_a_run_the_first_asks_and_the_second_ends(number: signal.Signals) -> None:
    script = "signals.ask = asked; strike(); print('goes on', flush=True); strike(); print('not reached')"
    assert run(script, number) == (128 + number, f"asked: {number.name}\ngoes on\n")


@each
def test_when_the_loop_has_just_been_closed_there_is_nobody_to_ask(number: signal.Signals) -> None:
    assert run("signals.ask = closed; strike(); print('not reached')", number) == (128 + number, "")


@each
def test_while_the_interpreter_waits_for_threads_and_handlers_a_signal_still_ends_it(number: signal.Signals) -> None:
    assert run("atexit.register(spoken); atexit.register(strike)", number) == (128 + number, "")


@each
def test_while_the_interpreter_takes_itself_apart_the_exit_code_stays(number: signal.Signals) -> None:
    script = "class Late:\n def __del__(self, kill=os.kill, pid=os.getpid()): kill(pid, number)\n"
    script += "sys.late = Late()\nsys.exit(5)"
    assert run(script, number) == (5, "")


@each
def test_last_words_are_said_but_not_waited_for_without_end(number: signal.Signals) -> None:
    assert run("signals.last_words = spoken; strike()", number) == (128 + number, "last words\n")
    stuck = "signals._PATIENCE = 0.01; signals.last_words = lambda: time.sleep(3600); strike()"
    assert run(stuck, number) == (128 + number, "")


def test_nohup_is_respected() -> None:
    script = "signal.signal(signal.SIGHUP, signal.SIG_IGN); signals.watch(); strike(); print('goes on')"
    assert run(script, signal.SIGHUP) == (0, "goes on\n")
