"""Which lost requests had no response, and which of them may be repeated for free: every combination."""

from __future__ import annotations

import itertools

import pytest

from crawler.http.lane.loss import Ending, confirms_the_body_before, losses

EVERY = list(itertools.product(Ending, [False, True], [0, 1, 7]))


@pytest.mark.parametrize(("ending", "has_begun", "answered"), EVERY)
def test_only_the_first_can_be_broken_and_those_behind_it_are_free(
    ending: Ending, has_begun: bool, answered: int
) -> None:
    first, *others = losses(ending, "why", 3, has_begun=has_begun, answered=answered)
    assert {loss[:2] for loss in (first, *others)} == {(ending, "why")}
    assert first.is_broken is has_begun
    assert [(loss.is_broken, loss.is_free) for loss in others] == [(False, True)] * 2
    assert not (first.is_broken and first.is_free) or ending in {Ending.BAD_REQUEST, Ending.ANNOUNCED}


@pytest.mark.parametrize(("ending", "has_begun", "answered"), EVERY)
def test_the_first_is_free_if_a_used_connection_ended_without_a_word(
    ending: Ending, has_begun: bool, answered: int
) -> None:
    (first,) = losses(ending, "", 1, has_begun=has_begun, answered=answered)
    is_race = ending in {Ending.CLOSED, Ending.EXCESS, Ending.RESET} and not has_begun and answered > 0
    assert first.is_free is (is_race or ending in {Ending.BAD_REQUEST, Ending.ANNOUNCED})


def test_nothing_in_flight_is_nothing_lost() -> None:
    assert losses(Ending.CLOSED, "", 0, has_begun=True, answered=3) == []


@pytest.mark.parametrize("ending", Ending)
def test_a_body_counts_only_if_what_followed_it_was_a_response_or_an_end_that_was_announced(ending: Ending) -> None:
    unclear = {
        *(Ending.CLOSED, Ending.RESET, Ending.SILENT, Ending.INVALID, Ending.GARBLED, Ending.EXCESS),
        *(Ending.UNREQUESTED, Ending.REFUSED_BY_TLS),
    }
    assert confirms_the_body_before(ending) is (ending not in unclear)
