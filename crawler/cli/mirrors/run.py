"""Runs the mirrors of a --config file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.invocation import Invocation
from crawler.cli.mirrors.conflicts import SHARED, begins_first, enclosing
from crawler.cli.printing import describe, print_error
from crawler.cli.runner import display_closed_on_signal, ended_early, is_light, print_report, run_async
from crawler.model.errors import ConfigError, CrawlerError
from crawler.model.exit_codes import SIGNALS
from crawler.model.reasons import CLAIM
from crawler.model.struct import replace
from crawler.pipeline.stop import Stop
from crawler.text.arguments import is_object_url, named_url
from crawler.text.escape import masked, printable

if TYPE_CHECKING:
    from crawler.app.api import RunContext
    from crawler.app.first_request.early import EarlyStart
    from crawler.cli.mirrors.table import Mirror
    from crawler.model.report import Report
    from crawler.output.files import Outputs
    from crawler.output.log import LogObserver
    from crawler.output.progress.silent import SilentDisplay
    from crawler.storage.directory.boundaries.spared import OwnFile


def each(call: Invocation, mirrors: Sequence[Mirror]) -> list[int]:
    """Verify ``mirrors``, or print their history, one after the other. Returns the exit code of each."""
    from crawler.cli.early_ends import told
    from crawler.cli.modes import run_history, run_verify

    codes: list[int] = []
    for mirror in mirrors:
        one = replace(call, name=mirror.name, config=mirror.config, positional=(mirror.directory,), config_file=None)
        try:
            codes.append(run_verify(one) if call.verify else run_history(one))
        except CrawlerError as error:
            code = print_error(f"{printable(mirror.name)}: {call.say(str(error))}", error.exit_code)
            codes.append(told(one, error, code))
        if codes[-1] in SIGNALS.values():
            break
    return codes


def run_all(
    call: Invocation, chosen: Sequence[Mirror], jobs: int, status: str | None, early: EarlyStart | None = None
) -> tuple[list[int], bool]:
    """Run the mirrors, ``jobs`` at once, and print a summary for each.

    ``status``: path of the page of --status, which no mirror may delete. ``early``: the start of the mirror that begins
    first, if it has begun already. Returns the exit code of each, and whether a listing has a file of that path.
    """
    from crawler.app.api import RunContext
    from crawler.output.log import configure, log_retry
    from crawler.output.progress import choose_display
    from crawler.pipeline.attempts import announce_to

    mode, log_file, log_format = (getattr(chosen[0].config, key) for key in SHARED)
    with choose_display("none" if call.quiet else mode, sys.stderr) as display, display_closed_on_signal(display):
        if log_file is not None:
            from crawler.output.atomic_file import create_place

            create_place(log_file, filter(None, map(_created, chosen)))
        log = configure(call.verbosity, call.quiet, log_file, log_format, display.write, call.say)
        announce_to(log_retry, display.retrying)
        own = _own_files(call, chosen, status)
        shared = RunContext(own_files=own, keeps_record=status is not None, early=early)
        are_light = all(is_light(mirror.url, mirror.directory, mirror.config) for mirror in chosen)
        outcomes = run_async(lambda stop: _run_mirrors(chosen, jobs, stop, log, display, shared), is_light=are_light)
    codes = []
    for mirror, (report, error) in zip(chosen, outcomes, strict=True):
        if error is not None:
            describe(error, verbose=call.verbosity > 0)  # after an unexpected error, prints the traceback
        if ended_early(report, error):
            for text in report.warnings:
                print_error(f"{printable(mirror.name)}: {text}", report.exit_code)
            codes.append(report.exit_code)
        else:
            codes.append(print_report(report, replace(call, name=mirror.name), mirror.config))
    failures = (failure for report, _ in outcomes for failure in report.failures)
    return codes, any(f"{CLAIM} --status " in failure.reason for failure in failures)


def _own_files(call: Invocation, chosen: Sequence[Mirror], status: str | None) -> list[OwnFile]:
    """The files that this program reads and writes, which no mirror touches."""
    from crawler.storage.directory.boundaries.spared import OwnFile, own_files, redirected

    return [
        OwnFile("--config", Path(call.config_file or ""), is_read=True),
        *([OwnFile("--status", Path(status))] if status else []),
        *redirected(),
        *(file for mirror in chosen for file in own_files(mirror.config)),
    ]


async def _run_mirrors(
    mirrors: Sequence[Mirror], jobs: int, stop: Stop, log: LogObserver, display: SilentDisplay, shared: RunContext
) -> list[tuple[Report, Exception | None]]:
    """Run ``mirrors``, at most ``jobs`` at once. They share the limits per host and what is in ``shared``.

    Its early start is that of the mirror that begins first. A mirror inside the directory of another one starts after
    that one has ended, because only then is it known which of the two owns a file. An error that ends a mirror without
    a report is returned with a report that contains it; the others continue. Raises ConfigError before the first mirror
    starts.
    """
    from crawler.app.resources import shared_gate
    from crawler.output.progress.mirrors import MirrorObserver, mirror_observers

    places = asyncio.Semaphore(jobs)
    around, ended = enclosing(mirrors), {mirror.name: asyncio.Event() for mirror in mirrors}
    first = begins_first(mirrors)
    gate = shared_gate([mirror.config for mirror in mirrors])

    async def one(mirror: Mirror, share: MirrorObserver, outputs: Outputs) -> tuple[Report, Exception | None]:
        for outer in around[mirror.name]:
            await ended[outer].wait()
        async with places:
            early = shared.early if mirror is first else None
            own = (share, log, outputs)
            context = replace(shared, gate=gate, observers=own, stop=stop.child(), early=early)
            try:
                return await _run_mirror(mirror, context, stop, log, outputs)
            except Exception as error:  # noqa: BLE001 - it must not end the other mirrors
                return await _ended_by(error, mirror, stop), error
            finally:
                ended[mirror.name].set()
                share.ended()

    shares = mirror_observers(display, [mirror.name for mirror in mirrors])
    parts = zip(mirrors, shares, map(_outputs, mirrors), strict=True)
    return await asyncio.gather(*[one(*part) for part in list(parts)])


async def _run_mirror(
    mirror: Mirror, context: RunContext, stop: Stop, log: LogObserver, outputs: Outputs
) -> tuple[Report, Exception | None]:
    """Run one mirror, write its output files and run its commands. Returns what was done, and what ended it early."""
    from crawler.app import api as app
    from crawler.app.keywords import worded

    with outputs:
        log.run_started(named_url(mirror.url), mirror.directory)
        report, error = await app.run_mirror(mirror.url, mirror.directory, mirror.config, context)
        report = await outputs.finish(worded(report, mirror.say), stop.afterwards())
        report = worded(report, mirror.say)
        log.run_ended(report)
        return report, error


async def _ended_by(error: Exception, mirror: Mirror, stop: Stop) -> Report:
    """The report of a mirror whose run ended with ``error`` and without a report. Runs the commands of the mirror."""
    from crawler.app.keywords import worded
    from crawler.cli.early_ends import report_of, tell

    report = worded(report_of(error, masked(mirror.url), mirror.directory), mirror.say)
    return await tell(mirror.config, report, mirror.name, stop.afterwards())


def _created(mirror: Mirror) -> str:
    """The directory that the run of ``mirror`` creates if it does not exist; "" if it creates none."""
    return "" if mirror.config.dry_run or is_object_url(mirror.directory) else mirror.directory


def _outputs(mirror: Mirror) -> Outputs:
    """The output files of ``mirror``. Raises ConfigError, which names the mirror."""
    from crawler.output.files import Outputs

    try:
        return Outputs(mirror.config, mirror.name, directory=_created(mirror))
    except ConfigError as error:
        raise ConfigError(f"mirror {mirror.name}: {error}") from None
