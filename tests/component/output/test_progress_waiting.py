"""The display while retries are pending, and the display of several mirrors."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from crawler.app.api import RunContext
from crawler.cli.mirrors.run import _run_mirrors
from crawler.cli.mirrors.table import Mirror
from crawler.model.config import Config
from crawler.model.errors import FetchError
from crawler.model.observer import Observer, is_overridden
from crawler.model.values import Outcome
from crawler.output.log import LogObserver
from crawler.output.progress import EVENTS, choose_display
from crawler.output.progress.bars import Bars
from crawler.output.progress.counters import Counters
from crawler.output.progress.mirrors import MirrorObserver, mirror_observers
from crawler.output.progress.plain import Plain
from crawler.pipeline.stop import Stop
from tests.component.output.test_progress import MIB, Clock, frame, job, parts, result
from tests.support.misbehaving.server import Site

REFUSED = FetchError("cannot connect: Connection refused", url="http://user:secret@h/pub/")


def waiting_bars(clock: Clock) -> Bars:
    return Bars(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), clock)


def test_a_pending_retry_is_shown_with_its_reason() -> None:
    clock = Clock()
    bars = waiting_bars(clock)
    bars.retrying(3, 4.2, REFUSED)
    clock.now += 1
    assert frame(bars) == [
        "elapsed 0:01  listing…",
        "  attempt 3 in 4 s: cannot connect: Connection refused (http://h/pub/)",
    ]
    clock.now += 4
    assert len(frame(bars)) == 1, "it is on its way"


def test_of_many_that_wait_the_next_is_shown_and_the_others_are_counted() -> None:
    clock = Clock()
    bars = waiting_bars(clock)
    for number, wait in enumerate((9.0, 3.0, 600.0)):
        bars.retrying(2, wait, FetchError(f"reason {number}", url=f"http://h/{number}"))
    bars.retrying(3, 8.0, FetchError("again", url="http://h/0"))
    assert frame(bars)[1] == "  attempt 2 in 3 s (and 2 more): reason 1 (http://h/1)"
    clock.now += 5
    assert frame(bars)[1] == "  attempt 3 in 3 s (and 1 more): again (http://h/0)"


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_reason_is_wider_than_the_terminal_or_acts_on_it(width: int) -> None:
    bars = waiting_bars(Clock())
    bars.retrying(2, 5, FetchError("\x1b]0;x\x07" + "日本" * 60, url="http://h/"))
    lines = frame(bars, width)
    assert all(cell_len(line) < width for line in lines)
    assert all(line.isprintable() for line in lines)
    assert lines[1].endswith("…")


def test_a_terminal_of_two_lines_shows_the_sums_alone() -> None:
    bars = waiting_bars(Clock())
    bars.retrying(2, 5, REFUSED)
    assert len(frame(bars, height=2)) == 1


def test_plain_lines_show_what_waits() -> None:
    stream, clock = io.StringIO(), Clock()
    plain = Plain(stream, clock)
    plain.retrying(2, 5, REFUSED)
    plain.tick()
    assert stream.getvalue().endswith(
        "elapsed 0:00, listing..., attempt 2 in 5 s: cannot connect: Connection refused (http://h/pub/)\n"
    )


def test_where_nothing_is_shown_a_wait_is_not_either() -> None:
    stream = io.StringIO()
    with choose_display("none", stream) as silence:
        silence.retrying(2, 5, REFUSED)
    assert stream.getvalue() == ""


# --- several mirrors ----------------------------------------------------------------------------------


def test_the_sums_are_those_of_all_mirrors_and_their_paths_are_kept_apart() -> None:
    clock = Clock()
    bars = waiting_bars(clock)
    one, two = mirror_observers(bars, ["one", "two"])
    for share in (one, two):
        share.listed("same", 100 * MIB)
        share.started(job("same", 100 * MIB))
    two.received(job("same"), 50 * MIB)
    clock.now += 5
    lines = frame(bars)
    assert lines[0].startswith("0/2 mirrors  0/≥2 files  50/≥200 MiB  10.0 MiB/s  elapsed 0:05  listing…")
    assert [line.split()[0] for line in lines[1:]] == ["one/same", "two/same"]
    one.finished(result("same", size=100 * MIB))
    one.walked()
    assert bars.totals(clock.now).growing, "the other one still reads its listings"
    one.ended()
    two.finished(result("same", Outcome.FAILED))
    two.listing_failed("sub", "http://h/sub/", "500")
    two.walked()
    assert parts(bars, clock.now)["mirrors"] == "1/2 mirrors"
    totals = bars.totals(clock.now)
    assert (totals.growing, totals.done, totals.files, totals.failed) == (False, 2, 2, 2)


def test_a_mirror_that_could_not_begin_does_not_keep_the_others_from_an_end() -> None:
    counters = Plain(io.StringIO(), Clock())
    broken, good = mirror_observers(counters, ["broken", "good"])
    good.walked()
    broken.ended()
    assert not counters.totals(101.0).growing


def test_a_silent_display_receives_no_events() -> None:
    shares = mirror_observers(choose_display("none", io.StringIO()), ["one", "two"])
    assert len(shares) == 2
    assert not any(is_overridden(share, event) for share in shares for event in EVENTS)
    assert [share.ended() for share in shares] == [None, None]


def test_every_event_that_is_counted_is_passed_on() -> None:
    counted = {name for name in vars(Observer) if not name.startswith("_") and name in vars(Counters)}
    (share,) = mirror_observers(Plain(io.StringIO(), Clock()), ["one"])
    assert isinstance(share, MirrorObserver)
    assert counted <= set(vars(type(share)))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        for name in "abc":
            running.file(name, name.encode())
        yield running


async def test_the_mirrors_of_a_config_file_are_shown_together(site: Site, tmp_path: Path) -> None:
    config = Config(no_robots=True, attempts=1)
    stream = io.StringIO()
    display = Plain(stream, Clock())
    mirrors = [
        Mirror(name="good", url=site.url, directory=str(tmp_path / "good"), config=config),
        Mirror(name="bad", url=f"{site.url}missing/", directory=str(tmp_path / "bad"), config=config),
    ]
    reports = await _run_mirrors(mirrors, 2, Stop(), LogObserver(), display, RunContext())
    assert [report.exit_code for report, _ in reports] == [0, 3]
    display.tick()
    assert re.search(r"^\S+ 2/2 mirrors, 3/3 files, 3/3 B, .* ETA 0:00", stream.getvalue())
