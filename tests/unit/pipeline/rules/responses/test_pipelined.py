"""Which responses count among several on a connection: what follows each one shows whether its body is whole."""

from __future__ import annotations

import itertools

import pytest

from crawler.model.values import Span
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
