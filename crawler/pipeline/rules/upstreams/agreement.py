"""Decides whether a response of one upstream may be saved as a file that another one lists or has sent."""

from __future__ import annotations

from crawler.model.freshness import Source
from crawler.model.reasons import Reason
from crawler.model.values import Job, Kind, Validators
from crawler.pipeline.rules.compare import NANOSECONDS
from crawler.pipeline.rules.time_zones import job_agrees
from crawler.text.http_fields import parse_http_date
from crawler.text.urls import without_query


def refusal(job: Job, said: Validators) -> Reason | None:
    """The reason why a response with the validators ``said`` must not be used for ``job``; None if it may be.

    The size is compared elsewhere, as for every response, and so is the digest of ``job``, which proves more than any
    time. The rules here: a file from a host other than that of the row must have the time that the row shows, and a
    fallback never replaces what may be newer.
    """
    if job.source is Source.ELSEWHERE:
        if job.digest is not None:
            return None
        has_times = (job.moment or job.modified) is not None and parse_http_date(said.last_modified) is not None
        return None if has_times and job_agrees(job, said.last_modified) else Reason.NOT_PROVEN
    local = job.local
    if job.source is Source.FALLBACK and local is not None and local.kind is Kind.FILE and not _is_from_here(job):
        if job.digest is not None and job.row == job.digest:
            return None  # a list of URLs with a digest: only one version is wanted
        validators = Validators() if job.copy is None else job.copy.validators
        here, there = time_of_copy(validators, local.mtime), parse_http_date(said.last_modified)
        return None if there is not None and there >= here else Reason.BEHIND
    return None


def _is_from_here(job: Job) -> bool:
    """Whether the copy was fetched from the URL of ``job``, whose listing may then replace it by anything."""
    return job.copy is not None and without_query(job.copy.url) == without_query(job.url)


def time_of_copy(validators: Validators, mtime: int) -> float:
    """The time of a local file in seconds since the epoch: its Last-Modified if known, else ``mtime`` (nanoseconds)."""
    moment = parse_http_date(validators.last_modified)
    return mtime // NANOSECONDS if moment is None else moment
