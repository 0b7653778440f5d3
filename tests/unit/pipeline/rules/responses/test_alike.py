"""Responses that are alike are judged as the general rule judges each of them, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.network.pipelining import Findings
from crawler.model.network.receiving import Arrived
from crawler.model.network.shapes import HeaderShape
from crawler.model.struct import replace
from crawler.model.values import Span
from crawler.pipeline.rules.responses import alike, carried, pipelined
from crawler.pipeline.rules.responses.carried import LONGEST, History
from crawler.pipeline.rules.responses.neighbours import Aspect, Facts, Row, all_facts, are_interchangeable
from tests.support.fakes import FakeReply, FakeResponse

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
TIMES = ["Wed, 01 May 2024 12:00:00 GMT", "Wed, 01 May 2024 11:00:00 GMT", "noon", None]
ROW_TIMES = [None, Span(NOON, NOON + timedelta(seconds=59)), Span(NOON.replace(tzinfo=None), NOON.replace(tzinfo=None))]
KINDS = ["text/plain", "application/octet-stream", "text/html"]
EMPTY = Row(size=Span(0, 0), modified=ROW_TIMES[1])
TITLE = b"<title>/a/</title>"


def reply(
    size: int, constant: Mapping[str, str], modified: str | None, etag: str | None = None, start: bytes = TITLE
) -> FakeReply:
    """A response with status 200 whose header section has a shape."""
    varying = {"Last-Modified": modified, "ETag": etag}
    headers = {**constant, **{name: value for name, value in varying.items() if value is not None}}
    body = (start + b"x" * size)[:size]
    made = FakeReply("http://h/a", FakeResponse(headers=headers, body=body), 1 << 20)
    made.shape = HeaderShape(tuple(headers), constant)
    made.varying = (modified, etag, None)
    return made


rows = st.builds(
    Row,
    size=st.one_of(st.integers(0, 30).map(lambda size: Span(size, size)), st.sampled_from([None, Span(3, 9)])),
    modified=st.sampled_from(ROW_TIMES),
    digest=st.sampled_from([None, None, None, "md5:" + "0" * 32]),
    etag=st.sampled_from([None, None, None, '"1"']),
    place=st.sampled_from([None, None, None, "/a/"]),
    part=st.sampled_from([None, None, None, "0-4"]),
)
sizes = st.one_of(st.just(0), st.integers(0, 30))
files = st.builds(Row, size=sizes.map(lambda size: Span(size, size)), modified=st.sampled_from(ROW_TIMES))
replies = st.builds(
    reply,
    st.integers(0, 30),
    st.fixed_dictionaries({"Content-Type": st.sampled_from(KINDS)}),
    st.sampled_from(TIMES),
    st.sampled_from([None, '"1"']),
    st.sampled_from([TITLE, TITLE, b"HTTP/1.1 200 OK"]),
)


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[Row], list[FakeReply | None]]:
    """Rows and their responses, most of which have the size of their row."""
    some = draw(st.lists(st.one_of(files, files, files, st.just(EMPTY), rows), min_size=1, max_size=4))
    found: list[FakeReply | None] = []
    for row in some:
        size = row.size.low if row.size is not None else 1
        kind = {"Content-Type": draw(st.sampled_from([KINDS[0]] * 6 + KINDS))}
        fits = reply(size, kind, draw(st.sampled_from([*[TIMES[0]] * 4, *TIMES])))
        found.append(draw(st.one_of(st.just(fits), st.just(fits), st.just(fits), st.none(), replies)))
    return some, found


@settings(max_examples=300, deadline=None)
@given(st.lists(batches(), min_size=1, max_size=4), st.booleans())
def test_a_sequence_of_batches_is_judged_like_by_the_general_rule(
    sequence: list[tuple[list[Row], list[FakeReply | None]]], is_trusted: bool
) -> None:
    short, general = History(), History()
    for some, found in sequence:
        sizes = alike.sizes_of(some)
        allowed = carried.may_follow(some, general)
        assert (alike.may_follow(some, sizes, short) or carried.may_follow(some, short)) == allowed
        if not allowed:
            continue
        facts = all_facts(some, found)
        expected = pipelined.verdict(some, facts, general, is_trusted=is_trusted)
        judged = alike.verdict(some, sizes, found, short) or pipelined.verdict(
            some, facts, short, is_trusted=is_trusted
        )
        assert (judged.proven, judged.findings) == (expected.proven, expected.findings)
        assert (judged.carried is None) == (expected.carried is None)
        assert len(short) == len(general)
        if expected.carried is None:
            return
    assert short.of_empty == general.of_empty
    for confirmed in Aspect.SIZE, Aspect.NONE, Aspect.PLACE:
        for row in [Row(size=Span(size, size)) for size in range(31)] + [Row(place="/a/")]:
            assert sorted(map(repr, short.suspects(row, confirmed))) == sorted(
                map(repr, general.suspects(row, confirmed))
            )


def test_files_that_differ_in_size_are_judged_together() -> None:
    some = [Row(size=Span(size, size)) for size in (1, 2, 3)]
    judged = alike.verdict(
        some, alike.sizes_of(some), [reply(n, {"Content-Type": "x"}, TIMES[0]) for n in (1, 2, 3)], None
    )
    assert judged is not None
    assert judged.proven == [True] * 3
    assert judged.carried is not None
    assert alike.may_follow([Row(size=Span(4, 4))], frozenset({4}), judged.carried)
    assert not alike.may_follow(some, alike.sizes_of(some), judged.carried)


def test_a_connection_carries_no_more_than_its_history_may_hold() -> None:
    history = History()
    history.add_files([Row(size=Span(size, size)) for size in range(LONGEST - 1)])
    assert alike.may_follow([Row(size=Span(999, 999))], frozenset({999}), history)
    two = [Row(size=Span(size, size)) for size in (998, 999)]
    assert not alike.may_follow(two, alike.sizes_of(two), history)
    assert not carried.may_follow(two, history)


def test_a_response_without_a_body_leaves_the_general_rule_to_decide() -> None:
    history = History()
    history.add(Row(etag='"1"'), Facts(status=304))
    assert not history.lacks({7})


@pytest.mark.parametrize(
    "field",
    ["Transfer-Encoding", "content-encoding", "Content-Range", "Age", "Digest", "Content-MD5", "x-amz-request-id"],
)
def test_headers_that_may_decide_something_are_not_ordinary(field: str) -> None:
    assert alike.is_ordinary(HeaderShape(("Content-Type",), {"Content-Type": "text/plain"}))
    assert not alike.is_ordinary(HeaderShape(("Content-Type", field), {"Content-Type": "text/plain", field: "x"}))


def test_a_page_is_not_ordinary() -> None:
    assert not alike.is_ordinary(HeaderShape(("content-type",), {"content-type": "text/html; charset=utf-8"}))


NINE, PLAIN = Row(size=Span(9, 9)), {"Content-Type": "x"}
FITS = reply(9, PLAIN, TIMES[0])


def shapeless() -> FakeReply:
    made = reply(9, PLAIN, TIMES[0])
    made.shape = None
    return made


@pytest.mark.parametrize(
    ("row", "response", "is_judged"),
    [
        (NINE, FITS, True),
        (NINE, reply(8, PLAIN, TIMES[0]), False),
        (NINE, None, False),
        (NINE, shapeless(), False),
        (NINE, reply(9, {"Content-Type": "text/html"}, TIMES[0]), False),
        (Row(size=Span(99, 99)), reply(99, PLAIN, TIMES[0], start=b"HTTP/1.1 200 OK"), False),
        (Row(size=Span(9, 10)), FITS, False),
        (Row(), FITS, False),
        (Row(size=Span(0, 0), digest="md5:"), reply(0, PLAIN, TIMES[0]), False),
        (replace(NINE, digest="md5:"), FITS, False),
        (replace(NINE, etag='"1"'), FITS, False),
        (replace(NINE, place="/a/"), FITS, False),
        (replace(NINE, part="0-4"), FITS, False),
        *((replace(NINE, modified=ROW_TIMES[1]), reply(9, PLAIN, time), time != TIMES[1]) for time in TIMES),
        *((replace(NINE, modified=ROW_TIMES[2]), reply(9, PLAIN, time), True) for time in TIMES),
    ],
)
def test_a_response_is_judged_with_others_if_its_size_proves_it(
    row: Row, response: FakeReply | None, is_judged: bool
) -> None:
    other, one = Row(size=Span(1, 1)), reply(1, PLAIN, TIMES[0])
    for some, found in (([row, other], [response, one]), ([other, row], [one, response])):
        sizes = alike.sizes_of(some)
        judged = alike.verdict(some, sizes, found, None)
        assert (judged is not None) is is_judged
        if judged is not None:
            general = pipelined.verdict(some, all_facts(some, found), History())
            assert judged.proven == general.proven == [True, True]
            assert judged.findings == general.findings == Findings(agreed=2)
            assert alike.verdict(some, sizes, found, judged.carried) is None, "it has had these sizes"


def empties(*headers: tuple[str | None, str | None], status: int = 200) -> list[FakeReply | None]:
    """Responses without a body, each with the given Last-Modified and ETag."""
    found: list[FakeReply | None] = [reply(0, {"Content-Type": "x"}, modified, etag) for modified, etag in headers]
    assert found[-1] is not None
    found[-1].status = status
    return found


SAME = (TIMES[0], '"1"')


@pytest.mark.parametrize(
    ("responses", "are_proven"),
    [
        (empties(SAME, SAME, SAME), True),
        (empties((None, None), (None, None), (None, None)), True),
        (empties(SAME, SAME, (TIMES[0], '"2"')), False),
        (empties((None, '"1"'), SAME, SAME), False),
        (empties(SAME, SAME, (TIMES[0], None)), False),
        (empties(SAME, SAME, SAME, status=404), False),
        ([*empties(SAME, SAME), None], False),
        ([*empties(SAME, SAME), reply(0, {"Content-Type": "text/html"}, *SAME)], False),
        ([*empties(SAME, SAME), reply(0, {"Age": "9"}, *SAME)], False),
        ([*empties(SAME, SAME), reply(0, {"Digest": "x"}, *SAME)], False),
    ],
)
def test_empty_files_need_not_be_told_apart_if_their_responses_are_the_same(
    responses: list[FakeReply | None], are_proven: bool
) -> None:
    some = [EMPTY] * 3
    history = History()
    judged = pipelined.verdict(some, all_facts(some, responses), history)
    assert judged.proven == [are_proven] * 3
    assert not judged.findings.is_doubtful or not any(judged.proven)
    if all(each is None or each.status == 200 for each in responses):  # others have no shape
        alone = alike.verdict(some, alike.sizes_of(some), responses, History())
        assert (alone is not None) is are_proven
        if alone is not None:
            assert alike.may_follow([EMPTY] * 2, {0}, alone.carried)  # type: ignore[arg-type]
            assert not alike.may_follow([replace(EMPTY, modified=None)], {0}, alone.carried)  # type: ignore[arg-type]
            same, other = responses[:1], empties((TIMES[0], '"other"'))
            assert alike.verdict([EMPTY], {0}, other, alone.carried) is None
            assert alike.verdict([EMPTY], {0}, same, alone.carried) is not None
    if are_proven:
        assert len(history) == 1
        assert carried.may_follow([EMPTY] * 2, history)
        again = pipelined.verdict([EMPTY], all_facts([EMPTY], empties((TIMES[0], '"other"'))), history)
        assert again.proven == [False]
        assert not carried.may_follow([Row(size=Span(0, 0), modified=ROW_TIMES[2])], history)


@pytest.mark.parametrize(
    "other",
    [
        Row(size=Span(0, 0), modified=ROW_TIMES[2]),
        Row(size=Span(0, 0), modified=ROW_TIMES[1], digest="md5:" + "0" * 32),
        Row(size=Span(0, 0), modified=ROW_TIMES[1], etag='"1"'),
        Row(size=Span(0, 0), modified=ROW_TIMES[1], place="/a/"),
        Row(size=Span(0, 0), modified=ROW_TIMES[1], part="0-"),
        Row(size=Span(0, 1), modified=ROW_TIMES[1]),
        Row(modified=ROW_TIMES[1]),
    ],
)
def test_only_new_empty_files_with_the_same_time_are_interchangeable(other: Row) -> None:
    assert alike.sizes_of([EMPTY, EMPTY]) == {0}
    assert alike.is_like(EMPTY, EMPTY)
    assert not are_interchangeable(EMPTY, other)
    assert alike.sizes_of([EMPTY, other]) is None
    assert not alike.is_like(other, EMPTY)
    assert not alike.is_like(EMPTY, None)


PLACES = ["/a/", "/b/", "/c/", "/d/"]
page_rows = st.builds(Row, place=st.sampled_from(PLACES), etag=st.sampled_from([None, None, '"1"']))
other_rows = st.sampled_from([
    Row(),
    Row(place="/a/"),
    Row(place="/e/", size=Span(9, 9)),
    Row(place="/e/", modified=ROW_TIMES[1]),
    Row(place="/e/", digest="md5:" + "0" * 32),
    Row(place="/e/", part="0-4"),
])  # fmt: skip
PAGE_KINDS = [{"Content-Type": "text/html; charset=utf-8"}, {"content-type": "text/html"}]
OTHER_KINDS = [
    {}, {"Content-Type": "text/plain"}, {"Content-Type": "text/html", "Content-Encoding": "gzip"},
    {"Content-Type": "text/html", "Content-Encoding": "identity"},
]  # fmt: skip


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[Row], list[FakeReply | None]]:
    """Rows of pages and their responses, most of which have the title of their row."""
    some = draw(st.lists(page_rows, min_size=1, max_size=3, unique_by=lambda row: row.place))
    if draw(st.booleans()):
        some[draw(st.integers(0, len(some) - 1))] = draw(other_rows)
    found = list[FakeReply | None]()
    for row in some:
        kind = draw(st.sampled_from([*PAGE_KINDS * 4, *OTHER_KINDS]))
        place = draw(st.sampled_from([row.place] * 12 + [*PLACES, ""]))
        title = f"<title>Index of {place}</title>".encode() + draw(st.sampled_from([b""] * 7 + [b"HTTP/1.1 200"]))
        one = reply(draw(st.sampled_from([40, 41, 60])), kind, draw(st.sampled_from([None, TIMES[0]])), None, title)
        if (status := draw(st.sampled_from([0] * 12 + [200, 304, 404]))) > 0:
            one.status, one.shape = status, None
        found.append(draw(st.sampled_from([one] * 15 + [None])))
    return some, found


@settings(max_examples=400, deadline=None)
@given(st.lists(groups(), min_size=1, max_size=4), st.booleans(), st.lists(st.integers(1, 60), max_size=2))
def test_a_sequence_of_groups_of_pages_is_judged_like_by_the_general_rule(
    sequence: list[tuple[list[Row], list[FakeReply | None]]], is_ended: bool, carried_sizes: list[int]
) -> None:
    short, general = History(), History()
    for history in (short, general):
        history.add_files([Row(size=Span(size, size)) for size in set(carried_sizes)])
    for some, found in sequence:
        expected = pipelined.verdict(some, all_facts(some, found), general, is_ended=is_ended)
        judged = pipelined.pages_verdict(some, found, short, is_ended=is_ended) or pipelined.verdict(
            some, all_facts(some, found), short, is_ended=is_ended
        )
        assert (judged.proven, judged.findings) == (expected.proven, expected.findings)
        assert (judged.carried is None) == (expected.carried is None)
        if expected.carried is None:
            return
        assert len(short) == len(general)
        for confirmed in Aspect.SIZE, Aspect.NONE, Aspect.PLACE:
            for row in [Row(size=Span(size, size)) for size in range(70)] + [Row(place=place) for place in PLACES]:
                assert sorted(map(repr, short.suspects(row, confirmed))) == sorted(
                    map(repr, general.suspects(row, confirmed))
                )


def test_pages_that_name_their_directories_are_judged_together() -> None:
    some = [Row(place=place) for place in PLACES[:2]]
    found = [reply(50, PAGE_KINDS[0], None, None, f"<title>Index of {row.place}</title>".encode()) for row in some]
    judged = pipelined.pages_verdict(some, found, None, is_ended=True)
    assert judged is not None
    assert judged.proven == [True, True]
    assert pipelined.pages_verdict(some, found, judged.carried, is_ended=True) is None, "both are told from nothing"
    assert pipelined.pages_verdict(some, found, None, is_ended=False) is None
    assert pipelined.pages_verdict(some, found[::-1], None, is_ended=True) is None


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Row], list[FakeReply | None], Arrived]:
    """Rows of different sizes, responses to the first of them, and the same as another process passes them on."""
    different = draw(st.lists(st.integers(1, 30), min_size=1, max_size=5, unique=True))
    some = [Row(size=Span(size, size), modified=draw(st.sampled_from(ROW_TIMES))) for size in different]
    count = draw(st.integers(0, len(some)))
    times = [draw(st.sampled_from([*[TIMES[0]] * 6, *TIMES])) for _ in range(count)]
    kind = {"Content-Type": KINDS[0]}
    found: list[FakeReply | None] = [
        reply(size, kind, time, start=b"") for size, time in zip(different, times, strict=False)
    ]
    other = draw(st.integers(0, 30)) if count < len(some) and draw(st.booleans()) else None
    if other is not None and other != different[count]:
        found.append(reply(other, kind, None, start=b""))
    else:
        other = None
    found += [None] * (len(some) - len(found))
    arrived = Arrived(
        bodies=[],
        modified=times,
        etags=[None] * count,
        dates=[None] * count,
        is_whole=count == len(some),
        other_size=other,
    )
    return some, found, arrived


@settings(max_examples=400, deadline=None)
@given(arrivals())
def test_what_another_process_has_received_is_judged_like_by_the_general_rule(
    given: tuple[list[Row], list[FakeReply | None], Arrived],
) -> None:
    some, found, arrived = given
    general = pipelined.verdict(some, all_facts(some, found), None, is_ended=arrived.is_whole)
    proven, findings = alike.proven_first(some, arrived)
    assert [True] * proven + [False] * (len(some) - proven) == list(general.proven)
    assert findings == general.findings


def test_nothing_counts_if_more_has_followed_than_was_requested() -> None:
    row, one = Row(size=Span(3, 3)), [None]
    arrived = Arrived(bodies=[], modified=one, etags=one, dates=one, is_whole=True, is_followed=True)
    proven, findings = alike.proven_first([row], arrived)
    assert (proven, findings.is_exchanged) == (0, True)


UTC_ROW, LOCAL_ROW, LATER_ROW = ROW_TIMES[1], ROW_TIMES[2], Span(NOON + timedelta(1), NOON + timedelta(2))
NONE, DOUBT = Findings(), Findings(is_doubtful=True)


@pytest.mark.parametrize(
    ("spans", "times", "more", "expected"),
    [
        ([None] * 3, [TIMES[0]] * 3, {"is_whole": True}, (3, Findings(agreed=3))),
        ([None] * 3, [TIMES[0]] * 3, {}, (2, Findings(agreed=2))),
        ([None] * 3, [TIMES[0]], {}, (0, NONE)),
        ([None] * 3, [], {}, (0, NONE)),
        ([None] * 3, [TIMES[0]], {"other_size": 2}, (0, Findings(is_doubtful=True, is_exchanged=True))),
        ([None] * 3, [TIMES[0]], {"other_size": 9}, (0, DOUBT)),
        ([None] * 3, [TIMES[0]], {"is_followed": True}, (0, Findings(is_exchanged=True))),
        ([UTC_ROW] * 3, [TIMES[0]] * 3, {"is_whole": True}, (3, Findings(agreed=3))),
        ([UTC_ROW] * 3, [TIMES[0], TIMES[1], TIMES[0]], {"is_whole": True}, (0, DOUBT)),
        ([UTC_ROW] * 3, [None, TIMES[2], TIMES[1]], {"is_whole": True}, (0, DOUBT)),
        ([UTC_ROW] * 3, [None, TIMES[2], TIMES[0]], {"is_whole": True}, (3, Findings(agreed=3))),
        ([None, LOCAL_ROW, UTC_ROW], [TIMES[1]] * 2, {}, (1, Findings(agreed=1))),
        ([None, LOCAL_ROW, UTC_ROW], [TIMES[1]] * 3, {"is_whole": True}, (0, DOUBT)),
        ([UTC_ROW, LATER_ROW, UTC_ROW], [TIMES[0]] * 3, {"is_whole": True}, (0, DOUBT)),
    ],
)
def test_which_of_the_first_responses_are_proven(
    spans: list[Span[datetime] | None],
    times: list[str | None],
    more: dict[str, bool | int],
    expected: tuple[int, Findings],
) -> None:
    some = [Row(size=Span(size, size), modified=span) for size, span in enumerate(spans, 1)]
    other: list[str | None] = [None] * len(times)
    found = Arrived(bodies=[], modified=times, etags=other, dates=other, **{"is_whole": False, **more})  # type: ignore[arg-type]
    assert alike.proven_first(some, found) == expected
    if "other_size" in more:
        assert alike.proven_first([Row(), *some], found) == expected
