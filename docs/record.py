"""Records the first two runs of the README on a terminal: ``python docs/record.py``, or ``make recording``.

A real run against the sample site becomes ``docs/first-run.cast`` (asciicast v2), and ``docs/first-run.svg``, which
plays it without a script. The run is limited to RATE bytes per second, so that there is something to see.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import runpy
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parent
CAST, SVG = DOCS / "first-run.cast", DOCS / "first-run.svg"
WIDTH, HEIGHT = 80, 12
COMMAND = "make mirror"
TYPING, READING = 0.07, 1.5
"""Seconds for each typed character, and to read a result."""
RATE = "14M"

Event = tuple[float, str]
"""Seconds since the start, and what is printed then."""


def run_on_a_terminal(command: list[str], directory: Path) -> Iterator[Event]:
    """What ``command`` prints on a terminal of WIDTH and HEIGHT, and when. Raises CalledProcessError if it fails."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    names = {"PATH", "HOME", "LANG"}
    environment = {name: value for name, value in os.environ.items() if name in names}
    environment |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    began = time.monotonic()
    child = subprocess.Popen(
        command, stdin=inside, stdout=inside, stderr=inside, cwd=directory, env=environment, start_new_session=True
    )
    os.close(inside)
    try:
        while block := os.read(terminal, 1 << 16):
            yield time.monotonic() - began, block.decode()
    except OSError:  # the end, on Linux
        pass
    finally:
        os.close(terminal)
    if child.wait():
        raise subprocess.CalledProcessError(child.returncode, command)


def visits(directory: Path) -> Iterator[Event]:
    """Two runs of COMMAND into one directory, with a prompt and a typed command before each."""
    sample = runpy.run_path(str(DOCS.parent / "config" / "sample_site.py"))
    clock = 0.0
    with tempfile.TemporaryDirectory(prefix="sample-site-") as scratch:
        sample["build"](Path(scratch))
        with sample["serve"](Path(scratch), 0) as url:
            for _ in range(2):
                yield clock, "$ "
                for char in COMMAND:
                    clock += TYPING
                    yield clock, char
                clock += 5 * TYPING
                yield clock, "\r\n"
                began = clock
                command = [sys.executable, "-m", "crawler", "--limit-rate", RATE, url, "mirror"]
                for moment, text in run_on_a_terminal(command, directory):
                    clock = began + moment
                    yield clock, text
                clock += READING
    yield clock, "$ "
    yield clock + 2 * READING, ""


def write_cast(events: list[Event]) -> None:
    """Write CAST: a header, then one line for each event."""
    header = {"version": 2, "width": WIDTH, "height": HEIGHT, "title": f"{COMMAND}, twice"}
    lines = [json.dumps(header), *(json.dumps([round(when, 3), "o", text]) for when, text in events)]
    CAST.write_text("\n".join(lines) + "\n")


def write_svg() -> None:
    """Render CAST as SVG."""
    renderer = ["termtosvg", "render", str(CAST), str(SVG), "--template", "window_frame", "--loop-delay", "3000"]
    subprocess.run([sys.executable, "-m", *renderer], check=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="recording-") as scratch:
        write_cast(list(visits(Path(scratch))))
    write_svg()


if __name__ == "__main__":
    main()
