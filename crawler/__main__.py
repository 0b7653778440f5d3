"""``python -m crawler`` and the console script ``crawler``."""

from __future__ import annotations

from crawler.cli import signals  # isort: skip - first: signals take their default actions until this is imported

import gc
import io
import os
import sys

from crawler.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def main() -> None:
    """Run the command line and exit with its code."""
    signals.install()
    _open_missing_standard_streams()
    _escape_unencodable_characters()
    if sys.argv[1:] == ["--version"]:
        _print_version()
    _import_msgspec()
    gc.set_threshold(50_000, 20, 50)  # with the default threshold a short run collects 120 times and finds nothing
    from crawler.cli.parser import run

    gc.freeze()
    code = run(sys.argv[1:])
    gc.freeze()  # otherwise the interpreter searches everything for garbage twice before it exits, for 14 ms
    sys.exit(code)


def _print_version() -> NoReturn:
    """Print the version and exit. It is asked for to see whether the program is there, so it imports no parser."""
    from crawler.cli.printing import flush, print_result

    code = print_result(f"crawler {__version__}")
    flush()
    sys.exit(code)


def _import_msgspec() -> None:
    """Import msgspec without ``typing_extensions``, of which it uses three names that ``typing`` has too, for 2.5 ms.

    Programs that import this package may need the others: it is left out of the program alone.
    """
    if "typing_extensions" in sys.modules:
        return
    missing: Any = None  # makes importing it fail
    sys.modules["typing_extensions"] = missing
    import crawler.model.struct  # noqa: F401 - its home

    del sys.modules["typing_extensions"]


def _open_missing_standard_streams() -> None:
    """Open /dev/null as each of the descriptors 0, 1 and 2 that the parent process closed.

    Otherwise a socket or a file of the mirror would get that number, and the program's output would end up in it.
    Standard input is opened for writing and stays unreadable: a missing list of URLs must not look like an empty one.
    Nor can this program write to a missing standard output: what was asked for must not look as if it was delivered.
    Child processes can.
    """
    missing = [number for number in range(3) if not _is_open(number)]
    for _ in missing:
        os.open(os.devnull, os.O_WRONLY)  # takes the lowest free number, which is the missing one
    for number in missing:
        name, of, mode = (("stdin", 0, "r"), ("stdout", os.devnull, "r"), ("stderr", 2, "w"))[number]
        setattr(sys, name, open(of, mode))  # noqa: SIM115, PTH123


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _escape_unencodable_characters() -> None:
    """Have characters that the locale cannot encode printed as backslash escapes; by default printing them fails."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
