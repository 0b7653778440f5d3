"""The commands of the user: they end with the program, and are told of what is worth telling."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from crawler.model.config import Config
from crawler.model.report import Report
from crawler.output.commands import process as commands
from crawler.output.commands.memory import NAME, Memory
from crawler.output.commands.notices import Trouble
from crawler.output.files import Outputs
from crawler.pipeline.stop import Stop


async def test_a_command_that_is_just_being_started_is_ended_before_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command runs, but the program does not know its process group yet."""
    begun, alive = tmp_path / "begun", tmp_path / "alive"
    os.mkfifo(begun)
    os.mkfifo(alive)
    start, runs, known = asyncio.create_subprocess_shell, asyncio.Event(), asyncio.Event()

    async def slow_start(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        process = await start(*arguments, **options)
        runs.set()
        await known.wait()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_shell", slow_start)
    monkeypatch.setattr(commands, "_then", None)
    exits: list[str] = []
    with Path(os.devnull).open("rb") as nothing:
        command = f"cat {alive} & echo > {begun}; wait"
        running = asyncio.create_task(commands.run_command(command, nothing))
        await runs.wait()
        await asyncio.to_thread(begun.read_bytes)
        writer = await asyncio.to_thread(os.open, alive, os.O_WRONLY)
        commands.terminate_all(then=lambda: exits.append("exit"))
        assert exits == []
        known.set()
        assert await running == f"was ended by signal 15: {command}"
    assert exits == ["exit"]
    monkeypatch.setattr(commands, "_then", None)
    with pytest.raises(BrokenPipeError):
        while os.write(writer, b"x"):
            continue
    os.close(writer)
    commands.terminate_all(then=lambda: exits.append("again"))
    assert exits == ["exit", "again"]


# --- what was told is remembered --------------------------------------------------------------------

TROUBLE = Trouble(since=1.5, runs=3, told={"5 abc": 2.5})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_it_is_kept_in_dir_and_overwritten_in_place(tmp_path: Path, home: Path) -> None:
    (tmp_path / "pub" / ".crawler").mkdir(parents=True)
    file = tmp_path / "pub" / ".crawler" / NAME
    Memory(str(tmp_path / "pub")).save({})
    identity = file.stat().st_ino
    Memory(str(tmp_path / "pub")).save({"run": TROUBLE, "verify": TROUBLE})
    assert Memory(str(tmp_path / "pub")).load() == {"run": TROUBLE, "verify": TROUBLE}
    assert (file.stat().st_ino, file.stat().st_size) == (identity, 4096)
    assert not home.exists()


def test_without_dir_it_is_kept_in_the_home_of_the_user_until_dir_can_be_written(tmp_path: Path, home: Path) -> None:
    pub = tmp_path / "pub"
    Memory(str(pub)).save({"run": TROUBLE})
    assert not pub.exists()
    assert Memory(str(tmp_path / "link")).load() == {}
    (pub / ".crawler").mkdir(parents=True)
    assert Memory(str(pub)).load() == {"run": TROUBLE}
    Memory(str(pub)).save({})
    assert Memory(str(pub)).load() == {}
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_file_url_names_the_directory_and_an_object_store_has_none(tmp_path: Path, home: Path) -> None:
    (tmp_path / ".crawler").mkdir()
    Memory(tmp_path.as_uri()).save({"run": TROUBLE})
    assert Memory(str(tmp_path)).load() == {"run": TROUBLE}
    for place in ("s3://bucket/prefix", "", "ftp://no/destination"):
        Memory(place).save({"verify": TROUBLE})
        assert Memory(place).load() == {"verify": TROUBLE}


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"run": 5}', '{"run": {"since": NaN, "runs": 1, "told": {}}}', "[" * 100_000,
     '{"run": {"since": 1.0, "runs": 1, "told": {"a": "b"}}}', '{"run": {"since": 1.0, "runs": "1", "told": {}}}'],
)  # fmt: skip
def test_damage_costs_a_repeated_message_and_no_more(tmp_path: Path, home: Path, content: str) -> None:
    (tmp_path / ".crawler").mkdir()
    (tmp_path / ".crawler" / NAME).write_text(content)
    assert Memory(str(tmp_path)).load() == {}
    Memory(str(tmp_path)).save({"run": TROUBLE})
    assert Memory(str(tmp_path)).load() == {"run": TROUBLE}


def test_a_link_or_a_pipe_in_its_place_is_not_followed(tmp_path: Path, home: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".crawler").mkdir()
    (tmp_path / ".crawler" / NAME).symlink_to(victim)
    Memory(str(tmp_path)).save({"run": TROUBLE})
    assert Memory(str(tmp_path)).load() == {"run": TROUBLE}
    (tmp_path / ".crawler" / NAME).unlink(missing_ok=True)
    os.mkfifo(tmp_path / ".crawler" / NAME)
    assert Memory(str(tmp_path)).load() == {"run": TROUBLE}
    assert victim.read_text() == "precious"


# --- which command runs when ------------------------------------------------------------------------

SHOW = 'test "$CRAWLER_KIND" = run && echo "$CRAWLER_STATUS $CRAWLER_EXIT_CODE $CRAWLER_MIRROR" >> {}; cat > {}.json'


async def after(place: Path, code: int, *, option: str = "on_failure", command: str = SHOW, **more: Any) -> Report:
    """The report after a run on ``place``/pub that ended with ``code``; the command writes to ``place``/said."""
    config = Config(**{option: command.format(place / "said", place / "said")}, **more)
    (place / "pub" / ".crawler").mkdir(parents=True, exist_ok=True)
    report = Report(url="http://user:secret@h/", directory=str(place / "pub"), exit_code=code)
    with Outputs(config) as outputs:
        return await outputs.finish(report, Stop())


def said(place: Path) -> list[str]:
    return (place / "said").read_text().splitlines() if (place / "said").exists() else []


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 8, 9, 129, 130, 143])
async def test_any_end_but_0_runs_the_command_with_the_summary(tmp_path: Path, code: int) -> None:
    report = await after(tmp_path, code)
    assert said(tmp_path) == [f"failed {code} pub"]
    summary = json.loads((tmp_path / "said.json").read_text())
    assert (summary["exit_code"], summary["mirror"], summary["status"]) == (code, "pub", "failed")
    assert (summary["url"], summary["failed_runs"]) == ("http://h/", 1)
    assert summary["failing_since"] == summary["ended"]
    assert report.warnings == ()


async def test_a_good_run_tells_only_the_command_of_every_end(tmp_path: Path) -> None:
    await after(tmp_path, 0)
    assert said(tmp_path) == []
    for code in (0, 5, 5, 0, 0):
        await after(tmp_path, code, option="on_end")
    assert said(tmp_path) == ["ok 0 pub", "failed 5 pub", "failed 5 pub", "recovered 0 pub", "ok 0 pub"]


async def test_the_same_failure_is_told_once_and_after_a_good_run_again(tmp_path: Path) -> None:
    for code in (5, 5, 4, 5, 0, 5):
        await after(tmp_path, code)
    assert said(tmp_path) == ["failed 5 pub", "failed 4 pub", "failed 5 pub"]


async def test_a_command_that_fails_is_a_problem_and_is_tried_again(tmp_path: Path) -> None:
    report = await after(tmp_path, 5, command="exit 3")
    assert (report.exit_code, report.warnings) == (1, ("--on-failure ended with exit status 3: exit 3",))
    await after(tmp_path, 5)
    assert said(tmp_path) == ["failed 5 pub"]


async def test_a_dry_run_tells_nobody(tmp_path: Path) -> None:
    await after(tmp_path, 5, dry_run=True)
    await after(tmp_path, 5, option="on_end", dry_run=True)
    assert said(tmp_path) == []


async def test_a_signal_ends_one_command_and_the_next_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "GRACE", 0.05)
    begun, stop = tmp_path / "begun", Stop()
    os.mkfifo(begun)
    config = Config(
        on_failure=f"echo > {begun}; sleep 3600; true", on_end=SHOW.format(tmp_path / "said", tmp_path / "said")
    )
    (tmp_path / "pub" / ".crawler").mkdir(parents=True)
    with Outputs(config) as outputs:
        report = Report(url="http://h/", directory=str(tmp_path / "pub"), exit_code=5)
        task = asyncio.create_task(outputs.finish(report, stop.afterwards()))
        await asyncio.to_thread(begun.read_bytes)
        stop.request("SIGTERM")
        report = await task
    assert report.exit_code == 143
    assert "was ended by SIGTERM" in report.warnings[0]
    assert said(tmp_path) == ["failed 143 pub"]


@pytest.mark.parametrize("option", ["summary", "metrics", "changes"])
async def test_a_run_that_found_another_one_leaves_the_files_to_that(tmp_path: Path, option: str) -> None:
    file = tmp_path / "file.prom"
    file.write_text("of the other run\n")
    await after(tmp_path, 7, **{option: str(file)})
    assert file.read_text() == "of the other run\n"
    assert said(tmp_path) == ["failed 7 pub"]
    await after(tmp_path, 5, **{option: str(file)})
    assert file.read_text() != "of the other run\n"
