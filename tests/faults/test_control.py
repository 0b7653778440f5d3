"""Rows C: a healthy server. What the other rows take away must be there first."""

from __future__ import annotations

import os
import stat

import pytest

from tests.faulty.samples import DAY, blob, populate
from tests.faulty.sandbox import Sandbox
from tests.faulty.server import Site
from tests.faulty.site import OLD


@pytest.mark.row("C00")
def test_a_healthy_tree_arrives_whole_and_nothing_else(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)


@pytest.mark.row("C01")
def test_an_unchanged_tree_is_read_again_but_not_touched(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    before = sandbox.inodes()
    site.log.clear()
    sandbox.mirror(site.url).succeeds()
    assert site.log.bodies() == []
    assert sandbox.inodes() == before
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("C01")
def test_an_unchanged_tree_costs_one_request_per_directory(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    site.log.clear()
    sandbox.mirror(site.url).succeeds()
    assert sorted(set(site.log.targets) - {"/robots.txt"}) == ["/pub/", "/pub/other/", "/pub/sub/", "/pub/sub/deep/"]
    assert len(site.log) <= 5


@pytest.mark.row("C02")
def test_newer_older_grown_and_new_files_are_all_taken(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    site.log.clear()
    site.file("a.txt", blob(517, 99), mtime=OLD + 9 * DAY)
    site.file("x.tar.gz", blob(800, 99), mtime=OLD - 90 * DAY)
    site.file("sub/b.bin", blob(9000, 99), mtime=OLD + 9 * DAY)
    site.file("sub/new", blob(70, 99))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
    assert len(site.log.bodies()) <= 5


@pytest.mark.row("C03")
def test_a_deleted_and_a_truncated_local_file_come_back(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    (sandbox.directory / "sub/c.iso").unlink()
    cut = sandbox.directory / "x.tar.gz"
    times = (cut.stat().st_atime_ns, cut.stat().st_mtime_ns)
    os.truncate(cut, 300)
    os.utime(cut, ns=times)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)


@pytest.mark.row("C04")
def test_files_and_directories_get_the_modes_that_the_umask_leaves(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    before = os.umask(0o022)
    try:
        sandbox.mirror(site.url).succeeds()
    finally:
        os.umask(before)
    assert {stat.S_IMODE((sandbox.directory / path).stat().st_mode) for path in sandbox.tree()} == {0o644}
    folders = ("sub", "sub/deep", "other")
    assert {stat.S_IMODE((sandbox.directory / path).stat().st_mode) for path in folders} == {0o755}


@pytest.mark.row("C05")
def test_a_file_carries_the_time_that_the_server_gave(sandbox: Sandbox, site: Site) -> None:
    site.file("a.bin", blob(100), mtime=OLD + 17)
    sandbox.mirror(site.url).succeeds()
    assert (sandbox.directory / "a.bin").stat().st_mtime == OLD + 17


@pytest.mark.row("C06")
def test_a_listing_of_names_alone_is_enough_to_see_what_changed(sandbox: Sandbox) -> None:
    with Site(shape="python") as site:
        populate(site)
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())
        site.log.clear()
        sandbox.mirror(site.url).succeeds()
        assert site.log.bodies() == []
        site.file("a.txt", blob(517, 99), mtime=OLD + 9 * DAY)
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())
        assert [request.path for request in site.log.bodies()] == ["/pub/a.txt"]
