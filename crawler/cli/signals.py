"""Handles SIGINT, SIGTERM and SIGHUP from the start of the process to its end. Imported first, so it imports little.

The first signal requests the run to stop, if there is one. Every other signal ends the process at once, with the exit
code for that signal instead of its default action, so that a waiting parent always sees an exit code.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_CLEANUP_SECONDS = 1.0
"""How long, in seconds, a signal that ends the process waits for the cleanup."""

_request_stop: Callable[[str], object] | None = None
_cleanup: Callable[[], None] | None = None


def exit_code(name: str) -> int:
    """The exit code of a process ended by the signal ``name``, by the convention of shells: 128 plus its number."""
    return 128 + signal.Signals[name]


class QueryInterrupted(Exception):
    """A signal ended a query that has no report. ``code`` is the exit code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.code = exit_code(reason)


def install() -> None:
    """Handle the signals for the whole process. A SIGHUP that is ignored (nohup) stays ignored."""
    for number in _NUMBERS:
        if number in {signal.SIGINT, signal.SIGTERM} or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    atexit.register(_ignore_all)  # registered first, so called last, when no more threads are waited for


def set_stop_request(callback: Callable[[str], object] | None) -> None:
    """Call ``callback`` with the name of the next signal; None: the next signal ends the process.

    It is called once, in the main thread, between any two bytecode instructions.
    """
    global _request_stop
    _request_stop = callback


def set_cleanup(callback: Callable[[], None] | None) -> None:
    """Call ``callback`` before a signal ends the process, to restore the terminal."""
    global _cleanup
    _cleanup = callback


def _ignore_all() -> None:
    """Ignore signals during interpreter shutdown, which takes milliseconds and would restore their default actions."""
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    global _request_stop
    request_stop, _request_stop = _request_stop, None
    if request_stop is not None:
        try:
            request_stop(signal.Signals(number).name)
        except RuntimeError:  # its event loop is closed
            pass
        else:
            return
    if _cleanup is not None:
        _run_cleanup(_cleanup)
    # Looked up, not imported: if the module was never imported, no command can be running.
    if (commands := sys.modules.get("crawler.output.commands.process")) is not None:
        commands.terminate_all(then=lambda: os._exit(128 + number))
    else:
        os._exit(128 + number)


def _run_cleanup(cleanup: Callable[[], None]) -> None:
    """Run ``cleanup`` in a thread with a time limit: the interrupted code may hold a lock that it needs."""
    from threading import Thread

    thread = Thread(target=cleanup, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads
        return
    thread.join(_CLEANUP_SECONDS)
