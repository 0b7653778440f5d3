"""Runs the program with paths that cannot be looked at, in one process that has no special rights.

``python -m tests.support.paths_probe`` reads a JSON list of cases from standard input, and prints a JSON list of [exit
code, standard error].
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from crawler.cli import parser as cli

ROOT = Path(__file__).parents[2]
WITHOUT_OVERRIDE = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
"""Runs a program of root so that it may not enter a directory whose permissions say so."""
Case = tuple[str, Sequence[str], str]
"""(Working directory, arguments, value of NETRC); an empty working directory is one that has been removed."""


def probe(cases: Sequence[Case], home: Path) -> list[tuple[int, str]]:
    """(Exit code, standard error) of each of ``cases``, which run as a user for whom permissions count."""
    done = subprocess.run(
        [*(WITHOUT_OVERRIDE if os.geteuid() == 0 else []), sys.executable, "-m", __name__],
        input=json.dumps(cases),
        env={"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "PATH": os.defpath, "HOME": str(home)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [(code, text) for code, text in json.loads(done.stdout)]


def _result(directory: str, arguments: Sequence[str], netrc: str) -> tuple[int, str]:
    place = directory or tempfile.mkdtemp()
    os.chdir(place)
    if not directory:
        Path(place).rmdir()
    os.environ["NETRC"] = netrc
    with redirect_stderr(StringIO()) as told, redirect_stdout(StringIO()):
        code = cli.run(arguments)
    return int(code), told.getvalue()


if __name__ == "__main__":
    print(json.dumps([_result(*case) for case in json.load(sys.stdin)]))
