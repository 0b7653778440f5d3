"""Rows C, the controls: everything that other rows disturb works with a healthy server."""

from __future__ import annotations

import os
import stat
import time
from email.utils import formatdate

import pytest

from tests.support.misbehaving.behaviours import Says, Undated, Unnamed
from tests.support.misbehaving.samples import DAY, blob, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD


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


@pytest.mark.row("C01")
@pytest.mark.parametrize("shape", ["nginx", "apache"])
def test_a_server_without_validators_is_believed_by_its_rows(sandbox: Sandbox, shape: str) -> None:
    """There are no validators, Last-Modified is unreadable, or it is the time of the response."""
    variants = {"nothing": (), "garbled": (("Last-Modified", "yesterday"),), "now": (("Last-Modified", formatdate()),)}
    with Site(shape=shape) as site:
        for name, headers in variants.items():
            site.file(name, blob(500, len(name)), Says(headers=headers), etag=None, dated=False)
        sandbox.mirror(site.url).succeeds()
        before = sandbox.inodes()
        site.log.clear()
        sandbox.mirror(site.url).succeeds()
        assert [request.path for request in site.log if not request.path.endswith("/")] in ([], ["/robots.txt"])
        assert sandbox.inodes() == before
        site.file("nothing", blob(500, 99), etag=None, dated=False, mtime=OLD + DAY)
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())


@pytest.mark.row("C01")
def test_a_young_row_of_a_server_without_validators_hides_no_change(sandbox: Sandbox, site: Site) -> None:
    young = time.time()
    site.file("a", blob(500, 1), mtime=young, etag=None, dated=False)
    sandbox.mirror(site.url).succeeds()
    site.file("a", blob(500, 2), mtime=young, etag=None, dated=False)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("C02")
def test_newer_older_grown_and_new_files_are_all_fetched(sandbox: Sandbox, site: Site) -> None:
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
    directories = ("sub", "sub/deep", "other")
    assert {stat.S_IMODE((sandbox.directory / path).stat().st_mode) for path in directories} == {0o755}


@pytest.mark.row("C05")
def test_a_file_carries_the_time_that_the_server_gave(sandbox: Sandbox, site: Site) -> None:
    site.file("a.bin", blob(100), mtime=OLD + 17)
    sandbox.mirror(site.url).succeeds()
    assert (sandbox.directory / "a.bin").stat().st_mtime == OLD + 17


@pytest.mark.row("C05")
@pytest.mark.parametrize("shape", ["nginx", "apache", "python"])
def test_a_file_that_was_only_touched_gets_the_new_time_and_no_body(sandbox: Sandbox, shape: str) -> None:
    """The ETag depends on the bytes, as in object stores: uploading the same bytes changes only the time."""
    with Site(shape=shape) as site:
        site.file("a.bin", blob(100), etag='"bytes"')
        sandbox.mirror(site.url).succeeds()
        before = sandbox.inodes()["a.bin"][0]
        site.file("a.bin", blob(100), etag='"bytes"', mtime=OLD + DAY)
        site.log.clear()
        sandbox.mirror(site.url).succeeds()
        assert [request.status for request in site.log.of("/pub/a.bin")] == [304]
        assert sandbox.inodes()["a.bin"] == (before, int(OLD + DAY) * 10**9)
        site.log.clear()
        sandbox.mirror(site.url).succeeds()
        assert len(site.log.of("/pub/a.bin")) == (shape == "python"), "its row proves nothing"
        assert sandbox.inodes()["a.bin"] == (before, int(OLD + DAY) * 10**9)


@pytest.mark.row("C05")
@pytest.mark.parametrize("etag", ['"bytes"', 'W/"bytes"'])
def test_a_file_that_was_only_touched_gets_the_new_time_although_a_304_has_none(
    sandbox: Sandbox, site: Site, etag: str
) -> None:
    site.file("a.bin", blob(100), Undated(), etag=etag)
    sandbox.mirror(site.url).succeeds()
    site.file("a.bin", blob(100), Undated(), etag=etag, mtime=OLD + DAY)
    for requests in ([304, 200], []):
        site.log.clear()
        sandbox.mirror(site.url).succeeds()
        assert [request.status for request in site.log.of("/pub/a.bin")] == requests
        assert sandbox.inodes()["a.bin"][1] == int(OLD + DAY) * 10**9


@pytest.mark.own
@pytest.mark.row("C05")
@pytest.mark.parametrize(("later", "stated"), [(600, None), (3600, OLD), (-600, OLD), (3600, OLD + 3600)])
def test_a_file_whose_row_changed_is_fetched_although_a_304_that_names_no_version_comes_first(
    sandbox: Sandbox, later: int, stated: float | None
) -> None:
    """All files have one time, so that the zone is known but for a change of summer time."""
    with Site(shape="apache") as site:
        for name in ("a.bin", "b.bin", "c.bin"):
            site.file(name, blob(100), etag=f'"{name}"')
        sandbox.mirror(site.url).succeeds()
        site.file("a.bin", blob(100, 2), Unnamed(last_modified=stated), etag='"other"', mtime=OLD + later)
        site.log.clear()
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())
        assert [request.status for request in site.log.of("/pub/a.bin")] == [304, 200]


@pytest.mark.row("C06")
def test_a_listing_of_names_alone_is_enough_to_find_changes(sandbox: Sandbox) -> None:
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
