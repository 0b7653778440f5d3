"""One job from its request to a complete body, or to the reason for its failure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import stamina

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError
from crawler.model.network.responses import Carrier
from crawler.model.values import UNCONFIRMED, Job, Kind, Known, Local, Outcome, Result, Span, Staged, Validators
from crawler.pipeline.fetch.downloader import Downloader
from crawler.pipeline.rules.scope import Scope
from tests.support.fakes import FakeClient, FakeDestination, FakeRequest, FakeResponse, Recorder, permit_as

DATE = "Wed, 01 May 2024 13:00:00 GMT"
MODIFIED = "Wed, 01 May 2024 12:00:00 GMT"
MTIME = 1714564800 * 1_000_000_000
BODY = bytes(range(250)) * 4
LARGE = BODY * (limits.SMALL_BODY // len(BODY) + 1)
URL = "http://h/pub/a.bin"
JOB = Job(url=URL, path="a.bin", reason="new", size=Span(1000, 1000), row="noon 1000")
BIG = replace(JOB, size=Span(len(LARGE), len(LARGE)))
KNOWN = Known(path="a.bin", url=URL, row="old", size=1000, mtime=MTIME, validators=Validators(etag='"1"'))
LOCAL = Local(Kind.FILE, 1000, MTIME)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Retries happen at once."""
    with stamina.set_testing(True, attempts=99, cap=True):
        yield


def ok(body: bytes = BODY, **headers: str | None) -> FakeResponse:
    """A complete file. A header that is None, such as ``ETag=None``, is omitted."""
    given = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(len(body)),
        "Last-Modified": MODIFIED,
        "Date": DATE,
        "ETag": '"1"',
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return FakeResponse(headers={name: value for name, value in given.items() if value is not None}, body=body)


def cut(response: FakeResponse, at: int) -> FakeResponse:
    return replace(response, body=response.body[:at], fails=FetchError("the body was cut short", url=URL))


def rest(body: bytes, start: int, **headers: str | None) -> FakeResponse:
    tail = ok(body[start:], Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}", **headers)
    return replace(tail, status=206)


async def is_index(body: bytes, url: str, _content_type: str) -> bool:
    if b"endless" in body:
        raise ListingError("its page took longer than 30 s to read")
    return body.startswith(b"Index of")


class Transfer:
    """A downloader over a scripted network. Each response is sent once, the last one repeatedly."""

    def __init__(self, *responses: FakeResponse, attempts: int = 4, observer: Recorder | None = None) -> None:
        self.script = list(responses)
        self.client = FakeClient(self._next, piece=4096)
        self.destination = FakeDestination()
        self.observer = observer or Recorder()
        self.downloader = Downloader(
            client=self.client,
            destination=self.destination,
            observer=self.observer,
            permit=permit_as(Scope("http://h/pub/").file_redirect),
            attempts=attempts,
            is_listing=is_index,
        )

    def _next(self, _asked: FakeRequest) -> FakeResponse:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    async def run(self, job: Job = JOB) -> Result | Staged:
        return await self.downloader.process(job)

    async def staged(self, job: Job = JOB) -> Staged:
        done = await self.run(job)
        assert isinstance(done, Staged), done
        return done

    async def result(self, job: Job = JOB) -> Result:
        done = await self.run(job)
        assert isinstance(done, Result)
        return done

    def body_of(self, staged: Staged) -> bytes:
        return staged.body if not staged.part else self.destination.finished[staged.part]


async def test_a_small_body_is_staged_in_memory_with_all_that_is_known_of_it() -> None:
    transfer = Transfer(ok())
    done = await transfer.staged()
    assert (done.part, done.body, done.size, done.mtime) == ("", BODY, 1000, MTIME)
    result = done.result
    assert (result.outcome, result.size, result.received, result.attempts) == (Outcome.SAVED, 1000, 1000, 1)
    assert result.digest is not None
    assert result.digest.startswith("sha256:")
    known = result.known
    assert known is not None
    assert known.validators == Validators(etag='"1"', last_modified=MODIFIED)
    assert (known.row, known.size, known.checked, known.digest) == ("noon 1000", 1000, 1714568400.0, result.digest)


async def test_a_large_body_goes_through_a_part() -> None:
    transfer = Transfer(ok(LARGE))
    done = await transfer.staged(BIG)
    assert (done.body, done.size) == (b"", len(LARGE))
    assert transfer.body_of(done) == LARGE


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (FakeResponse(status=404), "HTTP 404"),
        (FakeResponse(status=403), "HTTP 403"),
        (FakeResponse(status=503, headers={"Retry-After": "86400"}), "HTTP 503, and the server asks to wait 86400 s"),
        (ok(b"short"), "the listing says 1000 bytes, the server sends 5"),
        (ok(b"<html>log in</html>", Content_Type="text/html", Content_Length=None), "got an HTML page"),
        (FakeResponse(status=206, headers={"Content-Length": "1000"}, body=BODY), "HTTP 206"),
    ],
)
async def test_what_another_attempt_will_not_change_is_requested_once(response: FakeResponse, reason: str) -> None:
    transfer = Transfer(response)
    result = await transfer.result()
    assert result.outcome is Outcome.FAILED
    assert reason in result.reason
    assert len(transfer.client.requests) == result.attempts == 1


@pytest.mark.parametrize(
    "response",
    [
        FakeResponse(status=500),
        FakeResponse(status=503, headers={"Retry-After": "0"}),
        FakeResponse(status=0, fails=FetchError("refused", url=URL, connection=True)),
        cut(ok(), 400),
        replace(ok(), body=BODY[:999]),
    ],
    ids=["500", "503", "no answer", "cut", "shorter than said"],
)
async def test_what_another_attempt_may_change_is_tried_again(response: FakeResponse) -> None:
    transfer = Transfer(response, response, ok())
    done = await transfer.staged()
    assert transfer.body_of(done) == BODY
    assert done.result.attempts == 3
    failing = Transfer(response)
    result = await failing.result()
    assert (result.outcome, result.attempts) == (Outcome.FAILED, 4)


async def test_bytes_of_all_attempts_are_counted() -> None:
    transfer = Transfer(cut(ok(LARGE), 100_000), ok(LARGE))
    done = await transfer.staged(BIG)
    assert done.result.received == 100_000 + len(LARGE)


async def test_an_attempt_goes_on_where_the_last_one_was_cut() -> None:
    transfer = Transfer(cut(ok(LARGE), 100_000), rest(LARGE, 100_000))
    done = await transfer.staged(BIG)
    assert transfer.body_of(done) == LARGE
    first, second = transfer.client.requests
    assert "Range" not in first.headers
    assert (second.headers["Range"], second.headers["If-Range"]) == ("bytes=100000-", '"1"')
    assert done.result.received == len(LARGE)


@pytest.mark.parametrize(
    "second",
    [
        ok(LARGE[::-1], ETag='"2"'),
        rest(LARGE[::-1], 100_000, ETag='"2"'),
        rest(LARGE[::-1], 100_000, ETag=None),
        rest(LARGE, 99_999),
        replace(rest(LARGE, 100_000), headers={"Content-Type": "multipart/byteranges"}),
        FakeResponse(status=416, headers={"Content-Range": "bytes */5"}),
    ],
    ids=["200", "206 of another version", "206 of no version", "206 of another range", "multipart", "416"],
)
async def test_halves_of_two_versions_are_never_joined(second: FakeResponse) -> None:
    changed = LARGE[::-1]
    transfer = Transfer(cut(ok(LARGE), 100_000), second, ok(changed, ETag='"2"'))
    done = await transfer.staged(BIG)
    assert transfer.body_of(done) == changed
    assert "Range" not in transfer.client.requests[-1].headers or second.status == 200


async def test_halves_of_two_lengths_are_never_joined() -> None:
    grown = LARGE[::-1] + b"more"
    transfer = Transfer(cut(ok(LARGE), 100_000), rest(grown, 100_000), ok(grown))
    done = await transfer.staged(replace(BIG, size=None))
    assert transfer.body_of(done) == grown
    assert ["Range" in asked.headers for asked in transfer.client.requests] == [False, True, False]


@pytest.mark.parametrize(
    "weak",
    [{"ETag": 'W/"1"'}, {"ETag": None, "Last_Modified": None}, {"ETag": None, "Date": MODIFIED}],
    ids=["weak", "none", "the time of the answer"],
)
async def test_without_a_strong_validator_it_starts_again(weak: dict[str, str | None]) -> None:
    transfer = Transfer(cut(ok(LARGE, **weak), 100_000), ok(LARGE, **weak))
    done = await transfer.staged(BIG)
    assert transfer.body_of(done) == LARGE
    assert all("Range" not in asked.headers for asked in transfer.client.requests)


async def test_a_part_of_an_earlier_run_is_resumed() -> None:
    transfer = Transfer(rest(LARGE, 5000))
    transfer.destination.parts["a.bin"] = (LARGE[:5000], Validators(etag='"1"'))
    done = await transfer.staged(BIG)
    assert transfer.body_of(done) == LARGE
    assert transfer.client.requests[0].headers["Range"] == "bytes=5000-"


async def test_an_observer_is_told_the_size_of_a_large_body_that_no_listing_has_shown() -> None:
    told = list[tuple[Span[int] | None, int]]()

    class Sizes(Recorder):
        def resumed(self, job: Job, offset: int) -> None:
            told.append((job.size, offset))

    for job, expected in ((replace(BIG, size=None), [(Span(len(LARGE), len(LARGE)), 0)]), (BIG, [])):
        told.clear()
        transfer = Transfer(ok(LARGE), observer=Sizes())
        assert transfer.body_of(await transfer.staged(job)) == LARGE
        assert told == expected


async def test_what_a_later_run_can_resume_is_kept() -> None:
    transfer = Transfer(cut(ok(LARGE), 100_000), FakeResponse(status=404))
    assert (await transfer.result(BIG)).outcome is Outcome.FAILED
    assert transfer.destination.parts["a.bin"] == (
        LARGE[:100_000],
        Validators(etag='"1"', last_modified=MODIFIED),
    )


async def test_what_no_run_can_resume_is_dropped() -> None:
    transfer = Transfer(cut(ok(LARGE, ETag='W/"1"'), 100_000), FakeResponse(status=404))
    assert (await transfer.result(BIG)).outcome is Outcome.FAILED
    assert transfer.destination.parts == {}


async def test_more_than_was_announced_is_cut_off() -> None:
    endless = ok(LARGE + b"x", Content_Length=None, Transfer_Encoding="chunked")
    transfer = Transfer(endless)
    result = await transfer.result(BIG)
    assert result.outcome is Outcome.FAILED
    assert result.received <= len(LARGE) + 4096
    assert transfer.destination.parts == {}


@pytest.mark.parametrize(
    ("size", "headers", "saved"),
    [
        (Span(1000, 1000), {"Content_Length": None}, True),
        (Span(900, 1100), {"Content_Length": None, "Transfer_Encoding": "chunked"}, True),
        (None, {"Content_Length": None, "Transfer_Encoding": "chunked"}, True),
        (None, {"Content_Length": None}, False),
        (Span(1001, 2000), {"Content_Length": None, "Transfer_Encoding": "chunked"}, False),
    ],
)
async def test_a_body_is_saved_only_if_it_is_proven_whole(
    size: Span[int] | None, headers: dict[str, str | None], saved: bool
) -> None:
    done = await Transfer(ok(**headers)).run(replace(JOB, size=size))
    assert isinstance(done, Staged) is saved


RIGHT = "sha256:" + hashlib.sha256(BODY).hexdigest()
WRONG = "sha256:" + "0" * 64


async def test_a_body_without_its_published_digest_is_fetched_again() -> None:
    bad = bytes(1000)
    transfer = Transfer(ok(bad), ok())
    done = await transfer.staged(replace(JOB, digest=RIGHT))
    assert (done.body, done.result.attempts) == (BODY, 2)
    result = await Transfer(ok()).result(replace(JOB, digest=WRONG))
    assert result.outcome is Outcome.FAILED
    assert WRONG in result.reason


async def test_a_part_without_its_published_digest_is_thrown_away() -> None:
    transfer = Transfer(ok(LARGE), attempts=2)
    transfer.destination.bad_digests = {WRONG}
    result = await transfer.result(replace(BIG, digest=WRONG))
    assert (result.outcome, result.attempts) == (Outcome.FAILED, 2)
    assert transfer.destination.parts == transfer.destination.finished == {}
    assert all("Range" not in asked.headers for asked in transfer.client.requests)


async def test_a_digest_header_is_checked_too() -> None:
    result = await Transfer(ok(Content_MD5="1B2M2Y8AsgTpgAmY7PhCfg==")).result()
    assert result.outcome is Outcome.FAILED
    assert "digest" in result.reason


async def test_a_304_confirms_the_copy_and_remembers_the_row() -> None:
    transfer = Transfer(FakeResponse(status=304, headers={"Date": DATE, "ETag": '"1"'}))
    result = await transfer.result(replace(JOB, known=KNOWN, local=LOCAL))
    assert transfer.client.requests[0].headers["If-None-Match"] == '"1"'
    assert (result.outcome, result.size, result.received) == (Outcome.UNCHANGED, 1000, 0)
    assert result.known == replace(KNOWN, row="noon 1000", checked=1714568400.0)


async def test_a_304_that_lags_behind_the_listing_confirms_nothing_so_that_the_next_run_asks_again() -> None:
    """Observed with lighttpd: the listing is read from the disk, the 304 comes from a cache that is a second old."""
    later = datetime(2024, 5, 1, 12, 0, 1, tzinfo=UTC)
    known = replace(KNOWN, validators=Validators(etag='"1"', last_modified=MODIFIED))
    job = replace(JOB, known=known, copy=known, local=LOCAL, modified=Span(later, later))
    transfer = Transfer(FakeResponse(status=304, headers={"Date": DATE, "ETag": '"1"'}), ok())
    result = await transfer.result(job)
    assert result.outcome is Outcome.UNCHANGED
    assert result.known is not None
    assert (result.known.row, result.known.checked) == ("noon 1000", UNCONFIRMED)
    assert ["If-None-Match" in asked.headers for asked in transfer.client.requests] == [True, False]


@pytest.mark.parametrize("etag", ['"1"', 'W/"1"'])
@pytest.mark.parametrize("is_fresh", [False, True])
async def test_a_file_that_was_only_touched_is_settled_although_a_304_does_not_say_its_time(
    etag: str, is_fresh: bool
) -> None:
    """The tag is a digest of the bytes, and a 304 with a tag need not have a time (RFC 9110 section 15.4.5)."""
    known = replace(KNOWN, validators=Validators(etag=etag, last_modified=MODIFIED))
    transfer = Transfer(
        FakeResponse(status=304, headers={"Date": DATE, "ETag": etag}), ok(ETag=etag, Last_Modified=LATER)
    )
    done = await transfer.run(replace(TOUCHED, known=known, copy=known, fresh=is_fresh))
    assert isinstance(done, Staged)
    assert done.result.known is not None
    assert (done.result.known.mtime, done.result.known.validators.last_modified) == (MTIME + 1800 * 10**9, LATER)
    assert done.result.known.checked != UNCONFIRMED


LATER = "Wed, 01 May 2024 12:30:00 GMT"
LATER_SPAN = Span(datetime(2024, 5, 1, 12, 30, tzinfo=UTC), datetime(2024, 5, 1, 12, 30, 59, tzinfo=UTC))
TOUCHED = replace(JOB, known=KNOWN, local=LOCAL, modified=LATER_SPAN)


async def test_a_304_with_another_time_gives_it_to_the_copy() -> None:
    transfer = Transfer(FakeResponse(status=304, headers={"Date": DATE, "Last-Modified": LATER, "ETag": '"1"'}))
    transfer.destination.files["a.bin"] = LOCAL
    result = await transfer.result(TOUCHED)
    later = MTIME + 1800 * 10**9
    assert (result.outcome, result.received) == (Outcome.UNCHANGED, 0)
    assert transfer.destination.files["a.bin"] == replace(LOCAL, mtime=later)
    validators = Validators(etag='"1"', last_modified=LATER)
    assert result.known == replace(KNOWN, row="noon 1000", mtime=later, validators=validators, checked=1714568400.0)


async def test_a_copy_that_keeps_its_time_is_known_by_it() -> None:
    transfer = Transfer(FakeResponse(status=304, headers={"Last-Modified": LATER, "ETag": '"1"'}))
    transfer.destination.keeps_times = True
    result = await transfer.result(TOUCHED)
    assert result.known is not None
    assert (result.known.mtime, result.known.row) == (MTIME, "noon 1000"), "and is not asked for again"


@pytest.mark.parametrize(
    ("etag", "headers"),
    [
        ('W/"1"', {"Last-Modified": LATER}),
        (None, {"Last-Modified": LATER}),
        ('"1"', {"Last-Modified": "garbled"}),
        ('"1"', {"Last-Modified": MODIFIED}),
        ('"1"', {}),
    ],
)
async def test_a_304_that_does_not_prove_the_bytes_to_be_those_of_another_time_changes_no_time(
    etag: str | None, headers: dict[str, str]
) -> None:
    known = replace(KNOWN, validators=Validators(etag=etag, last_modified=MODIFIED))
    transfer = Transfer(FakeResponse(status=304, headers=headers), ok(ETag=etag))
    transfer.destination.files["a.bin"] = LOCAL
    result = await transfer.result(replace(TOUCHED, known=known, copy=known))
    assert result.known is not None
    assert (result.known.validators, result.known.mtime, result.known.checked) == (known.validators, MTIME, UNCONFIRMED)
    assert transfer.destination.files["a.bin"] == LOCAL


@pytest.mark.parametrize(("etag", "is_suspect"), [('"1"', False), (None, True), ('"2"', True)])
async def test_a_304_that_does_not_name_the_version_makes_its_connection_suspect(
    etag: str | None, *, is_suspect: bool
) -> None:
    """It may be the response to an earlier request, and then those that follow are late, too."""
    headers = {"Date": DATE, "Last-Modified": LATER} | ({} if etag is None else {"ETag": etag})
    carrier = Carrier()
    transfer = Transfer(FakeResponse(status=304, headers=headers, turn=carrier.next()), ok())
    transfer.destination.files["a.bin"] = LOCAL
    await transfer.run(TOUCHED)
    assert carrier.is_suspect is is_suspect


@pytest.mark.parametrize("insists", [False, True])
async def test_a_304_with_another_entity_tag_is_asked_again_without_conditions(insists: bool) -> None:
    other = FakeResponse(status=304, headers={"Last-Modified": LATER, "ETag": '"2"'})
    transfer = Transfer(other, other if insists else ok())
    transfer.destination.files["a.bin"] = LOCAL
    done = await transfer.run(TOUCHED)
    assert ["If-None-Match" in asked.headers for asked in transfer.client.requests][:2] == [True, False]
    assert isinstance(done, Result if insists else Staged)
    assert not isinstance(done, Result) or done.outcome is Outcome.FAILED
    assert transfer.destination.files["a.bin"] == LOCAL


async def test_a_304_to_a_request_without_conditions_is_a_failure() -> None:
    assert (await Transfer(FakeResponse(status=304)).result()).outcome is Outcome.FAILED


PROBE = replace(JOB, probe=True, local=LOCAL)


async def test_a_probe_that_agrees_in_size_and_time_adopts_the_copy() -> None:
    transfer = Transfer(ok())
    result = await transfer.result(PROBE)
    assert [asked.method for asked in transfer.client.requests] == ["HEAD"]
    assert result.outcome is Outcome.UNCHANGED
    assert result.known is not None
    assert (result.known.size, result.known.mtime, result.known.row) == (1000, MTIME, "noon 1000")
    assert result.known.validators == Validators(etag='"1"', last_modified=MODIFIED)


@pytest.mark.parametrize(
    "response",
    [
        ok(Last_Modified="Wed, 01 May 2024 12:00:01 GMT"),
        ok(Last_Modified=None),
        ok(Last_Modified="garbage"),
        ok(Content_Length="1001"),
        ok(Content_Length=None),
        FakeResponse(status=405),
        FakeResponse(status=404),
        FakeResponse(status=503),
        FakeResponse(status=0, fails=FetchError("closed", url=URL, connection=True)),
        FakeResponse(status=0, fails=FetchError("not valid HTTP", url=URL)),
        FakeResponse(status=302, headers={"Location": "http://evil/a.bin"}),
    ],
    ids=[
        "later", "no time", "unreadable time", "larger", "no length", "405", "404", "503", "closed", "no HTTP",
        "redirected away",
    ],
)  # fmt: skip
async def test_a_probe_that_is_not_clear_is_followed_by_get_which_decides(response: FakeResponse) -> None:
    transfer = Transfer(response, ok(Last_Modified=LATER))
    done = await transfer.staged(PROBE)
    assert [asked.method for asked in transfer.client.requests] == ["HEAD", "GET"]
    assert done.body == BODY
    assert (done.result.old_size, done.result.attempts) == (1000, 1)
    current = Transfer(response, ok())
    result = await current.result(PROBE)
    assert [asked.method for asked in current.client.requests] == ["HEAD", "GET"]
    assert (result.outcome, result.received) == (Outcome.UNCHANGED, 0), "get says what head could have said"
    assert result.known is not None
    assert result.known.validators == Validators(etag='"1"', last_modified=MODIFIED)


async def test_a_host_that_is_down_is_probed_once_and_gets_as_many_requests_as_attempts() -> None:
    transfer = Transfer(FakeResponse(status=0, fails=FetchError("refused", url=URL, connection=True)))
    result = await transfer.result(PROBE)
    assert [asked.method for asked in transfer.client.requests] == ["HEAD", "GET", "GET", "GET", "GET"]
    assert (result.outcome, result.reason, result.attempts) == (Outcome.FAILED, "refused", 4)
    assert result.known is None


async def test_a_server_without_responses_to_head_gets_only_get_after_a_while() -> None:
    transfer = Transfer(ok())
    unanswered = FakeResponse(status=0, fails=FetchError("no answer", url=URL, connection=True))

    async def head_of(response: FakeResponse) -> bool:
        transfer.client.requests.clear()
        transfer.script = [response, ok()]
        await transfer.result(PROBE)
        return transfer.client.requests[0].method == "HEAD"

    asked = [await head_of(unanswered) for _ in range(limits.HEAD_FAILURES - 1)]
    asked += [await head_of(FakeResponse(status=405))]
    asked += [await head_of(unanswered) for _ in range(limits.HEAD_FAILURES)]
    assert all(asked), "one that was answered begins anew"
    assert not await head_of(ok())


async def test_a_redirect_to_the_same_name_with_a_slash_is_a_directory() -> None:
    moved = FakeResponse(status=301, headers={"Location": URL + "/"})
    result = await Transfer(moved).result()
    assert (result.outcome, result.url) == (Outcome.DIRECTORY, URL + "/")


async def test_a_redirect_elsewhere_is_a_failure_of_one_attempt() -> None:
    result = await Transfer(FakeResponse(status=302, headers={"Location": "http://evil/a.bin"})).result()
    assert (result.outcome, result.attempts) == (Outcome.FAILED, 1)
    assert "--allow-host evil" in result.reason


@pytest.mark.parametrize(("body", "outcome"), [(b"Index of /x", Outcome.DIRECTORY), (b"<html>a page", None)])
async def test_what_may_be_a_directory_is_inspected(body: bytes, outcome: Outcome | None) -> None:
    unsure = Job(url="http://h/pub/what", path="what", reason="new", kind=Kind.UNKNOWN)
    done = await Transfer(ok(body, Content_Type="text/html")).run(unsure)
    if outcome is None:
        assert isinstance(done, Staged)
        assert done.body == body
    else:
        assert isinstance(done, Result)
        assert done.outcome is outcome


PAGE = b"\xef\xbb\xbf <!-- portal -->\n<!DOCTYPE html><html><title>Log in</title>"
HTML = "text/html; charset=utf-8"


def job_of(name: str, local: Local | None = None, size: Span[int] | None = None) -> Job:
    return Job(url=f"http://h/pub/{name}", path=name, reason="new", local=local, size=size)


@pytest.mark.parametrize("length", [None, "given"], ids=["streamed", "in memory"])
@pytest.mark.parametrize("padding", [0, 5_000_000])
@pytest.mark.parametrize(
    ("name", "kind", "is_refused"),
    [
        ("x.tar.gz", HTML, True),
        ("x.tar.gz", "application/octet-stream", True),
        ("x.AppImage", None, True),
        ("x.unheard", HTML, True),
        ("x.txt", HTML, True),
        ("x.txt", "text/plain", False),
        ("vmlinuz", HTML, False),
        ("x.html", HTML, False),
    ],
)
async def test_a_page_in_place_of_a_file_is_known_by_its_beginning(
    name: str, kind: str | None, is_refused: bool, padding: int, length: str | None
) -> None:
    body = PAGE + bytes(padding)
    more = {} if length else {"Content_Length": None, "Transfer_Encoding": "chunked"}
    transfer = Transfer(ok(body, Content_Type=kind, **more))
    transfer.client._piece = 65536 if padding else 16
    done = await transfer.run(job_of(name))
    if is_refused:
        assert isinstance(done, Result)
        assert (done.outcome, done.attempts, transfer.destination.parts) == (Outcome.FAILED, 1, {})
        assert "got an HTML page instead of the file" in done.reason
    else:
        assert isinstance(done, Staged)
        assert transfer.body_of(done) == body


@pytest.mark.parametrize("body", [b"\x7fELF" + bytes(3000), b"<svg/>", b"plain < text"])
async def test_a_file_that_a_server_only_calls_a_page_is_taken(body: bytes) -> None:
    done = await Transfer(ok(body, Content_Type=HTML)).staged(job_of("x.unheard"))
    assert done.body == body


@pytest.mark.parametrize(("old", "is_refused"), [(b"\x7fELF", True), (PAGE[:-1], False), (bytes(2 << 20), True)])
async def test_a_page_without_an_extension_replaces_pages_only(old: bytes, is_refused: bool) -> None:
    transfer = Transfer(ok(PAGE, Content_Type=HTML))
    local = transfer.destination.files["vmlinuz"] = Local(Kind.FILE, len(old), 0)
    transfer.destination.bodies["vmlinuz"] = old
    done = await transfer.run(job_of("vmlinuz", local))
    assert isinstance(done, Result) is is_refused


async def test_an_exact_size_says_more_than_the_beginning() -> None:
    exact = job_of("x.tar.gz", size=Span(len(PAGE), len(PAGE)))
    assert (await Transfer(ok(PAGE)).staged(exact)).body == PAGE
    unknown = replace(exact, path="x.unheard")
    assert (await Transfer(ok(PAGE, Content_Type=HTML)).staged(unknown)).body == PAGE
    rounded = replace(exact, size=Span(len(PAGE) - 1, len(PAGE)))
    assert (await Transfer(ok(PAGE, Content_Type=HTML)).result(rounded)).outcome is Outcome.FAILED


@pytest.mark.parametrize("length", [len(PAGE), limits.SMALL_BODY + 1])
async def test_an_archive_is_never_a_page_unless_a_digest_proves_it(length: int) -> None:
    page = PAGE.ljust(length)
    job = job_of("x.tar.gz", size=Span(length, length))
    result = await Transfer(ok(page, Content_Type=HTML)).result(job)
    assert result.reason.endswith("(a login or error page?), although it has the expected size")
    proven = replace(job, digest=f"sha256:{hashlib.sha256(page).hexdigest()}")
    assert isinstance(await Transfer(ok(page, Content_Type=HTML)).run(proven), Staged)


async def test_what_was_cut_before_it_could_be_judged_is_not_resumed() -> None:
    begun = cut(ok(PAGE + bytes(5_000_000), Content_Type=HTML), 9)
    transfer = Transfer(begun, ok(PAGE + bytes(5_000_000), Content_Type=HTML))
    assert "HTML page" in (await transfer.result(job_of("x.unheard"))).reason
    assert all("Range" not in asked.headers for asked in transfer.client.requests)


async def test_what_takes_too_long_to_inspect_is_a_failure_of_that_file() -> None:
    unsure = Job(url="http://h/pub/what", path="what", reason="new", kind=Kind.UNKNOWN)
    done = await Transfer(ok(b"<html>endless", Content_Type="text/html")).run(unsure)
    assert isinstance(done, Result)
    assert (done.outcome, done.reason) == (
        Outcome.FAILED,
        "it may be a directory, but its page took longer than 30 s to read",
    )


async def test_a_filter_may_decide_by_the_headers_before_the_body() -> None:
    transfer = Transfer(ok())
    seen: list[tuple[int | None, float | None]] = []

    def refuse(_job: Job, size: int | None, modified: float | None) -> str | None:
        seen.append((size, modified))
        return "too-large"

    transfer.downloader = replace(transfer.downloader, rejects_headers=refuse)
    result = await transfer.result(replace(JOB, size=None))
    assert seen == [(1000, 1714564800.0)]
    assert (result.outcome, result.reason, result.received) == (Outcome.SKIPPED, "too-large", 0)


async def test_without_last_modified_the_row_gives_the_time_if_it_has_a_zone() -> None:
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    bare = ok(Last_Modified=None)
    assert (await Transfer(bare).staged(replace(JOB, modified=Span(noon, noon)))).mtime == MTIME
    naive = noon.replace(tzinfo=None)
    assert (await Transfer(bare).staged(replace(JOB, modified=Span(naive, naive)))).mtime is None
    assert (await Transfer(bare).staged()).mtime is None


@pytest.mark.parametrize(
    ("job", "responses", "fit"),
    [
        (JOB, [ok()], True),
        (BIG, [ok(LARGE)], True),
        (JOB, [ok(Last_Modified=None)], False),
        (JOB, [ok(Content_Type="text/html")], False),
        (JOB, [FakeResponse(status=404, body=b"no", headers={"Last-Modified": MODIFIED})], False),
        (BIG, [cut(ok(LARGE), 300_000), rest(LARGE, 300_000)], False),
    ],
    ids=["small", "large", "without a time", "a page", "an error", "in two pieces"],
)
async def test_the_response_with_a_whole_file_shows_what_others_will_be_like(
    job: Job, responses: list[FakeResponse], fit: bool
) -> None:
    transfer = Transfer(*responses)
    await transfer.run(job)
    assert transfer.downloader.seen.of("http://h/")("pub/b.bin") is fit
