"""Writes the output files at the end of a run (change list, summary, metrics, HTML report), and runs the commands.

Each file is replaced atomically by rename, so that readers never see a partial one. A failure here never undoes the
run: it becomes a warning in the report and exit code 1.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Self

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.exit_codes import ExitCode
from crawler.model.observer import Observer
from crawler.model.reasons import CLAIM
from crawler.model.report import Report
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Result
from crawler.paths import real_path

if TYPE_CHECKING:
    from crawler.output.commands.after_run import Stoppable
    from crawler.output.html_report import RunDetails


def mirror_name(directory: str) -> str:
    """The name of a mirror that has none: the last part of DIR."""
    return real_path(directory).name or "/"


OUTPUTS = ("changes", "summary", "metrics", "report")
"""Options that name files written at the end of a run."""


def output_checks(config: Config, directory: str = "") -> Iterator[Callable[[], object]]:
    """Functions that raise ConfigError for a file that could not be written. ``directory``: DIR, if it is local.

    A dry run writes none of them but the log, and creates no DIR for it; what it says of the others is true of the run.
    """
    for option in (*OUTPUTS, "log_file"):
        path = getattr(config, option)
        if path is not None:
            from crawler.output.atomic_file import check_target

            is_log = option == "log_file"
            made = "" if is_log and config.dry_run else directory
            yield partial(check_target, f"--{option.replace('_', '-')}", path, is_appended=is_log, made=made)
    if config.report is not None:
        from crawler.output.html_report import check_installed

        yield check_installed


class Outputs(Observer):
    """Collects the changes of a run in a temporary file and writes all output files at its end.

    The constructor checks the paths (ConfigError). Enter it before the run and call ``finish`` at the end; leaving it
    without ``finish`` writes nothing.
    """

    def __init__(self, config: Config, name: str = "", kind: str = "run", directory: str = "") -> None:
        """``name``: name of the mirror, "" for the last part of DIR; ``kind``: see ``commands.after_run.Subject``.

        ``directory``: DIR, in which the files may be before the run has created it.
        """
        self._config, self._name, self._kind, self._directory = config, name, kind, directory
        self._spool: BinaryIO | None = None
        self._spool_problem: OSError | None = None
        self._changed = False
        self._claimed: list[Result] = []
        """Results of entries that were not stored because an output file has their path."""
        self._details: RunDetails | None = None
        for check in () if config.dry_run else output_checks(config, directory):
            check()
        if config.report is not None:
            from crawler.output.html_report import RunDetails  # imported only if needed

            self._details = RunDetails()

    def __enter__(self) -> Self:
        if self._config.changes is not None or self._config.on_change is not None:
            try:
                import tempfile

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

    def all_saved(self, results: Sequence[Result]) -> None:
        if self._details is not None or self._spool is not None:
            super().all_saved(results)

    def finished(self, result: Result) -> None:
        if self._details is not None:
            self._details.add(result)
        if result.outcome is Outcome.FAILED and CLAIM in result.reason:
            self._claimed.append(result)
        if self._spool is None:
            return
        from crawler.output.json_report import change_of

        change = change_of(result, time.time())
        if change is None:
            return
        self._changed = self._changed or result.outcome is not Outcome.FAILED
        try:
            self._spool.write(json.dumps(change).encode() + b"\n")
        except OSError as problem:
            self._spool_problem = self._spool_problem or problem

    def counts_unchanged(self) -> bool:
        return True

    def all_unchanged(self, directory: str, files: Sequence[StoredFile], reason: str) -> None:
        """Do nothing, because unchanged files are neither changes nor slow transfers."""

    async def finish(self, report: Report, stop: Stoppable) -> Report:
        """Write the files and run the commands. Returns the report with warnings for what failed.

        ``stop`` ends the command that is running. After a dry run nothing is written, because readers rely on these
        files; nor if another run holds DIR, because the files belong to that run.
        """
        if report.plan is not None:
            return report
        name = self._name or mirror_name(report.directory)
        if report.exit_code != ExitCode.ALREADY_RUNNING:
            report = await self._write_files(report, name, stop)
        if self._config.on_failure is None and self._config.on_end is None:
            return report
        from crawler.output.commands.after_run import Subject, run_commands

        subject = Subject(name=name, directory=report.directory, kind=self._kind)
        return await run_commands(self._config, report, subject, stop)

    async def _write_files(self, report: Report, name: str, stop: Stoppable) -> Report:
        config, report = self._unclaimed(report)
        self._create_places(config)
        ended = time.time()
        if self._spool is not None:
            report = await self._write_changes(self._spool, config.changes, report, name, stop)
        if config.report is not None and self._details is not None:
            from crawler.output.html_report import write_page

            try:
                await write_page(config.report, report.directory, config, self._details.last_run(report))
            except OSError as problem:
                report = report.warned(f"--report {config.report}: {problem.strerror}", ExitCode.ERROR)
        if config.summary is not None:
            # Written before the metrics, which report a failure to write the summary.
            from crawler.output.json_report import render_json_summary

            summary = render_json_summary(report, ended, name=name)
            report = _written("--summary", config.summary, io.BytesIO(summary.encode()), report)
        if config.metrics is not None:
            from crawler.output.metrics import read_standing, render_metrics

            standing = await read_standing(report, ended, name, config, is_run=self._kind == "run")
            metrics = render_metrics(report, ended, name, standing)
            report = _written("--metrics", config.metrics, io.BytesIO(metrics.encode()), report)
        return report

    def _create_places(self, config: Config) -> None:
        """Create DIR for the files that are to be written there, if the run has not created it, or has removed it."""
        paths = [path for option in OUTPUTS if (path := getattr(config, option)) is not None]
        if paths and self._directory:
            from crawler.output.atomic_file import create_place

            for path in paths:
                create_place(path, [self._directory])

    def _unclaimed(self, report: Report) -> tuple[Config, Report]:
        """The configuration without output files that would replace an entry of the listing, and warnings about them.

        Whether such a file is the entry, which another program has saved, is unknown.
        """
        directory, unwritten = Path(report.directory), dict[str, Any]()
        is_renamed = self._config.names == "windows"  # then paths in DIR differ from those of entries
        for option in OUTPUTS:
            path = getattr(self._config, option)
            claimed = [each.path for each in self._claimed if f"{CLAIM} --{option} " in each.reason]
            if path is not None and claimed and (is_renamed or _is_among(path, directory, claimed)):
                reason = "not written, because the listing has a file of that path: name another file"
                report = report.warned(f"--{option} {path}: {reason}", ExitCode.INCOMPLETE)
                unwritten[option] = None
        return replace(self._config, **unwritten) if unwritten else self._config, report

    async def _write_changes(
        self, spool: BinaryIO, path: str | None, report: Report, name: str, stop: Stoppable
    ) -> Report:
        problem = self._spool_problem or _flush_problem(spool)
        if problem is not None:
            import tempfile

            return report.warned(
                f"the change list could not be written: {tempfile.gettempdir()}: {problem.strerror}", ExitCode.ERROR
            )
        if path is not None:
            spool.seek(0)
            report = _written("--changes", path, spool, report)
        if self._config.on_change is not None and (self._changed or report.published is not None):
            from crawler.output.commands.after_run import Subject, environment, run_with

            os.lseek(
                spool.fileno(), 0, os.SEEK_SET
            )  # seek() may move only within Python's buffer, which the child process does not share
            variables = environment(report, Subject(name=name, directory=report.directory, kind=self._kind))
            report = await run_with("--on-change", self._config.on_change, spool, variables, report, stop)
        return report


def _is_among(path: str, directory: Path, claimed: Sequence[str]) -> bool:
    return real_path(path) in {real_path(directory / each) for each in claimed}


def _flush_problem(stream: BinaryIO) -> OSError | None:
    try:
        stream.flush()
    except OSError as problem:
        return problem
    return None


def _written(option: str, path: str, source: IO[bytes], report: Report) -> Report:
    from crawler.output.atomic_file import replace_file

    try:
        replace_file(path, source)
    except IsADirectoryError:  # it was none when the run began
        reason = "the listing has a directory of that path: name another file"
        return report.warned(f"{option} {path}: {reason}", ExitCode.ERROR)
    except OSError as problem:
        return report.warned(f"{option} {path}: {problem.strerror}", ExitCode.ERROR)
    return report
