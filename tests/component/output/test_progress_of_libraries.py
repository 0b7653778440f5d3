"""The ready observers for tqdm and rich: what they count, that they end, and that they import nothing too early."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import tqdm
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


def test_a_bar_of_the_callers_goes_on_from_where_it_is_and_stays_open() -> None:
    with tqdm.tqdm(total=10, initial=3, file=io.StringIO()) as bar:
        for done in (7, 11):
            observer = crawler.TqdmProgress(bar)
            one_run(observer)
            observer.run_finished()
            assert (bar.n, bar.total, bar.disable) == (done, 10 + 5 * (done - 3) // 4, False)


BAR = "bar: expected a bar of tqdm, or a class of bars, not "
DISPLAY = "progress: expected a display of rich, or a class of displays, not "


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: crawler.TqdmProgress("pub"), BAR + "str"),
        (lambda: crawler.TqdmProgress(False), BAR + "bool"),
        (lambda: crawler.TqdmProgress(tqdm), BAR + "module"),
        (lambda: crawler.TqdmProgress(Progress()), BAR + "Progress"),
        (lambda: crawler.TqdmProgress(lambda **_: None), BAR + "NoneType"),
        (lambda: crawler.TqdmProgress(list), "bar: list() takes no keyword arguments"),
        (lambda: crawler.TqdmProgress(tqdm.tqdm(disable=True), desc="pub"),
         "bar: this bar exists already: create it with desc, or pass its class"),
        (lambda: crawler.RichProgress("pub"), DISPLAY + "str"),  # type: ignore[arg-type]
        (lambda: crawler.RichProgress(tqdm.tqdm(disable=True)), DISPLAY + "tqdm"),
        (lambda: crawler.RichProgress(list), DISPLAY + "list"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_is_no_bar_is_refused_at_once(make: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()
    assert str(caught.value) == message


def test_a_class_of_displays_makes_one_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    observer = crawler.RichProgress(Progress)
    one_run(observer)
    observer.run_finished()
    assert "Files" in capsys.readouterr().out


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
