"""What a response means for its job, and whether a body is complete."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.state.store import REPLACING
from crawler.model.values import Job, Kind, Known, Local, Validators
from crawler.pipeline.rules.compare import lost
from crawler.pipeline.rules.responses.verdict import (
    UNLIMITED,
    Action,
    Verdict,
    contradiction,
    interpret,
    is_recorded,
    length_proven,
)
from crawler.text.resuming import Resume
from tests.unit.pipeline.rules.examples import CONFIRMING, JOB, LATER_HTTP, LOOSE, NOON_HTTP, NOW, RESUME, UNSIZED


def headers(**fields: str | int | None) -> dict[str, str]:
    """Header fields by their registered names: ``Content_Length=5`` becomes Content-Length; None omits a field."""
    return {name.replace("_", "-"): str(value) for name, value in fields.items() if value is not None}


def whole(**fields: str | int | None) -> dict[str, str]:
    return headers(**{"Content_Length": 1000, "Content_Type": "application/octet-stream", **fields})


@pytest.mark.parametrize(
    ("job", "fields", "length", "limit"),
    [
        (JOB, whole(), 1000, 1000),
        (JOB, whole(Content_Length=None), None, 1000),
        (LOOSE, whole(), 1000, 1000),
        (LOOSE, whole(Content_Length=None), None, 1049),
        (UNSIZED, whole(), 1000, 1000),
        (UNSIZED, whole(Content_Length=None), None, UNLIMITED),
        (UNSIZED, whole(Content_Length=0), 0, 0),
        (JOB, whole(Transfer_Encoding="chunked", Content_Length=7), None, 1000),
        (JOB, whole(Content_Length="1e3"), None, 1000),
        (JOB, whole(Content_Length="-1000"), None, 1000),
        (JOB, whole(Content_Length="1000, 1000"), None, 1000),
        (UNSIZED, whole(Content_Length="9" * 30), None, UNLIMITED),
    ],
)  # fmt: skip
def test_a_200_is_saved_within_what_was_announced(
    job: Job, fields: dict[str, str], length: int | None, limit: int
) -> None:
    action = interpret(200, fields, job, None, NOW)
    assert action == Action(verdict=Verdict.SAVE, length=length, limit=limit)


@pytest.mark.parametrize(
    ("job", "fields", "word"),
    [
        (JOB, whole(Content_Length=0), "the listing says 1000 bytes, the server sends 0"),
        (JOB, whole(Content_Length=999), "the listing says 1000"),
        (JOB, whole(Content_Length=1001), "the listing says 1000"),
        (LOOSE, whole(Content_Length=949), "950 to 1049 bytes"),
        (LOOSE, whole(Content_Length=1050), "950 to 1049 bytes"),
        (UNSIZED, whole(Content_Encoding="gzip"), "encoded the body (gzip)"),
        (LOOSE, whole(Content_Encoding="GZIP"), "encoded the body"),
        (JOB, whole(Content_Encoding="gzip", Content_Length=None), "encoded the body"),
        (UNSIZED, whole(Content_Encoding="gzip, gzip, br"), "encoded the body"),
        (replace(UNSIZED, path="readme.txt"), whole(Content_Encoding="br"), "encoded the body"),
    ],
)
def test_what_contradicts_the_listing_is_given_up(job: Job, fields: dict[str, str], word: str) -> None:
    action = interpret(200, fields, job, None, NOW)
    assert action.verdict is Verdict.GIVE_UP
    assert word in action.reason


@pytest.mark.parametrize(
    ("job", "fields"),
    [
        (JOB, whole(Content_Type="text/html")),
        (JOB, whole(Content_Encoding="gzip")),
        (replace(UNSIZED, path="x.tar.gz"), whole(Content_Encoding="x-gzip")),
        (replace(UNSIZED, path="X.TGZ"), whole(Content_Encoding="gzip")),
        (replace(UNSIZED, path="x.svgz"), whole(Content_Encoding="gzip")),
        (UNSIZED, whole(Content_Encoding="identity")),
        (UNSIZED, whole(Content_Encoding="")),
        (UNSIZED, whole(Content_Type="text/plain")),
        (UNSIZED, whole(Content_Type=None)),
        (UNSIZED, whole(Content_Type="text/html")),  # the body decides
    ],
)
def test_an_exact_size_or_the_name_explains_an_odd_header(job: Job, fields: dict[str, str]) -> None:
    assert interpret(200, fields, job, None, NOW).verdict is Verdict.SAVE


def partial(content_range: str | None = "bytes 400-999/1000", **fields: str | int | None) -> dict[str, str]:
    return headers(**{"Content_Range": content_range, "Content_Length": 600, "ETag": '"1"', **fields})


def test_the_requested_206_is_appended() -> None:
    action = interpret(206, partial(), JOB, RESUME, NOW)
    assert action == Action(verdict=Verdict.SAVE, length=1000, limit=1000, offset=400)


@pytest.mark.parametrize(
    "fields",
    [
        partial(Content_Length=None),
        partial("Bytes 400-999/1000"),
        partial(Last_Modified=NOON_HTTP),
        partial(Last_Modified=LATER_HTTP),
    ],
    ids=["no length", "unit in capitals", "same time", "another time but the same ETag"],
)
def test_a_206_may_omit_fields_that_the_first_response_had(fields: dict[str, str]) -> None:
    assert interpret(206, fields, JOB, RESUME, NOW).offset == 400


@pytest.mark.parametrize(
    "fields",
    [
        partial("bytes 0-999/1000"),
        partial("bytes 399-999/1000"),
        partial("bytes 401-999/1000"),
        partial("bytes 400-998/1000"),
        partial("bytes 400-1000/1000"),
        partial("bytes 400-999/*"),
        partial("bytes */1000"),
        partial("bytes 400-999"),
        partial("400-999/1000"),
        partial("bytes 400-999/1000, 0-1/1000"),
        partial("bytes " + "9" * 30 + "-999/1000"),
        partial(None),
        partial(None, Content_Type="multipart/byteranges; boundary=x"),
        partial(Content_Type="multipart/byteranges; boundary=x"),
        partial(ETag=None),
        partial(ETag=None, Last_Modified=NOON_HTTP),
        partial(ETag=None, Last_Modified=LATER_HTTP),
        partial(ETag='"2"'),
        partial(ETag='W/"1"'),
        partial(Content_Length=599),
        partial(Content_Length=1000),
    ],
)
def test_any_other_206_starts_again(fields: dict[str, str]) -> None:
    assert interpret(206, fields, JOB, RESUME, NOW).verdict is Verdict.RESTART


def test_a_part_known_by_its_time_is_not_joined_with_one_of_another_time() -> None:
    """RFC 9110 section 15.3.7.3: parts are combined only if they share the same strong validator."""
    dated = Resume(400, Validators(last_modified=NOON_HTTP))
    same = interpret(206, partial(ETag=None, Last_Modified=NOON_HTTP), JOB, dated, NOW)
    other = interpret(206, partial(ETag=None, Last_Modified=LATER_HTTP), JOB, dated, NOW)
    silent = interpret(206, partial(ETag=None), JOB, dated, NOW)
    assert (same.verdict, other.verdict, silent.verdict) == (Verdict.SAVE, Verdict.RESTART, Verdict.RESTART)


@pytest.mark.parametrize(
    ("length", "verdict"), [(None, Verdict.SAVE), (1000, Verdict.SAVE), (999, Verdict.RESTART), (1001, Verdict.RESTART)]
)
def test_a_206_of_another_length_than_the_first_response_starts_again(length: int | None, verdict: Verdict) -> None:
    assert interpret(206, partial(), UNSIZED, replace(RESUME, length=length), NOW).verdict is verdict


def test_a_206_whose_total_contradicts_the_listing_is_given_up() -> None:
    action = interpret(206, partial("bytes 400-1999/2000", Content_Length=1600), JOB, RESUME, NOW)
    assert action.verdict is Verdict.GIVE_UP


def test_a_206_that_was_not_requested_is_given_up() -> None:
    assert interpret(206, partial(), JOB, None, NOW) == Action(verdict=Verdict.GIVE_UP, reason="HTTP 206")


def test_a_200_to_a_range_request_is_the_whole_file() -> None:
    action = interpret(200, whole(), JOB, RESUME, NOW)
    assert (action.verdict, action.offset, action.length) == (Verdict.SAVE, 0, 1000)


@pytest.mark.parametrize(
    ("status", "job", "resume", "verdict"),
    [
        (304, CONFIRMING, None, Verdict.UNCHANGED),
        (304, JOB, None, Verdict.GIVE_UP),
        (416, JOB, RESUME, Verdict.RESTART),
        (416, JOB, None, Verdict.GIVE_UP),
        (404, JOB, None, Verdict.GIVE_UP),
        (404, JOB, RESUME, Verdict.GIVE_UP),
        (410, JOB, None, Verdict.GIVE_UP),
        (403, JOB, None, Verdict.GIVE_UP),
        (401, JOB, None, Verdict.GIVE_UP),
        (407, JOB, None, Verdict.GIVE_UP),
        (400, JOB, None, Verdict.GIVE_UP),
        (501, JOB, None, Verdict.GIVE_UP),
        (301, JOB, None, Verdict.GIVE_UP),
        (302, JOB, RESUME, Verdict.GIVE_UP),
        (201, JOB, None, Verdict.GIVE_UP),
        (204, JOB, None, Verdict.GIVE_UP),
        (999, JOB, None, Verdict.GIVE_UP),
        (408, JOB, None, Verdict.RETRY),
        (425, JOB, None, Verdict.RETRY),
        (429, JOB, None, Verdict.RETRY),
        (500, JOB, None, Verdict.RETRY),
        (502, JOB, None, Verdict.RETRY),
        (503, CONFIRMING, RESUME, Verdict.RETRY),
        (504, JOB, None, Verdict.RETRY),
        (520, JOB, None, Verdict.RETRY),
        (524, JOB, None, Verdict.RETRY),
    ],
)
def test_what_a_status_means(status: int, job: Job, resume: Resume | None, verdict: Verdict) -> None:
    action = interpret(status, headers(Content_Length=5, Content_Type="text/html"), job, resume, NOW)
    assert action.verdict is verdict
    assert action.reason
    assert action.delay is None


@pytest.mark.parametrize(
    ("status", "job", "resume", "fields", "action"),
    [
        (304, CONFIRMING, None, headers(), Action(verdict=Verdict.UNCHANGED, reason="confirmed by the server")),
        (304, JOB, None, headers(),
         Action(verdict=Verdict.GIVE_UP, reason="304 in response to an unconditional request")),
        (416, JOB, RESUME, headers(),
         Action(verdict=Verdict.RESTART, reason="the partial file no longer matches")),
        (206, JOB, RESUME, partial("bytes 0-999/1000"),
         Action(verdict=Verdict.RESTART, reason="the server sent another range")),
        (206, JOB, RESUME, partial(ETag='"2"'), Action(verdict=Verdict.RESTART, reason="the file changed meanwhile")),
        (206, JOB, RESUME, partial(Content_Length=599),
         Action(verdict=Verdict.RESTART, reason="length and range of the response disagree")),
        (206, JOB, RESUME, partial("bytes 400-1999/2000", Content_Length=1600),
         Action(verdict=Verdict.GIVE_UP, reason="the listing says 1000 bytes, the server sends 2000")),
        (200, LOOSE, None, whole(Content_Length=949),
         Action(verdict=Verdict.GIVE_UP, reason="the listing says 950 to 1049 bytes, the server sends 949")),
        (200, UNSIZED, None, whole(Content_Encoding="x" * 41),
         Action(verdict=Verdict.GIVE_UP,
                reason=f"the server encoded the body ({'x' * 40}) although identity was requested")),
        (503, JOB, None, headers(Retry_After=3), Action(verdict=Verdict.RETRY, reason="HTTP 503", delay=3.0)),
        (503, JOB, None, headers(Retry_After=86_400),
         Action(verdict=Verdict.GIVE_UP, reason="HTTP 503, and the server asks to wait 86400 s")),
        (404, JOB, None, headers(), Action(verdict=Verdict.GIVE_UP, reason="HTTP 404")),
    ],
)  # fmt: skip
def test_a_user_reads_why_a_response_is_not_saved(
    status: int, job: Job, resume: Resume | None, fields: dict[str, str], action: Action
) -> None:
    assert interpret(status, fields, job, resume, NOW) == action


@pytest.mark.parametrize("status", [429, 503, 500])
@pytest.mark.parametrize(
    ("fields", "delay"),
    [
        (headers(Retry_After=2), 2.0),
        (headers(Retry_After=0), 0.0),
        (headers(Retry_After=LATER_HTTP), None),
        (headers(Retry_After="Wed, 01 May 2024 12:00:04 GMT"), 4.0),
        (headers(Retry_After="Wed, 01 May 2024 12:00:04 GMT", Date="Wed, 01 May 2024 12:00:01 GMT"), 3.0),
        (headers(Retry_After=NOON_HTTP, Date=LATER_HTTP), 0.0),
        (headers(Retry_After=int(limits.RETRY_AFTER)), limits.RETRY_AFTER),
        (headers(Retry_After=int(limits.RETRY_AFTER) + 1), None),
        (headers(Retry_After=86400), None),
        (headers(Retry_After="9" * 12), None),
    ],
)
def test_retry_after_is_obeyed_up_to_the_cap(status: int, fields: dict[str, str], delay: float | None) -> None:
    action = interpret(status, fields, JOB, None, NOW)
    if delay is None:
        assert action.verdict is Verdict.GIVE_UP
        assert "asks to wait" in action.reason
    else:
        assert (action.verdict, action.delay) == (Verdict.RETRY, delay)


@pytest.mark.parametrize("text", ["soon", "-5", "1.5", "", "9" * 13])
def test_a_retry_after_that_cannot_be_read_is_the_usual_backoff(text: str) -> None:
    action = interpret(503, headers(Retry_After=text), JOB, None, NOW)
    assert (action.verdict, action.delay) == (Verdict.RETRY, None)


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["Content-Length", "Content-Range", "ETag", "Date", "Retry-After", "Content-Type",
                         "Content-Encoding", "Transfer-Encoding", "Last-Modified"]),
        st.text(max_size=30) | st.sampled_from(["bytes 400-999/1000", "600", "1000", NOON_HTTP, "chunked"]),
    ),
    st.sampled_from([JOB, UNSIZED, LOOSE, CONFIRMING]),
    st.sampled_from([None, RESUME]),
)  # fmt: skip
def test_no_response_is_saved_with_a_length_that_the_listing_excludes(
    status: int, fields: dict[str, str], job: Job, resume: Resume | None
) -> None:
    action = interpret(status, fields, job, resume, NOW)
    if action.verdict is Verdict.SAVE:
        assert status == 200 or (status == 206 and resume is not None and action.offset == resume.offset)
        assert action.length is None or job.size is None or action.length in job.size
        assert action.length is None or action.limit == action.length


# --- the body -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "length", "fields", "received", "proven"),
    [
        (JOB, 1000, headers(), 1000, True),
        (JOB, 1000, headers(), 999, False),
        (JOB, 1000, headers(), 1001, False),
        (UNSIZED, 0, headers(), 0, True),
        (JOB, None, headers(), 1000, True),
        (JOB, None, headers(), 999, False),
        (LOOSE, None, headers(Transfer_Encoding="chunked"), 950, True),
        (LOOSE, None, headers(Transfer_Encoding="chunked"), 949, False),
        (UNSIZED, None, headers(Transfer_Encoding="Chunked"), 7, True),
        (UNSIZED, None, headers(Transfer_Encoding="gzip"), 7, False),
        (UNSIZED, None, headers(), 7, False),
    ],
)
def test_a_body_is_whole_only_if_that_is_proven(
    job: Job, length: int | None, fields: dict[str, str], received: int, proven: bool
) -> None:
    action = Action(verdict=Verdict.SAVE, length=length)
    assert (length_proven(job, action, fields, received) is None) is proven


@pytest.mark.parametrize(
    ("job", "length", "text"),
    [
        (JOB, 1000, "got 7 of 1000 bytes"),
        (JOB, None, "got 7 bytes, the listing says 1000"),
        (LOOSE, None, "got 7 bytes, the listing says 950 to 1049"),
        (UNSIZED, None, "neither the server nor the listing says how long it is"),
    ],
)
def test_a_user_reads_why_a_body_is_not_whole(job: Job, length: int | None, text: str) -> None:
    assert length_proven(job, Action(verdict=Verdict.SAVE, length=length), headers(), 7) == text


WORDS = b"words"
SHA = f"sha256:{hashlib.sha256(WORDS).hexdigest()}"
STRONG, WEAK, NO_TAG = Validators(etag='"1"'), Validators(etag='W/"1"'), Validators()
RECORD = Known(path="a", url="http://h/a", row="", size=5, mtime=0, validators=STRONG, digest=SHA)


@pytest.mark.parametrize(
    ("length", "body", "said", "with_digest", "without_digest"),
    [
        # the stated length, the body if all of it is at hand, the validators; expected with and without a digest
        (5, WORDS, NO_TAG, True, True), (None, WORDS, NO_TAG, True, True), (5, b"other", NO_TAG, False, True),
        (None, b"other", STRONG, False, True), (None, b"longer", STRONG, False, False), (5, None, NO_TAG, True, True),
        (6, None, STRONG, False, False), (0, None, STRONG, False, False), (None, None, STRONG, True, True),
        (None, None, WEAK, False, False), (None, None, NO_TAG, False, False), (None, b"", NO_TAG, False, False),
        (None, None, Validators(etag='"2"'), False, False),
    ],
)  # fmt: skip
def test_what_the_record_of_a_lost_copy_confirms(
    length: int | None, body: bytes | None, said: Validators, with_digest: bool, without_digest: bool
) -> None:
    for digest, expected in ((SHA, with_digest), (None, without_digest)):
        job = Job(url="http://h/a?x=1", path="a", reason="", recorded=replace(RECORD, digest=digest))
        assert is_recorded(job, length, said, body) is expected
        is_by_tag_alone = length is None and body is None
        assert is_recorded(replace(job, url="http://other/a"), length, said, body) is (expected and not is_by_tag_alone)
        assert not is_recorded(replace(job, recorded=None), length, said, body)


@pytest.mark.parametrize(
    ("length", "etag", "is_contradicted"),
    [(5, None, False), (6, '"1"', True), (None, '"1"', False), (None, '"2"', True), (None, None, True)],
)
def test_a_coded_body_is_that_of_the_record_or_contradicts_the_listing(
    length: int | None, etag: str | None, *, is_contradicted: bool
) -> None:
    headers = {"Content-Encoding": "gzip"} | ({"ETag": etag} if etag else {})
    job = Job(url="http://h/a", path="a", reason="", recorded=RECORD)
    assert (contradiction(headers, job, length) is not None) is is_contradicted


@given(st.binary(max_size=20), st.binary(max_size=20), st.booleans())
def test_a_whole_body_is_the_recorded_one_only_if_it_is_the_same(saved: bytes, body: bytes, is_stated: bool) -> None:
    digest = f"sha256:{hashlib.sha256(saved).hexdigest()}"
    job = Job(url="http://h/a", path="a", reason="", recorded=replace(RECORD, size=len(saved), digest=digest))
    assert is_recorded(job, len(body) if is_stated else None, STRONG, body) is (saved == body)


@pytest.mark.parametrize(
    ("known", "local", "url", "expected"),
    [
        (None, None, "http://h/a", False), (RECORD, None, "http://h/a?y=2", True), (RECORD, None, "http://h/b", False),
        (RECORD, Local(Kind.FILE, 5, 0), "http://h/a", False), (RECORD, Local(Kind.FILE, 4, 0), "http://h/a", True),
        (RECORD, Local(Kind.FILE, 5, 1), "http://h/a", True), (RECORD, Local(Kind.DIRECTORY, 5, 0), "http://h/a", True),
        (replace(RECORD, digest=REPLACING), None, "http://h/a", False),
    ],
)  # fmt: skip
def test_when_the_copy_of_a_record_is_lost(known: Known | None, local: Local | None, url: str, expected: bool) -> None:
    assert lost(known, local, url) == (known if expected else None)
