"""``make mirror`` without a URL: the sample site is served, mirrored and shut down."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ports, trees

REPOSITORY = Path(__file__).parents[2]
SAMPLE_SITE = REPOSITORY / "config" / "sample_site.py"


def visit(*command: str, cwd: Path, port: int = 0) -> subprocess.CompletedProcess[str]:
    serve = [sys.executable, str(SAMPLE_SITE), "--port", str(port), "--"]
    return subprocess.run([*serve, *command], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_sample_site_is_mirrored_and_a_second_visit_fetches_nothing(tmp_path: Path) -> None:
    runpy.run_path(str(SAMPLE_SITE))["build"](tmp_path / "site")
    with ports.reserved() as port:
        for _ in range(2):
            run = visit(sys.executable, "-m", "crawler", "-v", "{url}", "mirror", cwd=tmp_path, port=port)
            assert run.returncode == 0, run.stdout + run.stderr
            trees.assert_same(tmp_path / "site", tmp_path / "mirror")
    assert ": 0 saved" in run.stdout + run.stderr


def test_the_exit_code_of_the_command_is_passed_on(tmp_path: Path) -> None:
    assert visit("sh", "-c", "exit 3", cwd=tmp_path).returncode == 3


def test_make_help_names_every_target() -> None:
    command = ["make", "--no-print-directory", "help"]  # otherwise a nested make prints which directory it enters
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    declared = next(line for line in (REPOSITORY / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert [line.split()[1] for line in listed.splitlines()] == declared.split()[1:]
    assert max(map(len, listed.splitlines())) < 80, "a terminal would break it in the middle of a word"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_ci_runs_what_the_pages_tell_people_to_run(page: str) -> None:
    shown = (REPOSITORY / page).read_text()
    for command in ("make check", "make test"):
        assert re.search(rf"^\$ {command}\b", shown, re.MULTILINE)
        assert command in (REPOSITORY / ".ci" / "run").read_text().splitlines()
