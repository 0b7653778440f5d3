"""Whatever responses a server swaps, drops or adds, no request gets a body that its row can tell from its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from crawler.model.values import Span
from crawler.pipeline.rules.responses.neighbours import Facts, Judgement, Row, judge
from tests.unit.http.lane.histories import History, body, histories
from tests.unit.http.lane.test_histories import played


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@settings(max_examples=300, deadline=None)
@given(histories())
def test_no_history_makes_a_wrong_file(runner: asyncio.Runner, history: History) -> None:
    rows = [Row(size=Span(len(body(number)), len(body(number)))) for number in range(history.requests)]
    for number, outcome in enumerate(runner.run(played(history, gathered=1 << 18))):
        if outcome.head is None or not outcome.is_complete or outcome.head.status != 200:
            continue
        facts = Facts(status=200, size=len(outcome.body))
        judgement = judge(rows[number], rows[:number] + rows[number + 1 :], facts)
        assert outcome.body == body(number) or judgement is not Judgement.AGREES
