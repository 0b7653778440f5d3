"""The ready observers for tqdm and rich: what they count, that they end, and that they import nothing too early."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

import crawler
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Outcome, Result


def one_run(observer: crawler.Observer) -> None:
    """Six files: two unchanged, one saved, one failed, one that is a directory, one still to come; and a deletion."""

    def ends(path: str, outcome: Outcome) -> None:
        observer.finished(Result(path=path, url="u", outcome=outcome))

    files = [StoredFile(name=name, size=1, url="u", row="", mtime=0, checked=0.0) for name in "ab"]
    for path in "cdef":
        observer.listed(path, 10)
    observer.all_unchanged("", files, "same")
    observer.listing_failed("sub", "u", "HTTP 500")
    observer.walked()
    observer.received(Job(url="u", path="c", reason="new"), 2048)
    ends("c", Outcome.SAVED)
    ends("d", Outcome.FAILED)
    ends("e", Outcome.DIRECTORY)
    ends("old", Outcome.DELETED)


def test_tqdm_shows_the_counts_and_is_closed() -> None:
    stream = io.StringIO()
    observer = crawler.TqdmProgress(file=stream, ascii=True, mininterval=0, ncols=100, dynamic_ncols=False, desc="pub")
    one_run(observer)
    observer.run_finished()
    last = stream.getvalue().rstrip("\n").rpartition("\r")[2]
    assert last.startswith("pub:  80%|")
    assert " 4/5 [" in last
    assert last.endswith("files/s, 2.0 KiB, 2 failed]")
    assert stream.getvalue().endswith("\n"), "closed: what is printed next has its own line"


def test_tqdm_may_be_a_bar_of_the_callers_choice() -> None:
    made: list[dict[str, Any]] = []

    class Bar:
        n = 0

        def __init__(self, **options: object) -> None:
            made.append(options)

        def set_postfix_str(self, text: str, *, refresh: bool) -> None: ...

        def update(self, count: int) -> None:
            self.n += count

        def refresh(self) -> None: ...

        def close(self) -> None:
            made.append({"n": self.n})

    observer = crawler.TqdmProgress(Bar, unit=" things")
    one_run(observer)
    observer.run_finished()
    assert made == [{"unit": " things", "total": 0, "dynamic_ncols": True}, {"n": 4}]


def test_rich_shows_the_counts_and_gives_the_terminal_back() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    display = Progress(TextColumn("{task.completed}/{task.total} {task.fields[figures]}"), console=console)
    with display:
        observer = crawler.RichProgress(display, description="pub")
        one_run(observer)
        observer.run_finished()
        assert display.live.is_started, "a display of the caller's is stopped by the caller"
    assert "4/5 2.0 KiB, 2 failed" in stream.getvalue()


def test_a_display_of_its_own_is_started_and_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    observer = crawler.RichProgress(description="[red]pub")
    one_run(observer)
    observer.run_finished()
    assert "4/5 2.0 KiB, 2 failed" in " ".join(capsys.readouterr().out.split())
    crawler.RichProgress().run_finished()  # a run that ended before its first event


def test_the_libraries_are_imported_when_they_are_used() -> None:
    script = """
import sys
def loaded(): return {"tqdm", "rich.progress"} & set(sys.modules)
from crawler import TqdmProgress, RichProgress
assert not loaded(), loaded()
sys.modules["tqdm.auto"] = None
try:
    TqdmProgress()
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "TqdmProgress needs tqdm: pip install tqdm\n"
