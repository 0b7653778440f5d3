"""Runs the commands of --on-failure and --on-end after a failure before the run begins, if they are known by then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.invocation import Invocation
from crawler.cli.printing import describe, print_error
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.pipeline.stop import Stop
from crawler.text.arguments import named_url

if TYPE_CHECKING:
    from crawler.model.report import Report

_COMMANDS = ("on_failure", "on_end")


def report_of(error: Exception, url: str, directory: str) -> Report:
    """The report of a run that ended with ``error`` before it had a report of its own."""
    from crawler.model.report import Report

    report = Report(url=url, directory=directory, interrupted="an error")
    text, code = describe(error, verbose=False)
    for each in error.problems if isinstance(error, ConfigError) else (text,):
        report = report.warned(each, code)
    return report


async def tell(config: Config, report: Report, name: str, stop: Stop, kind: str = "run") -> Report:
    """Run the commands of ``config`` after a run that ended with ``report``."""
    if not any(getattr(config, command) for command in _COMMANDS):
        return report
    from crawler.output.commands.after_run import Subject, run_commands

    return await run_commands(config, report, Subject(name=name, directory=report.directory, kind=kind), stop)


def told(call: Invocation, error: Exception, code: int) -> int:
    """Run the commands of ``call``, which ``error`` ended before its run. Returns ``code``, or a worse exit code.

    After a wrong option no command is run, because none is known yet.
    """
    config = _commands_of(call)
    if not any(getattr(config, command) for command in _COMMANDS):
        return code
    from crawler.cli.runner import run_async
    from crawler.output.files import mirror_name

    *url, directory = call.positional or (call.config_file or "",)
    before = report_of(error, _shown_url(url), directory)
    name = call.name or (Path(directory).name if call.config_file else mirror_name(directory))
    kind = "verify" if call.verify else "run"
    after = run_async(lambda stop: tell(config, before, name, stop, kind))
    for text in after.warnings[len(before.warnings) :]:
        print_error(text, after.exit_code)
    return after.exit_code


def _commands_of(call: Invocation) -> Config:
    """A configuration with the commands of ``call``; those of a file are in its [defaults], if it can be read again."""
    is_query = call.list_only or call.history or call.list_snapshots
    if is_query or call.explain is not None or call.rollback is not None:
        return Config()
    if call.config_file is None:
        return call.config
    from crawler.cli.toml.document import load
    from crawler.paths import is_special

    try:
        data = {} if is_special(call.config_file) else load(Path(call.config_file).read_bytes(), call.config_file)
    except (OSError, ConfigError):
        data = {}
    defaults = data.get("defaults")
    values = {**(defaults if isinstance(defaults, Mapping) else {}), **call.given}
    found = {key: values[key] for key in (*_COMMANDS, "dry_run") if key in values}
    try:
        return Config.from_mapping(found, where=call.config_file)
    except ConfigError:
        return Config()


def _shown_url(url: list[str]) -> str:
    """The URL without credentials; "" if there is none, or if it is invalid."""
    try:
        return named_url(url[0]) if url else ""
    except ConfigError:
        return ""
