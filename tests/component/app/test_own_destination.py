"""A custom destination, here that of ``examples/sqlite_archive.py``: files are stored there and nowhere else."""

from __future__ import annotations

import asyncio
import runpy
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import crawler
from crawler.model.config import Config
from crawler.model.limits import SMALL_BODY
from crawler.model.values import Known, Staged
from tests.support.misbehaving.behaviours import Silent
from tests.support.misbehaving.server import Site
from tests.support.waiting import Finished, until

Archive: Callable[[Path], Any] = runpy.run_path(str(Path(__file__).parents[3] / "examples" / "sqlite_archive.py"))[
    "Archive"
]
QUICK = Config(no_robots=True, attempts=1)
LARGE = bytes(range(256)) * (SMALL_BODY // 256 + 1)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.file("a.txt", b"first")
        running.file("sub/large.bin", LARGE)
        running.directory("empty")
        yield running


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "mirror.sqlar"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def rows(archive: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(archive)) as database:
        return dict(database.execute("SELECT name, data FROM sqlar"))


async def test_a_mirror_lives_there_and_its_directory_keeps_lock_and_state(
    site: Site, archive: Path, home: Path
) -> None:
    report = await crawler.mirror(site.url, home, QUICK, destination=Archive(archive))
    assert (report.saved, report.exit_code) == (2, 0)
    assert rows(archive) == {"a.txt": b"first", "sub": b"", "sub/large.bin": LARGE, "empty": b""}
    assert [path.name for path in home.iterdir()] == [".crawler"]
    fetched = len(site.log.bodies())
    report = await crawler.mirror(site.url, home, QUICK, destination=Archive(archive))
    assert (report.saved, report.unchanged) == (0, 2)
    assert len(site.log.bodies()) == fetched, "listings alone were asked for"


async def test_what_is_gone_upstream_is_deleted_there(site: Site, archive: Path, home: Path) -> None:
    await crawler.mirror(site.url, home, QUICK, destination=Archive(archive))
    site.file("a.txt", b"second")
    site.remove("sub/large.bin")
    report = await crawler.mirror(site.url, home, replace(QUICK, delete=True), destination=Archive(archive))
    assert (report.saved, report.deleted) == (1, 1)
    assert rows(archive) == {"a.txt": b"second", "sub": b"", "empty": b""}


async def test_a_dry_run_makes_requests_and_changes_nothing(site: Site, archive: Path, home: Path) -> None:
    def changing(*_: object) -> None:
        raise AssertionError("a dry run changes nothing")

    def strict() -> Any:
        destination = Archive(archive)
        for name in ("open_part", "commit", "make_folder", "delete", "clean_parts"):
            setattr(destination, name, changing)
        return destination

    look = replace(QUICK, dry_run=True, delete=True)
    report = await crawler.mirror(site.url, home, look, destination=strict())
    assert [(step.action, step.path) for step in report.plan or ()] == [("fetch", "a.txt"), ("fetch", "sub/large.bin")]
    assert not archive.exists()
    assert not home.exists()
    await crawler.mirror(site.url, home, QUICK, destination=Archive(archive))
    site.remove("a.txt")
    site.directory("new")
    before = archive.read_bytes()
    report = await crawler.mirror(site.url, home, look, destination=strict())
    assert [(step.action, step.path) for step in report.plan or ()] == [("delete", "a.txt")]
    assert archive.read_bytes() == before


async def test_urls_from_a_list_go_there_too(site: Site, archive: Path, home: Path) -> None:
    pairs = [(site.url + "a.txt", "one/name.txt"), (site.url + "sub/large.bin", "")]
    report = await crawler.download(pairs, home, QUICK, destination=Archive(archive))
    assert report.saved == 2
    assert rows(archive) == {"one": b"", "one/name.txt": b"first", "large.bin": LARGE}


async def test_the_directory_is_locked_before_the_destination_is_touched(
    site: Site, archive: Path, home: Path, tmp_path: Path
) -> None:
    site.file("slow", b"x", Silent())
    ends = Finished()
    run = asyncio.create_task(crawler.mirror(site.url, home, QUICK, destination=Archive(archive), observers=ends))
    await until(lambda: "a.txt" in ends.paths and site.log.of("/pub/slow"), "a.txt is saved while slow is awaited")
    second = Archive(tmp_path / "second.sqlar")
    with pytest.raises(crawler.AlreadyRunning):
        await crawler.mirror(site.url, home, QUICK, destination=second)
    assert not (tmp_path / "second.sqlar").exists()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert "a.txt" in rows(archive), "what was complete is kept"


async def test_what_it_cannot_take_ends_the_run(site: Site, archive: Path, home: Path) -> None:
    destination = Archive(archive)

    async def full(batch: Sequence[Staged]) -> list[Known | str]:
        raise crawler.DestinationError("the archive is full")

    destination.commit = full
    with pytest.raises(crawler.DestinationError, match="the archive is full"):
        await crawler.mirror(site.url, home, QUICK, destination=destination)
    report = await crawler.mirror(site.url, home, QUICK, destination=Archive(archive))
    assert (report.saved, report.exit_code) == (2, 0)


async def test_a_file_that_is_not_a_database_is_an_error_of_the_destination(
    site: Site, archive: Path, home: Path
) -> None:
    archive.write_bytes(b"something else" * 100)
    with pytest.raises(crawler.DestinationError, match="not a database"):
        await crawler.mirror(site.url, home, QUICK, destination=Archive(archive))
    assert archive.read_bytes() == b"something else" * 100


async def test_the_state_may_live_elsewhere(site: Site, archive: Path, home: Path, tmp_path: Path) -> None:
    config = replace(QUICK, state=str(tmp_path / "state.sqlite3"))
    await crawler.mirror(site.url, home, config, destination=Archive(archive))
    assert not (home / ".crawler" / "state.sqlite3").exists()
    report = await crawler.mirror(site.url, tmp_path / "other", config, destination=Archive(archive))
    assert (report.saved, report.unchanged) == (0, 2), "DIR holds no files, so a new one says nothing about them"


async def test_a_trash_that_would_never_be_filled_is_refused(site: Site, archive: Path, home: Path) -> None:
    with pytest.raises(crawler.ConfigError, match="trash"):
        await crawler.mirror(site.url, home, replace(QUICK, trash=86_400.0), destination=Archive(archive))
    assert not home.exists()
