"""The page of --status: its path is checked before the mirrors run, and it is written afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.cli.invocation import Invocation
from crawler.cli.printing import print_error
from crawler.model.errors import ConfigError, CrawlerError
from crawler.model.exit_codes import ExitCode
from crawler.model.options.readers import foreign_path
from crawler.text.escape import masked

if TYPE_CHECKING:
    from crawler.cli.mirrors.file import MirrorsFile
    from crawler.cli.mirrors.table import Mirror
    from crawler.output.html_report.status.cards import MirrorFacts


class StatusPage:
    """The page about all mirrors of a file, including those that --only leaves out. Without --status it does nothing.

    The constructor raises ConfigError.
    """

    def __init__(self, call: Invocation, mirrors: MirrorsFile) -> None:
        self._mirrors = mirrors
        self.target = call.status or mirrors.status
        """Path of the page; None if there is no page."""
        self._is_public = call.status_public or mirrors.status_public
        self._is_dry = any(mirror.config.dry_run for mirror in mirrors.mirrors)
        where = "" if call.status_public else f"{call.config_file}: "
        if self._is_public and self.target is None:
            raise ConfigError(
                f"{where}status_public: requires status" if where else "--status-public requires --status"
            )
        try:
            self._check()
        except ConfigError as error:
            from crawler.cli.mirrors.checks import in_file

            typed = {"status"} if call.status else set[str]()
            raise ConfigError(*(in_file(each, call.config_file or "", typed) for each in error.problems)) from None

    def _check(self) -> None:
        if self.target is not None:
            from crawler.cli.mirrors.table import refuse_placeholder
            from crawler.output.atomic_file import check_target
            from crawler.output.html_report import check_installed

            if problem := foreign_path(self.target):
                raise ConfigError(f"--status {self.target}: {problem}")
            refuse_placeholder("--status", self.target)
            check_target("--status", self.target)
            check_installed("--status")

    def write(self, *, is_claimed: bool = False) -> int:
        """Write the page. Returns the exit code of that. A dry run writes none.

        ``is_claimed``: a listing has a file of that path. Whether the file that is there is that one is unknown.
        """
        if self.target is None or self._is_dry:
            return ExitCode.OK
        if is_claimed:
            reason = "not written, because a listing has a file of that path: name another file"
            return print_error(f"--status {self.target}: {reason}", ExitCode.INCOMPLETE)
        from crawler.cli.runner import run_query  # there is no event loop yet when the page is checked
        from crawler.output.html_report.status.write import write_status

        async def work() -> None:
            facts = [await _facts_of(mirror) for mirror in self._mirrors.mirrors]
            await write_status(self.target or "", facts, is_public=self._is_public)

        try:
            run_query(work())
        except OSError as problem:
            return print_error(f"--status {self.target}: {problem.strerror}", ExitCode.ERROR)
        return ExitCode.OK


async def _facts_of(mirror: Mirror) -> MirrorFacts:
    """The facts about ``mirror``, whether it is in a directory or in an object store."""
    from crawler.app.history import with_state
    from crawler.output.html_report.status.cards import MirrorFacts
    from crawler.output.html_report.status.write import read_facts

    try:
        async with with_state(mirror.directory, mirror.config) as (directory, config):
            return await read_facts(mirror.name, mirror.url, directory, config)
    except CrawlerError as error:
        return MirrorFacts(name=mirror.name, url=masked(mirror.url), directory=mirror.directory, problem=str(error))
