"""Fixtures for tests against the scripted server. A conftest imports those that its directory needs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

Mount = Callable[[str], None]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """DIR between canaries, which are checked at the end of the test."""
    made = Sandbox(tmp_path / "base")
    yield made
    made.check()


@pytest.fixture
def site() -> Iterator[Site]:
    """A running scripted server that has no files yet."""
    with Site() as running:
        yield running


@pytest.fixture
def mount(sandbox: Sandbox) -> Iterator[Mount]:
    """``mount("size=400k")`` mounts a tmpfs with these options on DIR; later calls remount it with others."""
    mounted = False

    def call(options: str) -> None:
        nonlocal mounted
        sandbox.directory.mkdir(exist_ok=True)
        flags = f"remount,{options}" if mounted else options
        command = ["mount", "-t", "tmpfs", "-o", flags, "tmpfs", str(sandbox.directory)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount a tmpfs here: {done.stderr.decode().strip()}")
        mounted = True

    yield call
    if mounted:
        subprocess.run(["umount", "-l", str(sandbox.directory)], check=True)
