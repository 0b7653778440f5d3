"""Files that are reported or counted together end as if each had been by itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.freshness import Currency, Dating
from crawler.model.observer import Observer, Silent
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.struct import replace
from crawler.model.values import Entry, Job, Kind, Local, Outcome, Result, Span
from crawler.output.progress import Fanout
from crawler.output.progress.counters import Counters
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.rules.budgets import Budget
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder
from crawler.pipeline.save.obstructed import Obstructed
from crawler.pipeline.tally import Tally
from tests.unit.pipeline.plan.test_new_files import entries

saved = st.builds(
    Result,
    path=st.sampled_from("abc"),
    url=st.just("http://h/"),
    outcome=st.just(Outcome.SAVED),
    size=st.integers(0, 9),
    received=st.integers(0, 9),
    currency=st.sampled_from(Currency),
    dating=st.sampled_from(Dating),
    upstream=st.sampled_from(["", "http://u/"]),
)


class Names(Observer):
    def __init__(self) -> None:
        self.heard: list[object] = []

    def listed(self, path: str, size: int | None) -> None:
        self.heard.append((path, size))

    def finished(self, result: Result) -> None:
        self.heard.append(result)


class Counts(Observer):
    def __init__(self) -> None:
        self.heard: list[object] = []

    def all_listed(self, files: Sequence[tuple[str, int | None]]) -> None:
        self.heard.append(len(files))

    def all_saved(self, results: Sequence[Result]) -> None:
        self.heard.append(len(results))


@settings(max_examples=50, deadline=None)
@given(st.lists(saved, max_size=5))
def test_a_tally_counts_files_that_are_saved_together_like_others(results: list[Result]) -> None:
    one_by_one, together = Tally("http://h/", "m"), Tally("http://h/", "m")
    for result in results:
        one_by_one.listed(result.path, 1)
        one_by_one.finished(result)
    together.all_listed([(result.path, 1) for result in results])
    together.all_saved(results)
    assert one_by_one.close(1.0) == together.close(1.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(saved, min_size=1, max_size=3), st.booleans())
def test_a_budget_is_used_by_files_that_are_saved_together(results: list[Result], is_limited: bool) -> None:
    budgets = [Budget(files=9, size=99) if is_limited else Budget() for _ in range(2)]
    for each in budgets:
        each.booked.update({result.path: 5 for result in results} if is_limited else {})
    one_by_one, together = map(Allowance, budgets)
    for result in results:
        one_by_one.finished(result)
    together.all_saved(results)
    assert budgets[0].saved == budgets[1].saved
    assert budgets[0].saved_bytes == budgets[1].saved_bytes
    assert budgets[0].booked == budgets[1].booked


@settings(max_examples=100, deadline=None)
@given(
    st.lists(entries().filter(lambda entry: not entry.folder), max_size=6),
    st.lists(st.sampled_from([None, Span(1, 9), Span(9, 9)]), min_size=6, max_size=6),
)
def test_the_digest_of_a_directory_is_that_of_its_rows_together(rows: list[Entry], sizes: list[Span[int]]) -> None:
    rows = [replace(row, size=size or row.size) for row, size in zip(rows, sizes, strict=False)]
    one_by_one, together = DirectoryDigestBuilder(), DirectoryDigestBuilder()
    for row in rows:
        one_by_one.add(row, None)
    together.add_new(rows)
    assert vars(one_by_one) == vars(together)


def test_each_observer_hears_of_files_in_its_own_way() -> None:
    one_by_one, together = Names(), Counts()
    both = Fanout([one_by_one, together])
    results = [Result(path=name, url="", outcome=Outcome.SAVED) for name in "ab"]
    both.all_listed([("a", 1), ("b", None)])
    both.all_saved(results)
    assert one_by_one.heard == [("a", 1), ("b", None), *results]
    assert together.heard == [2, 2]


def test_files_are_only_counted_if_no_observer_wants_to_know_them() -> None:
    tally, counters = Tally("u", "d"), Counters(lambda: 0.0)
    both = Fanout([tally, counters, Silent()])
    assert both.counts_unchanged()
    assert not Fanout([tally, Names()]).counts_unchanged()
    files = [StoredFile(name, "u", "row", 5, 0, 0.0) for name in "ab"]
    expected = Tally("u", "d"), Counters(lambda: 0.0)
    Fanout(expected).all_unchanged("", files, "same row")
    both.count_unchanged(2, 10)
    assert tally.close(0.0) == expected[0].close(0.0)
    assert counters.totals(0.0) == expected[1].totals(0.0)


@pytest.mark.parametrize("is_here", [False, True])
def test_a_file_that_was_saved_waits_for_no_directory_any_more(is_here: bool) -> None:
    observer = Names()
    obstructed = Obstructed(observer, Allowance(), plans=False)
    local = Local(Kind.DIRECTORY, 0, 0) if is_here else None
    assert not obstructed.holds(Job(url="", path="a", reason="new", local=local))
    done = Result(path="a", url="", outcome=Outcome.SAVED)
    obstructed.all_saved([done])
    failed = Result(path="a", url="", outcome=Outcome.FAILED, reason=Reason.DIRECTORY_IN_THE_WAY)
    obstructed.finished(failed)
    assert observer.heard == [done, failed]
    assert not obstructed.proven
