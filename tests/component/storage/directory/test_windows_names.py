"""``--names windows`` on a simulated file system that ignores case and refuses what NTFS refuses."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from crawler.model.values import Known
from crawler.storage.directory.windows.destination import WindowsDestination
from tests.component.storage.directory.test_paths import FoldingFileSystem
from tests.contract.destination import staged

DEVICES = {"con", "nul", "aux", "prn"}


class WindowsFileSystem(FoldingFileSystem):
    """A file system that ignores case below DIR and cannot create names that NTFS refuses."""

    def _spelled(self, name, directory):
        text = os.fsdecode(name)
        is_device = text.partition(".")[0].rstrip(" ").lower() in DEVICES
        if set(text) & set('<>:"\\|?*') or text != text.rstrip(". ") or is_device or "\udcff" in text:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        # Listed by its path, because listing the descriptor would rewind a scan of the same directory.
        listed = os.listdir(f"/proc/self/fd/{directory}")
        return next((os.fsencode(each) for each in listed if each.lower() == text.lower()), name)


PATHS = [
    "README",
    "readme",
    "ReadMe",
    "Sub/x",
    "sub/y",
    ".CRAWLER/lock",
    "a:b",
    "CON/nul.txt",
    "x.",
    "\udcff",
    "%41",
    "A",
]


def body(path: str, version: bytes) -> bytes:
    return path.encode("utf-8", "replace") + version


async def test_every_name_has_a_file_of_its_own_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WindowsFileSystem(monkeypatch)
    for version in (b"first", b"second"):
        async with WindowsDestination(tmp_path, fsync="none") as destination:
            await destination.acquire(0)
            assert destination.folds_case
            outcomes = await destination.commit([staged(path, body(path, version)) for path in PATHS])
            assert [outcome.path for outcome in outcomes if isinstance(outcome, Known)] == PATHS, outcomes
    async with WindowsDestination(tmp_path, fsync="none") as destination:
        await destination.acquire(0)
        for path in PATHS:
            found = await destination.read(path, 100)
            assert found is not None, path
            assert found[1] == body(path, b"second")
        assert {path for path, kind, _ in await destination.walk_local("") if kind == "file"} == set(PATHS)
        assert await destination.delete(["README", "Sub/x", "a:b"]) == [None] * 3
        left = set(PATHS) - {"README", "Sub/x", "a:b"}
        assert {path for path, kind, _ in await destination.walk_local("") if kind == "file"} == left
        [again] = await destination.commit([staged("README", b"third")])
        assert isinstance(again, Known)
        assert await destination.read("readme", 100) != await destination.read("README", 100)
