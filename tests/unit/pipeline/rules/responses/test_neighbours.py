"""Which requests may share a lane, and that a response to a neighbour is never accepted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.values import Span
from crawler.pipeline.rules.responses.neighbours import (
    Aspect,
    Facts,
    Judgement,
    Row,
    are_apart,
    confirmed_by,
    judge,
    told_apart,
)

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def size(low: int, high: int | None = None) -> Span[int]:
    return Span(low, low if high is None else high)


def minute(number: int, *, aware: bool = True) -> Span[datetime]:
    low = (NOON if aware else NOON.replace(tzinfo=None)) + timedelta(minutes=number)
    return Span(low, low + timedelta(seconds=59))


@pytest.mark.parametrize(
    ("one", "other", "aspects"),
    [
        (Row(), Row(), Aspect.NONE),
        (Row(size=size(5)), Row(), Aspect.NONE),
        (Row(size=size(5)), Row(size=size(5)), Aspect.NONE),
        (Row(size=size(5)), Row(size=size(6)), Aspect.SIZE),
        (Row(size=size(5, 7)), Row(size=size(7, 9)), Aspect.NONE),
        (Row(modified=minute(1)), Row(modified=minute(1)), Aspect.NONE),
        (Row(modified=minute(1)), Row(modified=minute(2)), Aspect.TIME),
        (Row(modified=Span(minute(1).low, minute(2).low)), Row(modified=minute(2)), Aspect.NONE),
        (Row(modified=minute(1, aware=False)), Row(modified=minute(2, aware=False)), Aspect.NONE),
        (Row(modified=minute(1)), Row(modified=minute(2, aware=False)), Aspect.NONE),
        (Row(digest="md5:a"), Row(digest="md5:b"), Aspect.DIGEST),
        (Row(digest="md5:a"), Row(digest="sha256:b"), Aspect.NONE),
        (Row(etag='"a"'), Row(etag='"b"'), Aspect.ETAG),
        (Row(etag='"a"'), Row(etag=None), Aspect.NONE),
        (Row(place="/a/"), Row(place="/b/"), Aspect.PLACE),
        (Row(place="/a/"), Row(), Aspect.NONE),
        (Row(part="0-4"), Row(part="5-"), Aspect.PART),
        (Row(part="0-4"), Row(), Aspect.PART),
        (Row(size=size(5), etag='"a"', modified=minute(1)), Row(size=size(6), etag='"b"', modified=minute(3)),
         Aspect.SIZE | Aspect.ETAG | Aspect.TIME),
    ],
)  # fmt: skip
def test_what_tells_two_rows_apart(one: Row, other: Row, aspects: Aspect) -> None:
    assert told_apart(one, other) == told_apart(other, one) == aspects


FULL = Row(size=size(5), modified=minute(1), digest="md5:a", etag='"a"')


@pytest.mark.parametrize(
    ("facts", "confirmed"),
    [
        (
            Facts(status=200, size=5, modified=minute(1).low, digest="md5:a", etag='"a"'),
            Aspect.SIZE | Aspect.TIME | Aspect.DIGEST,
        ),
        (Facts(status=200, size=5), Aspect.SIZE),
        (Facts(status=200, size=6), None),
        (Facts(status=200, size=5, modified=minute(2).low), None),
        (Facts(status=200, size=5, digest="md5:b"), None),
        (Facts(status=200, size=5, etag='"b"'), Aspect.SIZE),
        (Facts(status=304, etag='"a"'), Aspect.ETAG),
        (Facts(status=304, etag='"b"'), None),
        (Facts(status=304), Aspect.NONE),
        (Facts(status=304, size=6, modified=minute(1).high), Aspect.TIME),
        (Facts(status=304, digest="md5:a"), Aspect.NONE),
        (Facts(status=304, digest="md5:b", place="/b/"), Aspect.NONE),
        (Facts(status=404, size=5, etag='"a"'), Aspect.NONE),
        (Facts(status=206, size=5), Aspect.NONE),
    ],
)
def test_what_a_response_confirms(facts: Facts, confirmed: Aspect | None) -> None:
    assert confirmed_by(FULL, facts) == confirmed


def test_a_request_that_was_alone_needs_no_proof() -> None:
    assert judge(FULL, [], Facts(status=404)) is Judgement.AGREES
    assert judge(FULL, [], Facts(status=200, size=6)) is Judgement.DISAGREES


def test_what_is_confirmed_must_be_what_tells_the_neighbours_apart() -> None:
    one, other = Row(size=size(5), etag='"a"'), Row(size=size(5), etag='"b"')
    assert are_apart(one, other)
    assert judge(one, [other], Facts(status=200, size=5)) is Judgement.UNPROVEN
    assert judge(one, [other], Facts(status=304, etag='"a"')) is Judgement.AGREES
    assert judge(one, [other], Facts(status=200, size=5, etag='"a"')) is Judgement.UNPROVEN, "it should be a 304"
    assert judge(one, [other, FULL], Facts(status=304, etag='"a"')) is Judgement.UNPROVEN
    assert judge(one, [Row(size=size(6))], Facts(status=304, size=5)) is Judgement.UNPROVEN, "a 304 has no size"
    assert confirmed_by(Row(place="/a/"), Facts(status=304, place="/a/")) is Aspect.NONE
    assert confirmed_by(Row(place="/a/"), Facts(status=304, place="/b/")) is Aspect.NONE


@st.composite
def files(draw: st.DrawFn) -> tuple[Row, Facts]:
    """A row, and the facts of a response that fits it."""
    length, at = draw(st.integers(0, 12)), NOON + timedelta(seconds=draw(st.integers(0, 600)))
    digest, etag = f"md5:{draw(st.integers(0, 3))}", f'"{draw(st.integers(0, 3))}"'
    blur, has = draw(st.integers(0, 3)), draw(st.tuples(*[st.booleans()] * 4))
    row = Row(
        size=size(max(0, length - blur), length + blur) if has[0] else None,
        modified=minute((at - NOON) // timedelta(minutes=1), aware=draw(st.booleans())) if has[1] else None,
        digest=digest if has[2] else None,
        etag=etag if has[3] else None,
    )
    says = draw(st.tuples(*[st.booleans()] * 2))
    is_new = draw(st.booleans())
    return row, Facts(
        status=200 if is_new else draw(st.sampled_from([304, 404])),
        size=length if is_new else None,
        modified=at if says[0] else None,
        digest=digest if is_new and has[2] else None,
        etag=etag if says[1] else None,
    )


@given(st.lists(files(), min_size=2, max_size=6), st.data())
def test_a_response_of_a_neighbour_is_never_taken(served: list[tuple[Row, Facts]], data: st.DataObject) -> None:
    """Whatever responses a host swaps, a file that fits its own row is not accepted for another one."""
    lane: list[tuple[Row, Facts]] = []
    for row, facts in served:
        if all(are_apart(row, other) for other, _ in lane):
            lane.append((row, facts))
    rows = [row for row, _ in lane]
    for place, row in enumerate(rows):
        others = rows[:place] + rows[place + 1 :]
        if not others:
            continue
        given_to = data.draw(st.sampled_from([each for each in range(len(lane)) if each != place]))
        assert judge(row, others, lane[given_to][1]) is not Judgement.AGREES
