"""The trash over days and failures: its files never block others, and only replaced or deleted files are kept."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path

import pytest

from crawler.model.errors import DestinationError
from crawler.model.values import Known
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.trash import Trash
from crawler.storage.directory.windows.destination import WindowsDestination
from crawler.text.names.windows import encoded
from tests.contract.destination import staged

DAY = 86400.0


def trashed(directory: Path) -> dict[str, bytes]:
    """Content of the trash: path below the day → bytes."""
    root = directory / ".crawler/trash"
    files = [path for path in root.rglob("*") if not path.is_dir()]
    return {"/".join(path.relative_to(root).parts[1:]): path.read_bytes() for path in files}


def refuse(*_arguments: object, **_options: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


def refuse_once(call: Callable[..., None]) -> Callable[..., None]:
    """``call``, except that its first call fails."""
    calls: list[str] = []

    def refusing(*arguments: object, **options: object) -> None:
        calls.append("")
        return refuse() if len(calls) == 1 else call(*arguments, **options)

    return refusing


SHAPES = {"file": ["x"], "folder": ["x/f"], "deep": ["x/f/g/h"]}


@pytest.mark.parametrize("order", list(product(SHAPES, repeat=3)), ids="-".join)
async def test_files_in_the_trash_never_block_others(tmp_path: Path, order: tuple[str, ...]) -> None:
    """The name is alternately a file and a directory, all on one day."""
    bodies = []
    async with LocalDestination(tmp_path, fsync="none", trash_seconds=DAY) as destination:
        for number, shape in enumerate(order):
            bodies.append(b"%d" % number)
            [path] = SHAPES[shape]
            [known] = await destination.commit([staged(path, bodies[-1])])
            assert isinstance(known, Known)
            pieces = path.split("/")
            doomed = ["/".join(pieces[:count]) for count in range(len(pieces), 0, -1)]
            assert await destination.delete(doomed) == [None] * len(doomed)
    assert sorted(trashed(tmp_path).values()) == bodies
    if all(first == second for first, second in pairwise(order)):
        assert SHAPES[order[0]][0] in trashed(tmp_path)


@pytest.mark.parametrize("links", [True, False])
async def test_a_file_that_cannot_be_replaced_or_deleted_does_not_fill_the_trash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """The file is immutable, or its directory is not writable."""
    async with LocalDestination(tmp_path, fsync="none", trash_seconds=DAY) as destination:
        await destination.commit([staged("x", b"1")])
        with monkeypatch.context() as broken:
            for name in ("rename",) if links else ("rename", "link"):
                broken.setattr(os, name, refuse)
            for _ in range(2):
                [reason] = await destination.commit([staged("x", b"2")])
                assert reason == "operation not permitted"
        assert trashed(tmp_path) == {}
        assert (tmp_path / "x").stat().st_nlink == 1
        with monkeypatch.context() as broken:
            broken.setattr(os, "unlink", refuse_once(os.unlink))
            assert await destination.delete(["x"]) == ["operation not permitted"]
        assert trashed(tmp_path) == {}
        [known] = await destination.commit([staged("x", b"2")])
        assert isinstance(known, Known)
    assert trashed(tmp_path) == {"x": b"1"}


def test_a_trash_that_keeps_files_forever_is_never_emptied(tmp_path: Path) -> None:
    (tmp_path / "trash" / "2001-01-01").mkdir(parents=True)
    home = os.open(tmp_path, os.O_RDONLY)
    trash = Trash(home, seconds=999_999 * DAY)
    trash.empty(time.time())
    trash.close()
    os.close(home)
    assert (tmp_path / "trash" / "2001-01-01").exists()


@pytest.mark.parametrize("kind", [LocalDestination, WindowsDestination])
@pytest.mark.parametrize("call", ["unlink", "link"])
async def test_what_was_deleted_before_the_disk_failed_is_in_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[LocalDestination], call: str
) -> None:
    names = [":a", ":b", ":c", ":d"]
    async with kind(tmp_path, fsync="none", trash_seconds=DAY) as destination:
        await destination.commit([staged(name) for name in names if name != ":b"])
        real, count = getattr(os, call), iter(range(10))

        def failing(*arguments: object, **options: object) -> None:
            if next(count):
                raise OSError(errno.EIO, "Input/output error")
            real(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            with pytest.raises(DestinationError, match="input/output error") as caught:
                await destination.delete(names)
        assert caught.value.outcomes == {":a": None, ":b": None}
        assert [name in await destination.scan("") for name in names] == [False, False, True, True]
    assert (encoded(":a") if kind is WindowsDestination else ":a") in trashed(tmp_path)
