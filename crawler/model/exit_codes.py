"""Exit codes of the program, and their order of precedence."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of runs. The values are documented and never change."""

    OK = 0
    """Nothing failed."""
    ERROR = 1
    """Unexpected error, or a report that could not be written."""
    CONFIG = 2
    """Invalid option, URL or configuration file."""
    LISTING = 3
    """The listing at URL could not be fetched or is not a listing."""
    DESTINATION = 4
    """The destination failed as a whole."""
    INCOMPLETE = 5
    """Some files or listings failed."""
    DELETION_REFUSED = 6
    """Too much would be deleted, or the walk was incomplete."""
    ALREADY_RUNNING = 7
    """Another run holds DIR."""
    ROBOTS = 8
    """robots.txt forbids URL."""
    STOPPED = 9
    """Stopped at a limit that the user set; there was no problem."""
    SIGHUP = 129
    """Ended by SIGHUP."""
    SIGINT = 130
    """Ended by SIGINT."""
    SIGTERM = 143
    """Ended by SIGTERM."""


SIGNALS = {code.name: code.value for code in (ExitCode.SIGINT, ExitCode.SIGTERM, ExitCode.SIGHUP)}
"""Name of a signal that ends a run → exit code."""
LIMITS = frozenset({"--max-files", "--max-total-size", "--max-duration"})
"""Options that end a run at a limit that the user set; the next run continues."""
_WORST_FIRST = (
    ExitCode.SIGINT, ExitCode.SIGTERM, ExitCode.SIGHUP,
    ExitCode.ERROR, ExitCode.DESTINATION, ExitCode.CONFIG, ExitCode.LISTING, ExitCode.ALREADY_RUNNING, ExitCode.ROBOTS,
    ExitCode.DELETION_REFUSED, ExitCode.INCOMPLETE, ExitCode.STOPPED, ExitCode.OK,
)  # fmt: skip


def worst(codes: Iterable[int]) -> int:
    """The most serious of the exit codes ``codes``; 0 if there are none."""
    return int(min(codes, key=_WORST_FIRST.index, default=0))


def is_trouble(code: int) -> bool:
    """True if an exit code calls for attention; stopping at a limit that the user set does not."""
    return code not in {ExitCode.OK, ExitCode.STOPPED}
