"""The page of --status: its cards, and what is hidden from visitors."""

from __future__ import annotations

import fcntl
import os
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from crawler.model.config import Config
from crawler.output.html_report.status.cards import MirrorFacts
from crawler.output.html_report.status.page import age, render_status
from crawler.output.html_report.status.write import read_facts
from crawler.storage.directory.lock import LOCK_NAME
from crawler.storage.state.location import state_path
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import Figures, RunRecord
from crawler.storage.state.store import SqliteState
from tests.component.output.test_html_report import ATTRIBUTES, ELEMENTS, HOSTILE, text_of
from tests.support.status_page import NOON, twelve_mirrors


def page_of(*mirrors: MirrorFacts, is_public: bool = False) -> str:
    return render_status(mirrors, NOON, is_public=is_public, zone=UTC)


def titles_in_order(page: str) -> list[str]:
    return [" ".join(card.text_content().split()) for card in html.fromstring(page).xpath("//article/h2")]


def test_each_mirror_has_a_card_those_that_need_attention_first() -> None:
    page = page_of(*twelve_mirrors())
    assert titles_in_order(page) == [
        "cran failing", "gnu failing", "osm failing", "rpmfusion failing", "ctan overdue",
        "climate state unreadable", "apache incomplete", "new never run", "kernel running", "debian up to date",
        "ubuntu up to date", "a-name-as-long-as-people-write-them-for-their-models up to date",
    ]  # fmt: skip
    text = text_of(page)
    for expected in (
        "4 of 12 mirrors are up to date", "Need attention 6 of 12",
        "https://mirror.example.org/cran/ in /srv/mirror/cran",
        "Last success 3 days ago", "5 × HTTP 503", "The next run tries again.", "run once with a higher --max-delete",
        "Last run 2023-11-14 14:13 not deleted (exit 6)", "Without success 3 runs", "Failed 7 of 12,345 listed",
        "Is cron or the timer running?", "Size over 40 runs",
    ):  # fmt: skip
        assert expected in text, expected


def test_visitors_see_no_reason_path_url_or_exit_code() -> None:
    mirrors = twelve_mirrors()
    page = page_of(*mirrors, is_public=True)
    assert "cran last update failed" in titles_in_order(page)
    shown = [str(text) for text in html.fromstring(page).xpath("//body//text() | //@aria-label")]
    for hidden in ("http", "/srv", "503", "exit", "deletion", "cron", "--", "cannot be used", "failures"):
        assert [text for text in shown if hidden in text] == []
    assert "4 of 12 mirrors are up to date" in text_of(page)
    assert "3 days ago" in text_of(page)


def test_no_page_shows_credentials() -> None:
    secret = MirrorFacts(
        name="a", url="https://user:hunter2@h/", directory="https://u:hunter2@h/", problem="x://u:hunter2@h/"
    )
    for is_public in (False, True):
        assert "hunter2" not in page_of(secret, *twelve_mirrors(), is_public=is_public)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_becomes_markup(name: str) -> None:
    odd = RunRecord(
        id=1, url=name, started=NOON, totals=FileTotals(1, 1),
        figures=Figures(seconds=1, outcome=name, exit_code=5, problems=((name, 2),)),
    )  # fmt: skip
    page = page_of(
        MirrorFacts(name=name, url=name, directory=name, runs=(odd,)),
        MirrorFacts(name=name, url=name, directory=name, problem=name),
    )
    page.encode()
    assert all(char.isprintable() or char == "\n" for char in page)
    elements = list(html.document_fromstring(page).iter())
    assert {str(element.tag) for element in elements} <= ELEMENTS | {"main", "article", "dl", "dt", "dd"}
    assert {name for element in elements for name in element.attrib} <= ATTRIBUTES | {"role"}


def test_a_file_without_any_run_has_a_page() -> None:
    assert "0 of 1 mirrors are up to date" in text_of(page_of(MirrorFacts(name="a", url="", directory="d")))
    assert "none recorded" in text_of(page_of(MirrorFacts(name="a", url="", directory="d")))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "less than a minute"), (59, "less than a minute"), (60, "a minute"), (119, "a minute"), (120, "2 min"),
     (7199, "119 min"), (7200, "2 h"), (172_799, "47 h"), (172_800, "2 days"), (1e9, "11,574 days"),
     (-5, "less than a minute")],
)  # fmt: skip
def test_an_age_is_given_in_the_largest_unit_that_fits_twice(seconds: float, text: str) -> None:
    assert age(seconds) == text


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(codec=None, categories=None), max_size=30))
def test_no_text_at_all_changes_the_structure(name: str) -> None:
    def shape(text: str) -> list[tuple[str, list[str]]]:
        page = page_of(MirrorFacts(name=text, url=text, directory=text, problem=text))
        return [(str(element.tag), sorted(element.attrib)) for element in html.document_fromstring(page).iter()]

    assert shape(name or "x") == shape("x")


async def test_the_facts_of_a_mirror_are_read_from_its_state_and_its_lock(tmp_path: Path) -> None:
    path = state_path(tmp_path, Config())
    nothing = await read_facts("a", "https://u:p@h/", str(tmp_path), Config())
    assert (nothing.runs, nothing.is_running, nothing.problem, nothing.url) == ((), False, None, "https://h/")
    path.parent.mkdir()
    async with SqliteState(path) as state:
        state.end_run(await state.begin_run("https://h/"), Figures(seconds=1, outcome="ok", exit_code=0))
        await state.begin_run("https://h/")
        with (path.parent / os.fsdecode(LOCK_NAME)).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            facts = await read_facts("a", "https://h/", str(tmp_path), Config())
        assert ([run.figures is None for run in facts.runs], facts.is_running) == ([True, False], True)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert (await read_facts("a", "", str(tmp_path), Config())).problem == "the state is not a regular file"
    path.unlink()
    path.write_bytes(b"garbage" * 1000)
    assert (await read_facts("a", "", str(tmp_path), Config())).problem
