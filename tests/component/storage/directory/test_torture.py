"""Every call to the operating system fails once, one per run, as in curl's torture tests."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from crawler.model import limits
from crawler.model.errors import DestinationError, FetchError
from crawler.model.values import Known
from crawler.storage.directory.destination import LocalDestination
from tests.contract.destination import job, pattern, sha256, staged, stream
from tests.support import scratch

CALLS = """
    open close read write fsync fstat utime posix_fadvise stat rename mkdir rmdir unlink link listdir scandir
    ftruncate pwrite fstatvfs
"""
ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EMFILE, errno.ENOENT)
OLD, NEW = pattern(2000), pattern(700_000)
FILES = {
    "small": (b"old", b"new small"),
    "sub/first": (None, b"new first"),
    "sub/deep/second": (None, b"new second"),
    "large": (OLD, NEW),
}
"""Path → content before and after."""


class Disk:
    """Counts the calls of ``crawler.storage.directory`` to ``os``, and makes one of them fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.failing = -1
        self.error = 0
        self.failed = ""
        for name in CALLS.split():
            monkeypatch.setattr(os, name, self._counting(name, getattr(os, name)))

    def _counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            if not sys._getframe(1).f_globals["__name__"].startswith("crawler.storage.directory"):
                return call(*args, **options)
            self.count += 1
            if self.count != self.failing:
                return call(*args, **options)
            self.failed = name
            if name == "close":  # Linux releases the descriptor even if closing reports an error
                call(*args)
            raise OSError(self.error, os.strerror(self.error))

        return counted

    def fail(self, number: int, error: int) -> None:
        self.count, self.failing, self.error, self.failed = 0, number, error, ""


async def prepare(directory: Path) -> None:
    async with LocalDestination(directory, fsync="none") as destination:
        await destination.acquire(0)
        await destination.commit([staged(path, old) for path, (old, _) in FILES.items() if old is not None])
        await destination.commit([staged("gone/1"), staged("gone/2")])
        for path in "large", "other":
            part = await destination.open_part(job(path))
            await stream(part, NEW[:300_000])
            await part.keep()
    old = directory / ".crawler/trash/2001-01-01"  # emptied at the end
    old.mkdir(parents=True)
    (old / "file").touch()


async def run(directory: Path, reported: dict[str, Known | str]) -> None:
    """Use every method once; ``reported`` receives the outcome of each path."""
    async with LocalDestination(directory, fsync="batch", trash_seconds=0) as destination:
        await destination.acquire(0)
        await destination.scan("")
        await destination.free_space()
        part = await destination.open_part(job("large"))
        await stream(part, NEW[part.offset :], 100_000)
        assert await part.finish() == sha256(NEW)
        items = [staged(path, new, part=part.name if path == "large" else "") for path, (_, new) in FILES.items()]
        try:
            outcomes = await destination.commit(items)
        except DestinationError as error:
            reported.update((known.path, known) for known in error.done)
            raise
        reported.update(zip(FILES, outcomes, strict=True))
        await destination.digest("large")
        await destination.delete([path for path, _, _ in await destination.walk_local("gone")] + ["gone"])
        kept = await destination.open_part(job("other"))
        await stream(kept, NEW[:600_000], 100_000)
        await kept.keep()
        await destination.clean_parts({"other"})


def look(directory: Path, reported: dict[str, Known | str]) -> None:
    """Assert that no partial file has a final name and that everything reported is true."""
    for path, (old, new) in FILES.items():
        file = directory / path
        now = file.read_bytes() if file.exists() else None
        assert now in (old, new), path
        outcome = reported.get(path)
        if isinstance(outcome, Known):
            assert now == new, path
            assert (outcome.size, outcome.mtime) == (file.stat().st_size, file.stat().st_mtime_ns)
        elif isinstance(outcome, str):
            assert now == old, path
    others = {path for path in directory.rglob("*") if path.is_file() and ".crawler" not in path.parts}
    assert others <= {directory / path for path in [*FILES, "gone/1", "gone/2"]}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("first", [0, 2])
def test_any_call_may_fail_once(monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    """With two of the errors, which are others for the next call."""
    with scratch.directory() as root:
        errors = [*ERRORS[first:], *ERRORS[:first]]
        fail_each_call(root / "template", root / "dir", monkeypatch, errors)


@pytest.mark.heavy
@pytest.mark.parametrize("error", ERRORS)
def test_any_call_may_fail_with_any_error(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    with scratch.directory() as root:
        fail_each_call(root / "template", root / "dir", monkeypatch, [error])


def fail_each_call(template: Path, directory: Path, monkeypatch: pytest.MonkeyPatch, errors: Sequence[int]) -> None:
    monkeypatch.setattr(limits, "CHECKPOINT_BYTES", 250_000)
    asyncio.run(prepare(template))
    disk = Disk(monkeypatch)
    number = 0
    while True:
        number += 1
        shutil.copytree(template, directory)
        reported: dict[str, Known | str] = {}
        before = descriptors()
        disk.fail(number, errors[number % len(errors)])
        try:
            asyncio.run(run(directory, reported))
        except (DestinationError, FetchError) as problem:
            assert "\n" not in str(problem)
            assert str(problem)
        count, failed = disk.count, disk.failed
        disk.fail(-1, 0)
        assert descriptors() == before, failed
        look(directory, reported)
        again: dict[str, Known | str] = {}
        asyncio.run(run(directory, again))
        assert all(isinstance(outcome, Known) for outcome in again.values())
        look(directory, again)
        assert not (directory / "gone").exists()
        shutil.rmtree(directory)
        if not failed:
            break
    assert count > 100
    assert number == count + 1
