"""Hosts in the state: in current states, in older ones, and in ones that the program did not write."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from crawler.model.state.host_limits import HostLimits
from crawler.storage.state import hosts
from crawler.storage.state.checksum import sealed
from crawler.storage.state.read_only import NullState, ReadOnlyState
from crawler.storage.state.store import SqliteState

SLOW, FAST = HostLimits(limit=3, beyond=4), HostLimits(limit=16, beyond=None)
BOTH = {"http://slow:80": SLOW, "https://fast:443": FAST}
NOW = 1_800_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


async def remember(path: Path, learnt: dict[str, HostLimits]) -> None:
    async with SqliteState(path) as state:
        state.remember_hosts(learnt)
    assert state.problem is None


async def test_limits_are_known_in_the_next_run_and_the_newest_counts(path: Path) -> None:
    await remember(path, BOTH)
    async with SqliteState(path) as state:
        assert state.hosts == BOTH
    await remember(path, {"http://slow:80": FAST})
    async with ReadOnlyState(path) as state:
        assert state.hosts == BOTH | {"http://slow:80": FAST}


PIPELINED = {
    "http://deep:80": HostLimits(limit=3, beyond=4, depth=8, per_connection=100),
    "http://broken:80": HostLimits(limit=3, beyond=None, depth=1),
    "http://closing:80": HostLimits(limit=3, beyond=None, per_connection=7),
}


async def test_depths_are_remembered_beside_the_limits(path: Path) -> None:
    await remember(path, BOTH)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM sqlite_master WHERE name = 'pipelines'").fetchall() == []
    await remember(path, PIPELINED)
    async with SqliteState(path) as state:
        assert (state.hosts, state.problem) == (BOTH | PIPELINED, None)


def test_a_depth_that_a_run_does_not_find_anew_is_forgotten_after_a_month() -> None:
    name, month = "http://broken:80", hosts.KEPT_SECONDS
    with closing(sqlite3.connect(":memory:")) as connection:
        hosts.store_hosts({name: PIPELINED[name]}, NOW, connection)
        hosts.store_hosts({name: SLOW}, NOW + month - 1, connection)
        assert hosts.read_hosts(NOW + month - 1, connection)[name].depth == 1
        assert hosts.read_hosts(NOW + month + 1, connection)[name] == SLOW


@pytest.mark.parametrize(
    ("depth", "closing_after"), [(-1, None), ("8", None), (8, 0), (8, "x"), (None, 3), (2.5, None)]
)
async def test_an_invalid_depth_is_ignored(path: Path, depth: object, closing_after: object) -> None:
    await remember(path, {"http://deep:80": PIPELINED["http://deep:80"]})
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        name = b"http://deep:80"
        row = sealed((name, depth, closing_after, time.time()))
        connection.execute("INSERT OR REPLACE INTO pipelines VALUES (?, ?, ?, ?, ?)", row)
    async with SqliteState(path) as state:
        assert (state.hosts, state.problem) == ({"http://deep:80": HostLimits(limit=3, beyond=4)}, None)


async def test_an_older_state_has_no_hosts_and_works_as_before(path: Path) -> None:
    await remember(path, {})
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM sqlite_master WHERE name = 'hosts'").fetchall() == []
    async with ReadOnlyState(path) as state:
        assert (state.hosts, state.problem) == ({}, None)
    await remember(path, BOTH)
    async with SqliteState(path) as state:
        assert state.hosts == BOTH


async def test_a_read_only_state_does_not_record_hosts(path: Path) -> None:
    await remember(path, {"http://slow:80": SLOW})
    before = path.read_bytes()
    async with ReadOnlyState(path) as state:
        state.remember_hosts(BOTH)
    assert (path.read_bytes(), state.problem) == (before, None)
    async with NullState() as nothing:
        nothing.remember_hosts(BOTH)
    assert nothing.hosts == {}


@pytest.mark.parametrize(
    ("limit", "beyond"), [(0, None), (-1, 3), ("many", None), (None, 2), (1.5, None), (4, 4), (4, "5"), (4, b"5")]
)
async def test_an_invalid_row_is_ignored(path: Path, limit: object, beyond: object) -> None:
    await remember(path, BOTH)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        where = "WHERE name = CAST('http://slow:80' AS BLOB)"
        connection.execute(f"UPDATE hosts SET connections = ?, beyond = ? {where}", (limit, beyond))
    async with SqliteState(path) as state:
        assert (state.hosts, state.problem) == ({"https://fast:443": FAST}, None)


async def test_a_table_with_other_columns_costs_the_state_and_not_the_run(path: Path) -> None:
    await remember(path, {})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE hosts(something)")
    async with SqliteState(path) as state:
        assert state.hosts == {}
        state.remember_hosts(BOTH)
    assert "set aside" in (state.problem or "")
    async with SqliteState(path) as state:
        assert (state.hosts, state.problem) == (BOTH, None)


def test_old_and_surplus_hosts_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "KEPT_HOSTS", 3)
    month = hosts.KEPT_SECONDS
    with closing(sqlite3.connect(":memory:")) as connection:
        hosts.store_hosts({"http://old:80": SLOW}, NOW - month - 1, connection)
        hosts.store_hosts({"http://kept:80": SLOW}, NOW - month + 1, connection)
        assert hosts.read_hosts(NOW, connection) == {"http://kept:80": SLOW}
        hosts.store_hosts({}, NOW, connection)
        assert connection.execute("SELECT count(*) FROM hosts").fetchone() == (1,)
        hosts.store_hosts({f"http://{number}:80": FAST for number in range(3)}, NOW, connection)
        assert hosts.read_hosts(NOW, connection).keys() == {"http://0:80", "http://1:80", "http://2:80"}


async def test_the_current_time_is_recorded(path: Path) -> None:
    await remember(path, BOTH)
    with closing(sqlite3.connect(path)) as connection:
        moments = {moment for (moment,) in connection.execute("SELECT learnt FROM hosts")}
    assert max(moments) <= time.time() < min(moments) + 60
