"""Runs what the command line asks for, with event loop, signals, display, log, and the summary at the end."""

from __future__ import annotations

import asyncio
import mmap
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, cast

from crawler.cli import signals
from crawler.cli.invocation import Invocation
from crawler.cli.printing import print_error, print_line, print_lines
from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError, Problems
from crawler.model.exit_codes import is_trouble, worst
from crawler.model.observer import Observer
from crawler.pipeline.stop import Stop
from crawler.text.arguments import is_object_url, named_url, start_directory, start_url
from crawler.workers.event_loop import loop_factory

if TYPE_CHECKING:
    from crawler.model.report import Report
    from crawler.output.progress.silent import SilentDisplay
    from crawler.storage.directory.boundaries.spared import OwnFile
    from crawler.workers.child_process import WorkerProcesses

T = TypeVar("T")
_DESCRIPTORS = 10
"""Number of files that must be free to be opened before the event loop is; each run needs more."""
_ROOM = 48 * limits.MIB
"""Bytes of address space that must be free before the event loop is: for the stacks of five threads, and more."""
Work = Callable[[Stop, Sequence[Observer]], Awaitable[tuple["Report", CrawlerError | None]]]


PrintReport = Callable[["Report", Invocation, Config], int]
"""Prints a report and returns the exit code."""


def run_async(work: Callable[[Stop], Awaitable[T]], *, is_light: bool = False) -> T:
    """Run ``work`` on a new event loop, see ``loop_factory``. The first signal requests its stop."""

    async def watched() -> T:
        stop, loop = Stop(), asyncio.get_running_loop()
        signals.set_stop_request(lambda name: loop.call_soon_threadsafe(stop.request, name))
        try:
            return await work(stop)
        finally:
            signals.set_stop_request(None)

    _require_descriptors()
    _require_address_space()
    with asyncio.Runner(loop_factory=loop_factory(is_light=is_light)) as runner:
        return runner.run(watched())


def _require_descriptors() -> None:
    """Raise OSError if not even the event loop could be opened: uvloop would abort the process."""
    held = list[int]()
    try:
        for _ in range(_DESCRIPTORS):
            held.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in held:
            os.close(descriptor)


def _require_address_space() -> None:
    """Raise OSError if the threads of a run have no room: Python waits for ever for one that starts without memory."""
    if sys.platform != "win32":
        mmap.mmap(-1, _ROOM, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()


def run_query(work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which changes nothing. Raises QueryInterrupted if a signal arrives first."""

    async def guarded(stop: Stop) -> T:
        found = await stop.guard(work)
        if stop.reason is not None:
            raise signals.QueryInterrupted(stop.reason)
        return cast("T", found)

    return run_async(guarded, is_light=True)


def is_interactive(quiet: bool) -> bool:
    """Whether to print the summary of a run without problems: on a terminal, but not under cron."""
    return not quiet and (sys.stdout.isatty() or sys.stderr.isatty())


def summary_stream(report: Report, call: Invocation) -> TextIO | None:
    """Where the summary of a run goes: standard error if there are problems, also with -q; None for nowhere.

    A run without problems has one, on standard output, only if it is interactive or verbose.
    """
    if is_trouble(report.exit_code) or report.warnings:
        return sys.stderr
    return sys.stdout if call.verbosity or is_interactive(call.quiet) else None


def print_report(report: Report, call: Invocation, config: Config) -> int:
    """Print the summary, if ``summary_stream`` tells where.

    For a dry run, print the plan on standard output, and the summary only if there are problems. The name of a mirror
    of a file comes first. Returns the exit code of the run, or that of printing the plan if it is worse.
    """
    delivered, stream = 0, summary_stream(report, call)
    if report.plan is not None:
        from crawler.output.format import plan_lines

        has_failures = bool(report.failed or report.listings_failed)
        lines = plan_lines(report.plan, report.free, config.format, name=call.name, has_failures=has_failures)
        delivered = print_lines(lines)
        stream = sys.stderr if is_trouble(report.exit_code) or report.warnings else None
    if stream is not None:
        if call.name:
            from crawler.output.format import heading

            print_line(heading(call.name), stream)
        from crawler.output.summary import render_summary  # not imported under cron if all is well

        print_line(render_summary(report, verbose=call.verbosity > 0, say=call.say), stream)
    return worst([report.exit_code, delivered])


def ended_early(report: Report, error: Exception | None) -> bool:
    """Whether to print only what ended a run, without a summary: nothing was listed, or an option is wrong."""
    return error is not None and (not report.listed or isinstance(error, ConfigError))


def run_one(call: Invocation) -> int:
    """Mirror one URL, or save the URLs of --input-file. Returns the exit code."""
    directory = call.positional[-1]

    async def work(stop: Stop, observers: Sequence[Observer]) -> tuple[Report, CrawlerError | None]:
        from crawler.app import api as app

        context = app.RunContext(
            observers=observers, stop=stop, processes=started, own_files=_own_files(call), early=call.early
        )
        if call.input_file is None:
            return await app.run_mirror(call.positional[0], directory, call.config, context)
        return await app.run_download(items, directory, call.config, context)

    items, starts = [], list[str]()
    if call.input_file is None:
        starts = [start_url(call.positional[0], directory)]
    else:
        from crawler.cli.input_file import read_items

        if not is_object_url(directory):
            start_directory(directory)  # a wrong DIR is said before a list is read that may be typed
        items = read_items(call.input_file)
        starts = [item.url for item in items]
    with _worker_processes(call.config) as started:
        _refuse_mistakes(starts, directory, call)
        light = call.input_file is None and is_light(starts[0], directory, call.config)
        return run_observed(call, work, print_report, is_light=light)


def is_light(url: str, directory: str, config: Config) -> bool:
    """Whether the run mirrors by http, and long bodies do not pass through the event loop: see ``loop_factory``.

    Processes, and the commands of options, are left to uvloop.
    """
    starts_processes = config.processes != 1 or config.cluster or config.on_change or config.on_end or config.on_failure
    in_pieces = config.segments > 1 or is_object_url(directory)
    return not (starts_processes or in_pieces) and url.lower().startswith("http://")


def _refuse_mistakes(starts: Sequence[str], directory: str, call: Invocation) -> None:
    """Raise ConfigError with all that is known to be wrong with a run before it begins."""
    from crawler.app.checks.options import run_checks

    _raise_all(run_checks(starts, directory, call.config, _input_files(call)), directory, call.config)


def refuse_outputs(directory: str, config: Config) -> None:
    """Raise ConfigError for the output files of ``config`` that cannot be written, or must not be."""
    from crawler.app.checks.outputs import distinct_outputs
    from crawler.output.files import output_checks

    _raise_all(chain(output_checks(config), distinct_outputs(directory, config)), directory, config)


def _raise_all(checks: Iterable[Callable[[], object]], directory: str, config: Config) -> None:
    """Raise ConfigError for all ``checks`` that fail and, if none does, for outputs that would replace saved files."""
    problems = Problems()
    problems.run(checks)
    from crawler.storage.directory.boundaries.spared import own_files

    written = [file for file in own_files(config) if not file.is_read]
    if written and not problems.messages:
        from crawler.app.checks.earlier_runs import recorded_outputs

        problems.add(run_query(recorded_outputs(written, directory, config)))
    problems.raise_any()


def _own_files(call: Invocation) -> tuple[OwnFile, ...]:
    """Files that this invocation reads and writes, besides those named by options."""
    from crawler.storage.directory.boundaries.spared import redirected

    return (*_input_files(call), *redirected())


def _input_files(call: Invocation) -> tuple[OwnFile, ...]:
    """Files that this invocation reads, besides those named by the options of a mirror."""
    from crawler.storage.directory.boundaries.spared import OwnFile

    named = [name for name in (call.input_file,) if name is not None and name != "-"]
    return tuple(OwnFile("--input-file", Path(name), is_read=True) for name in named)


def _worker_processes(config: Config) -> AbstractContextManager[WorkerProcesses | None]:
    """The workers on this machine, started before this process has imported all of its own modules."""
    if (config.processes == 1 and config.cluster is None) or config.dry_run:
        return nullcontext()
    from crawler.workers.child_process import start_workers

    return start_workers(config)


@contextmanager
def display_closed_on_signal(display: SilentDisplay) -> Iterator[None]:
    """Close the display before a signal ends the process."""
    signals.set_cleanup(lambda: display.__exit__(None, None, None))
    try:
        yield
    finally:
        signals.set_cleanup(None)


def run_observed(call: Invocation, work: Work, show: PrintReport, *, is_light: bool = False) -> int:
    """Run ``work`` with display, log and output files, then ``show`` its report. Returns the exit code."""
    from crawler.output.files import Outputs
    from crawler.output.log import configure, log_retry
    from crawler.output.progress import choose_display
    from crawler.pipeline.attempts import announce_to

    config = call.config
    mode = "none" if call.quiet else config.progress
    kind, directory = "verify" if call.verify else "run", _made(call)
    with (
        Outputs(config, call.name, kind, directory) as outputs,
        choose_display(mode, sys.stderr) as display,
        display_closed_on_signal(display),
    ):
        if config.log_file is not None:
            from crawler.output.atomic_file import create_place

            create_place(config.log_file, [directory] if directory else [])
        log = configure(call.verbosity, call.quiet, config.log_file, config.log_format, display.write, call.say)
        announce_to(log_retry, display.retrying)
        texts: list[str] = []

        async def logged(stop: Stop) -> Report:
            nonlocal texts
            log.run_started(*_subject(call))
            before, error = await work(stop, [display, log, outputs])
            display.finishing()
            report = _worded(await outputs.finish(_worded(before, call), stop.afterwards()), call)
            log.run_ended(report)
            if ended_early(report, error):
                texts = [call.say(str(error)), *report.warnings[len(before.warnings) :]]
            return report

        report = run_async(logged, is_light=is_light)
    for text in texts:
        print_error(text, report.exit_code)
    return report.exit_code if texts else show(report, call, config)


def _made(call: Invocation) -> str:
    """The directory that the run of ``call`` creates if it does not exist; "" if it creates none."""
    if call.verify or call.config.dry_run or is_object_url(call.positional[-1]):
        return ""
    return str(start_directory(call.positional[-1]))


def _worded(report: Report, call: Invocation) -> Report:
    """``report`` with its texts in the notation of ``call``."""
    if call.say is str:
        return report
    from crawler.app.keywords import worded

    return worded(report, call.say)


def _subject(call: Invocation) -> tuple[str, str]:
    """(URL or list, DIR) for the log. Raises ConfigError if the URL is invalid."""
    *url, directory = call.positional
    return call.input_file or (named_url(url[0], directory) if url else directory), directory
