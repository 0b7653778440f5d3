"""The command line's other modes: what they print, and their exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.console import Call, is_watched, run_async, watched_run
from crawler.errors import CrawlerError, DestinationError
from crawler.stop import Stop

if TYPE_CHECKING:
    from crawler.config import Config
    from crawler.observer import Observer
    from crawler.report import Report

RUNS_SHOWN = 20


def run_history(call: Call) -> int:
    """Print the last runs; with -v all that are remembered."""
    from crawler.history import render_history
    from crawler.upkeep import read_history

    limit = 1_000_000 if call.verbosity else RUNS_SHOWN
    runs = run_async(lambda _stop: read_history(Path(call.positional[0]), call.config, limit))
    if call.config.report is not None:
        _write_page(call.config.report, call)
    unicode = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    print(render_history(runs, None, unicode=unicode) if runs else "no run is remembered")  # noqa: T201
    return 0


def _write_page(target: str, call: Call) -> None:
    """--report without a run. Raises ConfigError, DestinationError."""
    from crawler.html_report import check_installed, write_page
    from crawler.target import check_target

    check_target("--report", target)
    check_installed()
    try:
        run_async(lambda _stop: write_page(target, call.positional[0], call.config))
    except OSError as problem:
        raise DestinationError(f"--report {target}: {problem.strerror}") from None


def run_verify(call: Call) -> int:
    """Verify DIR; silent when all is good and nobody looks on."""
    from crawler import upkeep

    directory = Path(call.positional[0])

    async def work(stop: Stop, observers: Sequence[Observer]) -> tuple[Report, CrawlerError | None]:
        return await upkeep.run_verify(directory, call.config, observers, stop, repair=call.repair)

    return watched_run(call, work, _print_verification)


def _print_verification(report: Report, call: Call, _config: Config) -> None:
    from crawler.report import render_verification

    if report.exit_code or report.warnings or call.verbosity or is_watched(call.quiet):
        print(render_verification(report), file=sys.stderr if report.exit_code else sys.stdout)


def run_explain(call: Call) -> int:
    """Print the path of a decision. Exit code 5 if the entry is not listed."""
    from crawler import upkeep
    from crawler.render import render_facts

    url, directory = call.positional
    facts, is_listed = run_async(lambda _stop: upkeep.explain(call.explain or "", url, Path(directory), call.config))
    print(render_facts(facts))  # noqa: T201
    return 0 if is_listed else 5
