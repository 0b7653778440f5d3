"""The short way of a plain small file has the outcome of the long one, and is not taken if a rule might decide."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.freshness import Dating, Source
from crawler.model.network.shapes import HeaderShape
from crawler.model.values import Job, Kind, Known, Local, Result, Span, Staged, Validators
from crawler.pipeline.fetch.downloader import Downloader
from crawler.pipeline.fetch.plain import hashed, new_files, plain_file
from tests.support.fakes import FakeClient, FakeDestination, FakeReply, FakeResponse, Recorder, nothing_refused

BODY = b"\0\1" * 5
NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
TIMES = ["Wed, 01 May 2024 12:00:00 GMT", "Wed, 01 May 2024 11:00:00 GMT", "Wed, 01 May 2024 13:00:00 GMT", "noon"]
ROW_TIMES = [None, Span(NOON, NOON + timedelta(seconds=59))]
ROW_TIMES += [Span(NOON.replace(tzinfo=None), NOON.replace(tzinfo=None) + timedelta(seconds=59))]
KNOWN = Known(path="a.bin", url="http://h/a.bin", row="", size=10, mtime=0, validators=Validators(etag='"1"'))
JOB = Job(url="http://h/a.bin", path="a.bin", reason="new", size=Span(10, 10), row="noon 10")
HEADERS = {
    "Content-Length": "10",
    "Content-Type": "application/octet-stream",
    "Date": "Thu, 02 May 2024 12:00:00 GMT",
    "ETag": '"1"',
    "Last-Modified": TIMES[0],
}


VARYING = ("Content-Length", "Last-Modified", "ETag", "Date")


TAKEN: dict[str, list[object]] = {
    "path": ["a.txt", "d/a.html"],
    "modified": ROW_TIMES,
    "moment": [ROW_TIMES[1]],
    "local": [Local(Kind.FILE, 3, 0)],
    "dating": list(Dating),
    "vouched": [True],
    "spent": [1],
    "reason": ["row changed"],
}
"""Properties of jobs that take the short way."""


class Counting(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.counts: list[int] = []

    def received(self, job: Job, count: int) -> None:
        self.counts.append(count)


async def no_listing(_body: bytes, _url: str, _kind: str) -> bool:
    return False


def downloader(refused: str | None = None) -> tuple[Downloader, Counting]:
    observer = Counting()
    shared = Downloader(
        client=FakeClient(lambda _request: FakeResponse()),
        destination=FakeDestination(),
        observer=observer,
        permit=nothing_refused,
        attempts=2,
        is_listing=no_listing,
        rejects_headers=lambda _job, _size, _modified: refused,
    )
    return shared, observer


def shaped(reply: FakeReply) -> FakeReply:
    """``reply``, with the shape that its header section has on a connection, if it has one."""
    names = [name.lower() for name in reply.headers]
    length = reply.headers.get("Content-Length")
    if reply.status == 200 and length == str(len(reply.body)) and "transfer-encoding" not in names:
        varying = [reply.headers.get(name) for name in ("Last-Modified", "ETag", "Date")]
        if "" not in varying:
            constant = {name: value for name, value in reply.headers.items() if name not in VARYING}
            reply.shape = HeaderShape(tuple(reply.headers), constant)
            reply.varying = (varying[0], varying[1], varying[2])
    return reply


def both(
    job: Job, headers: Mapping[str, str], body: bytes, status: int = 200, refused: str | None = None
) -> tuple[object, object]:
    """(The outcome of the short way and what it reported, the outcome of the long way and what it reported)."""
    outcomes: list[tuple[Result | Staged | None, list[int]]] = []
    reply = FakeReply(job.url, FakeResponse(status=status, headers=headers, body=body), 1 << 20)
    shared, observer = downloader(refused)
    outcomes.append((plain_file(shared, job, reply, 0.0), observer.counts))
    shared, observer = downloader(refused)
    files, others = new_files(shared, [job], [shaped(reply)], 0.0)
    assert len(files) + len(others) == 1
    assert [each for each, _ in others] == [job] * len(others)
    if files:
        outcome = _timeless(hashed(files[0]))
        assert (outcome, observer.counts) == (_timeless(outcomes[0][0]), outcomes[0][1])
    else:
        assert observer.counts == []
    shared, observer = downloader(refused)
    outcomes.append((asyncio.run(shared.use(job, reply, 0.0)), observer.counts))
    return tuple((_timeless(done), counts) for done, counts in outcomes)  # type: ignore[return-value]


def _timeless(done: Result | Staged | None) -> Result | Staged | None:
    """``done`` without its duration, and without the time of a response that does not say when it was generated."""
    if not isinstance(done, Staged) or done.result.known is None:
        return done
    known = done.result.known
    is_timed = known.checked < datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    return replace(
        done, result=replace(done.result, seconds=0.0, known=known if is_timed else replace(known, checked=0.0))
    )


def test_a_destination_that_adds_digests_is_left_to_do_so() -> None:
    """It does so in a thread, or in a process of its own; the outcome is the same but for the digest."""
    reply = FakeReply(JOB.url, FakeResponse(headers=HEADERS, body=BODY), 1 << 20)
    found = list[Staged]()
    for adds in (False, True):
        shared, _ = downloader()
        shared.destination.adds_digests = adds
        done = plain_file(shared, JOB, reply, 0.0)
        assert done is not None
        assert done.lacks_digest == adds
        found.append(replace(done, result=replace(done.result, seconds=0.0)))
    whole, lacking = found
    assert whole.result.known is not None
    assert whole.result.known.digest == whole.result.digest == "sha256:" + sha256(BODY).hexdigest()
    known = replace(whole.result.known, digest=None)
    assert lacking == replace(whole, result=replace(whole.result, known=known, digest=None), lacks_digest=True)
    assert hashed(lacking) == whole


def test_new_files_are_those_with_ordinary_headers_and_a_time() -> None:
    """All others are given back with their replies, or without one, in their order."""
    job, shared = replace(JOB, dating=Dating.RELIABLE, spent=1, modified=ROW_TIMES[2]), downloader()[0]
    jobs = [replace(job, path=f"{number}.bin") for number in range(6)]
    alike = shaped(FakeReply(JOB.url, FakeResponse(headers=HEADERS, body=BODY), 1 << 20))
    plain = FakeReply(JOB.url, FakeResponse(headers=HEADERS, body=BODY), 1 << 20)
    undated = shaped(FakeReply(JOB.url, FakeResponse(headers=HEADERS | {"Last-Modified": "noon"}, body=BODY), 1 << 20))
    files, others = new_files(shared, jobs, [alike, plain, undated, None, alike], 0.0)
    assert [staged.job for staged in files] == [jobs[0], jobs[4]]
    assert others == [(jobs[1], plain), (jobs[2], undated), (jobs[3], None), (jobs[5], None)]
    local = replace(job, local=Local(Kind.FILE, 3, 0))
    assert new_files(shared, [local], [alike], 0.0)[1] == [(local, alike)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ROW_TIMES), st.sampled_from(TIMES), st.booleans()), max_size=6))
def test_files_with_the_times_of_the_one_before_are_judged_like_each_of_them(
    several: list[tuple[Span[datetime] | None, str, bool]],
) -> None:
    shared = downloader()[0]
    jobs = [replace(JOB, modified=span, vouched=vouched) for span, _, vouched in several]
    responses = [FakeResponse(headers=HEADERS | {"Last-Modified": time}, body=BODY) for _, time, _ in several]
    replies = [shaped(FakeReply(JOB.url, response, 1 << 20)) for response in responses]
    together = new_files(shared, jobs, replies, 0.0)
    each = [new_files(shared, [job], [reply], 0.0) for job, reply in zip(jobs, replies, strict=True)]
    assert list(map(_timeless, together[0])) == [_timeless(staged) for files, _ in each for staged in files]
    assert together[1] == [pair for _, others in each for pair in others]


def test_a_new_file_of_the_listed_size_takes_the_short_way() -> None:
    short, long = both(JOB, HEADERS, BODY)
    assert short == long
    assert isinstance(short[0], Staged)  # type: ignore[index]


@pytest.mark.parametrize("job", [{}, *({name: value} for name, values in TAKEN.items() for value in values)])
@pytest.mark.parametrize(
    "headers", [{}, {"ETag": 'W/"2"'}, {"Date": "x"}, *({"Last-Modified": time} for time in TIMES)]
)
def test_every_plain_file_takes_the_short_way_to_the_same_outcome(
    job: dict[str, object], headers: dict[str, str]
) -> None:
    short, long = both(replace(JOB, **job), HEADERS | headers, BODY)  # type: ignore[arg-type]
    assert short == long or (short == (None, []) and headers.get("Last-Modified") == TIMES[1])


@pytest.mark.parametrize(
    ("job", "headers", "status"),
    [
        ({"size": Span(9, 10)}, {}, 200),
        ({"size": None}, {}, 200),
        ({"kind": Kind.UNKNOWN}, {}, 200),
        ({"known": KNOWN}, {}, 200),
        ({"copy": KNOWN}, {}, 200),
        ({"digest": "md5:" + "0" * 32}, {}, 200),
        ({"probe": True}, {}, 200),
        ({"fresh": True}, {}, 200),
        ({"source": Source.FALLBACK}, {}, 200),
        ({"modified": ROW_TIMES[1]}, {"Last-Modified": TIMES[1]}, 200),
        ({}, {"Content-Length": "11"}, 200),
        ({}, {"Content-Length": "010"}, 200),
        ({}, {"content-encoding": "gzip"}, 200),
        ({}, {"Transfer-Encoding": "chunked"}, 200),
        ({}, {"Content-MD5": "x"}, 200),
        ({}, {"Repr-Digest": "x"}, 200),
        ({}, {}, 206),
        ({}, {}, 404),
    ],
)
def test_whatever_a_rule_might_decide_takes_the_long_way(
    job: dict[str, object], headers: dict[str, str], status: int
) -> None:
    reply = FakeReply(JOB.url, FakeResponse(status=status, headers=HEADERS | headers, body=BODY), 100)
    shared, observer = downloader()
    assert plain_file(shared, replace(JOB, **job), reply, 0.0) is None  # type: ignore[arg-type]
    assert observer.counts == []


def test_a_file_that_a_filter_refuses_by_its_headers_takes_the_long_way() -> None:
    short, _ = both(JOB, HEADERS, BODY, refused="too old")
    assert short == (None, [])


FIELDS: dict[str, list[str | None]] = {
    "Content-Length": ["0", "11", None],
    "Content-Type": ["text/html", "application/json"],
    "ETag": ['W/"1"', "", None],
    "Last-Modified": [*TIMES[1:], None],
    "Age": ["60", "x"],
    "Content-Encoding": ["gzip", "identity"],
    "Content-MD5": ["x", "uBhRJ3Nf5gqWzs0yWFUkJw=="],
    "Transfer-Encoding": ["chunked"],
}
PROPERTIES: dict[str, list[object]] = {
    "path": ["a.txt", "a.html", "a"],
    "size": [Span(0, 0), Span(5, 20), None],
    "modified": ROW_TIMES[1:],
    "moment": [ROW_TIMES[1]],
    "local": [Local(Kind.FILE, 3, 0), Local(Kind.DIRECTORY, 0, 0)],
    "known": [KNOWN],
    "copy": [KNOWN],
    "recorded": [KNOWN],
    "dating": list(Dating),
    "source": list(Source),
    "kind": [Kind.UNKNOWN],
    "probe": [True],
    "fresh": [True],
    "vouched": [True],
    "spent": [1],
}


def changes(options: Mapping[str, Sequence[object]], most: int) -> st.SearchStrategy[dict[str, object]]:
    """A few of the ``options`` (name → values), each with one of its values."""
    one = st.sampled_from([(name, value) for name, values in options.items() for value in values])
    return st.lists(one, max_size=most).map(dict)


@settings(max_examples=100, deadline=None)
@given(changes(PROPERTIES, 3), changes(FIELDS, 2), st.sampled_from([BODY, BODY, b"<html><p>n", b"{}"]))
def test_the_short_way_has_the_outcome_of_the_long_way(
    job: dict[str, object], headers: dict[str, str | None], body: bytes
) -> None:
    given_headers = {name: value for name, value in (HEADERS | headers).items() if value is not None}
    short, long = both(replace(JOB, **job), given_headers, body)  # type: ignore[arg-type]
    assert short in [(None, []), long]
