"""The destination of ``examples/sqlite_archive.py`` keeps the contract, and so will those modelled on it."""

from __future__ import annotations

import runpy
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest

from crawler.model.interfaces import Destination
from tests.contract.destination import DestinationContract, Place

EXAMPLE = Path(__file__).parents[2] / "examples" / "sqlite_archive.py"
Archive: Callable[[Path], AbstractAsyncContextManager[Destination]] = runpy.run_path(str(EXAMPLE))["Archive"]


class ArchivePlace(Place):
    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> AbstractAsyncContextManager[Destination]:
        return Archive(self._path)

    def _rows(self) -> dict[str, bytes]:
        if not self._path.exists():
            return {}
        with closing(sqlite3.connect(self._path)) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            return dict(database.execute("SELECT name, data FROM sqlar WHERE mode & 32768"))

    def read(self, path: str) -> bytes | None:
        return self._rows().get(path)

    def names(self) -> list[str]:
        return sorted(self._rows())


class TestArchive(DestinationContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return ArchivePlace(tmp_path / "mirror.sqlar")
