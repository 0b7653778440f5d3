"""Library calls within a program: they raise errors, leave no task running and keep complete files."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import crawler
from crawler.app.api import RunContext, run_mirror
from crawler.model.config import Config
from crawler.model.errors import AlreadyRunning
from crawler.model.values import Job, Kind, Result
from crawler.pipeline.stop import Stop
from crawler.storage.directory.destination import LocalDestination
from tests.support.misbehaving.behaviours import Late, Silent, Status
from tests.support.misbehaving.server import Site
from tests.support.waiting import Finished, until

QUICK = Config(no_robots=True, attempts=1)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def others() -> set[str]:
    """Names of all other tasks that are still running."""
    return {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}


def threads() -> set[threading.Thread]:
    """All threads but those that the event loop keeps for later."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}


async def test_walk_gives_the_path_of_each_entry(site: Site) -> None:
    for path in ("a.zip", "sub/b.zip", "sub/deep/c.zip"):
        site.file(path, b"x")
    async with crawler.walk(site.url, QUICK) as entries:
        found = {f"{entry.folder}/{entry.name}".lstrip("/"): entry.kind async for entry in entries}
    assert found == {
        "a.zip": Kind.FILE,
        "sub": Kind.DIRECTORY,
        "sub/b.zip": Kind.FILE,
        "sub/deep": Kind.DIRECTORY,
        "sub/deep/c.zip": Kind.FILE,
    }
    assert others() == set()


@pytest.mark.parametrize(("config", "most"), [(QUICK, 8), (replace(QUICK, listers=2), 2)])
async def test_as_many_listings_are_read_at_a_time_as_connections_allow(site: Site, config: Config, most: int) -> None:
    for number in range(12):
        site.file(f"d{number}/a", b"x")
        site.directory(f"d{number}", Late(0.2))
    async with crawler.walk(site.url, config) as entries:
        assert len([entry async for entry in entries]) == 24
    assert site.most_connections == most


async def test_a_walk_may_be_left_early(site: Site) -> None:
    for number in range(30):
        site.file(f"d{number}/a", b"x")
    async with crawler.walk(site.url, QUICK) as entries:
        async for _entry in entries:
            break
    assert others() == set()
    assert len(site.log) < 30, "what is not asked for is not read"


async def test_an_error_in_the_body_of_a_walk_passes(site: Site) -> None:
    site.file("a", b"x")
    with pytest.raises(LookupError):
        async with crawler.walk(site.url, QUICK):
            raise LookupError
    assert others() == set()


async def test_a_walk_whose_root_fails_raises(site: Site) -> None:
    site.directory("", Status(404))
    with pytest.raises(crawler.ListingError, match=r"404: there is nothing at that URL"):
        async with crawler.walk(site.url, QUICK) as entries:
            assert [entry async for entry in entries] == []
    assert others() == set()


@pytest.mark.parametrize("url", ["", "h/pub", "ftp://h/"])
async def test_a_wrong_url_is_a_config_error_in_every_function(url: str, tmp_path: Path) -> None:
    with pytest.raises(crawler.ConfigError):
        await crawler.mirror(url, tmp_path / "mirror")
    with pytest.raises(crawler.ConfigError):
        await crawler.download([(url, "")], tmp_path / "mirror")
    with pytest.raises(crawler.ConfigError):
        async with crawler.walk(url) as entries:
            assert [entry async for entry in entries] == []
    assert not (tmp_path / "mirror").exists()


async def test_an_empty_text_is_not_the_working_directory(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_bytes(b"")
    for call in (crawler.mirror(site.url, "", Config(delete=True)), crawler.download([], "", QUICK)):
        with pytest.raises(crawler.ConfigError, match="DIR"):
            await call
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


async def test_errors_of_a_run_are_raised_as_what_they_are(site: Site, tmp_path: Path) -> None:
    site.file("a", b"x")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(crawler.DestinationError):
        await crawler.mirror(site.url, tmp_path / "file", QUICK)
    with pytest.raises(crawler.ListingError):
        await crawler.mirror(site.url + "missing/", tmp_path / "mirror", QUICK)
    assert others() == set()


async def test_failures_of_files_are_in_the_report(site: Site, tmp_path: Path) -> None:
    site.file("good", b"x")
    site.file("bad", b"x", Status(404))
    report = await crawler.mirror(site.url, tmp_path / "mirror", QUICK)
    assert (report.saved, report.failed, report.exit_code) == (1, 1, 5)
    assert report.accounts


async def test_observers_see_every_end(site: Site, tmp_path: Path) -> None:
    class Watcher(crawler.Observer):
        def __init__(self) -> None:
            self.started_paths: list[str] = []
            self.ended: list[str] = []

        def started(self, job: Job) -> None:
            self.started_paths.append(job.path)

        def finished(self, result: Result) -> None:
            self.ended.append(result.path)

    for name in "abc":
        site.file(name, name.encode())
    watcher = Watcher()
    await crawler.mirror(site.url, tmp_path / "mirror", QUICK, observers=[watcher])
    assert sorted(watcher.started_paths) == sorted(watcher.ended) == ["a", "b", "c"]


async def test_a_run_that_is_cancelled_keeps_what_is_complete_and_leaves_nothing_running(
    site: Site, tmp_path: Path
) -> None:
    site.file("a", b"whole")
    site.file("b", b"never", Silent())
    before, ends = threads(), Finished()
    run = asyncio.create_task(crawler.mirror(site.url, tmp_path / "mirror", QUICK, observers=ends))
    await until(lambda: ends.paths and site.log.of("/pub/b"), "a is saved while b is awaited")
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert (tmp_path / "mirror" / "a").read_bytes() == b"whole"
    assert not (tmp_path / "mirror" / "b").exists()
    assert others() == set()
    await until(lambda: threads() <= before, "no thread of the run is left")
    site.file("b", b"after all")
    report = await crawler.mirror(site.url, tmp_path / "mirror", QUICK)
    assert (report.unchanged, report.saved, report.exit_code, report.accounts) == (1, 1, 0, True)
    assert site.log.times("/pub/a") == 1


async def test_two_runs_on_one_directory_exclude_each_other(site: Site, tmp_path: Path) -> None:
    site.file("a", b"x", Silent())
    run = asyncio.create_task(crawler.mirror(site.url, tmp_path / "mirror", QUICK))
    await until(lambda: site.log.of("/pub/a"), "a is requested")
    with pytest.raises(crawler.AlreadyRunning):
        await crawler.mirror(site.url, tmp_path / "mirror", QUICK)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run


async def test_download_chooses_the_names_that_it_is_not_given(site: Site, tmp_path: Path) -> None:
    for name in ("a b", "c"):
        site.file(name, name.encode())
    items = [
        (site.url + "a%20b", ""),
        (site.url + "c", "sub/c2"),
        (site.url, ""),
        (site.url + "c", "../out"),
        (site.url + "a%20b", "sub/c2"),
    ]
    report = await crawler.download(items, tmp_path / "mirror", QUICK)
    assert (report.listed, report.saved, report.failed) == (5, 2, 3)
    assert (tmp_path / "mirror" / "a b").read_bytes() == b"a b"
    assert (tmp_path / "mirror" / "sub" / "c2").read_bytes() == b"c"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mirror"]


async def test_a_stop_while_what_is_gone_is_looked_through_keeps_it_from_being_deleted(
    site: Site, tmp_path: Path
) -> None:
    stop = Stop()

    class Stopping(LocalDestination):
        """A destination that requests a stop before it returns the content of a directory."""

        async def walk_local(self, path: str) -> list[tuple[str, Kind, int]]:
            stop.request("SIGTERM")
            return await super().walk_local(path)

    site.file("a", b"x")
    (tmp_path / "files/old").mkdir(parents=True)
    (tmp_path / "files/old/b").write_bytes(b"x")
    context = RunContext(stop=stop, destination=Stopping(tmp_path / "files"))
    report, error = await run_mirror(site.url, tmp_path / "own", replace(QUICK, delete=True), context)
    assert (error, report.deleted, report.exit_code) == (None, 0, 143)
    assert (tmp_path / "files/old/b").exists()


async def test_two_mirrors_inside_each_other_that_begin_at_once_do_not_miss_each_other(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outer mirror takes its lock after the inner one found none above it, but before the inner one is visible."""
    site.file("x", b"x")
    acquire = LocalDestination.acquire

    async def late(self: LocalDestination, wait: float, *, lock: bool = True) -> None:
        await acquire(outer, 0)
        await acquire(self, wait, lock=lock)

    async with LocalDestination(tmp_path, fsync="none") as outer:
        monkeypatch.setattr(LocalDestination, "acquire", late)
        with pytest.raises(AlreadyRunning, match="where another run is in progress"):
            await crawler.mirror(site.url, tmp_path / "in", QUICK)
    monkeypatch.undo()
    assert not (tmp_path / "in").exists()
    assert len(site.log) == 0
    await crawler.mirror(site.url, tmp_path / "in", QUICK)
    assert (tmp_path / "in" / "x").exists()
