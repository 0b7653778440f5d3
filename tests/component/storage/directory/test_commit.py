"""LocalDestination.commit: what is flushed when, what is kept in the trash, and what happens when the disk fails."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.model.errors import DestinationError
from crawler.model.values import Known
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.incoming.saver_process import DIRECTORIES, FILES
from crawler.storage.directory.trash import Trash
from crawler.storage.fd_limits import connection_budget, descriptor_budget, order_budget
from tests.binding import bindings
from tests.contract.destination import job, pattern, staged, stream
from tests.support import scratch

DAY = 86_400


class Trace:
    """The writes, flushes and renames of a run, in order, each with its inode."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[tuple[str, int]] = []
        self._follow(monkeypatch, "write", lambda fd, *_: os.fstat(fd).st_ino)
        self._follow(monkeypatch, "utime", lambda fd, *_, **__: os.fstat(fd).st_ino)
        self._follow(monkeypatch, "fsync", lambda fd: os.fstat(fd).st_ino)
        self._follow(monkeypatch, "rename", lambda old, _, *, src_dir_fd, **__: os.stat(old, dir_fd=src_dir_fd).st_ino)

    def _follow(self, monkeypatch: pytest.MonkeyPatch, name: str, inode: Callable[..., int]) -> None:
        call = getattr(os, name)

        def traced(*args: Any, **options: Any) -> Any:
            self.events.append((name, inode(*args, **options)))
            return call(*args, **options)

        monkeypatch.setattr(os, name, traced)

    def of(self, path: Path) -> list[str]:
        return [name for name, inode in self.events if inode == path.stat().st_ino]

    def last(self, name: str, path: Path) -> int:
        return max(i for i, event in enumerate(self.events) if event == (name, path.stat().st_ino))


async def commit_two_and_a_large_one(directory: Path, fsync: str) -> None:
    async with LocalDestination(directory, fsync=fsync) as destination:
        part = await destination.open_part(job("new/deep/large"))
        await stream(part, pattern(300_000))
        await part.finish()
        large = staged("new/deep/large", pattern(300_000), part=part.name)
        await destination.commit([staged("top"), staged("new/small"), large])


@pytest.mark.parametrize("fsync", ["batch", "file"])
async def test_data_is_flushed_before_its_name_and_names_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: str
) -> None:
    trace = Trace(monkeypatch)
    await commit_two_and_a_large_one(tmp_path, fsync)
    for name in "top", "new/small":
        assert trace.of(tmp_path / name) == ["write", "utime", "fsync", "rename"]
    assert trace.of(tmp_path / "new/deep/large")[-3:] == ["utime", "fsync", "rename"]
    for directory, holds in (("", "top"), ("new", "new/small"), ("new/deep", "new/deep/large")):
        assert trace.last("fsync", tmp_path / directory) > trace.last("rename", tmp_path / holds)


async def test_a_batch_starts_all_writes_before_it_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = Trace(monkeypatch)
    async with LocalDestination(tmp_path, fsync="batch") as destination:
        await destination.commit([staged(f"d/{i}") for i in range(100)])
    names = [name for name, _ in trace.events]
    assert names.index("fsync") > 99
    assert names.index("rename") > max(i for i, name in enumerate(names) if name == "write")
    assert names.count("fsync") == 102, "100 files, their directory, and DIR, in which that directory was created"


async def test_without_fsync_nothing_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace(monkeypatch)
    await commit_two_and_a_large_one(tmp_path, "none")
    assert "fsync" not in [name for name, _ in trace.events]
    assert (tmp_path / "new/small").read_bytes() == b"body"


class Broken:
    """Makes those calls of a function fail for whose number ``fails`` is true."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, error: int, fails: Callable[[int], bool]) -> None:
        self.calls = 0
        call = getattr(os, name)

        def broken(*args: Any, **options: Any) -> Any:
            self.calls += 1
            if fails(self.calls):
                raise OSError(error, os.strerror(error))
            return call(*args, **options)

        monkeypatch.setattr(os, name, broken)


@pytest.mark.parametrize("fsync", ["batch", "file"])
async def test_a_flush_that_failed_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: str
) -> None:
    async with LocalDestination(tmp_path, fsync=fsync) as destination:
        await destination.commit([staged("a", b"old"), staged("b", b"old")])
        with monkeypatch.context() as patch:
            broken = Broken(patch, "fsync", errno.EIO, lambda number: number == 2)
            with pytest.raises(DestinationError, match="input/output error") as caught:
                await destination.commit([staged("a", b"new"), staged("b", b"new")])
            assert broken.calls == 2
        assert (tmp_path / "b").read_bytes() == b"old"
        done = {known.path for known in caught.value.done}
        assert done == ({"a"} if fsync == "file" else set())
        assert (tmp_path / "a").read_bytes() == (b"new" if done else b"old")
        assert list((tmp_path / ".crawler/parts").iterdir()) == []


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        ("write", errno.ENOSPC, r"the disk is full \(no space left on device\): free some space"),
        ("write", errno.EDQUOT, "quota is used up"),
        ("open", errno.EROFS, "read-only"),
        ("rename", errno.EIO, "input/output error"),
        ("close", errno.EDQUOT, "quota is used up"),
    ],
)
async def test_a_full_disk_ends_the_run_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: int, text: str
) -> None:
    async with LocalDestination(tmp_path, fsync="none") as destination:
        part = await destination.open_part(job("large"))
        await stream(part, b"123")
        await part.finish()
        await destination.commit([staged("a", b"old")])
        items = [staged("a", b"new"), staged("b", b"new"), staged("large", b"123", part=part.name)]
        with monkeypatch.context() as patch:
            Broken(patch, call, error, lambda number: number == 2)
            with pytest.raises(DestinationError, match=text) as caught:
                await destination.commit(items)
        assert str(tmp_path) in str(caught.value)
        assert "\n" not in str(caught.value)
        for known in caught.value.done:
            assert (tmp_path / known.path).read_bytes() == b"new"
        assert not (tmp_path / "large").exists()
        assert list((tmp_path / ".crawler/parts").iterdir()) == []
        assert all(isinstance(known, Known) for known in await destination.commit(items[:2]))


async def test_partial_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, memoryview(data)[:1000]))
    body = pattern(300_000)
    async with LocalDestination(tmp_path, fsync="none") as destination:
        part = await destination.open_part(job("large"))
        await stream(part, body)
        await part.finish()
        await destination.commit([staged("large", body, part=part.name), staged("small", body[:5000])])
    assert (tmp_path / "large").read_bytes() == body
    assert (tmp_path / "small").read_bytes() == body[:5000]


async def test_a_file_over_the_size_limit_fails_alone(tmp_path: Path) -> None:
    program = """
import asyncio, resource, sys
from pathlib import Path
from tests.component.storage.directory.test_commit import LocalDestination, job, staged
from crawler.model.errors import FetchError

async def main():
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
    async with LocalDestination(Path(sys.argv[1]), fsync="batch") as destination:
        large, small = await destination.commit([staged("large", b"x" * 6000), staged("small")])
        part = await destination.open_part(job("stream"))
        await part.write(b"x" * 300_000)
        try:
            await part.finish()
        except FetchError as error:
            assert not error.retryable
            await part.discard()
            print(large, "|", small.path, "|", error)

asyncio.run(main())
"""
    output = run_program(program, tmp_path)
    large, small, streamed = output.split(" | ")
    assert "too large" in large
    assert "too large" in streamed
    assert small == "small"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".crawler", "small"]
    assert list((tmp_path / ".crawler/parts").iterdir()) == []


def run_program(program: str, *arguments: object) -> str:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, cwd=Path(__file__).parents[4], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("limit", [26, 48])
async def test_few_descriptors_are_enough(limit: int) -> None:
    program = """
import asyncio, os, resource, sys
from pathlib import Path
from tests.component.storage.directory.test_commit import LocalDestination, Known, staged

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]),) * 2)
    paths = [f"d{i % 60}/e{i % 7}/f{i}" for i in range(600)]
    async with LocalDestination(Path(sys.argv[1]), fsync="batch", trash_seconds=99) as destination:
        await destination.acquire(0)
        for _ in "new", "replaced":
            outcomes = await destination.commit([staged(path) for path in paths])
            assert all(isinstance(outcome, Known) for outcome in outcomes), outcomes
        assert len(await destination.walk_local("")) == 600 + 60 + 420
    print(len(os.listdir("/proc/self/fd")))

asyncio.run(main())
"""
    with scratch.directory() as directory:
        assert int(run_program(program, directory, limit)) < 15


async def test_without_descriptors_the_run_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LocalDestination(tmp_path, fsync="batch") as destination:
        await destination.acquire(0)
        with monkeypatch.context() as patch:
            Broken(patch, "open", errno.EMFILE, lambda number: number > 0)
            with pytest.raises(DestinationError, match="too many open files"):
                await destination.commit([staged("a")])
        assert isinstance((await destination.commit([staged("a")]))[0], Known)


@pytest.mark.parametrize("limit", [16, 48, 256, 1024, 1 << 20])
def test_the_budget_leaves_most_descriptors_to_the_network(limit: int) -> None:
    directories, files = descriptor_budget(limit)
    assert 2 <= directories <= 64
    assert 4 <= files <= 256
    assert limit < 40 or 2 * directories + files <= limit // 2
    rest = limit - 2 * directories - files - 2 * connection_budget(limit)
    assert limit < 48 or rest >= 20, "standard streams, the loop, the state, the lock"
    ordered, places = order_budget(limit)
    assert 4 <= ordered <= FILES, "of which the process can answer"
    assert 2 <= places <= min(DIRECTORIES, limit // 4), "which it can receive"
    assert ordered + places <= limit * 5 // 8, "of the process that stores them"


# --- trash ----------------------------------------------------------------------------------------


def trashed(directory: Path) -> dict[str, bytes]:
    """Content of the trash: path below the day → bytes."""
    root = directory / ".crawler/trash"
    files = [path for path in root.rglob("*") if not path.is_dir()]
    return {"/".join(path.relative_to(root).parts[1:]): path.read_bytes() for path in files}


async def test_replaced_and_deleted_files_are_kept_in_the_trash(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path, fsync="batch", trash_seconds=DAY) as destination:
        await destination.commit([staged("a/x", b"1"), staged("a/y", b"y")])
        await destination.commit([staged("a/x", b"2")])
        await destination.commit([staged("a/x", b"3")])
        assert await destination.delete(["a/x", "a/y", "a"]) == [None] * 3
        assert await destination.scan("") == {}
    assert trashed(tmp_path) == {"a/x": b"1", "a/x~1": b"2", "a/x~2": b"3", "a/y": b"y"}


async def test_a_name_of_maximum_length_fits_in_the_trash_twice(tmp_path: Path) -> None:
    name = "ü" * 127
    async with LocalDestination(tmp_path, fsync="none", trash_seconds=DAY) as destination:
        for body in b"1", b"2", b"3":
            await destination.commit([staged(name, body)])
    assert sorted(trashed(tmp_path).values()) == [b"1", b"2"]


async def test_without_hard_links_the_trash_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    async with LocalDestination(tmp_path, fsync="none", trash_seconds=DAY) as destination:
        await destination.commit([staged("x", pattern(3_000_000))])
        Broken(monkeypatch, "link", errno.EPERM, lambda number: number > 0)
        outcomes = await destination.commit([staged("x", b"2"), staged("link", b"2")])
    assert all(isinstance(outcome, Known) for outcome in outcomes)
    [day] = (tmp_path / ".crawler/trash").iterdir()
    assert (day / "x").read_bytes() == pattern(3_000_000)
    assert (day / "x").stat().st_mtime == 1_700_000_000
    assert os.readlink(day / "link") == "nowhere"


async def test_a_file_that_cannot_go_to_the_trash_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LocalDestination(tmp_path, fsync="none", trash_seconds=DAY) as destination:
        await destination.commit([staged("x", b"1")])
        Broken(monkeypatch, "link", errno.EACCES, lambda number: number > 0)
        [reason] = await destination.commit([staged("x", b"2")])
        [stays] = await destination.delete(["x"])
    assert isinstance(reason, str)
    assert stays
    assert (tmp_path / "x").read_bytes() == b"1"


def test_the_trash_is_emptied_by_day(tmp_path: Path) -> None:
    root = tmp_path / ".crawler/trash"
    now = 1_700_000_000  # 2023-11-14
    for day in ("2023-11-09", "2023-11-10", "2023-11-11", "2023-11-14", "not a day", "2023-11-09~"):
        (root / day / "sub").mkdir(parents=True)
        (root / day / "sub/file").touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").touch()
    (root / "2023-11-09/link").symlink_to(outside)
    (root / "2023-11-08").symlink_to(outside)
    home = os.open(root.parent, os.O_RDONLY)
    trash = Trash(home, seconds=4 * DAY)
    trash.empty(now)
    trash.close()
    os.close(home)
    left = sorted(path.name for path in root.iterdir())
    assert left == ["2023-11-08", "2023-11-09~", "2023-11-10", "2023-11-11", "2023-11-14", "not a day"]
    assert (outside / "victim").exists()


async def test_leaving_removes_old_files_from_the_trash(tmp_path: Path) -> None:
    today = time.strftime("%Y-%m-%d", time.gmtime())
    for day in "2001-01-01", today:
        (tmp_path / ".crawler/trash" / day).mkdir(parents=True)
    async with LocalDestination(tmp_path, fsync="none", trash_seconds=2 * DAY) as destination:
        await destination.acquire(0)
    assert [path.name for path in (tmp_path / ".crawler/trash").iterdir()] == [today]


async def test_without_trash_nothing_is_kept(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path, fsync="none") as destination:
        await destination.commit([staged("x", b"1")])
        await destination.commit([staged("x", b"2")])
        await destination.delete(["x"])
    assert not (tmp_path / ".crawler/trash").exists()


async def test_a_file_whose_time_is_out_of_range_is_saved(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path) as destination:
        (known,) = await destination.commit([replace(staged("x", b"12"), mtime=10**30)])
        assert isinstance(known, Known)
        assert known.mtime == (tmp_path / "x").stat().st_mtime_ns
    assert (tmp_path / "x").read_bytes() == b"12"


async def test_a_mounted_file_keeps_its_time(tmp_path: Path) -> None:
    mirror, other = tmp_path / "mirror", tmp_path / "other"
    other.touch()
    async with LocalDestination(mirror) as destination:
        await destination.commit([staged("a")])
        with bindings() as made:
            made.bind(other, mirror / "a")
            local = (await destination.scan(""))["a"]
            assert await destination.set_time("a", local, 5 * DAY) is None
            assert other.stat().st_mtime_ns == local.mtime


@pytest.mark.parametrize("link", [os.link, os.symlink])
async def test_a_file_with_other_names_keeps_its_time(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    """Hard links may belong to a snapshot, and symbolic links are not followed."""
    mirror, other = tmp_path / "mirror", tmp_path / "other"
    async with LocalDestination(mirror) as destination:
        await destination.commit([staged("a")])
        local = (await destination.scan(""))["a"]
        os.rename(mirror / "a", other)
        link(other, mirror / "a")
        assert await destination.set_time("a", local, 5 * DAY) is None
        await destination.commit([staged("b")])
        assert await destination.set_time("b", local, 10**30) is None, "out of range for the system"
    assert other.stat().st_mtime_ns == local.mtime
