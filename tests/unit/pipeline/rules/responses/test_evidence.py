"""What a response proves about a file: each kind of response, row and copy, and the consequences."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.freshness import Currency, Dating, Source
from crawler.model.state.store import REPLACING
from crawler.model.values import UNCONFIRMED, Entry, Job, Kind, Known, Local, Outcome, Result, Span, Validators
from crawler.pipeline.outdated import Outdated
from crawler.pipeline.rules.compare import NANOSECONDS, Need, needs_fetch
from crawler.pipeline.rules.responses.conditional_requests import request_headers
from crawler.pipeline.rules.responses.evidence import (
    Proof,
    Ruling,
    Unwanted,
    adopted,
    confirmed,
    confirms,
    currency,
    generated,
    is_same_body,
    is_served,
    known_of,
    mtime_of,
    prove,
    refused,
    rule,
)
from crawler.pipeline.rules.responses.verdict import Action, Verdict
from tests.support.time_zone import local_time_zone

HOUR, DAY = 3600, 86_400
NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
T = int(NOON.timestamp())
NOW = float(T + 10 * DAY)


def span(low: datetime, seconds: int = 60) -> Span[datetime]:
    return Span(low, low + timedelta(seconds=seconds - 1))


def http(moment: float) -> str:
    return formatdate(moment, usegmt=True)


AWARE, NAIVE, EXACT = span(NOON), span(NOON.replace(tzinfo=None)), Span(NOON, NOON)
FRACTION = Span(NOON + timedelta(microseconds=300_000), NOON + timedelta(microseconds=300_000))
JOB = Job(url="http://h/a", path="a", reason="row changed", modified=AWARE, row="noon", size=Span(10, 10))
LISTED, OLDER, OTHER, UNKNOWN = Currency.LISTED, Currency.OLDER, Currency.OTHER, Currency.UNKNOWN


@pytest.mark.parametrize(
    ("row", "offset", "found"),
    [
        (AWARE, 0, LISTED),
        (AWARE, 59, LISTED),
        (AWARE, -1, OLDER),
        (AWARE, 60, OTHER),
        (AWARE, -HOUR, OLDER),
        (AWARE, DAY, OTHER),
        (EXACT, 0, LISTED),
        (EXACT, -1, OLDER),
        (EXACT, 1, OTHER),
        (FRACTION, 0, LISTED),
        (FRACTION, 1, LISTED),  # Swift rounds up
        (FRACTION, 2, OTHER),
        (FRACTION, -1, OLDER),
        (span(NOON.astimezone(timezone(timedelta(hours=5)))), 0, LISTED),
        # if their zone were lost, the first would be OLDER and the second OTHER
        (span(NOON.astimezone(timezone(timedelta(hours=5)))), 60, OTHER),
        (span(NOON.astimezone(timezone(timedelta(hours=-5)))), -1, OLDER),
        (NAIVE, 0, LISTED),
        (NAIVE, 5 * HOUR + 30 * 60, LISTED),
        (NAIVE, -5 * HOUR + 45, LISTED),
        (NAIVE, 7 * 60, OTHER),
        (NAIVE, -7 * 60, OTHER),
        (NAIVE, -14 * HOUR - 1, OLDER),
        (NAIVE, -15 * HOUR, OLDER),
        (NAIVE, 15 * HOUR, OTHER),
        (None, -DAY, UNKNOWN),
    ],
)
def test_last_modified_is_the_time_of_the_row_or_contradicts_it(
    row: Span[datetime] | None, offset: int, found: Currency
) -> None:
    job = replace(JOB, modified=row)
    assert currency(job, http(T + offset), NOW) is found


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns"])
def test_the_zone_of_this_machine_does_not_affect_a_row(zone: str) -> None:
    with local_time_zone(zone):
        found = [currency(replace(JOB, modified=NAIVE), http(T - 14 * HOUR + more), NOW) for more in (-1, 60)]
    assert found == [OLDER, OTHER]


@pytest.mark.parametrize(("moment", "found"), [(-1, UNKNOWN), (0, OLDER), (1, OLDER)])
def test_no_file_is_older_than_the_epoch(moment: int, found: Currency) -> None:
    assert currency(JOB, http(moment), NOW) is found


@pytest.mark.parametrize("last_modified", [None, "", "garbled"])
@pytest.mark.parametrize("row", [AWARE, NAIVE, EXACT, None])
def test_without_a_last_modified_nothing_contradicts_the_row(
    row: Span[datetime] | None, last_modified: str | None
) -> None:
    assert currency(replace(JOB, modified=row), last_modified, NOW) is UNKNOWN


@pytest.mark.parametrize("offset", [-60, -1, 0, 1, HOUR, 400 * DAY])
def test_a_last_modified_made_up_with_the_response_says_nothing(offset: int) -> None:
    assert currency(JOB, http(NOW + offset), NOW) is UNKNOWN
    assert currency(JOB, http(NOW - 61), NOW) is OTHER


def test_the_inferred_zone_distinguishes_versions_that_are_hours_apart() -> None:
    hourly = replace(JOB, modified=NAIVE)
    assert currency(hourly, http(T - HOUR), NOW) is LISTED, "in a zone an hour to the west"
    assert currency(replace(hourly, moment=AWARE), http(T - HOUR), NOW) is OLDER
    assert currency(replace(hourly, moment=AWARE), http(T), NOW) is LISTED


# --- the time of a response ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "age", "made"),
    [
        (0, None, 0),
        (0, "0", 0),
        (0, "3580", -3580),  # a cache that puts the present into Date
        (-3580, "3580", -3580),  # one that keeps the origin's
        (-3580, None, -3580),
        (-7200, "3600", -7200),  # two of them
        (500, None, 0),  # a clock that runs ahead
        (500, "60", -60),
        (None, None, 0),
        (None, "60", -60),
        (0, "garbled", 0),
        (0, "-5", 0),
        (0, "5, 3580", -3580),
        (0, "1e3", 0),
    ],
)
def test_a_response_is_as_old_as_date_age_and_the_local_clock_say(date: int | None, age: str | None, made: int) -> None:
    headers = dict[str, str]()
    if date is not None:
        headers["Date"] = http(NOW + date)
    if age is not None:
        headers["Age"] = age
    assert generated(headers, NOW) == NOW + made


@given(
    stored=st.integers(0, 30 * DAY),
    rewrites=st.booleans(),
    theirs=st.integers(0, DAY),
    ours=st.integers(-400 * DAY, 0),
)
def test_evidence_is_never_younger_than_it_is(stored: int, rewrites: bool, theirs: int, ours: int) -> None:
    """A response that a cache stored for ``stored`` seconds at NOW; its clock is fast, the local one may be slow."""
    received = NOW + stored
    date = (received if rewrites else NOW) + theirs
    made = generated({"Date": http(date), "Age": str(stored)}, received + ours)
    assert made <= NOW


@given(stored=st.integers(0, 30 * DAY))
def test_a_cache_that_keeps_the_date_of_its_origin_makes_no_evidence_older(stored: int) -> None:
    assert generated({"Date": http(NOW), "Age": str(stored)}, NOW + stored) == NOW


# --- 200, 206, HEAD, 304 ---------------------------------------------------------------------------

COPY = Known(
    path="a", url="http://h/a", row="before", size=10, mtime=(T - DAY) * NANOSECONDS,
    validators=Validators(etag='"old"', last_modified=http(T - DAY)), digest="sha256:1", checked=T - HOUR,
)  # fmt: skip
LOCAL = Local(Kind.FILE, 10, COPY.mtime)


def proof_of(
    status: int, last_modified: int | None = 0, etag: str | None = '"new"', *, job: Job = JOB, is_head: bool = False
) -> Proof:
    headers = {"Date": http(NOW), "Content-Length": "10"}
    if last_modified is not None:
        headers["Last-Modified"] = http(T + last_modified)
    if etag is not None:
        headers["ETag"] = etag
    return prove(job, status, headers, NOW, is_head=is_head)


@pytest.mark.parametrize(("status", "is_head"), [(200, False), (206, False), (200, True)])
@pytest.mark.parametrize(
    ("last_modified", "found", "checked"),
    [(0, LISTED, NOW), (None, UNKNOWN, NOW), (-DAY, OLDER, UNCONFIRMED), (DAY, OTHER, UNCONFIRMED)],
)
def test_each_response_with_a_version_is_compared_with_the_row(
    status: int, is_head: bool, last_modified: int | None, found: Currency, checked: float
) -> None:
    proof = proof_of(status, last_modified, is_head=is_head)
    assert (proof.currency, proof.checked) == (found, checked)
    remembered = known_of(JOB, proof, 10, 5, "sha256:2")
    assert (remembered.row, remembered.checked, remembered.digest) == ("noon", checked, "sha256:2")


@pytest.mark.parametrize(
    ("mine", "stated", "found", "is_another"),
    [
        (('"1"', 0), ('"1"', 0), LISTED, False),
        (('"1"', 0), ('W/"1"', 0), LISTED, False),
        (('"1"', 0), (None, None), LISTED, False),
        (('"1"', -DAY), (None, None), OLDER, False),
        (('"1"', -DAY), ('"1"', -DAY), OLDER, False),
        (('"1"', -DAY), ('"1"', 0), LISTED, False),  # the same bytes, uploaded again
        (('W/"1"', -DAY), ('W/"1"', 0), OLDER, False),
        (('"1"', 0), ('"2"', 0), OTHER, True),  # RFC 9111 section 4.3.4
        (('"1"', DAY), (None, None), OTHER, False),
        ((None, 0), (None, None), LISTED, False),
        ((None, 0), (None, 0), LISTED, False),
        ((None, 0), ('"1"', 0), LISTED, False),
        ((None, 0), (None, -DAY), OTHER, True),  # a server that compares times as "not later"
        (('"1"', None), (None, None), UNKNOWN, False),
    ],
)
def test_a_304_is_about_the_version_that_the_request_named_and_that_is_compared_with_the_row(
    mine: tuple[str | None, int | None], stated: tuple[str | None, int | None], found: Currency, is_another: bool
) -> None:
    etag, modified = mine
    validators = Validators(etag=etag, last_modified=None if modified is None else http(T + modified))
    job = replace(JOB, known=replace(COPY, validators=validators, row="noon"))
    proof = proof_of(304, stated[1], stated[0], job=job)
    assert (proof.currency, proof.is_another, proof.generated) == (found, is_another, NOW)
    if is_another:
        assert proof.validators == validators
    else:
        remembered = confirmed(job, proof)
        assert (remembered.row, remembered.digest) == ("noon", "sha256:1")
        assert (remembered.checked == NOW) == (found in {LISTED, UNKNOWN})


@pytest.mark.parametrize(
    ("received", "known", "is_about_it"),
    [
        (Validators(), Validators(etag='"1"'), True),
        (Validators(etag='"1"'), Validators(etag='"1"'), True),
        (Validators(etag='W/"1"'), Validators(etag='"1"'), True),
        (Validators(etag='"2"'), Validators(etag='"1"'), False),
        (Validators(last_modified=http(T)), Validators(last_modified=http(T)), True),
        (Validators(last_modified=http(T + 1)), Validators(last_modified=http(T)), True),
        (Validators(last_modified=http(T - 1)), Validators(last_modified=http(T)), False),
        (Validators(last_modified="garbled"), Validators(last_modified=http(T)), True),
    ],
)
def test_a_304_names_the_version_that_it_confirms(received: Validators, known: Validators, is_about_it: bool) -> None:
    assert confirms(received, known) is is_about_it
    is_named = known.etag is None or received.etag is not None
    assert confirms(received, known, is_row_changed=True) is (is_about_it and is_named)


def test_a_body_with_the_digest_of_its_row_is_the_listed_version_whatever_its_time() -> None:
    job = replace(JOB, digest="sha256:2", vouched=True)
    assert proof_of(200, -DAY, job=job).currency is LISTED
    validators = Validators(etag='"new"', last_modified=http(T - DAY))
    headers = {"Date": http(NOW), "ETag": '"new"', "Last-Modified": http(T - DAY)}
    assert prove(job, 200, headers, NOW) == Proof(currency=LISTED, validators=validators, generated=NOW)
    assert proof_of(200, -DAY, job=job, is_head=True).currency is OLDER, "nothing was hashed"


@pytest.mark.parametrize("vouched", [True, False])
@pytest.mark.parametrize("digest", ["sha256:1", "sha256:2"])
@pytest.mark.parametrize("kind", ["304", "HEAD"])
def test_a_copy_with_the_digest_of_its_row_is_the_listed_version_whatever_its_time(
    kind: str, digest: str, vouched: bool
) -> None:
    """The copy has the digest ``sha256:1``, and its Last-Modified is a day earlier than the row."""
    job = replace(JOB, digest=digest, vouched=vouched, copy=COPY, known=COPY if kind == "304" else None)
    proof = proof_of(304 if kind == "304" else 200, -DAY, '"old"', job=job, is_head=kind == "HEAD")
    found = LISTED if vouched and digest == COPY.digest else OLDER
    assert proof == Proof(currency=found, validators=COPY.validators, generated=NOW)


def test_a_200_to_a_conditional_request_is_about_the_version_that_it_brings() -> None:
    job = replace(JOB, known=COPY)
    validators = Validators(etag='"new"', last_modified=http(T))
    assert proof_of(200, 0, job=job) == Proof(currency=LISTED, validators=validators, generated=NOW)


def test_everything_recorded_of_a_body_is_of_that_body() -> None:
    proof = proof_of(200, 0)
    validators = Validators(etag='"new"', last_modified=http(T))
    assert known_of(JOB, proof, 11, 5, "sha256:2") == Known(
        path="a", url="http://h/a", row="noon", size=11, mtime=5, validators=validators, digest="sha256:2", checked=NOW
    )


@pytest.mark.parametrize("in_full", [True, False], ids=["known", "copy"])
@pytest.mark.parametrize(
    ("etag", "mine", "stated", "mtime"),
    [
        ('"1"', -DAY, None, (T - DAY) * NANOSECONDS + 7),  # as it is, to the nanosecond
        ('"1"', -DAY, -DAY, (T - DAY) * NANOSECONDS + 7),
        ('"1"', -DAY, 0, T * NANOSECONDS),  # the same bytes, uploaded again
    ],
)
def test_everything_recorded_after_a_304_is_of_the_copy(
    etag: str, mine: int, stated: int | None, mtime: int, in_full: bool
) -> None:
    validators = Validators(etag=etag, last_modified=http(T + mine))
    copy = replace(COPY, validators=validators, mtime=(T + mine) * NANOSECONDS + 7, url="http://h/elsewhere")
    job = replace(JOB, known=copy)
    proof = proof_of(304, stated, etag, job=job)
    now = replace(validators, last_modified=http(T + (mine if stated is None else stated)))
    checked = NOW if stated == 0 else UNCONFIRMED
    expected = replace(copy, url=JOB.url, row="noon", mtime=mtime, validators=now, checked=checked)
    assert confirmed(job if in_full else replace(JOB, copy=copy), proof) == expected


@pytest.mark.parametrize("garbled", [None, "garbled"])
def test_a_copy_keeps_its_time_where_the_server_gives_none(garbled: str | None) -> None:
    proof = Proof(currency=UNKNOWN, validators=Validators(etag='"1"', last_modified=garbled), generated=NOW)
    found = confirmed(replace(JOB, copy=COPY), proof)
    assert (found.mtime, found.validators) == (COPY.mtime, proof.validators)


@pytest.mark.parametrize(
    ("row", "last_modified", "mtime"),
    [
        (AWARE, http(T + 5), (T + 5) * NANOSECONDS),
        (None, http(T + 5), (T + 5) * NANOSECONDS),
        (NAIVE, http(T + 5), (T + 5) * NANOSECONDS),
        (AWARE, None, T * NANOSECONDS),
        (AWARE, "garbled", T * NANOSECONDS),
        (FRACTION, None, T * NANOSECONDS),
        (NAIVE, None, None),
        (None, None, None),
        (None, "garbled", None),
    ],
)
def test_the_time_of_a_file_is_that_of_the_response_or_of_a_row_that_names_its_zone(
    row: Span[datetime] | None, last_modified: str | None, mtime: int | None
) -> None:
    headers = {} if last_modified is None else {"Last-Modified": last_modified}
    found = mtime_of(replace(JOB, modified=row), headers)
    assert found == mtime
    assert found is None or isinstance(found, int), "nanoseconds do not fit into a float"


@pytest.mark.parametrize(("offset", "length", "is_adopted"), [(-DAY, "10", True), (0, "10", False), (-DAY, "9", False)])
def test_a_copy_is_adopted_by_time_and_length_and_is_confirmed_only_if_that_is_the_row(
    offset: int, length: str, is_adopted: bool
) -> None:
    headers = {"Last-Modified": http(T + offset), "Content-Length": length}
    for row, checked in ((AWARE, UNCONFIRMED), (span(NOON - timedelta(days=1)), NOW)):
        job = replace(JOB, modified=row, local=LOCAL, copy=COPY)
        proof = prove(job, 200, headers, NOW, is_head=True)
        found = adopted(job, headers, proof)
        assert (found is not None) is is_adopted
        assert found is None or (found.checked, found.digest) == (checked, "sha256:1")
        assert adopted(replace(job, local=None), headers, proof) is None
        versioned = adopted(replace(job, local=replace(LOCAL, version="v1")), headers, proof)
        assert versioned is None or versioned.version == "v1"
        stranger = replace(job, copy=None)
        expected = replace(known_of(job, proof, LOCAL.size, LOCAL.mtime, None), adopted=True) if is_adopted else None
        assert adopted(stranger, headers, proof) == expected
        within = replace(stranger, local=replace(LOCAL, mtime=LOCAL.mtime + 300_000_000))
        expected = replace(expected, mtime=within.local.mtime) if expected and within.local else None
        assert adopted(within, headers, proof) == expected, "a file may have more digits than HTTP"


@pytest.mark.parametrize(
    ("copy", "is_own"),
    [
        (None, False),
        (COPY, True),
        (replace(COPY, adopted=True), False),
        (replace(COPY, digest=REPLACING), False),
        (replace(COPY, size=9), False),
        (replace(COPY, mtime=COPY.mtime + 1), False),
    ],
)
def test_a_copy_is_of_the_mirror_only_if_its_record_says_that_this_very_file_was_saved(
    copy: Known | None, is_own: bool
) -> None:
    headers = {"Last-Modified": http(T - DAY), "Content-Length": "10"}
    for job in (replace(JOB, local=LOCAL, copy=copy), replace(JOB, local=LOCAL, known=copy)):
        found = adopted(job, headers, prove(job, 200, headers, NOW, is_head=True))
        assert found is not None
        assert found.adopted is not is_own


@pytest.mark.parametrize("last_modified", [None, "garbled"])
def test_no_copy_is_adopted_without_a_time(last_modified: str | None) -> None:
    headers = {"Content-Length": "10"} | ({"Last-Modified": last_modified} if last_modified else {})
    job = replace(JOB, local=LOCAL, copy=COPY)
    assert adopted(job, headers, prove(job, 200, headers, NOW)) is None


# --- what to do with it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("copy", "stated", "first", "then"),
    [
        # no copy: an old version is better than none
        (None, 0, Ruling.TAKE, Ruling.TAKE),
        (None, -2 * DAY, Ruling.ASK_AGAIN, Ruling.TAKE),
        (None, DAY, Ruling.TAKE, Ruling.TAKE),
        (None, None, Ruling.TAKE, Ruling.TAKE),
        # the copy is older than the row
        (-DAY, 0, Ruling.TAKE, Ruling.TAKE),
        (-DAY, -DAY, Ruling.ASK_AGAIN, Ruling.KEEP),
        (-DAY, -2 * DAY, Ruling.ASK_AGAIN, Ruling.REFUSE),
        (-2 * DAY, -DAY, Ruling.ASK_AGAIN, Ruling.TAKE),
        (-DAY, DAY, Ruling.TAKE, Ruling.TAKE),
        # the copy is the version in the row
        (0, 0, Ruling.KEEP, Ruling.KEEP),
        (0, -DAY, Ruling.ASK_AGAIN, Ruling.REFUSE),
        (0, DAY, Ruling.TAKE, Ruling.TAKE),
        # the copy is newer than the row
        (2 * DAY, DAY, Ruling.TAKE, Ruling.TAKE),
        (DAY, -DAY, Ruling.ASK_AGAIN, Ruling.REFUSE),
    ],
)
def test_an_older_version_is_requested_again_past_the_caches_and_replaces_nothing_better(
    copy: int | None, stated: int | None, first: Ruling, then: Ruling
) -> None:
    validators = Validators(etag='"new"', last_modified=None if copy is None else http(T + copy))
    job = JOB if copy is None else replace(JOB, copy=replace(COPY, validators=validators), local=LOCAL)
    proof = proof_of(200, stated)
    assert rule(job, proof, 10, fresh=False) is first
    assert rule(job, proof, 10, fresh=True) is then
    unreliable = replace(job, dating=Dating.UNRELIABLE)
    is_here = copy is not None and copy == stated
    expected = Ruling.KEEP if is_here else Ruling.TAKE
    assert rule(unreliable, proof, 10, fresh=False) is expected, "such times judge nothing but the version itself"


@pytest.mark.parametrize(
    ("source", "stated", "ruling"),
    [
        (Source.FIRST, -DAY, Ruling.ASK_AGAIN),
        (Source.FIRST, DAY, Ruling.TAKE),
        (Source.ELSEWHERE, 0, Ruling.TAKE),
        (Source.ELSEWHERE, DAY, Ruling.REFUSE),
        (Source.ELSEWHERE, None, Ruling.REFUSE),
        (Source.FALLBACK, 0, Ruling.TAKE),
        (Source.FALLBACK, -DAY, Ruling.REFUSE),
    ],
)
def test_another_host_must_have_the_version_in_the_row_and_a_fallback_none_that_is_older(
    source: Source, stated: int | None, ruling: Ruling
) -> None:
    job = replace(JOB, source=source, local=replace(LOCAL, mtime=T * NANOSECONDS))
    assert rule(job, proof_of(200, stated), 10, fresh=False) is ruling


@pytest.mark.parametrize("kept", ["known", "copy"])
@pytest.mark.parametrize("has_time", [True, False])
@pytest.mark.parametrize(
    ("tag", "said", "length", "stated", "digest", "ruling"),
    [
        ('"1"', '"1"', 10, 0, None, Ruling.KEEP),
        ('"1"', '"1"', 10, None, None, Ruling.KEEP),
        ('"1"', '"1"', 10, None, "sha256:is", Ruling.KEEP),
        ('"1"', '"1"', 10, None, "sha256:another", Ruling.TAKE),
        ('"1"', '"1"', 11, None, None, Ruling.TAKE),
        ('"1"', '"1"', None, None, None, Ruling.TAKE),
        ('"1"', '"1"', 10, DAY, None, Ruling.TAKE),
        ('"1"', '"2"', 10, None, None, Ruling.TAKE),
        ('"1"', None, 10, None, None, Ruling.TAKE),
        (None, None, 10, None, None, Ruling.TAKE),
        (None, '"1"', 10, None, None, Ruling.TAKE),
        ('W/"1"', 'W/"1"', 10, None, None, Ruling.TAKE),
        ('"1"', 'W/"1"', 10, None, None, Ruling.TAKE),
    ],
)
def test_a_200_with_the_strong_tag_of_the_copy_is_about_the_copy(
    kept: str,
    has_time: bool,
    tag: str | None,
    said: str | None,
    length: int | None,
    stated: int | None,
    digest: str | None,
    ruling: Ruling,
) -> None:
    """The server ignored the condition, or none was sent."""
    there = Validators(etag=tag, last_modified=http(T))
    copy = replace(COPY, validators=there, digest="sha256:is", size=10)
    job = replace(JOB, modified=JOB.modified if has_time else None, digest=digest, local=LOCAL, **{kept: copy})  # type: ignore[arg-type]
    assert rule(job, proof_of(200, stated, said, job=job), length, fresh=False) is ruling


@pytest.mark.parametrize("kept", ["known", "copy", None])
@pytest.mark.parametrize(
    ("size", "mtime", "digest", "is_same"),
    [
        (10, None, "sha256:is", True),
        (10, 7, "sha256:is", True),
        (10, 8, "sha256:is", False),
        (11, None, "sha256:is", False),
        (10, None, "sha256:other", False),
        (10, None, None, False),
    ],
)
def test_a_body_is_the_copy_if_its_digest_says_so_and_no_time_denies_it(
    kept: str | None, size: int, mtime: int | None, digest: str | None, is_same: bool
) -> None:
    for recorded in ("sha256:is", None):
        copy = replace(COPY, digest=recorded, size=10, mtime=7)
        job = JOB if kept is None else replace(JOB, **{kept: copy})  # type: ignore[arg-type]
        assert is_same_body(job, size, mtime, digest) is (is_same and kept is not None and recorded is not None)


_VERSIONS = st.tuples(st.sampled_from([b"one", b"two", b"three"]), st.sampled_from([0, DAY]))


@given(
    here=_VERSIONS,
    there=_VERSIONS,
    has_tags=st.booleans(),
    has_time=st.booleans(),
    has_length=st.booleans(),
    is_weak=st.booleans(),
    is_fresh=st.booleans(),
)
def test_a_200_keeps_the_copy_only_if_it_has_the_same_bytes_and_no_other_time(
    here: tuple[bytes, int], there: tuple[bytes, int], *, has_tags: bool, has_time: bool, has_length: bool,
    is_weak: bool, is_fresh: bool,
) -> None:  # fmt: skip
    """A server that ignores conditions: a version is its bytes and its time, and a strong tag names bytes."""
    weak = "W/" if is_weak else ""
    tags = [f'{weak}"{"same" if is_weak else body.decode()}"' if has_tags else None for body, _ in (here, there)]
    (body, then), (now_body, now) = here, there
    copy = Known(
        path="a", url=JOB.url, row="before", size=len(body), mtime=(T + then) * NANOSECONDS,
        validators=Validators(etag=tags[0], last_modified=http(T + then)), digest=f"sha256:{body.decode()}",
    )  # fmt: skip
    row = Span(NOON + timedelta(seconds=now), NOON + timedelta(seconds=now))
    job = replace(JOB, modified=row, known=copy, copy=copy)
    length = len(now_body) if has_length else None
    proof = proof_of(200, now if has_time else None, tags[1], job=job)
    is_same = now_body == body and (now == then or not has_time)
    is_kept = rule(job, proof, length, fresh=is_fresh) is Ruling.KEEP
    assert is_kept is (is_same and has_tags and has_length and not is_weak)
    mtime = (T + now) * NANOSECONDS if has_time else None
    assert is_same_body(job, len(now_body), mtime, f"sha256:{now_body.decode()}") is is_same


def test_an_earlier_version_in_the_doubt_of_the_zones_does_not_replace_the_listed_one() -> None:
    listed = replace(COPY, validators=Validators(last_modified=http(T)))
    job = replace(JOB, modified=NAIVE, copy=listed)
    assert rule(job, proof_of(200, -7 * 60), 10, fresh=False) is Ruling.ASK_AGAIN
    assert rule(job, proof_of(200, -7 * 60, job=job), 10, fresh=True) is Ruling.REFUSE


def test_a_304_that_contradicts_the_row_is_requested_once_more() -> None:
    job = replace(JOB, known=COPY, copy=COPY)
    proof = proof_of(304, -DAY, '"old"', job=job)
    assert rule(job, proof, None, fresh=False) is Ruling.ASK_AGAIN
    assert rule(job, proof, None, fresh=True) is Ruling.TAKE


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("row", [-DAY, 0], ids=["listed", "touched"])
@pytest.mark.parametrize("stated", [None, -DAY, 0])
@pytest.mark.parametrize("tag", ['"old"', 'W/"old"', None])
def test_a_304_that_does_not_say_the_time_of_the_file_is_asked_without_conditions_if_the_known_one_is_too_old(
    tag: str | None, stated: int | None, row: int, fresh: bool
) -> None:
    """A strong tag names bytes, so the time beside it is that of the file; otherwise a 304 dates nothing but itself."""
    known = replace(COPY, validators=Validators(etag=tag, last_modified=http(T - DAY)))
    moment = Span(AWARE.low + timedelta(seconds=row), AWARE.high + timedelta(seconds=row))
    job = replace(JOB, known=known, copy=known, modified=moment)
    found = rule(job, proof_of(304, stated, tag, job=job), None, fresh=fresh)
    says_time = tag == '"old"' and stated is not None
    if row == -DAY or (says_time and stated == 0):
        assert found is Ruling.TAKE
    elif says_time or tag is None:
        assert found is (Ruling.TAKE if fresh else Ruling.ASK_AGAIN)
    else:
        assert found is Ruling.ASK_ANEW


MINUTES = 7 * 60
"""Seconds that no two zones differ by."""


@pytest.mark.parametrize("learnt", [None, 0, 2 * HOUR], ids=["no zone", "zone", "zone and summer time"])
@pytest.mark.parametrize("is_changed", [True, False], ids=["changed", "same"])
@pytest.mark.parametrize("moved", [0, HOUR, -HOUR, MINUTES, -MINUTES, DAY, -DAY])
@pytest.mark.parametrize("stated", [None, "old", "new"])
@pytest.mark.parametrize("named", [None, '"1"', 'W/"1"', '"2"'])
@pytest.mark.parametrize("tag", ['"1"', 'W/"1"'])
def test_a_304_confirms_a_changed_row_only_if_it_names_the_version_and_no_time_denies_it(
    tag: str, named: str | None, stated: str | None, moved: int, is_changed: bool, learnt: int | None
) -> None:
    """All combinations of tags, of the time that the 304 gives, and of the row: it was ``moved`` since the copy."""
    start = NOON + timedelta(seconds=moved)
    row, doubt = span(start.replace(tzinfo=None)), timedelta(seconds=learnt or 0)
    utc = None if learnt is None else Span(start - doubt, start + timedelta(seconds=59) + doubt)
    known = replace(
        COPY, validators=Validators(etag=tag, last_modified=http(T)), row="before" if is_changed else "noon"
    )
    job = replace(JOB, modified=row, moment=utc, known=known, copy=known)
    times = {None: None, "old": 0, "new": moved}
    ruling = rule(job, proof_of(304, times[stated], named, job=job), None, fresh=False)
    says_time = stated is not None and tag == '"1"'
    reach = {None: 14 * HOUR, 0: 0, 2 * HOUR: 2 * HOUR}[learnt]
    is_listed = moved == 0 or (moved % HOUR == 0 and abs(moved) <= reach) or (says_time and stated == "new")
    is_open = learnt == 2 * HOUR and not (says_time and stated == "new" and moved)
    if named == '"2"' or (is_changed and (named is None or is_open)):
        assert ruling is Ruling.ASK_ANEW
    elif is_listed:
        assert ruling is Ruling.TAKE
    elif moved > reach:
        assert ruling is (Ruling.ASK_AGAIN if says_time else Ruling.ASK_ANEW)
    else:
        assert ruling is (Ruling.ASK_ANEW if is_changed else Ruling.TAKE)


def test_a_304_to_a_changed_row_that_the_time_of_the_copy_denies_is_not_about_the_copy() -> None:
    known = replace(COPY, validators=Validators(etag='"1"', last_modified=http(T + DAY)))
    proof = proof_of(304, None, '"1"', job=replace(JOB, known=known, copy=known))
    assert proof == Proof(currency=OTHER, validators=known.validators, generated=NOW, is_another=True)


def test_the_bytes_of_the_listed_copy_are_kept_whatever_time_a_304_gives_them() -> None:
    listed = replace(COPY, validators=Validators(etag='"1"', last_modified=http(T)))
    job = replace(JOB, known=listed, copy=listed)
    assert rule(job, proof_of(304, -DAY, '"1"', job=job), None, fresh=True) is Ruling.TAKE
    assert rule(job, proof_of(200, -DAY, job=job), 10, fresh=True) is Ruling.REFUSE, "a body would replace them"


@pytest.mark.parametrize("fresh", [True, False])
def test_a_304_about_another_version_is_never_believed(fresh: bool) -> None:
    known = replace(COPY, validators=Validators(last_modified=http(T)))
    job = replace(JOB, known=known, copy=known, dating=Dating.UNRELIABLE)
    assert rule(job, proof_of(304, -DAY, None, job=job), None, fresh=fresh) is Ruling.ASK_ANEW


@pytest.mark.parametrize(
    ("change", "stated", "length", "ruling"),
    [
        ({}, 0, 10, Ruling.KEEP),
        ({}, None, 10, Ruling.TAKE),
        ({}, DAY, 10, Ruling.TAKE),
        ({}, 0, 11, Ruling.TAKE),
        ({"row": "before"}, 0, 10, Ruling.TAKE),
        ({"digest": None}, 0, 10, Ruling.TAKE),
        ({"checked": T + 5.0}, 0, 10, Ruling.TAKE),
        ({"checked": UNCONFIRMED}, 0, 10, Ruling.TAKE),
        ({"validators": Validators(etag='"old"')}, 0, 10, Ruling.TAKE),
        ({"validators": Validators(last_modified=http(T))}, 0, 10, Ruling.TAKE),
    ],
)
def test_a_copy_of_which_the_validators_alone_are_not_known_is_not_fetched_again(
    change: dict[str, object], stated: int | None, length: int, ruling: Ruling
) -> None:
    proven = replace(COPY, row="noon", validators=Validators(), checked=NOW)
    job = replace(JOB, copy=replace(proven, **change))  # type: ignore[arg-type]
    assert rule(job, proof_of(200, stated), length, fresh=False) is ruling


def test_the_time_that_a_response_gives_an_unnamed_copy_tells_whether_its_row_is_old_enough() -> None:
    """If the time is known, a row without a zone is old enough some hours after it; otherwise after all time zones."""
    copy = replace(COPY, row="noon", validators=Validators(), checked=T + 3.0 * HOUR)
    job = replace(JOB, modified=NAIVE, copy=copy)
    assert rule(job, proof_of(200, 0), 10, fresh=False) is Ruling.KEEP
    young = replace(job, copy=replace(copy, checked=T + 2.0 * HOUR))
    assert rule(young, proof_of(200, 0), 10, fresh=False) is Ruling.TAKE


@pytest.mark.parametrize(
    ("action", "message", "retryable", "delay"),
    [
        (Action(verdict=Verdict.RETRY, reason="HTTP 503", delay=2.0), "HTTP 503", True, 2.0),
        (Action(verdict=Verdict.RETRY), "HTTP 418", True, None),
        (Action(verdict=Verdict.GIVE_UP, reason="no"), "no", False, None),
        (Action(verdict=Verdict.RESTART, reason="again"), "again", False, None),
    ],
)
def test_a_response_that_was_not_requested_is_an_error_with_its_reason(
    action: Action, message: str, retryable: bool, delay: float | None
) -> None:
    error = refused(action, "http://h/a", 418, ("Basic",))
    assert (str(error), error.url, error.status) == (message, "http://h/a", 418)
    assert (error.retryable, error.retry_after, error.logins) == (retryable, delay, ("Basic",))


def test_what_a_filter_refuses_by_its_headers_is_not_requested_again() -> None:
    error = Unwanted("exclude-type")
    assert (str(error), error.retryable) == ("exclude-type", False)


# --- and what it costs the next time ---------------------------------------------------------------

ENTRY = Entry(name="a", kind=Kind.FILE, url="http://h/a", size=Span(10, 10), modified=AWARE, row="noon")
VERSIONS = st.sampled_from([-2 * DAY, -DAY, -HOUR, -1, 0, 30, 59, 60, HOUR, DAY])


@given(
    status=st.sampled_from([200, 206, 304]),
    version=VERSIONS,
    copy=st.none() | VERSIONS,
    etags=st.booleans(),
    row=st.sampled_from([AWARE, NAIVE, EXACT]),
    zone=st.booleans(),
    dating=st.sampled_from(Dating),
    fresh=st.booleans(),
)
def test_what_is_not_the_listed_version_is_requested_again(
    status: int,
    version: int,
    copy: int | None,
    etags: bool,
    row: Span[datetime],
    zone: bool,
    dating: Dating,
    fresh: bool,
) -> None:
    """A version whose time contradicts its row is never taken for the listed one without a request."""
    entry = replace(ENTRY, modified=row)
    job = replace(JOB, modified=row, moment=AWARE if zone and row is NAIVE else None, dating=dating)
    if copy is not None:
        etag = f'"{copy}"' if etags else None
        known = replace(COPY, validators=Validators(etag=etag, last_modified=http(T + copy)))
        job = replace(job, copy=known, local=LOCAL, known=known if status == 304 else None)
    if status == 304 and copy is None:
        return
    stated = copy if status == 304 else version
    proof = proof_of(status, stated, f'"{stated}"' if etags else None, job=job)
    ruling = rule(job, proof, None if status == 304 else 10, fresh=fresh)
    if ruling in {Ruling.ASK_AGAIN, Ruling.ASK_ANEW, Ruling.REFUSE}:
        return
    is_same = ruling is Ruling.KEEP or status == 304
    known = confirmed(job, proof) if is_same else known_of(job, proof, 10, (T + version) * NANOSECONDS, None)
    local = Local(Kind.FILE, known.size, known.mtime)
    decision = needs_fetch(entry, known, local)
    contradicts = proof.currency in {OLDER, OTHER}
    assert (decision.need is Need.NOTHING) is not contradicts
    assert decision.need in {Need.NOTHING, Need.CONFIRM, Need.PROBE}, "a request, and no body unless it changed"


def test_caches_are_bypassed_by_a_directive_of_the_request() -> None:
    assert request_headers(JOB, None, fresh=True)["Cache-Control"] == "no-cache"
    assert request_headers(replace(JOB, fresh=True), None)["Cache-Control"] == "no-cache"
    assert "Cache-Control" not in request_headers(JOB, None)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], None),
        ([(LISTED, Dating.UNKNOWN)], None),
        ([(OTHER, Dating.RELIABLE)], None),
        ([(OLDER, Dating.RELIABLE)], 5),
        ([(OLDER, Dating.UNKNOWN)], 0),
        ([(OLDER, Dating.UNRELIABLE)], None),
        ([(OLDER, Dating.UNKNOWN), (LISTED, Dating.UNKNOWN)], 0),
        ([(OLDER, Dating.UNKNOWN), *2 * [(LISTED, Dating.UNKNOWN)]], 5),
        (5 * [(OLDER, Dating.UNKNOWN)], 0),
        (3 * [(OLDER, Dating.UNKNOWN)], 0),
        ([(OLDER, Dating.RELIABLE), (OLDER, Dating.UNKNOWN)], 5),
    ],
)
def test_older_versions_fail_a_run_if_the_times_of_the_server_can_be_relied_on(
    results: list[tuple[Currency, Dating]], code: int | None
) -> None:
    outdated = Outdated()
    for number, (current, dating) in enumerate(results):
        one = Result(path=f"f{number}", url="", outcome=Outcome.SAVED, currency=current, dating=dating)
        outdated.note(one)
    warning = outdated.warning()
    assert (warning and warning[1]) == code
    names = [f"f{number}" for number, (current, dating) in enumerate(results) if current is OLDER]
    assert warning is None or warning[0] == (
        "the server sent an older version than its listing shows (a cache that lags behind?); the next run asks again: "
        + ", ".join(names[:3])
        + (" and 2 more" if len(names) == 5 else "")
    )


@pytest.mark.parametrize(("listed", "code"), [([], 0), ([1], 0), ([2], 5), ([1, 1], 5), ([2, 0], 5)])
def test_files_that_are_counted_together_are_as_many_that_are_the_listed_version(listed: list[int], code: int) -> None:
    outdated = Outdated()
    outdated.note(Result(path="f", url="", outcome=Outcome.SAVED, currency=OLDER, dating=Dating.UNKNOWN))
    for count in listed:
        outdated.note_listed(count)
    warning = outdated.warning()
    assert warning is not None
    assert warning[1] == code


SAVED_TIME, OTHER_TIME = http(T), http(T + 1)


def served(etag: int, modified: int, length: int) -> bool | None:
    """The rule by cases: 0 is a field that is missing on one side, 1 the same, 2 another."""
    if etag:
        return True if etag == 1 else None
    return True if 2 not in {modified, length} and 1 in {modified, length} and (length or modified == 1) else None


@pytest.mark.parametrize("length", [0, 1, 2])
@pytest.mark.parametrize("modified", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("etag", [0, 1, 2, 3, 4])
def test_what_the_server_still_has(etag: int, modified: int, length: int) -> None:
    """3: missing in the response, 4: missing in the record."""
    headers = {
        "ETag": {1: 'W/"a"', 2: '"b"', 4: '"a"'}.get(etag, ""),
        "Last-Modified": {1: SAVED_TIME, 2: OTHER_TIME, 4: SAVED_TIME}.get(modified, ""),
        "Content-Length": {1: "5", 2: "6"}.get(length, ""),
    }
    headers = {name: value for name, value in headers.items() if value}
    saved = Validators(
        etag='"a"' if etag in {1, 2, 3} else None, last_modified=SAVED_TIME if modified in {1, 2, 3} else None
    )
    expected = served(etag % 3 if etag < 3 else 0, modified if modified < 3 else 0, length)
    assert is_served(200, headers, saved, 5) is expected
    assert is_served(200, headers | {"Content-Location": "a.html"}, saved, 5) is (expected or False)
    assert is_served(200, headers | {"Age": "0"}, saved, 5) is expected
    for more in ({"Age": "1"}, {"Age": "x"}):
        assert is_served(200, headers | more, saved, 5) is False
    for status in (0, 201, 203, 204, 206, 301, 304, 401, 403, 404, 410, 416, 451, 500, 503):
        assert is_served(status, headers, saved, 5) is False


def test_the_length_of_a_coded_body_is_not_that_of_the_file() -> None:
    assert is_served(200, {"Content-Length": "5", "Content-Encoding": "gzip"}, Validators(), 5) is None
    assert is_served(200, {"Content-Length": "5", "Content-Encoding": "identity"}, Validators(), 5) is True
