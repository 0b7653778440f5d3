"""Runs the examples of the documentation as a reader would, but on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SERVERS_REQUIRED
from tests.docs.hosts import TOKEN, World
from tests.docs.markdown import Block
from tests.support import servers

PATIENCE = 120.0
INTERPRETERS = {"sh": ["sh", "-eu"], "python": [sys.executable, "-W", "error"]}


class Reader:
    """Someone who types the examples of a page, one after the other, in one directory."""

    def __init__(self, world: World, home: Path) -> None:
        self.home = home
        self._world = world
        self._environment = {
            name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
        } | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "TOKEN": TOKEN,
        }  # fmt: skip

    def run(self, language: str, text: str) -> subprocess.CompletedProcess[str]:
        """Run ``text`` with the hosts replaced. It must end with 0 and print no warning."""
        text = self.rewritten(text)
        done = subprocess.run(
            INTERPRETERS[language], input=text, cwd=self.home, env=self._environment, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"exit {done.returncode}\n{text}\n{done.stdout}{done.stderr}"
        return done

    def rewritten(self, text: str) -> str:
        """``text`` with the hosts of the examples replaced by servers on loopback, started on first use."""
        try:
            return self._world.rewritten(text)
        except servers.Missing as program:
            if SERVERS_REQUIRED:
                pytest.fail(f"{program} is not installed")
            pytest.skip(f"{program} is not installed")

    def follow(self, block: Block) -> subprocess.CompletedProcess[str]:
        return self.run(block.language, block.text)

    def files(self) -> set[str]:
        """All files that the examples have left, except the crawler's own."""
        found = (path.relative_to(self.home).as_posix() for path in self.home.rglob("*") if path.is_file())
        return {path for path in found if ".crawler/" not in path}


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    directory = Path(tempfile.mkdtemp(prefix="crawler-docs-"))
    directory.chmod(0o755)  # Apache drops root privileges
    world = World(directory)
    yield world
    world.close()
    shutil.rmtree(directory)


@pytest.fixture
def reader(world: World, tmp_path: Path) -> Reader:
    home = tmp_path / "home"
    home.mkdir()
    return Reader(world, home)
