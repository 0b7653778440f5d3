"""Tests of what stores files write to the disk, whose file system uses the numbers of removed files again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A directory in the system's place for temporary files, not in memory as those of other tests."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory).resolve()
