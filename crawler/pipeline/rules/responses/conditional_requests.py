"""Builds the headers of the request for a job, with the conditions that a copy or a part allows; judges a 304."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model.values import Job, Validators
from crawler.text.http_fields import parse_http_date
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


def confirms(said: Validators, asked: Validators, *, is_row_changed: bool = False) -> bool:
    """Whether a 304 with the validators ``said`` describes the version with the validators ``asked``.

    It does not if its ETag differs (RFC 9111 section 4.3.4) or, without ETags, if its time is earlier: a server that
    compares If-Modified-Since by "not later" sends 304 for every older version. Where the listing shows another row
    than that of the copy, the 304 must name the ETag, as RFC 9110 section 15.4.5 demands: one that names none may be
    the response to another request.
    """
    if asked.etag is None:
        return not is_before(said.last_modified, asked.last_modified)
    if said.etag is None:
        return not is_row_changed
    return not is_other_tag(said.etag, asked.etag)


def is_other_tag(said: str | None, asked: str | None) -> bool:
    """Whether two entity tags differ by weak comparison (RFC 9110 section 8.8.3.2); False if one is missing."""
    return said is not None and asked is not None and said.removeprefix("W/") != asked.removeprefix("W/")


def is_before(first: str | None, second: str | None) -> bool:
    """Whether the first of two dates is the earlier one; False if one is missing or none."""
    earlier, later = parse_http_date(first), parse_http_date(second)
    return earlier is not None and later is not None and earlier < later
