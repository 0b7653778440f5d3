"""The modes of the command line besides mirroring one URL. Each function prints its result and returns an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.invocation import Invocation
from crawler.cli.printing import print_error, print_line, print_result
from crawler.cli.runner import refuse_outputs, run_observed, run_query, summary_stream
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError, DestinationError
from crawler.model.exit_codes import ExitCode, worst
from crawler.model.struct import replace
from crawler.paths import GivenPath
from crawler.pipeline.stop import Stop
from crawler.text.arguments import default_directory, named_url
from crawler.text.escape import masked, printable
from crawler.text.urls import STATE_DIRECTORY

if TYPE_CHECKING:
    from crawler.model.observer import Observer
    from crawler.model.report import Report
    from crawler.storage.state.runs import RunRecord

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
    lost = unusable.lost(listing)
    if problem or lost:
        rows = f"some rows are not entries (-vv shows why): {', '.join(lost)}"
        code = print_error(f"{call.positional[0]}: {problem}" if problem else rows, ExitCode.INCOMPLETE)
        return worst([delivered, code])
    return delivered


def run_history(call: Invocation) -> int:
    """Print the last runs; with -v all recorded runs."""
    from crawler.app.history import read_history, with_state
    from crawler.output.format import heading
    from crawler.output.history import render_history

    limit = 1_000_000 if call.verbosity else RUNS_SHOWN
    if call.config.report is not None and not call.name:  # the mirrors of a file were checked together
        refuse_outputs(call.positional[0], Config(report=call.config.report, state=call.config.state))

    async def read() -> Sequence[RunRecord]:
        async with with_state(call.positional[0], call.config) as (directory, config):
            runs = await read_history(directory, config, limit)
            if config.report is not None:
                await _write_page(config.report, call.positional[0], config)
            return runs

    runs = run_query(read())
    unicode = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    text = render_history(runs, None, unicode=unicode) if runs else "no runs recorded"
    return print_result(f"{heading(call.name)}\n{text}" if call.name else text)


async def _write_page(target: str, directory: str, config: Config) -> None:
    """Write the page of --report without a run. Raises ConfigError, DestinationError."""
    from crawler.output.atomic_file import check_target
    from crawler.output.html_report import check_installed, write_page

    check_target("--report", target)
    check_installed()
    try:
        await write_page(target, directory, config)
    except OSError as problem:
        raise DestinationError(f"--report {target}: {problem.strerror}") from None


def run_verify(call: Invocation) -> int:
    """Verify DIR. Prints nothing if there are no problems and the program is not used interactively."""
    from crawler.app import maintenance

    directory = call.positional[0]
    if not call.name:  # the mirrors of a file were checked together
        refuse_outputs(directory, call.config)

    async def work(stop: Stop, observers: Sequence[Observer]) -> tuple[Report, CrawlerError | None]:
        return await maintenance.run_verify(directory, call.config, observers, stop, repair=call.repair)

    return run_observed(call, work, _print_verification)


def _print_verification(report: Report, call: Invocation, _config: Config) -> int:
    from crawler.output.format import heading
    from crawler.output.summary import render_verification

    if (stream := summary_stream(report, call)) is not None:
        if call.name:
            print_line(heading(call.name), stream)
        print_line(render_verification(report), stream)
    return report.exit_code


def run_explain(call: Invocation) -> int:
    """Print how a run would decide about an entry. Returns INCOMPLETE if that is not known."""
    from crawler.app import maintenance
    from crawler.output.format import render_facts

    url, directory = call.positional
    facts, is_decided = run_query(maintenance.explain(call.explain or "", url, directory, call.config))
    delivered = print_result(render_facts(facts))
    return worst([delivered, ExitCode.OK if is_decided else ExitCode.INCOMPLETE])


def with_default_directory(call: Invocation) -> Invocation:
    """``call`` with a DIR named after URL, if none is given. Raises ConfigError if something else has that name."""
    from crawler.text.advice.arguments import directory_problem

    url = named_url(call.positional[0])
    name = default_directory(url)
    name = f"./{name}" if ":" in name or directory_problem(name) else name
    if _is_taken(Path(name)):
        raise ConfigError(f"{printable(name)} exists here and is not a mirror: specify DIR, this directory or another")
    if not call.quiet and (call.verbosity or sys.stderr.isatty()):
        what = "Mirroring" if call.explain is None else "As if mirroring"
        print_line(f"{what} {masked(url)} into {printable(name)}")
    return replace(call, positional=(call.positional[0], name))


def _is_taken(place: Path) -> bool:
    """Whether something is there that is neither a mirror nor an empty directory. Raises DestinationError."""
    given = GivenPath.of_mirror(place)
    if given.status() is None or GivenPath.of_mirror(place / STATE_DIRECTORY).status() is not None:
        return False
    try:
        return not given.is_directory() or any(place.iterdir())
    except OSError as error:
        raise DestinationError(f"cannot look into {printable(str(place))}: {error.strerror}") from None
