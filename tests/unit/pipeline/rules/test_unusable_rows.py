"""How rows that are not entries are counted: a table of all reasons."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.model.config import Config
from crawler.model.reasons import Reason
from crawler.model.values import Entry, Kind, Listing, Outcome, Rejection, Result
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import Scope
from crawler.pipeline.rules.unusable_rows import (
    ENDINGS,
    count,
    ending,
    entry_of,
    is_directory,
    lost,
    nothing_wanted,
    result_of,
    sorted_rows,
)
from tests.support.fakes import Recorder

PAGE = "http://h/pub/"
SCOPE = Scope(PAGE)
NAMED = Scope(PAGE, frozenset({"cdn.test"}))
SKIPPED, FAILED = Outcome.SKIPPED, Outcome.FAILED


def filters(**options: object) -> Filters:
    return Filters(Config(**options), datetime.now(UTC))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "outcome", "expected"),
    [
        (Rejection("other-host", "http://cdn.test/f.bin", "", "f.bin"), SKIPPED, "other-host"),
        (Rejection("above", "/x/f.bin", "", "f.bin"), SKIPPED, "above"),
        (Rejection("other", "f.sock", "", "f.sock"), SKIPPED, "other"),
        (Rejection("scheme", "ftp://h/f.bin", "", "f.bin"), SKIPPED, "scheme"),
        (Rejection("scheme", "magnet:?xt=1", "", "f.bin"), SKIPPED, "scheme"),
        (Rejection("scheme", "javascript:get(1)", "", "f.bin"), FAILED, "not an http or https URL"),
        (Rejection("query", "get.php?id=1", "", "f.bin"), FAILED, "which file is meant"),
        (Rejection("fragment", "#", "", "f.bin"), FAILED, "without a script"),
        (Rejection("deep", "a/b/", "", "b"), FAILED, "more than one level down"),
        (Rejection("bad-name", "..%2f", "a slash", "../"), FAILED, "cannot be the name of a file: a slash"),
        (Rejection("never heard of", "x", "", "x"), FAILED, "not understood"),
    ],
)
def test_every_reason_skips_or_fails(row: Rejection, outcome: Outcome, expected: str) -> None:
    result = result_of(row, "d", PAGE, filters(), SCOPE)
    assert (result.outcome, expected in result.reason) == (outcome, True), result
    assert result.path == f"d/{row.row}", "not the directory that lists it"
    if row.reason != "bad-name":
        assert result_of(row, "d", PAGE, filters(ext=("zip",)), SCOPE).outcome is SKIPPED or row.row == "b"


@pytest.mark.parametrize("name", ["..", "a\0.bin", ".crawler", "x" * 300 + ".bin"])
def test_filters_are_asked_about_names_that_no_file_can_have(name: str) -> None:
    row = Rejection("bad-name", "x", "", name)
    assert result_of(row, "d", PAGE, filters(), SCOPE).outcome is FAILED
    refused = result_of(row, "d", PAGE, filters(ext=("zip",)), SCOPE)
    assert (refused.path, refused.outcome, refused.reason) == (f"d/{name}", SKIPPED, Reason.EXTENSION)
    directory = Rejection("bad-name", "x/", "", name)
    assert result_of(directory, "", PAGE, filters(), SCOPE).outcome is FAILED
    assert result_of(directory, "", PAGE, filters(exclude=(f"{name}/",)), SCOPE).outcome is SKIPPED


def test_the_table_has_every_reason_of_a_row() -> None:
    assert set(ENDINGS) == {
        "above",
        "other-host",
        "other",
        "scheme",
        "query",
        "fragment",
        "deep",
        "bad-name",
        "clash",
        "depth",
        "no-link",
        "failed",
    }


def test_a_file_on_a_host_that_is_named_is_an_entry_and_a_directory_is_not() -> None:
    file = Rejection("other-host", "http://cdn.test/d/f.bin?k=1", "", "f.bin")
    entry = entry_of(file, PAGE, NAMED)
    assert entry is not None
    assert (entry.name, entry.url, entry.external) == ("f.bin", "http://cdn.test/d/f.bin?k=1", True)
    assert entry_of(file, PAGE, SCOPE) is None
    directory = Rejection("other-host", "http://cdn.test/d/", "", "d")
    assert entry_of(directory, PAGE, NAMED) is None
    assert result_of(directory, "", PAGE, filters(), NAMED).outcome is SKIPPED
    unnamed = Rejection("other-host", "http://cdn.test/17", "", "f.bin")
    assert entry_of(unnamed, PAGE, NAMED) is None
    assert result_of(unnamed, "", PAGE, filters(), NAMED).outcome is FAILED


def test_directories_that_are_not_entered_are_skipped_by_depth() -> None:
    rows = (
        Rejection("query", "sub/?zip", "", "sub"),
        Rejection("query", "get.php", "", "f"),
        Rejection("sort", "?C=N"),
    )
    listing = Listing(url=PAGE, family="x", confidence=1, is_listing=True, rejections=rows)
    for enters in (True, False):
        entries, unusable = sorted_rows(listing, SCOPE, enters=enters)
        assert (entries, [row.reason for row in unusable]) == ((), ["query" if enters else "depth", "query"])
    assert result_of(unusable[0], "", PAGE, filters(), SCOPE).outcome is SKIPPED


def test_a_listing_without_such_rows_has_its_entries() -> None:
    entries = (Entry(name="a", kind=Kind.FILE, url=PAGE + "a"),)
    listing = Listing(url=PAGE, family="x", confidence=1, is_listing=True, entries=entries)
    assert sorted_rows(listing, SCOPE, enters=True) == (entries, ())


def test_an_observer_hears_of_each_row_once() -> None:
    observer = Recorder()
    rows = [Rejection("query", "get.php?id=1", "", "a"), Rejection("above", "/x", "", "x")]
    count(rows, "", PAGE, filters(), SCOPE, observer)
    assert [result.outcome for result in observer.results] == [FAILED, SKIPPED]
    assert observer.results[0].url == "http://h/pub/get.php?id=1"


@pytest.mark.parametrize(
    ("listed", "skipped_by", "says"),
    [
        (12, {"other-host": 12}, "all 12 rows of the listing are skipped: 12 other-host; -v"),
        (1, {"scheme": 1}, "the only row of the listing is skipped: 1 scheme"),
        (3, {"above": 1, "ext": 2}, "1 above, 2 ext"),
        (3, {"ext": 3}, ""),
        (3, {"other-host": 2}, ""),
        (0, {}, ""),
        (0, {"robots": 0}, ""),
    ],
)
def test_a_run_that_wanted_nothing_of_what_was_listed_says_so(
    listed: int, skipped_by: dict[str, int], says: str
) -> None:
    message = " ".join(nothing_wanted(listed, skipped_by))
    assert says in message
    assert bool(says) == bool(message)


@pytest.mark.parametrize(
    ("row", "scope", "text"),
    [
        (Rejection("query", "get.php?id=1", "", "f.bin"), SCOPE,
         "query: the query of its link does not tell which file is meant"),
        (Rejection("fragment", "#", "an empty one", "f.bin"), SCOPE,
         "fragment: its link leads nowhere without a script (an empty one)"),
        (Rejection("bad-name", "..%2f", "a slash", "../"), SCOPE, "'..%2f' cannot be the name of a file: a slash"),
        (Rejection("bad-name", "..%2f", "", "../"), SCOPE,
         "'..%2f' cannot be the name of a file: no file has such a name"),
        (Rejection("never heard of", "x", "", "x"), SCOPE, "never heard of: its link is not understood"),
        (Rejection("scheme", "javascript:get(1)", "", "f.bin"), SCOPE, "scheme: its link is not an http or https URL"),
        (Rejection("other-host", "http://cdn.test/17", "", "f.bin"), NAMED,
         "other-host: its link leads to another host and does not show its name"),
        (Rejection("above", "http://cdn.test/17", "", "f.bin"), NAMED,
         "above: its link leads above URL and does not show its name"),
    ],
)  # fmt: skip
def test_a_user_reads_why_a_row_is_missing(row: Rejection, scope: Scope, text: str) -> None:
    assert ending(row, PAGE, scope) == (FAILED, text)


@pytest.mark.parametrize(
    ("subject", "leads_to_a_directory"),
    [("d/", True), ("d/?zip", True), ("d/#top", True), ("d/?a#b", True), ("d/ ", True), ("d", False), ("d?x=/", False),
     ("d#/", False), ("#d/", False)],
)  # fmt: skip
def test_a_directory_is_known_by_the_slash_of_its_path(subject: str, leads_to_a_directory: bool) -> None:
    assert is_directory(Rejection("query", subject, "", "d")) is leads_to_a_directory


def test_what_a_run_would_fail_to_save_is_named() -> None:
    rows = (
        Rejection("query", "get.php?id=1", "", "a"),
        Rejection("above", "/x", "", "b"),
        Rejection("sort", "?C=N"),
        Rejection("fragment", "#", "", "c"),
        Rejection("above", "sub/d.bin", "", "d"),
    )
    listing = Listing(url=f"{PAGE}index.html", family="x", confidence=1, is_listing=True, rejections=rows)
    assert lost(listing) == ["a", "c", "d"]


def test_the_rows_of_a_page_are_entries_or_counted() -> None:
    rows = (
        Rejection("other-host", "http://cdn.test/d/f.bin", "", "f.bin"),
        Rejection("query", "get.php?id=1", "", "a"),
        Rejection("sort", "?C=N"),
    )
    first = Entry(name="first", kind=Kind.FILE, url=f"{PAGE}first")
    listing = Listing(url=PAGE, family="x", confidence=1, is_listing=True, entries=(first,), rejections=rows)
    entries, unusable = sorted_rows(listing, NAMED, enters=True)
    external = Entry(name="f.bin", kind=Kind.UNKNOWN, url="http://cdn.test/d/f.bin", external=True)
    assert (entries, unusable) == ((first, external), (rows[1],))


def test_the_result_of_a_row_has_its_path_and_url() -> None:
    row = Rejection("query", "get.php?id=1", "", "a")
    url = f"{PAGE}get.php?id=1"
    text = "query: the query of its link does not tell which file is meant"
    assert result_of(row, "d", PAGE, filters(), SCOPE) == Result(path="d/a", url=url, outcome=FAILED, reason=text)
    skipped = Result(path="d/a", url=url, outcome=SKIPPED, reason="ext")
    assert result_of(row, "d", PAGE, filters(ext=("zip",)), SCOPE) == skipped
    named = result_of(row, "deep/er", PAGE, filters(exclude=("a",)), SCOPE)
    assert (named.path, named.outcome) == ("deep/er/a", SKIPPED), "a filter by name sees the name alone"
    directory = Rejection("query", "sub/?zip", "", "sub")
    assert result_of(directory, "d", PAGE, filters(exclude=("sub/",)), SCOPE).reason == "exclude"
    observer = Recorder()
    count([row, directory], "d", PAGE, filters(), SCOPE, observer)
    assert observer.listed_paths == ["d/a", "d/sub"]


@pytest.mark.parametrize(
    ("listed", "skipped_by", "interrupted", "says"),
    [
        (1_200, {"other-host": 1_200}, None,
         ["nothing to save: all 1,200 rows of the listing are skipped: 1,200 other-host; "
          "-v shows where they lead, --allow-host HOST also fetches files from there"]),
        (1, {"scheme": 1}, None, ["nothing to save: the only row of the listing is skipped: 1 scheme"]),
        (3, {"ext": 2, "above": 1}, None,
         ["nothing to save: all 3 rows of the listing are skipped: 1 above, 2 ext; "
          "-v shows where they lead, --allow-host HOST also fetches files from there"]),
        (2, {"robots": 1, "ext": 1}, None,
         ["nothing to save: all 2 rows of the listing are skipped: 1 ext, 1 robots"]),
        (1, {"other": 1}, None, ["nothing to save: the only row of the listing is skipped: 1 other"]),
        (1, {"scheme": 1}, "a signal", []),
        (1, {"scheme": 2}, None, []),
    ],
)  # fmt: skip
def test_a_user_reads_why_nothing_is_saved(
    listed: int, skipped_by: dict[str, int], interrupted: str | None, says: list[str]
) -> None:
    assert nothing_wanted(listed, skipped_by, interrupted) == says


@pytest.mark.parametrize(
    ("row", "is_entry"),
    [
        (Rejection("above", "/x/f.bin", "", "f.bin"), True),
        (Rejection("other-host", "/x/f.bin", "", "f.bin"), True),
        (Rejection("query", "/x/f.bin?id=1", "", "f.bin"), False),
        (Rejection("above", "/x/f.bin/", "", "f.bin"), False),
    ],
)
def test_a_row_is_an_entry_where_its_host_is_named_and_it_leads_elsewhere(row: Rejection, is_entry: bool) -> None:
    found = entry_of(row, PAGE, Scope(PAGE, frozenset({"h"})))
    external = row.reason == "other-host"
    expected = Entry(name="f.bin", kind=Kind.UNKNOWN, url="http://h/x/f.bin", external=external)
    assert found == (expected if is_entry else None)


def test_filters_see_the_whole_path_of_a_row() -> None:
    row = Rejection("query", "get.php?id=1", "", "a")
    assert result_of(row, "d", PAGE, filters(exclude=("/d/a",)), SCOPE).outcome is SKIPPED
    assert result_of(row, "e", PAGE, filters(exclude=("/d/a",)), SCOPE).outcome is FAILED
