"""An unchanged files-only directory is recognised by its digest; changes are found as they are without digests."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import crawler
from crawler.cli.parser import run as command_line
from crawler.model.report import Report
from crawler.model.state import directory_digest
from crawler.model.values import Result
from crawler.pipeline.rules import directory_digest as leaf
from crawler.pipeline.walk.unchanged_directories import EarlyComparison, UnchangedDirectories
from crawler.storage.directory.reading import counted_ahead, reader
from crawler.storage.directory.reading.counted_ahead import CountedAhead
from crawler.storage.state.store import SqliteState
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.samples import DAY, blob
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

NAMES = [f"f{number}.bin" for number in range(6)]
CONFIG = crawler.Config(attempts=2, no_robots=True)


class Watcher(crawler.Observer):
    """An observer that receives results one by one."""

    def __init__(self) -> None:
        self.listed_paths: Counter[str] = Counter()
        self.ended: list[tuple[str, str, str]] = []

    def listed(self, path: str, size: int | None) -> None:
        self.listed_paths[path] += 1

    def finished(self, result: Result) -> None:
        self.ended.append((result.path, result.outcome.value, result.reason))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaf, "LEAST", 3)


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Records the result of each comparison of a directory with its digest, in order."""
    recorded: list[bool] = []
    is_kept = UnchangedDirectories.is_kept

    async def noted(
        self: UnchangedDirectories,
        path: str,
        what: directory_digest.DirectoryDigest,
        early: EarlyComparison | None = None,
    ) -> bool:
        recorded.append(await is_kept(self, path, what, early))
        return recorded[-1]

    monkeypatch.setattr(UnchangedDirectories, "is_kept", noted)
    return recorded


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


async def run(
    site: Site, directory: Path, config: crawler.Config = CONFIG, *, is_watched: bool = True
) -> tuple[Report, Watcher]:
    """``is_watched``: an observer wants to know each file, so that the digests of the copies are not enough."""
    site.log.clear()
    watcher = Watcher()
    report = await crawler.mirror(site.url, directory, config, observers=[watcher] if is_watched else [])
    assert report.accounts
    return report, watcher


def fill(site: Site, folder: str = "") -> None:
    for number, name in enumerate(NAMES):
        site.file(f"{folder}{name}", blob(300, number))


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


@pytest.mark.parametrize("folder", ["", "a/b c/"])
async def test_an_unchanged_directory_is_counted_file_by_file(
    site: Site, directory: Path, comparisons: list[bool], folder: str
) -> None:
    fill(site, folder)
    await run(site, directory)
    report, watcher = await run(site, directory)
    assert comparisons == [True]
    assert (report.listed, report.unchanged, report.exit_code) == (6, 6, 0)
    assert watcher.listed_paths == Counter(folder + name for name in NAMES)
    assert sorted(watcher.ended) == [(folder + name, "unchanged", "same row") for name in NAMES]
    assert [request.path for request in site.log if not request.path.endswith("/")] == []
    assert (await run(site, directory))[0].unchanged == 6
    assert comparisons == [True, True]


@pytest.mark.parametrize("folder", ["", "a/b c/"])
async def test_no_record_is_read_if_nobody_wants_to_know_the_files(
    site: Site, directory: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    fill(site, folder)
    await run(site, directory)
    read: list[str] = []
    rows = SqliteState.rows

    async def noted(self: SqliteState, path: str, *more: object) -> object:
        read.append(path)
        return await rows(self, path, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(SqliteState, "rows", noted)
    report, _ = await run(site, directory, is_watched=False)
    assert (report.listed, report.unchanged, report.exit_code, read) == (6, 6, 0, [])
    os.utime(directory / folder / NAMES[0], (OLD + 1, OLD + 1))
    report, _ = await run(site, directory, is_watched=False)
    assert (report.unchanged, report.saved, report.exit_code, read) == (5, 1, 0, [folder.rstrip("/")])
    read.clear()
    report, watcher = await run(site, directory)
    assert len(watcher.ended) == 6, "whoever wants to know the files is told of them"
    assert len(read) == 1


async def test_an_older_state_gets_digests_of_the_copies_with_the_next_comparison(
    site: Site, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(site)
    await run(site, directory)
    with closing(sqlite3.connect(directory / ".crawler" / "state.sqlite3")) as database:
        first = database.execute("SELECT * FROM copies").fetchall()
        database.execute("DROP TABLE copies")
        database.commit()
    await run(site, directory, is_watched=False)
    with closing(sqlite3.connect(directory / ".crawler" / "state.sqlite3")) as database:
        assert database.execute("SELECT * FROM copies").fetchall() == first, "gathered while saving, and from the rows"
    assert len(first) == 1


def _remove(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    times = path.stat()
    path.write_bytes(path.read_bytes()[:-1])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _touch(path: Path) -> None:
    os.utime(path, (OLD + 1, OLD + 1))


def _plant(path: Path) -> None:
    path.with_name("planted").write_bytes(b"x")


def _plant_directory(path: Path) -> None:
    path.with_name("planted").mkdir()


def _make_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _make_link(path: Path) -> None:
    other = path.with_name(".other")
    path.rename(other)
    path.symlink_to(other)


def _swap(path: Path) -> None:
    path.rename(path.with_name("f9.bin"))


def _lose_state(path: Path) -> None:
    for left in (path.parent / ".crawler").glob("state*"):
        left.unlink()


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Has a process count the directories of each run, however few, and waits for it. Collects their numbers."""
    processes: list[int] = []
    begin = CountedAhead.__init__

    def begun(ahead: CountedAhead, root: int, directories: dict[str, int]) -> None:
        begin(ahead, root, directories)
        processes.append(ahead._process.number)
        os.waitid(os.P_PID, processes[-1], os.WEXITED | os.WNOWAIT)

    monkeypatch.setattr(reader, "_WORTH_A_PROCESS", 1e-9)
    monkeypatch.setattr(counted_ahead, "usable_processors", lambda: 2)
    monkeypatch.setattr(CountedAhead, "__init__", begun)
    return processes


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="this system has no process for it")
async def test_a_known_tree_is_counted_ahead_for_runs_that_believe_it(
    site: Site, directory: Path, ahead: list[int]
) -> None:
    fill(site, "a/")
    await run(site, directory, is_watched=False)
    assert not ahead, "nothing is known yet"
    for number in (1, 2):
        await run(site, directory, is_watched=False)
        assert len(ahead) == number
    await run(site, directory, replace(CONFIG, dry_run=True), is_watched=False)
    await run(site, directory, is_watched=True)
    assert len(ahead) == 2


@pytest.mark.parametrize(("delete", "is_watched"), [(False, True), (True, True), (False, False)])
@pytest.mark.parametrize(
    "meddle",
    [_remove, _cut, _touch, _plant, _plant_directory, _make_directory, _make_link, _swap, _lose_state],
)
async def test_changes_to_the_copies_are_found_as_without_digests(
    site: Site,
    directory: Path,
    comparisons: list[bool],
    ahead: list[int],
    monkeypatch: pytest.MonkeyPatch,
    meddle: Callable[[Path], None],
    delete: bool,
    is_watched: bool,
) -> None:
    given = {"attempts": 2, "no_robots": True, "delete": delete, "max_delete": "100%"}
    config = crawler.Config.from_mapping(given, where="test")
    fill(site)
    await run(site, directory, config)
    meddle(directory / NAMES[2])
    other = directory.with_name("other")
    shutil.copytree(directory, other, symlinks=True)
    report, watcher = await run(site, directory, config, is_watched=is_watched)
    assert True not in comparisons
    assert is_watched or ahead or meddle is _lose_state or not hasattr(os, "memfd_create")
    monkeypatch.setattr(leaf, "LEAST", 1000)
    with monkeypatch.context() as without:
        without.setattr("crawler.pipeline.runs.build.wishes", lambda *_: None)
        expected, plain = await run(site, other, config, is_watched=is_watched)
    same = {"listed", "saved", "unchanged", "skipped", "failed", "deleted", "extraneous", "exit_code"}
    assert {name: getattr(report, name) for name in same} == {name: getattr(expected, name) for name in same}
    assert sorted(watcher.ended) == sorted(plain.ended)
    assert files(directory) == files(other)


def listing(site: Site, names: list[str], more: str) -> bytes:
    rows = [Row(href=name, size=300, mtime=OLD) for name in names]
    return nginx(site.root, rows).replace(b"</body>", f"<p>{more}</p></body>".encode())


@pytest.mark.parametrize("delete", [False, True])
async def test_half_a_page_hides_no_file_however_often_it_comes_back(site: Site, directory: Path, delete: bool) -> None:
    fill(site)
    site.listing("", listing(site, NAMES, "Tere"))
    await run(site, directory)
    for is_broken in (True, False, True, True, False, True, True):
        site.listing("", listing(site, NAMES[:4], "Viga") if is_broken else listing(site, NAMES, "Tere"))
        report, _ = await run(site, directory, replace(CONFIG, delete=delete))
        assert report.exit_code == (5 if is_broken else 0)
        assert len(files(directory)) == 6
    site.vanish(*NAMES[4:])
    report, _ = await run(site, directory, replace(CONFIG, delete=delete))
    assert (report.exit_code, report.deleted) == (0, 2 * delete)


async def test_a_change_upstream_is_detected_by_its_page(site: Site, directory: Path, comparisons: list[bool]) -> None:
    fill(site)
    await run(site, directory)
    site.file(NAMES[0], blob(301, 9), mtime=OLD + DAY)
    site.remove(NAMES[1])
    report, _ = await run(site, directory, replace(CONFIG, delete=True))
    assert comparisons == []
    assert (report.saved, report.unchanged, report.deleted) == (1, 4, 1)
    assert files(directory) == site.contents()
    report, _ = await run(site, directory)
    assert (report.unchanged, comparisons) == (5, [True])


async def test_what_a_filter_refuses_is_skipped_each_time(site: Site, directory: Path, comparisons: list[bool]) -> None:
    fill(site)
    site.file("readme.txt", b"x")
    config = replace(CONFIG, ext=("bin",))
    first, watcher = await run(site, directory, config)
    again, watched = await run(site, directory, config)
    assert comparisons == [True]
    assert (again.unchanged, again.skipped, again.skipped_by) == (6, 1, first.skipped_by)
    assert [end for end in watched.ended if end[1] == "skipped"] == [
        end for end in watcher.ended if end[1] == "skipped"
    ]
    report, _ = await run(site, directory)
    assert (comparisons, report.saved, report.unchanged) == ([True], 1, 6), "another wish is another decision"


@pytest.mark.parametrize(
    "options",
    [
        {"check": "headers"},
        {"max_files": 100},
        {"max_total_size": 10**9},
        {"newer_than": "2020-01-01"},
        {"older_than": "1d"},
        {"dry_run": True},
    ],
)
async def test_options_that_need_more_compare_each_row(
    site: Site, directory: Path, comparisons: list[bool], options: dict[str, object]
) -> None:
    fill(site)
    config = crawler.Config.from_mapping({"attempts": 2, "no_robots": True, **options}, where="test")
    await run(site, directory)
    for _ in range(2):
        report, _ = await run(site, directory, config)
        assert report.unchanged == 6
    assert comparisons == []


async def test_a_file_that_may_have_changed_behind_its_row_is_confirmed(
    site: Site, directory: Path, comparisons: list[bool]
) -> None:
    fill(site)
    site.file(NAMES[0], blob(300, 9), mtime=4_000_000_000)  # in the future for the server
    await run(site, directory)
    report, _ = await run(site, directory)
    assert comparisons == [False]
    assert report.unchanged == 6
    assert [(request.path, request.status) for request in site.log if ".bin" in request.path] == [("/pub/f0.bin", 304)]


@pytest.mark.parametrize("racy", [False, True])
async def test_a_page_that_is_recalled_gets_a_digest_unless_it_has_the_same_one(
    site: Site, directory: Path, comparisons: list[bool], monkeypatch: pytest.MonkeyPatch, racy: bool
) -> None:
    remembered, remember = list[str](), SqliteState.remember_directory_digest

    def noted(self: SqliteState, url: str, path: str, digest: directory_digest.DirectoryDigest) -> None:
        remembered.append(path)
        remember(self, url, path, digest)

    fill(site)
    if racy:
        site.file(NAMES[0], blob(300, 9), mtime=4_000_000_000)  # in the future for the server
    with monkeypatch.context() as without:
        without.setattr(SqliteState, "remember_directory_digest", lambda *_: None)
        await run(site, directory)
    monkeypatch.setattr(SqliteState, "remember_directory_digest", noted)
    for _ in range(3):
        report, _ = await run(site, directory)
        assert report.unchanged == 6
    assert remembered == [""]
    assert comparisons == [not racy] * 2


async def test_robots_may_forbid_what_they_allowed(site: Site, directory: Path, comparisons: list[bool]) -> None:
    rules = b""
    fill(site)
    robots = site._resource("/robots.txt")
    robots.page = lambda: rules
    config = replace(CONFIG, no_robots=False)
    await run(site, directory, config)
    rules = b"User-agent: *\nDisallow: /pub/f0.bin\n"
    report, _ = await run(site, directory, config)
    assert (comparisons, report.unchanged, report.skipped_by) == ([False], 5, {"robots": 1})
    await run(site, directory, config)
    rules = b""
    report, _ = await run(site, directory, config)
    assert report.unchanged == 6


@pytest.mark.parametrize("other", ["sub/file", "SHA256SUMS", "sub/"])
async def test_a_directory_that_holds_more_than_files_is_read(
    site: Site, directory: Path, comparisons: list[bool], other: str
) -> None:
    fill(site)
    if other.endswith("/"):
        site.directory(other.rstrip("/"))
    else:
        site.file(other, b"x")
    await run(site, directory)
    report, _ = await run(site, directory)
    assert (comparisons, report.saved) == ([], 0)


async def test_what_failed_is_tried_in_every_run(site: Site, directory: Path, comparisons: list[bool]) -> None:
    fill(site)
    site.file("gone.bin", b"x", Status(404))
    for _ in range(2):
        report, _ = await run(site, directory)
        assert report.failed == 1
    assert comparisons == [False]


async def test_two_rows_of_one_name_are_a_failure_in_every_run(
    site: Site, directory: Path, comparisons: list[bool]
) -> None:
    fill(site)
    site.links("f0%2Ebin", size=300)
    for _ in range(2):
        report, _ = await run(site, directory)
        assert (report.failed, report.exit_code) == (2, 5)  # the server does not know the first one
    assert comparisons == []


async def test_pages_that_continue_each_other_are_read(site: Site, directory: Path, comparisons: list[bool]) -> None:
    fill(site)
    second = site.at("").page
    assert second is not None
    whole = second()
    rows = whole.splitlines(keepends=True)
    files_at = [number for number, row in enumerate(rows) if b".bin" in row]
    first = b"".join(rows[: files_at[3]] + rows[files_at[-1] + 1 :]).replace(
        b"</body>", b'<a rel="next" href="?page=2">2</a></body>'
    )
    last = b"".join(rows[: files_at[0]] + rows[files_at[3] :])
    site.listing("", first)
    site._resource("/pub/?page=2").page = lambda: last
    for _ in range(3):
        report, watcher = await run(site, directory)
        assert watcher.listed_paths.total() == report.listed
    assert comparisons == []


def test_the_log_names_each_file_if_requested(site: Site, directory: Path, tmp_path: Path) -> None:
    fill(site)
    log, arguments = tmp_path / "log", [site.url, str(directory)]
    assert command_line(["--no-robots", *arguments]) == 0
    for verbosity, named in (("-q", False), ("-vv", True)):
        log.unlink(missing_ok=True)
        assert command_line([verbosity, "--no-robots", f"--log-file={log}", *arguments]) == 0
        assert all((name in log.read_text()) is named for name in NAMES)


async def test_a_page_with_a_name_that_cannot_be_saved_has_no_digest(
    site: Site, directory: Path, comparisons: list[bool]
) -> None:
    fill(site)
    site.links("..%2fescape")
    for _ in range(2):
        report, _ = await run(site, directory)
        assert (report.exit_code, report.failed, report.listed) == (5, 1, len(NAMES) + 1)
    assert comparisons == []
