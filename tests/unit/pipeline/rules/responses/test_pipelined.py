"""Which responses count among several on a connection: what follows each one shows whether its body is whole."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from crawler.model.values import Span, Validators
from crawler.pipeline.rules.responses.neighbours import Facts, Row
from crawler.pipeline.rules.responses.pipelined import verdict

ROWS = [Row(size=Span(size, size)) for size in (100, 200, 0, 300)]
RIGHT = [Facts(status=200, size=size) for size in (100, 200, 0, 300)]
ERRORS = [Facts(status=status) for status in (204, 206, 301, 304, 400, 403, 404, 408, 429, 500, 503)]


def proven(*facts: Facts | None, is_ended: bool = True) -> list[bool]:
    return list(verdict(ROWS[: len(facts)], facts, None, is_ended=is_ended).proven)


def test_responses_that_are_followed_by_those_to_the_next_requests_count() -> None:
    judged = verdict(ROWS, RIGHT, None)
    assert judged.proven == [True] * 4
    assert judged.carried is not None
    assert judged.findings.agreed == 4


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_body_before_a_response_that_is_not_proven_does_not_count(error: Facts, place: int) -> None:
    facts = [*RIGHT[:place], error, *RIGHT[place + 1 :]]
    judged = verdict(ROWS, facts, None)
    expected = [at not in {place, place - 1} for at in range(4)]
    expected[2] = place != 2  # no byte of an empty body can be missing
    assert judged.proven == expected
    assert judged.carried is None
    assert judged.findings.agreed == sum(expected)


@pytest.mark.parametrize(("answered", "is_ended"), list(itertools.product(range(5), [False, True])))
def test_the_last_response_before_an_end_counts_if_nothing_was_due_behind_it(answered: int, is_ended: bool) -> None:
    facts = [RIGHT[at] if at < answered else None for at in range(4)]
    expected = [at < answered - (not is_ended) for at in range(4)]
    expected[2] = answered > 2
    assert proven(*facts, is_ended=is_ended) == expected


@pytest.mark.parametrize("is_ended", [False, True])
def test_a_body_in_which_another_response_may_begin_never_counts(is_ended: bool) -> None:
    held = Facts(status=200, size=100, may_hold_response=True)
    assert proven(held, is_ended=is_ended) == [False]
    assert proven(held, RIGHT[1]) == [False, True]


@pytest.mark.parametrize("behind", [None, *ERRORS])
def test_a_confirmation_without_a_body_is_whole_whatever_follows(behind: Facts | None) -> None:
    rows = [Row(size=Span(100, 100), etag='"1"'), Row(size=Span(200, 200), etag='"2"')]
    facts = [Facts(status=304, etag='"1"'), behind]
    assert verdict(rows, facts, None, is_ended=False).proven == [True, False]


def test_a_part_of_a_file_before_a_part_of_another_one_that_is_not_due_yet_does_not_count() -> None:
    parts = ["0-4", "5-", "0-6", "7-"]
    rows = [Row(size=Span(100, 100), part=part) for part in parts]
    sent = [Facts(status=206, size=100, part=part) for part in parts]
    assert verdict(rows, sent, None).proven == [True] * 4
    assert verdict(rows, [*sent[:2], sent[3], None], None, is_ended=False).proven == [False] * 4
    assert verdict(rows, [*sent[:2], None, None], None, is_ended=False).proven == [True, False, False, False]


PLACES = [Row(place="/a/"), Row(place="/b/")]
PARTS = [Row(size=Span(100, 100), part="0-4"), Row(size=Span(100, 100), part="5-")]
GONE, BUSY = Facts(status=404), Facts(status=503)


@pytest.mark.parametrize(
    ("rows", "facts", "is_doubtful"),
    [
        (ROWS[:2], [GONE, GONE], True),
        (ROWS[:2], [BUSY, Facts(status=429)], False),
        (ROWS[:2], [BUSY, GONE], True),
        (ROWS[:2], [None, None], False),
        (ROWS[:2], [None, GONE], True),
        (ROWS[:2], [GONE, RIGHT[1]], False),
        (PLACES, [GONE, GONE], False),
        (PARTS, [GONE, GONE], False),
        ([ROWS[0], PLACES[1]], [BUSY, GONE], False),
        ([ROWS[0], PLACES[1]], [GONE, BUSY], True),
    ],
)
def test_a_batch_without_any_file_speaks_against_the_host_unless_it_is_overloaded(
    rows: list[Row], facts: list[Facts | None], is_doubtful: bool
) -> None:
    judged = verdict(rows, facts, None)
    assert judged.findings.is_doubtful is is_doubtful
    assert not judged.findings.is_exchanged
    assert judged.carried is None


def test_each_request_has_its_place_among_the_responses() -> None:
    with pytest.raises(ValueError, match="shorter"):
        verdict(ROWS, RIGHT[:3], None)


def test_responses_of_a_host_that_is_trusted_need_not_be_told_apart() -> None:
    rows, facts = [Row(size=Span(5, 5))] * 2, [Facts(status=200, size=5)] * 2
    assert verdict(rows, facts, None).proven == [False, False]
    assert verdict(rows, facts, None, is_trusted=True).proven == [True, True]
    carried = verdict(rows[:1], facts[:1], None).carried
    assert verdict(rows[:1], facts[:1], carried, is_trusted=True).proven == [False], "it may be the one before, again"


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
EMPTY, EMPTY_LATER = (Row(size=Span(0, 0), modified=Span(at, at)) for at in (NOON, NOON + timedelta(hours=1)))


def empty(tag: str, row: Row = EMPTY) -> Facts:
    assert row.modified is not None
    return Facts(status=200, size=0, modified=row.modified.low, of_empty=Validators(etag=tag))


def test_an_empty_file_may_come_again_on_a_connection_and_another_one_if_its_time_tells_them_apart() -> None:
    carried = verdict([EMPTY], [empty("1")], None).carried
    assert carried is not None
    assert verdict([EMPTY], [empty("1")], carried).proven == [True]
    assert verdict([EMPTY, EMPTY], [empty("1")] * 2, carried).proven == [True, True]
    assert verdict([EMPTY], [empty("2")], carried).proven == [False]
    assert len(carried) == 1
    later = [empty("2", EMPTY_LATER)] * 2
    assert verdict([EMPTY_LATER] * 2, later, carried).proven == [True, True]
    assert len(carried) == 3


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([empty("1"), empty("1"), RIGHT[0]], [True, True, True]),
        ([empty("1"), empty("2"), RIGHT[0]], [False, False, True]),
        ([empty("1"), Facts(status=200, size=0), RIGHT[0]], [False, False, True]),
        ([empty("1"), empty("1"), GONE], [False, False, False]),
        ([empty("1"), empty("1"), None], [False, False, False]),
    ],
)
def test_empty_files_that_are_interchangeable_need_responses_that_are_and_none_may_be_missing(
    facts: list[Facts | None], expected: list[bool]
) -> None:
    assert verdict([EMPTY, EMPTY, ROWS[0]], facts, None).proven == expected


def test_empty_files_of_two_times_are_not_one_group() -> None:
    rows = [EMPTY, EMPTY, EMPTY_LATER]
    facts = [empty("1"), empty("1"), empty("1", EMPTY_LATER)]
    assert verdict(rows, facts, None).proven == [False, False, True]
