"""--verify DIR compares DIR with its state, offline; --repair fetches again what differs."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from crawler import mirror
from crawler.app.maintenance import run_verify
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.report import Report
from crawler.model.values import Known, Outcome
from crawler.pipeline.stop import Stop
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.state.store import SqliteState
from tests.support.misbehaving.behaviours import Redirect, Status
from tests.support.misbehaving.samples import blob, many, populate
from tests.support.misbehaving.sandbox import Run, Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD
from tests.support.waiting import wait_until


def verify(sandbox: Sandbox, *options: str) -> Run:
    command = sandbox.command("", more=["--verify", *options])
    command.remove("")
    return sandbox.note(sandbox.start_raw(command).finish())


def damage(directory: Path) -> None:
    """Corrupt a file without changing its size or time, truncate one, remove one, and replace one by a directory."""
    status = (directory / "sub/c.iso").stat()
    with (directory / "sub/c.iso").open("r+b") as file:
        file.write(b"rot")
    os.utime(directory / "sub/c.iso", ns=(status.st_atime_ns, status.st_mtime_ns))
    os.truncate(directory / "x.tar.gz", 100)
    (directory / "other/f").unlink()
    (directory / "other/g").unlink()
    (directory / "other/g").mkdir()


DAMAGED = {
    "sub/c.iso": "digest differs",
    "x.tar.gz": "has 100 bytes, not 1017",
    "other/f": "missing",
    "other/g": "a directory is in its place",
}


def populated_directory(site: Site, name: str) -> None:
    """Replace the file ``name`` by a directory."""
    site.remove(name)
    site.file(f"{name}/inside", blob(70))


@pytest.mark.parametrize("more", [(), ("--delete", "--max-delete=100%")])
def test_no_record_outlives_its_file(sandbox: Sandbox, site: Site, more: tuple[str, ...]) -> None:
    """The file is gone or a directory upstream, while something other than a file is at its local path."""
    names = ("nothing", "pipe", "link", "dangling", "empty", "full", "mirror")
    for number, name in enumerate(names):
        site.file(f"gone-{name}", blob(100, number))
        site.file(f"sub/gone-{name}", blob(90, number))
        site.file(f"folder-{name}", blob(80, number))
    site.file("stays", blob(100))
    sandbox.mirror(site.url).succeeds()
    for name in names:
        for path in (f"gone-{name}", f"sub/gone-{name}"):
            site.remove(path)
            instead(sandbox.directory / path, name)
        populated_directory(site, f"folder-{name}")
        (sandbox.directory / f"folder-{name}").unlink()
    instead(sandbox.directory / "folder-empty", "empty")
    sandbox.mirror(site.url, more=list(more)).succeeds()
    verify(sandbox).succeeds()
    assert (sandbox.directory / "sub/gone-full/mine").exists() == (not more)


@pytest.mark.parametrize("what", ["empty", "pipe", "dangling"])
def test_what_is_in_place_of_the_state_is_named(sandbox: Sandbox, what: str) -> None:
    (sandbox.directory / ".crawler").mkdir(parents=True)
    instead(sandbox.directory / ".crawler/state.sqlite3", what)
    run = verify(sandbox)
    run.fails(2)
    run.says(".crawler/state.sqlite3 cannot be used (it is not a regular file): move it away")
    assert len(run.text.splitlines()) == 1


def instead(path: Path, what: str) -> None:
    """Put ``what`` in place of a file."""
    path.unlink(missing_ok=True)
    match what:
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to("stays")
        case "dangling":
            path.symlink_to("/nowhere/at/all")
        case "empty" | "full" | "mirror":
            path.mkdir()
            if what != "empty":
                (path / "mine").write_bytes(b"mine")
            if what == "mirror":
                (path / ".crawler").mkdir()


def test_what_is_in_place_of_a_file_is_named_by_verify_and_by_repair(sandbox: Sandbox, site: Site) -> None:
    site.file("good", blob(100))
    site.file("folder", blob(100))
    site.file("pipe", blob(100))
    site.file("link", blob(100))
    sandbox.mirror(site.url).succeeds()
    populated_directory(site, "folder")
    site.file("folder", b"", Redirect(f"{site.url}folder/"))
    for name, what in (("folder", "full"), ("pipe", "pipe"), ("link", "link")):
        instead(sandbox.directory / name, what)
    run = verify(sandbox)
    run.fails(5)
    run.says("folder", "a directory is in its place")
    run.says("pipe", "something other than a regular file is in its place")
    run.says("link", "a symbolic link is in its place")
    (sandbox.directory / "folder/mine").unlink()
    run = verify(sandbox, "--repair")
    run.fails(5)
    run.says("folder", "it is a directory on the server")
    verify(sandbox).fails(5)


def test_a_good_mirror_is_verified_silently_and_without_a_request(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    site.log.clear()
    run = verify(sandbox)
    run.succeeds()
    assert run.text == ""
    assert site.log == []
    assert "Verified 9 in" in verify(sandbox, "-v").output


def test_what_differs_is_listed_with_5_and_left_alone(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    damage(sandbox.directory)
    before = sandbox.inodes()
    site.log.clear()
    run = verify(sandbox)
    run.fails(5)
    lines = [line for line in run.errors.splitlines() if line.startswith("failed: ")]
    assert sorted(line.split()[1] for line in lines) == sorted(DAMAGED)
    assert all(DAMAGED[line.split()[1]] in line for line in lines)
    assert "5 good, 4 bad" in run.errors
    assert sandbox.inodes() == before
    assert site.log == []


def test_repair_fetches_what_differs_and_nothing_else(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    damage(sandbox.directory)
    (sandbox.directory / "other/g").rmdir()
    site.log.clear()
    run = verify(sandbox, "--repair", "-v")
    run.succeeds()
    assert "5 good, 4 repaired, 0 bad" in run.output
    assert sorted(request.path for request in site.log.bodies()) == sorted(f"/pub/{path}" for path in DAMAGED)
    sandbox.holds(wanted)
    site.log.clear()
    sandbox.mirror(site.url).succeeds()
    assert site.log.bodies() == [], "the rows are still known"


def test_a_failed_repair_is_reported_with_both_reasons(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    (sandbox.directory / "other/f").unlink()
    site.on("other/f", Status(404))
    run = verify(sandbox, "--repair")
    run.fails(5)
    assert "HTTP 404" in run.errors
    assert not (sandbox.directory / "other/f").exists()


def test_repair_obeys_robots(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    (sandbox.directory / "other/f").unlink()
    site._resource("/robots.txt").page = lambda: b"User-agent: *\nDisallow: /pub/other/\n"
    site.log.clear()
    run = verify(sandbox, "--repair")
    run.fails(5)
    assert "missing; forbidden by robots.txt" in run.errors
    assert site.log.bodies("/pub/") == []


def test_a_mirror_that_is_being_written_is_not_verified(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    site.on("", Status(503))
    site.log.clear()
    program = sandbox.start(site.url, attempts=9)
    wait_until(lambda: len(site.log) > 1, "a run has begun")
    verify(sandbox).fails(7)
    program.process.kill()
    program.finish()


@pytest.mark.parametrize("prepare", ["nothing", "no state"])
def test_what_is_not_a_mirror_is_not_verified_and_not_made_one(sandbox: Sandbox, prepare: str) -> None:
    if prepare == "no state":
        sandbox.directory.mkdir()
    run = verify(sandbox)
    run.fails(2)
    assert "not a crawler mirror" in run.errors
    assert not (sandbox.directory / ".crawler").exists()


def test_a_damaged_state_verifies_nothing_and_says_so(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    (sandbox.directory / ".crawler/state.sqlite3").write_bytes(b"no database at all" * 100)
    run = verify(sandbox)
    run.fails(4)
    assert "nothing can be verified" in run.errors


def test_a_mount_point_without_its_disk_is_neither_verified_nor_repaired(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    state = f"--state={sandbox.reports / 'state.sqlite3'}"
    sandbox.mirror(site.url, more=[state]).succeeds()
    shutil.rmtree(sandbox.directory)
    sandbox.directory.mkdir()
    run = verify(sandbox, state, "--repair")
    run.fails(4)
    assert "mounted" in run.errors
    assert list(sandbox.directory.iterdir()) == []


def test_a_read_only_disk_is_verified_too(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(sandbox.directory)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        sandbox.mirror(site.url).succeeds()
        subprocess.run([*mount[:4], "remount,ro", *mount[5:]], check=True)
        verify(sandbox).succeeds()
        verify(sandbox, "--repair").fails(4)
    finally:
        subprocess.run(["umount", "-l", str(sandbox.directory)], check=True)


async def checked(directory: Path, *, repair: bool = False, **options: object) -> Report:
    report, error = await run_verify(directory, Config(**options), [], Stop(), repair=repair)  # type: ignore[arg-type]
    assert error is None
    return report


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
async def test_a_directory_that_cannot_be_read_does_not_hide_the_others(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    populate(site)
    await mirror(site.url, tmp_path)
    listdir = os.listdir

    def closed(descriptor: int) -> list[str]:  # permissions alone do not stop root
        if os.path.samefile(f"/proc/self/fd/{descriptor}", tmp_path / "sub"):
            raise OSError(number, "")
        return listdir(descriptor)

    monkeypatch.setattr(os, "listdir", closed)
    monkeypatch.setattr(LocalDestination, "inspect", lambda *_: None)  # a single name cannot be looked up there either
    for repair in (False, True):
        report = await checked(tmp_path, repair=repair)
        found = {(result.path, result.reason) for result in report.failures}
        reason = f"its directory cannot be read: {os.strerror(number).lower()}"
        assert found == {("sub/b.bin", reason), ("sub/c.iso", reason)}
        assert (report.listed, report.failed, report.exit_code) == (9, 2, 5)


async def test_a_damaged_record_is_a_warning_and_the_other_files_are_verified(site: Site, tmp_path: Path) -> None:
    populate(site)
    await mirror(site.url, tmp_path)
    with closing(sqlite3.connect(tmp_path / ".crawler/state.sqlite3")) as connection, connection:
        connection.execute("UPDATE files SET size = size + 1 WHERE name = ?", (b"a.txt",))
    report = await checked(tmp_path)
    assert report.unchanged == report.listed == len(site.contents()) - 1
    (warning,) = report.warnings
    assert "state.sqlite3 is damaged: 1 damaged record was dropped" in warning
    assert report.exit_code == 0


async def test_files_without_a_digest_count_as_not_verified(tmp_path: Path) -> None:
    (tmp_path / ".crawler").mkdir()
    (tmp_path / "a").write_bytes(b"12345")
    async with SqliteState(tmp_path / ".crawler" / "state.sqlite3") as state:
        state.remember([Known(path="a", url="http://h/a", row="", size=5, mtime=0)])
    report = await checked(tmp_path)
    assert (report.listed, report.skipped, report.exit_code) == (1, 1, 0)
    assert report.skipped_by == {"no digest is known": 1}


async def test_what_may_be_of_any_version_is_fetched_by_repair(site: Site, tmp_path: Path) -> None:
    """After a kill, or an error of a store, during a replacement."""
    many(site, 3)
    assert (await mirror(site.url, tmp_path)).ok
    async with SqliteState(tmp_path / ".crawler/state.sqlite3") as state:
        await state.doubt(["f001"])
    (tmp_path / "f001").write_bytes(b"x" * 100)
    report = await checked(tmp_path)
    assert (report.unchanged, report.failed, report.exit_code) == (2, 1, 5)
    report = await checked(tmp_path, repair=True)
    assert (report.unchanged, report.saved, report.failed) == (2, 1, 0)
    assert (tmp_path / "f001").read_bytes() == site.contents()["f001"]


async def test_each_of_many_files_ends_once_and_the_run_is_not_in_the_history(site: Site, tmp_path: Path) -> None:
    many(site, 300)
    await mirror(site.url, tmp_path)
    (tmp_path / "f007").write_bytes(blob(100, 1234))
    report = await checked(tmp_path, workers=4)
    assert (report.listed, report.unchanged, report.failed) == (300, 299, 1)
    assert [(result.path, result.outcome) for result in report.failures] == [("f007", Outcome.FAILED)]
    with sqlite3.connect(tmp_path / ".crawler" / "state.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    connection.close()


async def test_a_state_elsewhere_is_found(site: Site, tmp_path: Path) -> None:
    many(site, 3)
    state = str(tmp_path / "state.sqlite3")
    await mirror(site.url, tmp_path / "d", Config(state=state))
    report = await checked(tmp_path / "d", state=state)
    assert report.unchanged == 3
    with pytest.raises(ConfigError):
        await checked(tmp_path / "d")


def test_repair_alone_means_nothing(sandbox: Sandbox, site: Site) -> None:
    run = sandbox.mirror(site.url, more=["--repair"])
    run.fails(2)
    assert "--verify" in run.errors


def exact_rows(site: Site) -> bytes:
    """The listing of the root as nginx prints it with ``autoindex_format json``."""
    when = format_datetime(datetime.fromtimestamp(OLD, UTC), usegmt=True)
    rows = [{"name": name, "type": "file", "mtime": when, "size": len(body)} for name, body in site.contents().items()]
    return json.dumps(rows).encode()


def here_before_us(sandbox: Sandbox, site: Site) -> None:
    sandbox.directory.mkdir()
    for name, body in many(site, 5).items():
        (sandbox.directory / name).write_bytes(body)
        os.utime(sandbox.directory / name, (OLD, OLD))
    site.listing("", lambda: exact_rows(site))


def rot(file: Path) -> None:
    """Corrupt a file without changing its size or time."""
    status = file.stat()
    file.write_bytes(bytes(len(file.read_bytes())))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("note", ["repair", "check"])
def test_files_that_were_in_dir_before_are_known_and_can_be_verified_once_they_were_read(
    sandbox: Sandbox, site: Site, note: str
) -> None:
    here_before_us(sandbox, site)
    for _ in range(2):
        sandbox.mirror(site.url).succeeds()
    assert site.log.bodies() == [], "an exact row needs no request"
    first = verify(sandbox, "-v")
    first.succeeds()
    first.says("Not verified: 5 no digest is known")
    (verify(sandbox, "--repair") if note == "repair" else sandbox.mirror(site.url, more=["--check=digest"])).succeeds()
    verify(sandbox, "-v").says("5 good")
    sandbox.mirror(site.url).succeeds()
    rot(sandbox.directory / "f003")
    verify(sandbox).fails(5)
    assert site.log.bodies() == []
    verify(sandbox, "--repair").succeeds()
    sandbox.holds(site.contents())
    verify(sandbox).succeeds()
