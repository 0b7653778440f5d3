"""The number of requests in flight is found by trials and remembered for the next run, and no file fails meanwhile."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crawler.http.pacing.concurrency import START
from tests.conftest import started
from tests.support import trees
from tests.support.misbehaving.behaviours import Crowded
from tests.support.misbehaving.server import Site
from tests.support.program import Program
from tests.support.servers.nginx import PIECES, refusing
from tests.support.servers.process import Server

FILES = 60
SIZE = 3000
"""Size in bytes: two pieces of 2 KiB, which take 25 ms."""


def learnt(mirror: Path) -> tuple[int, int | None]:
    """(limit of requests in flight that the state remembers for the only host, smallest number that was too many)."""
    with closing(sqlite3.connect(mirror / ".crawler" / "state.sqlite3")) as state:
        ((limit, beyond),) = state.execute("SELECT connections, beyond FROM hosts").fetchall()
    return limit, beyond


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for number in range(FILES):
        trees.write(root / f"f-{number:03}.bin", SIZE)
    tmp_path.chmod(0o755)
    return root


def served(connections: int, status: int, tree: Path) -> Server:
    return started(refusing(connections, status), tree)


@pytest.mark.server
@pytest.mark.parametrize(("status", "attempts"), [(429, 1), (503, 5)])
def test_a_server_that_refuses_more_than_three_at_once_loses_no_file_and_is_known_next_time(
    tree: Path, run_crawler: Program, mirror: Path, status: int, attempts: int
) -> None:
    server = served(3, status, tree)
    options = ("--workers", 16, "--user-agent", PIECES, "--attempts", attempts)
    try:
        first = run_crawler(*options, server.url, mirror)
        refused = [request.status for request in server.requests()].count(status)
        limit, _ = learnt(mirror)
        trees.assert_same(tree, mirror)
        for path in mirror.glob("f-*"):
            path.unlink()
        server.forget()
        again = run_crawler(*options, server.url, mirror)
        refused_again = [request.status for request in server.requests()].count(status)
    finally:
        server.stop()
    assert (first.code, again.code) == (0, 0), first.output + again.output
    trees.assert_same(tree, mirror)
    assert 0 < refused <= FILES // 3
    assert 1 <= limit <= 3
    assert refused_again <= 2


def test_a_server_that_slows_down_under_load_gets_no_more_requests(run_crawler: Program, mirror: Path) -> None:
    """How close the limit comes to the best one is tested in simulated time: this machine may be busy."""
    workers, best = 8 * START, 4
    with Site() as site:
        for number in range(200):
            site.file(f"f-{number:03}.bin", b"x" * 1000, Crowded(0.03, best))
        run = run_crawler("-v", "--log-format", "json", "--workers", workers, site.url, mirror)
    assert run.code == 0, run.output
    limit, beyond = learnt(mirror)
    assert 1 <= limit < 2 * START
    assert beyond is None or beyond > limit  # None if the machine was too busy for a comparison to end
    active = [request.active for request in site.log]
    assert max(active) <= workers // 2
    assert sum(count > 2 * START for count in active) < len(active) / 2
    reported = [event for event in map(json.loads, run.stderr.splitlines()) if event["event"] == "pace"]
    assert [event["url"] for event in reported] == [site.origin] * len(reported)
    assert reported[-1]["connections"] == limit
