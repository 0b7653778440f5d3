"""LocalDestination.scan: directories known to be empty are not scanned, and files stored there since are seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.storage.directory import known_empty as bare
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.known_empty import KnownEmpty
from crawler.storage.directory.reading.scan import Scan
from tests.contract.destination import staged


class Looks(list[str]):
    """Records the directories that a thread scanned."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None
        look = Scan.scan

        def scan(view: Scan, path: str, *, is_current: bool = False) -> object:
            self.append(path)
            found = look(view, path, is_current=is_current)
            self.meanwhile()
            return found

        monkeypatch.setattr(Scan, "scan", scan)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


async def test_nothing_is_scanned_below_an_empty_directory(tmp_path: Path, looks: Looks) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/file").touch()
    async with LocalDestination(tmp_path, fsync="none") as destination:
        assert set(await destination.scan("")) == {"old"}
        assert set(await destination.scan("old")) == {"file"}
        assert (
            await destination.scan("new") == await destination.scan("new/a") == await destination.scan("new/a/b") == {}
        )
        await destination.scan("newer")
    assert looks == ["", "old", "new", "newer"]


async def test_files_stored_since_are_seen_and_their_siblings_need_no_scan(tmp_path: Path, looks: Looks) -> None:
    async with LocalDestination(tmp_path, fsync="none") as destination:
        await destination.acquire(0)
        assert await destination.scan("") == {}
        await destination.commit([staged("a/b/file")])
        await destination.make_folder("made")
        assert set(await destination.scan("a/b")) == {"file"}
        assert set(await destination.scan("a")) == {"b"}
        assert set(await destination.scan("")) == {"a", "made"}
        assert await destination.scan("a/c") == {}
        assert await destination.scan("made") == {}
    assert looks == ["", "a/b", "a", "", "made"]


async def test_a_file_stored_during_a_scan_is_seen(tmp_path: Path, looks: Looks) -> None:
    async with LocalDestination(tmp_path, fsync="none") as destination:
        await destination.acquire(0)
        loop = asyncio.get_running_loop()
        looking, goes_on = asyncio.Event(), asyncio.Event()

        def meanwhile() -> None:
            loop.call_soon_threadsafe(looking.set)
            asyncio.run_coroutine_threadsafe(goes_on.wait(), loop).result(60)

        looks.meanwhile = meanwhile
        look = asyncio.create_task(destination.scan(""))
        await looking.wait()
        await destination.commit([staged("a/file")])
        looks.meanwhile = lambda: None
        goes_on.set()
        assert await look == {}
        assert set(await destination.scan("a")) == {"file"}


def test_beyond_the_limit_directories_are_scanned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "_MOST", 10)
    known = KnownEmpty()
    known.found_empty("")
    for number in range(8):
        known.fill(f"{number}")
    assert known.covers("9")
    known.fill("a/b")
    assert not known.covers("9")
