"""Where the summary of a run goes: cron mails what needs attention, and nothing else."""

from __future__ import annotations

import io
import itertools
import sys

import pytest

from crawler.cli import runner
from crawler.cli.invocation import Invocation
from crawler.model.config import Config
from crawler.model.report import Report


def call(verbosity: int, *, quiet: bool) -> Invocation:
    return Invocation(
        config=Config(), positional=("http://h/", "d"), input_file=None, list_only=False, history=False, verify=False,
        repair=False, explain=None, rollback=None, list_snapshots=False, config_file=None, status=None,
        status_public=False, only=(), verbosity=verbosity, quiet=quiet, given={},
    )  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("code", [0, 3, 5, 9])
@pytest.mark.parametrize("warnings", [(), ("text",)])
@pytest.mark.parametrize(("is_terminal", "verbosity", "quiet"), [*itertools.product((0, 1), (0, 1), (False, True))])
def test_problems_go_to_standard_error_and_anything_else_only_to_people(
    code: int, warnings: tuple[str, ...], is_terminal: int, verbosity: int, quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Terminal if is_terminal else io.StringIO
    monkeypatch.setattr(sys, "stdout", kind())
    monkeypatch.setattr(sys, "stderr", kind())
    report = Report(url="http://h/", directory="d", exit_code=code, warnings=warnings, notes=("remark",))
    is_problem = code in {3, 5} or warnings
    is_shown = verbosity or (is_terminal and not quiet)
    expected = sys.stderr if is_problem else sys.stdout if is_shown else None
    assert runner.summary_stream(report, call(verbosity, quiet=quiet)) is expected
    runner.print_report(report, call(verbosity, quiet=quiet), Config())
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.StringIO)
        assert ("problem: text" in stream.getvalue()) == (stream is expected and bool(warnings))
        assert ("Note: remark" in stream.getvalue()) == (stream is expected)
