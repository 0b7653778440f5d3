"""What may be taken from a host that did not list the file, or that did not send the copy which is here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import formatdate

import pytest

from crawler.model.freshness import Source
from crawler.model.reasons import Reason
from crawler.model.values import Kind, Known, Local, Span, Validators
from crawler.pipeline.rules.responses.evidence import Ruling, prove, rule
from crawler.pipeline.rules.upstreams.agreement import refusal
from tests.unit.pipeline.rules.examples import HOUR, JOB, KNOWN, LATER_HTTP, LOCAL, MINUTE, NAIVE, NOON_HTTP, SECOND, T

EARLIER_HTTP = "Wed, 01 May 2024 11:00:00 GMT"
DIGEST = "sha256:" + "0" * 64
LISTED = replace(JOB, modified=MINUTE, row="12:00 1000")
OF_A = replace(KNOWN, path=JOB.path, url="http://a/a.bin")
OF_B = replace(OF_A, url=JOB.url)
HERE = Local(Kind.FILE, 1000, T * SECOND)


def said(last_modified: str | None) -> Validators:
    return Validators(etag='"other"', last_modified=last_modified)


@pytest.mark.parametrize("modified", [MINUTE, NAIVE, None])
@pytest.mark.parametrize("digest", [DIGEST, None])
@pytest.mark.parametrize("last_modified", [NOON_HTTP, LATER_HTTP, EARLIER_HTTP, "rubbish", None])
def test_a_file_of_another_host_than_its_row(
    modified: Span[datetime] | None, digest: str | None, last_modified: str | None
) -> None:
    """A digest proves it, else a time that both show and that agrees; a missing time is no proof."""
    job = replace(LISTED, source=Source.ELSEWHERE, modified=modified, digest=digest)
    agrees = modified is not None and (
        last_modified == NOON_HTTP
        or (modified is NAIVE and last_modified in {LATER_HTTP, EARLIER_HTTP})  # the hour of another zone
    )
    expected = None if digest is not None or agrees else Reason.NOT_PROVEN
    assert refusal(job, said(last_modified)) == expected


@pytest.mark.parametrize(
    ("minutes", "agrees"), [(0, True), (60, True), (-60, True), (7, False), (-53, False), (240, False)]
)
def test_a_zone_that_is_known_but_for_summer_time_leaves_no_other_minutes_open(minutes: int, agrees: bool) -> None:
    doubt = timedelta(hours=2)
    moment = Span(MINUTE.low - doubt, MINUTE.high + doubt)
    job = replace(LISTED, source=Source.ELSEWHERE, modified=NAIVE, moment=moment)
    assert (refusal(job, said(formatdate(T + 60 * minutes, usegmt=True))) is None) is agrees


@pytest.mark.parametrize("copy", [None, OF_A, OF_B])
@pytest.mark.parametrize("here", [None, HERE, replace(HERE, kind=Kind.DIRECTORY)])
@pytest.mark.parametrize("last_modified", [NOON_HTTP, LATER_HTTP, EARLIER_HTTP, None])
def test_a_file_that_a_fallback_lists(copy: Known | None, here: Local | None, last_modified: str | None) -> None:
    """It never replaces what may be newer, unless that came from the same place."""
    job = replace(LISTED, source=Source.FALLBACK, copy=copy, local=here)
    free = here is None or here.kind is not Kind.FILE or copy is OF_B
    expected = None if free or last_modified in {NOON_HTTP, LATER_HTTP} else Reason.BEHIND
    assert refusal(job, said(last_modified)) == expected


def test_a_list_with_digests_wants_one_version_whatever_its_time() -> None:
    job = replace(JOB, source=Source.FALLBACK, local=HERE, digest=DIGEST, row=DIGEST)
    assert refusal(job, said(EARLIER_HTTP)) is None
    assert refusal(replace(job, digest=None), said(EARLIER_HTTP)) == Reason.BEHIND
    assert refusal(replace(job, row="12:00 1000"), said(EARLIER_HTTP)) == Reason.BEHIND, "it is that of a listing"


def test_the_copy_is_as_old_as_its_last_modified_or_else_as_its_time_in_whole_seconds() -> None:
    job = replace(LISTED, source=Source.FALLBACK, local=HERE)
    touched = replace(HERE, mtime=(T - 2 * HOUR) * SECOND)
    assert refusal(replace(job, copy=OF_A, local=touched), said(EARLIER_HTTP)) == Reason.BEHIND
    assert refusal(replace(job, local=touched), said(EARLIER_HTTP)) is None
    assert refusal(replace(job, local=replace(HERE, mtime=T * SECOND + SECOND // 2)), said(NOON_HTTP)) is None


@pytest.mark.parametrize("last_modified", [NOON_HTTP, EARLIER_HTTP, None])
def test_the_first_host_is_believed(last_modified: str | None) -> None:
    assert refusal(replace(LISTED, copy=OF_A, local=HERE), said(last_modified)) is None


@pytest.mark.parametrize("source", list(Source))
def test_the_ruling_follows(source: Source) -> None:
    headers = {"Last-Modified": EARLIER_HTTP, "Content-Length": "1000"}
    job = replace(LISTED, source=source, local=LOCAL, copy=OF_A)
    ruling = rule(job, prove(job, 200, headers, float(T + HOUR)), 1000, fresh=True)
    assert ruling is Ruling.REFUSE
    fitting = {"Last-Modified": NOON_HTTP, "Content-Length": "1000"}
    job = replace(job, copy=None)
    assert rule(job, prove(job, 200, fitting, float(T + HOUR)), 1000, fresh=False) is Ruling.TAKE
