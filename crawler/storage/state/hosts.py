"""Stores the best number of connections to each host, and how many requests each connection may carry.

The tables are created by the first write to them, so a state of an older version may lack them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from crawler.model.state.host_limits import HostLimits
from crawler.model.struct import replace
from crawler.storage.state import records
from crawler.storage.state.checksum import is_sound, sealed
from crawler.storage.state.schema import ensure, has_table

KEPT_SECONDS = 30 * 86400.0
"""Limits older than this many seconds are discarded, because hosts change."""
KEPT_HOSTS = 1000
"""Maximum number of hosts that are kept."""


def read_hosts(now: float, connection: sqlite3.Connection) -> dict[str, HostLimits]:
    """Host name → limits that are valid at ``now`` (seconds since the epoch). Invalid rows are ignored."""
    found = {
        name: HostLimits(limit=limit, beyond=beyond)
        for name, limit, beyond in _rows("hosts", now, connection)
        if _is_number(limit) and (beyond is None or (_is_number(beyond) and beyond > limit))
    }
    for name, depth, closing in _rows("pipelines", now, connection):
        if (depth == 0 or _is_number(depth)) and (closing is None or _is_number(closing)) and name in found:
            found[name] = replace(found[name], depth=depth, per_connection=closing)
    return found


def _rows(table: str, now: float, connection: sqlite3.Connection) -> list[tuple[str, Any, Any]]:
    """(host, first value, second value) of each undamaged row of ``table`` that is not too old."""
    if not has_table(connection, table):
        return []
    rows = connection.execute(f"SELECT * FROM {table} WHERE learnt >= ?", (now - KEPT_SECONDS,)).fetchall()
    return [(records.text_of(name), one, other) for name, one, other, *_ in filter(is_sound, rows)]


def _is_number(value: object) -> bool:
    return isinstance(value, int) and value >= 1


def store_hosts(learnt: Mapping[str, HostLimits], now: float, connection: sqlite3.Connection) -> None:
    """Store limits found at ``now`` (seconds since the epoch), and delete old ones."""
    depths = {name: each for name, each in learnt.items() if each.depth or each.per_connection}
    for table, values in (
        ("hosts", [(name, each.limit, each.beyond) for name, each in learnt.items()]),
        ("pipelines", [(name, each.depth, each.per_connection) for name, each in depths.items()]),
    ):
        if values or has_table(connection, table):
            ensure(table, connection)
            rows = (sealed((records.key(name), one, other, float(now))) for name, one, other in values)
            connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?)", rows)
            newest = f"SELECT name FROM {table} ORDER BY learnt DESC LIMIT ?"
            old = f"DELETE FROM {table} WHERE learnt < ? OR name NOT IN ({newest})"
            connection.execute(old, (now - KEPT_SECONDS, KEPT_HOSTS))
