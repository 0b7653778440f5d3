"""Whatever a server does in whatever pieces, each request ends once and receives only what was sent in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from crawler.http.lane.batch import Batch
from crawler.http.lane.deadline import Patience
from crawler.http.lane.lane import Lane
from crawler.http.sockets.first_responses import FirstResponses
from crawler.model import limits
from tests.support.memory_transport import MemoryTransport
from tests.unit.http.lane.histories import CLOSING, ENDS, History, body, histories, pieces
from tests.unit.http.lane.recorder import Outcome, Recorder


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


async def played(history: History, *, gathered: int) -> list[Outcome]:
    """The outcomes of the requests, in order."""
    receiver = Recorder()
    lane = Lane(Patience(60), lambda _lane: None)
    transport = MemoryTransport(lane)
    requests = [receiver.request(str(number), gathered=gathered) for number in range(history.requests)]
    lane.send(requests)
    transport.arrive(pieces(history))
    transport.end(ConnectionResetError(104, "reset") if history.is_reset else None)
    assert lane.in_flight == 0
    assert len(receiver.ends) == history.requests
    return [receiver.outcomes[request] for request in requests]


async def batched(history: History) -> list[bytes | None]:
    """The bodies that a batch receives, whose requests are one object; None where it has no response."""
    lane = Lane(Patience(60), lambda _lane: None)
    transport = MemoryTransport(lane)
    sending = asyncio.ensure_future(Batch(lane, FirstResponses()).send([b"GET / HTTP/1.1\r\n\r\n"] * history.requests))
    await asyncio.sleep(0)
    transport.arrive(pieces(history))
    transport.end(ConnectionResetError(104, "reset") if history.is_reset else None)
    return [None if answer is None else answer.body for answer in await sending]


def complete(history: History) -> list[bytes]:
    """The bodies of the responses that a client may accept, in the order in which they were sent."""
    found: list[bytes] = []
    steps = [step for step in history.steps if step.kind != "interim"]
    for place, step in enumerate(steps):
        if step.kind == "endless" and not history.is_reset:
            rest = b"".join(pieces(history)).partition(b"X: y\r\n\r\n")[2]
            return [*found, rest]
        if step.kind == "400" and history.requests == 1:
            return [b""]
        if step.kind in ENDS:
            return found
        found.append(body(step.of))
        if step.kind in CLOSING or place + 1 == history.requests:
            return found
    return found


@settings(max_examples=150, deadline=None)
@given(histories())
def test_each_request_gets_what_was_sent_in_its_place_or_nothing(runner: asyncio.Runner, history: History) -> None:
    expected = complete(history)
    for gathered in (0, 3, 1 << 18):
        outcomes = runner.run(played(history, gathered=gathered))
        answered = [outcome for outcome in outcomes if outcome.is_complete]
        assert answered == outcomes[: len(answered)], "those in front come first"
        assert [outcome.body for outcome in answered] == expected[: history.requests]
        assert all(outcome.loss is not None for outcome in outcomes[len(answered) :])


@settings(max_examples=150, deadline=None)
@given(histories())
def test_a_batch_gets_what_was_sent_in_its_place_or_nothing(runner: asyncio.Runner, history: History) -> None:
    expected, found = complete(history), runner.run(batched(history))
    assert len(found) == history.requests
    assert all(got is None or got == expected[place] for place, got in enumerate(found))
    several = runner.run(played(history, gathered=1 << 18))
    missing = [place for place, each in enumerate(several) if each.is_complete and found[place] is None]
    # of the last one only its length may say where it ends; bytes behind it make all of them doubtful
    assert len(missing) <= 1 or found == [None] * history.requests


@pytest.mark.parametrize(("passes", "is_near"), [(0.0, True), (2 * limits.NEAR, None)])
async def test_the_first_response_of_a_batch_shows_that_a_host_is_near_whose_first_page_took_long(
    passes: float, monkeypatch: pytest.MonkeyPatch, *, is_near: bool | None
) -> None:
    """It cannot have come before its request, however late the first page was; a late one may have other reasons."""
    first = FirstResponses(quickest=1.0)
    lane = Lane(Patience(60), lambda _lane: None)
    transport = MemoryTransport(lane)
    sending = asyncio.ensure_future(Batch(lane, first).send([b"GET / HTTP/1.1\r\n\r\n"] * 2))
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    now = loop.time() + passes
    monkeypatch.setattr(loop, "time", lambda: now)
    transport.arrive([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"])
    assert first.is_near is is_near
    monkeypatch.setattr(loop, "time", lambda: now - passes)
    transport.arrive([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"])
    assert [each is not None for each in await sending] == [True, True]
    assert first.is_near is is_near
