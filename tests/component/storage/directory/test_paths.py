"""LocalDestination and the content of DIR: links, other kinds of files, other locales, other spellings."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.model.errors import DestinationError
from crawler.model.values import Kind, Known
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.os_errors import UnusablePath
from crawler.storage.directory.tree import Tree
from tests.contract.destination import job, pattern, staged


def local(directory: Path, fsync: str = "none", **options: float) -> LocalDestination:
    return LocalDestination(directory, fsync=fsync, **options)


async def commit(directory: Path, *paths: str) -> list[Known | str]:
    async with local(directory) as destination:
        return await destination.commit([staged(path, b"from the server") for path in paths])


# --- DIR itself -----------------------------------------------------------------------------------


async def test_dir_and_its_parents_are_created_by_acquire_and_not_before(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    async with local(directory) as destination:
        assert await destination.scan("") == {}
        assert await destination.walk_local("") == []
        assert await destination.digest("x") == ""
        assert not destination.has_part("x")
        assert not directory.parent.exists()
        await destination.acquire(0)
        assert sorted(path.name for path in (directory / ".crawler").iterdir()) == ["lock", "parts"]


async def test_a_read_only_run_creates_nothing(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path / "dir", read_only=True) as destination:
        assert await destination.free_space() > 0
        assert await destination.scan("") == {}
        for writing in (
            destination.acquire(0),
            destination.make_folder("a"),
            destination.commit([staged("x")]),
            destination.delete(["x"]),
            destination.open_part(job("x")),
        ):
            with pytest.raises(DestinationError, match="a read-only run tried to change"):
                await writing
    assert list(tmp_path.iterdir()) == []


async def test_the_files_of_a_foreign_directory_are_seen(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"123")
    async with local(tmp_path) as destination:
        assert (await destination.scan(""))["mine"].size == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


async def test_dir_that_is_a_file_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(DestinationError, match="is not a directory"):
        await commit(tmp_path / "file", "x")
    with pytest.raises(DestinationError, match="is not a directory"):
        await commit(tmp_path / "file" / "below", "x")
    assert (tmp_path / "file").read_bytes() == b"mine"


async def test_dir_may_be_a_link_to_a_directory(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert isinstance((await commit(tmp_path / "link", "x"))[0], Known)
    assert (tmp_path / "real" / "x").read_bytes() == b"from the server"


async def test_dir_that_is_a_broken_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nothing")
    with pytest.raises(DestinationError, match="broken symbolic link"):
        await commit(tmp_path / "link", "x")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("name", [".crawler", ".crawler/parts"])
async def test_the_state_directory_is_never_a_link(tmp_path: Path, name: str) -> None:
    outside, directory = tmp_path / "outside", tmp_path / "dir"
    outside.mkdir()
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    (directory / name).symlink_to(outside)
    with pytest.raises(DestinationError, match=f"{name} in it is a symbolic link, not"):
        await commit(directory, "x")
    assert list(outside.iterdir()) == []


def make_socket(path: Path) -> None:
    """The path may be too long for a socket, which is then made elsewhere."""
    short = Path(f"/tmp/{os.getpid()}.socket")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(short))
    short.rename(path)


KINDS: dict[str, Callable[[Path], object]] = {
    "file": Path.touch,
    "directory": Path.mkdir,
    "FIFO": os.mkfifo,
    "socket": make_socket,
    "symbolic link": lambda path: path.symlink_to("/nowhere"),
}
WANTED = {
    ".crawler": "directory",
    ".crawler/parts": "directory",
    ".crawler/trash": "directory",
    ".crawler/lock": "file",
}


@pytest.mark.parametrize(("name", "wanted"), WANTED.items())
@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_in_place_of_a_path_of_the_program_is_named_and_stays(
    tmp_path: Path, name: str, wanted: str, kind: str
) -> None:
    if kind == wanted:
        return
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / "gone").touch()
    KINDS[kind](tmp_path / name)
    found = (tmp_path / name).lstat()
    with pytest.raises(
        DestinationError, match=rf"\{name} (in it )?is a {kind}, not a {wanted}: move it away$"
    ) as raised:
        async with local(tmp_path, trash_seconds=60) as destination:
            await destination.acquire(0)
            await destination.delete(["gone"])
    assert str(tmp_path) in str(raised.value)
    assert os.path.samestat((tmp_path / name).lstat(), found)
    assert (tmp_path / "gone").exists()


async def test_umask_decides_who_may_read(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        async with local(tmp_path / "dir") as destination:
            part = await destination.open_part(job("sub/large"))
            await part.write(b"1")
            await part.finish()
            await destination.commit([staged("sub/small"), staged("sub/large", b"1", part=part.name)])
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "dir").rglob("*")}
    assert modes["small"] == modes["large"] == 0o644
    assert modes["sub"] == 0o755


# --- links and other things in DIR ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["link", "dangling", "link to a folder inside", "file", "fifo"])
async def test_nothing_is_written_through_anything_but_a_directory(tmp_path: Path, kind: str) -> None:
    outside, directory = tmp_path / "outside", tmp_path / "dir"
    outside.mkdir()
    (directory / "inside").mkdir(parents=True)
    sub = directory / "sub"
    if kind == "file":
        sub.write_bytes(b"mine")
    elif kind == "fifo":
        os.mkfifo(sub)
    else:
        sub.symlink_to({"link": outside, "dangling": tmp_path / "new", "link to a folder inside": "inside"}[kind])
    first, second, third = await commit(directory, "sub/x", "sub/deep/y", "ok")
    assert isinstance(third, Known)
    for reason in (first, second):
        assert isinstance(reason, str)
        assert reason.startswith("sub is ")
    assert ("symbolic link" in str(first)) == sub.is_symlink()
    assert list(outside.iterdir()) == list((directory / "inside").iterdir()) == []
    assert not (tmp_path / "new").exists()


async def test_files_behind_a_link_are_neither_seen_nor_deleted(tmp_path: Path) -> None:
    outside, directory = tmp_path / "outside", tmp_path / "dir"
    outside.mkdir()
    directory.mkdir()
    (outside / "victim").write_bytes(b"mine")
    (directory / "sub").symlink_to(outside)
    async with local(directory) as destination:
        assert (await destination.scan(""))["sub"].kind is Kind.SYMLINK
        assert await destination.scan("sub") == {}
        assert await destination.walk_local("") == []
        assert destination.spared() == {"sub": "a symbolic link"}
        assert await destination.digest("sub/victim") == ""
        [reason] = await destination.delete(["sub/victim"])
        assert "symbolic link" in str(reason)
        assert await destination.delete(["sub"]) == ["it is a symbolic link"]
    assert (directory / "sub").is_symlink()
    assert (outside / "victim").read_bytes() == b"mine"


@pytest.mark.parametrize("trash", [None, 3600.0])
async def test_links_under_a_final_name_are_replaced_and_their_targets_stay(
    tmp_path: Path, trash: float | None
) -> None:
    victim, directory = tmp_path / "victim", tmp_path / "dir"
    victim.write_bytes(b"mine")
    directory.mkdir()
    (directory / "soft").symlink_to(victim)
    (directory / "hard").hardlink_to(victim)
    (directory / "dangling").symlink_to(tmp_path / "absent")
    async with LocalDestination(directory, fsync="batch", trash_seconds=trash) as destination:
        outcomes = await destination.commit([staged(name, b"new") for name in ("soft", "hard", "dangling")])
    assert all(isinstance(outcome, Known) for outcome in outcomes)
    assert victim.read_bytes() == b"mine"
    assert not (tmp_path / "absent").exists()
    for name in ("soft", "hard", "dangling"):
        assert not (directory / name).is_symlink()
        assert (directory / name).read_bytes() == b"new"


@pytest.mark.parametrize("kind", ["folder", "empty folder", "fifo", "socket"])
async def test_anything_but_a_file_under_a_final_name_is_reported_and_stays(tmp_path: Path, kind: str) -> None:
    name = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "fifo":
            os.mkfifo(name)
        elif kind == "socket":
            listener.bind(str(name))
        else:
            name.mkdir()
            if kind == "folder":
                (name / "inner").touch()
        before = name.lstat().st_ino
        reason, other = await commit(tmp_path, "x", "y")
    assert isinstance(reason, str)
    assert "in the way" in reason
    assert isinstance(other, Known)
    assert name.lstat().st_ino == before


async def test_a_link_planted_as_the_next_part_is_never_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    async with local(tmp_path / "dir") as destination:
        await destination.acquire(0)
        assert destination._writer is not None
        name = destination._writer.parts.new_name()
        run, number = name.split(".")[0], int(name.split(".")[1], 16)
        for next_number in range(number + 1, number + 5):
            (tmp_path / "dir/.crawler/parts" / f"{run}.{next_number:x}.part").symlink_to(victim)
        with pytest.raises(
            DestinationError
        ):  # an attacker who can write there can stop the run but not lead it out of DIR
            await destination.commit([staged("x", b"new")])
    assert victim.read_bytes() == b"mine"


async def test_a_directory_that_was_moved_away_receives_no_more_files(tmp_path: Path) -> None:
    async with local(tmp_path) as destination:
        await destination.commit([staged("sub/deep/1"), staged("sub/2")])
        (tmp_path / "sub").rename(tmp_path / "elsewhere")
        outcomes = await destination.commit([staged("sub/deep/3"), staged("sub/4")])
        assert all(isinstance(outcome, Known) for outcome in outcomes)
        assert sorted(await destination.scan("sub")) == ["4", "deep"]
    assert not (tmp_path / "elsewhere/deep/3").exists()
    assert (tmp_path / "sub/deep/3").exists()


async def test_a_directory_that_became_a_link_is_refused(tmp_path: Path) -> None:
    async with local(tmp_path / "dir") as destination:
        await destination.commit([staged("sub/1")])
        (tmp_path / "dir/sub").rename(tmp_path / "outside")
        (tmp_path / "dir/sub").symlink_to(tmp_path / "outside")
        [reason] = await destination.commit([staged("sub/2")])
    assert isinstance(reason, str)
    assert not (tmp_path / "outside/2").exists()


@pytest.mark.parametrize("kind", ["nothing", "directory", "link", "file"])
@pytest.mark.parametrize("is_parent_new", [True, False])
def test_what_another_program_puts_into_a_directory_that_was_just_created_is_found(
    tmp_path: Path, kind: str, is_parent_new: bool
) -> None:
    (tmp_path / "elsewhere").mkdir()
    inside = tmp_path / "dir" / "a"
    root = os.open(tmp_path, os.O_RDONLY)
    tree = Tree(root, capacity=8)
    try:
        if not is_parent_new:
            inside.mkdir(parents=True)
        tree.directory("dir/a", create=True)
        match kind:
            case "directory":
                (inside / "b").mkdir()
            case "link":
                (inside / "b").symlink_to(tmp_path / "elsewhere")
            case "file":
                (inside / "b").write_bytes(b"")
        if kind in ("nothing", "directory"):
            assert os.path.samefile(f"/proc/self/fd/{tree.directory('dir/a/b', create=True)}", inside / "b")
        else:
            with pytest.raises(UnusablePath, match="symbolic link" if kind == "link" else "not a directory"):
                tree.directory("dir/a/b", create=True)
        with pytest.raises(FileNotFoundError):
            tree.directory("dir/a/c")
    finally:
        tree.close()
        os.close(root)


def test_a_file_that_is_newer_than_the_list_of_its_directory_is_not_another_spelling(tmp_path: Path) -> None:
    root = os.open(tmp_path, os.O_RDONLY)
    tree = Tree(root, capacity=8)
    try:
        for name in (b"first", b"second"):
            (tmp_path / os.fsdecode(name)).write_bytes(b"")
            tree.check_spelling("", root, name, unseen=True)
        with pytest.raises(UnusablePath, match="its name equals"):
            tree.check_spelling("", root, b"SECOND", unseen=True)
        tree.check_spelling("", root, b"SECOND")
    finally:
        tree.close()
        os.close(root)


async def test_an_unreadable_directory_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listdir = os.listdir

    def closed(descriptor: int) -> list[str]:  # permissions alone do not stop root
        if os.path.samefile(f"/proc/self/fd/{descriptor}", tmp_path / "closed"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return listdir(descriptor)

    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "listdir", closed)
    async with local(tmp_path) as destination:
        assert list(await destination.scan("")) == ["closed"]
        for looking in (destination.scan("closed"), destination.walk_local("")):
            with pytest.raises(DestinationError, match="cannot read the directory closed in DIR: permission denied"):
                await looking


async def test_another_mirror_inside_this_one_is_left_alone(tmp_path: Path) -> None:
    await commit(tmp_path, "a/b/outer", "a/z")
    await commit(tmp_path / "a/b", "inner")
    async with local(tmp_path) as destination:
        assert [path for path, _, _ in await destination.walk_local("")] == ["a/z", "a"]
        reasons = await destination.delete(["a/b/inner", "a/b/.crawler", "a/b"])
    assert "another mirror, the one in a/b" in str(reasons[0])
    assert all(reasons)
    assert (tmp_path / "a/b/inner").exists()


async def test_a_local_file_with_an_impossible_name_can_still_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "new\nline").mkdir()
    (tmp_path / "new\nline" / "\x1b[2J").touch()
    async with local(tmp_path) as destination:
        paths = [path for path, _, _ in await destination.walk_local("")]
        assert await destination.delete(paths) == [None, None]
        assert await destination.scan("") == {}


async def test_names_do_not_depend_on_the_locale(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parents[4])!r})
from tests.component.storage.directory.test_paths import local, staged
from pathlib import Path

async def main():
    assert sys.getfilesystemencoding() != "utf-8", "this run is to have another encoding"
    async with local(Path({str(tmp_path)!r})) as destination:
        await destination.commit([staged("日本/é"), staged("日本/\\udcff")])
        assert sorted(await destination.scan("日本")) == ["é", "\\udcff"]
        assert await destination.delete(["日本/\\udcff"]) == [None]

asyncio.run(main())
"""
    program = program.encode("ascii", "backslashreplace").decode()
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert os.listdir(os.fsencode(tmp_path / "日本")) == ["é".encode()]


class FoldingFileSystem:
    """Simulates a case-insensitive file system, which is rare on Linux: names below ``directory`` match in any case."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for call in ("open", "stat", "mkdir", "rename"):
            monkeypatch.setattr(os, call, self._folding(getattr(os, call)))

    def _folding(self, call):
        def folded(name, *args, dir_fd=None, dst_dir_fd=None, **options):
            if dst_dir_fd is not None:
                new = self._spelled(args[0], dst_dir_fd)
                return call(name, new, dst_dir_fd=dst_dir_fd, **options)
            if dir_fd is not None:
                return call(self._spelled(name, dir_fd), *args, dir_fd=dir_fd, **options)
            return call(name, *args, **options)

        return folded

    @staticmethod
    def _spelled(name, directory):
        for listed in os.listdir(directory):
            if os.fsencode(listed).lower() == os.fsencode(name).lower():
                return listed
        return name


async def test_two_names_that_the_file_system_treats_as_one_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FoldingFileSystem(monkeypatch)
    paths = ["README", "readme", "Sub/x", "sub/y", ".CRAWLER/lock", "other"]
    async with local(tmp_path) as destination:
        await destination.acquire(0)
        assert destination.folds_case
        for _ in "first", "second":
            outcomes = await destination.commit([staged(path, path.encode()) for path in paths])
            assert [isinstance(outcome, Known) for outcome in outcomes] == [True, False, True, False, False, True]
            assert "its name equals that of another" in str(outcomes[1])
    assert (tmp_path / "README").read_bytes() == b"README"


async def test_case_sensitive_file_systems_keep_names_apart(tmp_path: Path) -> None:
    async with local(tmp_path) as destination:
        await destination.acquire(0)
        assert not destination.folds_case
        outcomes = await destination.commit([staged("README"), staged("readme"), staged("e\u0301"), staged("\u00e9")])
    assert all(isinstance(outcome, Known) for outcome in outcomes)


async def test_a_path_of_two_hundred_directories_works_with_few_descriptors(tmp_path: Path) -> None:
    path = "d/" * 200 + "x"
    body = pattern(10)
    async with local(tmp_path) as destination:
        [known] = await destination.commit([staged(path, body)])
        assert isinstance(known, Known)
        walked = [found for found, _, _ in await destination.walk_local("")]
        assert await destination.delete(walked) == [None] * 201
        assert await destination.scan("") == {}
