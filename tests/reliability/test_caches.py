"""Rows C07, C08, C09: what a response proves. Behind a cache that lags, no mirror keeps an old version for good, and no
run reports success meanwhile.
"""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import started
from tests.support.misbehaving.behaviours import Says
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.program import Program, Run
from tests.support.servers.nginx import caching, purge
from tests.support.servers.process import Server

DAY = 86_400
LAGS = "the server sent an older version than its listing shows"


@dataclass(frozen=True, slots=True)
class Lagging:
    """A tree behind a cache, and its mirror."""

    server: Server
    tree: Path
    mirror: Path
    program: Program

    def write(self, name: str, text: str, days: float) -> None:
        """Write a file that is ``days`` old."""
        path = self.tree / name
        path.write_text(text)
        moment = int(time.time()) - days * DAY
        os.utime(path, (moment, moment))

    def see(self, name: str) -> None:
        """Another client requests a file, and the cache stores it."""
        with urllib.request.urlopen(self.server.url + name) as response:
            response.read()

    def run(self) -> tuple[Run, list[tuple[str, int]]]:
        """A run, and the requests for files: method and status."""
        self.server.forget()
        done = self.program("-q", "-w", "1", "--pipeline=off", self.server.url, self.mirror)
        files = [each for each in self.server.requests() if not each.path.endswith(("/", "robots.txt"))]
        return done, [(each.method, each.status) for each in files]

    def text(self, name: str) -> str:
        return (self.mirror / name).read_text()


@pytest.fixture
def lagging(request: pytest.FixtureRequest, tmp_path: Path, mirror: Path, run_crawler: Program) -> Iterator[Lagging]:
    tree = tmp_path / "tree"
    tree.mkdir()
    tmp_path.chmod(0o755)
    server = started(caching(obeys=request.param), tree)
    made = Lagging(server, tree, mirror, run_crawler)
    for number in range(3):
        made.write(f"steady-{number}", f"steady {number}", 100 + number)
    made.write("a", "version 1", 30)
    yield made
    server.stop()


@pytest.mark.row("C07")
@pytest.mark.own
@pytest.mark.parametrize("lagging", [True], indirect=True, ids=["obeys no-cache"])
def test_a_cache_that_can_be_bypassed_is(lagging: Lagging) -> None:
    lagging.see("a")
    lagging.write("a", "version 2", 20)
    done, requests = lagging.run()
    assert (done.code, done.output, lagging.text("a")) == (0, "", "version 2")
    assert requests.count(("GET", 200)) == 5, "one request more for the file that lagged behind"
    lagging.write("a", "version 3", 10)
    done, requests = lagging.run()
    assert (done.code, done.output, lagging.text("a"), len(requests)) == (0, "", "version 3", 2)
    assert lagging.run()[1] == []


@pytest.mark.row("C07")
@pytest.mark.own
@pytest.mark.parametrize("lagging", [False], indirect=True, ids=["ignores no-cache"])
def test_behind_a_cache_that_lags_no_run_succeeds_until_it_has_caught_up(lagging: Lagging) -> None:
    lagging.see("a")
    lagging.write("a", "version 2", 20)
    done, requests = lagging.run()
    assert (done.code, lagging.text("a")) == (5, "version 1"), "the first copy is better than none"
    assert LAGS in done.output
    assert ": a" in done.output
    done, requests = lagging.run()
    assert (done.code, requests) == (5, [("GET", 304)]), "one request a run, and no body"
    assert LAGS in done.output
    purge(lagging.server)
    done, requests = lagging.run()
    assert (done.code, done.output, lagging.text("a"), requests) == (0, "", "version 2", [("GET", 200)])
    assert lagging.run()[1] == []
    lagging.write("a", "version 3", 10)  # an update, and a good copy that stays
    done, _ = lagging.run()
    assert (done.code, lagging.text("a")) == (5, "version 2")
    purge(lagging.server)
    done, _ = lagging.run()
    assert (done.code, lagging.text("a")) == (0, "version 3")
    assert lagging.run()[1] == []


def changed_within_its_row(
    site: Site, *, first: float, second: float, headers: tuple[tuple[str, str], ...] = ()
) -> None:
    """A file written at ``first`` and replaced at ``second`` without a change of its row."""
    if site.at("a").state is None:
        site.file("a", blob(500, 1), Says(headers=headers), mtime=first)
    else:
        site.at("a").state = Version(data=blob(500, 2), mtime=second)
        site.at("a").behave(())


@pytest.mark.row("C08")
def test_an_old_response_with_the_present_date_is_as_old_as_its_age_says(sandbox: Sandbox, site: Site) -> None:
    minute = (time.time() // 60 - 240) * 60
    kept = (("Age", str(int(time.time() - minute - 20))),)
    changed_within_its_row(site, first=minute + 5, second=minute + 40, headers=kept)
    sandbox.mirror(site.url).succeeds()
    changed_within_its_row(site, first=minute + 5, second=minute + 40)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("C09")
def test_a_row_in_the_hour_that_comes_twice_hides_no_change(sandbox: Sandbox, site: Site) -> None:
    first = time.time() - 70 * 60
    changed_within_its_row(site, first=first, second=first + 3600)
    sandbox.mirror(site.url).succeeds()
    changed_within_its_row(site, first=first, second=first + 3600)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
