"""Progress on text streams and pseudo-terminals: what is drawn, where, and what remains."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from crawler.model.errors import FetchError
from crawler.model.observer import Observer
from crawler.model.values import Job, Outcome, Rejection, Result, Span
from crawler.output.progress import EVENTS, Fanout, choose_display
from crawler.output.progress.bars import SETTLED, Bars, fit
from crawler.output.progress.counters import Counters
from crawler.output.progress.plain import Plain
from crawler.output.progress.silent import SilentDisplay
from crawler.output.progress.totals_line import render_bytes, render_eta, render_parts
from crawler.output.progress.transfers import Speed
from crawler.pipeline.tally import Tally

MIB = 1024 * 1024


class Clock:
    """A clock that advances only when a test sets it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def job(path: str, size: int | None = None) -> Job:
    return Job(url=f"http://h/{path}", path=path, reason="new", size=None if size is None else Span(size, size))


def result(path: str, outcome: Outcome = Outcome.SAVED, size: int = 0) -> Result:
    return Result(path=path, url=f"http://h/{path}", outcome=outcome, size=size)


def parts(counters: Counters, now: float) -> dict[str, str]:
    return render_parts(counters.totals(now), at_least="≥", ellipsis="…")


# --- counting ---------------------------------------------------------------------------------------


def test_while_listings_are_read_the_totals_are_lower_bounds_and_there_is_no_eta() -> None:
    clock = Clock()
    counters = Counters(clock)
    counters.listed("a", 10 * MIB)
    counters.listed("b", 10 * MIB)
    counters.started(job("a", 10 * MIB))
    counters.received(job("a"), 5 * MIB)
    assert parts(counters, clock.now + 1) == {
        "files": "0/≥2 files",
        "bytes": "5.0/≥20.0 MiB",
        "rate": "5.0 MiB/s",
        "elapsed": "elapsed 0:01",
        "eta": "listing…",
    }
    assert counters.totals(clock.now + 1).fraction is None


def test_once_everything_is_listed_totals_are_exact_and_the_eta_follows_the_bytes() -> None:
    clock = Clock()
    counters = Counters(clock)
    for name in "abc":
        counters.listed(name, 10 * MIB)
    counters.walked()
    counters.started(job("a", 10 * MIB))
    counters.received(job("a"), 10 * MIB)
    counters.finished(result("a", size=10 * MIB))
    counters.started(job("b", 10 * MIB))
    counters.received(job("b"), 5 * MIB)
    totals = counters.totals(clock.now + 3)
    assert (totals.rate, totals.eta, totals.fraction) == (5 * MIB, 3.0, 0.5)
    assert parts(counters, clock.now + 3)["files"] == "1/3 files"


def test_for_small_files_the_eta_follows_their_number() -> None:
    clock = Clock()
    counters = Counters(clock)
    for number in range(100):
        counters.listed(str(number), 10)
    counters.walked()
    for number in range(20):
        counters.started(job(str(number), 10))
        counters.received(job(str(number)), 10)
        counters.finished(result(str(number), size=10))
    counters.listed("tail", 0)
    assert counters.totals(clock.now + 4).eta == pytest.approx(16.2)


def test_sizes_that_no_listing_gives_make_the_bytes_and_the_eta_lower_bounds() -> None:
    clock = Clock()
    counters = Counters(clock)
    counters.listed("known", MIB)
    counters.listed("unknown", None)
    counters.listed("done", None)
    counters.finished(result("done", size=MIB))
    counters.walked()
    shown = parts(counters, clock.now + 3)
    assert shown["bytes"] == "1.0/≥2.0 MiB"
    assert shown["eta"] == "ETA ≥0:06"
    assert counters.totals(clock.now + 3).fraction == pytest.approx(1 / 3)
    counters.started(job("unknown", None))
    counters.resumed(job("unknown", 4 * MIB), 0)
    assert parts(counters, clock.now + 3)["bytes"] == "1.0/6.0 MiB", "the response states the size"
    counters.received(job("unknown", None), MIB)
    assert counters.totals(clock.now + 3).fraction == pytest.approx(2 / 6)
    counters.listed("another", None)
    assert counters.totals(clock.now + 3).fraction == pytest.approx(1.25 / 4), "parts of files count as such"


def test_before_the_first_listing_nothing_is_counted() -> None:
    counters = Counters(Clock())
    assert parts(counters, 103.0) == {"elapsed": "elapsed 0:03", "eta": "listing…"}
    counters.walked()
    assert parts(counters, 103.0)["files"] == "0/0 files"


def test_at_the_end_of_a_run_nothing_is_in_flight_any_more() -> None:
    clock = Clock()
    counters = Counters(clock)
    counters.listed("a", MIB)
    counters.started(job("a", MIB))
    counters.received(job("a", MIB), MIB // 2)
    counters.retrying(2, 60, FetchError("HTTP 500", url="http://h/b"))
    counters.finishing()
    assert parts(counters, clock.now + 2) == {
        "files": "0/≥1 files", "bytes": "0.5/≥1.0 MiB", "elapsed": "elapsed 0:02", "eta": "finishing…",
    }  # fmt: skip
    assert counters.transfers(clock.now + 2, older_than=0) == counters.pending_retries(clock.now + 2) == []
    counters.received(job("a"), 5)
    counters.finished(result("a"))


def test_bytes_that_an_earlier_run_left_count_and_are_no_speed() -> None:
    clock = Clock()
    counters = Counters(clock)
    counters.listed("a", 72 * MIB)
    counters.walked()
    counters.started(job("a", 72 * MIB))
    counters.resumed(job("a"), 70 * MIB)
    assert parts(counters, clock.now + 1)["bytes"] == "70.0/72.0 MiB"
    assert parts(counters, clock.now + 1)["rate"] == "0 B/s"
    counters.received(job("a"), MIB)
    (transfer,) = counters.transfers(clock.now + 1, older_than=0)
    assert (transfer.arrived, transfer.received, transfer.rate(clock.now + 1)) == (71 * MIB, MIB, MIB)
    assert counters.totals(clock.now + 1).bytes_done == 71 * MIB
    counters.resumed(job("a"), 0)
    assert (transfer.arrived, transfer.received) == (0, MIB), "the server has another version now"
    counters.received(job("a"), 72 * MIB)
    assert transfer.complete
    counters.finished(result("a", size=72 * MIB))
    counters.resumed(job("a"), 5)
    assert counters.totals(clock.now + 2).bytes_done == 72 * MIB


def test_a_resumed_file_without_a_listed_size_has_the_one_that_its_response_states() -> None:
    clock = Clock()
    counters = Counters(clock)
    counters.listed("a", None)
    counters.walked()
    counters.started(job("a", None))
    assert counters.totals(clock.now).sizes_unknown
    counters.resumed(job("a", 72 * MIB), 70 * MIB)
    assert parts(counters, clock.now + 1)["bytes"] == "70.0/72.0 MiB"
    assert not counters.totals(clock.now + 1).sizes_unknown
    counters.received(job("a", None), 2 * MIB)
    counters.finished(result("a", size=72 * MIB))
    assert counters.totals(clock.now + 2).bytes_done == 72 * MIB


def test_listings_without_sizes_give_no_total_of_bytes() -> None:
    counters = Counters(Clock())
    counters.listed("a", None)
    counters.started(job("a"))
    counters.received(job("a"), 3 * MIB)
    assert parts(counters, 200.0)["bytes"] == "3.0 MiB"


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.FAILED])
def test_what_is_not_fetched_leaves_the_total_of_bytes(outcome: Outcome) -> None:
    counters = Counters(Clock())
    counters.listed("big", 1000 * MIB)
    counters.listed("small", MIB)
    counters.finished(result("big", outcome))
    totals = counters.totals(200.0)
    assert (totals.done, totals.files, totals.bytes_total) == (1, 2, MIB)
    assert totals.failed == (outcome is Outcome.FAILED)


def test_a_directory_taken_for_a_file_leaves_the_total_and_a_deletion_never_enters_it() -> None:
    counters = Counters(Clock())
    counters.listed("folder", 5)
    counters.finished(result("folder", Outcome.DIRECTORY))
    counters.finished(result("gone", Outcome.DELETED, size=7))
    totals = counters.totals(200.0)
    assert (totals.done, totals.files, totals.bytes_done, totals.bytes_total) == (0, 0, 0, 0)


def test_a_body_fetched_twice_does_not_count_beyond_its_size() -> None:
    counters = Counters(Clock())
    counters.listed("a", 10)
    counters.started(job("a", 10))
    counters.received(job("a"), 8)
    counters.received(job("a"), 8)
    assert (counters.totals(200.0).bytes_done, counters.totals(200.0).bytes_total) == (10, 10)


def test_a_path_listed_twice_is_not_expected_twice() -> None:
    counters = Counters(Clock())
    counters.listed("a", 10)
    counters.listed("a", None)
    counters.finished(result("a", size=10))
    totals = counters.totals(200.0)
    assert (totals.bytes_total, totals.sizes_unknown) == (10, False)


def test_a_rate_is_that_of_the_last_ten_seconds() -> None:
    speed = Speed(0.0)
    for second in range(1, 21):
        rate = speed.rate(float(second), 1000)
    assert rate == 0.0
    assert speed.rate(21.0, 2000) == 100.0


# fmt: off
SAMPLES = [
    ([], 0.0),
    ([(0.0, 5)], 0.0),                                             # no time has passed
    ([(1.0, 10)], 10.0),                                           # since the beginning, if that is recent
    ([(1.0, 10), (2.0, 30), (3.0, 90)], 30.0),
    ([(1.0, 10), (2.0, 30), (3.0, 90), (4.0, 250)], 80.0),         # growing: 240 in the last three seconds
    ([(1.0, 10), (2.0, 30), (2.5, 60), (5.5, 360)], 100.0),        # a sample that is three seconds old
    ([(1.0, 90), (9.0, 99)], 9 / 8),                               # rare samples
    ([(2.0, 80), (3.0, 80), (8.0, 80)], 10.0),                     # a stall: the average over the window
    ([(1.0, 8), (30.0, 8), (34.0, 8)], 0.0),                       # a stall that is longer than the window
    ([(float(each), 7 * each) for each in range(1, 40)], 7.0),
]
"""(time, count) of each sample → rate at the last of them; counting begins at 0."""
# fmt: on


@pytest.mark.parametrize(("samples", "latest"), SAMPLES)
def test_the_latest_rate_follows_a_growing_one(samples: list[tuple[float, int]], latest: float) -> None:
    speed = Speed(0.0)
    for sample in samples:
        speed.rate(*sample)
    assert speed.latest() == pytest.approx(latest)


def test_while_concurrency_grows_the_eta_is_that_of_the_last_seconds_and_none_at_first() -> None:
    clock = Clock()
    counters = Counters(clock)
    began = clock.now
    counters.listed("a", 1100 * MIB)
    counters.walked()
    counters.started(job("a", 1100 * MIB))
    shown = []
    for second, arrived in enumerate((1, 9, 30, 60, 100, 100, 100), 1):  # MiB in each second
        counters.received(job("a"), arrived * MIB)
        shown.append(counters.totals(began + second).eta)
    assert shown[:2] == [None, None]
    assert shown[2:] == pytest.approx([1060 / 40 * 3, 1000 / 99 * 3, 900 / 190 * 3, 800 / 260 * 3, 700 / 100])


@pytest.mark.parametrize(
    ("done", "total", "text"),
    [
        (0, 5, "0/5 B"),
        (512 * 1024, 2 * MIB, "0.5/2.0 MiB"),
        (1, 300 * MIB, "0/300 MiB"),
        (5 * 1024**4, 9 * 1024**4, "5.0/9.0 TiB"),
    ],
)
def test_both_sizes_have_the_unit_of_the_total(done: int, total: int, text: str) -> None:
    assert render_bytes(done, total) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (125, "2:05"), (11220, "3:07:00")])
def test_times_to_go_read_like_a_clock(seconds: float, text: str) -> None:
    assert render_eta(seconds) == text


# --- the bars ---------------------------------------------------------------------------------------


def console_of(stream: TextIO, width: int = 80, height: int = 24) -> Console:
    return Console(
        file=stream,
        force_terminal=True,
        width=width,
        height=height,
        color_system="256",
        highlight=False,
        no_color=False,
    )


def frame(bars: Bars, width: int = 80, height: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    with console.capture() as shown:
        console.print(bars, end="")
    return shown.get().splitlines()


def busy(clock: Clock, stream: TextIO | None = None, transfers: int = 3) -> Bars:
    bars = Bars(stream or io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), clock)
    for number in range(transfers):
        path = f"pool/main/package-{number}.tar.gz"
        bars.listed(path, 100 * MIB)
        bars.started(job(path, 100 * MIB))
        bars.received(job(path), 40 * MIB)
    bars.listed("x", None)
    bars.finished(result("x", Outcome.FAILED))
    bars.walked()
    clock.now += 10
    return bars


def test_a_frame_is_one_line_of_totals_and_one_per_transfer() -> None:
    lines = frame(busy(Clock()), width=100)
    assert re.fullmatch(
        r"[━╸╺ ]+ 40%  1/4 files  120/300 MiB  12\.0 MiB/s  elapsed 0:10  ETA 0:15  1 failed", lines[0].rstrip()
    )
    assert len(lines) == 4
    assert lines[1].startswith("  pool/main/package-0.tar.gz ")
    assert lines[1].endswith("40/100 MiB  40%    4.0 MiB/s")


WIDTHS = {
    84: r"[━╸╺ ]{8} +40%  1/4 files  120/300 MiB  12\.0 MiB/s  elapsed 0:10  ETA 0:15  1 failed",
    83: "40%  1/4 files  120/300 MiB  12\\.0 MiB/s  elapsed 0:10  ETA 0:15  1 failed",
    60: "40%  1/4 files  120/300 MiB  12\\.0 MiB/s  ETA 0:15  1 failed",
    55: "1/4 files  120/300 MiB  12\\.0 MiB/s  ETA 0:15  1 failed",
    48: "1/4 files  120/300 MiB  12\\.0 MiB/s  1 failed",
    24: "1/4 files  1 failed",
}
"""Width of a terminal → the totals shown there."""


@pytest.mark.parametrize("width", WIDTHS)
def test_what_a_narrow_terminal_leaves_out(width: int) -> None:
    assert re.fullmatch(WIDTHS[width], frame(busy(Clock()), width)[0].rstrip())


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    clock = Clock()
    bars = busy(clock)
    for name in ("日本" * 60, "a/" * 100 + "end.iso", "\x1b[31m" * 30, "caf\udce9" * 30):
        bars.started(job(name, 10**12))
    clock.now += 1
    lines = frame(bars, width)
    assert len(lines) == 8
    assert all(cell_len(line) < width for line in lines)
    assert "1 failed" in lines[0] or width == 20


def test_a_frame_is_never_taller_than_the_terminal_and_says_what_it_leaves_out() -> None:
    lines = frame(busy(Clock(), transfers=20), height=10)
    assert len(lines) == 9
    assert lines[-1] == "  … and 13 more"


def test_a_transfer_is_shown_once_it_lasts_and_until_its_body_is_there() -> None:
    clock = Clock()
    bars = Bars(io.StringIO(), clock)
    bars.started(job("quick", 100))
    clock.now += SETTLED / 2
    assert len(frame(bars)) == 1
    clock.now += SETTLED
    assert "quick" in frame(bars)[1]
    bars.received(job("quick"), 100)
    assert len(frame(bars)) == 1


def test_a_transfer_of_unknown_size_shows_what_has_arrived() -> None:
    clock = Clock()
    bars = Bars(io.StringIO(), clock)
    bars.started(job("stream"))
    bars.received(job("stream"), 3 * MIB)
    clock.now += 1
    assert re.search(r"3\.0 MiB +3\.0 MiB/s$", frame(bars)[1])


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\x1b]0;x\x07b", r"a\x1b]0;x\x07b"), ("gpj.\u202eexe", r"gpj.\u202eexe"), ("[red]x[/red]", "[red]x[/red]")],
)
def test_a_name_is_a_picture_of_itself_on_the_screen(name: str, shown: str) -> None:
    clock = Clock()
    bars = Bars(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), clock)
    bars.started(job(name, 100))
    clock.now += 1
    assert frame(bars)[1].startswith(f"  {shown} ")


def test_a_terminal_without_unicode_gets_ascii_only() -> None:
    clock = Clock()
    bars = busy(clock, io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    bars.started(job("日本" * 30, 100))
    bars.listed("more", None)
    clock.now += 1
    lines = frame(bars)
    assert ">=" in lines[0]
    assert all(line.isascii() for line in lines[1:])
    assert lines[-1].startswith("  ...")
    assert all(cell_len(line) < 80 for line in lines)


def test_of_a_long_path_the_end_is_kept() -> None:
    assert fit("some/long/path/name.iso", 12, "…") == "…th/name.iso"
    assert fit("short", 8, "…") == "short   "
    assert cell_len(fit("日本語日本語", 8, "…")) == 8


def test_lines_written_meanwhile_stand_above_the_bars_and_the_bars_leave_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Bars, "interval", 60.0)
    stream = io.StringIO()
    with Bars(stream, console=console_of(stream)) as bars:
        bars.listed("a", 5)
        bars.tick()
        bars.write("a warning " + "x" * 100)
        bars.tick()
        assert stream.getvalue().count("a warning " + "x" * 100 + "\n") == 1, "long lines are not broken"
        assert re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).endswith(
            "\n0/>=1 files  0/>=5 B  0 B/s  elapsed 0:00  listing...\r"
        )
        bars.write("last words")
    text = stream.getvalue()
    assert "last words\n" in text
    assert text.index("last words\n") > text.index("a warning")
    assert text.endswith("\x1b[?25h\r\x1b[1A\x1b[2K"), "the cursor shows again, and the last line is erased"
    bars.write("afterwards")
    assert stream.getvalue().endswith("afterwards\n")


def test_a_window_made_narrower_is_cleaned_of_the_lines_it_broke() -> None:
    stream = io.StringIO()
    console = console_of(stream, width=100)
    bars = Bars(stream, Clock(), console=console)
    bars.started(job("transfer", 100))
    with bars._live:
        bars._clock.now += 1  # type: ignore[attr-defined]
        bars.tick()
        console.size = console.size._replace(width=50)
        before = len(stream.getvalue())
        bars.tick()
        climbed = stream.getvalue()[before:].count("\x1b[1A")
    assert climbed == 2, "two lines, of which that of the transfer fills two in the narrow window"


def test_bars_survive_a_terminal_that_goes_away() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            if self.gone:
                raise OSError(5, "Input/output error")
            return super().write(text)

        gone = False

    stream = Gone()
    with Bars(stream, console=console_of(stream)) as bars:
        stream.gone = True
        bars._thread.join(60)
        assert not bars._thread.is_alive()
        bars.finished(result("a"))


# --- choosing ---------------------------------------------------------------------------------------


@contextmanager
def pseudo_terminal() -> Iterator[tuple[int, TextIO]]:
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as stream:
        yield ours, stream
    os.close(ours)


@pytest.mark.parametrize(
    ("mode", "term", "expected"),
    [
        ("auto", "xterm-256color", Bars),
        ("auto", "dumb", SilentDisplay),
        ("auto", None, SilentDisplay),
        ("bars", "xterm-256color", Bars),
        ("bars", "dumb", Plain),
        ("plain", "xterm-256color", Plain),
        ("none", "xterm-256color", SilentDisplay),
    ],
)
def test_on_a_terminal(mode: str, term: str | None, expected: type, monkeypatch: pytest.MonkeyPatch) -> None:
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)
    with pseudo_terminal() as (_, stream):
        assert type(choose_display(mode, stream)) is expected


@pytest.mark.parametrize(
    ("mode", "expected"), [("auto", SilentDisplay), ("bars", Plain), ("plain", Plain), ("none", SilentDisplay)]
)
def test_in_a_pipe(mode: str, expected: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert type(choose_display(mode, io.StringIO())) is expected


@pytest.mark.parametrize("no_color", [True, False])
def test_colours_are_left_out_where_the_environment_asks_for_it(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bars, "interval", 60.0)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    with pseudo_terminal() as (ours, stream):
        with choose_display("auto", stream) as bars:
            bars.finished(result("\x1b[35m", Outcome.FAILED))
            assert isinstance(bars, Bars)
            bars.tick()
        text = ""
        while "\x1b[?25h" not in text:  # showing the cursor comes last; a terminal delivers its output in pieces
            text += os.read(ours, 65536).decode()
    assert "1 failed" in text
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]", text)) is not no_color


def test_nothing_but_the_stream_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    before = (sys.stdout, sys.stderr)
    with pseudo_terminal() as (_, stream), choose_display("bars", stream):
        assert (sys.stdout, sys.stderr) == before
    assert all(thread.name != "progress" for thread in threading.enumerate())


def test_plain_lines_have_the_time_and_the_sums() -> None:
    stream = io.StringIO()
    clock = Clock()
    plain = Plain(stream, clock)
    plain.listed("a", 5)
    plain.finished(result("a", size=5))
    plain.listed("b", 7)
    plain.finished(result("b", Outcome.FAILED))
    plain.walked()
    clock.now += 5
    plain.tick()
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d 2/2 files, 5/5 B, 0 B/s, elapsed 0:05, ETA 0:00, 1 failed\n", stream.getvalue()
    )


def test_silence_prints_what_is_written_and_nothing_else() -> None:
    stream = io.StringIO()
    with choose_display("none", stream) as silence:
        silence.listed("a", 5)
        silence.write("said")
    assert stream.getvalue() == "said\n"


# --- fanning out ------------------------------------------------------------------------------------


class Recorder(Observer):
    def __init__(self) -> None:
        self.events: list[str] = []

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        self.events.append(f"read {path} {url} {entries} {family} {confidence}")

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self.events.append(f"unread {path} {url} {reason}")

    def rejected(self, path: str, rejection: Rejection) -> None:
        self.events.append(f"rejected {path} {rejection.reason}")

    def listed(self, path: str, size: int | None) -> None:
        self.events.append(f"listed {path} {size}")

    def walked(self) -> None:
        self.events.append("walked")

    def started(self, job: Job) -> None:
        self.events.append(f"started {job.path}")

    def received(self, job: Job, count: int) -> None:
        self.events.append(f"received {job.path} {count}")

    def resumed(self, job: Job, offset: int) -> None:
        self.events.append(f"resumed {job.path} {offset}")

    def finished(self, result: Result) -> None:
        self.events.append(f"finished {result.path}")


def test_every_method_of_an_observer_is_an_event_but_its_answer_and_the_end() -> None:
    methods = {name for name, each in vars(Observer).items() if callable(each) and not name.startswith("_")}
    assert methods - set(EVENTS) == {"counts_unchanged", "run_finished"}


def test_every_event_reaches_every_observer_in_order() -> None:
    first, second, tally = Recorder(), Recorder(), Tally("u", "d")
    both = Fanout([first, tally, second, Observer.__new__(type("Deaf", (Observer,), {}))])
    both.listing_read("p", "u", 3, family="x", confidence=0.5)
    both.listing_failed("p", "u", "why")
    both.rejected("p", Rejection("sort", "?"))
    both.listed("p", 4)
    both.walked()
    both.started(job("p"))
    both.received(job("p"), 7)
    both.resumed(job("p"), 5)
    both.finished(result("p"))
    assert first.events == second.events
    assert first.events == [
        "read p u 3 x 0.5", "unread p u why", "rejected p sort", "listed p 4", "walked", "started p", "received p 7",
        "resumed p 5", "finished p",
    ]  # fmt: skip
    assert tally.close(1.0).saved == 1
