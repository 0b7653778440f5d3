"""The modes of the command line besides mirroring one URL. Each function prints its result and returns an exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.invocation import Invocation
from crawler.cli.printing import describe, print_error, print_line, print_result
from crawler.cli.runner import (
    display_closed_on_signal,
    is_interactive,
    print_report,
    run_async,
    run_observed,
    run_query,
)
from crawler.model.errors import ConfigError, CrawlerError, DestinationError
from crawler.model.exit_codes import ExitCode, is_trouble, worst
from crawler.pipeline.stop import Stop
from crawler.text.arguments import named_url, start_directory
from crawler.text.escape import masked, printable

if TYPE_CHECKING:
    from crawler.app.api import RunContext
    from crawler.cli.mirrors_file import Mirror
    from crawler.model.config import Config
    from crawler.model.observer import Observer
    from crawler.model.report import Report
    from crawler.output.files import Outputs
    from crawler.output.log import LogObserver
    from crawler.output.progress.display import SilentDisplay
    from crawler.storage.directory.boundaries.spared import OwnFile

RUNS_SHOWN = 20
"""Number of runs that --history prints without -v."""


def run_list(call: Invocation) -> int:
    """Print the entries of one listing."""
    from crawler.app import browse
    from crawler.output.format import render_entries
    from crawler.pipeline.rules import unusable_rows as unusable

    listing, problem = run_query(browse.read_listing(call.positional[0], call.config))
    text = render_entries(listing.entries, call.config.format)
    delivered = print_result(text) if text else 0
    if call.verbosity:
        print_line(f"{listing.family}, confidence {listing.confidence:.2f}, {len(listing.entries)} entries")
        for flaw in listing.flaws:
            print_line(f"the listing cannot prove what is absent: {masked(str(flaw))}")
        for rejection in listing.rejections if call.verbosity > 1 else ():
            print_line(f"not an entry ({rejection.reason}): {masked(rejection.subject)}")
    if problem:
        return print_error(f"{call.positional[0]}: {problem}", ExitCode.INCOMPLETE)
    lost = unusable.lost(listing)
    if lost:
        return print_error(f"some rows are not entries (-vv shows why): {', '.join(lost)}", ExitCode.INCOMPLETE)
    return delivered


def run_history(call: Invocation) -> int:
    """Print the last runs; with -v all recorded runs."""
    from crawler.app.history import read_history
    from crawler.output.history import render_history

    limit = 1_000_000 if call.verbosity else RUNS_SHOWN
    runs = run_query(read_history(start_directory(call.positional[0]), call.config, limit))
    if call.config.report is not None:
        _write_page(call.config.report, call)
    unicode = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    return print_result(render_history(runs, None, unicode=unicode) if runs else "no runs recorded")


def _write_page(target: str, call: Invocation) -> None:
    """Write the page of --report without a run. Raises ConfigError, DestinationError."""
    from crawler.output.atomic_file import check_target
    from crawler.output.html_report import check_installed, write_page

    check_target("--report", target)
    check_installed()
    try:
        run_query(write_page(target, call.positional[0], call.config))
    except OSError as problem:
        raise DestinationError(f"--report {target}: {problem.strerror}") from None


def run_verify(call: Invocation) -> int:
    """Verify DIR. Prints nothing if there are no problems and the program does not run interactively."""
    from crawler.app import maintenance

    directory = start_directory(call.positional[0])

    async def work(stop: Stop, observers: Sequence[Observer]) -> tuple[Report, CrawlerError | None]:
        return await maintenance.run_verify(directory, call.config, observers, stop, repair=call.repair)

    return run_observed(call, work, _print_verification)


def _print_verification(report: Report, call: Invocation, _config: Config) -> int:
    from crawler.output.summary import render_verification

    is_bad = is_trouble(report.exit_code)
    if is_bad or report.warnings or call.verbosity or is_interactive(call.quiet):
        print_line(render_verification(report), sys.stderr if is_bad else sys.stdout)
    return report.exit_code


def run_explain(call: Invocation) -> int:
    """Print how the decision about an entry is made. Returns INCOMPLETE if the entry is not listed."""
    from crawler.app import maintenance
    from crawler.output.format import render_facts

    url, directory = call.positional[0], start_directory(call.positional[1])
    facts, is_listed = run_query(maintenance.explain(call.explain or "", url, directory, call.config))
    delivered = print_result(render_facts(facts))
    return delivered if is_listed else ExitCode.INCOMPLETE


def run_config(call: Invocation) -> int:
    """Run the mirrors of a TOML file, ``jobs`` at once, and print a summary for each."""
    import tomllib

    from crawler.cli.mirrors_file import check_distinct_paths, parse_mirrors, select, shared_option
    from crawler.output.log import configure, log_retry
    from crawler.output.progress import choose_display
    from crawler.pipeline.attempts import announce_to
    from crawler.storage.directory.boundaries.spared import OwnFile, own_files, place, redirected

    name = call.config_file or ""
    try:
        data = tomllib.loads(Path(name).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"--config {name}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config {name}: {error}") from None
    mirrors = parse_mirrors(data, call.given, name)
    chosen = select(mirrors, call.only, name)
    check_distinct_paths(mirrors.mirrors, place, name)
    mode, log_file, log_format = (shared_option(chosen, key, name) for key in ("progress", "log_file", "log_format"))
    with choose_display("none" if call.quiet else mode, sys.stderr) as display, display_closed_on_signal(display):
        log = configure(call.verbosity, call.quiet, log_file, log_format, display.write)
        announce_to(log_retry, display.retrying)
        own = [
            OwnFile("--config", Path(name)),
            *redirected(),
            *(file for mirror in chosen for file in own_files(mirror.config)),
        ]
        outcomes = run_async(lambda stop: _run_mirrors(chosen, mirrors.jobs, stop, log, display, own))
    codes = []
    for mirror, outcome in zip(chosen, outcomes, strict=True):
        report = _report_of(mirror, outcome, call) if isinstance(outcome, Exception) else outcome
        is_bad = is_trouble(report.exit_code)
        if is_bad or report.warnings or call.verbosity or is_interactive(call.quiet):
            print_line(f"--- {printable(mirror.name)}", sys.stderr if is_bad else sys.stdout)
        codes.append(print_report(report, call, mirror.config))
    return worst(codes)


def _report_of(mirror: Mirror, error: Exception, call: Invocation) -> Report:
    """The report of a mirror whose run ended with ``error`` instead of a report."""
    from crawler.model.report import Report

    report = Report(url=masked(mirror.url), directory=mirror.directory, interrupted="an error")
    return report.warned(*describe(error, verbose=call.verbosity > 0))


async def _run_mirrors(
    mirrors: Sequence[Mirror],
    jobs: int,
    stop: Stop,
    log: LogObserver,
    display: SilentDisplay,
    own: Sequence[OwnFile] = (),
) -> list[Report | Exception]:
    """Run ``mirrors``, at most ``jobs`` at once. They never touch the files in ``own`` and share the limits per host.

    A mirror inside the directory of another one starts after that one has ended, because only then it is known which
    of the two owns a file. If an error ends a mirror, it replaces that mirror's report and the others continue. Raises
    ConfigError before the first mirror starts.
    """
    from crawler.app import api as app
    from crawler.app.resources import shared_gate
    from crawler.cli.mirrors_file import enclosing
    from crawler.output.progress.mirrors import MirrorObserver, mirror_observers

    places = asyncio.Semaphore(jobs)
    around, ended = enclosing(mirrors), {mirror.name: asyncio.Event() for mirror in mirrors}
    gate = shared_gate([mirror.config for mirror in mirrors])

    async def one(mirror: Mirror, share: MirrorObserver, outputs: Outputs) -> Report | Exception:
        for outer in around[mirror.name]:
            await ended[outer].wait()
        async with places:
            context = app.RunContext(observers=(share, log, outputs), stop=stop.child(), gate=gate, own_files=own)
            try:
                return await _run_mirror(mirror, context, stop, log, outputs)
            except Exception as error:  # noqa: BLE001 - it must not end the other mirrors
                return error
            finally:
                ended[mirror.name].set()
                share.ended()

    parts = zip(
        mirrors, mirror_observers(display, [mirror.name for mirror in mirrors]), map(_outputs, mirrors), strict=True
    )
    return await asyncio.gather(*[one(*part) for part in list(parts)])


async def _run_mirror(mirror: Mirror, context: RunContext, stop: Stop, log: LogObserver, outputs: Outputs) -> Report:
    """Run one mirror and write its output files."""
    from crawler.app import api as app

    with outputs:
        log.run_started(named_url(mirror.url), mirror.directory)
        report, _ = await app.run_mirror(mirror.url, mirror.directory, mirror.config, context)
        report = await outputs.finish(report, stop.afterwards())
        log.run_ended(report)
        return report


def _outputs(mirror: Mirror) -> Outputs:
    """The output files of ``mirror``. Raises ConfigError with the name of the mirror."""
    from crawler.output.files import Outputs

    try:
        return Outputs(mirror.config)
    except ConfigError as error:
        raise ConfigError(f"mirror {mirror.name}: {error}") from None
