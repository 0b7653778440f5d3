"""Reads and checks the mirrors of a --config file, before anything is imported that only their runs need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.app.first_request.early import early_start_beside
from crawler.cli.invocation import Invocation
from crawler.cli.mirrors.checks import directory_problems, option_problems, output_problems
from crawler.cli.mirrors.conflicts import (
    begins_first,
    differences,
    same_paths,
    status_conflicts,
    unknown_names,
)
from crawler.cli.mirrors.file import read_mirrors, select
from crawler.cli.mirrors.status import StatusPage
from crawler.cli.toml.document import load, located
from crawler.model.errors import ConfigError, Problems
from crawler.model.exit_codes import worst
from crawler.output.files import OUTPUTS
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.text.escape import printable

if TYPE_CHECKING:
    from crawler.app.first_request.early import EarlyStart
    from crawler.cli.mirrors.file import MirrorsFile
    from crawler.cli.mirrors.table import Mirror


def run_config(call: Invocation) -> int:
    """Run the mirrors of a TOML file, verify them or print their history, and write the page of --status.

    Raises ConfigError with all that is known to be wrong, before one of them runs.
    """
    name, problems, page = call.config_file or "", Problems(), None
    content = _content(name)
    file = read_mirrors(load(content, name), call.given, name, problems)
    if file.mirrors and all(mirror.name for mirror in file.mirrors):  # otherwise a name may be missing
        problems.add(unknown_names(file.mirrors, call.only))
    chosen = select(file.mirrors, call.only)
    problems.add(_conflicts(call, file, chosen))
    with problems.collecting():
        page = StatusPage(call, file)
    status = call.status or file.status
    written = _written(call)
    problems.add(option_problems(chosen, call.given, written, name))
    is_run = not (call.verify or call.history)
    with (_early_start(chosen, status) if is_run and not problems.messages else None) or nullcontext() as early:
        problems.add(_recorded(call, chosen, written, status))
        if (error := problems.error()) is not None or page is None:
            raise located(error or ConfigError(""), name, content)
        from crawler.cli.mirrors.run import each, run_all  # with the event loop

        if not is_run:
            return worst([*each(call, chosen), page.write()])
        codes, is_claimed = run_all(call, chosen, file.jobs, page.target, early)
    return worst([*codes, page.write(is_claimed=is_claimed)])


def _content(name: str) -> bytes:
    """The content of the file of --config. Raises ConfigError."""
    from crawler.paths import is_endless, unreadable

    if is_endless(name):
        raise ConfigError(f"--config {name}: a device without an end: name a file")
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"--config {name}: {unreadable(error, name)}") from None


def _conflicts(call: Invocation, file: MirrorsFile, chosen: Sequence[Mirror]) -> Iterator[str]:
    """What is wrong with the mirrors together."""
    from crawler.paths import identity_of

    yield from same_paths(file.mirrors, chosen, identity_of, frozenset(call.given))
    where, page = ("--status", call.status) if call.status else (f"{call.config_file}: status", file.status)
    if page and identity_of(page) == identity_of(call.config_file or ""):
        yield f"{where} {printable(page)}: --config reads the same file: name another file"
    if call.status:
        yield from status_conflicts(call.status, chosen, "", identity_of)
    if not (call.verify or call.history):
        yield from differences(chosen)


def _written(call: Invocation) -> Sequence[str]:
    """The output files that --history or --verify writes, which is all that is checked then."""
    return ("report",) if call.history else (*OUTPUTS, "log_file") if call.verify and not call.repair else ()


def _recorded(call: Invocation, chosen: Sequence[Mirror], written: Sequence[str], page: str | None) -> list[str]:
    """What is wrong with the ``chosen`` mirrors and the ``page`` of --status by the states of mirrors."""
    from crawler.cli.runner import run_async

    given = {*call.given, *(["status"] if call.status else [])}
    status = [] if page is None else [(page, call.config_file or "")]
    problems = run_async(lambda stop: output_problems(chosen, given, written, status, stop), is_light=True)
    return problems if written else problems + run_async(lambda stop: directory_problems(chosen, stop), is_light=True)


def _early_start(chosen: Sequence[Mirror], page: str | None) -> EarlyStart | None:
    """The start of the one of ``chosen`` that begins first; None if it is not plain, or if any of them is in doubt."""
    first = begins_first(chosen)
    if first is None:
        return None
    others = [(each.url, each.directory, each.config) for each in chosen if each is not first]
    written = [] if page is None else [OwnFile("--status", Path(page))]
    return early_start_beside(others, written, first.url, first.directory, first.config)
