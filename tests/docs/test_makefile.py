"""``make mirror``: the arguments that it passes on, its messages, its exit codes; and what ``make mutants`` names."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.docs.markdown import REPOSITORY

FAKE = """#!/bin/sh
for word in "$@"; do printf '<%s>' "$word"; done
exit ${FAKE_CODE:-0}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with the Makefile and a .venv whose python prints its arguments."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE)
    python.chmod(0o755)
    (tmp_path / ".venv" / ".run.stamp").touch()
    return tmp_path


def make(
    project: Path, *words: str, code: int = 0, more: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    # Nothing else of the caller's environment, which could set any variable assigned with ?= in the Makefile.
    environment = {"PATH": os.environ["PATH"], "FAKE_CODE": str(code), **more}
    return subprocess.run(["make", *words], cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_url_and_dir_are_passed_on_as_they_are(project: Path) -> None:
    url, directory = "http://h/a b/?x=1&y=$HOME$(id)'\"`#;", "my 'mirror' $$ & co"
    done = make(project, "mirror", f"URL={url}", f"DIR={directory}", "ARGS=--include '*.zip' -v")
    assert done.stdout == f"<-m><crawler><--include><*.zip><-v><{url}><{directory}>"
    assert (done.returncode, done.stderr) == (0, "")


def test_without_url_the_sample_site_is_mirrored(project: Path) -> None:
    done = make(project, "mirror")
    assert done.stdout == "<config/sample_site.py><--><.venv/bin/python><-m><crawler><{url}><mirror>"


@pytest.mark.parametrize("url", ["", "  "])
def test_an_empty_url_is_passed_on_like_any_other(project: Path, url: str) -> None:
    assert make(project, "mirror", f"URL={url}").stdout == "<-m><crawler><><mirror>", "make strips blanks"


def test_the_exit_code_of_the_program_is_printed(project: Path) -> None:
    done = make(project, "mirror", "URL=http://h/", code=5)
    assert done.returncode == 2, "make knows no other code"
    assert done.stderr.splitlines()[0] == "make: crawler ended with exit code 5, see docs/exit-codes.md"
    assert done.stderr.splitlines()[-1].endswith("Error 5")


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("", "make: no Python >= 3.11 found; name one with PYTHON=/path/to/python3"),
        ("/no/such/python", "make: PYTHON=/no/such/python: not found"),
        ("./old", "make: PYTHON=./old: Python 3.11 or newer is needed, this is <--version>"),
    ],
)
def test_an_interpreter_that_does_not_fit_is_named(project: Path, python: str, said: str) -> None:
    (project / ".venv" / ".run.stamp").unlink()
    (project / "old").write_text(FAKE.replace("FAKE_CODE:-0", "FAKE_CODE:-1"))
    (project / "old").chmod(0o755)
    done = make(project, "mirror", f"PYTHON={python}", code=1)
    assert done.stderr.splitlines()[0] == said
    assert done.returncode == 2


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_an_interpreter_that_is_named_is_not_ignored_because_another_one_was_used_before(
    project: Path, way: str
) -> None:
    other = project / "other"
    other.write_text(FAKE.replace("'<%s>'", "'other<%s>'"))
    other.chmod(0o755)
    for python, said in (
        (other, f"make: PYTHON={other} is other<-c>"),
        ("python9", "make: PYTHON=python9: not found"),
        ("false", "make: PYTHON=false is no Python, but .venv has <-c>"),
        (project / ".venv" / "bin" / "python", ""),
    ):
        if way == "argument":
            done = make(project, "mirror", "URL=http://h/", f"PYTHON={python}")
        else:
            done = make(project, "mirror", "URL=http://h/", more={"PYTHON": str(python)})
        assert done.stderr.startswith(said)
        assert done.returncode == (2 if said else 0)
        assert done.stdout == ("" if said else "<-m><crawler><http://h/><mirror>")


def test_the_first_run_says_that_it_sets_up_and_how_long_that_took(project: Path) -> None:
    (project / ".venv" / ".run.stamp").unlink()
    (project / "new").write_text(FAKE)
    (project / "new").chmod(0o755)
    done = make(project, "mirror", "URL=http://h/", "PYTHON=./new")
    first, second = done.stderr.splitlines()
    assert first == "Setting up .venv, once: this downloads packages, which may take a minute ..."
    assert second.startswith("Set up .venv in ")
    assert second.endswith(" s")
    assert make(project, "mirror", "URL=http://h/").stderr == "", "once"


def test_what_keeps_the_first_run_from_setting_up_is_said_last(project: Path) -> None:
    """pip prints a page about a package index that cannot be reached."""
    (project / ".venv" / ".run.stamp").unlink()
    (project / "new").write_text("#!/bin/sh\ntest $1 = -c || { echo no network >&2; exit 1; }\n")
    (project / "new").chmod(0o755)
    done = make(project, "mirror", "URL=http://h/", "PYTHON=./new")
    assert done.returncode == 2
    said = "make: cannot set up .venv, for the reason above; then run make again"
    assert done.stderr.splitlines()[1:3] == ["no network", said]
    assert done.stdout == ""


def test_everything_that_make_mutants_names_exists() -> None:
    mutants = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["mutmut"]
    named = mutants["only_mutate"] + mutants["also_copy"] + mutants["pytest_add_cli_args_test_selection"]
    assert [path for path in named if not (REPOSITORY / path).exists()] == []
