"""A sandbox for DIR and a scripted server: what a second run asks for, says and leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faulty.sandbox import Sandbox
from tests.faulty.server import Site


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path / "base")
    yield made
    made.check()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running
