"""Parts of large bodies: which are resumed, and what a cancelled or killed run leaves."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from crawler.model import limits
from crawler.model.values import Known, Validators
from crawler.storage.directory.destination import LocalDestination
from tests.contract.destination import FOREIGN, STRONG, job, pattern, sha256, staged, stream

BODY = pattern(600_000)


def parts(directory: Path) -> list[Path]:
    return sorted((directory / ".crawler/parts").iterdir())


async def leave_a_part(directory: Path, path: str = "x", body: bytes = BODY[:400_000]) -> tuple[Path, Path]:
    """Leave the part and note of an interrupted run; returns their paths."""
    async with LocalDestination(directory, fsync="none") as destination:
        part = await destination.open_part(job(path))
        await stream(part, body)
        await part.keep()
        return directory / ".crawler/parts" / part.name, directory / ".crawler/parts" / f"{part.name}.json"


async def offered(directory: Path, path: str = "x") -> int:
    """The offset in bytes from which the next run resumes. Completes the file as well, which must work in any case."""
    async with LocalDestination(directory, fsync="none") as destination:
        await destination.acquire(0)
        part = await destination.open_part(job(path))
        offset = part.offset
        assert bool(part.validators) == bool(offset)
        await stream(part, BODY[offset:])
        assert await part.finish() == sha256(BODY)
        [known] = await destination.commit([staged(path, BODY, part=part.name)])
        assert isinstance(known, Known)
    assert (directory / path).read_bytes() == BODY
    assert parts(directory) == []
    return offset


async def test_a_note_has_version_length_and_digest(tmp_path: Path) -> None:
    part, note = await leave_a_part(tmp_path, "日本/x")
    assert json.loads(note.read_text()) == {
        "url": "http://host/日本/x",
        "path": "日本/x",
        "etag": '"v1"',
        "last_modified": None,
        "offset": 400_000,
        "digest": sha256(BODY[:400_000]).partition(":")[2],
    }
    assert part.read_bytes() == BODY[:400_000]
    assert await offered(tmp_path, "日本/x") == 400_000


async def test_bytes_beyond_the_note_are_truncated(tmp_path: Path) -> None:
    part, _ = await leave_a_part(tmp_path)
    with part.open("ab") as file:
        file.write(b"written, but not noted before the power went")
    assert await offered(tmp_path) == 400_000


@pytest.mark.parametrize(
    "change",
    [
        {"offset": 399_999},
        {"offset": 400_001},
        {"offset": 0},
        {"offset": -1},
        {"offset": True},
        {"offset": "400000"},
        {"digest": "00"},
        {"digest": None},
        {"path": "y"},
        {"url": "http://other/x"},
        {"etag": 1},
        {"surplus": 1},
    ],
)
async def test_a_part_that_disagrees_with_its_note_is_not_resumed(tmp_path: Path, change: dict[str, Any]) -> None:
    _, note = await leave_a_part(tmp_path)
    note.write_text(json.dumps({**json.loads(note.read_text()), **change}))
    assert await offered(tmp_path) == 0


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"url": "x"}', b"\0" * 4096, b"[" * 60_000, b"\xff\xfe"])
async def test_a_damaged_note_counts_as_none(tmp_path: Path, text: bytes) -> None:
    _, note = await leave_a_part(tmp_path)
    note.write_bytes(text)
    assert await offered(tmp_path) == 0


@pytest.mark.parametrize("damage", ["other bytes", "shorter", "empty", "gone", "note gone"])
async def test_a_damaged_part_is_not_resumed(tmp_path: Path, damage: str) -> None:
    part, note = await leave_a_part(tmp_path)
    match damage:
        case "other bytes":
            part.write_bytes(b"\0" * 400_000)
        case "shorter":
            os.truncate(part, 399_999)
        case "empty":
            os.truncate(part, 0)
        case "gone":
            part.unlink()
        case "note gone":
            note.unlink()
    assert await offered(tmp_path) == 0


@pytest.mark.parametrize("plant", ["symlink", "hard link", "fifo", "folder"])
async def test_a_planted_part_is_never_written_to(tmp_path: Path, plant: str) -> None:
    part, _ = await leave_a_part(tmp_path / "dir")
    victim = tmp_path / "victim"
    part.rename(victim)
    match plant:
        case "symlink":
            part.symlink_to(victim)
        case "hard link":
            part.hardlink_to(victim)
        case "fifo":
            os.mkfifo(part)
        case "folder":
            part.mkdir()
    async with LocalDestination(tmp_path / "dir", fsync="none") as destination:
        await destination.acquire(0)
        opened = await destination.open_part(job("x"))
        assert opened.offset == 0
        await opened.discard()
    assert victim.read_bytes() == BODY[:400_000]


async def test_parts_without_proof_are_removed_at_the_start(tmp_path: Path) -> None:
    kept = await leave_a_part(tmp_path)
    for name in ("alone.part", "f00.part.json", "x.part.json.new", "0123.1.part", "strange \udcff"):
        (tmp_path / ".crawler/parts" / name).touch()
    async with LocalDestination(tmp_path, fsync="none") as destination:
        await destination.acquire(0)
        assert parts(tmp_path) == sorted(kept)


async def test_parts_of_files_that_are_gone_are_removed(tmp_path: Path) -> None:
    wanted = await leave_a_part(tmp_path, "wanted")
    await leave_a_part(tmp_path, "gone")
    async with LocalDestination(tmp_path, fsync="none") as destination:
        await destination.acquire(0)
        await destination.clean_parts({"wanted", "another"})
        assert not destination.has_part("gone")
        assert destination.has_part("wanted")
    assert parts(tmp_path) == sorted(wanted)


async def test_a_part_that_was_closed_when_the_run_was_cancelled_is_kept(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path, fsync="file") as destination:
        part = await destination.open_part(job("x"))
        await stream(part, BODY)
        await part.finish()
        await part.keep()
    assert await offered(tmp_path) == len(BODY)


async def test_a_long_name_has_a_part_with_a_short_name(tmp_path: Path) -> None:
    path = "ü" * 127 + "/" + "x" * 255
    await leave_a_part(tmp_path, path)
    assert await offered(tmp_path, path) == 400_000


async def test_without_digests_no_part_can_be_resumed(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path, fsync="none", digests=False) as destination:
        part = await destination.open_part(job("x"))
        await stream(part, BODY)
        await part.keep()
        assert parts(tmp_path) == []


async def test_a_part_of_a_run_with_digests_is_not_resumed_without(tmp_path: Path) -> None:
    await leave_a_part(tmp_path)
    async with LocalDestination(tmp_path, fsync="none", digests=False) as destination:
        part = await destination.open_part(job("x"))
        assert part.offset == 0
        assert parts(tmp_path) == []
        await stream(part, BODY[:300_000], 300_000)
        await part.wait_for_write()
        assert len(parts(tmp_path)) == 1


@pytest.mark.parametrize("fsync", ["none", "batch"])
async def test_checkpoints_survive_a_killed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: str) -> None:
    monkeypatch.setattr(limits, "CHECKPOINT_BYTES", 300_000)
    copy = tmp_path / "copy"
    async with LocalDestination(tmp_path / "dir", fsync=fsync) as destination:
        part = await destination.open_part(job("x"))
        await stream(part, BODY[:550_000], 100_000)
        await part.wait_for_write()
        (copy / ".crawler/parts").mkdir(parents=True)
        for file in parts(tmp_path / "dir"):
            (copy / ".crawler/parts" / file.name).write_bytes(file.read_bytes())
        await part.discard()
    assert await offered(copy) == 300_000


async def test_a_checkpoint_of_what_was_taken_back_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the note of a killed run would not fit its part, all of which would be requested again."""
    kept = 200_000
    monkeypatch.setattr(limits, "CHECKPOINT_BYTES", 100_000)
    copy = tmp_path / "copy"
    async with LocalDestination(tmp_path / "dir", fsync="none") as destination:
        part = await destination.open_part(job("x"))
        await stream(part, BODY[:kept] + FOREIGN + bytes(150_000), 400_000)
        await part.wait_for_write()
        assert json.loads(parts(tmp_path / "dir")[-1].read_text())["offset"] > kept
        await part.rewind()
        await stream(part, BODY[kept : kept + 50_000])
        await part.wait_for_write()
        (copy / ".crawler/parts").mkdir(parents=True)
        for file in parts(tmp_path / "dir"):
            (copy / ".crawler/parts" / file.name).write_bytes(file.read_bytes())
        await part.discard()
    assert await offered(copy) == kept


async def test_a_version_that_cannot_be_resumed_has_no_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHECKPOINT_BYTES", 1)
    async with LocalDestination(tmp_path, fsync="none") as destination:
        part = await destination.open_part(job("x"))
        part.note(Validators())
        for _ in range(3):
            await part.write(BODY[:300_000])
        await part.finish()
        assert [path.suffix for path in parts(tmp_path)] == [".part"]


async def test_a_body_takes_one_thread_hop_per_buffer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hops, submit = 0, ThreadPoolExecutor.submit

    def counted(*args: Any) -> Any:
        nonlocal hops
        hops += 1
        return submit(*args)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", counted)
    async with LocalDestination(tmp_path, fsync="none") as destination:
        part = await destination.open_part(job("x"))
        hops = 0
        for _ in range(16 * 10):
            await part.write(b"x" * (limits.BODY_CHUNK // 16))
        await part.finish()
        assert hops == 10 + 1, "ten buffers, and closing"
        hops = 0
        await destination.commit([staged(f"d{i}/x") for i in range(500)])
        assert hops == 1


class SlowDisk:
    """A disk whose writes block until a test releases them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waiting, self.go = threading.Event(), threading.Event()
        write = os.write

        def slow(descriptor: int, data: bytes) -> int:
            self.waiting.set()
            assert self.go.wait(60)
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", slow)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    disk = SlowDisk(monkeypatch)
    yield disk
    disk.go.set()


@pytest.mark.parametrize("end", ["keep", "discard", "nothing"])
async def test_a_cancelled_download_leaves_no_gap_and_no_stray_write(tmp_path: Path, slow: SlowDisk, end: str) -> None:
    async def download(destination: LocalDestination) -> None:
        part = await destination.open_part(job("x"))
        try:
            await stream(part, BODY, 100_000)
        finally:
            if end == "keep":
                await part.keep()
            elif end == "discard":
                await part.discard()

    async with LocalDestination(tmp_path, fsync="none") as destination:
        task = asyncio.create_task(download(destination))
        await asyncio.to_thread(slow.waiting.wait, 10)
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        slow.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert bool(parts(tmp_path)) == (end == "keep")
    assert await offered(tmp_path) == (600_000 if end == "keep" else 0)


async def test_leaving_waits_for_threads_and_removes_abandoned_parts(tmp_path: Path, slow: SlowDisk) -> None:
    async with LocalDestination(tmp_path, fsync="none") as destination:
        part = await destination.open_part(job("x"))
        await part.write(BODY)
        opening = asyncio.create_task(destination.open_part(job("y")))
        await asyncio.sleep(0)
        opening.cancel()
        threading.Timer(0.05, slow.go.set).start()
    assert parts(tmp_path) == []
    assert part.offset == len(BODY)


async def test_an_abandoned_part_with_a_checkpoint_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHECKPOINT_BYTES", 1)
    async with LocalDestination(tmp_path, fsync="none") as destination:
        part = await destination.open_part(job("x"))
        part.note(STRONG)
        await part.write(BODY[:300_000])
        await part.write(BODY[300_000:])
    assert [path.name.partition(".part")[2] for path in parts(tmp_path)] == ["", ".json"]
    assert await offered(tmp_path) in (300_000, 600_000)
