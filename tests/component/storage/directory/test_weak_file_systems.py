"""LocalDestination on limited file systems: coarse times, no fsync, no locks, renames between disks, case folding."""

from __future__ import annotations

import errno
import fcntl
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.model.errors import DestinationError
from crawler.model.values import Known
from crawler.storage.directory.boundaries.other_file_systems import hidden_name, is_leftover
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.spellings import other_spellings
from tests.contract.destination import job, pattern, staged, stream

NOT_OFFERED = [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP]


def refusing(error: int) -> Callable[..., Any]:
    def refuse(*_args: Any, **_options: Any) -> Any:
        raise OSError(error, os.strerror(error))

    return refuse


@pytest.mark.parametrize("error", [*NOT_OFFERED, errno.EPERM])
async def test_files_whose_times_cannot_be_set_are_stored_and_recorded_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    set_time, rename = os.utime, os.rename

    def renamed(old: Any, new: Any, **where: int) -> None:  # some file systems set the time only on close
        rename(old, new, **where)
        if ".json" not in os.fsdecode(new):
            set_time(new, ns=(3 * 10**18, 3 * 10**18), dir_fd=where["dst_dir_fd"])

    monkeypatch.setattr(os, "utime", refusing(error))
    monkeypatch.setattr(os, "rename", renamed)
    async with LocalDestination(tmp_path) as destination:
        outcomes = await destination.commit([staged(name, mtime=1_000_000_000) for name in ("a", "sub/b")])
        found = {**await destination.scan(""), **await destination.scan("sub")}
        assert [text for text in destination.lacks if "times" in text] == list(destination.lacks) != []
    for name, outcome in zip(("a", "b"), outcomes, strict=True):
        assert isinstance(outcome, Known)
        assert outcome.mtime == found[name].mtime == 3 * 10**18


@pytest.mark.parametrize("fsync", ["batch", "file", "none"])
@pytest.mark.parametrize("error", NOT_OFFERED)
async def test_a_file_system_that_cannot_flush_is_reported_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, fsync: str
) -> None:
    monkeypatch.setattr(os, "fsync", refusing(error))
    async with LocalDestination(tmp_path, fsync=fsync) as destination:
        if fsync == "none":
            assert all(isinstance(known, Known) for known in await destination.commit([staged("a")]))
        else:
            with pytest.raises(DestinationError, match=r"cannot flush \(fsync: .*\): use --fsync none"):
                await destination.commit([staged("a")])
    assert (tmp_path / "a").exists() == (fsync == "none")


@pytest.mark.parametrize("error", [*NOT_OFFERED, errno.ENOLCK])
async def test_a_file_system_without_locks_is_reported_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    monkeypatch.setattr(fcntl, "flock", refusing(error))
    async with LocalDestination(tmp_path) as destination:
        with pytest.raises(DestinationError, match=r"cannot lock .*/\.crawler/lock: .*: use --lock none"):
            await destination.acquire(0)
        await destination.acquire(0, lock=False)
        assert isinstance((await destination.commit([staged("a")]))[0], Known)


class Disks:
    """``rename`` as if the directory ``sub`` were on another file system."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self._rename, self._sub = os.rename, directory / "sub"
        self.killed = False
        monkeypatch.setattr(os, "rename", self.rename)

    def rename(self, old: Any, new: Any, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        source, target = (os.path.samestat(os.fstat(fd), self._sub.stat()) for fd in (src_dir_fd, dst_dir_fd))
        if source != target:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        if source and self.killed:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)


@pytest.mark.parametrize("fsync", ["batch", "none"])
async def test_files_appear_atomically_in_a_directory_on_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: str
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/old").write_bytes(b"old")
    disks, body = Disks(monkeypatch, tmp_path), pattern(3_000_000)
    async with LocalDestination(tmp_path, fsync=fsync) as destination:
        part = await destination.open_part(job("sub/large"))
        await stream(part, body)
        await part.finish()
        items = [staged("sub/old", b"new", mtime=10**18), staged("sub/large", body, part=part.name), staged("top")]
        outcomes = await destination.commit(items)
        assert all(isinstance(outcome, Known) for outcome in outcomes)
        assert (await destination.scan("sub"))["old"].mtime == 10**18
        disks.killed = True
        with pytest.raises(DestinationError):
            await destination.commit([staged("sub/old", b"newer")])
    assert (tmp_path / "sub/large").read_bytes() == body
    assert (tmp_path / "sub/old").read_bytes() == b"new"
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == ["large", "old"]
    assert list((tmp_path / ".crawler/parts").iterdir()) == []


@pytest.mark.parametrize("ends", ["clean_parts", "delete"])
async def test_leftovers_of_a_killed_run_on_another_disk_are_ignored_and_removed(tmp_path: Path, ends: str) -> None:
    left = tmp_path / "sub" / hidden_name(f"{'0' * 16}.1f.part")
    left.parent.mkdir()
    left.touch()
    like_it = tmp_path / "sub" / ".crawler-notes.part"
    like_it.touch()
    async with LocalDestination(tmp_path) as destination:
        assert list(await destination.scan("sub")) == [like_it.name]
        assert left.exists()
        if ends == "delete":
            assert await destination.delete(["sub/" + like_it.name, "sub"]) == [None, None]
        else:
            await destination.clean_parts(())
    assert not left.exists()
    assert like_it.exists() == (ends == "clean_parts")


@pytest.mark.parametrize("part", ["ab12" * 4 + ".0.part", "f" * 32 + "." + "ab12" * 4 + ".3c.part"])
def test_a_copy_is_recognised_by_its_name(part: str) -> None:
    assert is_leftover(hidden_name(part))
    assert not is_leftover(part)


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("README", {"readme"}),
        ("a1", {"A1"}),
        ("123", set()),
        ("日本", set()),
        (unicodedata.normalize("NFC", "é"), {unicodedata.normalize("NFD", "é"), unicodedata.normalize("NFC", "É")}),
    ],
)
def test_spellings_that_a_file_system_may_treat_as_one(name: str, others: set[str]) -> None:
    assert other_spellings(name) == others


class Folding:
    """Folds case in the directory ``sub`` only, as if FAT were mounted there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sub: Path) -> None:
        self._sub, self._calls = sub, {name: getattr(os, name) for name in ("stat", "open", "mkdir", "rename")}
        monkeypatch.setattr(os, "stat", self.named("stat"))
        monkeypatch.setattr(os, "open", self.named("open"))
        monkeypatch.setattr(os, "mkdir", self.named("mkdir"))
        monkeypatch.setattr(os, "rename", self.rename)

    def found(self, name: Any, directory: int | None) -> Any:
        stat = self._calls["stat"]
        if directory is None or not os.path.samestat(stat(directory), stat(self._sub)):
            return name
        here = {os.fsencode(other).lower(): os.fsencode(other) for other in os.listdir(self._sub)}
        return here.get(os.fsencode(name).lower(), name)

    def named(self, call: str) -> Callable[..., Any]:
        def folded(name: Any, *args: Any, dir_fd: int | None = None, **options: Any) -> Any:
            return self._calls[call](self.found(name, dir_fd), *args, dir_fd=dir_fd, **options)

        return folded

    def rename(self, old: Any, new: Any, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        found = self.found(new, dst_dir_fd)
        self._calls["rename"](old, found, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)


async def test_equal_names_in_a_folding_directory_clash_though_dir_does_not_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    Folding(monkeypatch, tmp_path / "sub")
    for _ in range(2):  # in one run, and in the next with the files that it stored
        async with LocalDestination(tmp_path) as destination:
            await destination.acquire(0)
            assert not destination.folds_case
            paths = ("sub/README", "sub/readme", "sub/Deep/x", "sub/deep/y", "README", "readme")
            local = await destination.scan("sub")
            items = [staged(path, path.encode()) for path in paths if path.rpartition("/")[2] not in local]
            outcomes = dict(zip([item.job.path for item in items], await destination.commit(items), strict=True))
        refused = {path for path, outcome in outcomes.items() if isinstance(outcome, str)}
        assert refused == {"sub/readme", "sub/deep/y"}
        assert all("another file or directory" in str(outcomes[path]) for path in refused)
    assert (tmp_path / "sub/README").read_bytes() == b"sub/README"
    assert sorted(os.listdir(tmp_path / "sub")) == ["Deep", "README"]


@pytest.mark.parametrize("error", [errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG])
async def test_a_directory_with_an_impossible_name_is_absent_and_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    calls = {name: getattr(os, name) for name in ("open", "mkdir")}

    def picky(call: str) -> Callable[..., Any]:
        def named(name: Any, *args: Any, **options: Any) -> Any:
            if os.fsencode(name) == b"a:b":
                raise OSError(error, os.strerror(error))
            return calls[call](name, *args, **options)

        return named

    for name in calls:
        monkeypatch.setattr(os, name, picky(name))
    async with LocalDestination(tmp_path) as destination:
        await destination.acquire(0)
        (tmp_path / "other").touch()  # otherwise the scan would stop here
        assert list(await destination.scan("")) == ["other"]
        assert await destination.scan("a:b") == {}
        refused, stored = await destination.commit([staged("a:b/x"), staged("y")])
    assert "name" in str(refused)
    assert isinstance(stored, Known)
