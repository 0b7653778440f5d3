"""Simulates years of a mirror: random histories of a site, with faults, kills and changes to the copy.

The network is in memory; the destination and the state are the real ones. After each run DIR holds nothing that
was not published, has lost nothing that was upstream throughout, and the counts add up; after a run that reports
success it equals the tree.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.report import Report
from crawler.pipeline.rules import directory_digest as leaf
from crawler.storage.state.store import SqliteState
from tests.support import scratch
from tests.support.simulated_run import simulated_run, state_of
from tests.support.upstream import ROOT, Killed, Upstream

PATHS = ("a", "b", "big", "d/a", "d/b c", "d/e/f", "x", "x/y", "g/h")
DAY = 86_400


@pytest.fixture(autouse=True, scope="module")
def _small_is_large() -> Iterator[None]:
    """Treat bodies of a few bytes like large ones, which have parts that can be resumed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "SMALL_BODY", 60)
        yield


@dataclass(frozen=True)
class Change:
    """One change upstream, ``after`` seconds after the previous one."""

    kind: str
    path: str
    other: str
    after: int


@dataclass(frozen=True)
class Day:
    """The changes between two runs, and the faults during the second."""

    changes: list[Change] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    meddled: dict[str, str] = field(default_factory=dict)
    """Path → what is done to the local file: ``remove``, ``cut``, ``touch``, ``plant``."""
    kill_at: int | None = None
    loses_state: bool = False
    """Whether the state of this run is lost."""
    deletes: bool = True


class Mirror:
    """DIR over the years."""

    def __init__(self, directory: Path, *, etags: bool, dated: bool) -> None:
        self.directory = directory / "mirror"
        self.site = Upstream(etags=etags, dated=dated, now=1_700_000_000)
        self.published: dict[str, set[bytes]] = {}
        """Path → all contents that it ever had upstream."""
        self._version = 0

    # --- upstream ---

    def change(self, change: Change) -> None:
        site = self.site
        site.now += change.after
        self._version += 1
        if change.kind == "put":  # each version has a size that no other has, and a time later than all others
            site.put(change.path, self._content(self._version + (100 if change.path == "big" else 1)))
        elif change.kind == "same size" and change.path in site.files:
            site.put(change.path, self._content(len(site.files[change.path][0])))
        elif change.kind == "again" and site.files:
            latest = max(site.files, key=lambda path: site.files[path][1])
            site.put(latest, self._content(len(site.files[latest][0])))
        elif change.kind == "remove":
            site.files.pop(change.path, None)
        elif change.kind == "move" and change.path in site.files and change.other != change.path:
            site.move(change.path, change.other)
        for path, (data, _) in site.files.items():
            self.published.setdefault(path, set()).add(data)

    def _content(self, size: int) -> bytes:
        return (f"{self._version}:".encode() * size)[:size]

    # --- DIR ---

    def local(self) -> dict[str, bytes]:
        found = {}
        for directory, names, files in os.walk(self.directory):
            if Path(directory) == self.directory and ".crawler" in names:
                names.remove(".crawler")
            for name in files:
                path = Path(directory, name)
                found[path.relative_to(self.directory).as_posix()] = path.read_bytes()
        return found

    def meddle(self, path: str, how: str) -> None:
        target = self.directory / path
        if how == "plant":
            if target.parent.is_dir() and not target.is_dir():
                target.write_bytes(b"planted")
        elif target.is_file():
            before = target.stat()
            if how == "remove":
                target.unlink()
            elif how == "cut":
                target.write_bytes(target.read_bytes()[:-1])
                os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
            else:
                os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns + 5))

    # --- the run ---

    async def _run(self, config: Config) -> Report:
        return await simulated_run(ROOT, self.directory, config, self.site.client())

    @property
    def state(self) -> Path:
        return state_of(self.directory)

    def run(self, day: Day | None = None) -> Report | None:
        """One run. None if it was killed."""
        day = day or Day()
        self.site.broken, self.site.kill_at = day.broken, day.kill_at
        saved = self.state.read_bytes() if day.loses_state and self.state.exists() else None
        config = Config.from_mapping(
            {"delete": day.deletes, "max_delete": "100%", "attempts": 1, "no_robots": True, "workers": 3, "listers": 2},
            where="test",
        )
        report: Report | None = None
        try:
            report = asyncio.run(self._run(config))
        except Killed:
            pass
        except BaseExceptionGroup as group:
            if group.split(Killed)[1] is not None:
                raise
        if day.loses_state:
            for left in self.state.parent.glob("state.sqlite3*"):
                left.unlink()
            if saved is not None:
                self.state.write_bytes(saved)
        return report

    def live(self, day: Day) -> None:
        """Simulate a day and its run, and check the invariants."""
        for change in day.changes:
            self.change(change)
        if self.directory.exists():
            for path, how in day.meddled.items():
                self.meddle(path, how)
        before, obstacles = self.local(), self.obstacles()
        listed = asyncio.run(self.listed()) & before.keys()
        report = self.run(day)
        after = self.local()
        for path, data in after.items():
            if data != before.get(path):
                assert data in self.published.get(path, ()), f"{path} holds what was never published"
        for path in self.site.files.keys() & before.keys():
            assert path in after, f"{path} was here and upstream, and is missing"
        for path, (data, _) in self.site.files.items():
            if before.get(path) == data:
                assert after[path] == data, f"{path} was right and was replaced"
        # A file and a directory that swap places are handled after the deletions, and may fail or be cut off then.
        kept = set(before) if not any(self.is_directory(path) or self.is_below_file(path) for path in before) else set()
        if report is None:
            assert kept <= after.keys(), "a killed run deletes nothing"
            return
        assert report.listed == report.saved + report.unchanged + report.skipped + report.failed
        if report.failed or report.listings_failed or report.exit_code:
            assert kept <= after.keys(), "a run with failures deletes nothing"
            assert report.exit_code
        elif "half" in day.broken.values():  # no listing can tell that it does not show what is new
            for path in listed & self.site.files.keys():
                assert after[path] == self.site.files[path][0], f"{path} is not listed, although it was"
        else:
            self.assert_up_to_date(is_equal=day.deletes)
        if not day.broken and not obstacles:
            assert report.exit_code == 0 or not (day.deletes or kept == set(before)), report

    def is_directory(self, path: str) -> bool:
        """Upstream, now."""
        return any(each.startswith(path + "/") for each in self.site.files)

    def is_below_file(self, path: str) -> bool:
        """Upstream, now."""
        return any(path.startswith(each + "/") for each in self.site.files)

    def obstacles(self) -> list[Path]:
        """Content in place of another kind of entry: it is kept and reported until someone removes it."""
        files = [self.directory / path for path in self.site.files]
        directories = [self.directory / path for path in self.site.directories]
        return [path for path in files if path.is_dir()] + [path for path in directories if path.is_file()]

    async def listed(self) -> set[str]:
        """The paths of files that the state does not know to be gone upstream."""
        if not self.state.exists():
            return set()
        async with SqliteState(self.state, read_only=True) as state:
            return {known.path for known in await state.listed_below("")}

    def assert_up_to_date(self, *, is_equal: bool = True) -> None:
        """``is_equal``: whether there is nothing else in DIR."""
        found, wanted = self.local(), {path: data for path, (data, _) in self.site.files.items()}
        assert (found if is_equal else {path: found.get(path) for path in wanted}) == wanted

    def settle(self) -> None:
        """Check that after a run without faults the mirror equals the tree, and that one more costs only listings."""
        self.site.now += DAY
        for obstacle in self.obstacles():
            shutil.rmtree(obstacle) if obstacle.is_dir() else obstacle.unlink()
        report = self.run()
        assert report is not None
        assert report.exit_code == 0, report
        self.assert_up_to_date()
        assert not list((self.directory / ".crawler" / "parts").iterdir()), "no part is left"
        self.site.now += DAY
        self.run()
        report = self.run()
        assert report is not None
        assert (report.saved, report.deleted, report.failed) == (0, 0, 0)
        assert report.unchanged == len(self.site.files)
        assert set(self.site.requests) == {f"{directory}/".lstrip("/") for directory in self.site.directories}
        assert self.site.requests.total() == len(self.site.directories)


CHANGES = st.builds(
    Change,
    kind=st.sampled_from(["put", "put", "again", "same size", "remove", "move"]),
    path=st.sampled_from(PATHS),
    other=st.sampled_from(PATHS),
    after=st.sampled_from([1, 7, 61, 3600]),
)
BROKEN = st.dictionaries(
    st.sampled_from([*PATHS, "d", "d/e", "g", "x", ""]), st.sampled_from(["500", "cut", "page", "half"]), max_size=2
)
MEDDLED = st.dictionaries(
    st.sampled_from([*PATHS, "planted", "d/planted"]), st.sampled_from(["remove", "cut", "touch", "plant"]), max_size=2
)
DAYS = st.builds(
    Day,
    changes=st.lists(CHANGES, max_size=5),
    broken=st.just({}) | BROKEN,
    meddled=st.just({}) | MEDDLED,
    kill_at=st.none() | st.integers(1, 12),
    loses_state=st.booleans(),
    deletes=st.booleans(),
)
FIRST = st.lists(st.builds(Change, st.just("put"), st.sampled_from(PATHS), st.just("a"), st.just(3600)), min_size=1)


@pytest.mark.parametrize("least", [leaf.LEAST, 10**9], ids=["with digests", "without digests"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=FIRST, days=st.lists(DAYS, max_size=5), etags=st.booleans(), dated=st.booleans())
def test_the_mirror_follows_any_history_and_loses_nothing(
    least: int, first: list[Change], days: list[Day], etags: bool, dated: bool
) -> None:
    with mock.patch.object(leaf, "LEAST", least), scratch.directory() as directory:
        live(directory, first, days, etags=etags, dated=dated)


def live(directory: Path, first: list[Change], days: list[Day], *, etags: bool, dated: bool) -> None:
    mirror = Mirror(directory, etags=etags, dated=dated)
    for day in [Day(changes=first), *days]:
        mirror.live(day)
        mirror.site.now += 1
    mirror.settle()
