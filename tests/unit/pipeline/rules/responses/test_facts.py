"""What is known of a response in advance, and what it shows: the properties by which neighbours are told apart."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler.model import limits
from crawler.model.freshness import Dating
from crawler.model.values import Job, Kind, Known, Span, Validators
from crawler.pipeline.rules.responses.neighbours import (
    Facts,
    Row,
    all_facts,
    facts_of,
    have_distinct_places,
    have_distinct_sizes,
    is_plain,
    row_of,
)
from tests.support.fakes import FakeReply, FakeResponse

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SECOND_30 = NOON + timedelta(seconds=30)


def size(low: int, high: int | None = None) -> Span[int]:
    return Span(low, low if high is None else high)


def minute(number: int, *, aware: bool = True) -> Span[datetime]:
    low = (NOON if aware else NOON.replace(tzinfo=None)) + timedelta(minutes=number)
    return Span(low, low + timedelta(seconds=59))


WHEN = "Fri, 02 Jan 2026 12:00:30 GMT"
BODY = b"hello"
OF_BODY = "sha256:" + hashlib.sha256(BODY).hexdigest()
JOB = Job(url="http://h/a", path="a", reason="new", size=size(5))


def remembered(etag: str | None) -> Known:
    return Known(path="a", url="http://h/a", row="", size=5, mtime=0, validators=Validators(etag=etag))


@pytest.mark.parametrize(
    ("job", "row"),
    [
        (JOB, Row(size=size(5))),
        (replace(JOB, size=None), Row()),
        (replace(JOB, size=size(5, 9), modified=minute(1)), Row(size=size(5, 9), modified=minute(1))),
        (
            replace(JOB, modified=minute(1, aware=False), moment=minute(2)),
            Row(size=size(5), modified=minute(2)),
        ),
        (replace(JOB, modified=minute(1), moment=minute(2), dating=Dating.UNRELIABLE), Row(size=size(5))),
        (replace(JOB, modified=minute(1), dating=Dating.RELIABLE), Row(size=size(5), modified=minute(1))),
        (replace(JOB, digest=OF_BODY.upper()), Row(size=size(5), digest=OF_BODY)),
        (replace(JOB, digest="sha256:short"), Row(size=size(5))),
        (replace(JOB, known=remembered('"1"')), Row(size=size(5), etag='"1"')),
        (replace(JOB, known=remembered('W/"1"')), Row(size=size(5))),
        (replace(JOB, known=remembered(None)), Row(size=size(5))),
        (replace(JOB, copy=remembered('"1"')), Row(size=size(5))),
        (
            replace(JOB, known=remembered('"1"'), digest=OF_BODY, modified=minute(1)),
            Row(size=size(5), digest=OF_BODY, etag='"1"', modified=minute(1)),
        ),
        (
            replace(JOB, known=remembered('"1"'), modified=minute(1), dating=Dating.UNRELIABLE),
            Row(size=size(5), etag='"1"'),
        ),
    ],
)
def test_what_is_known_in_advance_of_a_response(job: Job, row: Row) -> None:
    assert row_of(job) == row


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (JOB, True),
        (replace(JOB, size=size(0, limits.SMALL_BODY)), True),
        (replace(JOB, size=size(0, limits.SMALL_BODY + 1)), False),
        (replace(JOB, size=None), False),
        (replace(JOB, kind=Kind.UNKNOWN), False),
        (replace(JOB, probe=True), False),
        (replace(JOB, fresh=True), False),
        (replace(JOB, known=remembered('"1"')), True),
        (replace(JOB, known=remembered('W/"1"')), False),
        (replace(JOB, known=remembered(None)), False),
    ],
)
def test_which_files_take_one_get(job: Job, expected: bool) -> None:
    assert is_plain(job) is expected


PLAIN = {"Content-Type": "text/plain"}
HTML = {"Content-Type": "text/html"}
TITLED = b"<title>Index of /a/</title>"
RANGE = {"Content-Range": "bytes 0-4/100"}


@pytest.mark.parametrize(
    ("row", "status", "headers", "body", "facts"),
    [
        (Row(), 200, PLAIN, BODY, Facts(status=200, size=5)),
        (Row(), 200, PLAIN | {"Last-Modified": WHEN}, BODY, Facts(status=200, size=5, modified=SECOND_30)),
        (Row(), 200, PLAIN | {"Last-Modified": "noon"}, BODY, Facts(status=200, size=5)),
        (Row(), 200, {"ETag": '"1"'}, BODY, Facts(status=200, size=5, etag='"1"')),
        (Row(), 200, {"ETag": 'W/"1"'}, BODY, Facts(status=200, size=5)),
        (Row(), 304, {"ETag": '"1"', "Last-Modified": WHEN}, b"", Facts(status=304, etag='"1"', modified=SECOND_30)),
        (Row(), 404, PLAIN, BODY, Facts(status=404)),
        (Row(digest=OF_BODY), 200, PLAIN, BODY, Facts(status=200, size=5, digest=OF_BODY)),
        (Row(digest=OF_BODY), 200, PLAIN, b"other", Facts(status=200, size=5, digest="sha256:")),
        (Row(digest=OF_BODY), 404, PLAIN, BODY, Facts(status=404)),
        (Row(), 200, HTML, TITLED, Facts(status=200, size=27, place="/a/")),
        (Row(), 404, HTML, TITLED, Facts(status=404)),
        (Row(), 200, PLAIN, b"..HTTP/1.1 200 OK", Facts(status=200, size=17, may_hold_response=True)),
        (Row(part="0-4"), 206, RANGE, BODY, Facts(status=206, size=100, part="0-4")),
        (Row(part="7-9"), 206, RANGE, BODY, Facts(status=206, size=100, part="0-4")),
        (Row(part="0-4"), 206, RANGE, BODY[1:], Facts(status=206)),
        (Row(part="0-4"), 200, RANGE, BODY, Facts(status=200, size=5)),
        (Row(), 206, RANGE, BODY, Facts(status=206)),
        (Row(size=size(0)), 200, {}, b"", Facts(status=200, size=0, of_empty=Validators())),
        (
            Row(size=size(0)),
            200,
            PLAIN | {"ETag": 'W/"1"', "Last-Modified": WHEN},
            b"",
            Facts(status=200, size=0, modified=SECOND_30, of_empty=Validators(etag='W/"1"', last_modified=WHEN)),
        ),
        (Row(size=size(0)), 200, HTML, b"", Facts(status=200, size=0)),
        (Row(size=size(0)), 200, PLAIN | {"Digest": "x"}, b"", Facts(status=200, size=0)),
        (Row(size=size(0)), 200, PLAIN, BODY, Facts(status=200, size=5)),
        (Row(size=size(0)), 404, PLAIN, b"", Facts(status=404)),
        (Row(size=size(0, 1)), 200, PLAIN, b"", Facts(status=200, size=0)),
    ],
)
def test_what_a_response_shows(row: Row, status: int, headers: dict[str, str], body: bytes, facts: Facts) -> None:
    assert facts_of(row, status, headers, body) == facts
    assert facts_of(row, status, headers, body, is_dated=False) == replace(facts, modified=None)


@pytest.mark.parametrize(("modified", "shown"), [(minute(0), SECOND_30), (minute(0, aware=False), None), (None, None)])
def test_times_are_read_only_if_a_row_can_confirm_them(modified: Span[datetime] | None, shown: datetime | None) -> None:
    rows = [Row(size=size(7)), Row(modified=modified), Row(digest=OF_BODY)]
    replies = [FakeReply("http://h/a", FakeResponse(headers={"Last-Modified": WHEN}, body=BODY), 9) for _ in "12"]
    expected = Facts(status=200, size=5, modified=shown)
    assert all_facts(rows, [None, *replies]) == [None, expected, replace(expected, digest=OF_BODY)]
    with pytest.raises(ValueError, match="shorter"):
        all_facts(rows, replies)


@pytest.mark.parametrize(
    ("rows", "sizes", "places"),
    [
        ([], True, True),
        ([Row(size=size(1), place="/a/"), Row(size=size(2), place="/b/")], True, True),
        ([Row(size=size(1)), Row(size=size(1))], False, False),
        ([Row(size=size(1)), Row(size=size(2, 3))], False, False),
        ([Row(size=size(1)), Row()], False, False),
        ([Row(place="/a/"), Row(place="/a/")], False, False),
        ([Row(place="/a/"), Row(place="")], False, False),
    ],
)
def test_whether_one_property_tells_each_row_from_all_others(rows: list[Row], sizes: bool, places: bool) -> None:
    assert have_distinct_sizes(rows) is sizes
    assert have_distinct_places(rows) is places
