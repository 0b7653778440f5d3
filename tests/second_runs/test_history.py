"""The history of runs: recorded by each run that may write, printed by --history."""

from __future__ import annotations

import signal
from datetime import UTC
from pathlib import Path

import pytest

from crawler.model.report import Report
from crawler.output.history import figures_of, render_history
from crawler.storage.state.read_only import ReadOnlyState
from crawler.storage.state.runs import Figures, RunRecord
from tests.support.misbehaving.behaviours import Stall, Status
from tests.support.misbehaving.samples import blob, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.waiting import wait_until


async def remembered(directory: Path) -> list[RunRecord]:
    """The recorded runs, oldest first."""
    async with ReadOnlyState(directory / ".crawler" / "state.sqlite3") as state:
        return (await state.runs(10))[::-1]


def history(sandbox: Sandbox, *options: str) -> list[str]:
    command = [*sandbox.command("", more=["--history", *options])]
    command.remove("")
    run = sandbox.note(sandbox.start_raw(command).finish())
    run.succeeds()
    return run.output.splitlines()


async def test_each_run_is_remembered_with_its_end(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    sandbox.mirror(site.url).succeeds()
    sandbox.mirror(site.url, more=["--dry-run"]).succeeds()
    site.file("bad", blob(100), Status(404))
    site.remove("a.txt")
    sandbox.mirror(site.url, delete=True).fails(5)
    site.on("", Status(500))
    sandbox.mirror(site.url).fails(3)
    runs = await remembered(sandbox.directory)
    figures = [run.figures for run in runs if run.figures]
    assert [(each.outcome, each.exit_code) for each in figures] == [("ok", 0), ("failures", 5), ("no listing", 3)]
    assert [(each.listed, each.saved, each.failed, each.deleted) for each in figures] == [
        (9, 9, 0, 0),
        (9, 0, 1, 0),
        (0, 0, 0, 0),
    ]
    assert figures[0].received == sum(map(len, site.contents().values())) - 100 + 517
    assert {run.url for run in runs} == {site.url}
    lines = history(sandbox)
    assert lines[0] == site.url
    assert [line.split()[2] for line in lines[2:]] == ["ok", "failures", "no"]


async def test_a_killed_run_is_distinguished_from_a_stopped_one(sandbox: Sandbox, site: Site) -> None:
    site.file("slow", blob(900_000), Stall(at=0.5))
    for number in (signal.SIGTERM, signal.SIGKILL):
        site.log.clear()
        program = sandbox.start(site.url)
        wait_until(lambda: any(request.sent for request in site.log.bodies()), "the download has begun")
        program.signal(number)
        program.finish()
    stopped, killed = await remembered(sandbox.directory)
    assert stopped.figures is not None
    assert (stopped.figures.outcome, stopped.figures.exit_code) == ("stopped", 143)
    assert killed.figures is None
    assert "unfinished" in history(sandbox)[-1]


def test_there_is_no_history_of_what_is_not_a_mirror(sandbox: Sandbox) -> None:
    command = [*sandbox.command("", more=["--history"])]
    command.remove("")
    run = sandbox.note(sandbox.start_raw(command).finish())
    run.fails(2)
    assert "not a crawler mirror" in run.errors
    assert not sandbox.directory.exists()


RUNS = (
    RunRecord(id=3, url="http://h/", started=120.0, figures=None),
    RunRecord(
        id=2,
        url="http://h/",
        started=60.0,
        figures=Figures(seconds=1.0, outcome="failures", exit_code=5, listed=1234, failed=2, received=1024),
    ),
    RunRecord(
        id=1,
        url="http://user:secret@h/\x1b[2J",
        started=0.0,
        figures=Figures(seconds=4.0, outcome="ok", exit_code=0, listed=1234, saved=1234, received=65536),
    ),
)


def test_the_table_is_aligned_and_acts_on_no_terminal() -> None:
    text = render_history(RUNS, UTC)
    assert "secret" not in text
    assert "\x1b" not in text
    lines = text.splitlines()[2:]
    assert lines == [
        "started          result        took      listed saved gone failed received",
        "1970-01-01 00:00 ok           4.0 s ████  1,234 1,234    0      0 64.0 KiB ████",
        "1970-01-01 00:01 failures (5) 1.0 s █     1,234     0    0      2  1.0 KiB ▏",
        "1970-01-01 00:02 unfinished",
    ]


def test_where_blocks_cannot_be_shown_bars_are_plain() -> None:
    text = render_history(RUNS, UTC, unicode=False)
    assert text.isascii()
    assert "####" in text


@pytest.mark.parametrize(
    ("report", "code", "outcome", "final"),
    [
        (Report(url="", directory=""), 0, "ok", 0),
        (Report(url="", directory="", exit_code=5), 0, "failures", 5),
        (Report(url="", directory="", exit_code=5), 4, "disk", 4),
        (Report(url="", directory="", interrupted="--max-duration", exit_code=9), 0, "stopped", 9),
        (Report(url="", directory="", interrupted="--max-files", exit_code=9), 0, "stopped", 9),
        (Report(url="", directory="", interrupted="--max-files", exit_code=5), 0, "failures", 5),
        (Report(url="", directory="", interrupted="SIGINT", exit_code=130), 0, "stopped", 130),
        (Report(url="", directory="", interrupted="an error"), 1, "error", 1),
        (Report(url="", directory=""), 6, "not deleted", 6),
    ],
)
def test_a_run_is_summed_up_in_a_word(report: Report, code: int, outcome: str, final: int) -> None:
    figures = figures_of(report, code)
    assert (figures.outcome, figures.exit_code) == (outcome, final)
