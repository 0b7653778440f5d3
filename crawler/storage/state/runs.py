"""The history of runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from crawler.model.struct import Value
from crawler.storage.json_cells import decoded, encoded
from crawler.storage.state.checksum import sealed, unsealed
from crawler.storage.state.records import Cell, FileTotals, key, text_of

RUNS_KEPT = 1000
"""Number of runs that are kept."""
TOTALS = "count(*), cast(min(total(size), 9e18) AS INTEGER)"
"""SQL for the number of files and their total size. total() returns a float, which cannot overflow; min() keeps the
integer in range."""
_REPLACE = f"INSERT OR REPLACE INTO runs VALUES ({', '.join('?' * 15)})"


class Figures(Value, frozen=True, kw_only=True):
    """The figures of a finished run."""

    seconds: float
    outcome: str
    """The outcome as shown to users: ``ok``, ``failed``, ``stopped``, …"""
    exit_code: int
    listed: int = 0
    saved: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    deleted: int = 0
    received: int = 0
    """Body bytes received over the network."""
    problems: tuple[tuple[str, int], ...] = ()
    """(reason, count) of the most frequent failures; problems of the whole run come first."""
    told: tuple[str, ...] = ()
    """Filters that decided nothing or refused everything, about which this run or an earlier one has warned."""


class RunRecord(Value, frozen=True, kw_only=True):
    """A run that the state remembers."""

    id: int
    url: str
    started: float
    """When the run started, in seconds since the epoch."""
    figures: Figures | None
    """How the run ended; None while it runs, or if it was killed."""
    totals: FileTotals | None = None
    """Totals of the files in DIR when the run ended; None if they were not recorded."""


_COUNTS = ("listed", "saved", "unchanged", "skipped", "failed", "deleted", "received")
"""The fields of ``Figures`` that have cells of their own in the record of a run, in order."""
_TOTALS_KEY = "held in DIR"
"""Key of the totals of DIR in the JSON cell of a run."""
_PROBLEMS_KEY = "problems"
"""Key of ``Figures.problems`` in the JSON cell of a run."""
_TOLD_KEY = "told"
"""Key of ``Figures.told`` in the JSON cell of a run."""
_REMEMBERED = 30
"""Number of runs after which a finding is reported again."""


def begin_run(url: str, now: float, connection: sqlite3.Connection) -> int:
    """Record that a run starts at ``now`` (seconds since the epoch), and return its number."""
    newest = _records("ORDER BY id DESC LIMIT 1", (), connection)
    number = newest[0][0] + 1 if newest else 1
    connection.execute(_REPLACE, sealed((number, key(url), float(now), *[None] * 11)))
    connection.execute("DELETE FROM runs WHERE id <= ?", (number - RUNS_KEPT,))
    return int(number)


def end_run(number: int, figures: Figures, is_list: bool, connection: sqlite3.Connection) -> bool:
    """Record how run ``number`` ended, with the totals of DIR. ``is_list``: DIR does not mirror its URL.

    Returns whether it ended otherwise than the one before: with another outcome, problem or warning.
    """
    totals = connection.execute(f"SELECT {TOTALS} FROM files").fetchone()
    lists = {_PROBLEMS_KEY: figures.problems, _TOLD_KEY: figures.told}
    facts = {_TOTALS_KEY: list(totals)} | {name: items for name, items in lists.items() if items}
    for record in _records("WHERE id = ?", (number,), connection):
        cells: tuple[Cell, ...] = (
            record[0], key("") if is_list else record[1], record[2], float(figures.seconds), figures.outcome,
            figures.exit_code, *(getattr(figures, name) for name in _COUNTS), encoded(facts),
        )  # fmt: skip
        connection.execute(_REPLACE, sealed(cells))
    before = [_run_of(record).figures for record in _records("WHERE id = ?", (number - 1,), connection)]
    return not any(one is not None and _ending(one) == _ending(figures) for one in before)


def _ending(figures: Figures) -> tuple[object, ...]:
    return figures.outcome, figures.exit_code, figures.problems, figures.told


def read_runs(limit: int, connection: sqlite3.Connection) -> list[RunRecord]:
    """The last runs, newest first."""
    return [_run_of(record) for record in _records("ORDER BY id DESC LIMIT ?", (limit,), connection)]


def read_told(connection: sqlite3.Connection) -> frozenset[str]:
    """The filters that recent runs have reported (see ``Figures.told``)."""
    ended = (run.figures for run in read_runs(_REMEMBERED, connection))
    return frozenset(text for figures in ended if figures is not None for text in figures.told)


def _records(which: str, values: tuple[int, ...], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """The cells of runs. Raises DamagedError."""
    return [unsealed(record) for record in connection.execute(f"SELECT * FROM runs {which}", values).fetchall()]


def _run_of(cells: tuple[Any, ...]) -> RunRecord:
    """The run in a record. Raises ValueError."""
    number, url, started, seconds, outcome, exit_code, *counts, facts = cells
    if seconds is None:
        return RunRecord(id=number, url=text_of(url), started=started, figures=None)
    known = decoded(text_of(facts))
    if not isinstance(known, dict):
        raise ValueError("not the facts of a run")  # noqa: TRY004 - damage is always a ValueError
    figures = Figures(
        seconds=seconds,
        outcome=text_of(outcome),
        exit_code=exit_code,
        problems=_problems_of(known.get(_PROBLEMS_KEY)),
        told=_texts_of(known.get(_TOLD_KEY)),
        **dict(zip(_COUNTS, counts, strict=True)),
    )
    return RunRecord(id=number, url=text_of(url), started=started, figures=figures, totals=_totals_of(known))


def _totals_of(facts: Mapping[str, object]) -> FileTotals | None:
    match facts.get(_TOTALS_KEY):
        case [int(files), int(size)]:
            return FileTotals(files, size)
    return None


def _problems_of(value: object) -> tuple[tuple[str, int], ...]:
    """``Figures.problems`` from a cell; also accepts None and values of other versions."""
    items = value if isinstance(value, list) else []
    return tuple((item[0], item[1]) for item in items if _is_problem(item))


def _texts_of(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _is_problem(item: object) -> bool:
    match item:
        case [str(), int()]:
            return True
    return False
