"""The log: which events go where, how they are worded, and that foreign text is escaped."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina

from crawler.model import limits
from crawler.model.errors import ConfigError, FetchError
from crawler.model.report import Report
from crawler.model.values import Outcome, Rejection, Result
from crawler.output import log
from crawler.pipeline import attempts

URL = "http://user:secret@h/a/b.zip"
HOSTILE = "\x1b]0;x\x07\n2026-01-01 saved forged\u202e\x9b\udc80"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    stamina_log = logging.getLogger("stamina")
    before = (stamina_log.handlers[:], stamina_log.propagate, log.LOGGER.level, log.LOGGER.propagate)
    yield
    for handler in log.LOGGER.handlers[:]:
        log.LOGGER.removeHandler(handler)
        handler.close()
    stamina_log.handlers, stamina_log.propagate = before[:2]
    log.LOGGER.setLevel(before[2])
    log.LOGGER.propagate = before[3]
    stamina.instrumentation.set_on_retry_hooks(None)


class Lines(list[str]):
    """Collects the lines of the console log."""

    @property
    def bare(self) -> list[str]:
        """The lines without their times."""
        return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in self]

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self]


def configured(
    verbosity: int = 0, *, quiet: bool = False, form: str = "text", file: Path | None = None
) -> tuple[log.LogObserver, Lines]:
    lines = Lines()
    observer = log.configure(verbosity, quiet, None if file is None else str(file), form, lines.append)
    return observer, lines


def result(outcome: Outcome, **more: Any) -> Result:
    return Result(path="a/b.zip", url=URL, outcome=outcome, **more)


def run_through(observer: log.LogObserver) -> None:
    observer.run_started("http://user:secret@h/", "mirror")
    observer.listing_read("a", "http://h/a/", 12, family="apache-pre", confidence=0.98)
    observer.listing_failed("sub", "http://user:secret@h/sub/", "HTTP 503")
    observer.rejected("a", Rejection("sort", "?C=N"))
    observer.rejected("a", Rejection("bad-name", "..%2f", "a slash inside"))
    observer.finished(result(Outcome.SAVED, size=1288490, seconds=0.336, received=1288490, reason="new", attempts=2))
    observer.finished(result(Outcome.UNCHANGED, size=5))
    observer.finished(result(Outcome.SKIPPED, reason="ext"))
    observer.finished(result(Outcome.FAILED, reason=f"HTTP 404 for {URL}"))
    observer.finished(result(Outcome.DELETED, old_size=9))
    report = Report(url=URL, directory="mirror", saved=1, listed=1, seconds=2.0, warnings=("w",), interrupted="SIGINT")
    observer.run_ended(report)


def test_one_line_per_decision_at_v() -> None:
    observer, lines = configured(1)
    run_through(observer)
    assert lines.bare == [
        "run-start mirror http://h/",
        "listing a http://h/a/ entries=12 family=apache-pre confidence=0.98",
        "listing-failed sub http://h/sub/ (HTTP 503)",
        "rejected a link=..%2f (bad-name: a slash inside)",
        "saved a/b.zip 1.2 MiB attempts=2 0.34 s (new)",
        "skipped a/b.zip (ext)",
        "failed a/b.zip http://h/a/b.zip (HTTP 404 for http://h/a/b.zip)",
        "deleted a/b.zip",
        "run-end mirror http://h/a/b.zip exit_code=0 listed=1 saved=1 unchanged=0 skipped=0 failed=0 deleted=0 2.0 s "
        "(SIGINT)",
        "warning (w)",
    ]  # fmt: skip
    assert all(re.match(r"[012]\d:\d\d:\d\d [a-z]", line) for line in lines)


def test_all_of_it_at_vv() -> None:
    observer, lines = configured(2)
    run_through(observer)
    log.event(logging.DEBUG, "request", method="GET", url=URL, status=200, seconds=0.01)
    assert "unchanged a/b.zip" in lines.bare[6]
    assert "rejected a link=?C=N (sort)" in lines.bare
    assert lines.bare[-1] == "request http://h/a/b.zip method=GET status=200 0.01 s"


@pytest.mark.parametrize(("verbosity", "quiet"), [(0, False), (0, True), (2, True)])
def test_without_v_only_warnings_that_the_summary_does_not_repeat(verbosity: int, quiet: bool) -> None:
    observer, lines = configured(verbosity, quiet=quiet)
    run_through(observer)
    logging.getLogger("crawler.storage.state").warning("the state %s is damaged", "x\x1b")
    logging.getLogger("crawler.storage.state").info("not this")
    assert lines == ["crawler: warning: the state x\\x1b is damaged"]


def test_json_lines_have_time_level_event_and_fields() -> None:
    observer, lines = configured(1, form="json")
    run_through(observer)
    assert [line["event"] for line in lines.objects] == [
        "run-start", "listing", "listing-failed", "rejected", "saved", "skipped", "failed", "deleted", "run-end",
        "warning",
    ]  # fmt: skip
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines.objects)
    saved, failed = lines.objects[4], lines.objects[6]
    del saved["time"]
    assert saved == {
        "level": "info", "event": "saved", "path": "a/b.zip", "url": "http://h/a/b.zip", "size": 1288490,
        "seconds": 0.336, "received": 1288490, "attempts": 2, "reason": "new",
    }  # fmt: skip
    assert (failed["level"], failed["reason"]) == ("warning", "HTTP 404 for http://h/a/b.zip")


def test_json_without_v_has_the_failures_because_nobody_reads_a_summary() -> None:
    observer, lines = configured(0, form="json")
    run_through(observer)
    assert [line["event"] for line in lines.objects] == ["listing-failed", "failed"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_name_can_act_forge_a_line_or_carry_a_password(form: str) -> None:
    observer, lines = configured(2, form=form)
    where = f"http://user:secret@h/{HOSTILE}"
    observer.run_started(where, HOSTILE)
    observer.listing_read(HOSTILE, where, 1, family=HOSTILE, confidence=1.0)
    observer.listing_failed(HOSTILE, where, f"{HOSTILE} {where}")
    observer.rejected(HOSTILE, Rejection(HOSTILE, where, HOSTILE))
    for outcome in Outcome:
        observer.finished(
            Result(path=HOSTILE, url=where, outcome=outcome, reason=HOSTILE, digest=HOSTILE, attempts=2, old_size=1)
        )
    observer.run_ended(Report(url=where, directory=HOSTILE, interrupted=HOSTILE, warnings=(HOSTILE,)))
    logging.getLogger("crawler.http.client").warning("%s %s", HOSTILE, where)
    assert len(lines) == 13
    for line in lines:
        line.encode("utf-8")
        assert line.isprintable()
        assert "secret" not in line


def test_json_keeps_names_that_are_not_utf8() -> None:
    observer, lines = configured(1, form="json")
    observer.finished(Result(path="caf\udce9", url=URL, outcome=Outcome.SKIPPED, reason="ext"))
    assert (lines.objects[0]["path"], lines.objects[0]["path_hex"]) == ("caf\ufffd", "636166e9")


def test_a_traceback_is_indented_and_escaped() -> None:
    _, text = configured(0)
    try:
        int(HOSTILE)
    except ValueError:
        logging.getLogger("crawler").exception("broken")
    first, *rest = text[0].split("\n")
    assert first == "crawler: error: broken"
    assert all(line.startswith("  ") and line.isprintable() for line in rest)


# --- the file ---------------------------------------------------------------------------------------


def test_the_file_has_every_decision_while_the_terminal_is_quiet(tmp_path: Path) -> None:
    file = tmp_path / "log"
    observer, lines = configured(0, quiet=True, file=file)
    run_through(observer)
    assert lines == []
    assert len(file.read_text().splitlines()) == 10
    configured(0, file=file)
    assert len(file.read_text().splitlines()) == 10, "a new run appends"


def test_the_file_is_opened_again_when_it_was_moved_away(tmp_path: Path) -> None:
    file = tmp_path / "log"
    observer, _ = configured(0, file=file)
    observer.finished(result(Outcome.SKIPPED, reason="one"))
    file.rename(tmp_path / "log.1")
    observer.finished(result(Outcome.SKIPPED, reason="two"))
    assert "(one)" in (tmp_path / "log.1").read_text()
    assert "(two)" in file.read_text()


def test_a_file_that_cannot_be_opened_is_an_error_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--log-file .*/absent/log: no directory .*/absent: create it first"):
        configured(file=tmp_path / "absent" / "log")


def test_a_log_file_that_becomes_unwritable_is_reported_once_and_the_run_continues(tmp_path: Path) -> None:
    directory = tmp_path / "logs"
    directory.mkdir()
    observer, lines = configured(0, file=directory / "log")
    os.unlink(directory / "log")
    directory.rmdir()
    for _ in range(3):
        observer.finished(result(Outcome.SKIPPED, reason="ext"))
    assert len(lines) == 1
    assert "can no longer be written" in lines[0]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_under_the_log_does_not_end_the_run() -> None:
    observer, lines = configured(0, file=Path("/dev/full"))
    for _ in range(3):
        observer.finished(result(Outcome.SKIPPED, reason="ext"))
    assert [line for line in lines if "No space left" in line] == lines[:1]


def test_a_stderr_that_is_closed_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    observer = log.configure(1, False, None, "text")
    observer.finished(result(Outcome.SKIPPED, reason="ext"))
    assert stream.getvalue().endswith("skipped a/b.zip (ext)\n")
    stream.close()
    observer.finished(result(Outcome.SKIPPED, reason="ext"))


# --- retries ----------------------------------------------------------------------------------------


async def retried_once() -> str:
    failures = [FetchError("HTTP 503", url=URL)]

    async def action() -> str:
        if failures:
            raise failures.pop()
        return "done"

    return await attempts.persist(action, 3)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BACKOFF_INITIAL", 0.0)
    monkeypatch.setattr(limits, "BACKOFF_MAX", 0.0)
    monkeypatch.setattr(attempts, "_announce", None)


@pytest.mark.usefixtures("no_waiting")
async def test_a_retry_is_one_line_at_v() -> None:
    _, lines = configured(1)
    attempts.announce_to(log.log_retry)
    assert await retried_once() == "done"
    assert lines.bare == ["retry http://h/a/b.zip attempt=2 wait=0.0 (HTTP 503)"]


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("announced", [True, False])
async def test_a_retry_is_silent_without_v(announced: bool, capfd: pytest.CaptureFixture[str]) -> None:
    _, lines = configured(0)
    if announced:
        attempts.announce_to(log.log_retry)
    await retried_once()
    assert lines == []
    assert capfd.readouterr() == ("", "")
