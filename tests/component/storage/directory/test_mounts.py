"""LocalDestination: bind mounts from the same file system stay, whether made before, during or after a scan."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.model.values import Known
from crawler.storage.directory.boundaries.mounts import Mounts
from crawler.storage.directory.boundaries.spared import MOUNT
from crawler.storage.directory.destination import LocalDestination
from tests.binding import Bindings, bindings
from tests.contract.destination import staged, stream

NAMES = ["plain", "with blank", "tab\there", "line\nbreak", "back\\slash", "ünï", os.fsdecode(b"\xff\xfe"), "#x"]


@pytest.fixture
def bound() -> Iterator[Bindings]:
    with bindings() as made:
        yield made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory outside DIR, on the same file system."""
    folder = tmp_path / "elsewhere"
    (folder / "deep").mkdir(parents=True)
    (folder / "precious").write_bytes(b"precious")
    (folder / "deep" / "precious").write_bytes(b"precious")
    return folder


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "dir").mkdir()
    return tmp_path / "dir"


def is_whole(source: Path) -> bool:
    return [(source / name).read_bytes() for name in ("precious", "deep/precious")] == [b"precious"] * 2


def key(name: str) -> str:
    """A file name in the program's own form, which does not depend on the locale."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


async def test_bind_mounted_directories_and_files_of_any_name_stay(
    directory: Path, source: Path, bound: Bindings
) -> None:
    for name in NAMES:
        (directory / "gone" / f"{name} d").mkdir(parents=True)
        (directory / "gone" / f"{name} f").touch()
        bound.bind(source, directory / "gone" / f"{name} d")
        bound.bind(source / "precious", directory / "gone" / f"{name} f")
    (directory / "gone" / "file").touch()
    async with LocalDestination(directory, trash_seconds=86400.0) as destination:
        await destination.acquire(0)
        found = await destination.scan("gone")
        points = {f"gone/{key(name)} {kind}" for name in NAMES for kind in "df"}
        assert {f"gone/{name}" for name, local in found.items() if local.spared == MOUNT} == points
        assert [path for path, _, _ in await destination.walk_local("gone")] == ["gone/file"]
        assert destination.spared() == dict.fromkeys(points, MOUNT)
        assert await destination.delete([*sorted(points), "gone/file"]) == [f"it is {MOUNT}"] * len(points) + [None]
    assert is_whole(source)


async def test_a_bind_mounted_directory_is_not_walked(directory: Path, source: Path, bound: Bindings) -> None:
    (directory / "gone").mkdir()
    bound.bind(source, directory / "gone")
    async with LocalDestination(directory) as destination:
        assert await destination.walk_local("gone") == []
        assert destination.spared() == {"gone": MOUNT}


@pytest.mark.parametrize("when", ["after the start", "after the look", "after the walk"])
@pytest.mark.parametrize("point", ["gone", "gone/deep"])
async def test_a_bind_mount_made_during_a_run_stays(
    directory: Path, source: Path, bound: Bindings, when: str, point: str
) -> None:
    for path in ("gone/deep/precious", "gone/precious"):
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(b"old")
    async with LocalDestination(directory) as destination:
        await destination.acquire(0)
        if when == "after the start":
            bound.bind(source, directory / point)
        assert (await destination.scan(""))["gone"].spared == (
            MOUNT if when == "after the start" and point == "gone" else ""
        )
        await destination.scan("gone")
        if when == "after the look":
            bound.bind(source, directory / point)
        walked = [path for path, _, _ in await destination.walk_local("gone")]
        if when == "after the walk":
            bound.bind(source, directory / point)
            assert "gone/deep/precious" in walked
        else:
            assert not [path for path in walked if path.startswith(point)]
        every = ["gone/deep/precious", "gone/precious", "gone/deep", "gone"]
        reasons = dict(zip(every, await destination.delete(every), strict=True))
        for path in every:
            if path == point or path.startswith(f"{point}/"):
                assert reasons[path] is not None
    assert is_whole(source)
    assert (directory / "gone" / "precious").exists() == (point == "gone")


async def test_files_that_were_hidden_by_a_mount_stay(directory: Path, source: Path, bound: Bindings) -> None:
    (directory / "listed").mkdir()
    (directory / "listed" / "precious").write_bytes(b"below the mount")
    bound.bind(source, directory / "listed")
    async with LocalDestination(directory) as destination:
        await destination.acquire(0)
        await destination.scan("listed")
        bound.unbind(directory / "listed")
        assert await destination.delete(["listed/precious"]) == ["listed was mounted or unmounted during the run"]
    assert (directory / "listed" / "precious").read_bytes() == b"below the mount"


async def test_a_bind_mounted_directory_receives_files_and_a_mounted_file_is_not_replaced(
    directory: Path, source: Path, bound: Bindings
) -> None:
    (directory / "listed").mkdir()
    (directory / "file").touch()
    bound.bind(source, directory / "listed")
    bound.bind(source / "precious", directory / "file")
    async with LocalDestination(directory, trash_seconds=86400.0) as destination:
        await destination.acquire(0)
        part = await destination.open_part(staged("listed/new/large").job)
        await stream(part, b"large" * 1000)
        await part.finish()
        large = staged("listed/new/large", b"large" * 1000, part=part.name)
        small, refused, other = await destination.commit(
            [staged("listed/precious", b"new"), staged("file", b"new"), large]
        )
        assert isinstance(small, Known)
        assert isinstance(other, Known)
        assert refused == "a mount point is in its place, and mount points are never replaced"
        assert await destination.delete(["listed/new/large", "listed/new"]) == [None, None]
    assert (source / "precious").read_bytes() == b"new"
    assert (directory / "file").read_bytes() == b"precious"
    assert sorted(path.name for path in source.iterdir()) == ["deep", "precious"]
    kept = [path.read_bytes() for path in (directory / ".crawler" / "trash").rglob("*") if path.is_file()]
    assert sorted(kept) == [b"large" * 1000, b"precious"]
    assert not list((directory / ".crawler" / "parts").iterdir())


async def test_a_bind_mount_in_the_trash_stays_when_it_is_emptied(
    directory: Path, source: Path, bound: Bindings
) -> None:
    day = directory / ".crawler" / "trash" / "2001-01-01"
    (day / "bound").mkdir(parents=True)
    (day / "file").touch()
    (day / "link").symlink_to("/nowhere")
    bound.bind(source, day / "bound")
    async with LocalDestination(directory, trash_seconds=86400.0) as destination:
        await destination.acquire(0)
    assert is_whole(source)
    assert [path.name for path in day.iterdir()] == ["bound"]


def test_without_mountinfo_no_mounts_are_known(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        for path in ("missing", "."):
            mounts = Mounts(str(tmp_path / path))
            for _ in range(2):
                mounts.refresh(descriptor)
            status = os.fstat(descriptor)
            assert mounts.names((status.st_dev, status.st_ino)) == frozenset()
            assert mounts.moved("x") is None
            mounts.close()
    finally:
        os.close(descriptor)
