"""What the command line prints. A pipe that nobody reads and a disk that is full change nothing about a run."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import TextIO

from crawler.model.errors import CrawlerError, innermost
from crawler.text.escape import masked


def say(text: str, stream: TextIO | None = None) -> None:
    """Print ``text`` for whoever looks on, to standard error if no ``stream`` is named. Where it cannot be, it is lost.

    How a run ended is told by its exit code, which must not depend on who listens.
    """
    with suppress(OSError, ValueError):  # ValueError: the stream is closed
        print(text, file=sys.stderr if stream is None else stream)


def complain(text: str, code: int) -> int:
    """Print one line about what went wrong; ``code`` comes back."""
    say(f"crawler: {masked(text)}")
    return code


def describe(error: Exception, *, verbose: bool) -> tuple[str, int]:
    """An error in one line, and its exit code. One that nobody expected is a bug: ``verbose`` prints where it is."""
    if isinstance(error, CrawlerError):
        return str(error), error.exit_code
    if verbose:
        say("".join(traceback.format_exception(error)))
    found = innermost(error)
    return f"unexpected {type(found).__name__}: {found} (-v prints the traceback)", 1


def deliver(text: str) -> int:
    """Print ``text``, for which the program was called, to standard output.

    Returns the exit code of that alone: 0 also if the reader has left, as ``head`` does; 1 if it could not be written.
    """
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        return 0
    except (OSError, ValueError) as problem:
        return complain(f"cannot write to standard output: {getattr(problem, 'strerror', None) or problem}", 1)
    return 0


def flush() -> None:
    """Before the end of the process. What cannot be written is dropped, or Python would complain and exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            with suppress(OSError, AttributeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
