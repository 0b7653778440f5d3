"""Values as rows of data frames and as tables of notebooks: flat, plain, and escaped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import Entry, Kind, Listing, Outcome, Report, Result, Span, Step
from crawler.model.notebook.tables import LONGEST, ROWS, shown
from crawler.model.report import ListingFailure
from crawler.model.struct import replace

WHEN = datetime(2025, 1, 31, 12, tzinfo=UTC)
ENTRY = Entry(
    name="a.zip", kind=Kind.FILE, url="https://files.example.org/pub/d/a.zip", size=Span(1000, 1999),
    modified=Span(WHEN, WHEN), folder="d",
)  # fmt: skip
RESULT = Result(path="d/a.zip", url=ENTRY.url, outcome=Outcome.FAILED, reason="HTTP 404")
HOSTILE = "<img src=x onerror=alert(1)>&\"'\x1b[31m\u202e\udcff\n"


def test_the_path_of_an_entry_is_its_folder_and_its_name() -> None:
    assert ENTRY.path == "d/a.zip"
    assert Entry(name="b", kind=Kind.DIRECTORY, url="u").path == "b"


def test_an_entry_is_a_flat_row_with_both_ends_of_its_spans() -> None:
    assert ENTRY.to_dict() == {
        "path": "d/a.zip", "name": "a.zip", "folder": "d", "kind": "file", "size_low": 1000, "size_high": 1999,
        "modified_low": WHEN, "modified_high": WHEN, "digest": None, "etag": None, "url": ENTRY.url, "external": False,
    }  # fmt: skip
    unknown = Entry(name="b", kind=Kind.UNKNOWN, url="u").to_dict()
    assert unknown.keys() == ENTRY.to_dict().keys()
    assert [unknown[key] for key in ("size_low", "size_high", "modified_low", "modified_high")] == [None] * 4


@pytest.mark.parametrize("value", [ENTRY, RESULT, Step(action="fetch", path="p", reason="new", size=Span(1, 2))])
def test_no_column_is_a_dict_or_a_value_of_ours(value: Entry | Result | Step) -> None:
    for column, cell in value.to_dict().items():
        assert type(cell) in {str, int, float, bool, datetime, type(None)}, column


def report(text: str = "x", code: int = 0, failures: int = 1) -> Report:
    failed = Result(path=text, url=text, outcome=Outcome.FAILED, reason=text)
    return Report(
        url=text, directory=text, listed=1, failed=1, exit_code=code, failures=(failed,) * failures, warnings=(text,),
        skipped_by={text: 1}, listing_failures=(ListingFailure(path=text, url=text, reason=text),),
        plan=(Step(action="fetch", path=text, reason=text),), interrupted=text,
    )  # fmt: skip


def test_a_report_is_plain_data_that_json_accepts() -> None:
    plain = json.loads(json.dumps(report(code=5).to_dict()))
    assert plain.keys() == {*Report.__struct_fields__, "ok", "changed", "speed"}
    assert (plain["failures"][0]["reason"], plain["plan"][0]["action"], plain["skipped_by"]) == ("x", "fetch", {"x": 1})
    assert plain["ok"] is False
    assert Report(url="u", directory="d").to_dict()["plan"] is None


@pytest.mark.parametrize("code", range(10))
def test_a_report_is_ok_with_exit_code_0_alone(code: int) -> None:
    assert report(code=code).ok == (code == 0)


class Reader(HTMLParser):
    """The elements and the text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements, self.text = set[str](), list[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


TABLE = {"table", "caption", "thead", "tbody", "tr", "th", "td", "p", "ul", "li"}


@given(text=st.one_of(st.text(st.characters()), st.just(HOSTILE)))
def test_what_a_server_chooses_is_never_markup_in_a_notebook(text: str) -> None:
    entry = Entry(name=text, kind=Kind.FILE, url=text, folder=text, digest=text, etag=text)
    listing = Listing(url=text, family=text, confidence=1, is_listing=True, entries=(entry,))
    for value in (entry, listing, report(text), report(text).failures[0]):
        html = value._repr_html_()
        html.encode()  # a notebook sends it as UTF-8
        assert html.isprintable()
        read = Reader(html)
        assert read.elements <= TABLE
        assert Reader(shown(text)).text in ([], [entry_text(text)])


def entry_text(text: str) -> str:
    """``text`` as a reader of the page sees it."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def test_a_table_shows_the_first_rows_and_how_many_follow() -> None:
    listing = Listing(url="u", family="f", confidence=1, is_listing=True, entries=(ENTRY,) * 1234)
    html = listing._repr_html_()
    assert html.count("<tr>") == ROWS + 1
    assert f"and {1234 - ROWS:,} more" in html
    assert html.count("1,999") == ROWS
    assert "<th>etag</th>" not in html, "a column without values"
    assert "more" not in Listing(url="u", family="f", confidence=1, is_listing=True)._repr_html_()
    assert report(failures=ROWS + 7)._repr_html_().count("and 7 more") == 1
    html = replace(report(failures=1), seconds=1234.5678, interrupted=None)._repr_html_()
    assert "<td>1,234.57</td>" in html
    assert "<th>interrupted</th>" not in html
    assert "<th>digest</th>" not in html


def test_a_notebook_is_not_flooded_by_long_texts() -> None:
    html = report("x" * 9000, failures=1200)._repr_html_()
    assert len(html) < 120_000
    assert "x" * LONGEST + "…" in html
