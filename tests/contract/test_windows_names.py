from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crawler.model.interfaces import Destination
from crawler.storage.directory.windows.destination import WindowsDestination
from crawler.text.names.windows import decoded
from tests.contract.destination import Place, ResumingContract
from tests.contract.test_local import LocalPlace


class WindowsPlace(LocalPlace):
    """A directory on disk, accessed by the names that the program uses for its files."""

    @asynccontextmanager
    async def open(self, *, digests: bool = True) -> AsyncIterator[Destination]:
        async with WindowsDestination(self._directory, fsync="batch", digests=digests) as destination:
            await destination.acquire(0)
            yield destination

    def read(self, path: str) -> bytes | None:
        for each in self._directory.rglob("*"):
            if each.is_file() and self._name(each) == path:
                return each.read_bytes()
        return None

    def _name(self, file: Path) -> str:
        return "/".join(decoded(name) or name for name in file.relative_to(self._directory).as_posix().split("/"))

    def names(self) -> list[str]:
        found = (self._name(each) for each in self._directory.rglob("*") if each.is_file())
        return sorted(name for name in found if not name.startswith(".crawler/"))


class TestWindowsDestination(ResumingContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return WindowsPlace(tmp_path / "mirror")
