"""LocalDestination.scan: directories that are looked at in the same moment share one hop to the thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from crawler.model.errors import UnreadableDirectory
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.reading.scan import Scan


async def test_directories_share_a_hop_and_one_that_cannot_be_read_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops: list[list[str]] = []
    scan_all, scan_one = Scan.scan_all, Scan._scan

    def noted(view: Scan, paths: Sequence[str]) -> object:
        hops.append(list(paths))
        return scan_all(view, paths)

    def locked(view: Scan, path: str) -> object:
        if path == "locked":
            raise PermissionError(13, "permission denied")
        if path == "broken":
            raise OSError(5, "input/output error")
        return scan_one(view, path)

    monkeypatch.setattr(Scan, "scan_all", noted)
    monkeypatch.setattr(Scan, "_scan", locked)
    for name in ("a", "b", "locked", "broken"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"of-{name}").touch()
    names = ["a", "missing", "locked", "a/of-a", "broken", "b"]
    async with LocalDestination(tmp_path, fsync="none") as destination:
        found = await asyncio.gather(*map(destination.scan, names), return_exceptions=True)
    assert [list(each) if isinstance(each, dict) else type(each) for each in found] == [
        ["of-a"],
        [],
        UnreadableDirectory,
        [],
        UnreadableDirectory,
        ["of-b"],
    ]
    assert "cannot read the directory locked" in str(found[2])
    assert "input/output error" in str(found[4])
    assert hops == [names]
