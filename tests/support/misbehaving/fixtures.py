"""What tests against the scripted server start with. A conftest that imports them offers them to its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A DIR with canaries around it, which are looked at in the end."""
    made = Sandbox(tmp_path / "base")
    yield made
    made.check()


@pytest.fixture
def site() -> Iterator[Site]:
    """A running scripted server without files."""
    with Site() as running:
        yield running
