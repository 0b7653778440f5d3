"""Simulates the life of a mirror with three upstreams, each of which fails, lags behind or lies at random.

The network is in memory; the destination and the state are the real ones. After each run DIR holds nothing that was
not published, no older version has replaced a newer one, nothing is gone that the first upstream has, and a run that
reports success has everything that the first upstream lists.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import FetchError
from crawler.model.report import Report
from tests.support import scratch
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse
from tests.support.simulated_run import simulated_run
from tests.support.upstream import ROOT, Upstream

HOSTS = (ROOT, "http://b/pub/", "http://c/pub/")
PATHS = ("a", "big", "d/a", "d/e/f")
START = 1_700_000_000
Tree = dict[str, tuple[bytes, int]]


@pytest.fixture(autouse=True, scope="module")
def _small_is_large() -> Iterator[None]:
    """Treat bodies of some bytes like large ones, which have parts that can be resumed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "SMALL_BODY", 60)
        yield


@dataclass(frozen=True)
class Trouble:
    """What is wrong with an upstream in one run."""

    down: bool = False
    lag: int = 0
    """Number of changes that it is behind."""
    lies: bool = False
    """Whether its listings are up to date nevertheless."""
    broken: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Day:
    """The changes before a run, (path or None, whether it is removed), and what is wrong with each upstream."""

    changes: list[tuple[str, bool]]
    troubles: tuple[Trouble, Trouble, Trouble]


class Lagging(Upstream):
    """A site whose listings may show another tree than its files."""

    shown: Tree | None = None

    def _page(self, directory: str) -> bytes:
        held, self.files = self.files, self.files if self.shown is None else self.shown
        try:
            return super()._page(directory)
        finally:
            self.files = held

    @property
    def directories(self) -> set[str]:
        trees = [self.files, self.shown or {}]
        found = {""}
        for path in (path for tree in trees for path in tree):
            pieces = path.split("/")[:-1]
            found.update("/".join(pieces[: count + 1]) for count in range(len(pieces)))
        return found


class Life:
    def __init__(self, directory: Path, *, etags: bool) -> None:
        self.directory = directory / "mirror"
        self.sites = [Lagging(etags=etags, dated=True, now=START) for _ in HOSTS]
        self.trees: list[Tree] = [{}]
        """The first upstream after each change."""
        self.version = 0
        self.troubles: list[Trouble] = []

    def change(self, path: str, *, removed: bool) -> None:
        """Each version has its own minute of a quarter of an hour, so that no zone confuses it with another one."""
        self.version += 1
        moment = START + self.version * 86_400 + self.version % 14 * 60
        tree = dict(self.trees[-1])
        if removed:
            tree.pop(path, None)
        else:
            tree[path] = (f"{self.version:04d}".encode() * (30 if path == "big" else 5), moment)
        self.trees.append(tree)
        for site in self.sites:
            site.now = moment + 43_200

    def respond(self, received: FakeRequest) -> FakeResponse:
        number = next(number for number, host in enumerate(HOSTS) if received.url.startswith(host))
        if self.troubles[number].down:
            return FakeResponse(status=0, fails=FetchError("refused", url=received.url, connection=True))
        path = received.url.removeprefix(HOSTS[number])
        return self.sites[number]._respond(FakeRequest(received.method, ROOT + path, received.headers))

    async def _run(self) -> Report:
        fallback = HOSTS[1:]
        config = Config(
            delete=True, max_delete="100%", attempts=1, no_robots=True, workers=3, listers=2, fallback=fallback
        )
        return await simulated_run(ROOT, self.directory, config, FakeClient(self.respond, piece=16))

    def local(self) -> dict[str, bytes]:
        files = (path for path in self.directory.rglob("*") if path.is_file() and ".crawler" not in path.parts)
        return {path.relative_to(self.directory).as_posix(): path.read_bytes() for path in files}

    def live(self, day: Day) -> None:
        for path, removed in day.changes:
            self.change(path, removed=removed)
        self.troubles = [replace(day.troubles[0], lag=0, lies=False), *day.troubles[1:]]
        for site, trouble in zip(self.sites, self.troubles, strict=True):
            site.files = self.trees[max(len(self.trees) - 1 - trouble.lag, 0)]
            site.shown = self.trees[-1] if trouble.lies else None
            site.broken = trouble.broken
        truth, before = self.trees[-1], self.local()
        has_word = not (self.troubles[0].down or self.troubles[0].broken.keys() & self.sites[0].directories)
        report = asyncio.run(self._run())
        after, first = self.local(), self.troubles[0]
        published = {(path, data) for tree in self.trees for path, (data, _) in tree.items()}
        assert set(after.items()) <= published, "DIR holds what was never published"
        for path, data in before.items():
            assert path not in after or int(after[path][:4]) >= int(data[:4]), f"{path} was replaced by an older one"
            assert path in after or path not in truth, f"{path} is upstream, and is gone"
            assert path in after or has_word, f"{path} was deleted without the word of the first"
        assert report.listed == report.saved + report.unchanged + report.skipped + report.failed
        if not report.exit_code and not first.down:
            listed = {path: data for path, (data, _) in truth.items() if not first.broken.keys() & above(path)}
            assert {path: after.get(path) for path in listed} == listed, (
                "a run that succeeds has what the first one lists"
            )

    def settle(self) -> None:
        """Once the first upstream works, DIR equals it, however the others are."""
        lagging = Trouble(lag=9)
        self.live(Day([], (Trouble(), lagging, lagging)))
        assert self.local() == {path: data for path, (data, _) in self.trees[-1].items()}


def above(path: str) -> set[str]:
    """The directories above ``path``; "" is the root."""
    return {""} | {path[:at] for at, letter in enumerate(path) if letter == "/"}


PLACES = ("", "d", "d/e", *PATHS, *PATHS)
BROKEN = st.dictionaries(st.sampled_from(PLACES), st.sampled_from(("500", "cut", "page")), max_size=2)
FIRST = st.builds(Trouble, down=st.sampled_from((False, False, True)), broken=BROKEN)
OTHERS = st.builds(
    Trouble,
    down=st.sampled_from((False, False, False, True)),
    lag=st.sampled_from((1, 0, 2, 4)),
    lies=st.booleans(),
    broken=st.just({}) | BROKEN,
)
CHANGES = st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from((False, False, True))), min_size=1, max_size=3)
DAYS = st.builds(Day, CHANGES, st.tuples(FIRST, OTHERS, OTHERS))


@given(days=st.lists(DAYS, min_size=2, max_size=5), etags=st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_fails_lags_or_lies_nothing_is_lost_or_set_back(days: list[Day], etags: bool) -> None:
    with scratch.directory() as directory:
        life = Life(directory, etags=etags)
        for path in PATHS:
            life.change(path, removed=False)
        for day in days:
            life.live(day)
        life.settle()
