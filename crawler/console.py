"""What the command line does once it is understood: run, watch for signals, print."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crawler.config import Config
from crawler.errors import ConfigError, CrawlerError
from crawler.escape import masked, printable
from crawler.observer import Observer
from crawler.stop import Stop
from crawler.tls import certificates_aside

if TYPE_CHECKING:
    from crawler.log import LogObserver
    from crawler.mirrors import Mirror
    from crawler.progress.display import Silence
    from crawler.report import Report
    from crawler.spawn import Company

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


Show = Callable[["Report", Call, Config], None]
_SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's; None where it is not: asyncio's own loop does the same, slower."""
    try:
        import uvloop
    except ImportError:  # not on every platform
        return None
    return uvloop.new_event_loop


def run_async(work: Callable[[Stop], Awaitable[T]], at_once: Callable[[], None] = lambda: None) -> T:
    """Run ``work`` on a new event loop. The first SIGINT or SIGTERM asks it to stop, the second ends the process.

    ``at_once`` is called before the latter, to leave the terminal in order.
    """

    async def guarded() -> T:
        stop = Stop()
        with _signals(stop, at_once):
            return await work(stop)

    with certificates_aside():
        import crawler.client  # noqa: F401  for what it imports
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(guarded())


@contextmanager
def _signals(stop: Stop, at_once: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals, code: int) -> None:
        if stop.reason is not None:
            at_once()
            os._exit(code)
        stop.request(number.name)

    for number, code in _SIGNALS.items():
        with suppress(NotImplementedError, RuntimeError):  # Windows, or not the main thread
            loop.add_signal_handler(number, on_signal, number, code)
    try:
        yield
    finally:
        for number in _SIGNALS:
            with suppress(NotImplementedError, RuntimeError):
                loop.remove_signal_handler(number)


def read_items(name: str) -> list[tuple[str, str]]:
    """(URL, path or "") from each line of a list: ``URL[TAB path]``; empty lines and lines with # are passed over."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigError(f"--input-file {name}: {error.strerror}") from None
    items = []
    for line in text.splitlines():
        url, _, path = line.strip().partition("\t")
        if url and not url.startswith("#"):
            items.append((url.strip(), path.strip()))
    return items


def is_watched(quiet: bool) -> bool:
    """True if a person looks on: then a good run says what it did. Under cron only problems are printed."""
    return not quiet and (sys.stdout.isatty() or sys.stderr.isatty())


def print_report(report: Report, call: Call, config: Config) -> None:
    """The summary: on standard output for a good run that is watched or verbose, on standard error for a bad one.

    Of a dry run the plan, on standard output; then the summary only if something is wrong.
    """
    from crawler.report import render_summary

    if report.plan is not None:
        from crawler.render import render_plan

        print(render_plan(report.plan, report.free, config.format))  # noqa: T201
        if report.exit_code or report.warnings:
            print(render_summary(report, verbose=call.verbosity > 0), file=sys.stderr)  # noqa: T201
        return
    if report.exit_code == 0 and not report.warnings and not call.verbosity and not is_watched(call.quiet):
        return
    stream = sys.stdout if report.exit_code == 0 else sys.stderr
    with suppress(OSError, ValueError):
        print(render_summary(report, verbose=call.verbosity > 0), file=stream)


def run_one(call: Call) -> int:
    """Mirror one URL, or save the URLs of a list."""
    directory = call.positional[-1]

    async def work(stop: Stop, observers: Sequence[Observer]) -> tuple[Report, CrawlerError | None]:
        from crawler import app

        given = app.Surroundings(observers=observers, stop=stop, company=started)
        if call.input_file is None:
            return await app.run_mirror(call.positional[0], directory, call.config, given)
        return await app.run_download(items, directory, call.config, given)

    items = read_items(call.input_file) if call.input_file is not None else []
    with _company(call.config) as started:
        return watched_run(call, work, print_report)


def _company(config: Config) -> AbstractContextManager[Company | None]:
    """The processes of --processes, started before this one has read all of its own modules."""
    if config.processes == 1 or config.dry_run:
        return nullcontext()
    from crawler.spawn import company

    return company(config.processes, config.workers)


def watched_run(call: Call, work: Work, show: Show) -> int:
    """Run ``work`` with a display, the log and the machine outputs; ``show`` the report; the exit code."""
    from crawler.attempts import announce_to
    from crawler.log import configure, retried
    from crawler.outputs import Outputs
    from crawler.progress import choose

    config = call.config
    mode = "none" if call.quiet else config.progress
    with Outputs(config) as outputs, choose(mode, sys.stderr) as display:
        log = configure(call.verbosity, call.quiet, config.log_file, config.log_format, display.write)
        announce_to(retried, display.retrying)

        async def logged(stop: Stop) -> tuple[Report, CrawlerError | None]:
            log.run_started(*_subject(call))
            report, error = await work(stop, [display, log, outputs])
            report = await outputs.finish(report)
            log.run_ended(report)
            return report, error

        report, error = run_async(logged, lambda: display.__exit__(None, None, None))
    if error is not None and not report.listed:
        raise error  # nothing was done that a summary could tell
    show(report, call, config)
    return report.exit_code


def _subject(call: Call) -> tuple[str, str]:
    """(URL or list, DIR) for the log."""
    return call.input_file or call.positional[0], call.positional[-1]


def run_list(call: Call) -> int:
    """Print the entries of one listing."""
    from crawler import browse
    from crawler.render import render_entries

    listing = run_async(lambda _stop: browse.read_listing(call.positional[0], call.config))
    text = render_entries(listing.entries, call.config.format)
    if text:
        print(text)  # noqa: T201
    if call.verbosity:
        print(f"{listing.family}, confidence {listing.confidence:.2f}, {len(listing.entries)} entries", file=sys.stderr)  # noqa: T201
        for rejection in listing.rejections if call.verbosity > 1 else ():
            print(f"not an entry ({rejection.reason}): {masked(rejection.subject)}", file=sys.stderr)  # noqa: T201
    if not listing.complete:
        print("crawler: the listing could not be read to its end", file=sys.stderr)  # noqa: T201
    return 0 if listing.complete else 5


def run_config(call: Call) -> int:
    """Run the mirrors of a TOML file, ``jobs`` at once, and print one summary each."""
    import tomllib

    from crawler.attempts import announce_to
    from crawler.log import configure, retried
    from crawler.mirrors import parse_mirrors, select, shared
    from crawler.progress import choose
    from crawler.report import worst

    name = call.config_file or ""
    try:
        data = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {name}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config {name}: {error}") from None
    mirrors = parse_mirrors(data, call.given, name)
    chosen = select(mirrors, call.only, name)
    mode, log_file, log_format = (shared(chosen, key, name) for key in ("progress", "log_file", "log_format"))
    with choose("none" if call.quiet else mode, sys.stderr) as display:
        log = configure(call.verbosity, call.quiet, log_file, log_format, display.write)
        announce_to(retried, display.retrying)
        reports = run_async(
            lambda stop: _run_mirrors(chosen, mirrors.jobs, stop, log, display),
            lambda: display.__exit__(None, None, None),
        )
    for mirror, report in zip(chosen, reports, strict=True):
        if report.exit_code or call.verbosity or is_watched(call.quiet):
            print(f"--- {printable(mirror.name)}", file=sys.stderr if report.exit_code else sys.stdout)
        print_report(report, call, mirror.config)
    return worst(report.exit_code for report in reports)


async def _run_mirrors(
    mirrors: Sequence[Mirror], jobs: int, stop: Stop, log: LogObserver, display: Silence
) -> list[Report]:
    """At most ``jobs`` at once. One bound for each host holds over all of them: they share a gate."""
    from crawler import app
    from crawler.outputs import Outputs
    from crawler.progress.shares import Share, divide

    places = asyncio.Semaphore(jobs)
    gate = app.shared_gate([mirror.config for mirror in mirrors])

    async def one(mirror: Mirror, share: Share) -> Report:
        async with places:
            with Outputs(mirror.config) as outputs:
                log.run_started(mirror.url, mirror.directory)
                given = app.Surroundings(observers=(share, log, outputs), stop=stop.child(), gate=gate)
                report, _ = await app.run_mirror(mirror.url, mirror.directory, mirror.config, given)
                share.ended()
                report = await outputs.finish(report)
                log.run_ended(report)
                return report

    shares = divide(display, [mirror.name for mirror in mirrors])
    return await asyncio.gather(*(one(mirror, share) for mirror, share in zip(mirrors, shares, strict=True)))
