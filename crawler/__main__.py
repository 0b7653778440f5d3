"""``python -m crawler`` and the console script ``crawler``."""

from __future__ import annotations

from crawler.cli import signals  # isort: skip - first: signals take their default actions until this is imported

import atexit
import gc
import io
import os
import sys
from contextlib import suppress

from crawler.importing import import_plainly
from crawler.text.advice.scarcity import lacking
from crawler.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

_CANNOT_STORE = 4
"""The value of ``ExitCode.DESTINATION``: what defines that is not imported yet."""


def main() -> None:
    """Run the command line and exit with its code."""
    signals.install()
    _leave_working_directory()
    import_plainly()
    gc.set_threshold(100_000, 10, 50)  # by default a short run collects 120 times and finds nothing
    _open_missing_standard_streams()
    _escape_unencodable_characters()
    if sys.argv[1:] == ["--version"]:
        _print_version()
    run = _imported()
    gc.freeze()
    _exit(run(sys.argv[1:]))


def _leave_working_directory() -> None:
    """Import nothing more from the working directory, as ``python -m`` does first of all.

    It may be DIR, in which there soon are modules that a server has sent. What has been imported by now is not undone:
    whoever runs this in a DIR of earlier runs needs ``python -P -m``, or the console script.
    """
    if __name__ == "__main__" and not sys.flags.safe_path:
        place = sys.path.pop(0)
        if place == __file__.rpartition("/crawler/")[0]:  # this program, which is not installed
            sys.path.append(place)


def _imported() -> Callable[[Sequence[str]], int]:
    """Import what every run needs. Exits with a line of advice if this machine lacks something for that.

    The line is written without another import, and without a buffer.
    """
    try:
        _import_libraries()
        from crawler.cli.parser import run
    except (MemoryError, ImportError, OSError) as error:
        lack = lacking(error)
        if lack is None:
            raise
        with suppress(OSError):
            os.write(2, f"crawler: {lack}\n".encode())
        sys.exit(_CANNOT_STORE)
    return run


def _exit(code: int) -> NoReturn:
    """Exit as child processes of ``multiprocessing`` do: join threads, call what is registered for the exit, and flush.

    To take the interpreter apart as well would take 6 ms more. A debugger or a profiler gets SystemExit.
    """
    monitoring: Any = getattr(sys, "monitoring", None)
    tools = map(monitoring.get_tool, range(6)) if monitoring else ()
    if any((*tools, sys.gettrace(), sys.getprofile(), sys.flags.dev_mode, sys.flags.inspect)):
        sys.exit(code)
    threading: Any = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # ``run`` has reported it
            stream.flush()
    os._exit(code)


def _print_version() -> NoReturn:
    """Print the version and exit. It is asked for to see whether the program is there, so it imports no parser."""
    from crawler.cli.printing import flush, print_result

    code = print_result(f"crawler {__version__}")
    flush()
    sys.exit(code)


def _import_libraries() -> None:
    """Import msgspec and multidict without the modules of which a run of the program uses nothing, for 7 of 9 ms.

    These are the encoders and schemas of msgspec, the types that only they know, and ``platform``, which would be asked
    which Python this is. Modules that stand in for them are removed at once, so that everybody else imports the real
    ones. Programs that import this package may use all of msgspec: for them, nothing is left out.
    """
    from crawler.cli.late_modules import DATETIME, import_late

    import_late(DATETIME)
    from crawler.storage.fd_limits import are_few

    if not are_few():
        import_late()
    uuid = type("UUID", (), {"unknown": None})
    names: dict[str, dict[str, Any]] = {
        "decimal": {"Decimal": type("Decimal", (), {})},
        "platform": {"python_implementation": lambda: "CPython"},  # they are written in C for no other
        "uuid": {"UUID": uuid, "SafeUUID": uuid},
        **{f"msgspec.{name}": {} for name in ("_json_schema", "inspect", "json", "msgpack", "toml", "yaml")},
    }
    standing: dict[str, Any] = {name: type(sys)(name) for name in names}
    for name, module in standing.items():
        vars(module).update(names[name])
    standing["typing_extensions"] = None  # makes importing it fail: typing has the names that are taken from it, too
    standing = {name: stand_in for name, stand_in in standing.items() if name not in sys.modules}
    sys.modules.update(standing)
    try:
        import multidict  # noqa: F401

        import crawler.model.struct  # noqa: F401 - msgspec's home
    finally:
        for name in standing:
            del sys.modules[name]


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
