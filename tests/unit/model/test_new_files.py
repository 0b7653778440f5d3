"""New files as columns: each looks like a value of the general rules, however they are cut and joined."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.model.columns.new_files import NewFiles, SavedFiles, SavedResults, directories_of, joined, one_by_one
from crawler.model.freshness import Currency
from crawler.model.struct import replace
from crawler.model.values import Known, Outcome, Result
from tests.support.new_files import Made, made, new_files, plain_files

several = st.lists(made, max_size=5)
FAILED = Result(path="x", url="http://h/x", outcome=Outcome.FAILED)


def saved(files: NewFiles) -> SavedFiles:
    return SavedFiles(files.columns, [f"sha256:{number:064x}" for number in range(len(files))])


@given(several, several, st.slices(5))
def test_they_are_a_sequence_of_bodies_to_be_named(one: list[Made], more: list[Made], cut: slice) -> None:
    files, others = new_files(one), new_files(more)
    each = list(files)
    assert [(staged.job, staged.body, staged.mtime) for staged in each] == [made[:3] for made in one]
    assert all(staged.lacks_digest and staged.size == len(staged.body) and not staged.part for staged in each)
    assert [staged.result.known for staged in each] == [files.columns.record(at, None) for at in range(len(one))]
    assert list(files[cut]) == each[cut]
    assert files.size == sum(len(staged.body) for staged in each)
    assert directories_of(files) == directories_of(each)
    assert one_by_one([files, FAILED, others]) == [*each, FAILED, *others]
    files.extend(others)
    assert list(files) == [*each, *others]


@given(several, several, st.slices(5))
def test_what_is_saved_is_a_sequence_of_records_and_one_of_results(
    one: list[Made], more: list[Made], cut: slice
) -> None:
    files = new_files(one)
    records, results = saved(files), SavedResults(saved(files))
    expected = [staged.result for staged in files]
    for at, (known, result) in enumerate(zip(records, results, strict=True)):
        assert known == replace(expected[at].known, digest=records.digests[at])
        assert result == replace(expected[at], known=known, digest=known.digest)
    assert list(records[cut]) == list(records)[cut]
    assert list(results[cut]) == list(results)[cut]
    assert results.size == sum(result.size for result in results) == sum(result.received for result in results)
    assert results.listed == sum(result.currency is Currency.LISTED for result in results)
    before, after = list(records), list(saved(new_files(more)))
    assert list(joined(records, saved(new_files(more)))) == [*before, *after]
    assert list(records) == before
    outcomes: list[Known | str] = ["in the way"]
    assert list(joined(outcomes, records)) == ["in the way", *before]


def test_columns_stay_columns_where_they_are_joined() -> None:
    one, more = saved(plain_files("a", "b")), saved(plain_files("c"))
    assert isinstance(joined([], one), SavedFiles)
    assert isinstance(joined(one, more), SavedFiles)
