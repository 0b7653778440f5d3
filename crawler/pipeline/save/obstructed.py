"""Holds back files whose name is taken by a local directory, until all others are done."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.values import Job, Kind, Outcome, Result
from crawler.pipeline.allowance import Allowance


class Obstructed(Observer):
    """Passes results on, but holds back those of files that failed only because a local directory takes their name.

    Such a file was fetched and checked, so upstream it is a file and not a directory whose slash the listing omits.
    """

    def __init__(self, observer: Observer, allowance: Allowance, *, plans: bool) -> None:
        """``plans``: in a dry run nothing is fetched, so what the listing shows as a file counts as a file."""
        self._observer = observer
        self._allowance = allowance
        self._plans = plans
        self._expected: dict[str, Job] = {}
        self.proven: dict[str, Job] = {}
        """Path → the job, to be repeated once the directory is gone, or else to be reported as failed."""

    def holds(self, job: Job) -> bool:
        """Called with each job before it is put. Returns True if it must not be put now."""
        if job.local is None or job.local.kind is not Kind.DIRECTORY:
            return False
        if self._plans and job.kind is not Kind.UNKNOWN:
            self.proven[job.path] = job
            return True
        self._expected[job.path] = job
        return False

    def all_saved(self, results: Sequence[Result]) -> None:
        if self._expected:
            for result in results:
                self._expected.pop(result.path, None)
        self._observer.all_saved(results)

    def finished(self, result: Result) -> None:
        job = self._expected.pop(result.path, None)
        if job is not None and result.outcome is Outcome.FAILED and result.reason == Reason.DIRECTORY_IN_THE_WAY:
            self.proven[job.path] = job
            self._allowance.finished(result)  # releases the booking; the repeated job will be booked again
        else:
            self._observer.finished(result)
