"""Rows H13 to H16, F03, F05: hostile content planted in DIR."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.misbehaving.samples import DAY, blob, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD


@pytest.mark.row("H13")
@pytest.mark.parametrize("delete", [False, True])
def test_nothing_is_written_through_a_linked_directory(sandbox: Sandbox, site: Site, delete: bool) -> None:
    wanted = populate(site)
    sandbox.directory.mkdir()
    (sandbox.directory / "sub").symlink_to(sandbox.outside)
    run = sandbox.mirror(site.url, delete=delete)
    run.ends(0, 4, 5, 6)
    there = sandbox.tree()
    assert {path: there.get(path) for path in wanted if not path.startswith("sub/")} == {
        path: data for path, data in wanted.items() if not path.startswith("sub/")
    }
    if run.code == 0:
        sandbox.holds(wanted)


@pytest.mark.row("H13")
def test_a_directory_that_becomes_a_link_between_runs_is_not_followed(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    (sandbox.directory / "sub").rename(sandbox.directory / "was-sub")
    (sandbox.directory / "sub").symlink_to(sandbox.outside)
    site.file("sub/b.bin", blob(9000, 1), mtime=OLD + DAY)
    site.file("sub/victim", blob(9000, 2))
    run = sandbox.mirror(site.url, delete=True)
    run.ends(0, 4, 5, 6)


@pytest.mark.row("H14")
def test_links_under_final_names_are_replaced_and_not_written_through(sandbox: Sandbox, site: Site) -> None:
    for number, name in enumerate(("link", "hard", "dangling")):
        site.file(name, blob(700 + number, number))
    sandbox.directory.mkdir()
    (sandbox.directory / "link").symlink_to(sandbox.outside / "victim")
    os.link(sandbox.outside / "victim", sandbox.directory / "hard")
    (sandbox.directory / "dangling").symlink_to(sandbox.outside / "absent")
    run = sandbox.mirror(site.url)
    if run.code == 0:
        sandbox.holds(site.contents())
    else:
        run.fails(4, 5)


@pytest.mark.row("H14")
def test_a_hard_linked_snapshot_keeps_the_old_version(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    snapshot = sandbox.outside / "snapshot"
    snapshot.mkdir()
    for path in ("a.txt", "README"):
        os.link(sandbox.directory / path, snapshot / path)
    sandbox.remember()
    for path in ("a.txt", "README"):
        site.file(path, blob(5000, 9), mtime=OLD + DAY)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("H14")
def test_delete_removes_a_link_and_not_what_it_points_to(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    (sandbox.directory / "stray").symlink_to(sandbox.outside / "victim")
    (sandbox.directory / "stray-folder").symlink_to(sandbox.outside)
    run = sandbox.mirror(site.url, delete=True)
    run.ends(0, 5, 6)
    sandbox.holds(site.contents())


NAMES = (
    "a.txt.part",
    ".a.txt",
    "a.txt~",
    "a.txt.tmp",
    ".a.txt.tmp",
    "a.txt.partial",
    "a.txt.lftp-pget-status",
    "a.txt.1",
)


@pytest.mark.row("H15")
def test_planted_temporary_names_are_not_written_through(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.directory.mkdir()
    for name in NAMES:
        (sandbox.directory / name).symlink_to(sandbox.outside / "victim")
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("H15", "H16")
@pytest.mark.parametrize("name", ["", "/parts", "/trash", "/lock", "/state.sqlite3"])
@pytest.mark.parametrize("to", ["folder", "victim"])
def test_a_link_in_place_of_the_programs_own_files_is_not_followed(
    sandbox: Sandbox, site: Site, name: str, to: str
) -> None:
    populate(site)
    site.file("big", blob(900_000))
    place = sandbox.directory / f".crawler{name}"
    place.parent.mkdir(parents=True)
    place.symlink_to({"folder": sandbox.outside, "victim": sandbox.outside / "victim"}[to])
    run = sandbox.mirror(site.url, more=["--trash=1d", "--delete"])
    run.ends(0, 4)


@pytest.mark.own
@pytest.mark.row("H15", "H16")
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_link_beside_the_state_is_not_followed(sandbox: Sandbox, site: Site, suffix: str) -> None:
    populate(site)
    (sandbox.directory / ".crawler").mkdir(parents=True)
    (sandbox.directory / f".crawler/state.sqlite3{suffix}").symlink_to(sandbox.outside / "victim")
    run = sandbox.mirror(site.url)
    run.ends(0, 4)


def _full_directory(path: Path) -> None:
    path.mkdir()
    (path / "precious").write_bytes(b"a user's file")


@pytest.mark.row("F05")
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, _full_directory])
def test_something_other_than_a_file_under_a_final_name_stops_only_that_file(
    sandbox: Sandbox, site: Site, make: Callable[[Path], None]
) -> None:
    wanted = populate(site)
    sandbox.directory.mkdir()
    make(sandbox.directory / "a.txt")
    run = sandbox.mirror(site.url)
    run.ends(0, 5)
    there = sandbox.tree()
    assert {path: there.get(path) for path in wanted if path != "a.txt"} == {
        path: data for path, data in wanted.items() if path != "a.txt"
    }
    if run.code == 0:
        assert there["a.txt"] == wanted["a.txt"]
    if make is _full_directory and run.code == 5:
        assert there["a.txt/precious"] == b"a user's file"


@pytest.mark.row("F03")
@pytest.mark.parametrize(
    "make", [lambda path: path.write_bytes(b"mine"), lambda path: os.mkfifo(path)], ids=["file", "fifo"]
)
def test_a_destination_that_is_not_a_directory_is_left_alone(
    sandbox: Sandbox, site: Site, make: Callable[[Path], object]
) -> None:
    populate(site)
    make(sandbox.directory)
    before = sandbox.directory.lstat()
    sandbox.mirror(site.url).fails(4)
    after = sandbox.directory.lstat()
    assert (after.st_ino, after.st_size, after.st_mode) == (before.st_ino, before.st_size, before.st_mode)
    assert site.log.bodies() == []


@pytest.mark.own
@pytest.mark.row("F05")
@pytest.mark.parametrize("mode", ["mirror", "--dry-run", "--explain", "--state", "beside"])
def test_a_fifo_in_place_of_the_state_is_not_waited_for(sandbox: Sandbox, site: Site, mode: str) -> None:
    site.file("a.txt", b"x")
    sandbox.mirror(site.url).succeeds()
    place = sandbox.directory / ".crawler" / "state.sqlite3"
    if mode == "--state":
        place = sandbox.reports / "state"
    elif mode == "beside":
        place = place.with_name(f"{place.name}-journal")
    else:
        place.unlink()
    os.mkfifo(place)
    more = {"--dry-run": [mode], "--state": [f"--state={place}"]}.get(mode, [])
    command = sandbox.command(site.url, more=more)
    if mode == "--explain":
        command = [*command[:-2], mode, f"{site.url}a.txt", *command[-2:]]
    run = sandbox.note(sandbox.start_raw(command).finish())
    run.succeeds()
    if mode != "--explain":
        run.says("is not a regular file")
    is_aside = mode in {"mirror", "beside"}
    assert place.is_fifo() != is_aside
    assert sum(path.is_fifo() for path in place.parent.glob("*.damaged-*")) == is_aside
