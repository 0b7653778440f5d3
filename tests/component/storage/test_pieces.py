"""A large directory is compared with its digest in pieces, with the same result as if it were compared as a whole."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from crawler.model import limits
from crawler.model.interfaces import Destination
from crawler.model.observer import Observer
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Known, Local, Span
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.reading import pieces as pieces_of_directory
from crawler.storage.objects import listing
from crawler.storage.objects.destination import ObjectDestination
from crawler.storage.objects.location import Location
from crawler.storage.state.store import SqliteState
from tests.contract.destination import SECOND, staged
from tests.support.fakes import FakeDestination, leaf_of

URL = "http://host/"
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = ["a", "a-", "a.b", "a0", "b", "ä", "\uffff", "\U0001f600"]
"""In the order of code points, which is not that of UTF-16."""
Change = Callable[[Path | MemoryStore, str], None]


class Told(Observer):
    def __init__(self) -> None:
        self.names: list[str] = []

    def all_unchanged(self, directory: str, files: object, reason: str) -> None:
        self.names += [each.name for each in files]  # type: ignore[attr-defined]


def digest_of(known: list[Known]) -> DirectoryDigest:
    builder = DirectoryDigestBuilder()
    builder.expect(len(known), more=True)
    for each in known:
        size, name = Span(each.size, each.size), each.path.rpartition("/")[2]
        entry = Entry(name=name, kind=Kind.FILE, url=each.url, size=size, modified=Span(BEFORE, BEFORE), row=each.row)
        builder.add(entry, None)
    return replace(leaf_of(builder), wishes="all")


async def kept(destination: Destination, state: SqliteState, path: str, digest: DirectoryDigest) -> list[str] | None:
    """The files that were reported as unchanged; None if the directory is not as its digest says."""
    told = Told()
    yes = dict.fromkeys(("allows", "allows_below"), lambda _url: True)
    unchanged = UnchangedDirectories(destination, state, told, wishes="all", **yes)
    is_kept = await unchanged.is_kept(path, digest)
    assert unchanged.files == len(told.names) == (digest.files if is_kept else 0)
    return told.names if is_kept else None


def opened(place: Path | MemoryStore) -> LocalDestination | ObjectDestination:
    return LocalDestination(place) if isinstance(place, Path) else ObjectDestination(place, Location("s3", "b", ""))


def write(place: Path | MemoryStore, path: str, body: bytes) -> None:
    if isinstance(place, Path):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(body)
    else:
        obstore.put(place, path, body)


def remove(place: Path | MemoryStore, path: str) -> None:
    if isinstance(place, Path):
        (place / path).unlink()
    else:
        obstore.delete(place, path)


CHANGES: dict[str, tuple[Change, bool]] = {
    "nothing": (lambda _place, _above: None, True),
    "the state knows more": (lambda _place, _above: None, False),
    "a file has another size": (lambda place, above: write(place, f"{above}a0", b"longer"), False),
    "a file is empty": (lambda place, above: write(place, f"{above}a0", b""), False),
    "a file is missing": (lambda place, above: remove(place, f"{above}b"), False),
    "the last file is missing": (lambda place, above: remove(place, f"{above}\U0001f600"), False),
    "there is one file more": (lambda place, above: write(place, f"{above}c", b"body"), False),
    "there is one file more at the end": (lambda place, above: write(place, f"{above}\U0001f700", b"body"), False),
    "there is a directory": (lambda place, above: write(place, f"{above}a-z/x", b"body"), False),
    "there is another mirror": (lambda place, above: write(place, f"{above}a-z/.crawler/lock", b"body"), False),
}


@pytest.mark.parametrize("above", ["", "sub/"])
@pytest.mark.parametrize("is_store", [False, True])
async def test_pieces_have_the_result_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, above: str, is_store: bool
) -> None:
    monkeypatch.setattr(pieces_of_directory, "_PIECE", 3)
    monkeypatch.setattr(listing, "_PIECE", 3)
    for number, (what, (change, is_same)) in enumerate(CHANGES.items()):
        place: Path | MemoryStore = MemoryStore() if is_store else tmp_path / str(number)
        if isinstance(place, MemoryStore):
            obstore.put(place, ".crawler/lock", b"held")
        async with opened(place) as destination:
            done = await destination.commit([staged(above + name) for name in NAMES])
        known = [replace(each, checked=time.time()) for each in done if isinstance(each, Known)]
        assert len(known) == len(NAMES)
        change(place, above)
        async with SqliteState(tmp_path / f"{number}.sqlite3") as state, opened(place) as destination:
            state.remember(known if what != "the state knows more" else [*known, replace(known[0], path=f"{above}a1")])
            found = []
            for most in (limits.FILES_AT_ONCE, 0):
                with monkeypatch.context() as patch:
                    patch.setattr(limits, "FILES_AT_ONCE", most)
                    found.append(await kept(destination, state, above.rstrip("/"), digest_of(known)))
        assert found == [NAMES if is_same else None] * 2, what


class Many(FakeDestination):
    """A destination with many files, which are made when they are asked for."""

    count = 10_000
    step = 500
    is_ordered = True

    async def files_in_pieces(self, _directory: str) -> AsyncGenerator[dict[str, Local], None]:
        for start in range(0, self.count, self.step)[:: 1 if self.is_ordered else -1]:
            yield {f"f{number:07}": Local(Kind.FILE, 4, SECOND) for number in range(start, start + self.step)}

    async def scan(self, directory: str) -> dict[str, Local]:
        return {name: local async for piece in self.files_in_pieces(directory) for name, local in piece.items()}


async def test_pieces_need_little_memory_and_disorder_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (f"f{number:07}" for number in range(Many.count))
    known = [Known(path=name, url=URL + name, row="4", size=4, mtime=SECOND, checked=time.time()) for name in files]
    digest, names = digest_of(known), [each.path for each in known]
    peaks = []
    async with SqliteState(tmp_path / "state.sqlite3") as state:
        state.remember(known)
        del known
        await state.count_files()
        for most in (limits.FILES_AT_ONCE, 0):
            monkeypatch.setattr(limits, "FILES_AT_ONCE", most)
            tracemalloc.start()
            assert await kept(Many(), state, "", digest) == names
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        monkeypatch.setattr(Many, "is_ordered", False)
        assert await kept(Many(), state, "", digest) is None
    assert peaks[1] < peaks[0] / 3
