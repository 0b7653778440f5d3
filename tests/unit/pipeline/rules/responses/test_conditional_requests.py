"""The headers of the request for a job."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.model.values import Job, Validators
from crawler.pipeline.rules.responses.conditional_requests import request_headers
from crawler.text.resuming import Resume
from tests.unit.pipeline.rules.examples import CONFIRMING, JOB, KNOWN, NO_ETAG, NOON_HTTP, RESUME

ALWAYS = {"Accept": "*/*", "Accept-Encoding": "identity"}
DATED = replace(JOB, known=NO_ETAG)


@pytest.mark.parametrize(
    ("job", "resume", "more"),
    [
        (JOB, None, {}),
        (CONFIRMING, None, {"If-None-Match": '"1"'}),
        (DATED, None, {"If-Modified-Since": NOON_HTTP}),
        (replace(JOB, known=replace(KNOWN, validators=Validators())), None, {}),
        (JOB, RESUME, {"Range": "bytes=400-", "If-Range": '"1"'}),
        (CONFIRMING, RESUME, {"Range": "bytes=400-", "If-Range": '"1"'}),
        (JOB, Resume(1, Validators(last_modified=NOON_HTTP)), {"Range": "bytes=1-", "If-Range": NOON_HTTP}),
    ],
)
def test_a_request_carries_the_conditions_that_a_copy_or_a_part_allows(
    job: Job, resume: Resume | None, more: dict[str, str]
) -> None:
    assert request_headers(job, resume) == ALWAYS | more
