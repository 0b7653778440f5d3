"""What may follow on a connection that requests have shared, and that no response it carried is taken for a new one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.pipeline.rules.responses.carried import LONGEST, followers, may_follow
from crawler.pipeline.rules.responses.neighbours import Facts, Judgement, Row, are_apart, judge
from crawler.pipeline.rules.responses.pipelined import verdict
from tests.unit.pipeline.rules.responses.samples import at, carried, ok, row


@pytest.mark.parametrize(
    ("seen", "new", "may"),
    [
        ([], row(5), True),
        ([(row(5), ok(5))], row(5), False),
        ([(row(5), ok(5))], row(6), True),
        ([(row(5), ok(5))], row(4, 6), False),
        ([(row(4, 6), ok(5))], row(4), True),
        ([(row(4, 6), ok(5))], row(5), False),
        ([(row(5, modified=at(1)), ok(5))], row(5, modified=at(2)), True),
        ([(row(5, modified=at(1)), ok(5))], row(5, modified=at(1)), False),
        ([(row(5, etag='"a"'), Facts(status=304, etag='"a"'))], row(5), False),
        ([(row(5, etag='"a"'), Facts(status=304, etag='"a"'))], row(5, etag='"b"'), True),
        ([(row(5, etag='"a"'), Facts(status=304, etag='"a"'))], row(6), True),
        ([(row(place="/a/"), ok(900, place="/a/"))], row(place="/b/"), True),
        ([(row(place="/a/"), ok(900, place="/a/"))], row(place="/a/"), False),
        ([(row(place="/a/"), ok(900, place="/a/"))], row(900), False),
        ([(row(place="/a/"), ok(900, place="/a/"))], row(800, 899), True),
        ([(row(5), ok(5))], row(place="/a/"), True),
        ([(row(5), Facts(status=304))], row(place="/a/"), False),
        ([(row(5, etag='"a"'), Facts(status=304))], row(place="/a/"), False),
        ([(row(5, etag='"a"'), Facts(status=304, etag='"a"'))], row(place="/a/"), True),
        ([(row(place="/a/"), Facts(status=304))], row(place="/b/"), True),
        ([(row(5), ok(5, place="/a/"))], row(place="/a/"), False),
        ([(row(number), ok(number)) for number in range(LONGEST)], row(LONGEST), False),
        ([(row(number), ok(number)) for number in range(LONGEST - 1)], row(LONGEST), True),
    ],
)
def test_what_may_follow(seen: list[tuple[Row, Facts]], new: Row, may: bool) -> None:
    assert may_follow([new], carried(*seen)) is may


def test_a_row_whose_size_is_not_exact_is_compared_even_if_another_row_has_the_least_of_its_sizes() -> None:
    assert followers([row(4), row(4, 6), row(6, 7)], carried((row(5), ok(5)))) == [0, 2]


@pytest.mark.parametrize(
    ("facts", "proven", "goes_on", "exchanged"),
    [
        ([ok(5), ok(6)], [True, True], True, False),
        ([ok(5), None], [True, False], False, False),
        ([ok(5), Facts(status=404)], [False, False], False, False),
        ([ok(6), ok(5)], [False, False], False, True),
        ([ok(3), ok(5)], [False, False], False, True),
        ([ok(5), ok(9)], [False, False], False, False),
        ([Facts(status=304), ok(6)], [False, True], False, False),
    ],
)
def test_a_connection_goes_on_only_behind_responses_that_are_all_proven(
    facts: list[Facts | None], proven: list[bool], goes_on: bool, exchanged: bool
) -> None:
    found = verdict([row(5), row(6)], facts, carried((row(3), ok(3))))
    assert list(found.proven) == proven
    assert (found.carried is not None, found.findings.is_exchanged) == (goes_on, exchanged)
    assert found.carried is None or len(found.carried) == 3


@pytest.mark.parametrize(
    ("facts", "proven", "doubtful", "exchanged"),
    [
        ([ok(1, place="/a/"), ok(1, place="/b/")], [True, True], False, False),
        ([ok(1, place="/b/"), ok(1, place="/a/")], [False, False], True, True),
        ([ok(1, place="/a/"), ok(1)], [False, False], False, False),
        ([ok(1), ok(1)], [False, False], False, False),
        ([ok(1, place="/x/"), ok(1, place="/b/")], [False, False], False, False),
    ],
)
def test_a_listing_is_proven_by_its_title_and_another_title_is_no_fault_of_the_host(
    facts: list[Facts | None], proven: list[bool], doubtful: bool, exchanged: bool
) -> None:
    found = verdict([row(place="/a/"), row(place="/b/")], facts, None)
    assert list(found.proven) == proven
    assert (found.findings.is_doubtful, found.findings.is_exchanged) == (doubtful, exchanged)


@st.composite
def listed(draw: st.DrawFn) -> tuple[Row, Facts]:
    """A listing, as ``served``."""
    name = draw(st.sampled_from(["/a/", "/b/", "/c/"]))
    return row(place=name), ok(draw(st.integers(0, 4)), place=draw(st.sampled_from([name, name, None])))


@st.composite
def served(draw: st.DrawFn) -> tuple[Row, Facts]:
    """A file or a listing, as its row and as the response that belongs to it."""
    if draw(st.sampled_from([False, False, True])):
        return draw(listed())
    length = draw(st.integers(0, 4))
    blur, moment, says = draw(st.integers(0, 1)), draw(st.integers(0, 3)), draw(st.booleans())
    has_time, has_tag, tag = draw(st.booleans()), draw(st.booleans()), f'"{draw(st.integers(0, 3))}"'
    given = row(
        max(0, length - blur), length + blur, modified=at(moment) if has_time else None, etag=tag if has_tag else None
    )
    time = at(moment).low if says else None
    if has_tag and draw(st.booleans()):
        return given, Facts(status=304, etag=tag, modified=time)
    return given, ok(length, modified=time, place=draw(st.sampled_from([None, None, "/a/"])))


STRAY = [Facts(status=404), Facts(status=304), Facts(status=503)]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(served(), min_size=2, max_size=3), min_size=2, max_size=4), st.data())
def test_whatever_comes_twice_late_or_exchanged_is_never_taken_for_another(
    batches: list[list[tuple[Row, Facts]]], data: st.DataObject
) -> None:
    """On one connection each request may get any response that it has carried, that of a neighbour, or a stray one."""
    history, sent = None, list[tuple[Row, Facts]]()
    for wanted in batches:
        batch: list[tuple[Row, Facts]] = []
        for each in wanted:
            if all(are_apart(each[0], other) for other, _ in batch):
                batch.append(each)
        rows = [each for each, _ in batch]
        if history is not None and not may_follow(rows, history):
            continue
        possible = STRAY + [facts for _, facts in sent + batch]
        is_right = data.draw(st.sampled_from([True, True, False]))
        received = [facts if is_right else data.draw(st.sampled_from(possible)) for _, facts in batch]
        found = verdict(rows, received, history)
        for (_, right), got, is_proven in zip(batch, received, found.proven, strict=True):
            is_alone = len(batch) == 1 and not sent
            assert not is_proven or got is right or is_alone
        if found.carried is None:
            return
        history = found.carried
        sent += batch


@settings(max_examples=100, deadline=None)
@given(st.lists(served(), min_size=1, max_size=4) | st.lists(listed(), min_size=1, max_size=3), st.data())
def test_sizes_or_places_that_differ_spare_comparisons_and_change_nothing(
    batch: list[tuple[Row, Facts]], data: st.DataObject
) -> None:
    rows = [each for each, _ in batch]
    possible = [None, *STRAY, *(facts for _, facts in batch)]
    received = [data.draw(st.sampled_from(possible)) for _ in rows]
    compared = [
        fact is not None
        and judge(row, rows[:place] + rows[place + 1 :], fact) is Judgement.AGREES
        and fact.status in (200, 304)
        for place, (row, fact) in enumerate(zip(rows, received, strict=True))
    ]
    whole = [
        is_proven and (each is None or each.status == 304 or each.size == 0 or (behind is None or follows))
        for is_proven, each, behind, follows in zip(
            compared, received, [*received[1:], None], [*compared[1:], True], strict=True
        )
    ]
    contradicts = any(
        fact is not None and judge(row, [], fact) is Judgement.DISAGREES
        for row, fact in zip(rows, received, strict=True)
    )
    assert list(verdict(rows, received, None).proven) == ([False] * len(rows) if contradicts else whole)
