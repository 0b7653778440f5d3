"""Printing for the command line. A closed pipe or a full disk never changes how a run ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress

from crawler.model.exit_codes import ExitCode
from crawler.text.advice.scarcity import lacking  # now: once anything is lacking, it may be too late
from crawler.text.escape import masked

TYPE_CHECKING = False  # as little as possible is imported, because --version needs nothing else
if TYPE_CHECKING:
    from typing import TextIO


def print_line(text: str, stream: TextIO | None = None) -> None:
    """Print ``text`` to ``stream``, by default standard error. Errors are ignored.

    The exit code tells how a run ended and must not depend on whether anyone reads the output.
    """
    with suppress(OSError, ValueError):  # ValueError: the stream is closed
        print(text, file=sys.stderr if stream is None else stream)


def print_error(text: str, code: int) -> int:
    """Print a one-line error message. Returns ``code``."""
    print_line(f"crawler: {masked(text)}")
    return code


def print_problem(error: Exception, *, verbose: bool) -> int:
    """Print the messages of ``error``, each on its line. Returns its exit code."""
    from crawler.model.errors import ConfigError

    text, code = describe(error, verbose=verbose)
    for each in error.problems if isinstance(error, ConfigError) else (text,):
        print_error(each, code)
    return code


def describe(error: Exception, *, verbose: bool) -> tuple[str, int]:
    """The message and the exit code of an error. An unexpected error is a bug: ``verbose`` prints its traceback."""
    from crawler.model.errors import CrawlerError, innermost

    if isinstance(error, CrawlerError):
        return str(error), error.exit_code
    if verbose:
        import traceback  # imported only for this: nearly every start does without

        print_line("".join(traceback.format_exception(error)))
    found = innermost(error)
    if (lack := lacking(found)) is not None:
        return lack, ExitCode.DESTINATION
    return f"unexpected {type(found).__name__}: {found} (-v prints the traceback)", ExitCode.ERROR


def print_result(text: str) -> int:
    """Print ``text``, the result of the command: see ``print_lines``."""
    return print_lines([text])


def print_lines(lines: Iterable[str]) -> int:
    """Print ``lines``, the result of the command, to standard output.

    Returns the exit code of printing: 0, even if the reader closed the pipe as ``head`` does; 1 if it failed.
    """
    try:
        for line in lines:
            print(line)  # noqa: T201
        sys.stdout.flush()
    except BrokenPipeError:
        return ExitCode.OK
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "it is closed"
        return print_error(f"cannot write to standard output: {reason}", ExitCode.ERROR)
    return ExitCode.OK


def flush() -> None:
    """Flush the standard streams before exit. Drops what cannot be written, since Python would exit with code 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            with suppress(OSError, AttributeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
