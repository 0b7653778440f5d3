"""``python -m crawler`` and the console script ``crawler``."""

from __future__ import annotations

from crawler.cli import signals  # isort: skip - the first of all: until then a signal does what it does by itself

import io
import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    signals.watch()
    _hold_standard_streams()
    _escape_what_the_locale_lacks()
    from crawler.cli.parser import run

    sys.exit(run(sys.argv[1:]))


def _hold_standard_streams() -> None:
    """Put /dev/null where a parent left 0, 1 or 2 closed.

    A socket or a file of the mirror would get that number otherwise, and what is printed would go there. Standard input
    cannot be read then either: a list of URLs that was never there is no empty one.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY)  # takes the lowest free number, which is this one
            setattr(sys, name, open(number, "w" if number else "r"))  # noqa: SIM115, PTH123


def _escape_what_the_locale_lacks() -> None:
    """A name in another script than the terminal's is shown as Python would write it, and ends no listing of names."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
