"""Jobs and results as tuples: most have few fields that say anything, and pickling all takes four times as long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crawler.model.values import Job, Known, Outcome, Result, Span, Validators

_NEW = "new"
Packed = tuple[Any, ...]


def pack_jobs(jobs: Iterable[Job]) -> list[Packed | Job]:
    """``jobs``, of which those for new files are tuples."""
    return [_packed_job(job) for job in jobs]


def unpack_jobs(packed: Iterable[Packed | Job]) -> list[Job]:
    """The jobs that ``pack_jobs`` was given."""
    return [each if isinstance(each, Job) else _job(*each) for each in packed]


def pack_results(results: Iterable[Result]) -> list[Packed | Result]:
    """``results``, of which those of saved files are tuples."""
    return [_packed_result(result) for result in results]


def unpack_results(packed: Iterable[Packed | Result]) -> list[Result]:
    """The results that ``pack_results`` was given."""
    return [each if isinstance(each, Result) else _result(*each) for each in packed]


def _packed_job(job: Job) -> Packed | Job:
    size, modified = job.size, job.modified
    if size is None or modified is None or job.reason != _NEW:
        return job
    packed = (job.url, job.path, size.low, size.high, modified.low, modified.high, job.row, job.mark)
    return packed if _job(*packed) == job else job


def _job(url: str, path: str, least: int, most: int, first: Any, last: Any, row: str, mark: int | None) -> Job:
    return Job(url=url, path=path, reason=_NEW, size=Span(least, most), modified=Span(first, last), row=row, mark=mark)


def _packed_result(result: Result) -> Packed | Result:
    known = result.known
    if known is None or result.outcome is not Outcome.SAVED:
        return result
    packed = (
        (result.path, result.url, result.reason, result.size, result.seconds, result.attempts, result.digest),
        (known.row, known.mtime, known.validators.etag, known.validators.last_modified, known.checked, known.version),
        (result.currency, result.dating),
    )
    return packed if _result(*packed) == result else result


def _result(file: Sequence[Any], record: Sequence[Any], rating: Sequence[Any]) -> Result:
    path, url, reason, size, seconds, attempts, digest = file
    row, mtime, etag, last_modified, checked, version = record
    known = Known(
        path=path,
        url=url,
        row=row,
        size=size,
        mtime=mtime,
        validators=Validators(etag=etag, last_modified=last_modified),
        digest=digest,
        checked=checked,
        version=version,
    )
    return Result(
        path=path,
        url=url,
        outcome=Outcome.SAVED,
        reason=reason,
        size=size,
        received=size,
        seconds=seconds,
        attempts=attempts,
        digest=digest,
        known=known,
        currency=rating[0],
        dating=rating[1],
    )
