"""Runs the commands of --on-failure and --on-end once a run has ended and its files are written."""

from __future__ import annotations

import os
import time
from collections.abc import Coroutine, Mapping
from typing import IO, Any, Protocol, Self, TypeVar

from crawler.model.config import Config
from crawler.model.exit_codes import SIGNALS, ExitCode
from crawler.model.report import Report
from crawler.model.struct import Value
from crawler.output.commands.memory import Memory
from crawler.output.commands.notices import Failure, Notice, Trouble, decide, failure_of, untold
from crawler.output.commands.process import run_command
from crawler.output.json_report import iso_time, render_json_summary
from crawler.text.escape import printable

T = TypeVar("T")


class Stoppable(Protocol):
    """The part of ``pipeline.stop.Stop`` that is used here."""

    reason: str | None

    async def guard(self, work: Coroutine[Any, Any, T]) -> T | None: ...

    def afterwards(self) -> Self: ...


class Subject(Value, frozen=True, kw_only=True):
    """The run about which the commands are told."""

    name: str
    """Name of the mirror: as in the configuration file, or the last part of DIR."""
    directory: str
    """DIR, or the path of the configuration file if no mirror could be run."""
    kind: str = "run"
    """``run`` or ``verify``. Earlier failures are remembered separately for the two."""


async def run_commands(config: Config, report: Report, subject: Subject, stop: Stoppable) -> Report:
    """Run --on-failure, if the run failed and that is due, and --on-end. Returns the report with their problems.

    ``stop`` ends the command that is running; the next one starts nevertheless, because it is told how the run ended.
    """
    if (config.on_failure is None and config.on_end is None) or config.dry_run:
        return report
    now = time.time()
    memory = Memory(subject.directory)
    troubles = memory.load()
    failure = failure_of(report)
    notice, after = decide(troubles.pop(subject.kind, None), failure, now)
    if failure is not None and after is not None:
        report, after = await _tell(config.on_failure, report, (subject, notice, now), (failure, after), stop)
        troubles[subject.kind] = after
    if config.on_end is not None:
        content = _summary(report, subject, notice, now)
        report = await run_with("--on-end", config.on_end, content, environment(report, subject, notice), report, stop)
    memory.save(troubles)
    return report


async def _tell(
    command: str | None,
    report: Report,
    facts: tuple[Subject, Notice, float],
    state: tuple[Failure, Trouble],
    stop: Stoppable,
) -> tuple[Report, Trouble]:
    """Run --on-failure if the notice is due. Returns the report, and the trouble to remember."""
    (subject, notice, now), (failure, after) = facts, state
    if not notice.is_due:
        return report, after
    if command is None:
        return report, untold(after, failure)
    content = _summary(report, subject, notice, now)
    told = await run_with("--on-failure", command, content, environment(report, subject, notice), report, stop)
    return told, after if told is report else untold(after, failure)


def environment(report: Report, subject: Subject, notice: Notice | None = None) -> dict[str, str]:
    """The environment variables for a command."""
    variables = {
        "CRAWLER_MIRROR": printable(subject.name),
        "CRAWLER_EXIT_CODE": str(report.exit_code),
        "CRAWLER_KIND": subject.kind,
    }
    return variables if notice is None else variables | {"CRAWLER_STATUS": notice.status}


async def run_with(
    option: str, command: str, content: bytes | IO[bytes], variables: Mapping[str, str], report: Report, stop: Stoppable
) -> Report:
    """Run ``command`` with ``content`` as its standard input; a problem becomes a warning in the report."""
    stop = stop.afterwards()
    try:
        with _as_file(content) as stdin:
            failure = await stop.guard(run_command(command, stdin, variables))
    except OSError as problem:
        failure = f"could not be run: {problem.strerror}: {command}"
    if stop.reason is not None:
        failure = f"was ended by {stop.reason}: {command}"
    if failure is None:
        return report
    return report.warned(f"{option} {failure}", SIGNALS.get(stop.reason or "", ExitCode.ERROR))


def _as_file(content: bytes | IO[bytes]) -> IO[bytes]:
    """A file with ``content``, positioned at its start; in memory if possible, because the disk may be full."""
    if not isinstance(content, bytes):
        return content
    if hasattr(os, "memfd_create"):
        stream: IO[bytes] = os.fdopen(os.memfd_create("summary"), "w+b")
    else:
        import tempfile

        stream = tempfile.TemporaryFile(prefix="crawler-")  # noqa: SIM115 - the caller closes it
    stream.write(content)
    stream.flush()
    os.lseek(
        stream.fileno(), 0, os.SEEK_SET
    )  # seek() may move only within Python's buffer, which the child process does not share
    return stream


def _summary(report: Report, subject: Subject, notice: Notice, ended: float) -> bytes:
    since = None if notice.since is None else iso_time(notice.since)
    more = {"status": notice.status, "failing_since": since, "failed_runs": notice.runs}
    return render_json_summary(report, ended, name=subject.name, more=more).encode()
