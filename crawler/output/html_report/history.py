"""The charts of past runs: size, changes, durations, failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from markupsafe import Markup

from crawler.model.exit_codes import is_trouble
from crawler.model.struct import Value
from crawler.output.html_report.charts import Slot, render_bars, render_steps, visible_top
from crawler.storage.state.runs import Figures, RunRecord
from crawler.text.units import render_duration, render_size


class Chart(Value, frozen=True, kw_only=True):
    """A chart of runs with its captions."""

    title: str
    value: str
    """The value of the last run."""
    note: str
    """A note in smaller type: the change over all runs, or the bar that exceeds the scale; "" for none."""
    top: str
    """The value of the highest point of the scale."""
    drawing: Markup


class _ChartSpec(Value, frozen=True, kw_only=True):
    """The value that a chart shows, and how it is drawn."""

    title: str
    of: Callable[[RunRecord], float | None]
    text: Callable[[float], str]
    is_level: bool = False
    """Whether the value persists between runs, and is drawn as an area."""
    below: Callable[[RunRecord], float] = lambda _run: 0.0


class TimeFormatter:
    """Formats times in a time zone; None means local time."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone

    def _at(self, moment: float) -> datetime:
        return datetime.fromtimestamp(moment, self._zone).astimezone(self._zone)

    def minute(self, moment: float) -> str:
        return self._at(moment).strftime("%Y-%m-%d %H:%M")

    def day(self, moment: float) -> str:
        return self._at(moment).strftime("%Y-%m-%d")

    def zone(self, moment: float) -> str:
        return "UTC" + self._at(moment).strftime("%z").replace("+0000", "")


def outcome(figures: Figures | None) -> str:
    """The outcome of a run, in a word or two."""
    if figures is None:
        return "killed or running"
    return figures.outcome if not figures.exit_code else f"{figures.outcome} (exit {figures.exit_code})"


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _figure(name: str) -> Callable[[RunRecord], float | None]:
    def read(run: RunRecord) -> float | None:
        return float(getattr(run.figures, name)) if run.figures else None

    return read


def _total(name: str) -> Callable[[RunRecord], float | None]:
    def read(run: RunRecord) -> float | None:
        return float(getattr(run.totals, name)) if run.totals else None

    return read


_CHARTS = (
    _ChartSpec(title="Size", of=_total("size"), text=render_size, is_level=True),
    _ChartSpec(title="Files", of=_total("files"), text=_count, is_level=True),
    _ChartSpec(
        title="Saved, deleted",
        of=_figure("saved"),
        text=_count,
        below=lambda run: run.figures.deleted if run.figures else 0.0,
    ),
    _ChartSpec(title="Received", of=_figure("received"), text=render_size),
    _ChartSpec(title="Duration", of=_figure("seconds"), text=render_duration),
    _ChartSpec(title="Failed", of=_figure("failed"), text=_count),
)


def charts_of(runs: Sequence[RunRecord], moments: TimeFormatter) -> list[Chart]:
    """The charts of ``runs``, which are oldest first."""
    return [_chart(subject, runs, moments) for subject in _CHARTS]


def _chart(subject: _ChartSpec, runs: Sequence[RunRecord], moments: TimeFormatter) -> Chart:
    slots = [
        Slot(
            title=f"{moments.minute(run.started)}: {_tooltip(subject, run)}",
            up=subject.of(run),
            down=subject.below(run),
            is_bad=run.figures is not None and is_trouble(run.figures.exit_code),
        )
        for run in runs
    ]
    known = [slot.up for slot in slots if slot.up is not None]
    highest = max(known, default=0.0)
    top = highest if subject.is_level else visible_top(known)
    last = next((run for run in reversed(runs) if subject.of(run) is not None), None)
    change = known[-1] - known[0] if known else 0
    return Chart(
        title=subject.title,
        value=_values_text(subject, last) if last else "–",
        note=_note(subject, change, highest if highest > top else 0),
        top=subject.text(top) if top else "",
        drawing=render_steps(slots) if subject.is_level else render_bars(slots),
    )


def _note(subject: _ChartSpec, change: float, beyond: float) -> str:
    """The note of a chart: ``change`` over all runs for a level, or the bar that goes ``beyond`` the scale."""
    if subject.is_level:
        return f"{'+' if change > 0 else '−'}{subject.text(abs(change))}" if change else ""
    return f"{subject.text(beyond)} is cut off" if beyond else ""


def _tooltip(subject: _ChartSpec, run: RunRecord) -> str:
    if subject.of(run) is None:
        return outcome(run.figures)
    return f"{_values_text(subject, run)}, {outcome(run.figures)}"


def _values_text(subject: _ChartSpec, run: RunRecord) -> str:
    below = subject.below(run)
    return subject.text(subject.of(run) or 0) + (f", −{subject.text(below)}" if below else "")
