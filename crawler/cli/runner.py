"""What the command line does once it is understood: run, watch for signals, print."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from crawler.cli import signals
from crawler.cli.printing import deliver, say
from crawler.http.tls import certificates_aside
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError
from crawler.model.exit_codes import is_trouble
from crawler.model.observer import Observer
from crawler.pipeline.stop import Stop
from crawler.text.urls import named_url
from crawler.workers.event_loop import loop_factory

if TYPE_CHECKING:
    from crawler.model.report import Report
    from crawler.output.progress.display import Silence
    from crawler.storage.directory.boundaries.spared import OwnFile
    from crawler.workers.child_process import WorkerProcesses

T = TypeVar("T")
Work = Callable[[Stop, Sequence[Observer]], Awaitable[tuple["Report", CrawlerError | None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What one invocation asks for."""

    config: Config
    positional: tuple[str, ...]
    input_file: str | None
    list_only: bool
    history: bool
    verify: bool
    repair: bool
    explain: str | None
    config_file: str | None
    only: tuple[str, ...]
    verbosity: int
    quiet: bool
    given: dict[str, object]
    """The options as given, which override those of a config file."""


_BLANKS = " \t\r"
"""What may stand around the parts of a line of --input-file."""
Show = Callable[["Report", Call, Config], int]
"""Prints a report, and returns the exit code."""


def run_async(work: Callable[[Stop], Awaitable[T]]) -> T:
    """Run ``work`` on a new event loop. The first signal asks it to stop."""

    async def watched() -> T:
        stop, loop = Stop(), asyncio.get_running_loop()
        signals.ask = lambda name: loop.call_soon_threadsafe(stop.request, name)
        try:
            return await work(stop)
        finally:
            signals.ask = None

    with certificates_aside():
        import crawler.http.client  # noqa: F401  for what it imports
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(watched())


class Stopped(Exception):
    """A signal ended what has no account to close. ``code`` is the exit code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.code = signals.exit_code(reason)


def answer(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` finds out, which changes nothing. Raises Stopped."""

    async def guarded(stop: Stop) -> T:
        found = await stop.guard(work)
        if stop.reason is not None:
            raise Stopped(stop.reason)
        return cast("T", found)

    return run_async(guarded)


def read_items(name: str) -> list[tuple[str, str]]:
    """(URL, path or "") from each line of a list: ``URL[TAB path]``; empty lines and lines with # are passed over.

    Bytes that are not UTF-8 come through. A line ends with a line feed, and nothing else: names may hold what Unicode
    calls the end of a line. Raises ConfigError.
    """
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"--input-file {name}: {error.strerror}") from None
    items = []
    for line in content.decode("utf-8-sig", "surrogateescape").split("\n"):
        url, _, path = line.strip(_BLANKS).partition("\t")
        if url and not url.startswith("#"):
            items.append((url.strip(_BLANKS), path.strip(_BLANKS)))
    return items


def is_watched(quiet: bool) -> bool:
    """True if a person looks on: then a good run says what it did. Under cron only problems are printed."""
    return not quiet and (sys.stdout.isatty() or sys.stderr.isatty())


def print_report(report: Report, call: Call, config: Config) -> int:
    """The summary: on standard output for a good run that is watched or verbose, on standard error for a bad one.

    Of a dry run the plan, on standard output; then the summary only if something is wrong. Returns the exit code: that
    of the run, or of a plan that could not be printed.
    """
    from crawler.output.summary import render_summary

    summary = render_summary(report, verbose=call.verbosity > 0)
    if report.plan is not None:
        from crawler.output.format import render_plan

        delivered = deliver(render_plan(report.plan, report.free, config.format))
        if is_trouble(report.exit_code) or report.warnings:
            say(summary)
        return report.exit_code or delivered
    is_bad = is_trouble(report.exit_code)
    if is_bad or report.warnings or call.verbosity or is_watched(call.quiet):
        say(summary, sys.stderr if is_bad else sys.stdout)
    return report.exit_code


def run_one(call: Call) -> int:
    """Mirror one URL, or save the URLs of a list."""
    directory = call.positional[-1]

    async def work(stop: Stop, observers: Sequence[Observer]) -> tuple[Report, CrawlerError | None]:
        from crawler.app import api as app

        given = app.Surroundings(observers=observers, stop=stop, company=started, own=_own(call))
        if call.input_file is None:
            return await app.run_mirror(call.positional[0], directory, call.config, given)
        return await app.run_download(items, directory, call.config, given)

    items = read_items(call.input_file) if call.input_file is not None else []
    with _company(call.config) as started:
        return watched_run(call, work, print_report)


def _own(call: Call) -> tuple[OwnFile, ...]:
    """What this call reads and writes beside the files that options name."""
    from crawler.storage.directory.boundaries.spared import OwnFile, redirected

    named = [name for name in (call.input_file,) if name is not None and name != "-"]
    return (*(OwnFile("--input-file", Path(name)) for name in named), *redirected())


def _company(config: Config) -> AbstractContextManager[WorkerProcesses | None]:
    """The processes of --processes, started before this one has read all of its own modules."""
    if config.processes == 1 or config.dry_run:
        return nullcontext()
    from crawler.workers.child_process import start_workers

    return start_workers(config.processes, config.workers)


@contextmanager
def in_order(display: Silence) -> Iterator[None]:
    """A signal that ends the process in here ends the display first."""
    signals.last_words = lambda: display.__exit__(None, None, None)
    try:
        yield
    finally:
        signals.last_words = None


def watched_run(call: Call, work: Work, show: Show) -> int:
    """Run ``work`` with a display, the log and the machine outputs; ``show`` the report; the exit code."""
    from crawler.output.files import Outputs
    from crawler.output.log import configure, retried
    from crawler.output.progress import choose
    from crawler.pipeline.attempts import announce_to

    config = call.config
    mode = "none" if call.quiet else config.progress
    with Outputs(config) as outputs, choose(mode, sys.stderr) as display, in_order(display):
        log = configure(call.verbosity, call.quiet, config.log_file, config.log_format, display.write)
        announce_to(retried, display.retrying)

        async def logged(stop: Stop) -> tuple[Report, CrawlerError | None]:
            log.run_started(*_subject(call))
            report, error = await work(stop, [display, log, outputs])
            report = await outputs.finish(report, stop.afterwards())
            log.run_ended(report)
            return report, error

        report, error = run_async(logged)
    if error is not None and not report.listed:
        raise error  # nothing was done that a summary could tell
    return show(report, call, config)


def _subject(call: Call) -> tuple[str, str]:
    """(URL or list, DIR) for the log. Raises ConfigError."""
    *url, directory = call.positional
    return call.input_file or (named_url(url[0]) if url else directory), directory
