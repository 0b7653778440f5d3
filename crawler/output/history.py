"""Renders the runs recorded in the state as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from crawler.model.exit_codes import SIGNALS, ExitCode, worst
from crawler.model.report import Report
from crawler.storage.state.runs import Figures, RunRecord
from crawler.text.escape import masked, printable
from crawler.text.units import render_duration, render_size

BAR = 4
"""Width of a bar in columns, so that the table fits 80 columns."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_WORDS = {3: "no listing", 4: "disk", 5: "failures", 6: "not deleted", 7: "locked", 8: "robots.txt"}
_HEAD = ("started", "result", "took", "", "listed", "saved", "gone", "failed", "received", "")


PROBLEMS_KEPT = 3
"""Maximum number of reasons that the state keeps of a run."""
_LONGEST = 300
"""Maximum length of a stored reason, in characters."""


def figures_of(report: Report, code: int) -> Figures:
    """The figures of a run as stored in the state. ``code`` is the exit code of the error that ended it, or 0."""
    code = worst((report.exit_code, code))
    outcome = (
        "stopped"
        if report.interrupted and code in {ExitCode.STOPPED, *SIGNALS.values()}
        else _WORDS.get(code, "error")
        if code
        else "ok"
    )
    return Figures(
        seconds=report.seconds,
        outcome=outcome,
        exit_code=code,
        listed=report.listed,
        saved=report.saved,
        unchanged=report.unchanged,
        skipped=report.skipped,
        failed=report.failed + report.listings_failed,
        deleted=report.deleted,
        received=report.received,
        problems=problems_of(report) if code else (),
    )


def problems_of(report: Report) -> tuple[tuple[str, int], ...]:
    """The most frequent reasons of failures, with their number; problems of the whole run come first."""
    counts = Counter(masked(item.reason)[:_LONGEST] for item in report.failures)
    counts.update(masked(item.reason)[:_LONGEST] for item in report.listing_failures)
    whole = [(masked(text)[:_LONGEST], 1) for text in report.warnings]
    return tuple([*whole, *counts.most_common()][:PROBLEMS_KEPT])


def problem_text(reason: str, count: int) -> str:
    """A reason, followed by the number of files that it concerns if there are several."""
    return f"{count:,} × {reason}" if count > 1 else reason


def render_history(runs: Sequence[RunRecord], zone: tzinfo | None, *, unicode: bool = True) -> str:
    """A table of runs, oldest first, with bars for duration and bytes, without a final newline.

    ``runs`` are newest first, as the state returns them. ``zone``: time zone, None for local time. Without ``unicode``
    bars consist of ``#``.
    """
    bar = _bar if unicode else _plain_bar
    longest = max((run.figures.seconds for run in runs if run.figures), default=0.0)
    largest = max((run.figures.received for run in runs if run.figures), default=0)
    rows = [_HEAD, *(_row(run, zone, longest, largest, bar) for run in reversed(runs))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [" ".join(_aligned(row, widths)).rstrip() for row in rows]
    urls = dict.fromkeys(run.url for run in runs)
    return "\n".join([*(masked(url) for url in urls if url), *lines])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The cells padded to ``widths``: numbers right-aligned, text and bars left-aligned."""
    left = {0, 1, 3, 9}
    return [
        cell.ljust(width) if column in left else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _row(
    run: RunRecord, zone: tzinfo | None, longest: float, largest: int, bar: Callable[[float], str]
) -> tuple[str, ...]:
    started = datetime.fromtimestamp(run.started, zone).strftime("%Y-%m-%d %H:%M")
    figures = run.figures
    if figures is None:
        return (started, "unfinished", *[""] * (len(_HEAD) - 2))
    result = figures.outcome if not figures.exit_code else f"{figures.outcome} ({figures.exit_code})"
    return (
        started,
        printable(result),
        render_duration(figures.seconds),
        bar(figures.seconds / longest if longest else 0),
        f"{figures.listed:,}",
        f"{figures.saved:,}",
        f"{figures.deleted:,}",
        f"{figures.failed:,}",
        render_size(figures.received),
        bar(figures.received / largest if largest else 0),
    )


def _bar(share: float) -> str:
    """A bar of ``share`` (0 to 1) of BAR columns, in eighths of a column; at least one eighth if not zero."""
    eighths = max(round(share * BAR * 8), 1 if share > 0 else 0)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _plain_bar(share: float) -> str:
    return "#" * max(round(share * BAR), 1 if share > 0 else 0)
