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


def printed(program: str) -> str:
    """The last line that ``program`` prints in a new interpreter."""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return found.stdout.splitlines()[-1]


def imported(statement: str) -> set[str]:
    """Which of them ``statement`` leaves in a new interpreter."""
    return HEAVY & set(printed(f"import sys\n{statement}\nprint('\\n' + ' '.join(sys.modules))").split())


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_question_to_the_program_itself_imports_none_of_them(option: str) -> None:
    assert imported(f"from crawler.cli.parser import run\nrun(['{option}'])") == set()


def test_the_package_itself_imports_none_of_them() -> None:
    assert imported("import crawler") == set()


def test_a_run_imports_its_network_and_its_state_only_before_it_begins() -> None:
    modules = "crawler.cli.parser, crawler.app.api, crawler.output.files, crawler.output.log"
    assert imported(f"import {modules}") == {"aiohttp", "sqlite3"}


@pytest.mark.parametrize("variable", [{}, {"SSL_CERT_FILE": "/somewhere/else.pem"}])
def test_a_run_does_not_read_the_certificates_of_the_system_before_it_needs_them(variable: dict[str, str]) -> None:
    program = f"""
import asyncio, os, ssl
os.environ.pop("SSL_CERT_FILE", None)
os.environ |= {variable}
read = []
ssl.SSLContext.load_default_certs = lambda *_: read.append(os.environ.get("SSL_CERT_FILE"))
from crawler.cli.runner import run_async
async def work(stop): return 0
run_async(work)
print(*read, os.environ.get("SSL_CERT_FILE"))
"""
    assert printed(program).split() == ["/dev/null", str(variable.get("SSL_CERT_FILE"))]
