"""Rows F and M03, M04: disks that are full, read-only or gone, and a process that may open only a few files."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.support.misbehaving.behaviours import Late
from tests.support.misbehaving.fixtures import Mount
from tests.support.misbehaving.samples import DAY, KB, blob, many, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD


@pytest.mark.row("F01")
@pytest.mark.parametrize(
    ("shape", "says"), [("nginx", "not enough space"), ("python", "disk is full")], ids=["sizes", "none"]
)
def test_a_full_disk_keeps_the_old_copy_and_the_next_run_repairs(
    sandbox: Sandbox, mount: Mount, shape: str, says: str
) -> None:
    """If the listing has sizes, the lack of space is known in advance; otherwise the disk reports it."""
    mount("size=600k")
    with Site(shape=shape) as site:
        site.file("a.bin", blob(150 * KB, 1))
        site.file("b.bin", blob(500, 1))
        old = site.contents()
        sandbox.mirror(site.url).succeeds()
        site.file("a.bin", blob(900 * KB, 2), mtime=OLD + DAY)
        site.file("c.bin", blob(200 * KB, 2), mtime=OLD + DAY)
        run = sandbox.mirror(site.url)
        run.fails(4)
        run.says(says)
        sandbox.holds_only_whole(old, site.contents())
        assert sandbox.tree()["a.bin"] == old["a.bin"]
        mount("size=8m")
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())


@pytest.mark.row("F01")
def test_a_full_disk_ends_the_run_before_everything_is_fetched_for_nothing(
    sandbox: Sandbox, site: Site, mount: Mount
) -> None:
    mount("size=600k")
    many(site, 60, size=400 * KB)
    run = sandbox.mirror(site.url)
    run.fails(4)
    sandbox.holds_only_whole(site.contents())
    assert sum(request.sent for request in site.log.bodies()) < 30 * 400 * KB


@pytest.mark.row("M03")
def test_a_disk_without_inodes_is_a_full_disk(sandbox: Sandbox, site: Site, mount: Mount) -> None:
    mount("size=8m,nr_inodes=20")
    many(site, 40)
    run = sandbox.mirror(site.url)
    run.fails(4)
    sandbox.holds_only_whole(site.contents())
    mount("size=8m,nr_inodes=200")
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("F02")
def test_a_read_only_disk_ends_the_run_soon(sandbox: Sandbox, site: Site, mount: Mount) -> None:
    mount("size=8m")
    many(site, 3)
    old = site.contents()
    sandbox.mirror(site.url).succeeds()
    many(site, 100, "new", size=3000)
    mount("ro")
    site.log.clear()
    run = sandbox.mirror(site.url)
    run.fails(4)
    run.says("read-only")
    assert len(site.log.bodies()) <= 20
    sandbox.holds(old)


@pytest.mark.own
@pytest.mark.row("M04")
def test_a_mount_point_without_its_disk_is_not_filled(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    state = f"--state={sandbox.reports / 'state.sqlite3'}"
    sandbox.mirror(site.url, more=[state]).succeeds()
    shutil.rmtree(sandbox.directory)
    sandbox.directory.mkdir()
    site.log.clear()
    run = sandbox.mirror(site.url, more=[state])
    run.fails(4)
    assert site.log.bodies() == []
    assert sandbox.tree() == {}


@pytest.mark.row("F04")
@pytest.mark.parametrize("most", [48, 32])
def test_few_open_files_are_enough(sandbox: Sandbox, site: Site, most: int) -> None:
    for number in range(150):
        site.file(f"d{number % 30}/f{number}", blob(3000, number))
    site.file("big", blob(900 * KB))
    command = sandbox.command(site.url)
    run = sandbox.note(sandbox.start_raw(["sh", "-c", f'ulimit -n {most}; exec "$@"', "sh", *command]).finish())
    sandbox.holds_only_whole(site.contents())
    if run.code == 0:
        sandbox.holds(site.contents())
    else:
        run.fails(4, 5)


@pytest.mark.own
@pytest.mark.row("F04")
@pytest.mark.parametrize(("most", "workers"), [(16, 8), (18, 8), (24, 8), (28, 32), (48, 32), (64, 64)])
def test_a_low_limit_of_open_files_is_reported(sandbox: Sandbox, site: Site, most: int, workers: int) -> None:
    for number in range(100):
        site.file(f"f{number}", blob(900, number), Late(0.02))
    command = sandbox.command(site.url, workers=workers)
    run = sandbox.note(sandbox.start_raw(["sh", "-c", f'ulimit -n {most}; exec "$@"', "sh", *command]).finish())
    sandbox.holds_only_whole(site.contents())
    run.ends(0, 3, 4, 5)
    if run.code:
        run.says("too many open files")


@pytest.mark.row("E13")
def test_a_directory_that_held_another_site_is_not_taken_for_this_one(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    with Site() as other:
        for path, data in site.contents().items():
            other.file(path, data[::-1], mtime=OLD + 5)  # the same row: the listing shows minutes
        sandbox.mirror(other.url, more=["--moved"]).succeeds()
        sandbox.holds(other.contents())


@pytest.mark.row("E14")
def test_files_that_came_without_a_state_are_compared_and_not_believed(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    shutil.rmtree(sandbox.directory / ".crawler", ignore_errors=True)
    path = sandbox.directory / "a.txt"
    path.write_bytes(path.read_bytes()[:-1])
    os.utime(path, (OLD, OLD))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)
