"""Snapshots on a real disk: their contents, the files they share, a kill before any call, and what readers see."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.model.options.retention import Retention
from crawler.model.state.store import BY_ROW
from crawler.model.struct import replace
from crawler.model.values import Kind, Known, Local
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.os_errors import UnusablePath
from crawler.storage.snapshots import shelf
from crawler.storage.snapshots.publication import Publication
from tests.binding import Bindings, bindings

NOW = datetime(2026, 11, 29, 10, 47, 4, tzinfo=UTC)
OLD = 1_600_000_000_000_000_000
"""A time in nanoseconds since the epoch."""


class Killed(BaseException):
    """Stands for a kill of the process."""


class Mirror:
    """DIR, and the records that the state has of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.shelf = directory / ".crawler/snapshots"
        (directory / ".crawler").mkdir(parents=True)
        self.known: dict[str, Known] = {}
        self.now = NOW
        self.own: list[OwnFile] = []
        self.foreign: set[str] = set()
        self.copied = 0
        self.left_out: dict[str, str] = {}

    def save(self, path: str, body: str, mtime: int = OLD) -> None:
        """Save a file as the committer does: a new inode takes the name."""
        place = self.directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        part = self.directory / ".crawler/part"
        part.write_text(body)
        os.utime(part, ns=(mtime, mtime))
        part.rename(place)
        self.known[path] = Known(path=path, url="", row="", size=len(body), mtime=mtime, digest="sha256:" + "0" * 64)

    def below(self, above: str) -> Mapping[str, Known]:
        return {
            path.rpartition("/")[2]: known for path, known in self.known.items() if path.rpartition("/")[0] == above
        }

    def publish(self, retention: Retention | None = None, *, fsync: bool = False) -> str:
        """Run the stages of a publication without threads. Returns the name of the new snapshot, or ""."""
        publication = Publication(self.directory, self.own, fsync=fsync)
        try:
            for problem in publication.removals(None, self.now):
                assert problem is None
            content = publication.content(self.foreign)
            if not all(publication.comparison(content)):
                builder = publication.begin(content, "http://h/", self.now)
                directories = [""]
                while directories:
                    above = directories.pop()
                    steps = publication.fill(builder, above, self.below(above), trust=False, below=directories)
                    for _ in steps:
                        pass
                for _ in builder.finish():
                    pass
                publication.publish(builder)
                self.copied = builder.copied
            publication.point_to_newest()
            for problem in publication.removals(retention, self.now):
                assert problem is None
            self.left_out = content.left_out
            return publication.name
        finally:
            publication.close()

    def inode(self, path: str, snapshot: str | None = None) -> int:
        return (self.directory if snapshot is None else self.shelf / snapshot).joinpath(path).lstat().st_ino

    def snapshots(self) -> dict[str, dict[str, str]]:
        """The published snapshots: name → path → content of the file."""
        names = [path.name for path in self.shelf.iterdir() if path.is_dir() and "." not in path.name]
        return {name: content_of(self.shelf / name) for name in sorted(names) if name != "current"}

    def current(self) -> dict[str, str]:
        return content_of(self.shelf / "current")


def content_of(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.is_file() and ".crawler" not in path.parts[len(directory.parts) :]
    }


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    made = Mirror(tmp_path / "mirror")
    made.save("a", "one")
    made.save("sub/b", "one")
    made.save("sub/deep/c", "one")
    return made


@pytest.fixture
def bound() -> Iterator[Bindings]:
    with bindings() as made:
        yield made


def refusing(error: int) -> Callable[..., Any]:
    def refuse(*_args: Any, **_options: Any) -> Any:
        raise OSError(error, os.strerror(error))

    return refuse


def test_unchanged_files_are_shared_and_old_snapshots_stay_as_they_were(mirror: Mirror) -> None:
    first = mirror.publish()
    assert first == "20261129T104704Z"
    mirror.save("a", "two")
    mirror.save("sub/deep/new", "two")
    (mirror.directory / "sub/b").unlink()
    second = mirror.publish()
    assert mirror.snapshots() == {
        first: {"a": "one", "sub/b": "one", "sub/deep/c": "one"},
        second: {"a": "two", "sub/deep/c": "one", "sub/deep/new": "two"},
    }
    assert mirror.inode("sub/deep/c") == mirror.inode("sub/deep/c", first) == mirror.inode("sub/deep/c", second)
    assert mirror.inode("a", first) != mirror.inode("a") == mirror.inode("a", second)
    assert (mirror.shelf / "current").readlink() == Path(second)


def test_nothing_is_published_while_nothing_differs(mirror: Mirror) -> None:
    assert mirror.publish() != ""
    (mirror.directory / "foreign").write_text("x")  # not known to the state, so copied
    (mirror.directory / "link").symlink_to("a")
    assert mirror.publish() != ""
    assert mirror.publish() == ""
    changes: list[Callable[[], object]] = [
        lambda: (mirror.directory / "empty").mkdir(),
        lambda: (mirror.directory / "empty").chmod(0o750),
        lambda: (mirror.directory / "empty").rmdir(),
        lambda: mirror.save("sub/deep/c", "six"),  # of the same size and time
        lambda: (mirror.directory / "foreign").write_text("xy"),
        lambda: os.utime(mirror.directory / "foreign", ns=(OLD, OLD)),
        lambda: (mirror.directory / "link").unlink(),
        lambda: (mirror.directory / "link").symlink_to("sub"),
        lambda: (mirror.directory / "link").unlink(),
        lambda: (mirror.directory / "link").mkdir(),
        lambda: (mirror.directory / "sub/b").unlink(),
        lambda: (mirror.directory / "sub/b").mkdir(),
    ]
    for number, change in enumerate(changes):
        change()
        assert mirror.publish() != "", number
        assert mirror.current() == content_of(mirror.directory), number
        assert mirror.publish() == "", number


def test_what_other_programs_may_write_into_is_copied_once(mirror: Mirror) -> None:
    """If a log or a page edited in place were hard-linked, the published snapshot would change."""
    (mirror.directory / "edited").write_text("before")
    mirror.save("touched", "abc")
    os.utime(mirror.directory / "touched")
    first = mirror.publish()
    mirror.save("a", "two")
    second = mirror.publish()
    assert mirror.inode("edited") != mirror.inode("edited", first) == mirror.inode("edited", second)
    assert mirror.inode("touched") != mirror.inode("touched", first) == mirror.inode("touched", second)
    with (mirror.directory / "edited").open("a") as log:
        log.write(" and after")
    third = mirror.publish()
    edited = [files["edited"] for files in mirror.snapshots().values()]
    assert edited == ["before", "before", "before and after"]
    assert mirror.copied == 0, "these are not worth a warning"
    assert (mirror.shelf / third / "edited").stat().st_mtime_ns == (mirror.directory / "edited").stat().st_mtime_ns


def test_a_file_of_the_user_that_the_mirror_adopted_is_never_shared(mirror: Mirror) -> None:
    """By its row alone it is known, but it is still that of the user, also when a later run has noted its digest."""
    place = mirror.directory / "adopted"
    mirror.save("adopted", "before")
    saved = mirror.known["adopted"]
    mirror.known["adopted"] = replace(saved, digest=None, checked=BY_ROW, adopted=True)
    first = mirror.publish()
    mirror.known["adopted"] = replace(saved, checked=5.0, adopted=True)
    mirror.save("a", "two")
    second = mirror.publish()
    assert mirror.inode("adopted") != mirror.inode("adopted", first) == mirror.inode("adopted", second)
    place.write_text("after!")
    mirror.publish()
    assert [files["adopted"] for files in mirror.snapshots().values()] == ["before", "before", "after!"]
    assert mirror.copied == 0


@pytest.mark.parametrize("is_verified", [True, False])
def test_an_adopted_file_with_a_digest_is_copied_until_the_mirror_saves_it(mirror: Mirror, is_verified: bool) -> None:
    """Its digest is known at once, or noted between two snapshots."""
    mirror.save("adopted", "before")
    digest = mirror.known["adopted"].digest
    mirror.known["adopted"] = replace(mirror.known["adopted"], adopted=True, digest=digest if is_verified else None)
    first = mirror.publish()
    assert mirror.inode("adopted") != mirror.inode("adopted", first)
    mirror.known["adopted"] = replace(mirror.known["adopted"], digest=digest)
    mirror.save("a", "two")
    assert mirror.inode("adopted", first) == mirror.inode("adopted", mirror.publish())
    mirror.save("adopted", "saved!")
    assert mirror.inode("adopted") == mirror.inode("adopted", mirror.publish())
    assert mirror.copied == 0


def test_a_copy_of_the_same_size_and_time_is_compared_byte_by_byte(mirror: Mirror) -> None:
    place = mirror.directory / "edited"
    for body in ("one", "two"):
        place.write_text(body)
        os.utime(place, ns=(OLD, OLD))
        mirror.save("a", body)
        mirror.publish()
    assert [files["edited"] for files in mirror.snapshots().values()] == ["one", "two"]


def test_what_is_not_of_the_mirror_is_left_out(mirror: Mirror) -> None:
    directory = mirror.directory
    (directory / "other/.crawler").mkdir(parents=True)
    (directory / "other/file").write_text("x")
    (directory / "sub/crawler.log").write_text("x")
    (directory / "sub/crawler.log.1").write_text("x")
    (directory / ".crawler-0123456789abcdef.1.part").write_text("x")
    os.mkfifo(directory / "fifo")
    (directory / "dangling").symlink_to("../nowhere")
    (directory / "up").symlink_to("sub/deep")
    (directory / "empty").mkdir(mode=0o555)
    mirror.own = [OwnFile("--log-file", directory / "sub/crawler.log")]
    name = mirror.publish()
    shown = mirror.shelf / name
    assert sorted(path.name for path in shown.iterdir()) == ["a", "dangling", "empty", "sub", "up"]
    assert sorted(path.name for path in (shown / "sub").iterdir()) == ["b", "deep"]
    assert ((shown / "dangling").readlink(), (shown / "up").readlink()) == (Path("../nowhere"), Path("sub/deep"))
    assert mirror.left_out == {"other": "another mirror"}
    assert (shown / "empty").stat().st_mode & 0o777 == 0o755, "its owner can remove it"


def test_directories_keep_their_times_and_modes(mirror: Mirror) -> None:
    (mirror.directory / "sub").chmod(0o2751)
    os.utime(mirror.directory / "sub/deep", ns=(OLD, OLD))
    os.utime(mirror.directory / "sub", ns=(OLD + 1, OLD + 1))
    os.utime(mirror.directory, ns=(OLD + 2, OLD + 2))
    name = mirror.publish()
    states = [(mirror.shelf / name / path).stat() for path in (".", "sub", "sub/deep")]
    assert [state.st_mtime_ns - OLD for state in states] == [2, 1, 0]
    assert states[1].st_mode & 0o7777 == 0o2751


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_what_may_not_be_read_is_left_out() -> None:
    with tempfile.TemporaryDirectory() as open_to_others:
        Path(open_to_others).chmod(0o755)
        mirror = Mirror(Path(open_to_others) / "mirror")
        mirror.save("a", "one")
        for path in (mirror.directory, *mirror.directory.rglob("*")):
            os.chown(path, 65534, 65534)
        (mirror.directory / "lost+found").mkdir(mode=0o700)
        (mirror.directory / "secret").touch(0o600)
        os.seteuid(65534)
        try:
            assert mirror.publish() != ""
            assert mirror.publish() == ""
        finally:
            os.seteuid(0)
        assert mirror.left_out == {"lost+found": "not readable", "secret": "not readable"}


@pytest.mark.parametrize("error", [errno.EMLINK, errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP])
def test_without_hard_links_files_are_copied_and_counted(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    monkeypatch.setattr(os, "link", refusing(error))
    first = mirror.publish()
    assert mirror.copied == 3
    assert mirror.publish() == "", "copies are as good"
    assert mirror.inode("a") != mirror.inode("a", first)
    assert mirror.current() == content_of(mirror.directory)
    for path in ("a", "sub/b"):
        (here, there) = ((place / path).stat() for place in (mirror.directory, mirror.shelf / first))
        assert (here.st_mode, here.st_mtime_ns) == (there.st_mode, there.st_mtime_ns)


def test_a_file_on_another_disk_is_copied_once(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copies in two snapshots are on the same disk, so they can share an inode."""
    link, directory = os.link, mirror.directory.stat().st_ino

    def linked(old: Any, new: Any, *, src_dir_fd: int, **more: Any) -> None:
        if os.fstat(src_dir_fd).st_ino == directory:
            refusing(errno.EXDEV)()
        link(old, new, src_dir_fd=src_dir_fd, **more)

    monkeypatch.setattr(os, "link", linked)
    first = mirror.publish()
    assert mirror.copied == 1
    mirror.save("sub/b", "two")
    second = mirror.publish()
    assert mirror.copied == 0
    assert mirror.inode("a") != mirror.inode("a", first) == mirror.inode("a", second)
    mirror.save("a", "two")  # of the same size and time
    mirror.publish()
    assert mirror.current()["a"] == "two"


def test_mounts_are_published_where_the_mirror_has_stored_files(
    mirror: Mirror, bound: Bindings, tmp_path: Path
) -> None:
    (tmp_path / "huge").mkdir()
    (tmp_path / "huge/film").write_text("x")
    (mirror.directory / "mnt").mkdir()
    bound.bind(tmp_path / "huge", mirror.directory / "mnt")
    publication = Publication(mirror.directory, [], fsync=False)
    assert publication.mount_points() == ["mnt"]
    publication.close()
    mirror.foreign = {"mnt"}
    mirror.publish()
    assert "mnt/film" not in mirror.current()
    assert mirror.left_out == {"mnt": "a mount point"}
    mirror.foreign = set()
    mirror.publish()
    assert mirror.current()["mnt/film"] == "x"


def test_old_snapshots_are_removed_with_their_manifests(mirror: Mirror) -> None:
    names = []
    for number in range(4):
        mirror.save("a", str(number))
        (mirror.directory / "link").unlink(missing_ok=True)
        (mirror.directory / "link").symlink_to("sub" * number or "a")
        names.append(mirror.publish(Retention(2)))
        mirror.now += timedelta(days=1)
    assert list(mirror.snapshots()) == names[-2:]
    left = sorted(path.name for path in mirror.shelf.iterdir())
    assert left == sorted([*names[-2:], *(f"{name}.sha256" for name in names[-2:]), "current"])
    assert content_of(mirror.directory)["sub/b"] == "one"


def test_strange_things_beside_the_snapshots_stay(mirror: Mirror) -> None:
    first = mirror.publish()
    (mirror.shelf / "notes.old").mkdir()
    (mirror.shelf / "20261129T999999Z.old").mkdir()
    (mirror.shelf / "README.sha256").touch()
    (mirror.shelf / "current").unlink()
    assert mirror.publish() == ""
    assert (mirror.shelf / "current").readlink() == Path(first), "it led nowhere"
    assert {"notes.old", "20261129T999999Z.old", "README.sha256"} <= {path.name for path in mirror.shelf.iterdir()}
    (mirror.shelf / "current").unlink()
    (mirror.shelf / "current").mkdir()
    mirror.save("a", "two")
    with pytest.raises(UnusablePath, match="current in it is not a symbolic link"):
        mirror.publish()


def test_a_planted_link_in_place_of_a_directory_is_never_followed(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish()
    victim = tmp_path / "victim"
    (victim / "deep").mkdir(parents=True)
    (victim / "deep/precious").write_text("x")
    planted = mirror.shelf / "20200101T000000Z.old"
    planted.symlink_to(victim)
    (mirror.shelf / "20200102T000000Z.old").mkdir()
    (mirror.shelf / "20200102T000000Z.old/link").symlink_to(victim)
    mirror.publish()
    assert (victim / "deep/precious").read_text() == "x"
    assert not (mirror.shelf / "20200102T000000Z.old").exists()


def test_a_run_can_be_stopped_within_large_directories_and_copies(mirror: Mirror) -> None:
    for number in range(600):
        mirror.save(f"many/{number}", "x")
    (mirror.directory / "huge").write_bytes(b"x" * 4_000_000)
    publication = Publication(mirror.directory, [], fsync=False)
    try:
        builder = publication.begin(publication.content(set()), "", NOW)
        pauses = [
            list(publication.fill(builder, path, mirror.below(path), trust=False, below=[])) for path in ("", "many")
        ]
    finally:
        publication.close()
    assert min(len(pause) for pause in pauses) >= 3


def test_everything_is_flushed_before_it_gets_its_name(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories, copies and the manifest are flushed before the rename, and each rename before the next one."""
    (mirror.directory / "copied").write_text("x")
    fsync, rename, calls = os.fsync, os.rename, list[str]()

    def flushed(descriptor: int) -> None:
        calls.append(os.readlink(f"/proc/self/fd/{descriptor}").removeprefix(f"{mirror.shelf}").lstrip("/"))
        fsync(descriptor)

    def renamed(old: str, new: str, **where: int) -> None:
        calls.append(f"{old} to {new}")
        rename(old, new, **where)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "rename", renamed)
    name = mirror.publish(fsync=True)
    new, manifest = f"{name}.new", f"{name}.sha256"
    first = calls.index(f"{new} to {name}")
    assert set(calls[:first]) == {
        new, f"{new}/copied", f"{new}/sub", f"{new}/sub/deep", f"{manifest}.new", "",
    }  # fmt: skip
    assert calls[first:] == [f"{new} to {name}", "", "current.new to current", "", f"{manifest}.new to {manifest}", ""]


CALLS = ("mkdir", "link", "symlink", "rename", "unlink", "rmdir", "open", "write", "utime", "fchmod")


def killing(monkeypatch: pytest.MonkeyPatch, number: int) -> list[str]:
    """Raise Killed before call ``number``, counted from 1. Returns the list of calls made so far."""
    made: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            made.append(name)
            if len(made) == number:
                raise Killed
            return real(*arguments, **options)

        return call

    for name in CALLS:
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    return made


def test_a_kill_at_any_call_leaves_a_whole_snapshot_and_the_next_run_the_new_one(tmp_path: Path) -> None:
    versions = [{"a": "one", "sub/b": "one", "sub/c": "one"}, {"a": "two", "sub/b": "one", "new/d": "two"}]
    number = 0
    while True:
        number += 1
        mirror = Mirror(tmp_path / str(number))
        for path, body in versions[0].items():
            mirror.save(path, body)
        first = mirror.publish()
        (mirror.directory / "sub/c").unlink()
        for path, body in versions[1].items():
            mirror.save(path, body)
        with pytest.MonkeyPatch.context() as patch:
            made = killing(patch, number)
            with suppress(Killed):
                mirror.publish(Retention(1))
        assert mirror.current() in versions, made[-1]
        assert mirror.snapshots().get(first, versions[0]) == versions[0], made[-1]
        with shelf.opened(mirror.directory) as opened:
            assert opened is not None
            assert opened.current() == os.readlink(mirror.shelf / "current"), made[-1]
            published = opened.names()
        manifests = {path.name.partition(".")[0] for path in mirror.shelf.glob("*.sha256*")}
        assert set(published) <= manifests, made[-1]
        assert all(content_of(mirror.shelf / name) in versions for name in published), made[-1]
        mirror.publish(Retention(1))
        assert mirror.current() == versions[1], made[-1]
        [last] = mirror.snapshots()
        left = {path.name for path in mirror.shelf.iterdir()}
        assert left == {last, f"{last}.sha256", "current"}, made[-1]
        if len(made) < number:
            break
    assert {"rename", "link", "symlink", "rmdir", "write"} <= set(made)
    assert number > 40


def killed_before(name: str, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish a snapshot, killed before the rename to a name that ends with ``name``."""
    rename = os.rename

    def renamed(old: str, new: str, **where: int) -> None:
        if new.endswith(name):
            raise Killed
        rename(old, new, **where)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", renamed)
        with pytest.raises(Killed):
            mirror.publish()


def test_what_was_never_published_is_no_snapshot(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    first = mirror.publish()
    mirror.save("a", "two")
    killed_before("current", mirror, monkeypatch)
    assert len(mirror.snapshots()) == 2, "it has its name"
    with shelf.opened(mirror.directory) as opened:
        assert opened is not None
        assert (opened.names(), opened.current()) == ([first], first)


def test_a_kill_after_the_switch_leaves_nothing_to_be_done_again(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.publish()
    mirror.save("a", "two")
    killed_before(".sha256", mirror, monkeypatch)
    switched = os.readlink(mirror.shelf / "current")
    assert mirror.publish() == ""
    assert os.readlink(mirror.shelf / "current") == switched
    assert (mirror.shelf / f"{switched}.sha256").exists()
    assert mirror.current()["a"] == "two"


@pytest.mark.parametrize("shared", [True, False])
async def test_a_new_time_alone_never_reaches_a_snapshot(mirror: Mirror, shared: bool) -> None:
    """Without snapshots, a file with several hard links keeps its time; with them, it is replaced by a copy."""
    if shared:
        mirror.publish()
    (mirror.directory / "sub/b").chmod(0o640)
    os.link(mirror.directory / "sub/b", mirror.directory / "other")
    local = Local(Kind.FILE, 3, OLD)
    async with LocalDestination(mirror.directory, fsync="none") as destination:
        assert await destination.set_time("sub/b", Local(Kind.FILE, 4, OLD), OLD + 5) is None
        assert await destination.set_time("sub/missing", local, OLD + 5) is None
        given = await destination.set_time("sub/b", local, OLD + 5)
    status, other = (mirror.directory / "sub/b").stat(), (mirror.directory / "other").stat()
    assert given == (OLD + 5 if shared else None)
    assert (status.st_mtime_ns, other.st_mtime_ns) == (OLD + 5 * shared, OLD)
    assert (status.st_ino != other.st_ino, status.st_mode) == (shared, other.st_mode)
    assert (mirror.directory / "sub/b").read_text() == "one"
    assert not shared or (mirror.shelf / "current/sub/b").stat().st_mtime_ns == OLD
    assert os.listdir(mirror.directory / ".crawler/parts") == []


def test_a_reader_never_sees_a_mixture(mirror: Mirror) -> None:
    """The reader opens the directory to which ``current`` points, reads the index, and then the files in it."""
    mirror.publish()
    ended, seen, mixtures = threading.Event(), set[str](), list[list[str]]()

    def read() -> None:
        while not ended.is_set():
            opened = os.open(mirror.shelf / "current", os.O_DIRECTORY)
            try:
                found = []
                for name in ("a", "sub/b", "sub/deep/c", "a"):
                    with open(os.open(name, os.O_RDONLY, dir_fd=opened)) as file:
                        found.append(file.read())
                seen.add(found[0])
                if len(set(found)) > 1:
                    mixtures.append(found)
            finally:
                os.close(opened)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(50):
        for path in ("sub/b", "a", "sub/deep/c"):
            mirror.save(path, str(number))
        mirror.publish(Retention(20))
    ended.set()
    reader.join()
    assert mixtures == []
    assert len(seen) > 5
