"""The number of concurrent requests found best for each host.

The table is created by its first write, so older states lack it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from crawler.model.state.host_limits import HostLimits
from crawler.storage.state import records
from crawler.storage.state.schema import ensure, has_table
from crawler.storage.state.seal import is_sound, sealed

KEPT_SECONDS = 30 * 86400.0
"""Limits older than this many seconds are discarded, because hosts change."""
KEPT_HOSTS = 1000
"""Maximum number of hosts that are kept."""

_OLD = "DELETE FROM hosts WHERE learnt < ? OR name NOT IN (SELECT name FROM hosts ORDER BY learnt DESC LIMIT ?)"


def read_hosts(now: float, connection: sqlite3.Connection) -> dict[str, HostLimits]:
    """Host name → limits that are valid at ``now`` (seconds since the epoch). Invalid rows are ignored."""
    if not has_table(connection, "hosts"):
        return {}
    rows = connection.execute("SELECT * FROM hosts WHERE learnt >= ?", (now - KEPT_SECONDS,)).fetchall()
    return {
        records.text_of(name): HostLimits(limit=limit, beyond=beyond)
        for name, limit, beyond, *_ in filter(is_sound, rows)
        if isinstance(limit, int) and limit >= 1 and (beyond is None or (isinstance(beyond, int) and beyond > limit))
    }


def store_hosts(learnt: Mapping[str, HostLimits], now: float, connection: sqlite3.Connection) -> None:
    """Store limits found at ``now`` (seconds since the epoch), and delete old ones."""
    ensure("hosts", connection)
    rows = (sealed((records.key(name), each.limit, each.beyond, float(now))) for name, each in learnt.items())
    connection.executemany("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute(_OLD, (now - KEPT_SECONDS, KEPT_HOSTS))
