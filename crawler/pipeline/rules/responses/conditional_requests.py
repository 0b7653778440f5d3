"""Builds the headers of the request for a job, with the conditions that a local copy or a part allows."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model.values import Job
from crawler.text.resuming import Resume, range_headers

UNCONDITIONAL: Mapping[str, str] = {"Accept": "*/*", "Accept-Encoding": "identity"}
"""The result of ``request_headers`` for a file of which nothing is here."""


def request_headers(job: Job, resume: Resume | None, *, fresh: bool = False) -> dict[str, str]:
    """Headers of the request for ``job``: no content coding, and the conditions that a copy or a part allows.

    ``fresh``: caches must validate their response with the origin server (RFC 9111 section 5.2.1.4).
    """
    headers = dict(UNCONDITIONAL)
    if fresh or job.fresh:
        headers["Cache-Control"] = "no-cache"
    if resume is not None:
        headers |= range_headers(resume.offset, None, resume.validators)
    elif job.known is not None:
        headers |= job.known.validators.unless
    return headers
