"""Exit codes that follow from how a run ended, and which of several wins. Those of errors are in ``errors``."""

from __future__ import annotations

from collections.abc import Iterable

SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
"""What interrupts a run from outside → exit code."""
LIMITS = frozenset({"--max-files", "--max-total-size", "--max-duration"})
"""Options that end a run at a limit that the user set: the next run goes on."""
STOPPED = 9
"""Exit code of a run that ended at one of LIMITS and met no problem."""
_WORST_FIRST = (*SIGNALS.values(), 1, 4, 2, 3, 7, 8, 6, 5, STOPPED, 0)


def worst(codes: Iterable[int]) -> int:
    """The most serious of some exit codes; 0 for none."""
    return min(codes, key=_WORST_FIRST.index, default=0)


def is_trouble(code: int) -> bool:
    """True if an exit code means that somebody should look; a limit that was reached as asked is none."""
    return code not in {0, STOPPED}
