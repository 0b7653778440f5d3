from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.columns.new_files import SavedFiles, SavedResults
from crawler.model.exit_codes import LIMITS, SIGNALS, worst
from crawler.model.freshness import Currency
from crawler.model.report import Report
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Outcome, Rejection, Result, Span
from crawler.output.format import json_text, render_entries
from crawler.output.summary import render_summary
from crawler.pipeline import tally as module
from crawler.pipeline.tally import Tally
from crawler.text.units import render_duration, render_size
from tests.support.new_files import Made, made, new_files

URL = "http://files.example/"


def result(outcome: Outcome, path: str = "a", **more: Any) -> Result:
    return Result(path=path, url=URL + path, outcome=outcome, **more)


def tally(*results: Result, unreached: int = 0) -> Tally:
    counted = Tally(URL, "mirror/")
    for item in results:
        if item.outcome is not Outcome.DELETED:
            counted.listed(item.path, None)
        counted.finished(item)
    for number in range(unreached):
        counted.listed(f"unreached-{number}", 1)
    return counted


def test_every_listed_entry_ends_once() -> None:
    outcomes = [Outcome.SAVED] * 3 + [Outcome.UNCHANGED] * 2 + [Outcome.SKIPPED] * 4 + [Outcome.FAILED]
    report = tally(*map(result, outcomes)).close(1.0)
    assert (report.listed, report.saved, report.unchanged, report.skipped, report.failed) == (10, 3, 2, 4, 1)
    assert report.accounts


@given(st.lists(made, max_size=4))
def test_files_that_are_saved_together_count_like_each_of_them(several: list[Made]) -> None:
    files = new_files(several)
    results = SavedResults(SavedFiles(files.columns, [""] * len(files)))
    older = result(Outcome.SAVED, currency=Currency.OLDER)  # whether that is a failure depends on the others
    together, one_by_one = tally(older), tally(older)
    for counted in (together, one_by_one):
        counted.all_listed([(each.path, each.size) for each in results])
    together.all_saved(results)
    one_by_one.all_saved(list(results))
    assert together.close(1.0) == one_by_one.close(1.0) == tally(older, *results).close(1.0)


def test_an_entry_that_never_ended_shows_as_a_difference() -> None:
    assert not tally(result(Outcome.SAVED), unreached=1).close(1.0).accounts


def test_what_an_interrupted_run_did_not_reach_is_skipped_with_that_reason() -> None:
    report = tally(result(Outcome.SAVED), unreached=7).close(1.0, "SIGINT")
    assert (report.listed, report.saved, report.skipped) == (8, 1, 7)
    assert report.skipped_by == {"not reached": 7}
    assert report.accounts


def test_a_file_that_turns_out_to_be_a_directory_is_not_counted() -> None:
    report = tally(result(Outcome.SAVED), result(Outcome.DIRECTORY)).close(1.0)
    assert (report.listed, report.saved) == (1, 1)
    assert report.accounts


def test_deleted_files_and_rejected_links_are_not_entries() -> None:
    counted = tally(result(Outcome.SAVED), result(Outcome.DELETED), result(Outcome.DELETED))
    for reason in ("sort", "sort", "parent"):
        counted.rejected("", Rejection(reason, "?C=N"))
    report = counted.close(1.0)
    assert (report.listed, report.deleted) == (1, 2)
    assert report.rejected_by == {"sort": 2, "parent": 1}
    assert report.accounts


def test_bytes_are_summed_over_all_results() -> None:
    report = tally(
        result(Outcome.SAVED, size=100, received=150),
        result(Outcome.UNCHANGED, size=1000),
        result(Outcome.FAILED, received=30),
    ).close(2.0)
    assert (report.received, report.saved_bytes, report.speed) == (180, 100, 90.0)


def test_no_time_gives_no_speed() -> None:
    assert tally(result(Outcome.SAVED, received=5)).close(0.0).speed == 0.0


def test_failures_are_remembered_up_to_a_limit_and_counted_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FAILURES_KEPT", 2)
    counted = tally(*(result(Outcome.FAILED, str(n), reason="HTTP 404") for n in range(5)))
    for n in range(4):
        counted.listing_failed(f"d{n}", f"{URL}d{n}/", "HTTP 503")
    report = counted.close(1.0)
    assert (report.failed, len(report.failures), report.failures[0].path) == (5, 2, "0")
    assert (report.listings_failed, len(report.listing_failures)) == (4, 2)
    text = render_summary(report)
    assert "failed: 3 more" in text
    assert "listing failed: 2 more" in text


def test_reasons_that_differ_for_every_file_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REASONS_KEPT", 3)
    report = tally(*(result(Outcome.SKIPPED, reason=f"why {n}") for n in range(10))).close(1.0)
    assert report.skipped_by == {"why 0": 1, "why 1": 1, "why 2": 1, "other": 7}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), 0),
        ((0, 0), 0),
        ((0, 5), 5),
        ((5, 6), 6),
        ((6, 8, 7), 7),
        ((5, 3), 3),
        ((3, 2), 2),
        ((2, 4), 4),
        ((4, 1), 1),
        ((1, 143), 143),
        ((143, 130), 130),
    ],
)
def test_the_most_serious_exit_code_wins(codes: Sequence[int], expected: int) -> None:
    assert worst(codes) == expected
    assert worst(reversed(codes)) == expected


@pytest.mark.parametrize(
    ("outcome", "interrupted", "expected"),
    [
        (Outcome.SAVED, None, 0),
        (Outcome.SKIPPED, None, 0),
        (Outcome.FAILED, None, 5),
        (Outcome.FAILED, "SIGINT", 130),
        (Outcome.SAVED, "SIGTERM", 143),
        (Outcome.SAVED, "--max-files", 9),
        (Outcome.SAVED, "--max-total-size", 9),
        (Outcome.SAVED, "--max-duration", 9),
        (Outcome.FAILED, "--max-duration", 5),
        (Outcome.SAVED, "an error", 0),
    ],
)
def test_the_exit_code_follows_from_what_happened(outcome: Outcome, interrupted: str | None, expected: int) -> None:
    assert tally(result(outcome)).close(1.0, interrupted).exit_code == expected


def test_a_failed_listing_is_exit_5() -> None:
    counted = tally()
    counted.listing_failed("", URL, "HTTP 500")
    assert counted.close(1.0).exit_code == 5


def test_a_warning_can_make_the_exit_code_worse_but_not_better() -> None:
    counted = tally(result(Outcome.FAILED))
    counted.warn("nothing was deleted: a listing failed", 6)
    report = counted.close(1.0)
    assert (report.exit_code, report.warnings) == (6, ("nothing was deleted: a listing failed",))
    assert report.warned("only said").exit_code == 6
    assert report.warned("broken", 1).exit_code == 1


@pytest.mark.parametrize(
    ("received", "saved", "interrupted", "line"),
    [
        (2 << 20, 2 << 20, None, "Saved 2.0 MiB in 2.0 s (1.0 MiB/s) to m"),
        (1 << 20, 2 << 20, None, "Saved 2.0 MiB in 2.0 s (512 KiB/s) to m"),  # an earlier run received the rest
        (6 << 20, 2 << 20, None, "Saved 2.0 MiB in 2.0 s (1.0 MiB/s) to m; 4.0 MiB more received but not kept"),
        (0, 2 << 20, None, "Saved 2.0 MiB in 2.0 s to m"),
        (2 << 20, 2 << 20, "SIGINT", "Saved 2.0 MiB in 2.0 s to m"),
        (2 << 20, 2 << 20, "--max-duration", "Saved 2.0 MiB in 2.0 s to m"),
    ],
)
def test_the_rate_is_that_of_what_was_saved_and_only_of_whole_runs(
    received: int, saved: int, interrupted: str | None, line: str
) -> None:
    report = tally(result(Outcome.SAVED, size=saved, received=received)).close(2.0, interrupted)
    assert render_summary(replace(report, directory="m")).splitlines()[1] == line


def test_the_summary_says_what_was_listed_saved_skipped_and_deleted() -> None:
    report = Report(
        url=URL, directory="mirror/", listed=1120, saved=95, unchanged=1020, skipped=5, deleted=2, extraneous=3,
        received=1288490188, saved_bytes=1288490188, seconds=12.34, listings_read=4,
        skipped_by={"ext": 3, "robots": 1, "not reached": 1}, rejected_by={"sort": 12, "bad-name": 1},
    )  # fmt: skip
    assert render_summary(report).splitlines() == [
        "Listed 1,120: 95 saved, 1,020 unchanged, 5 skipped, 0 failed",
        "Saved 1.2 GiB in 12.3 s (99.6 MiB/s) to mirror/",
        "Skipped: 3 by --ext, 1 not reached, 1 by robots.txt",
        "Links not followed: 1 bad-name",
        "Deleted: 2 gone upstream",
        "Kept: 1 gone upstream",
    ]
    verbose = render_summary(report, verbose=True)
    assert "Links not followed: 12 sort, 1 bad-name" in verbose
    assert "Listings: 4 read, 0 failed" in verbose


def test_each_failure_is_one_line_with_path_url_and_reason() -> None:
    counted = tally(result(Outcome.FAILED, "a/b.zip", reason="HTTP 404"))
    counted.listing_failed("sub", f"{URL}sub/", "no listing")
    counted.listing_failed("", URL, "HTTP 500")
    counted.warn("free space is low")
    assert render_summary(counted.close(0.1)).splitlines()[:-2] == [
        "failed: a/b.zip (http://files.example/a/b.zip): HTTP 404",
        "listing failed: sub (http://files.example/sub/): no listing",
        "listing failed: / (http://files.example/): HTTP 500",
        "problem: free space is low",
    ]


def test_an_interrupted_run_says_why() -> None:
    text = render_summary(tally(unreached=2).close(1.0, "SIGTERM"))
    assert "Saved nothing to mirror/ in 1.0 s" in text
    assert "Stopped by SIGTERM: " in text
    assert "Stopped by --max-duration: " in render_summary(tally().close(1.0, "--max-duration"))
    for reason in (*SIGNALS, *LIMITS, "an error"):
        line = render_summary(tally().close(1.0, reason)).splitlines()[-1]
        assert line.startswith("Stopped ")
        assert len(line) <= 65, "a terminal would break it in the middle of a word"
        assert len(line) <= 60 or reason not in SIGNALS
    assert "Stopped early: " in render_summary(tally().close(1.0, "DestinationError"))


def test_bytes_that_were_received_in_vain_are_reported() -> None:
    report = tally(result(Outcome.SAVED, size=10, received=10 + 3 * 1024 * 1024)).close(1.0)
    assert "3.0 MiB more received but not kept" in render_summary(report)


HOSTILE = "\x1b]0;owned\x07\nfailed: forged\u202e\x9b\udc80"


def test_no_name_reason_or_url_can_act_on_a_terminal_or_forge_a_line() -> None:
    counted = Tally("http://u:secret@h/", "dir\x1b")
    counted.finished(Result(path=HOSTILE, url=f"http://u:secret@h/{HOSTILE}", outcome=Outcome.FAILED, reason=HOSTILE))
    counted.finished(Result(path="s", url="", outcome=Outcome.SKIPPED, reason=HOSTILE))
    counted.listing_failed(HOSTILE, f"http://u:secret@h/{HOSTILE}", f"see http://u:secret@h/ {HOSTILE}")
    counted.rejected("", Rejection(HOSTILE, HOSTILE))
    counted.warn(f"http://u:secret@h/ {HOSTILE}")
    text = render_summary(counted.close(1.0, HOSTILE), verbose=True)
    assert "secret" not in text
    assert all(line.isprintable() for line in text.split("\n"))
    assert len([line for line in text.split("\n") if line.startswith("failed: ")]) == 1


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1288490188, "1.2 GiB"),
        (99.96 * 1024, "100 KiB"),
        (1023.9 * 1024, "1.0 MiB"),
        (5000 * 1024**4, "5,000 TiB"),
    ],
)
def test_sizes_read_well(size: float, text: str) -> None:
    assert render_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.336, "0.34 s"), (12.34, "12.3 s"), (59.96, "1:00 min"), (125, "2:05 min"), (3599.6, "1:00:00 h")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert render_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", {"name": "plain"}),
        ("é\x1b", {"name": "é\x1b"}),
        ("caf\udce9", {"name": "caf\ufffd", "name_hex": "636166e9"}),
        ("\ud800\udce9", {"name": "\ufffd" * 6, "name_hex": "eda080edb3a9"}),
    ],
)
def test_names_become_json_that_strict_readers_accept(text: str, expected: dict[str, str]) -> None:
    assert json_text("name", text) == expected


def test_names_that_are_not_utf8_can_be_recovered_from_json() -> None:
    raw = bytes(range(1, 256))
    values = json_text("name", raw.decode("utf-8", "surrogateescape"))
    json.dumps(values, ensure_ascii=False).encode("utf-8")
    assert bytes.fromhex(values["name_hex"]) == raw


ROUNDED = Entry(
    name="a b.zip", kind=Kind.FILE, url=f"{URL}a%20b.zip", size=Span(1_200_000, 1_400_000), row="1.2M",
    modified=Span(datetime(2025, 1, 31, 12, 0), datetime(2025, 1, 31, 12, 0, 59)),  # noqa: DTZ001 - as a server prints it
)  # fmt: skip
EXACT = Entry(
    name="b", kind=Kind.UNKNOWN, url="http://u:p@h/b", size=Span(5, 5), digest="md5:00", external=True,
    modified=Span(*[datetime(2025, 1, 31, 12, 0, 5, tzinfo=UTC)] * 2),
)  # fmt: skip
BARE = Entry(name="c\udc80", kind=Kind.DIRECTORY, url=f"{URL}c%80/")


def test_entries_are_columns_of_kind_size_time_and_url() -> None:
    assert render_entries([ROUNDED, EXACT, BARE], "text").splitlines() == [
        "-       ~1.2MiB 2025-01-31 12:00         http://files.example/a%20b.zip",
        "?             5 2025-01-31 12:00:05+0000 http://h/b",
        "d             - -                        http://files.example/c%80/",
    ]


def test_entries_are_a_json_array_with_intervals() -> None:
    rounded, exact, bare = json.loads(render_entries([ROUNDED, EXACT, BARE], "json"))
    assert rounded["size"] == [1_200_000, 1_400_000]
    assert rounded["modified"] == ["2025-01-31T12:00:00", "2025-01-31T12:00:59"]
    assert (rounded["name"], rounded["kind"], rounded["row"]) == ("a b.zip", "file", "1.2M")
    assert exact["modified"] == ["2025-01-31T12:00:05+00:00"] * 2
    assert (exact["url"], exact["digest"], exact["external"]) == ("http://h/b", "md5:00", True)
    assert (bare["size"], bare["modified"], bare["name_hex"]) == (None, None, "6380")


def test_no_entries_are_an_empty_array_and_no_text() -> None:
    assert json.loads(render_entries([], "json")) == []
    assert render_entries([], "text") == ""


def test_an_offset_from_utc_is_shown() -> None:
    moment = datetime(2025, 1, 31, 12, 0, tzinfo=timezone(timedelta(hours=-5)))
    entry = Entry(name="x", kind=Kind.FILE, url=URL, modified=Span(moment, moment + timedelta(seconds=59)))
    assert " 2025-01-31 12:00-0500 " in render_entries([entry], "text")
