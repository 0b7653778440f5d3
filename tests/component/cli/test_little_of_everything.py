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
        (resource.RLIMIT_AS, 64 * MIB, "(ulimit -v)"),
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
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


WITHOUT = """
import builtins, sys

_, kind, names, text, *arguments = sys.argv

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name in names.split():
            raise getattr(builtins, kind)(text)

sys.meta_path.insert(0, Lacking())
import crawler.__main__
sys.argv = ["crawler", *arguments]
crawler.__main__.main()
"""
NOT_MAPPED = "_x.so: failed to map segment from shared object"


@pytest.mark.parametrize(
    "modules", ["multidict", "crawler.cli.parser", "crawler.app.api", "crawler.cli.early_ends crawler.app.api"]
)
@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [("MemoryError", "", "out of memory: "), ("ImportError", NOT_MAPPED, "a module of Python cannot be loaded")],
)
def test_a_lack_of_memory_for_a_module_is_one_line_wherever_it_is_noticed(
    tmp_path: Path, modules: str, kind: str, text: str, says: str
) -> None:
    arguments = ["--on-failure", "true", "http://127.0.0.1:1/", str(tmp_path / "mirror")]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, kind, modules, text, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"crawler: {says}")
    assert done.stderr.count("\n") == 1
