"""The page of --report: its content, and its protection against hostile names."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.report import ListingFailure, Report
from crawler.model.values import Known, Outcome, Result
from crawler.output.html_report import Contents, LastRun, RunDetails, contents, read_contents, write_page
from crawler.output.html_report.charts import visible_top
from crawler.output.html_report.contents import Changes
from crawler.output.html_report.directories import CELLS, SizeTree
from crawler.output.html_report.page import render_page
from crawler.storage.state.location import state_path
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import Figures, RunRecord
from crawler.storage.state.store import SqliteState
from tests.support.starvation import Stopwatch

NOON = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
DAY = 86_400
URL = "https://files.example.org/pub/"


TOTALS = FileTotals(4, 100)


def run(number: int, *, totals: FileTotals | None = TOTALS, **more: Any) -> RunRecord:
    """A run on the day ``number`` before NOON."""
    values = {"seconds": 61.0, "outcome": "ok", "exit_code": 0, "listed": 4, "saved": 3, "deleted": 1, **more}
    return RunRecord(id=1000 - number, url=URL, started=NOON - number * DAY, figures=Figures(**values), totals=totals)


def result(path: str, outcome: Outcome = Outcome.SAVED, **more: Any) -> Result:
    return Result(path=path, url=URL, outcome=outcome, **more)


def known(path: str, size: int) -> Known:
    return Known(path=path, url=URL, row="", size=size, mtime=0)


def page_of(**more: Any) -> str:
    return render_page(Contents(directory="/srv/pub", **more), NOON, UTC)


def text_of(page: str) -> str:
    """The visible text, with each run of white space collapsed to a space."""
    tree = html.fromstring(page)
    for hidden in tree.xpath("//style | //title"):
        hidden.drop_tree()
    return " ".join(" ".join(tree.itertext()).split())


def titles_of(page: str) -> list[str]:
    """The tooltips of charts."""
    return [str(text) for text in html.fromstring(page).xpath("//*[local-name()='svg']//title/text()")]


# --- content ----------------------------------------------------------------------------------------


def test_a_mirror_without_records_has_a_page_that_says_so() -> None:
    page = page_of()
    assert "No runs recorded yet" in text_of(page)
    assert "Last run" not in text_of(page)
    assert "<svg" not in page


def test_without_a_run_the_page_describes_the_state() -> None:
    directories = {
        "": FileTotals(1, 10),
        "a": FileTotals(2, 3 * 1024),
        "a/b": FileTotals(1, 1024),
        "c": FileTotals(1, 0),
    }
    page = page_of(runs=(run(0), run(1)), directories=directories, largest=(known("a/large.iso", 3072),))
    text = text_of(page)
    assert f"Mirror {URL} in /srv/pub" in text
    assert "Size 4.0 KiB 5 files" in text
    assert "Last run 2023-11-14 22:13 ok took 1:01 min" in text
    assert "Last successful run 2023-11-14 22:13" in text
    assert "Changed by the last run 4 3 saved, 1 deleted" in text
    assert "a/ 3 4.0 KiB" in text
    assert "a/large.iso 3.0 KiB" in text
    assert "All times in UTC." in text
    assert "Slowest transfers" not in text
    assert "Problems" not in text


def test_the_last_successful_run_is_found_behind_failed_ones() -> None:
    bad = {"exit_code": 5, "outcome": "failures", "failed": 2}
    text = text_of(page_of(runs=(run(0, **bad), run(1, **bad), run(2))))
    assert "Last successful run 2023-11-12" in text
    assert "failures (exit 5)" in text
    assert "2 failed. To list them, write the page during a run" in text


def test_without_a_successful_run_the_page_says_so() -> None:
    assert "Last successful run none" in text_of(page_of(runs=(run(0, exit_code=4, outcome="disk"),)))


def test_a_run_that_was_killed_is_on_the_page() -> None:
    killed = RunRecord(id=1, url=URL, started=NOON, figures=None)
    page = page_of(runs=(killed, run(1)))
    assert "killed or running" in text_of(page)
    assert "2023-11-14 22:13: killed or running" in titles_of(page)


def test_growth_is_drawn_from_run_to_run() -> None:
    runs = tuple(run(number, totals=FileTotals(100 - number, (100 - number) * 1024)) for number in range(50))
    page = page_of(runs=runs)
    assert "Size 100 KiB +49.0 KiB" in text_of(page)
    assert "Files 100 +49" in text_of(page)
    assert {"2023-11-14 22:13: 100 KiB, ok", "2023-09-26 22:13: 51.0 KiB, ok"} <= set(titles_of(page))
    (edge, _) = html.fromstring(page).xpath("//path[@class='edge']/@d")
    levels = [float(point.split()[-1]) for point in re.findall(r"[ML] ?([\d. ]+)", edge)]
    assert levels == sorted(levels, reverse=True)  # y grows downwards
    assert (len(levels), min(levels)) == (100, 2.0)


def test_the_dates_below_a_chart_stand_where_its_runs_are() -> None:
    def ends(count: int) -> list[str]:
        page = html.fromstring(page_of(runs=tuple(run(number) for number in range(count))))
        return [span.text_content() for span in page.xpath("(//*[@class='ends'])[1]/span")]

    assert ends(1) == ["2023-11-14", ""]
    assert ends(3) == ["2023-11-12 – 2023-11-14", ""]
    assert ends(20) == ["2023-10-26", "2023-11-14"]


def test_a_chart_has_a_gap_where_growth_is_not_known() -> None:
    runs = (run(0), run(1, totals=None), run(2), run(3))
    assert page_of(runs=runs).count('class="edge"') == 2 * 2


def test_what_was_deleted_is_drawn_below_the_line() -> None:
    drawing = html.fromstring(page_of(runs=(run(0, saved=30, deleted=10),)))
    (up,) = drawing.xpath("//figure[contains(., 'Saved, deleted')]//rect[@class='up']")
    (down,) = drawing.xpath("//figure[contains(., 'Saved, deleted')]//rect[@class='down']")
    assert (float(up.get("y")), float(up.get("height"))) == (0, 75)
    assert (float(down.get("y")), float(down.get("height"))) == (75, 25)


def test_a_run_shows_its_failures_with_their_reasons() -> None:
    failures = (result("a/x", Outcome.FAILED, reason="HTTP 503"), result("b", Outcome.FAILED, reason="HTTP 503"),
                result("c", Outcome.FAILED, reason="too short"))  # fmt: skip
    report = Report(
        url=URL, directory="/srv/pub", listed=9, saved=6, failed=3, listings_failed=1, seconds=5, exit_code=5,
        failures=failures, listing_failures=(ListingFailure(path="d", url=URL, reason="HTTP 500"),),
        warnings=("the disk is nearly full",),
    )  # fmt: skip
    text = text_of(page_of(runs=(run(0),), last=LastRun(report=report)))
    for expected in ("a/x HTTP 503", "c too short", "d/ listing: HTTP 500", "2 × HTTP 503", "the disk is nearly full",
                     "Failed in the last run 4 of 9 listed", "failures (exit 5) took 5.0 s"):  # fmt: skip
        assert expected in text


def test_of_many_failures_the_first_are_shown_and_all_are_counted() -> None:
    failures = tuple(result(f"f{number:05}", Outcome.FAILED, reason=f"r{number}") for number in range(10_000))
    report = Report(url=URL, directory="/srv/pub", listed=20_000, failed=20_000, failures=failures, exit_code=5)
    page = page_of(last=LastRun(report=report))
    assert "f00049" in page
    assert "f00050" not in page
    assert "and 19,950 more" in text_of(page)


def test_the_slowest_transfers_are_kept_and_shown() -> None:
    slowest = RunDetails()
    for number in range(1000):
        slowest.add(result(f"f{number}", seconds=float(number * 7 % 1000), size=number, attempts=2))
        slowest.add(result("never", Outcome.FAILED, seconds=9999.0))
    kept = slowest.slowest()
    assert [item.seconds for item in kept] == [float(number) for number in range(999, 989, -1)]
    text = text_of(page_of(last=LastRun(report=Report(url=URL, directory="x"), slowest=kept)))
    assert "f857 2 attempts 16:39 min 857 B" in text
    assert "never" not in text


def test_what_changed_is_on_the_page_the_first_of_each_kind_by_name() -> None:
    details = RunDetails()
    for number in range(1030):
        details.add(result(f"new{number:04}", size=1024))
    details.add(result("a/changed", size=2048, old_size=9))
    details.add(result("gone", Outcome.DELETED, old_size=4096))
    details.add(result("never", Outcome.FAILED))
    details.add(result("same", Outcome.UNCHANGED, size=5))
    report = Report(url=URL, directory="x")
    text = text_of(page_of(last=details.last_run(report)))
    assert "What changed in the last run 1,030 added, 1 updated, 1 deleted" in text
    assert "new0019 added 1.0 KiB and 1,010 more added; --changes lists them" in text
    assert "a/changed updated 2.0 KiB gone deleted 4.0 KiB" in text
    assert "new0020" not in text
    assert "What changed" not in text_of(page_of(last=RunDetails().last_run(report)))


@pytest.mark.parametrize(
    ("values", "top"),
    [
        ([], 0), ([0, 0], 0), ([7], 7), ([4, 1], 4), ([5, 1], 1.25), ([1000, 1, 3, 2], 3.75), ([1000, 0, 0], 1000),
        ([900, 1000] + [1] * 18, 1.25), ([900, 1000] + [1] * 17, 1000), ([5, 4, 3, 2, 1], 5),
    ],
)  # fmt: skip
def test_the_first_run_does_not_flatten_the_bars_of_the_others(values: list[float], top: float) -> None:
    assert visible_top(values) == top


def test_a_bar_beyond_the_scale_is_cut_and_named() -> None:
    runs = (*(run(number, saved=number + 1, received=1024, deleted=0) for number in range(9)), run(9, saved=100_000))
    page = page_of(runs=runs)
    drawing = html.fromstring(page).xpath("//figure[contains(., 'Saved, deleted')]")[0]
    heights = [float(bar.get("height")) for bar in drawing.xpath(".//rect[@class='up']")]
    assert (heights[0], heights[1]) == (pytest.approx(92, abs=10), pytest.approx(74, abs=10))
    assert len(drawing.xpath(".//rect[@class='cut']")) == 1
    assert "100,000 is cut off" in drawing.text_content()
    assert "2023-11-05 22:13: 100,000, −1, ok" in titles_of(page)


def test_a_state_that_cannot_be_read_is_reported() -> None:
    assert "state x cannot be used" in text_of(page_of(problem="state x cannot be used"))


# --- the map ----------------------------------------------------------------------------------------


def test_the_table_begins_where_the_tree_first_parts() -> None:
    tree = SizeTree({"pool/main/a": FileTotals(1, 5), "pool/main/b": FileTotals(2, 7)})
    assert tree.base == "pool/main"
    assert [(place.label, place.files, place.size) for place in tree.places(tree.base, 9)] == [
        ("pool/main/b/", 2, 7),
        ("pool/main/a/", 1, 5),
    ]


def test_files_beside_directories_are_a_place_of_their_own() -> None:
    tree = SizeTree({"a": FileTotals(1, 5), "a/b": FileTotals(1, 9)})
    assert [(place.label, place.size) for place in tree.places(tree.base, 9)] == [("a/b/", 9), ("a/… files", 5)]


def test_the_directories_beyond_a_limit_are_taken_together() -> None:
    tree = SizeTree({f"{number:03}": FileTotals(1, 1000 - number) for number in range(300)})
    places = tree.places("", 12)
    assert len(places) == 12
    assert (places[-1].label, places[-1].files) == ("… 289 more", 289)
    assert sum(place.size for place in places) == tree.total().size


trees = st.dictionaries(
    st.lists(st.sampled_from("abcdefgh"), max_size=4).map("/".join),
    st.builds(FileTotals, st.integers(1, 9), st.one_of(st.integers(0, 9), st.integers(0, 2**62))),
)


@settings(max_examples=60, deadline=None)
@given(trees)
def test_the_map_covers_the_whole_once(directories: dict[str, FileTotals]) -> None:
    tree = SizeTree(directories)
    places = tree.map()
    assert len(places) <= CELLS
    shown, whole = sum(place.size for place in places), sum(totals.size for totals in directories.values())
    assert whole * 0.99 <= shown <= whole
    drawn = html.fromstring(page_of(directories=directories))
    for drawing in drawn.xpath("//svg[@class='map']"):
        sides = [(float(cell.get("width")[:-1]), float(cell.get("height")[:-1])) for cell in drawing.findall("svg")]
        assert sum(width * height for width, height in sides) == pytest.approx(10_000, rel=0.01)


def test_a_place_has_the_area_of_its_bytes() -> None:
    drawn = html.fromstring(page_of(directories={"big": FileTotals(1, 3000), "small": FileTotals(1, 1000)}))
    cells = {cell.find("title").text: cell for cell in drawn.xpath("(//svg[@class='map'])[1]/svg")}
    area = {title: float(c.get("width")[:-1]) * float(c.get("height")[:-1]) for title, c in cells.items()}
    assert area == pytest.approx({"big/ – 2.9 KiB, 1 file": 7500, "small/ – 1000 B, 1 file": 2500})


# --- hostile names ----------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'--><svg onload=alert(1)>",
    "</title></style></svg><iframe src=//evil.example>",
    "{{ 7 * 7 }}{% include 'page.css' %}",
    "&lt;b&gt;&#x3c;",
    "javascript:alert(1)",
    "\x1b]0;owned\x07\x9b31m\r\nnew line\x00",
    "\u202egnp.exe\u2066\u200b\ufeff\u2028",
    "not utf-8 \udcff\udc80, lone \ud800",
    "]]><!-- <![CDATA[",
    "o" * 5000,
)
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "header", "p", "h1", "bdi", "section", "div", "span",
    "strong", "h2", "ul", "li", "b", "table", "thead", "tr", "th", "tbody", "td", "figure", "figcaption",
    "footer", "svg", "rect", "text", "path", "line",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "dir", "scope", "colspan", "aria-label", "xmlns",
    "viewbox", "preserveaspectratio", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "d",
}  # fmt: skip


def hostile_page(name: str) -> str:
    report = Report(
        url=f"https://user:hunter2@{name}/", directory=name, listed=2, failed=2, exit_code=5, listings_failed=1,
        failures=tuple(result(f"{name}/x", Outcome.FAILED, reason=f"{name} https://u:hunter2@h/") for _ in "ab"),
        listing_failures=(ListingFailure(path=name, url=name, reason=name),), warnings=(name,),
    )  # fmt: skip
    odd = RunRecord(
        id=1, url=name, started=NOON, figures=Figures(seconds=1, outcome=name, exit_code=9), totals=FileTotals(1, 1)
    )
    everything = Contents(
        directory=name,
        runs=(odd, run(1)),
        directories={
            name.replace("/", "∕"): FileTotals(3, 400),
            f"{name}/b": FileTotals(1, 100),
            "plain": FileTotals(1, 10),
        },
        largest=(known(name, 7),),
        problem=name,
        last=LastRun(
            report=report,
            slowest=(result(name, seconds=3.0),),
            changes=(Changes(kind="added", count=9, named=((name, 5),)),),
        ),
    )
    return render_page(everything, NOON, UTC)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_becomes_markup(name: str) -> None:
    page = hostile_page(name)
    page.encode()  # no surrogate is left
    assert all(char.isprintable() or char == "\n" for char in page)
    elements = list(html.document_fromstring(page).iter())
    assert {str(element.tag) for element in elements} <= ELEMENTS
    assert {name for element in elements for name in element.attrib} <= ATTRIBUTES
    assert "hunter2" not in page
    assert "o" * 301 not in page


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None, categories=None), max_size=40))
def test_no_text_at_all_changes_the_structure(name: str) -> None:
    def shape(page: str) -> list[tuple[str, list[str]]]:
        body = html.document_fromstring(page)
        drawings = body.xpath("//svg[@class='map']")
        for drawing in drawings:  # the names decide how many directories fit and how they are shown
            drawing.clear()
        return [(str(element.tag), sorted(element.attrib)) for element in body.iter()]

    text = name.replace("/", "") or "x"
    assert shape(hostile_page(text)) == shape(hostile_page("x"))


def test_a_hostile_name_is_shown_as_text() -> None:
    assert "<script>alert(1)</script>/x" in text_of(hostile_page(HOSTILE[0]))
    assert "\\u202egnp.exe" in text_of(hostile_page("\u202egnp.exe"))
    assert "\\xff" in text_of(hostile_page("\udcff"))


def test_the_content_security_policy_forbids_scripts_and_external_resources() -> None:
    (policy,) = html.fromstring(page_of()).xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert not re.findall(r"(?:href|src)\s*=|url\(|@import|<link|<script", page_of(runs=(run(0),)))


# --- the state and the file -------------------------------------------------------------------------


async def test_the_state_of_a_mirror_is_read(tmp_path: Path) -> None:
    path = state_path(tmp_path, Config())
    path.parent.mkdir()
    async with SqliteState(path) as state:
        number = await state.begin_run(URL)
        state.remember([known("a/b/c/d/e/deep", 5), known("top", 7)])
        state.end_run(number, Figures(seconds=1, outcome="ok", exit_code=0))
    found = await read_contents(str(tmp_path), Config())
    assert found.directories == {"": FileTotals(1, 7), "a/b/c/d": FileTotals(1, 5)}
    assert [item.path for item in found.largest] == ["top", "a/b/c/d/e/deep"]
    assert [item.totals for item in found.runs] == [FileTotals(2, 12)]


async def test_a_link_in_place_of_the_state_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    async with SqliteState(elsewhere) as state:
        state.remember([known("secret", 7)])
    mirror = tmp_path / "mirror"
    (mirror / ".crawler").mkdir(parents=True)
    state_path(mirror, Config()).symlink_to(elsewhere)
    assert (await read_contents(str(mirror), Config())).largest == ()
    assert (await read_contents(str(mirror), Config(state=str(elsewhere)))).largest != ()


async def test_the_page_of_a_hundred_thousand_files_is_small_and_quick(tmp_path: Path) -> None:
    path = state_path(tmp_path, Config())
    path.parent.mkdir()
    async with SqliteState(path) as state:
        for directory in range(2000):
            state.remember(
                [known(f"pool/{directory % 20}/{directory}/package_{n}.deb", n * directory) for n in range(50)]
            )
    target = tmp_path / "page.html"
    watch = Stopwatch()
    begun = watch.now()
    await write_page(str(target), str(tmp_path), Config())
    assert watch.now() - begun < 30
    assert target.stat().st_size < 60_000
    assert "100,000 files" in text_of(target.read_text())


async def test_the_page_replaces_the_old_one_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    target.chmod(0o640)
    with target.open() as reader:
        await write_page(str(target), str(tmp_path), Config())
        assert reader.read() == "old"
    assert target.read_text().startswith("<!DOCTYPE html>")
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_without_its_libraries_the_option_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_LIBRARIES", ("json", "there_is_no_such_library"))
    with pytest.raises(ConfigError) as refusal:
        contents.check_installed()
    assert str(refusal.value) == "--report needs there_is_no_such_library: pip install 'crawler[report]'"


def test_a_run_without_the_option_imports_none_of_them() -> None:
    code = (
        "import sys, crawler.output.files, crawler.cli.modes\nprint({'jinja2', 'svg', 'squarify'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
