"""What a start does not need is not imported: most of the time of a short run is its imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp", "aiolimiter", "bs4", "humanize", "jinja2", "lxml", "protego", "rich", "sqlite3", "stamina", "svg",
    "tomllib", "uvloop",
}  # fmt: skip
"""Libraries that take more than a millisecond."""


def imported(statement: str) -> set[str]:
    """Which of them ``statement`` leaves in a new interpreter."""
    program = f"import sys\n{statement}\nprint('\\n' + ' '.join(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return HEAVY & set(found.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_question_to_the_program_itself_imports_none_of_them(option: str) -> None:
    assert imported(f"from crawler.cli import run\nrun(['{option}'])") == set()


def test_the_package_itself_imports_none_of_them() -> None:
    assert imported("import crawler") == set()


def test_a_run_imports_its_network_and_its_state_only_before_it_begins() -> None:
    assert imported("import crawler.cli, crawler.app, crawler.outputs, crawler.log") == {"aiohttp", "sqlite3"}
