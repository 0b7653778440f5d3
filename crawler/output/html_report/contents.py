"""What the page tells: what the state knows of the mirror, and what the run that has just ended knows of itself."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.report import Report
from crawler.model.values import Known, Outcome, Result
from crawler.storage.state import FileTotals, NullState, ReadOnlyState, RunRecord, existing_state

RUNS_READ = 1000
"""Runs that are looked through for the last good one."""
FILES_SHOWN = 10
"""Largest files, and slowest transfers."""
DEPTH = 4
"""Levels of folders that are told apart: memory does not grow with the depth of a tree."""
_LIBRARIES = ("jinja2", "squarify", "svg")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The run that writes the page."""

    report: Report
    slowest: tuple[Result, ...] = ()
    """The transfers that took longest, the longest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that is on the page, but for the time."""

    directory: str
    runs: tuple[RunRecord, ...] = ()
    """Newest first."""
    folders: Mapping[str, FileTotals] = field(default_factory=dict)
    """Folder → what lies in it, down to DEPTH levels; folders deeper than that count for the one above."""
    largest: tuple[Known, ...] = ()
    """The largest first."""
    problem: str | None = None
    """Why the state could not be read."""
    last: LastRun | None = None
    """None if the page is written without a run."""


class SlowestTransfers:
    """Keeps the transfers that took longest. Costs nearly nothing per result."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Result]] = []
        self._seen = 0

    def add(self, result: Result) -> None:
        if result.outcome is not Outcome.SAVED:
            return
        self._seen += 1
        item = (result.seconds, -self._seen, result)  # a number of its own: results have no order
        if len(self._heap) < FILES_SHOWN:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    def results(self) -> tuple[Result, ...]:
        """The longest first."""
        return tuple(result for _, _, result in sorted(self._heap, reverse=True))


def check_installed() -> None:
    """Raises ConfigError if the libraries of the extra ``report`` are not there."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigError(f"--report needs {', '.join(missing)}: pip install 'crawler[report]'")


async def read_contents(directory: str, config: Config, last: LastRun | None = None) -> Contents:
    """What the state of ``directory`` knows; nothing if there is none."""
    path = existing_state(Path(directory), config)
    async with ReadOnlyState(path) if path else NullState() as state:
        return Contents(
            directory=directory,
            runs=tuple(await state.runs(RUNS_READ)),
            folders=await state.folders(DEPTH),
            largest=tuple(await state.largest(FILES_SHOWN)),
            problem=state.problem,
            last=last,
        )
