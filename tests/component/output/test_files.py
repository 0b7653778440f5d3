"""The reports for machines, on a real file system and with real commands."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import resource
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.report import Report
from crawler.model.values import Known, Outcome, Rejection, Result
from crawler.output.atomic_file import replace_file
from crawler.output.commands import process as commands
from crawler.output.commands.process import run_command
from crawler.output.files import Outputs
from crawler.output.json_report import change_of, render_json_summary
from crawler.output.metrics import Standing, render_metrics
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.storage.state.records import FileTotals

URL = "http://user:secret@h/"
NOON = 1_700_000_000.0


def result(path: str, outcome: Outcome = Outcome.SAVED, **more: Any) -> Result:
    return Result(path=path, url=URL + "x", outcome=outcome, **more)


def report(**more: Any) -> Report:
    return Report(url=URL, directory="mirror", **more)


RESULTS = [
    result("new", size=5, digest="sha256:aa", known=Known(path="new", url=URL, row="", size=5, mtime=10**18)),
    result("sub/newer", size=7, old_size=6),
    result("same", Outcome.UNCHANGED, size=1),
    result("left", Outcome.SKIPPED, reason="ext"),
    result("gone", Outcome.DELETED, old_size=9),
    result("broken", Outcome.FAILED, reason="HTTP 500"),
]


async def finished(
    config: Config, results: list[Result], closing: Report | None = None, stop: Stop | None = None
) -> Report:
    with Outputs(config) as outputs:
        for item in results:
            outputs.finished(item)
        return await outputs.finish(closing or report(), stop or Stop())


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


# --- the change list --------------------------------------------------------------------------------


async def test_changes_are_what_was_added_updated_deleted_or_failed(tmp_path: Path) -> None:
    target = tmp_path / "changes.jsonl"
    closed = await finished(Config(changes=str(target)), RESULTS)
    changes = lines_of(target)
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", change.pop("time")) for change in changes)
    assert changes == [
        {"change": "added", "path": "new", "url": "http://h/x", "size": 5, "modified": "2001-09-09T01:46:40Z",
         "digest": "sha256:aa"},
        {"change": "updated", "path": "sub/newer", "url": "http://h/x", "size": 7, "old_size": 6},
        {"change": "deleted", "path": "gone", "url": "http://h/x", "old_size": 9},
        {"change": "failed", "path": "broken", "url": "http://h/x", "reason": "HTTP 500"},
    ]  # fmt: skip
    assert (closed.exit_code, closed.warnings) == (0, ())


async def test_without_changes_the_list_is_empty_and_replaces_that_of_the_last_run(tmp_path: Path) -> None:
    target = tmp_path / "changes.jsonl"
    target.write_text("old\n")
    await finished(Config(changes=str(target)), [result("same", Outcome.UNCHANGED)])
    assert target.read_bytes() == b""


async def test_the_old_list_stays_until_the_end_and_no_other_file_is_left(tmp_path: Path) -> None:
    target = tmp_path / "changes.jsonl"
    target.write_text("old\n")
    with Outputs(Config(changes=str(target))) as outputs:
        outputs.finished(RESULTS[0])
    assert target.read_text() == "old\n"
    assert os.listdir(tmp_path) == ["changes.jsonl"]


@pytest.mark.parametrize("raw", [b"caf\xe9", b'\x1b[31m\n"quoted"', "\u202e日本".encode(), bytes(range(1, 256))])
def test_any_name_makes_one_line_that_strict_readers_accept(raw: bytes) -> None:
    name = raw.decode("utf-8", "surrogateescape")
    change = change_of(result(name, reason=name), NOON)
    line = json.dumps(change)
    assert line.isascii()
    assert line.isprintable()
    values = json.loads(line)
    values["path"].encode("utf-8")
    assert bytes.fromhex(values["path_hex"]) == raw if "path_hex" in values else values["path"].encode() == raw


# --- the files --------------------------------------------------------------------------------------


def test_a_file_is_replaced_in_one_step_and_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "out.prom"
    target.write_text("old")
    target.chmod(0o640)
    with open(target) as reader:
        replace_file(str(target), io.BytesIO(b"new"))
        assert reader.read() == "old"
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["out.prom"]


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    target = tmp_path / "out.prom"
    before = os.umask(0o022)
    try:
        replace_file(str(target), io.BytesIO(b""))
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    replace_file(str(tmp_path / "link"), io.BytesIO(b"new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_link_planted_where_the_temporary_file_goes_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f".crawler-{os.getpid()}.tmp").symlink_to(victim)
    replace_file(str(tmp_path / "out"), io.BytesIO(b"new"))
    assert victim.read_text() == "precious"
    assert (tmp_path / "out").read_text() == "new"


def test_a_device_or_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace_file(str(pipe), io.BytesIO(b"through"))
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("option", ["changes", "summary", "metrics"])
def test_a_place_that_cannot_be_written_is_an_error_before_the_run(option: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"--{option} .*/absent/file.prom: no directory .*absent: create it first"):
        Outputs(Config.from_mapping({option: str(tmp_path / "absent" / "file.prom")}, where="test"))
    with pytest.raises(ConfigError, match=rf"--{option} .*: is a directory"):
        (tmp_path / "d.prom").mkdir()
        Outputs(Config.from_mapping({option: str(tmp_path / "d.prom")}, where="test"))


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    """Every write to a file fails with EFBIG, as with ENOSPC on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


async def test_a_file_that_cannot_be_written_is_a_warning_and_exit_1_and_the_old_one_stays(tmp_path: Path) -> None:
    target = tmp_path / "summary.json"
    target.write_text("old")
    with Outputs(Config(summary=str(target))) as outputs, no_file_may_grow():
        closed = await outputs.finish(report(), Stop())
    assert closed.warnings == (f"--summary {target}: File too large",)
    assert closed.exit_code == 1
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["summary.json"]


async def test_a_change_list_that_cannot_be_kept_is_a_warning_and_no_half_list(tmp_path: Path) -> None:
    target = tmp_path / "changes"
    config = Config(changes=str(target), on_change=f"touch {tmp_path}/ran")
    with Outputs(config) as outputs, no_file_may_grow():
        for _ in range(1000):
            outputs.finished(RESULTS[0])
        closed = await outputs.finish(report(), Stop())
    assert closed.exit_code == 1
    assert "the change list could not be written" in closed.warnings[0]
    assert os.listdir(tmp_path) == []


# --- summary and metrics ----------------------------------------------------------------------------


def tallied() -> Report:
    tally = Tally(URL, 'mir\udce9\\"r')
    for item in RESULTS:
        if item.outcome is not Outcome.DELETED:
            tally.listed(item.path, None)
        tally.finished(item)
    tally.listing_failed("sub\x1b", f"{URL}sub/", f"cannot get {URL}")
    tally.rejected("", Rejection("sort", "?"))
    tally.warn(f"see {URL}")
    return tally.close(2.5)


async def test_the_summary_is_the_report_as_json(tmp_path: Path) -> None:
    target = tmp_path / "summary.json"
    await finished(Config(summary=str(target)), [], tallied())
    text = target.read_text("ascii")
    assert "secret" not in text
    summary = json.loads(text)
    assert summary["listed"] == summary["saved"] + summary["unchanged"] + summary["skipped"] + summary["failed"] == 5
    assert (summary["deleted"], summary["exit_code"], summary["seconds"]) == (1, 5, 2.5)
    assert summary["skipped_by"] == {"ext": 1}
    assert summary["rejected_by"] == {"sort": 1}
    assert summary["failures"] == [{"path": "broken", "url": "http://h/x", "reason": "HTTP 500"}]
    assert summary["listing_failures"][0]["reason"] == "cannot get http://h/"
    assert summary["directory_hex"] == b'mir\xe9\\"r'.hex()


def test_the_summary_says_when_the_run_began_and_ended() -> None:
    summary = json.loads(render_json_summary(report(seconds=60.0, interrupted="SIGINT"), NOON))
    assert (summary["started"], summary["ended"]) == ("2023-11-14T22:12:20Z", "2023-11-14T22:13:20Z")
    assert summary["interrupted"] == "SIGINT"


SAMPLE = re.compile(r'[a-z_]+\{([a-z_]+="(\\[\\"n]|[^"\\\n])*",?)+\} -?\d+(\.\d+)?')


def test_metrics_are_in_the_text_format_of_prometheus() -> None:
    text = render_metrics(tallied(), NOON + 0.25, "pub", Standing(last_success=NOON, totals=FileTotals(3, 1 << 53)))
    assert text.endswith("\n")
    assert "secret" not in text
    kinds = set()
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            kinds.add(line.split()[2])
        elif not line.startswith("# HELP"):
            assert SAMPLE.fullmatch(line), line
            assert line.partition("{")[0] in kinds
    labels = '{mirror="pub",directory="mir\ufffd\\\\\\"r",url="http://h/"'
    assert f"crawler_last_run_timestamp_seconds{labels}}} 1700000000.25" in text
    assert f"crawler_last_run_exit_code{labels}}} 5" in text
    assert f"crawler_last_run_success{labels}}} 0" in text
    assert f"crawler_last_run_listings_failed{labels}}} 1" in text
    assert f'crawler_last_run_files{labels},outcome="saved"}} 2' in text
    assert 'crawler_last_success_timestamp_seconds{mirror="pub"} 1700000000' in text
    assert 'crawler_mirror_files{mirror="pub"} 3' in text
    assert 'crawler_mirror_size_bytes{mirror="pub"} 9007199254740992' in text
    assert all('mirror="pub"' in line for line in text.splitlines() if not line.startswith("#"))


async def test_problems_with_the_output_files_show_in_the_metrics(tmp_path: Path) -> None:
    target = tmp_path / "crawler.prom"
    await finished(Config(metrics=str(target), on_change="exit 3"), RESULTS)
    assert 'url="http://h/"} 1\n' in re.sub(r"(?s).*_exit_code gauge\n", "", target.read_text())


# --- the command ------------------------------------------------------------------------------------


async def test_the_command_gets_the_change_list_as_its_input(tmp_path: Path) -> None:
    got, target = tmp_path / "got", tmp_path / "changes"
    closed = await finished(Config(changes=str(target), on_change=f"sort -r > {got} && true"), RESULTS)
    assert closed.warnings == ()
    assert sorted(got.read_text().splitlines()) == sorted(target.read_text().splitlines())
    assert len(lines_of(got)) == 4


async def test_a_command_that_reads_nothing_is_not_waited_for_in_vain(tmp_path: Path) -> None:
    many = [result(f"file-{number}" + "x" * 100) for number in range(2000)]
    closed = await finished(Config(on_change="true"), many)
    assert closed.warnings == ()


@pytest.mark.parametrize("outcome", [Outcome.UNCHANGED, Outcome.SKIPPED, Outcome.FAILED])
async def test_the_command_is_not_run_when_nothing_changed(outcome: Outcome, tmp_path: Path) -> None:
    await finished(Config(on_change=f"touch {tmp_path}/ran"), [result("a", outcome)])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("exit 3", "ended with exit status 3: exit 3"),
        ("/nowhere/absent 2>/dev/null", "ended with exit status 127: /nowhere/absent 2>/dev/null"),
        ("kill -9 $$", "was ended by signal 9: kill -9 $$"),
    ],
)
async def test_a_command_that_fails_is_a_warning_and_exit_1(command: str, problem: str) -> None:
    closed = await finished(Config(on_change=command), RESULTS)
    assert closed.warnings == (f"--on-change {problem}",)
    assert closed.exit_code == 1


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
async def test_a_command_ends_with_a_stop_and_the_files_are_written(
    tmp_path: Path, trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "GRACE", 0.05)
    stop, started, summary = Stop(), tmp_path / "started", tmp_path / "summary"
    os.mkfifo(started)
    command = f"{trap}echo > {started}; sleep 3600; echo this shell does not become sleep"
    task = asyncio.create_task(finished(Config(on_change=command, summary=str(summary)), RESULTS, stop=stop))
    await asyncio.to_thread(started.read_bytes)
    stop.request("SIGTERM")
    closed = await task
    assert closed.warnings == (f"--on-change was ended by SIGTERM: {command}",)
    assert (closed.exit_code, json.loads(summary.read_text())["exit_code"]) == (143, 143)


async def test_a_run_that_was_stopped_still_reports_its_changes(tmp_path: Path) -> None:
    stop = Stop()
    stop.request("SIGTERM")
    closed = await finished(Config(on_change=f"touch {tmp_path}/ran"), RESULTS, stop=stop.afterwards())
    assert closed.warnings == ()
    assert os.listdir(tmp_path) == ["ran"]


async def test_a_cancelled_run_ends_its_command(tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    with open(os.devnull, "rb") as nothing:
        task = asyncio.create_task(run_command(f"exec {sys.executable} -c 'open(\"{started}\", \"w\").close(); "
                                               "import signal; signal.pause()'", nothing))  # fmt: skip
        await asyncio.to_thread(lambda: started.read_bytes())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
