"""Judges the status of a mirror by what its state records: the pure rules behind a card of the status page."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from itertools import pairwise
from statistics import median

from crawler.model.exit_codes import SIGNALS, ExitCode
from crawler.model.struct import Value
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import RunRecord

RUNS_CHARTED = 40
"""Number of runs in the trend of a card."""
_OVERDUE = 2.5
"""A mirror is overdue after the usual interval between its runs multiplied by this."""
_SHORTEST = 3600.0
"""Minimum number of seconds without a run before a mirror can be overdue."""


class Standing(Enum):
    """The status of a mirror. The values are the words for its administrator; those that need attention come first."""

    FAILING = "failing"
    OVERDUE = "overdue"
    UNREADABLE = "state unreadable"
    KILLED = "killed"
    STOPPED = "incomplete"
    NEW = "never run"
    RUNNING = "running"
    GOOD = "up to date"


PUBLIC = {
    Standing.FAILING: "last update failed",
    Standing.OVERDUE: "update overdue",
    Standing.UNREADABLE: "unknown",
    Standing.KILLED: "last update failed",
    Standing.STOPPED: "update incomplete",
    Standing.NEW: "not filled yet",
    Standing.RUNNING: "being updated",
    Standing.GOOD: "up to date",
}
"""The words for the visitors of a public mirror."""

_NEXT = {
    ExitCode.ERROR: "Look at the log; -v shows the traceback of an unexpected error.",
    ExitCode.CONFIG: "Fix what the message names.",
    ExitCode.LISTING: "The next run tries again. If this persists, look at crawler --list -v URL.",
    ExitCode.DESTINATION: "Check the disk; the next run continues.",
    ExitCode.INCOMPLETE: "The next run tries again. If this persists, look at the reasons.",
    ExitCode.DELETION_REFUSED: "Check that the site is complete, then run once with a higher --max-delete.",
    ExitCode.ROBOTS: "Ask the owner of the site.",
}


class MirrorFacts(Value, frozen=True, kw_only=True):
    """The facts about one mirror."""

    name: str
    url: str
    """URL of the mirror, without credentials."""
    directory: str
    runs: tuple[RunRecord, ...] = ()
    """The recorded runs, newest first."""
    is_running: bool = False
    problem: str | None = None
    """The reason why the state could not be read; None if it could."""


class CardFacts(Value, frozen=True, kw_only=True):
    """The content of a card."""

    facts: MirrorFacts
    standing: Standing
    good: float | None
    """End of the last run with exit code 0, in seconds since the epoch."""
    totals: FileTotals | None
    """Totals of the files in the mirror; None if unknown."""
    growth: int | None
    """Bytes by which it grew over the charted runs; None if unknown."""
    failed_runs: int
    """Number of failed runs since the last successful one."""
    action: str
    """What to do next; "" for nothing."""


def card_of(facts: MirrorFacts, now: float) -> CardFacts:
    """The card of a mirror at ``now``, in seconds since the epoch."""
    standing = standing_of(facts, now)
    good = next((run for run in facts.runs if _is_good(run)), None)
    known = [run.totals for run in facts.runs[:RUNS_CHARTED] if run.totals is not None]
    bad = next((number for number, run in enumerate(_ended(facts.runs)) if _is_good(run)), len(_ended(facts.runs)))
    return CardFacts(
        facts=facts,
        standing=standing,
        good=_end(good) if good else None,
        totals=known[0] if known else None,
        growth=known[0].size - known[-1].size if len(known) > 1 else None,
        failed_runs=bad,
        action=next_action(standing, facts),
    )


def standing_of(facts: MirrorFacts, now: float) -> Standing:
    """The status of the mirror at ``now``. A run in progress does not hide an earlier failure."""
    if facts.problem:
        return Standing.UNREADABLE
    ended = _ended(facts.runs)
    if not ended:
        if facts.is_running:
            return Standing.RUNNING
        return Standing.KILLED if facts.runs else Standing.NEW
    code = _code(ended[0])
    is_stopped = code in {ExitCode.STOPPED, *SIGNALS.values()}
    if code and not is_stopped:
        return Standing.FAILING
    if facts.is_running:
        return Standing.RUNNING
    if facts.runs[0].figures is None:
        return Standing.KILLED
    if is_overdue([run.started for run in facts.runs], now):
        return Standing.OVERDUE
    return Standing.STOPPED if is_stopped else Standing.GOOD


def is_current(card: CardFacts) -> bool:
    """Whether the mirror is as its source was at its last run, even while the next one is in progress."""
    is_good = card.standing in {Standing.GOOD, Standing.RUNNING}
    return is_good and card.good is not None and not card.failed_runs


def is_overdue(starts: Sequence[float], now: float) -> bool:
    """Whether a mirror whose runs began at ``starts``, newest first, should have run again by ``now``.

    The usual interval is the median of the last ones, so that neither a manual run nor a skipped night changes it.
    """
    intervals = [later - earlier for later, earlier in pairwise(starts[:11])]
    return len(intervals) > 1 and now - starts[0] > max(_OVERDUE * median(intervals), _SHORTEST)


def next_action(standing: Standing, facts: MirrorFacts) -> str:
    """What the administrator should do, in a sentence; "" for nothing."""
    match standing:
        case Standing.FAILING:
            code = _code(_ended(facts.runs)[0])
            return _NEXT.get(ExitCode(code), "") if code in set(ExitCode) else ""
        case Standing.OVERDUE:
            return "Is cron or the timer running?"
        case Standing.KILLED:
            return "The next run continues. Was the last one killed by kill -9, or for lack of memory?"
        case Standing.STOPPED:
            return "The next run continues."
        case Standing.UNREADABLE:
            return "The next run rebuilds the state, or says what is wrong."
    return ""


def _ended(runs: Sequence[RunRecord]) -> list[RunRecord]:
    return [run for run in runs if run.figures is not None]


def _code(run: RunRecord) -> int:
    return run.figures.exit_code if run.figures else ExitCode.ERROR


def _is_good(run: RunRecord) -> bool:
    return run.figures is not None and run.figures.exit_code == ExitCode.OK


def _end(run: RunRecord) -> float:
    return run.started + (run.figures.seconds if run.figures else 0)
