"""Leftovers of runs: parts of files that are gone, and the trash."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from crawler.model.config import Config
from crawler.model.options.rules import parse_rule
from crawler.pipeline.rules.filters import Excluded, Filters
from tests.support.misbehaving.behaviours import Stall, Status
from tests.support.misbehaving.samples import DAY, blob, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD
from tests.support.waiting import wait_until


def largest_part(sandbox: Sandbox) -> int:
    """Size of the largest part in bytes: even small bodies briefly have one."""
    largest = 0
    for part in sandbox.parts():
        with suppress(FileNotFoundError):
            largest = max(largest, os.path.getsize(part))
    return largest


def interrupted(sandbox: Sandbox, site: Site) -> None:
    """A run that leaves a part of ``big``."""
    populate(site)
    site.file("big", blob(900_000), Stall(at=0.5))
    program = sandbox.start(site.url)
    wait_until(lambda: largest_part(sandbox) > 100_000, "the part has grown")
    program.signal(signal.SIGTERM)
    sandbox.note(program.finish()).fails(143)
    assert sandbox.parts()


def test_the_part_of_a_file_that_is_gone_upstream_goes_with_the_next_whole_run(sandbox: Sandbox, site: Site) -> None:
    interrupted(sandbox, site)
    site.remove("big")
    sandbox.mirror(site.url).succeeds()
    assert sandbox.parts() == []


@pytest.mark.parametrize("option", ["--exclude=big", "--max-files=1", "--no-recursive", "--max-depth=1", "--dry-run"])
def test_a_run_that_looks_at_less_leaves_the_parts_of_others(sandbox: Sandbox, site: Site, option: str) -> None:
    interrupted(sandbox, site)
    site.remove("big")
    for name in ("new", "newer"):
        site.file(name, blob(100))
    sandbox.mirror(site.url, more=[option]).ends(9 if "max-files" in option else 0)
    assert sandbox.parts()


def test_a_run_in_which_something_failed_leaves_parts(sandbox: Sandbox, site: Site) -> None:
    interrupted(sandbox, site)
    site.remove("big")
    site.on("sub/", Status(404))
    sandbox.mirror(site.url).fails(5)
    assert sandbox.parts()


def trash(sandbox: Sandbox) -> dict[str, bytes]:
    """The content of the trash, by path below the day."""
    root = sandbox.directory / ".crawler" / "trash"
    return {"/".join(path.relative_to(root).parts[1:]): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_replaced_and_deleted_files_go_to_the_trash(sandbox: Sandbox, site: Site) -> None:
    before = populate(site)
    sandbox.mirror(site.url).succeeds()
    site.file("a.txt", blob(600, 9), mtime=OLD + DAY)
    site.remove("sub/deep/e")
    run = sandbox.mirror(site.url, delete=True, more=["--trash=7"])
    run.succeeds()
    sandbox.holds(site.contents())
    assert trash(sandbox) == {path: before[path] for path in ("a.txt", "sub/deep/e")}
    sandbox.mirror(site.url, delete=True, more=["--trash=7"]).succeeds()
    assert len(trash(sandbox)) == 2, "what is in the trash is no content of the mirror"


def test_the_trash_is_emptied_of_what_is_too_old(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    site.remove("a.txt")
    sandbox.mirror(site.url, delete=True, more=["--trash=7"]).succeeds()
    root = sandbox.directory / ".crawler" / "trash"
    (day,) = root.iterdir()
    day.rename(root / "2020-01-01")
    (root / "notes").mkdir()
    sandbox.mirror(site.url).succeeds()
    assert trash(sandbox), "without the option nobody looks there"
    sandbox.mirror(site.url, more=["--trash=7"]).succeeds()
    assert [path.name for path in root.iterdir()] == ["notes"]


def test_without_trash_nothing_is_kept(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    site.remove("a.txt")
    sandbox.mirror(site.url, delete=True).succeeds()
    assert not (sandbox.directory / ".crawler" / "trash").exists()


def test_a_dry_run_does_not_empty_the_trash(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    old = sandbox.directory / ".crawler" / "trash" / "2020-01-01"
    old.mkdir(parents=True)
    sandbox.mirror(site.url, more=["--trash=7", "--dry-run"]).succeeds()
    assert old.exists()


def test_what_is_excluded_is_known_by_its_path() -> None:
    rules = (parse_rule("*.iso", include=False, where=""), parse_rule("old/", include=False, where=""))
    excluded = Excluded(Filters(Config(rules=rules), datetime(2025, 1, 1, tzinfo=UTC)))
    assert [path in excluded for path in ("a.iso", "old/x", "new/x", "x")] == [True, True, False, False]
    assert 5 not in excluded
