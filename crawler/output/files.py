"""Output files written at the end of a run (change list, summary, metrics, HTML report), and the --on-change command.

Each file is replaced atomically by rename, so that readers never see a partial one. A failure here never undoes the
run: it becomes a warning in the report and exit code 1.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Protocol, Self, TypeVar

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.exit_codes import SIGNALS, ExitCode, is_trouble
from crawler.model.observer import Observer
from crawler.model.report import Report
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Result
from crawler.output.atomic_file import check_target, replace_file
from crawler.output.format import json_text
from crawler.output.on_change import run_command
from crawler.text.escape import masked
from crawler.version import __version__

if TYPE_CHECKING:
    from crawler.output.html_report import SlowestTransfers

T = TypeVar("T")

_GAUGES = (
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


class Stoppable(Protocol):
    """The part of ``pipeline.stop.Stop`` that is used here."""

    reason: str | None

    async def guard(self, work: Coroutine[Any, Any, T]) -> T | None: ...


def change_of(result: Result, when: float) -> dict[str, object] | None:
    """One line of the change list; None if the result is not a change. ``when``: seconds since the epoch."""
    if result.outcome is Outcome.SAVED:
        change = "added" if result.old_size is None else "updated"
    elif result.outcome in (Outcome.DELETED, Outcome.FAILED):
        change = result.outcome.value
    else:
        return None
    values: dict[str, object] = {"change": change, **json_text("path", result.path), "url": masked(result.url)}
    if result.outcome is Outcome.SAVED:
        values["size"] = result.size
    if result.old_size is not None:
        values["old_size"] = result.old_size
    if result.known is not None:
        values["modified"] = _iso(result.known.mtime / 1e9)
    if result.digest is not None:
        values["digest"] = result.digest
    if result.outcome is Outcome.FAILED:
        values["reason"] = masked(result.reason)
    values["time"] = _iso(when)
    return values


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def render_json_summary(report: Report, ended: float) -> str:
    """The report as a JSON object. ``ended``: end of the run, in seconds since the epoch."""
    values: dict[str, object] = {
        "version": __version__,
        "url": masked(report.url),
        **json_text("directory", report.directory),
        "started": _iso(ended - report.seconds),
        "ended": _iso(ended),
        "exit_code": report.exit_code,
        "interrupted": report.interrupted,
    }
    for name in (
        "listed", "saved", "unchanged", "skipped", "failed", "deleted", "extraneous", "listings_read",
        "listings_failed", "received", "saved_bytes",
    ):  # fmt: skip
        values[name] = getattr(report, name)
    values["seconds"] = round(report.seconds, 3)
    values["speed"] = round(report.speed)
    values["spared"] = [{**json_text("path", path), "what": what} for path, what in sorted(report.spared.items())]
    values["skipped_by"] = {masked(reason): count for reason, count in report.skipped_by.items()}
    values["rejected_by"] = {masked(reason): count for reason, count in report.rejected_by.items()}
    for key, problems in (("failures", report.failures), ("listing_failures", report.listing_failures)):
        values[key] = [
            {**json_text("path", item.path), "url": masked(item.url), "reason": masked(item.reason)}
            for item in problems
        ]
    values["warnings"] = [masked(text) for text in report.warnings]
    return json.dumps(values, indent=1) + "\n"


def render_metrics(report: Report, ended: float) -> str:
    """The report in the Prometheus text format 0.0.4. ``ended``: end of the run, in seconds since the epoch."""
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
    labels = f'directory="{_label(report.directory)}",url="{_label(masked(report.url))}"'
    lines = []
    for name, text in _GAUGES:
        lines += [f"# HELP crawler_last_run_{name} {text}", f"# TYPE crawler_last_run_{name} gauge"]
        lines.append(f"crawler_last_run_{name}{{{labels}}} {values[name]:.16g}")
    lines += [
        "# HELP crawler_last_run_files Files of the last run by outcome.",
        "# TYPE crawler_last_run_files gauge",
    ]
    for outcome in ("saved", "unchanged", "skipped", "failed", "deleted"):
        lines.append(f'crawler_last_run_files{{{labels},outcome="{outcome}"}} {getattr(report, outcome)}')
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    """``text`` as a label value in UTF-8, with backslash, quote and newline escaped (Prometheus exposition formats)."""
    text = json_text("value", text)["value"]
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Outputs(Observer):
    """Collects the changes of a run in a temporary file and writes all output files at its end.

    The constructor checks the paths (ConfigError). Enter it before the run and call ``finish`` at the end; leaving it
    without ``finish`` writes nothing.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._spool: BinaryIO | None = None
        self._spool_problem: OSError | None = None
        self._changed = False
        self._slowest: SlowestTransfers | None = None
        for option in ("changes", "summary", "metrics", "report"):
            path = getattr(config, option)
            if path is not None:
                check_target(f"--{option}", path)
        if config.report is not None:
            from crawler.output.html_report import (
                SlowestTransfers,
                check_installed,
            )  # imported only if needed

            check_installed()
            self._slowest = SlowestTransfers()

    def __enter__(self) -> Self:
        if self._config.changes is not None or self._config.on_change is not None:
            try:
                self._spool = tempfile.TemporaryFile("w+b", prefix="crawler-")
            except OSError as problem:
                raise ConfigError(
                    f"cannot create a temporary file for the change list (TMPDIR): {problem.strerror}"
                ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._spool is not None:
            with suppress(OSError):  # ``finish`` has reported it
                self._spool.close()

    def finished(self, result: Result) -> None:
        if self._slowest is not None:
            self._slowest.add(result)
        if self._spool is None:
            return
        change = change_of(result, time.time())
        if change is None:
            return
        self._changed = self._changed or result.outcome is not Outcome.FAILED
        try:
            self._spool.write(json.dumps(change).encode() + b"\n")
        except OSError as problem:
            self._spool_problem = self._spool_problem or problem

    def all_unchanged(self, folder: str, files: Sequence[StoredFile], reason: str) -> None:
        """Ignore these files: they did not change and took no time."""

    async def finish(self, report: Report, stop: Stoppable) -> Report:
        """Write the files and run the command. Returns the report with warnings for what failed.

        ``stop`` ends the command. Does nothing after a dry run, because readers take these files for facts.
        """
        if report.plan is not None:
            return report
        config, ended = self._config, time.time()
        if self._spool is not None:
            report = await self._write_changes(self._spool, report, stop)
        if config.report is not None and self._slowest is not None:
            from crawler.output.html_report import LastRun, write_page

            last = LastRun(report=report, slowest=self._slowest.results())
            try:
                await write_page(config.report, report.directory, config, last)
            except OSError as problem:
                report = report.warned(f"--report {config.report}: {problem.strerror}", ExitCode.ERROR)
        if config.summary is not None:
            # Before the metrics, so that they show if the summary could not be written.
            summary = render_json_summary(report, ended)
            report = _written("--summary", config.summary, io.BytesIO(summary.encode()), report)
        if config.metrics is not None:
            metrics = render_metrics(report, ended)
            report = _written("--metrics", config.metrics, io.BytesIO(metrics.encode()), report)
        return report

    async def _write_changes(self, spool: BinaryIO, report: Report, stop: Stoppable) -> Report:
        problem = self._spool_problem or _flush_problem(spool)
        if problem is not None:
            return report.warned(
                f"the change list could not be written: {tempfile.gettempdir()}: {problem.strerror}", ExitCode.ERROR
            )
        if self._config.changes is not None:
            spool.seek(0)
            report = _written("--changes", self._config.changes, spool, report)
        if self._config.on_change is not None and self._changed:
            os.lseek(
                spool.fileno(), 0, os.SEEK_SET
            )  # seek() may only move within Python's buffer, which a child does not share
            failure = await stop.guard(run_command(self._config.on_change, spool))
            if stop.reason is not None:
                failure = f"was ended by {stop.reason}: {self._config.on_change}"
            if failure is not None:
                report = report.warned(f"--on-change {failure}", SIGNALS.get(stop.reason or "", ExitCode.ERROR))
        return report


def _flush_problem(stream: BinaryIO) -> OSError | None:
    try:
        stream.flush()
    except OSError as problem:
        return problem
    return None


def _written(option: str, path: str, source: IO[bytes], report: Report) -> Report:
    try:
        replace_file(path, source)
    except OSError as problem:
        return report.warned(f"{option} {path}: {problem.strerror}", ExitCode.ERROR)
    return report
