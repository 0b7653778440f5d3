from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crawler.model.interfaces import Destination
from crawler.storage.directory.destination import LocalDestination
from tests.contract.destination import Place, ResumingContract, job, pattern, sha256, staged, stream


class LocalPlace(Place):
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @asynccontextmanager
    async def open(self, *, digests: bool = True) -> AsyncIterator[Destination]:
        async with LocalDestination(self._directory, fsync="batch", digests=digests) as destination:
            await destination.acquire(0)
            yield destination

    def _file(self, path: str) -> Path:
        return self._directory / path

    def read(self, path: str) -> bytes | None:
        return self._file(path).read_bytes() if self._file(path).exists() else None

    def names(self) -> list[str]:
        found = [path for path in self._directory.rglob("*") if path.is_file()]
        paths = [path.relative_to(self._directory).as_posix() for path in found]
        return sorted(path for path in paths if not path.startswith(".crawler/"))


class TestLocalDestination(ResumingContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return LocalPlace(tmp_path / "mirror")

    async def test_without_digests_there_is_none_and_the_file_arrives_all_the_same(self, tmp_path: Path) -> None:
        place = LocalPlace(tmp_path)
        body = pattern(300_000)
        async with place.open(digests=False) as destination:
            part = await destination.open_part(job("x"))
            await stream(part, body)
            assert await part.finish() is None
            assert await part.matches(sha256(body))
            await destination.commit([staged("x", body, part=part.name)])
        assert place.read("x") == body
