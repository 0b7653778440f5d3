"""A machine, or a limit, that leaves the program too little to begin with: one line, and no traceback."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

MIB = 1 << 20
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("kind", "limit", "says"),
    [
        (resource.RLIMIT_NOFILE, 6, "too many open files: raise the limit (ulimit -n)"),
        (resource.RLIMIT_NOFILE, 11, "too many open files: raise the limit (ulimit -n)"),
        (resource.RLIMIT_AS, 60 * MIB, "(ulimit -v)"),
    ],
)
def test_what_is_lacking_is_one_line_with_advice(tmp_path: Path, kind: int, limit: int, says: str) -> None:
    """Nothing listens on the port, and nobody gets so far as to notice."""
    done = subprocess.run(
        [sys.executable, "-m", "crawler", "http://127.0.0.1:1/", str(tmp_path / "mirror")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
