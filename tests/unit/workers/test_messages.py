"""Messages between processes arrive unchanged, however their bytes are split."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.model.currency import Currency, Dating, Source
from crawler.model.values import Job, Kind, Known, Local, Outcome, Result, Span, Validators
from crawler.workers import messages
from crawler.workers.frames import FrameDecoder, frame

MOMENT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
KNOWN = Known(
    path="a/b",
    url="http://h/a/b",
    row="1K",
    size=1000,
    mtime=17,
    validators=Validators(etag='"x"', last_modified="Thu"),
    digest="sha256:00",
    checked=1.5,
)
JOBS = [
    Job(url="http://h/a", path="a", reason="new"),
    Job(
        url="http://h/a/b",
        path="a/b\udcff",
        reason="row changed",
        kind=Kind.UNKNOWN,
        size=Span(1, 2),
        modified=Span(MOMENT, MOMENT),
        row="1K",
        digest="md5:00",
        known=KNOWN,
        local=Local(Kind.FILE, 3, 4),
        probe=True,
        copy=KNOWN,
        moment=Span(MOMENT, MOMENT),
        dating=Dating.RELIABLE,
        vouched=True,
        fresh=True,
        source=Source.ELSEWHERE,
        mirrors=("http://i/a/b",),
        spent=2,
    ),
]
RESULTS = [
    Result(path="a", url="http://h/a", outcome=Outcome.FAILED, reason="HTTP 404"),
    Result(
        path="a/b",
        url="http://h/a/b/",
        outcome=Outcome.SAVED,
        reason="new",
        size=5,
        received=6,
        seconds=0.5,
        attempts=2,
        digest="sha256:00",
        old_size=7,
        known=KNOWN,
        currency=Currency.OLDER,
        dating=Dating.UNRELIABLE,
        upstream="http://i/",
    ),
]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_arrives_as_it_was(job: Job) -> None:
    assert messages.unpack_job(messages.pack_job(job)) == job


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_arrives_as_it_was(result: Result) -> None:
    assert messages.unpack_result(messages.pack_result(result), result.path) == result


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 1000])
def test_messages_arrive_whole_however_their_bytes_are_cut(piece: int) -> None:
    sent = [(messages.JOB, number, messages.pack_job(job)) for number, job in enumerate(JOBS)]
    data = b"".join(frame(messages.encode(part)) for part in (sent[:1], [], sent[1:]))
    decoder = FrameDecoder()
    payloads = [each for start in range(0, len(data), piece) for each in decoder.feed(data[start : start + piece])]
    assert [message for payload in payloads for message in messages.decode(payload)] == sent


def test_every_field_of_a_job_and_a_result_crosses() -> None:
    """A new field that ``messages`` does not know would silently get its default in the other process."""
    assert len(messages.pack_job(JOBS[0])) == len(Job.__slots__)
    assert len(messages.pack_result(RESULTS[0])) == len(Result.__slots__) - 1
    assert len(messages.pack_job(JOBS[1])[8]) == len(Known.__slots__) + 1  # the validators are two
