"""The data of the report: what the state records about the mirror, and the run that has just ended."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from importlib.util import find_spec

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.report import Report
from crawler.model.struct import Value, field
from crawler.model.values import Known, Outcome, Result
from crawler.storage.state.location import existing_state
from crawler.storage.state.read_only import NullState, ReadOnlyState
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import RunRecord

FILES_SHOWN = 10
"""Number of largest files, and of slowest transfers, that are shown."""
CHANGES_SHOWN = 20
"""Maximum number of files of each kind of change that are named."""
DEPTH = 4
"""Number of directory levels that are distinguished, so that memory does not grow with the depth of the tree."""
_LIBRARIES = ("jinja2", "squarify", "svg")


class Changes(Value, frozen=True, kw_only=True):
    """The files of one kind of change."""

    kind: str
    """``added``, ``updated`` or ``deleted``."""
    count: int
    named: tuple[tuple[str, int], ...]
    """Path and size in bytes of the first CHANGES_SHOWN files; of a deleted file, the size that it had."""


class LastRun(Value, frozen=True, kw_only=True):
    """The run that writes the report."""

    report: Report
    slowest: tuple[Result, ...] = ()
    """The slowest transfers, slowest first."""
    changes: tuple[Changes, ...] = ()
    """The changes, by kind; kinds without files are left out."""


class Contents(Value, frozen=True, kw_only=True):
    """All data of the report except the current time."""

    directory: str
    runs: tuple[RunRecord, ...] = ()
    """The recorded runs, newest first."""
    directories: Mapping[str, FileTotals] = field(default_factory=dict)
    """Directory → totals of its files, down to DEPTH levels; deeper directories count towards their ancestor there."""
    largest: tuple[Known, ...] = ()
    """The largest files, largest first."""
    problem: str | None = None
    """The reason why the state could not be read; None if it could."""
    last: LastRun | None = None
    """None if the report is written without a run."""


class RunDetails:
    """Collects the single files that the page shows: the slowest transfers and the first changes. Costs very little."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Result]] = []
        self._seen = 0
        self._counts = dict.fromkeys(("added", "updated", "deleted"), 0)
        self._named: dict[str, list[tuple[str, int]]] = {kind: [] for kind in self._counts}

    def add(self, result: Result) -> None:
        if result.outcome is Outcome.SAVED:
            self._note_change("added" if result.old_size is None else "updated", result.path, result.size)
            self._note_transfer(result)
        elif result.outcome is Outcome.DELETED:
            self._note_change("deleted", result.path, result.old_size or 0)

    def last_run(self, report: Report) -> LastRun:
        """The run that ended with ``report``."""
        changes = [
            Changes(kind=kind, count=count, named=tuple(self._named[kind]))
            for kind, count in self._counts.items()
            if count
        ]
        return LastRun(report=report, slowest=self.slowest(), changes=tuple(changes))

    def slowest(self) -> tuple[Result, ...]:
        """The slowest transfers, slowest first."""
        return tuple(result for _, _, result in sorted(self._heap, reverse=True))

    def _note_change(self, kind: str, path: str, size: int) -> None:
        self._counts[kind] += 1
        if self._counts[kind] <= CHANGES_SHOWN:
            self._named[kind].append((path, size))

    def _note_transfer(self, result: Result) -> None:
        self._seen += 1
        item = (result.seconds, -self._seen, result)  # the number breaks ties, because results cannot be compared
        if len(self._heap) < FILES_SHOWN:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)


def check_installed(option: str = "--report") -> None:
    """Raise ConfigError if the optional dependencies ``report``, which ``option`` needs, are not installed."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigError(f"{option} needs {', '.join(missing)}: pip install 'crawler[report]'")


async def read_contents(directory: str, config: Config, last: LastRun | None = None) -> Contents:
    """The contents recorded in the state of ``directory``; empty if there is no state."""
    path = existing_state(directory, config)
    async with ReadOnlyState(path) if path else NullState() as state:
        return Contents(
            directory=directory,
            runs=tuple(await state.runs(limits.RUNS_READ)),
            directories=await state.directories(DEPTH),
            largest=tuple(await state.largest(FILES_SHOWN)),
            problem=state.problem,
            last=last,
        )
