"""SIGINT, SIGTERM and SIGHUP, from the first moment of the process to its last. It comes first, so it imports little.

The first signal asks the run to stop, if there is one. Every other one ends the process at once, and by itself: with
the exit code for that signal, never by the signal's own action, so that whoever waits for us sees an exit code always.
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

ask: Callable[[str], object] | None = None
"""What the next signal calls with its name, in the main thread, between any two of its steps; None: it ends us."""
last_words: Callable[[], None] | None = None
"""What is called before a signal ends the process, to leave the terminal in order."""

_NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_PATIENCE = 1.0
"""Seconds for the last words."""


def exit_code(name: str) -> int:
    """That of a process which the signal ``name`` has ended, as shells count: 128 and its number."""
    return 128 + signal.Signals[name]


def watch() -> None:
    """Take the signals over, for the whole process. A SIGHUP that is ignored stays so: that is what nohup is for."""
    for number in _NUMBERS:
        if number in {signal.SIGINT, signal.SIGTERM} or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    atexit.register(_ignore)  # the first to be registered is the last to be called: no thread is waited for after it


def _ignore() -> None:
    """While the interpreter takes itself apart it would leave a signal to its own action; that takes milliseconds."""
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    global ask
    asked, ask = ask, None
    if asked is not None:
        try:
            asked(signal.Signals(number).name)
        except RuntimeError:  # its event loop has been closed
            pass
        else:
            return
    if last_words is not None:
        _speak(last_words)
    # Imported where there is something to end.
    if (commands := sys.modules.get("crawler.output.on_change")) is not None:
        commands.end_all()
    os._exit(128 + number)


def _speak(words: Callable[[], None]) -> None:
    """What was interrupted just now may hold a lock that they need: then they are not waited for."""
    from threading import Thread

    speaker = Thread(target=words, daemon=True)
    try:
        speaker.start()
    except RuntimeError:  # no more threads
        return
    speaker.join(_PATIENCE)
