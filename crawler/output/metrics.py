"""The file of --metrics, in the Prometheus text format 0.0.4."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.exit_codes import is_trouble
from crawler.model.report import Report
from crawler.model.struct import Value
from crawler.output.format import json_text
from crawler.paths import GivenPath
from crawler.storage.state.location import existing_state
from crawler.storage.state.read_only import ReadOnlyState
from crawler.storage.state.records import FileTotals
from crawler.text.escape import masked

_LAST_SUCCESS = "crawler_last_success_timestamp_seconds"

GAUGES = (
    ("timestamp_seconds", "End of the last run, in seconds since the epoch."),
    ("success", "1 if the last run ended with exit code 0, or 9 at a configured limit."),
    ("complete", "1 if the last run completed, 0 if it was interrupted."),
    ("exit_code", "Exit code of the last run."),
    ("duration_seconds", "Duration of the last run, in seconds."),
    ("received_bytes", "Body bytes received in the last run, including failed attempts."),
    ("saved_bytes", "Bytes of the files saved in the last run."),
    ("listings_read", "Listings read in the last run."),
    ("listings_failed", "Listings that could not be read in the last run."),
    ("extraneous_files", "Local files no longer listed in the last run, deleted or not."),
)
"""(Name after ``crawler_last_run_``, help text) of each value of the run."""
OUTCOMES = ("saved", "unchanged", "skipped", "failed", "deleted")


class Standing(Value, frozen=True, kw_only=True):
    """The facts about the mirror that do not depend on the last run."""

    last_success: float = 0.0
    """End of the last run with exit code 0, in seconds since the epoch; 0 if there was none."""
    totals: FileTotals | None = None
    """Totals of the files in DIR; None if unknown."""


async def read_standing(report: Report, ended: float, name: str, config: Config, *, is_run: bool) -> Standing:
    """The standing of the mirror after the run of ``report``, which ended at ``ended``.

    ``is_run``: False for a verification, whose success is not that of a run. If the state cannot be read, for example
    because the disk is missing, the time of the last success is taken from the metrics file that is about to be
    replaced: a missing value would raise no alert.
    """
    path = existing_state(report.directory, config)
    success, totals = 0.0, None
    if path is not None:
        async with ReadOnlyState(path) as state:
            runs = await state.runs(limits.RUNS_READ)
        good = [run.started + run.figures.seconds for run in runs if run.figures and run.figures.exit_code == 0]
        success = good[0] if good else 0.0
        totals = runs[0].totals if runs else None
    if is_run and not report.exit_code:
        success = ended
    elif not success and config.metrics is not None:
        success = _earlier_success(config.metrics, name)
    return Standing(last_success=success, totals=totals)


def _earlier_success(metrics: str, name: str) -> float:
    """The last success of the mirror ``name`` according to an existing file; 0.0 if it does not say."""
    try:
        text = Path(metrics).read_text("utf-8", "replace") if GivenPath("--metrics", metrics).is_regular() else ""
    except (OSError, ConfigError):
        return 0.0
    label = re.escape(f'mirror="{_label(name)}"')
    found = re.search(rf"^{_LAST_SUCCESS}\{{{label}\}} (\d+(?:\.\d+)?)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def render_metrics(report: Report, ended: float, name: str, standing: Standing) -> str:
    """The metrics of the mirror ``name``. ``ended``: end of the run, in seconds since the epoch."""
    return "\n".join([*_of_the_run(report, ended, name), *_of_the_mirror(name, standing)]) + "\n"


def _of_the_run(report: Report, ended: float, name: str) -> Iterator[str]:
    values = {
        "timestamp_seconds": ended,
        "success": int(not is_trouble(report.exit_code)),
        "complete": int(report.interrupted is None),
        "exit_code": report.exit_code,
        "duration_seconds": report.seconds,
        "received_bytes": report.received,
        "saved_bytes": report.saved_bytes,
        "listings_read": report.listings_read,
        "listings_failed": report.listings_failed,
        "extraneous_files": report.extraneous,
    }
    mirror, directory, url = _label(name), _label(report.directory), _label(masked(report.url))
    labels = f'mirror="{mirror}",directory="{directory}",url="{url}"'
    for metric, text in GAUGES:
        yield from _head(f"crawler_last_run_{metric}", text)
        yield f"crawler_last_run_{metric}{{{labels}}} {values[metric]:.16g}"
    yield from _head("crawler_last_run_files", "Files of the last run by outcome.")
    for outcome in OUTCOMES:
        yield f'crawler_last_run_files{{{labels},outcome="{outcome}"}} {getattr(report, outcome)}'
    if report.upstreams:
        yield from _head("crawler_last_run_upstream_files", "Files saved in the last run, by upstream.")
    for upstream, count in sorted(report.upstreams.items()):
        yield f'crawler_last_run_upstream_files{{{labels},upstream="{_label(upstream)}"}} {count}'


def _of_the_mirror(name: str, standing: Standing) -> Iterator[str]:
    labels = f'mirror="{_label(name)}"'
    yield from _head(_LAST_SUCCESS, "End of the last run with exit code 0, in seconds since the epoch; 0 if none.")
    yield f"{_LAST_SUCCESS}{{{labels}}} {standing.last_success:.16g}"
    if standing.totals is not None:
        yield from _head("crawler_mirror_files", "Files in the mirror.")
        yield f"crawler_mirror_files{{{labels}}} {standing.totals.files}"
        yield from _head("crawler_mirror_size_bytes", "Total size of the files in the mirror, in bytes.")
        yield f"crawler_mirror_size_bytes{{{labels}}} {standing.totals.size}"


def _head(metric: str, text: str) -> list[str]:
    return [f"# HELP {metric} {text}", f"# TYPE {metric} gauge"]


def _label(text: str) -> str:
    """``text`` as a label value in UTF-8, with backslash, quote and newline escaped (Prometheus exposition formats)."""
    text = json_text("value", text)["value"]
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
