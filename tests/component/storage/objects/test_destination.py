"""The particular features of object stores: large bodies, versions, clashing names, other mirrors."""

from __future__ import annotations

import hashlib

import obstore
import pytest
from obstore.store import MemoryStore

from crawler.model.errors import DestinationError
from crawler.model.interfaces import UNREAD
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Kind, Known, Local, Span
from crawler.storage.objects import large_body
from crawler.storage.objects.destination import ObjectDestination
from crawler.storage.objects.listing import MARK, arrange
from crawler.storage.objects.location import Location
from tests.contract.destination import STRONG, job, pattern, sha256, staged

WHERE = Location("s3", "memory", "")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def names(store: MemoryStore) -> list[str]:
    return sorted(item["path"] for chunk in obstore.list(store) for item in chunk)


async def test_a_large_body_appears_with_the_commit_or_not_at_all(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_body, "PART", 1 << 20)
    body = pattern(5 << 20)
    wanted = replace(job("d/x"), digest=sha256(body), size=Span(len(body), len(body)))
    async with ObjectDestination(store, WHERE) as destination:
        for end in ("discard", "restart", "keep", "commit", "left"):
            part = await destination.open_part(wanted)
            part.note(STRONG)
            part.expect(5 * 10**9, ["md5:00"])
            for start in range(0, len(body), 100_000):
                await part.write(body[start : start + 100_000])
            assert await part.finish() == sha256(body)
            assert await part.matches(f"md5:{hashlib.md5(body).hexdigest()}"), "it was expected"
            assert not await part.matches(f"sha512:{hashlib.sha512(body).hexdigest()}"), "it cannot be read again"
            if end == "commit":
                assert names(store) == []
                [known] = await destination.commit([staged("d/x", body, part=part.name)])
                assert isinstance(known, Known)
                assert (await destination.scan("d"))["x"].version == known.version
            elif end == "discard":
                await part.discard()
            elif end == "restart":
                await part.restart()
                assert part.offset == 0
            elif end == "keep":
                await part.keep()
                assert not destination.has_part("d/x")
    assert names(store) == ["d/x"]
    got = obstore.get(store, "d/x")
    assert bytes(got.bytes()) == body
    assert (got.attributes["mtime"], got.attributes["sha256"]) == ("5", sha256(body)[7:])


async def test_a_scan_has_versions_and_an_inspection_has_times(store: MemoryStore) -> None:
    async with ObjectDestination(store, WHERE) as destination:
        [known] = await destination.commit([replace(staged("a/x", b"12"), mtime=7 * 10**9)])
        obstore.put(store, "a/foreign", b"1")
        found = await destination.scan("a")
        assert isinstance(known, Known)
        assert found["x"] == Local(Kind.FILE, 2, UNREAD, version=known.version)
        asked = await destination.inspect("a", ["x", "foreign", "absent"])
        assert asked.keys() == {"x", "foreign"}
        assert asked["x"] == Local(Kind.FILE, 2, 7 * 10**9, version=known.version)
        assert asked["foreign"].mtime > 1_700_000_000 * 10**9, "that of its writing"
        assert (await destination.inspect("", ["a"]))["a"].kind is Kind.DIRECTORY


async def test_of_a_file_and_a_directory_of_one_name_by_others_the_file_is_shown(store: MemoryStore) -> None:
    for key in ("x", "x/in"):
        obstore.put(store, key, b"1")
    async with ObjectDestination(store, WHERE) as destination:
        assert (await destination.scan(""))["x"].kind is Kind.FILE
        [outcome] = await destination.commit([staged("x/new")])
        assert outcome == Reason.FILE_IN_THE_WAY
        assert await destination.delete(["x"]) == [None]
    async with ObjectDestination(store, WHERE) as destination:
        [known] = await destination.commit([staged("x/new")])
        assert isinstance(known, Known)
    assert names(store) == ["x/in", "x/new"]


async def test_another_mirror_below_the_prefix_is_left_alone(store: MemoryStore) -> None:
    for key in ("d/a", "d/other/.crawler/lock", "d/other/b", "d/other/c/d", ".crawler/lock"):
        obstore.put(store, key, b"1")
    async with ObjectDestination(store, WHERE) as destination:
        assert list(await destination.scan("")) == ["d"]
        assert list(await destination.scan("d/other")) == ["c", "b"]
        assert destination.owner("d/other/c") == "d/other"
        assert [path for path, _, _ in await destination.walk_local("d")] == ["d/a"]
        assert destination.spared() == {"d/other": "part of another mirror, the one in d/other"}
        reasons = await destination.delete(["d/other/b", "d/a", "d/other/c/d"])
        assert [reason is None for reason in reasons] == [False, True, False]
        [outcome] = await destination.commit([staged("d/other/new")])
        assert outcome == "belongs to another mirror, the one in d/other"
    assert names(store) == [".crawler/lock", "d/other/.crawler/lock", "d/other/b", "d/other/c/d"]


async def test_nothing_is_written_without_the_lock(store: MemoryStore) -> None:
    def lost() -> None:
        raise DestinationError("its lock is lost")

    async with ObjectDestination(store, WHERE, lost) as destination:
        for attempt in (destination.commit([staged("x")]), destination.delete(["x"])):
            with pytest.raises(DestinationError, match="its lock is lost"):
                await attempt
        assert await destination.scan("") == {}


def test_what_may_be_deleted_is_told_from_marks_and_other_mirrors() -> None:
    files = {"d": 0, "d/a": 1, "d/sub": 0, "d/sub/b": 2, "d/empty": 0, "d/m/.crawler/lock": 9, "d/m/x": 1, "d/m/y/z": 1}
    rows, spared = arrange(files, "d", {"d/made", "other"})
    assert rows == [
        ("d/a", Kind.FILE, 1), ("d/sub/b", Kind.FILE, 2), ("d/empty", Kind.FILE, 0), ("d/made", Kind.DIRECTORY, 0),
    ]  # fmt: skip
    assert spared == {"d": MARK, "d/sub": MARK, "d/m": "part of another mirror, the one in d/m"}
    rows, spared = arrange({".crawler/lock": 1, "a/b/c": 1}, "", set())
    assert rows == [("a/b/c", Kind.FILE, 1), ("a/b", Kind.DIRECTORY, 0), ("a", Kind.DIRECTORY, 0)]
    assert not spared


async def test_a_directory_that_another_program_marked_belongs_to_this_mirror(store: MemoryStore) -> None:
    for path in ("d/sub/", "d/sub/mine", "d/m/.crawler/lock", "d/m/x"):
        obstore.put(store, path, b"" if path.endswith("/") else b"x")
    async with ObjectDestination(store, WHERE) as destination:
        rows = await destination.walk_local("d")
        assert ("d/sub/mine", Kind.FILE, 1) in rows
        assert (destination.owner("d/sub"), destination.owner("d/m")) == (None, "d/m")
        await destination.delete(["d/sub/mine"])
    assert "d/sub/mine" not in names(store)
