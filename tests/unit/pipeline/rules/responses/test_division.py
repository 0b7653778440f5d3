"""Files in two ranges: where they meet, what a response contains, and when two of them are one file."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.response import joined
from crawler.model.struct import replace
from crawler.model.values import Job, Span
from crawler.pipeline.rules.responses.carried import LONGEST, History, followers
from crawler.pipeline.rules.responses.division import LEAST, are_one_file, may_divide, part_of, ranges_for
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
from tests.support.fakes import FakeReply, FakeResponse

NEW = Job(url="http://h/a", path="a", reason="new", size=Span(100, 100))
OLD = "Thu, 02 Jan 2025 03:04:05 GMT"
NOW = "Thu, 02 Jan 2025 03:04:06 GMT"
BODY = bytes(range(100))


@given(number=st.integers(0, 10_000), size=st.integers(LEAST, 300_000))
def test_the_two_ranges_of_a_file_are_all_of_it(number: int, size: int) -> None:
    job = replace(NEW, size=Span(size, size + 3))
    first, second = ranges_for(job, number)
    place = int(second.removesuffix("-"))
    assert first == f"0-{place - 1}"
    assert 0 < place < size


@given(size=st.integers(LEAST, 100), start=st.integers(0, 10_000))
def test_so_many_files_in_turn_meet_in_different_places(size: int, start: int) -> None:
    job = replace(NEW, size=Span(size, size))
    found = {ranges_for(job, start + each) for each in range(size - 1)}
    assert found == {(f"0-{place - 1}", f"{place}-") for place in range(1, size)}


@pytest.mark.parametrize(
    ("job", "may"),
    [
        (NEW, True),
        (replace(NEW, size=Span(LEAST, 5000)), True),
        (replace(NEW, size=Span(LEAST - 1, 5000)), False),
        (replace(NEW, size=None), False),
        (replace(NEW, fresh=True), False),
        (replace(NEW, probe=True), False),
    ],
)
def test_what_may_be_divided(job: Job, may: bool) -> None:
    assert may_divide(job) is may


@pytest.mark.parametrize(
    ("status", "range_", "size", "part"),
    [
        (206, "bytes 0-4/10", 5, ("0-4", 10)),
        (206, "bytes 5-9/10", 5, ("5-", 10)),
        (206, "Bytes 0-9/10", 10, ("0-", 10)),
        (206, "bytes 0-0/10", 1, ("0-0", 10)),
        (206, "bytes 9-9/10", 1, ("9-", 10)),
        (206, "bytes 0-4/10", 4, None),
        (206, "bytes 0-4/*", 5, None),
        (206, "bytes 0-4/4", 5, None),
        (206, "bytes 5-4/10", 0, None),
        (206, "", 5, None),
        (206, "items 0-4/10", 5, None),
        (200, "bytes 0-4/10", 5, None),
        (416, "bytes */10", 0, None),
    ],
)
def test_the_part_of_a_response(status: int, range_: str, size: int, part: tuple[str, int] | None) -> None:
    found = part_of(status, {"Content-Range": range_}, bytes(size))
    assert (None if found is None else (found.range, found.total)) == part
    for more in ({"Content-Encoding": "gzip"}, {"Content-Type": "Multipart/Byteranges; boundary=B"}):
        assert part_of(status, {"Content-Range": range_, **more}, bytes(size)) is None


def reply(first: int, last: int, **more: str) -> FakeReply:
    fields = {"ETag": '"a"', "Last-Modified": OLD, "Date": NOW, "Content-Range": f"bytes {first}-{last}/100"}
    headers = {
        name: value for name, value in (fields | {k.replace("_", "-"): v for k, v in more.items()}).items() if value
    }
    return FakeReply("http://h/a", FakeResponse(status=206, body=BODY[first : last + 1], headers=headers), 1 << 16)


@pytest.mark.parametrize(
    ("one", "two", "is_whole"),
    [
        ({}, {}, True),
        ({"Last_Modified": ""}, {"Last_Modified": ""}, True),
        ({"ETag": ""}, {"ETag": ""}, False),
        ({"ETag": 'W/"a"'}, {"ETag": 'W/"a"'}, False),
        ({"ETag": '"b"'}, {}, False),
        ({}, {"Last_Modified": NOW}, False),
        ({"Last_Modified": NOW}, {"Last_Modified": NOW}, False),
        ({"Date": ""}, {}, False),
        ({"Age": "1"}, {"Age": "1"}, False),
        ({}, {"Content_MD5": "AAAA"}, False),
        ({"Content_Encoding": "gzip"}, {"Content_Encoding": "gzip"}, False),
    ],
)
async def test_when_two_ranges_are_one_file(one: Mapping[str, str], two: Mapping[str, str], is_whole: bool) -> None:
    first, second = reply(0, 6, **one), reply(7, 99, **two)
    assert are_one_file(first, second) is is_whole
    found = joined(first, second)
    assert (found.status, found.body, await found.read(100)) == (200, BODY, BODY)
    assert found.headers["content-length"] == "100"
    assert "Content-Range" not in found.headers


def test_ranges_that_do_not_meet_are_not_one_file() -> None:
    assert not are_one_file(reply(0, 6), reply(8, 99))
    assert not are_one_file(reply(0, 7), reply(7, 99))
    assert not are_one_file(reply(0, 6), reply(7, 99, Content_Range="bytes 7-99/101"))


def test_a_response_that_is_no_part_is_never_joined() -> None:
    assert not are_one_file(reply(0, 6, Content_Range=""), reply(7, 99))
    assert not are_one_file(reply(0, 6), reply(7, 99, Content_Range=""))
    assert not are_one_file(reply(0, 6, Content_Range=""), reply(7, 99, Content_Range=""))


# --- which request a part belongs to ---------------------------------------------------------------

PLAIN = Row(size=Span(100, 100))
HEAD, TAIL = replace(PLAIN, part="0-6"), replace(PLAIN, part="7-")


@pytest.mark.parametrize(
    ("row", "facts", "confirmed"),
    [
        (HEAD, Facts(status=206, size=100, part="0-6"), Aspect.SIZE | Aspect.PART),
        (TAIL, Facts(status=206, size=100, part="7-"), Aspect.SIZE | Aspect.PART),
        (HEAD, Facts(status=206, size=100, part="0-7"), None),
        (HEAD, Facts(status=206, size=101, part="0-6"), None),
        (HEAD, Facts(status=206), Aspect.NONE),
        (HEAD, Facts(status=200, size=100), Aspect.NONE),
        (HEAD, Facts(status=304), Aspect.NONE),
        (PLAIN, Facts(status=206), Aspect.NONE),
        (PLAIN, Facts(status=200, size=100), Aspect.SIZE),
    ],
)
def test_what_a_response_to_a_request_for_a_range_confirms(row: Row, facts: Facts, confirmed: Aspect | None) -> None:
    assert confirmed_by(row, facts) == confirmed


def test_ranges_are_told_apart_by_where_they_begin_and_end_and_a_whole_file_is_not_told_from_its_range() -> None:
    other = replace(PLAIN, part="0-7")
    assert told_apart(HEAD, TAIL) == told_apart(HEAD, other) == Aspect.PART
    assert not are_apart(HEAD, HEAD)
    sent = Facts(status=206, size=100, part="0-6")
    assert judge(HEAD, [TAIL, other, PLAIN], sent) is Judgement.AGREES
    assert judge(HEAD, [HEAD], sent) is Judgement.UNPROVEN
    assert judge(PLAIN, [HEAD], Facts(status=200, size=100)) is Judgement.UNPROVEN, "the host may ignore ranges"


def test_what_may_follow_ranges_on_their_connection() -> None:
    """Late responses there are ranges: none of them passes for the response to a request for a whole file."""
    history = History()
    for row in (HEAD, TAIL):
        history.add(row, Facts(status=206, size=100, part=row.part))
    more = [replace(PLAIN, part="0-8"), replace(PLAIN, part="9-")]
    assert followers([PLAIN, HEAD, *more, TAIL, Row(place="/a/")], history) == [0, 2, 3, 5]
    history.add(PLAIN, Facts(status=200, size=100))
    assert followers([PLAIN, *more], history) == [1, 2]
    assert len(history) == 3
    for each in range(LONGEST - 4):
        history.add(replace(PLAIN, part=f"0-{each + 10}"), Facts(status=206, size=100))
    assert followers(more, history) == [0]
