"""Free space: files that cannot fit are refused before the first byte, with both figures; others are fetched."""

from __future__ import annotations

import os

import pytest

from crawler.model.errors import DestinationError
from crawler.model.limits import FREE_RESERVE, GIB, MIB
from crawler.pipeline.rules.budgets import Room
from tests.support.misbehaving.fixtures import Mount
from tests.support.misbehaving.samples import DAY, KB, blob, many
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD


def test_a_page_that_does_not_fit_is_refused_before_its_first_byte(sandbox: Sandbox, site: Site, mount: Mount) -> None:
    mount("size=600k")
    many(site, 10, size=100 * KB)
    run = sandbox.mirror(site.url)
    run.fails(4)
    assert "not enough space" in run.errors
    assert "(1000000 and " in run.errors
    assert site.log.bodies() == []
    assert sandbox.tree() == {}
    assert sandbox.parts() == []


def test_a_tree_that_does_not_fit_is_refused_while_it_is_walked(sandbox: Sandbox, site: Site, mount: Mount) -> None:
    mount("size=600k")
    for number in range(8):
        site.file(f"d{number}/f", blob(100 * KB, number))
    run = sandbox.mirror(site.url)
    run.fails(4)
    assert "not enough space" in run.errors
    sandbox.holds_only_whole(site.contents())


def test_files_to_be_replaced_make_room_for_their_successors(sandbox: Sandbox, site: Site, mount: Mount) -> None:
    mount("size=1750k")
    for number in range(3):
        site.file(f"f{number}", blob(300 * KB, number))
    sandbox.mirror(site.url).succeeds()
    for number in range(3):
        site.file(f"f{number}", blob(301 * KB, 50 + number), mtime=OLD + DAY)
    status = os.statvfs(sandbox.directory)
    assert status.f_bavail * status.f_frsize < 3 * 301 * KB
    sandbox.mirror(site.url, workers=1).succeeds()
    sandbox.holds(site.contents())


def test_a_plan_that_does_not_fit_is_printed_and_reported_as_too_large(
    sandbox: Sandbox, site: Site, mount: Mount
) -> None:
    mount("size=600k")
    many(site, 10, size=100 * KB)
    run = sandbox.mirror(site.url, more=["--dry-run"])
    run.fails(4)
    assert "10 to fetch" in run.output
    assert "(1000000 and " in run.errors
    assert os.listdir(sandbox.directory) == []


def test_unchanged_files_need_no_room(sandbox: Sandbox, site: Site, mount: Mount) -> None:
    mount("size=700k")
    many(site, 5, size=100 * KB)
    sandbox.mirror(site.url).succeeds()
    sandbox.mirror(site.url).succeeds()


@pytest.mark.parametrize(
    ("free", "fits"),
    [(0, 0), (99, 99), (100, 99), (10 * MIB, 10 * MIB - 10 * MIB // 100), (100 * GIB, 100 * GIB - FREE_RESERVE)],
)
def test_a_small_reserve_stays_free(free: int, fits: int) -> None:
    room = Room("/d", free)
    assert not room.may_overflow(fits)
    assert room.may_overflow(fits + 1)
    room.book(fits)
    assert room.problem is None
    room.check()
    room.book(1)
    with pytest.raises(DestinationError, match=f"/d: not enough space.*{fits + 1} and {free} bytes"):
        room.check()


@pytest.mark.parametrize(("keeps_old", "fits"), [(False, True), (True, False)])
def test_replaced_files_make_room_unless_the_trash_keeps_them(keeps_old: bool, fits: bool) -> None:
    room = Room("/d", 100, keeps_old=keeps_old, strict=False)
    room.book(120, replaced=60)
    assert (room.problem is None) is fits
